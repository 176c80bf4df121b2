"""The operator record: everything symkit knows about one operator, in one place.

A record's functions are written against two small protocols, so that this room needs no other:
`Builder` appends operators to a graph (expansions, partial derivatives, kinks, domains), and an mpmath
context or an Arb ball is handed to the numerical forms as an argument.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, SupportsIndex

Relation = Literal["> 0", ">= 0", "!= 0"]
Trend = Literal["increasing", "decreasing"]
Parity = Literal["even", "odd"]
Pick = Literal["larger", "smaller"]


class Builder(Protocol):
    """Appends nodes to a graph and returns their indices. Nothing is folded or reordered."""

    def number(self, value: float) -> int: ...

    def constant(self, name: str) -> int: ...

    def named(self, operator: str, operands: tuple[int, ...]) -> int: ...

    def literal(self, index: int) -> float | None: ...


@dataclass(frozen=True, slots=True, eq=False)
class Term:
    """A node of a graph under construction, with Python's arithmetic."""

    builder: Builder
    index: int

    def _with(self, operator: str, *others: Term | float, reflected: bool = False) -> Term:
        operands = tuple(lift(self.builder, t).index for t in (self, *others))
        return Term(self.builder, self.builder.named(operator, operands[::-1] if reflected else operands))

    def __add__(self, other: Term | float) -> Term:
        return self._with("add", other)

    def __radd__(self, other: float) -> Term:
        return self._with("add", other, reflected=True)

    def __sub__(self, other: Term | float) -> Term:
        return self._with("sub", other)

    def __rsub__(self, other: float) -> Term:
        return self._with("sub", other, reflected=True)

    def __mul__(self, other: Term | float) -> Term:
        return self._with("mul", other)

    def __rmul__(self, other: float) -> Term:
        return self._with("mul", other, reflected=True)

    def __truediv__(self, other: Term | float) -> Term:
        return self._with("div", other)

    def __rtruediv__(self, other: float) -> Term:
        return self._with("div", other, reflected=True)

    def __pow__(self, other: Term | float) -> Term:
        return self._with("pow", other)

    def __neg__(self) -> Term:
        return self._with("neg")

    def __abs__(self) -> Term:
        return self._with("abs")

    def __lt__(self, other: Term | float) -> Term:
        return self._with("lt", other)

    def __le__(self, other: Term | float) -> Term:
        return self._with("le", other)

    def __gt__(self, other: Term | float) -> Term:
        return self._with("gt", other)

    def __ge__(self, other: Term | float) -> Term:
        return self._with("ge", other)

    @property
    def literal(self) -> float | None:
        """The value, if this node is a literal number."""
        return self.builder.literal(self.index)


@dataclass(frozen=True, slots=True)
class Algebra:
    """What a record's functions get as first argument: `b("exp", x)`, `b.constant("pi")`."""

    builder: Builder

    def __call__(self, operator: str, *operands: Term | float) -> Term:
        indices = tuple(lift(self.builder, t).index for t in operands)
        return Term(self.builder, self.builder.named(operator, indices))

    def constant(self, name: str) -> Term:
        return Term(self.builder, self.builder.constant(name))

    def number(self, value: float) -> Term:
        return Term(self.builder, self.builder.number(value))


def lift(builder: Builder, value: Term | float) -> Term:
    return value if isinstance(value, Term) else Term(builder, builder.number(float(value)))


Form = Callable[..., Term | float]
"""(b, *operands) -> Term; a partial derivative also gets the result after its operands."""


@dataclass(frozen=True, slots=True)
class Infix:
    """How an operator is written between, or before, its operands.

    Precedence, loosest first: 1 comparison, 2 sum, 3 product, 4 unary minus, 5 power.
    """

    symbol: str
    precedence: int
    right: bool = False
    prefix: bool = False


@dataclass(frozen=True, slots=True)
class Condition:
    """`relation` must hold for `of(b, *operands)`; its zero set bounds the domain."""

    relation: Relation
    of: Form


@dataclass(frozen=True, slots=True, eq=False)
class Operator:
    """One operator. Either `expansion` is there, or `exact`, `partials`, `ball`, `torch` and `numpy` are.

    Attributes:
        name, aliases: spellings, lower case; the first is printed.
        arity: number of operands in a graph.
        defaults: values of trailing operands that may be left out in text.
        meaning, source: one sentence, and document, section, table or equation.
        infix, latex: how it is written; `{0}`, `{1}` stand for the operands.
        exact: (m, *operands) -> value, `m` an mpmath context; IEEE limits at infinities and poles.
        expansion: the operator written in others.
        partials: one an operand: (b, *operands, result) -> partial derivative, or None where it is zero
            everywhere; not multiplied by a cotangent.
        rounded_partials: whether they are right to float64 alone: a series that is cut, or a rounded constant.
        ball: (*balls) -> ball enclosing the range, on python-flint's `arb`.
        analytic: (*complex balls) -> the same on `acb`s, where it is analytic; right of its kinks if it has any.
        asymptotic: (*expansions next to 0) -> that of the result, where an operand grows or ends the domain; None where
            its Taylor expansion does; see asymptotic_forms.
        smoothness: derivatives that are continuous: -1 jumps, 0 continuous with kinks, inf analytic.
        kinks: (b, *operands) -> terms whose zero sets hold every point where the function is not smooth.
        at_kink: the value the partial takes there, in words.
        piece: (b, signs, *operands) -> what it is where its kink terms have these signs, or the condition of a select
            has; None where the operator itself says it.
        domain: conditions under which it is defined; elsewhere a dtype gives NaN or an infinity.
        safe: for each operand a value inside the domain.
        protected: closed forms that stand in for it, by the operator each stands on, the default first.
        overflows: whether finite operands of moderate size give infinities.
        singular: whether a partial derivative is infinite or NaN where the function is defined.
        tame: (literals of the operands, None for others) -> whether with these it neither overflows nor is singular.
        as_select: the same as selects, by which a target that differentiates by itself masks what is not taken.
        trend: monotonicity in each operand; None where there is none, or not everywhere.
        turns: for a unary operator that is monotone between such points, the points.
        interval: (at, *operands) -> the range over intervals, where trend and turns do not give it; see interval_forms.
        growth: (result, *operands) -> the result with bounds of its order where an operand grows; see growth_forms.
        narrows: of a comparison: (a, b, holds) -> what of the intervals is left where it holds, or where it does not.
        inverse: (result, operand) -> what of an operand's intervals is left where the result is in such.
        defined_on: for a unary operator, where it is not NaN.
        units: in the last place, by which a library may miss the exact value; 0 where all give the nearest number.
        is_plain: whether every library gives the exact value at 0 and 1 where that is a number of the dtype.
        headroom: how many times a value the largest number must be for every library to give it: some halve at last.
        range: bounds that every value keeps.
        commutative, associative, identity, parity: facts for rules; never folded on construction.
        mirrored: for several operands, (their signs, their literals) -> the sign that the result takes when operands
            take these, or None where it is another value; parity says it of a unary operator.
        picks: which of its two operands is the result.
        returns_truth, takes_truth: comparisons give 0 or 1; slots that read their operand as a condition.
        torch, numpy: dotted path of the library function that is correct for its own arguments, if any.
        torch_autograd: whether torch's own first and second derivatives of that function are ours too.
        torch_exception: where in its domain torch's own derivatives of the plain form differ all the same, in words.
        torch_backward: one an operand: (b, *operands, result, cotangent) -> the cotangent that torch's autograd hands
            to the operand, as torch computes it; None where the cotangent times the partial is infinite and NaN at
            the same points.
        native: name of its form in the maths library of the native compiler, if it has one.
        cost: rough cost, in additions.
        definition: for operators defined in the language, the text that made them.
    """

    name: str
    arity: int
    meaning: str
    source: str
    aliases: tuple[str, ...] = ()
    defaults: tuple[float, ...] = ()
    infix: Infix | None = None
    latex: str | None = None
    exact: Callable[..., Any] | None = None
    expansion: Form | None = None
    partials: tuple[Form | None, ...] | None = None
    rounded_partials: bool = False
    ball: Callable[..., Any] | None = None
    analytic: Callable[..., Any] | None = None
    asymptotic: Callable[..., Any] | None = None
    smoothness: float = math.inf
    kinks: Callable[..., tuple[Term, ...]] | None = None
    at_kink: str = ""
    piece: Callable[..., Term | float | None] | None = None
    domain: tuple[Condition, ...] = ()
    safe: tuple[float, ...] = ()
    protected: Mapping[str, Form] = field(default_factory=dict)
    overflows: bool = False
    singular: bool = False
    tame: Callable[[tuple[float | None, ...]], bool] | None = None
    as_select: Form | None = None
    trend: tuple[Trend | None, ...] = ()
    turns: tuple[float, ...] | None = None
    interval: Callable[..., Any] | None = None
    narrows: Callable[..., Any] | None = None
    inverse: Callable[..., Any] | None = None
    growth: Callable[..., Any] | None = None
    defined_on: tuple[float, float] = (-math.inf, math.inf)
    units: int = 32
    is_plain: bool = True
    headroom: float = 1.0
    range: tuple[float, float] = (-math.inf, math.inf)
    commutative: bool = False
    associative: bool = False
    identity: float | None = None
    parity: Parity | None = None
    mirrored: Callable[[tuple[int, ...], tuple[float | None, ...]], int | None] | None = None
    picks: Pick | None = None
    returns_truth: bool = False
    takes_truth: frozenset[int] = field(default_factory=frozenset)
    torch: str | None = None
    torch_autograd: bool = True
    torch_exception: str = ""
    torch_backward: tuple[Form | None, ...] | None = None
    numpy: str | None = None
    native: str | None = None
    cost: float = 1.0
    definition: str | None = None

    def __post_init__(self) -> None:
        primitive = (self.exact, self.partials, self.ball, self.torch, self.numpy)
        if self.expansion is None and any(form is None for form in primitive):
            raise ValueError(
                f"operator {self.name!r} needs an expansion, or all of exact, partials, ball, torch and numpy"
            )
        is_bounded = self.interval is not None or self.turns is not None or (self.trend and None not in self.trend)
        if self.expansion is None and not is_bounded:
            raise ValueError(f"operator {self.name!r} needs interval, turns, or a trend in every operand")
        if self.partials is not None and len(self.partials) != self.arity:
            raise ValueError(f"operator {self.name!r} has {self.arity} operands and {len(self.partials)} partials")
        if self.torch_backward is not None and len(self.torch_backward) != self.arity:
            raise ValueError(
                f"operator {self.name!r} has {self.arity} operands and {len(self.torch_backward)} backwards"
            )

    @property
    def is_primitive(self) -> bool:
        return self.expansion is None

    @property
    def is_select(self) -> bool:
        """Whether the first operand decides which of the other two is the value."""
        return self.arity == 3 and 0 in self.takes_truth

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Operator) and (self is other or self._key == other._key)

    def __hash__(self) -> int:
        # Of the name alone: operators are keys in loops that run millions of times.
        return hash(self.name)

    @property
    def _key(self) -> tuple[str, str | None]:
        return self.name, self.definition

    def __repr__(self) -> str:
        return f"<operator {self.name}>"

    def __reduce_ex__(self, protocol: SupportsIndex) -> str | tuple[Any, ...]:
        # A shipped record holds functions that cannot be pickled: it loads by name.
        from symkit.ops.table import standard, standard_operator

        if standard().get(self.name) is self:
            return standard_operator, (self.name,)
        # A class with slots is made anew, so the short form of super() has lost it.
        return object.__reduce_ex__(self, protocol)
