"""Losses by the logarithms of probabilities, which a softmax or a sigmoid gives without rounding p to 0 or 1.

Near p = 1 a float32 has no room for 1 - p, and log(1 - p) is -inf; log q, with q = 1 - p, is an ordinary number there.
So what a loss says of p and 1 - p is said by log p and log q: products, quotients and powers of the two become sums of
logarithms, and an exponential is taken of the sum.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from symkit.ir import Kind, Node, Program, ProgramBuilder, rebuild
from symkit.ops import Algebra, Operator, Term, standard

LOG_P, LOG_Q = "#log_p", "#log_q"
"""Names of the inputs that hold log p and log(1 - p); no text can spell them."""

P, Q = "#p", "#q"
"""Names of the inputs that hold p and 1 - p beside them."""

FLOOR = -1e30
"""Below the logarithm of any probability but 0."""

PREDICTION, LOGIT = "p", "z"

MOST_FACTORS = 4
"""Of the highest power of p or q that is written as a product."""

_table = standard()
_exp, _sub = _table["exp"], _table["sub"]

Exponent = Term | float


@dataclass(frozen=True)
class Monomial:
    """factor * p**p * q**q, with q = 1 - p; whatever is no such product is a factor alone."""

    factor: Term
    p: Exponent = 0.0
    q: Exponent = 0.0

    @property
    def is_plain(self) -> bool:
        return self.p == 0.0 and self.q == 0.0

    @property
    def value(self) -> Term:
        """The node that it is."""
        if self.is_plain:
            return self.factor
        return _product(self.factor, _algebra(self.factor)("exp", self._logarithms(_finite)))

    @property
    def log(self) -> Term:
        """The node that its logarithm is, given that p and q are positive."""
        if self.is_plain:
            return _algebra(self.factor)("log", self.factor)
        if self.factor.literal == 1.0:
            return self._logarithms()
        return _algebra(self.factor)("log", self.factor) + self._logarithms()

    def _logarithms(self, learnt: Callable[[Term], Term] = lambda logarithm: logarithm) -> Term:
        """p*log(p) + q*log(q), where p and q are the exponents; `learnt` is done to what no literal multiplies."""
        builder = _builder(self.factor)
        log_p, log_q = (builder.term(builder.input(name)) for name in (LOG_P, LOG_Q))
        log_p = learnt(log_p) if isinstance(self.p, Term) else log_p
        log_q = learnt(log_q) if isinstance(self.q, Term) else log_q
        if self.q == 0.0:
            return _scaled(self.p, log_p)
        if self.p == 0.0:
            return _scaled(self.q, log_q)
        if self.q == -1.0:
            return _scaled(self.p, log_p) - log_q
        if self.p == -1.0:
            return _scaled(self.q, log_q) - log_p
        return _scaled(self.p, log_p) + _scaled(self.q, log_q)

    def to_the(self, exponent: Exponent, power: Callable[[Term], Term]) -> Monomial:
        """Its power, which p and q being positive is that of every part; `power` is what gives that of a factor."""
        factor = self.factor if self.factor.literal == 1.0 else power(self.factor)
        return Monomial(factor, _times(self.p, exponent), _times(self.q, exponent))

    def of(self, factor: Term) -> Monomial:
        return Monomial(factor, self.p, self.q)


@lru_cache(maxsize=4096)
def by_log_probability(program: Program) -> Program:
    """The same function for 0 < p < 1, by the inputs log p and log q in the place of p; see `LOG_P` and `LOG_Q`."""
    builder = ProgramBuilder()
    one = builder.term(builder.number(1.0))
    placed: list[Monomial] = []
    for node in program.nodes:
        if node.is_leaf:
            is_prediction = node.kind is Kind.INPUT and node.name == PREDICTION
            placed.append(Monomial(one, p=1.0) if is_prediction else Monomial(builder.term(builder.leaf(node))))
        else:
            operands = [placed[i] for i in node.operands]
            form = _FORMS.get(node.operator)
            found = form(*operands) if form is not None else None
            placed.append(found or _applied(builder, node.operator, operands))
    return builder.build([placed[root].value.index for root in program.roots])


@lru_cache(maxsize=4096)
def by_logit(program: Program) -> Program:
    """A function of log p and log q as one of the logit z, with p = sigmoid(z)."""
    builder = ProgramBuilder()
    z = builder.term(builder.input(LOGIT))
    b = builder.algebra
    logs = {LOG_P: b("log_sigmoid", z).index, LOG_Q: b("log_sigmoid", -z).index}
    both = {(logs[LOG_P], logs[LOG_Q]): z.index, (logs[LOG_Q], logs[LOG_P]): (-z).index}
    powers = {logs[LOG_P]: b("sigmoid", z).index, logs[LOG_Q]: b("sigmoid", -z).index}

    def change(builder: ProgramBuilder, node: Node, operands: tuple[int, ...]) -> int | None:
        if node.is_leaf:
            return logs.get(node.name) if node.kind is Kind.INPUT else None
        if node.operator == _exp:
            return powers.get(operands[0])
        return both.get((operands[0], operands[1])) if node.operator == _sub else None

    return rebuild(program, change, builder)


@lru_cache(maxsize=4096)
def with_probabilities(program: Program) -> Program:
    """The function with p and q as inputs of their own wherever the exponentials of log p and log q stand.

    For kernels that have both at hand; after deriving, since the new inputs are not known to depend on the logarithms.
    Low powers become products, which round less than the exponential of a large number.
    """
    builder = ProgramBuilder()
    powers: dict[int, int] = {}
    for log, name in ((LOG_P, P), (LOG_Q, Q)):
        logarithm, probability = builder.term(builder.input(log)), builder.term(builder.input(name))
        power = probability
        powers[logarithm.index] = power.index
        for exponent in range(2, MOST_FACTORS + 1):
            power = power * probability
            powers[(exponent * logarithm).index] = power.index

    def change(builder: ProgramBuilder, node: Node, operands: tuple[int, ...]) -> int | None:
        return powers.get(operands[0]) if node.kind is Kind.APPLY and node.operator == _exp else None

    return rebuild(program, change, builder)


def _applied(builder: ProgramBuilder, operator: Operator, operands: list[Monomial]) -> Monomial:
    return Monomial(builder.term(builder.apply(operator, tuple(operand.value.index for operand in operands))))


def _multiplied(a: Monomial, b: Monomial) -> Monomial:
    return Monomial(_product(a.factor, b.factor), _plus(a.p, b.p), _plus(a.q, b.q))


def _divided(a: Monomial, b: Monomial) -> Monomial:
    factor = a.factor if b.factor.literal == 1.0 else a.factor / b.factor
    return Monomial(factor, _plus(a.p, _times(b.p, -1.0)), _plus(a.q, _times(b.q, -1.0)))


def _negated(a: Monomial) -> Monomial:
    return a.of(_minus(a.factor))


def _added(a: Monomial, b: Monomial) -> Monomial | None:
    """1 - p is q and 1 - q is p, and so for multiples; nothing is added to 0."""
    for number, other in ((a, b), (b, a)):
        c = number.factor.literal if number.is_plain else None
        if c == 0.0:
            return other
        if c is not None and other.factor.literal == -c:
            if (other.p, other.q) == (1.0, 0.0):
                return Monomial(number.factor, q=1.0)
            if (other.p, other.q) == (0.0, 1.0):
                return Monomial(number.factor, p=1.0)
    return None


def _subtracted(a: Monomial, b: Monomial) -> Monomial | None:
    nothing = a.is_plain and a.factor.literal == 0.0
    if b.is_plain and b.factor.literal is None and not nothing:
        return None
    return _added(a, _negated(b))


def _power(a: Monomial, b: Monomial) -> Monomial | None:
    if a.is_plain:
        return None
    exponent = b.value
    number = exponent.literal
    if number is not None and a.factor.literal == -1.0 and number.is_integer():
        return a.to_the(number, lambda factor: _number(factor, -1.0 if number % 2 else 1.0))
    return a.to_the(exponent if number is None else number, lambda factor: factor**exponent)


def _fixed_power(exponent: float, operator: Operator) -> Callable[[Monomial], Monomial | None]:
    def power(factor: Term) -> Term:
        return Term(factor.builder, _builder(factor).apply(operator, (factor.index,)))

    def form(a: Monomial) -> Monomial | None:
        return None if a.is_plain else a.to_the(exponent, power)

    return form


def _size(a: Monomial) -> Monomial | None:
    if a.is_plain:
        return None
    number = a.factor.literal
    return a.of(abs(a.factor) if number is None else _number(a.factor, abs(number)))


def _logarithm(a: Monomial) -> Monomial | None:
    return None if a.is_plain else Monomial(a.log)


def _logarithm_of_more(a: Monomial) -> Monomial | None:
    """log1p, which is a logarithm of p or q where 1 and its operand make one."""
    whole = _added(Monomial(_number(a.factor, 1.0)), a)
    return None if whole is None or whole.is_plain else Monomial(whole.log)


_POWERS = {"square": 2.0, "cube": 3.0, "reciprocal": -1.0, "sqrt": 0.5, "rsqrt": -0.5}

_FORMS: dict[Operator, Callable[..., Monomial | None]] = {
    _table["mul"]: _multiplied,
    _table["div"]: _divided,
    _table["neg"]: _negated,
    _table["add"]: _added,
    _sub: _subtracted,
    _table["pow"]: _power,
    **{_table[name]: _fixed_power(exponent, _table[name]) for name, exponent in _POWERS.items()},
    _table["abs"]: _size,
    _table["log"]: _logarithm,
    _table["log1p"]: _logarithm_of_more,
    _table["identity"]: lambda a: a,
}
"""What operators make of monomials; None, like any other operator, is the operator applied to their values."""


def _product(a: Term, b: Term) -> Term:
    """The product; 1 and -1 cost nothing."""
    if a.literal == 1.0:
        return b
    if b.literal == 1.0:
        return a
    if a.literal == -1.0:
        return _minus(b)
    return _minus(a) if b.literal == -1.0 else a * b


def _minus(a: Term) -> Term:
    number = a.literal
    return -a if number is None else _number(a, -number)


def _finite(logarithm: Term) -> Term:
    """So that p**0 is 1 and p**a has a derivative by a, 0, where p is 0: not 0 times infinity."""
    return _algebra(logarithm)("max", logarithm, FLOOR)


def _scaled(exponent: Exponent, logarithm: Term) -> Term:
    return _product(exponent if isinstance(exponent, Term) else _number(logarithm, exponent), logarithm)


def _plus(a: Exponent, b: Exponent) -> Exponent:
    if a == 0.0:
        return b
    return a if b == 0.0 else a + b


def _times(a: Exponent, b: Exponent) -> Exponent:
    if a == 0.0 or b == 1.0:
        return a
    if b == -1.0:
        return -a
    return b if a == 1.0 else a * b


def _number(beside: Term, value: float) -> Term:
    builder = _builder(beside)
    return builder.term(builder.number(value))


def _builder(term: Term) -> ProgramBuilder:
    assert isinstance(term.builder, ProgramBuilder)
    return term.builder


def _algebra(term: Term) -> Algebra:
    return _builder(term).algebra
