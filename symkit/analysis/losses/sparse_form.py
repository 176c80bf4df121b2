"""How a sparse loss is written: signs in front, C - 1 beside what does not depend on p, nothing expanded."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from symkit.analysis.losses.agreement import difference, samples
from symkit.analysis.losses.rule_text import OPEN, RANGES, WIDE
from symkit.analysis.losses.subject import PREDICTION, TARGET, Subject
from symkit.analysis.losses.tidy import tidied
from symkit.ir import Kind, Node, Program, ProgramBuilder, rebuild
from symkit.ops import Term, standard
from symkit.simplification.plain_rules import DELETING, NEUTRAL
from symkit.simplification.reduce import Reducer, Setting
from symkit.text import Expression
from symkit.transform import Rule

NOTHING = Program([Node(Kind.NUMBER, 0.0)], [0])

RULES = (
    *NEUTRAL,
    *DELETING,
    Rule("complement_of_complement", "a - (a - b)", "b", finite=("a", "b")),
    *(Rule(f"even_power_{n}", f"(-a)**{n}", f"a**{n}") for n in (2, 4)),
    Rule("size_of_positive", "abs(a)", "a", when=("a >= 0",)),
    Rule("twice", "a + a", "2*a"),
    Rule("opposites", "(a - b) + (b - a)", "0", finite=("a", "b")),
    Rule("square_of_share", "b*(a/b)**2", "a**2/b", finite=("a", "b"), when=("b != 0",)),
)
"""Rules that make a form shorter and round no more than it did."""


def _of_prediction(form: Callable[[Term, Term], Term]) -> Program:
    """A Program of p and C."""
    builder = ProgramBuilder()
    return builder.build([form(builder.term(builder.input(PREDICTION)), builder.algebra.constant("C")).index])


COMPLEMENT = _of_prediction(lambda p, classes: 1 - p)
MEAN = _of_prediction(lambda p, classes: (1 - p) / (classes - 1))
"""What is left to all other outputs, and to each of them on average, p being the prediction of the target."""


@dataclass(frozen=True)
class Shares:
    """What outputs add to a loss, as Programs over p.

    Attributes:
        target: l(1, p).
        other: l(0, p), p being the output's own prediction.
        together: what stands for all other outputs, p being the prediction of the target.
        written: l(1, p), and what stands for one of the other outputs, nothing in them simplified.
        is_reflected: whether a term of the formula is reflected.
    """

    target: Program
    other: Program
    together: Program
    written: tuple[Program, Program]
    is_reflected: bool

    @property
    def is_sparse(self) -> bool:
        """Whether other outputs add nothing."""
        return self.other == NOTHING

    @property
    def total(self) -> Program:
        """l(1, p) and C - 1 times what stands for another output, nothing simplified."""
        builder = ProgramBuilder()
        one, rest = (builder.term(builder.include(part)[part.root]) for part in self.written)
        return builder.build([(one + (builder.algebra.constant("C") - 1) * rest).index])


@dataclass(frozen=True)
class Neat:
    """Takes out of Programs what has no part in their value for 0 < p < 1, whatever the parameters of a loss are.

    A Program stays as it is if that would change its value where parts of it are infinite.
    """

    loss: Expression

    def __call__(self, program: Program) -> Program:
        box = {name: OPEN if name == PREDICTION else WIDE for name in (*program.inputs, *program.parameters)}
        found = _in_rows(Reducer(RULES, Setting(box, None, self._constants))(tidied(program)))
        values = {**dict.fromkeys(program.inputs, 0.375), **Subject.of(self.loss).values}
        return found if difference(found, program, samples(values, program.parameters)) is None else program

    @property
    def _constants(self) -> dict[str, tuple[float, float]]:
        """Bounds of C and eps: what is usual, and what the header says."""
        return {
            name: (min(low, self.loss.constants.get(name, low)), max(high, self.loss.constants.get(name, high)))
            for name, (low, high) in RANGES.items()
        }


def at_predictions(program: Program, places: Mapping[str, Program]) -> Program:
    """A Program with Programs in the place of inputs."""
    builder = ProgramBuilder()
    at = {name: builder.include(place)[place.root] for name, place in places.items()}

    def change(builder: ProgramBuilder, node: Node, operands: tuple[int, ...]) -> int | None:
        return at.get(node.name) if node.kind is Kind.INPUT else None

    return rebuild(program, change, builder)


def summed(program: Program) -> Program:
    """C - 1 times a Program; the factor stands next to what no input is in."""
    builder = ProgramBuilder()
    root = builder.include(program)[program.root]
    others = builder.algebra.constant("C") - 1
    scaled, inside = _scaled(builder, root, others), _negated(builder, root)
    if scaled is None:
        scaled = (others * builder.term(root) if inside is None else -(others * inside)).index
    return builder.build([scaled])


def sparse_program(neat: Neat, shares: Shares) -> Program:
    """y times what all outputs add; a sign that they share stands in front."""
    builder = ProgramBuilder()
    roots = [builder.include(part)[part.root] for part in (shares.target, shares.together)]
    one, rest = builder.terms(roots)
    minus_one, minus_rest = (_negated(builder, root) for root in roots)
    if minus_one is None:
        total = one + rest if minus_rest is None else one - minus_rest
    else:
        total = rest - minus_one if minus_rest is None else -(minus_one + minus_rest)
    return _times_target(neat(builder.build([total.index])))


def _times_target(program: Program) -> Program:
    builder = ProgramBuilder()
    root = builder.include(program)[program.root]
    y, inside = builder.term(builder.input(TARGET)), _negated(builder, root)
    return tidied(builder.build([(y * builder.term(root) if inside is None else -y * inside).index]))


def _scaled(builder: ProgramBuilder, index: int, factor: Term) -> int | None:
    """A subterm times a factor; None where there is nothing that no input is in."""
    node, term = builder.nodes[index], builder.term(index)
    operator = None if node.is_leaf else node.operator
    if not builder.build([index]).inputs:
        if operator is _division:
            above, below = builder.terms(node.operands)
            return (above * factor / below).index
        return (term * factor).index
    if operator not in _LINEAR:
        return None
    for place in range(_LINEAR[operator]):
        scaled = _scaled(builder, node.operands[place], factor)
        if scaled is not None:
            operands = (*node.operands[:place], scaled, *node.operands[place + 1 :])
            return builder.apply(node.operator, operands)
    return None


def _negated(builder: ProgramBuilder, index: int) -> Term | None:
    """What a subterm is the negative of, if it is."""
    node = builder.nodes[index]
    if node.is_leaf or node.operator is not _negation:
        return None
    return builder.term(node.operands[0])


def _in_rows(program: Program) -> Program:
    """Products without brackets."""

    def change(builder: ProgramBuilder, node: Node, operands: tuple[int, ...]) -> int | None:
        return None if node.is_leaf or node.operator is not _product else in_row(builder, *operands)

    def in_row(builder: ProgramBuilder, left: int, right: int) -> int:
        node = builder.nodes[right]
        if not node.is_leaf and node.operator is _product:
            left, right = in_row(builder, left, node.operands[0]), node.operands[1]
        return builder.apply(_product, (left, right))

    return rebuild(program, change)


_table = standard()
_negation, _product, _division = (_table[name] for name in ("neg", "mul", "div"))
_LINEAR = {_negation: 1, _product: 2, _division: 1}
"""Operators that are linear in so many operands, the first ones."""
