"""The lines that `symkit analyze` and `symkit run` print of an activation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from symkit.cli.card import Row

if TYPE_CHECKING:
    from symkit.analysis import Analysis, Moments
    from symkit.analysis.measure import Measures
    from symkit.analysis.shape import Interval, Shape
    from symkit.analysis.signal import Over, Signal
    from symkit.zoo.nearest import Near

MOST = 8
"""Points that are told one by one."""

NEIGHBOURS = 3
"""Known functions that are told."""

SAME = 1e-7
"""A distance below this part of the root mean square is rounding."""


def analysis_rows(found: Analysis | Measures, signal: str) -> list[Row]:
    """What becomes of a signal; `signal` says what the input was."""
    moments = found.moments
    rows = [
        ("input X", signal),
        ("mean of f(X)", _number(moments.mean, moments.reason, moments.mean_error)),
        (
            "variance of f(X)",
            _number(moments.variance, moments.reason if moments.mean is not None else "none either"),
        ),
        ("backward gain", _number(found.backward_gain, found.backward_reason)),
        ("kinks", points(found.kinks)),
    ]
    if found.poles:
        rows.append(("poles", points(found.poles)))
    return rows


def proof_rows(found: Analysis) -> list[Row]:
    """The other moments, and how sure all of them are."""
    moments = found.moments
    rows = []
    if moments.second_moment is not None:
        rows.append(("second moment", f"{moments.second_moment:.6g}"))
    if moments.covariance is not None:
        rows.append(("covariance with X", _number(moments.covariance, "", moments.covariance_error)))
    rows.append(("moments are", _how(moments)))
    return rows


def _how(moments: Moments) -> str:
    if moments.certified:
        errors = [e for e in (moments.mean_error, moments.variance_error) if e is not None]
        return f"proved, errors at most {max(errors):.1e}" if errors else "proved not to exist"
    return "measured, with estimated errors" if moments.mean is not None else "not there to be measured"


def shape_rows(found: Shape) -> Iterator[Row]:
    """Where it rises, breaks, saturates and is dead, and what it does far out."""
    from symkit.reporting.activation_sections import end, lipschitz, smoothness
    from symkit.reporting.numbers import interval

    yield "range", plain(interval(*found.range)) if found.range else "defined nowhere"
    yield "as x -> -inf", plain(end(found.left))
    yield "as x -> inf", plain(end(found.right))
    yield "trend", plain(", ".join(f"{p.trend} on {interval(p.low, p.high)}" for p in found.pieces[:MOST])) or "none"
    yield "zeros", _where(found.zeros, found.zero_intervals)
    yield "fixed points", _where(found.fixed_points, found.fixed_intervals)
    if found.extrema:
        yield "extrema", _first([f"{e.kind} {e.value:.6g} at x = {e.x:.6g}" for e in found.extrema])
    if found.inflections:
        yield "inflections", points([i.x for i in found.inflections])
    if found.bump_shapes:
        yield (
            "bumps",
            _first([f"{b.kind}, {b.height:.6g} {_down(b.kind)} at x = {b.peak:.6g}" for b in found.bump_shapes]),
        )
    yield "smoothness", smoothness(found.smoothness)
    yield "Lipschitz constant", plain(lipschitz(found).removesuffix(", proved"))
    if found.saturation:
        yield (
            "saturated",
            _first([plain(f"{interval(s.low, s.high)} near {s.level:.6g}") for s in found.saturation]),
        )
    if found.dead_zones:
        yield (
            "dead",
            _first([plain(f"{interval(d.low, d.high)}, {100 * d.probability:.3g} % of X") for d in found.dead_zones]),
        )
    yield "parity", _parity(found)


def _parity(found: Shape) -> str:
    if found.parity is not None:
        return found.parity
    return "none" if found.even_share is None else f"none; {100 * found.even_share:.3g} % of E[f(X)^2] is even"


def depth_rows(found: Signal) -> Iterator[Row]:
    """What becomes of a signal in a deep network."""
    if found.weight_variance is None:
        yield "through depth", found.reason
        return
    chosen = " keeps a variance of 1" if found.chosen else ""
    yield "weight variance", f"{found.weight_variance:.6g}/width{chosen}"
    if found.chi_1 is not None:
        yield "chi_1", f"{found.chi_1:.6g} there: {found.phase}"
    if found.edge_of_chaos is not None:
        yield "edge of chaos", f"at a weight variance of {found.edge_of_chaos:.6g}"
    if found.forward and found.backward:
        yield (
            f"after {len(found.forward) - 1} layers",
            f"a variance of {found.forward[-1]:.3g}; the gradient's is {found.backward[-1]:.3g}",
        )


def over_rows(found: Over) -> Iterator[Row]:
    """Moments over a box of parameters."""
    for label, range_ in (
        ("mean over the box", found.mean),
        ("variance over it", found.variance),
        ("gain over it", found.backward_gain),
    ):
        if range_ is not None:
            low, high = range_.lowest, range_.highest
            yield label, f"{low.value:.6g} at {_place(low.at)} to {high.value:.6g} at {_place(high.at)}"
    if found.reason:
        yield "not everywhere", found.reason


def near_rows(found: Sequence[Near]) -> Iterator[Row]:
    """The known functions that come closest, those that are the same apart."""
    same = [near.name for near in found if near.relative < SAME]
    others = [f"{near.name} ({near.distance:.2g} away)" for near in found if near.relative >= SAME]
    if same:
        yield "known as", _first(same)
    if others:
        yield "closest known", ", ".join(others[:NEIGHBOURS])


def points(found: Sequence[float]) -> str:
    """`x = 1, x = 2`, the first ones where there are many."""
    return _first([f"x = {point:.6g}" for point in found]) or "none"


def plain(text: str) -> str:
    """With the signs that can be typed."""
    return text.replace("−", "-").replace("∞", "inf").replace("·", "*").replace("–", "-")


def _first(parts: Sequence[str]) -> str:
    shown = ", ".join(parts[:MOST])
    return f"{shown} and {len(parts) - MOST} more" if len(parts) > MOST else shown


def _number(value: float | None, reason: str, error: float | None = None) -> str:
    if value is None:
        return reason
    return "0" if error is not None and abs(value) <= error else f"{value:.6g}"


def _where(found: Sequence[float], ranges: Sequence[Interval]) -> str:
    from symkit.reporting.numbers import interval

    if not ranges:
        return points(found)
    throughout = "throughout " + _first([plain(interval(r.low, r.high)) for r in ranges])
    return f"{throughout}, and at {points(found)}" if found else throughout


def _down(kind: str) -> str:
    return "deep" if kind == "negative" else "high"


def _place(at: Mapping[str, float]) -> str:
    return ", ".join(f"{name} = {value:.4g}" for name, value in at.items())
