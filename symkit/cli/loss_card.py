"""The lines that `symkit analyze` prints of a loss."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich.console import RenderableType

from symkit.cli.analysis_card import plain
from symkit.cli.card import Row, listing

if TYPE_CHECKING:
    from symkit.analysis.losses import Comparison, LossAnalysis
    from symkit.analysis.losses.minima import Minimum
    from symkit.analysis.losses.points import LimitPair, TrainingPoint

PUSHES = (0.01, 0.1, 0.5, 0.9, 0.99)
"""Predictions for a target whose push is shown."""


def loss_rows(found: LossAnalysis) -> Iterator[Row]:
    """The learning rule and what it does to examples."""
    rule, logits = found.rule, found.at_logits
    yield "learning rule", f"-dL/dp = {rule.text}"
    if found.uses_target:
        yield "  of the target", rule.target_text or "not defined"
        yield "  of the others", rule.non_target_text or "not defined"
    yield "  untrained", _start(rule.null_epoch)
    yield "  no error left", _limits(rule.limits)
    for jump in rule.jumps:
        yield "  jumps", plain(f"at p = {jump.p:.6g} for y = {jump.y:g}")
    yield f"dL/dz, {logits.link}", logits.target_text or "no short form"
    yield "  untrained", _start(logits.null_epoch)
    yield "  no error left", _limits(logits.limits)
    yield "least for y = 1", _minimum(found.minimum_target)
    yield "least for y = 0", _minimum(found.minimum_non_target)
    yield "easy and hard", plain(found.easy_hard.summary)
    yield "false positives", plain(found.asymmetry.summary)
    yield "outliers", plain(found.robustness.summary)


def push_table(found: LossAnalysis) -> RenderableType:
    """How strongly a target is pushed by its prediction, and against cross-entropy."""
    rows = [
        [number(push.p), number(push.at_output), number(push.at_logit), number(push.relative_logit)]
        for push in found.easy_hard.pushes
        if any(abs(push.p - p) < 1e-9 for p in PUSHES)
    ]
    return listing(["p of the target", "-dL/dp", "-dL/dz", "against ce at z"], rows, numbers=(0, 1, 2, 3))


def comparison_table(found: Comparison, name: str) -> RenderableType:
    """The main quantities next to those of another loss, by its name."""
    rows = [[row.quantity, number(row.this), number(row.other), number(row.ratio)] for row in found.rows]
    return listing(["quantity", "this", name, "ratio"], rows, numbers=(1, 2, 3))


def number(value: float | None) -> str:
    """Six digits, or a dash where there is no number."""
    return "-" if value is None else f"{value + 0.0:.6g}"


def _start(point: TrainingPoint) -> str:
    said = f"target {number(point.target)}, others {number(point.non_target)} at p = {point.p_target:.4g}"
    return f"{said}; {point.reason}" if point.reason else said


def _limits(limits: LimitPair) -> str:
    parts = []
    for label, limit in (("target", limits.target), ("others", limits.non_target)):
        value = number(limit.value) if limit.value is not None else f"no limit ({limit.reason})"
        parts.append(f"{label} -> {value}")
    how = {limits.target.how, limits.non_target.how}
    return f"{', '.join(parts)} ({' and '.join(sorted(how))})"


def _minimum(found: Minimum) -> str:
    value = "" if found.value is None else f"{found.value:.6g}: "
    return plain(value + found.reason)
