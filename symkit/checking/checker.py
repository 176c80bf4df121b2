"""`check`: what can be proved and what can be refuted of a function."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from symkit.checking.closure import closure
from symkit.checking.gradients import gradient_closure, torch_gradient_closure
from symkit.checking.losses import nonnegative, uses
from symkit.checking.region import Box, Region
from symkit.checking.report import CheckReport, ClassificationReport
from symkit.checking.requirements import required
from symkit.checking.target import PREDICTION, TARGET, minimum_at_class, minimum_at_target, with_leaf
from symkit.checking.verdict import Verdict, proved, refuted, unknown
from symkit.errors import DomainError
from symkit.evaluation.formats import format_of
from symkit.evaluation.time_limit import OutOfTime, time_limit
from symkit.ir import Kind, Node, Program
from symkit.text import Expression, parse
from symkit.transform import stabilise

SECONDS = 0.4
"""How long each proof may take."""

CLASSES = (0.0, 1.0)
BETWEEN = (math.ulp(0.0), 1 - 2.0**-53)
"""The float64 numbers between 0 and 1."""


def check(
    e: Expression | str,
    *,
    box: Box | tuple[float, float] | None = None,
    dtype: str = "float32",
    require: str | Sequence[str] | None = None,
    seconds: float = SECONDS,
) -> CheckReport:
    """Proves or refutes that a function is safe to compute and to train with.

    Args:
        e: an expression or its text.
        box: lowest and highest value of inputs and parameters by name, or one pair for every input; infinite bounds
            stand for the largest finite number. Inputs that are left out take every finite number of the dtype, and
            parameters have their initial values.
        dtype: "float64", "float32" or "float16", which is computed in float32 and rounded once.
        require: requirements as text, such as "monotone; abs(f) <= 1 on x in [-10, 10]".
        seconds: how long each proof may take.

    Returns:
        A CheckReport. A verdict is proved, refuted with a witness that was confirmed by evaluation, or unknown.
        What is proved in a dtype allows every operator an error of some units in the last place, so it holds
        whichever library computes.

    Raises:
        DomainError: for an unknown dtype or name, bounds that hold no number, or seconds that are not above 0.
        ParseError: for a requirement that cannot be read.
    """
    expression = parse(e) if isinstance(e, str) else e
    format_of(dtype)
    if not isinstance(seconds, int | float) or not seconds > 0:
        raise DomainError(f"seconds must be a number above 0, not {seconds!r}")
    constants = expression.constant_values()
    ranges = _ranges(expression, box)
    stated = [require] if isinstance(require, str) else list(require or ())
    requirements = [
        found for text in stated for found in required(expression, text, box=ranges, dtype=dtype, seconds=seconds)
    ]
    region = Region.of(ranges, dtype)
    program, stable = expression.program, stabilise(expression.program)
    wrt = _learnt(expression)
    as_written = _in_time(seconds, closure, program, region, constants)
    report = CheckReport(
        text=str(expression),
        dtype=dtype,
        region=str(region),
        closure=as_written,
        compiled_closure=as_written if stable == program else _in_time(seconds, closure, stable, region, constants),
        gradient=_in_time(seconds, gradient_closure, program, wrt, region, constants),
        torch_gradient=_in_time(seconds, torch_gradient_closure, program, wrt, region, constants),
        required=tuple(requirements),
    )
    return _with_loss(report, expression, ranges, dtype, seconds) if expression.kind == "loss" else report


def _ranges(expression: Expression, box: Box | tuple[float, float] | None) -> dict[str, tuple[float, float]]:
    """Lowest and highest value of every input and parameter."""
    known = (*expression.inputs, *expression.parameters)
    if box is None:
        given: Box = {}
    elif isinstance(box, Mapping):
        given = box
    else:
        given = dict.fromkeys(expression.inputs, box)
    for name in given:
        if name not in known:
            raise DomainError(f"{name!r} is neither input nor parameter; there are {', '.join(known) or 'none'}")
    ranges = dict.fromkeys(expression.inputs, (-math.inf, math.inf))
    ranges |= {name: (value, value) for name, value in expression.parameters.items()}
    return ranges | {name: _bounds(name, bounds) for name, bounds in given.items()}


def _bounds(name: str, given: Any) -> tuple[float, float]:
    try:
        low, high = given
        return float(low), float(high)
    except (TypeError, ValueError, OverflowError):
        raise DomainError(f"box: {name} takes a pair of numbers such as (-10, 10), not {given!r:.60}") from None


def _learnt(expression: Expression) -> list[str]:
    """What gradients are taken by: every input but the target, and the parameters."""
    names = [name for name in (*expression.inputs, *expression.parameters) if name != TARGET]
    return names or list(expression.inputs)


def _with_loss(report: CheckReport, expression: Expression, ranges: Box, dtype: str, seconds: float) -> CheckReport:
    program, constants = expression.program, expression.constant_values()
    reals, numbers = Region.of(ranges, None), Region.of(ranges, dtype)
    has_target = {TARGET, PREDICTION} <= set(expression.inputs)
    return replace(
        report,
        uses={name: _in_time(seconds, uses, program, name, reals, constants) for name in expression.inputs},
        nonnegative=_in_time(seconds, nonnegative, program, reals, constants),
        nonnegative_dtype=_in_time(seconds, nonnegative, program, numbers, constants),
        minimum_at_target=_in_time(seconds, minimum_at_target, program, reals, constants) if has_target else None,
        classification=_classification(program, ranges, constants, dtype, seconds) if has_target else None,
    )


def _classification(
    program: Program, ranges: Box, constants: Mapping[str, float], dtype: str, seconds: float
) -> ClassificationReport:
    """The verdicts for targets of 0 and 1, and predictions between."""
    others = {name: bounds for name, bounds in ranges.items() if name not in (TARGET, PREDICTION)}
    form = format_of(dtype)
    between = {PREDICTION: (BETWEEN[0], BETWEEN[1]), **others}
    inside = {PREDICTION: (form.smallest, float(np.nextafter(form.dtype.type(1), form.dtype.type(0)))), **others}
    reals, numbers = Region.of(between, None), Region.of(inside, dtype)
    losses = {target: with_leaf(program, TARGET, Node(Kind.NUMBER, target)) for target in CLASSES}
    return ClassificationReport(
        closure=_both({y: _in_time(seconds, closure, loss, numbers, constants) for y, loss in losses.items()}),
        nonnegative=_both({y: _in_time(seconds, nonnegative, loss, reals, constants) for y, loss in losses.items()}),
        minimum_at_target=_both(
            {y: _in_time(seconds, minimum_at_class, loss, y, reals, constants) for y, loss in losses.items()}
        ),
    )


def _in_time(seconds: float, judge: Callable[..., Verdict], *arguments: Any) -> Verdict:
    """The verdict of a judge whose last argument is the time for a proof; the search before it may take as long."""
    try:
        with time_limit(2 * seconds):
            return judge(*arguments, seconds)
    except OutOfTime:
        return unknown(f"it is too large to be judged within {2 * seconds:g} s")


def _both(verdicts: Mapping[float, Verdict]) -> Verdict:
    """One verdict for both targets."""
    for target, verdict in verdicts.items():
        if verdict.is_refuted:
            witness = {TARGET: target, **(verdict.witness or {})}
            return refuted(f"for {TARGET} = {target:g}, {verdict.reason}", witness)
    words = {verdict.reason for verdict in verdicts.values()}
    if len(words) == 1:
        reasons = f"for {TARGET} = 0 and 1, {words.pop()}"
    else:
        reasons = "; ".join(f"for {TARGET} = {target:g}, {verdict.reason}" for target, verdict in verdicts.items())
    return proved(reasons) if all(verdict.is_proved for verdict in verdicts.values()) else unknown(reasons)
