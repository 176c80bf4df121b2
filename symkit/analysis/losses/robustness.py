"""How a loss and its slope grow far out: with large residuals, and where the target's prediction nears 0."""

from __future__ import annotations

import math
from dataclasses import dataclass

from symkit.analysis.losses.expansion import Expansion, Undecided
from symkit.analysis.losses.limits import Limit, leading, limit
from symkit.analysis.losses.subject import PREDICTION, SIZE, Path, Subject, along
from symkit.ir import Program, ProgramBuilder
from symkit.transform import gradient

OUTWARD: dict[str, Path] = {
    "r -> inf": lambda t, classes: 1 - 1 / t,
    "r -> -inf": lambda t, classes: 1 + 1 / t,
}
"""Residuals r = y - p for the target 1."""

WRONG = "p -> 0"
POWERS = {0.5: "as a square root", 1.0: "linearly", 2.0: "quadratically", 3.0: "cubically"}


@dataclass(frozen=True, slots=True)
class Growth:
    """How the loss grows in one direction.

    Attributes:
        towards: "r -> inf" or "r -> -inf" for the residual r = y - p, "p -> 0" for the prediction of a target.
        kind: "bounded", "logarithmic", "power", or "unknown".
        exponent: of |r|, or of 1/p, where kind is "power" (a logarithm may stand beside it); of the logarithm where it
            is "logarithmic".
        limit: of the loss.
        slope: "redescending" (falls to 0), "bounded", "unbounded", or "unknown".
        slope_limit: of the size of dL/dp.
        text: the same in words.
    """

    towards: str
    kind: str
    exponent: float | None
    limit: Limit
    slope: str
    slope_limit: Limit
    text: str


@dataclass(frozen=True, slots=True)
class Robustness:
    """Growth far out.

    Attributes:
        regression: for either sign of the residual, at target 1; empty for a loss of probabilities or logits.
        classification: for a target whose prediction nears 0; None where the loss is not defined for y = 1.
        summary: what that means for outliers and wrong labels.
    """

    regression: tuple[Growth, ...]
    classification: Growth | None
    summary: str


def robustness(subject: Subject) -> Robustness:
    regression: tuple[Growth, ...] = ()
    if subject.reading in ("residual", "real"):
        curve = subject.curve(1.0, everywhere=True)
        regression = tuple(_growth(subject, curve, path, name) for name, path in OUTWARD.items())
    wrong = None if subject.undefined(1.0) else _growth(subject, subject.curve(1.0), lambda t, classes: t, WRONG)
    return Robustness(regression, wrong, _summary(regression, wrong))


def _growth(subject: Subject, curve: Program, path: Path, towards: str) -> Growth:
    value = along(curve, {PREDICTION: path})
    slope = _size(along(gradient(curve, [PREDICTION]), {PREDICTION: path}))
    end, steepness = (limit(part, subject.values, SIZE) for part in (value, slope))
    kind, exponent = _kind(leading(value, subject.values, SIZE), end)
    if steepness.value is None:
        shape = "unknown"
    else:
        shape = "unbounded" if math.isinf(steepness.value) else "bounded" if steepness.value > 0 else "redescending"
    return Growth(towards, kind, exponent, end, shape, steepness, _text(towards, kind, exponent, end, shape, steepness))


def _size(program: Program) -> Program:
    builder = ProgramBuilder()
    return builder.build([abs(builder.term(builder.include(program)[program.root])).index])


def _kind(found: Expansion | None, end: Limit) -> tuple[str, float | None]:
    if end.value is not None and math.isfinite(end.value):
        return "bounded", None
    if found is None:
        return "unknown", None
    try:
        (power, logs), _ = found.leading
    except Undecided:
        return "unknown", None
    return ("logarithmic", float(logs)) if power == 0 else ("power", -float(power))


def _text(towards: str, kind: str, exponent: float | None, end: Limit, shape: str, steepness: Limit) -> str:
    name = "1/p" if towards == WRONG else "|r|"
    falls = "falls" if end.value is not None and end.value < 0 else "grows"
    match kind:
        case "bounded":
            how = f"the loss is bounded and tends to {end.value:.6g}"
        case "logarithmic":
            order = "" if exponent == 1 else f"power {exponent:g} of "
            how = f"the loss {falls} as {order}the logarithm of {name}"
        case "power" if exponent is not None:
            how = f"the loss {falls} {POWERS.get(exponent, f'as power {exponent:g}')} in {name}"
        case _ if end.value is not None:
            how = f"the loss {falls} without bound"
        case _:
            how = "how the loss grows is not known"
    match shape:
        case "redescending":
            slope = "its slope falls to 0"
        case "bounded":
            slope = f"its slope tends to {steepness.value:.6g}"
        case "unbounded":
            slope = "its slope grows without bound"
        case _:
            slope = "the limit of its slope is not known"
    return f"{towards}: {how}, and {slope}"


def _summary(regression: tuple[Growth, ...], wrong: Growth | None) -> str:
    parts = []
    shapes = {growth.slope for growth in regression}
    if any(growth.limit.value == -math.inf for growth in regression):
        parts.append("The loss falls without bound as residuals grow.")
    elif shapes == {"redescending"}:
        parts.append("Far outliers lose their influence.")
    elif shapes and shapes <= {"redescending", "bounded"}:
        parts.append("An outlier's influence is bounded.")
    elif "unbounded" in shapes:
        parts.append("The farther an outlier, the more it pulls.")
    if wrong is not None and wrong.kind != "unknown":
        if wrong.kind == "bounded":
            parts.append("A wrongly labelled example costs a bounded amount.")
        elif wrong.limit.value == math.inf:
            parts.append("A wrongly labelled example may cost any amount.")
        else:
            parts.append("The loss falls without bound where the target's prediction nears 0.")
    return " ".join(parts)
