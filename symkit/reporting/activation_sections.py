"""What a page says of an activation."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from symkit.reporting.markup import Markup, element, facts, table
from symkit.reporting.numbers import MOST, error, interval, listed, number
from symkit.reporting.page import Section, section

if TYPE_CHECKING:
    from symkit.analysis import Analysis
    from symkit.analysis.shape import End, Shape
    from symkit.analysis.signal import Signal
    from symkit.checking import CheckReport
    from symkit.zoo.nearest import Near

Row = tuple[str | Markup, ...]


def moments(found: Analysis, mean: float, variance: float) -> Section:
    """Moments and the gain of the gradient, each with how sure it is."""
    m = found.moments
    how = _how(m.certified)
    rows = [
        _moment("mean E[f]", m.mean, m.mean_error, how, m.reason),
        _moment("variance Var f", m.variance, m.variance_error, how, m.reason if m.mean is not None else "none either"),
        _moment("second moment E[f²]", m.second_moment, m.second_moment_error, how, "none either"),
        _moment("covariance with the input", m.covariance, m.covariance_error, how, "none either"),
        _moment(
            "gradient's gain E[f′²]",
            found.backward_gain,
            found.backward_gain_error,
            _how(found.backward_gain_certified),
            found.backward_reason,
        ),
    ]
    said = f"For an input that is normal with mean {number(mean)} and variance {number(variance)}."
    return section(
        "What it does to a signal", element("p", said), table(("quantity", "value", "error at most", "how"), rows)
    )


def _how(certified: bool) -> str:
    return "proved" if certified else "estimated"


def _moment(label: str, value: float | None, off: float | None, how: str, reason: str) -> Row:
    if value is None:
        return label, "–", "–", reason
    return label, number(value), error(off), how


def depth(found: Signal, drawn: Markup | None) -> Section:
    """Mean-field theory: what is left of a signal and of a gradient after many layers."""
    if found.weight_variance is None:
        return section("Through depth", element("p", found.reason))
    origin = "chosen so that a variance of 1 stays 1" if found.chosen else "given"
    rows = [
        ("weights", f"variance {number(found.weight_variance)}/width, {origin}"),
        ("biases", f"variance {number(found.bias_variance)}"),
        ("gain of a gradient χ₁", number(found.chi_1)),
        ("phase", found.phase or "–"),
        ("edge of chaos", f"at weight variance {number(found.edge_of_chaos)}" if found.edge_of_chaos else "none found"),
    ]
    fixed = [
        (number(p.q), number(p.slope), "yes" if p.stable else "no", number(p.chi_1), number(p.c_star))
        for p in found.fixed_points
    ]
    parts = [facts(rows)]
    if fixed:
        head = ("variance q", "slope of the map", "stable", "χ₁ there", "correlation in the end")
        parts.append(table(head, fixed, caption="Fixed points of the variance"))
    if drawn is not None:
        parts.append(drawn)
    if found.reason:
        parts.append(element("p", found.reason, class_="note"))
    return section("Through depth", *parts)


def shape(found: Shape) -> Section:
    """Range, ends, symmetry and smoothness, and tables of what happens where."""
    rows = [
        ("range", interval(*found.range) + _sure(found, "range") if found.range else "defined nowhere"),
        ("to the left", end(found.left)),
        ("to the right", end(found.right)),
        ("symmetry", _parity(found)),
        ("smoothness", smoothness(found.smoothness)),
        ("Lipschitz constant", lipschitz(found)),
        ("zeros", _with_intervals(found.zeros, [(i.low, i.high) for i in found.zero_intervals])),
        ("fixed points", _with_intervals(found.fixed_points, [(i.low, i.high) for i in found.fixed_intervals])),
        ("bumps", str(found.bumps) if found.bumps else "none"),
    ]
    return section("Shape", facts(rows), element("div", *_tables(found), class_="tables"))


def _tables(found: Shape) -> Iterator[Markup]:
    tables: Sequence[tuple[str, Sequence[str], list[Row]]] = (
        ("Rises and falls", ("from", "to", "f"), [(number(p.low), number(p.high), p.trend) for p in found.pieces]),
        ("Extrema", ("x", "f(x)", "kind"), [(number(e.x), number(e.value), e.kind) for e in found.extrema]),
        ("Inflections", ("x", "f(x)"), [(number(i.x), number(i.value)) for i in found.inflections]),
        (
            "Breaks",
            ("x", "kind", "f left", "f right", "f(x)", "f′ left", "f′ right", "f′(x)"),
            [
                (number(b.x), b.kind, *map(number, (b.left, b.right, b.value, b.left_slope, b.right_slope, b.slope)))
                for b in found.breaks
            ],
        ),
        (
            "Saturated",
            ("from", "to", "near"),
            [(number(s.low), number(s.high), number(s.level)) for s in found.saturation],
        ),
        (
            "Dead: the derivative is 0",
            ("from", "to", "inputs there"),
            [(number(d.low), number(d.high), f"{100 * d.probability:.3g} %") for d in found.dead_zones],
        ),
    )
    for caption, head, rows in tables:
        if len(rows) > (1 if caption.startswith("Rises") else 0):
            more = f", the first {MOST} of {len(rows)}" if len(rows) > MOST else ""
            yield table(head, rows[:MOST], caption=caption + more)


def _sure(found: Shape, name: str) -> str:
    return ", proved" if {name, f"{name}.low"} & set(found.certified) and _whole(found, name) else ""


def _whole(found: Shape, name: str) -> bool:
    return name in found.certified or {f"{name}.low", f"{name}.high"} <= set(found.certified)


def end(found: End) -> str:
    """What f does far out, in a few words."""
    match found.kind:
        case "constant":
            return f"tends to {number(found.limit)}"
        case "undefined":
            return "is not defined"
        case "oscillating":
            return "keeps oscillating"
        case "linear" | "polynomial" | "logarithmic" | "power times log":
            return f"like {found.text.removeprefix('~ ')}"
        case "exponential":
            return f"{_way(found)}, like exp({number(found.rate)}·|x|)"
        case "faster":
            return f"{_way(found)}, faster than any exponential"
        case _:
            return _way(found)


def _way(found: End) -> str:
    return "no limit" if found.limit is None else f"tends to {number(found.limit)}"


def _parity(found: Shape) -> str:
    if found.parity is not None:
        return found.parity + (", proved" if "parity" in found.certified else "")
    share = "" if found.even_share is None else f"; {100 * found.even_share:.3g} % of its power is even"
    return f"none{share}"


def smoothness(order: float) -> str:
    """The largest number of continuous derivatives, in words."""
    if order < 0:
        return "not continuous"
    if order == 0:
        return "continuous, its derivative is not"
    if math.isinf(order):
        return "smooth, as far as third derivatives tell"
    return f"{order:.0f} times continuously differentiable"


def lipschitz(found: Shape) -> str:
    """The constant, or why there is none."""
    if found.lipschitz is None:
        return f"none: {found.lipschitz_reason}"
    return number(found.lipschitz) + (", proved" if "lipschitz" in found.certified else "")


def _with_intervals(points: Sequence[float], ranges: Sequence[tuple[float, float]]) -> str:
    throughout = ", ".join(interval(*ends) for ends in ranges[:MOST])
    if not ranges:
        return listed(points)
    return f"{throughout}, and {listed(points)}" if points else f"throughout {throughout}"


def neighbours(found: Sequence[Near], reason: str = "None was found.") -> Section:
    """The known functions that come closest, or why there are none."""
    rows = [(near.name, number(near.distance), f"{100 * near.relative:.3g} %") for near in found]
    if not rows:
        return section("Closest known functions", element("p", reason))
    said = element("p", "By the root of the mean square of the difference, over the same inputs.")
    return section("Closest known functions", said, table(("function", "distance", "of this one's size"), rows))


def summary(found: Analysis, report: CheckReport) -> list[tuple[str, str]]:
    """One line a quantity, for a comparison."""
    seen, signal = found.shape, found.signal
    return [
        ("mean", number(found.moments.mean)),
        ("variance", number(found.moments.variance)),
        ("gradient's gain", number(found.backward_gain)),
        ("weight variance that keeps 1", number(signal.weight_variance)),
        ("phase there", signal.phase or "–"),
        ("range", interval(*seen.range) if seen.range else "–"),
        ("to the left", end(seen.left)),
        ("to the right", end(seen.right)),
        ("symmetry", seen.parity or "none"),
        ("smoothness", smoothness(seen.smoothness)),
        ("Lipschitz constant", number(seen.lipschitz)),
        ("dead inputs", f"{100 * sum(zone.probability for zone in seen.dead_zones):.3g} %"),
        ("closure", report.closure.status),
        ("gradient", report.gradient.status),
    ]
