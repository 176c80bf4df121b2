"""The expansion of a Program next to 0, operator by operator."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from itertools import count
from typing import Any

from symkit.analysis.losses.expansion import Expansion, Exponent, Undecided
from symkit.evaluation.time_limit import check_time
from symkit.ir import Kind, Node, Program, interpret, lower
from symkit.ops import Operator, standard

BITS = 320
CONSTANT: Exponent = (Fraction(0), 0)

Form = Callable[..., Expansion]


def expansion(program: Program, values: Mapping[str, float], variable: str) -> Expansion:
    """The only root of a Program as `variable` falls to 0 from above.

    Raises Undecided where there is none in powers and logarithms of the variable, or no certain one.
    """
    from flint import arb, ctx

    def leaf(node: Node) -> Expansion | None:
        if node.kind is Kind.INPUT and node.name == variable:
            return Expansion.of([((Fraction(1), 0), arb(1))])
        if node.kind is Kind.NUMBER:
            return Expansion.constant(arb(node.number))
        symbols = {"pi": arb.pi, "e": arb.const_e} if node.kind is Kind.CONSTANT else {}
        return Expansion.constant(symbols[node.name]() if node.name in symbols else arb(values[node.name]))

    before = ctx.prec
    ctx.prec = BITS
    try:
        lowered = lower(program, lambda operator: operator in FORMS)
        found = interpret(lowered, leaf, _applied)[lowered.root]
    finally:
        ctx.prec = before
    if found is None:
        raise Undecided
    return found


def _applied(node: Node, operands: list[Expansion | None]) -> Expansion | None:
    """None where there is no expansion; the branch of a select that is not taken needs none."""
    check_time()
    try:
        if node.operator.is_select:
            condition, taken, other = operands
            return None if condition is None else taken if condition.sign else other
        known = [operand for operand in operands if operand is not None]
        if len(known) < len(operands):
            return None
        form = FORMS.get(node.operator)
        return form(*known) if form is not None else _smooth(node.operator, known)
    except Undecided:
        return None


def _smooth(operator: Operator, operands: list[Expansion]) -> Expansion:
    """An operator without a form of its own, where its operands have finite limits and it is differentiable there."""
    assert operator.ball is not None
    split = [operand.bounded for operand in operands]
    value = operator.ball(*(_one() * 0 if constant is None else constant for constant, _ in split))
    if operator.smoothness < 1 or not value.is_finite():
        raise Undecided
    rests = [rest.lowest for _, rest in split if not rest.is_zero]
    terms = {} if value.is_zero() else {CONSTANT: value}
    return Expansion(terms, min(rests)) if rests else Expansion.constant(value)


def _one() -> Any:
    from flint import arb

    return arb(1)


def _binomial(exponent: Any) -> Iterator[Any]:
    """Coefficients of (1 + x)**exponent."""
    coefficient = _one()
    for k in count():
        yield coefficient
        coefficient = coefficient * (exponent - k) / (k + 1)


def _power(base: Expansion, exponent: Any) -> Expansion:
    """For a number as exponent."""
    q = _exact(exponent)
    if base.is_zero:
        if q is None or q < 0:
            raise Undecided
        return Expansion({}) if q > 0 else Expansion.constant(_one())
    if q is not None and q.denominator == 1 and 0 <= q <= 8:
        product = Expansion.constant(_one())
        for _ in range(int(q)):
            product = product * base
        return product
    (power, logs), coefficient, rest = base.relative()
    whole = q is not None and q.denominator == 1
    if not coefficient > 0 and not whole:
        raise Undecided
    if q is None:
        if (power, logs) != CONSTANT:
            raise Undecided
        lead = Expansion.constant(coefficient**exponent)
    else:
        if (logs * q).denominator != 1:
            raise Undecided
        factor = coefficient ** int(q) if whole else coefficient**exponent
        lead = Expansion.of([((power * q, int(logs * q)), factor)])
    return lead * rest.series(_binomial(exponent))


def _exact(ball: Any) -> Fraction | None:
    """The number that a ball is, if it has no radius."""
    if not ball.is_exact() or not ball.is_finite():
        return None
    mantissa, exponent = ball.man_exp()
    return Fraction(int(mantissa)) * Fraction(2) ** int(exponent)


def _pow(base: Expansion, exponent: Expansion) -> Expansion:
    if exponent.is_zero:
        return Expansion.constant(_one())
    if set(exponent.terms) == {CONSTANT} and exponent.is_exact:
        return _power(base, exponent.terms[CONSTANT])
    return _exp(exponent * _log(base))


def _log(operand: Expansion) -> Expansion:
    (power, logs), coefficient, rest = operand.relative()
    if logs or not coefficient > 0:
        raise Undecided
    # log(t) is minus the logarithm that terms are made of.
    lead = Expansion.of([(CONSTANT, coefficient.log()), ((Fraction(0), 1), _one() * _ball(-power))])
    coefficients = (_one() * 0 if k == 0 else _one() * (-1) ** (k + 1) / k for k in count())
    return lead + rest.series(coefficients)


def _ball(ratio: Fraction) -> Any:
    return _one() * ratio.numerator / ratio.denominator


def _exp(operand: Expansion) -> Expansion:
    large = {e: c for e, c in operand.terms.items() if e[0] <= 0 and e != CONSTANT}
    scale = Expansion.constant(_one())
    if any(power < 0 for power, _ in large):
        if operand.sign > 0:
            raise Undecided
        # Smaller than any power of t, but not 0.
        return Expansion({}, Fraction(10**5))
    if set(large) - {(Fraction(0), 1)}:
        raise Undecided
    for coefficient in large.values():
        power = _exact(coefficient)
        if power is None:
            raise Undecided
        scale = Expansion.of([((-power, 0), _one())])
    constant, rest = Expansion({e: c for e, c in operand.terms.items() if e not in large}, operand.order).bounded
    return scale * Expansion.constant(_one() if constant is None else constant.exp()) * rest.series(_factorials())


def _factorials() -> Iterator[Any]:
    coefficient = _one()
    for k in count(1):
        yield coefficient
        coefficient = coefficient / k


def _sigmoid(operand: Expansion) -> Expansion:
    if operand.sign < 0:
        exponential = _exp(operand)
        return exponential * _power(_number(1) + exponential, -_one())
    return _power(_exp(-operand) + _number(1), -_one())


def _arctan(operand: Expansion) -> Expansion:
    if operand.lowest > 0 or not math.isinf(operand.limit):
        return _smooth(_table["arctan"], [operand])
    quarter = _one().pi() / 2
    return Expansion.constant(operand.sign * quarter) - _smooth(_table["arctan"], [_power(operand, -_one())])


def _abs(operand: Expansion) -> Expansion:
    if not operand.terms:
        return operand
    return operand if operand.sign >= 0 else -operand


def _number(value: float) -> Expansion:
    return Expansion.constant(_one() * value) if value else Expansion({})


def _truth(holds: bool) -> Expansion:
    return _number(float(holds))


_table = standard()

_FORMS: Mapping[str, Form] = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "div": lambda a, b: a * _power(b, -_one()),
    "neg": lambda a: -a,
    "pow": _pow,
    "square": lambda a: a * a,
    "abs": _abs,
    "sign": lambda a: _number(a.sign),
    "max": lambda a, b: a if (a - b).sign >= 0 else b,
    "min": lambda a, b: b if (a - b).sign >= 0 else a,
    "lt": lambda a, b: _truth((a - b).sign < 0),
    "le": lambda a, b: _truth((a - b).sign <= 0),
    "gt": lambda a, b: _truth((a - b).sign > 0),
    "ge": lambda a, b: _truth((a - b).sign >= 0),
    "eq": lambda a, b: _truth((a - b).sign == 0),
    "ne": lambda a, b: _truth((a - b).sign != 0),
    "logical_and": lambda a, b: _truth(bool(a.sign and b.sign)),
    "logical_or": lambda a, b: _truth(bool(a.sign or b.sign)),
    "logical_not": lambda a: _truth(not a.sign),
    "exp": _exp,
    "expm1": lambda a: _exp(a) - _number(1),
    "log": _log,
    "log1p": lambda a: _log(a + _number(1)),
    "sqrt": lambda a: _power(a, _one() / 2),
    "sigmoid": _sigmoid,
    "tanh": lambda a: _sigmoid(a + a) + _sigmoid(a + a) - _number(1),
    "arctan": _arctan,
}
FORMS: Mapping[Operator, Form] = {_table[name]: form for name, form in _FORMS.items()}
"""By operator, as the real functions that they mean."""
