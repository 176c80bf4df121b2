"""Functions told apart by exact values: those that agree to 60 digits at 20 generic points are one.

Values are rigorous balls, recomputed with more bits where an operation cancels, so neither rounding nor cancellation
splits functions that are equal. Infinities and NaN are values like others, by the operators' exact meaning; magnitudes
above 2**(2**40) count as infinite and below 2**-(2**40) as 0. There is one zero.

What can go wrong:

- Different functions get one number if they differ by less than some 1e-60 of their values at every point, or only
  where there are no points: x and min(x, 100); 1 and x/x, which is NaN at 0; x**x and x**abs(x), which differ at -2.
  Among the 387,000 functions of AQuaSurF's space of four nodes other points tell some tens more apart, mostly maxima
  and minima. But for such functions it takes 20 coincidences in 60 digits. Numbers go by digests of 128 bits, of which
  two among a million are equal with a chance of 1e-27.
- Equal functions get different numbers if at some point an operation is beyond its means: overflow on the way of one
  of them, as in arcsinh(sinh(a)) with a above 7e11; differences of less than 2**-20480 of their operands, as in
  1 - tanh(a) with a above 7,100, which is then 0; sines of numbers beyond 2**20000; poles that IEEE tells apart by the
  sign of zero, as -(1/0) and 1/-0. In the same space these are some tens. Elsewhere rounding splits none: a value is
  rounded when its ball is clear of a tie, and taken for the tie if it is not at 20,480 bits.
- Parameters and further inputs are generic numbers of their own: functions with parameters are compared as families,
  by the names of their parameters. So are constants, as positive numbers, but for pi, e and those that a header sets.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, cast

import numpy as np

from symkit.evaluation.analytic import precision
from symkit.ir import Kind, Node, Program
from symkit.ops import Operator
from symkit.spaces.exact.digits import DIGITS, WANTED_BITS, Rounded, rounded, saturates
from symkit.spaces.exact.plans import Plan, alone
from symkit.spaces.exact.points import COUNT, generic_points
from symkit.spaces.exact.reals import LADDER, Real, Value, digits_of, literal
from symkit.spaces.forms import Form
from symkit.spaces.populations.numbering import Numbers

SPECIAL = {"nan": (0, 1), "inf": (0, 2), "-inf": (0, 3)}
"""What stands for values that are no numbers, as (0, 0) does for 0."""


@dataclass(frozen=True)
class _Kept:
    """A function that may be an operand: its values at the points, and their balls, None where there is no number."""

    values: list[Value]
    balls: list[Any]
    finite: bool


class Functions:
    """An evaluator: equal numbers, equal functions. See `symkit.spaces.populations.numbering`."""

    block = 1 << 11
    points = COUNT
    digits = DIGITS

    def __init__(self) -> None:
        self._numbers: dict[bytes, int] = {}
        self._kept: dict[int, _Kept] = {}
        self._leaves: dict[tuple[Kind, object], int] = {}
        self._nodes: dict[tuple[Operator, tuple[int, ...]], int] = {}
        self._plans: dict[tuple[Program, int], Plan] = {}

    # -- an evaluator --------------------------------------------------------------------------------------------

    def leaf(self, form: Form) -> int:
        """The number of an input or a literal."""
        (node,) = form.program.nodes
        return self._leaf(node)

    def apply(self, forms: Sequence[Form], which: Numbers, operands: Numbers, *, keep: bool) -> Numbers:
        """See `symkit.spaces.populations.numbering.Evaluator`."""
        found = np.empty(len(which), np.int64)
        for place, form in enumerate(forms):
            rows = np.flatnonzero(which == place)
            if len(rows):
                found[rows] = self._apply(self._plan(form.program, form.arity), operands[rows].tolist(), keep)
        return found

    # -- expressions one by one ----------------------------------------------------------------------------------

    def number(self, program: Program) -> int:
        """The number of a Program of one root. What Programs have in common is worked out once."""
        found: list[int] = []
        for node in program.nodes:
            if node.is_leaf:
                found.append(self._leaf(node))
                continue
            key = node.operator, tuple(found[i] for i in node.operands)
            if key not in self._nodes:
                plan = self._plan(alone(node.operator), node.operator.arity)
                (self._nodes[key],) = self._apply(plan, [key[1]], keep=True)
            found.append(self._nodes[key])
        return found[program.root]

    def values(self, number: int) -> tuple[Value, ...]:
        """The values at the points of a function whose result was kept, as those of `number` are."""
        return tuple(self._kept[number].values)

    # -- values --------------------------------------------------------------------------------------------------

    def _leaf(self, node: Node) -> int:
        key = node.kind, node.value
        if key not in self._leaves:
            with precision(LADDER[0]):
                values = _leaf_values(node)
                self._leaves[key] = self._number_of([_digits_of_value(value) for value in values])
                self._keep(self._leaves[key], values)
        return self._leaves[key]

    def _plan(self, program: Program, arity: int) -> Plan:
        key = program, arity
        if key not in self._plans:
            self._plans[key] = Plan(program, arity)
        return self._plans[key]

    def _apply(self, plan: Plan, rows: Sequence[Sequence[int]], keep: bool) -> list[int]:
        leaves = [self._leaf(node) for node in plan.leaves]
        if plan.passes is not None:
            return [[*row, *leaves][plan.passes] for row in rows]
        with precision(LADDER[0]):
            return [self._applied(plan, [self._kept[i] for i in (*row, *leaves)], keep) for row in rows]

    def _applied(self, plan: Plan, operands: Sequence[_Kept], keep: bool) -> int:
        balls: list[Any]
        if all(operand.finite for operand in operands):
            balls = list(map(plan.rule, *[operand.balls for operand in operands]))
        else:
            balls = [
                None if any(ball is None for ball in at) else plan.rule(*at)
                for at in zip(*[operand.balls for operand in operands], strict=True)
            ]
        values: list[Value] = []
        digits: list[Rounded] = []
        for k, ball in enumerate(balls):
            found = _digits_of_ball(ball)
            if found is None:
                value = plan.value([operand.values[k] for operand in operands])
                found = _digits_of_value(value)
                values.append(value)
            elif keep:
                at = [cast(Real, operand.values[k]) for operand in operands]
                values.append(Real(ball, LADDER[0], plan.rule, at))
            digits.append(found)
        number = self._number_of(digits)
        if keep:
            self._keep(number, values)
        return number

    def _number_of(self, digits: Sequence[Rounded]) -> int:
        word = b"".join([((man << 48) + exp + (1 << 47)).to_bytes(32, "little", signed=True) for man, exp in digits])
        return self._numbers.setdefault(blake2b(word, digest_size=16).digest(), len(self._numbers))

    def _keep(self, number: int, values: list[Value]) -> None:
        """Of two values that agree the exact one is kept."""
        known = self._kept.get(number)
        if known is None:
            balls = [value.ball if isinstance(value, Real) else None for value in values]
            self._kept[number] = _Kept(values, balls, None not in balls)
            return
        for k, (old, new) in enumerate(zip(known.values, values, strict=True)):
            if isinstance(old, Real) and isinstance(new, Real) and new.exact and not old.exact:
                known.values[k], known.balls[k] = new, new.ball


def _digits_of_ball(ball: Any) -> Rounded | None:
    """None where a careful look is needed."""
    if ball is None or not ball.is_finite() or ball.rel_accuracy_bits() < WANTED_BITS:
        return None
    found = rounded(ball)
    return None if found is None or saturates(found) else found


def _digits_of_value(value: Value) -> Rounded:
    return digits_of(value) if isinstance(value, Real) else SPECIAL[str(value)]


def _leaf_values(node: Node) -> list[Value]:
    from flint import arb

    if node.kind is Kind.NUMBER:
        return [literal(arb(node.number))] * COUNT
    known = {"pi": arb.pi, "e": arb.const_e}
    if node.kind is Kind.CONSTANT and node.name in known:
        rule = known[node.name]
        return [Real(rule(), LADDER[0], rule)] * COUNT
    points = [arb(point) for point in generic_points(node.name)]
    return [literal(abs(point) if node.kind is Kind.CONSTANT else point) for point in points]
