"""What `shape` tells: plain records of numbers, strings and tuples. None stands where there is no such number."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Trend = Literal["rises", "falls", "level"]


@dataclass(frozen=True, slots=True)
class Interval:
    """A range of x; either end may be infinite."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Extremum:
    """A strict local extremum inside of the domain, and its kind: "maximum" or "minimum"."""

    x: float
    value: float
    kind: Literal["maximum", "minimum"]


@dataclass(frozen=True, slots=True)
class Inflection:
    """A point where f is continuous and the sign of its curvature changes."""

    x: float
    value: float


@dataclass(frozen=True, slots=True)
class Piece:
    """A range on which f is continuous and strictly rises, strictly falls, or is constant."""

    low: float
    high: float
    trend: Trend


@dataclass(frozen=True, slots=True)
class Bump:
    """A dip or a hump.

    Attributes:
        low, high: the range around the peak in which f stays beyond the level of the bump's base, the nearer to the
            peak of the two levels that f reaches on either side before it goes beyond the peak; infinite where the
            base is a limit.
        peak: where f is furthest from the base; the middle of a level peak.
        height: how far that is, positive and finite.
        kind: "negative" for a dip like that of swish, "positive" for a hump.
    """

    low: float
    high: float
    peak: float
    height: float
    kind: Literal["negative", "positive"]


@dataclass(frozen=True, slots=True)
class Break:
    """A point where f or f' is not continuous.

    Attributes:
        x: the point.
        kind: "kink" where f' jumps; "vertical tangent" where f' has no bound; "jump" where the limits of f differ, or
            its value is another one; "pole" where f has no bound; "hole" where f has a limit and no value; "edge" where
            the domain ends and none of these is the case.
        left, right: limits of f, which may be infinite; None where there is none.
        left_slope, right_slope: limits of f'; likewise.
        value: f(x), None where it has none.
        slope: the derivative that symkit takes there, None where it takes none.
    """

    x: float
    kind: Literal["kink", "jump", "pole", "vertical tangent", "hole", "edge"]
    left: float | None
    right: float | None
    left_slope: float | None
    right_slope: float | None
    value: float | None
    slope: float | None


@dataclass(frozen=True, slots=True)
class End:
    """What f does as x tends to an infinity.

    Attributes:
        limit: of f; may be infinite; None where there is none.
        kind: "constant", "linear" (slope*x + intercept), "polynomial" (coefficient*x**degree), "logarithmic"
            (coefficient*log(|x|)), "power times log" (coefficient*x**degree*log(|x|)), "exponential" (of the order of
            exp(rate*|x|)), "faster" than any exponential, "oscillating", "undefined", or "other".
        slope, intercept: of a linear asymptote, a constant being one of slope 0.
        degree, coefficient: of what f is asymptotically equal to; of |x| where the degree is not whole.
        rate: of exponential growth.
        text: the asymptote, such as "x", "0", "0.5*x + 1", "~ 0.5*x**2"; empty where there is none.
    """

    limit: float | None
    kind: Literal[
        "constant",
        "linear",
        "polynomial",
        "logarithmic",
        "power times log",
        "exponential",
        "faster",
        "oscillating",
        "undefined",
        "other",
    ]
    slope: float | None = None
    intercept: float | None = None
    degree: float | None = None
    coefficient: float | None = None
    rate: float | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class Saturated:
    """A range, up to an infinity, in which f stays near its limit there."""

    low: float
    high: float
    level: float


@dataclass(frozen=True, slots=True)
class DeadZone:
    """A range on which f is constant, and how likely an input falls into it."""

    low: float
    high: float
    probability: float


@dataclass(frozen=True, slots=True)
class Shape:
    """The shape of an activation; see `shape` for how far it is looked at.

    Attributes:
        domain: where f is defined.
        zeros, fixed_points: points with f(x) = 0, and with f(x) = x.
        zero_intervals, fixed_intervals: ranges on which that is so throughout; their ends are not told again as points.
        extrema: strict local extrema inside of the domain, kinks included.
        inflections: where the curvature changes sign.
        pieces: ranges of one trend, covering the domain that was looked at.
        sign_changes: where the derivative changes sign, poles and jumps included.
        bumps: how many bumps there are.
        bump_shapes: what they are.
        breaks: where f or f' is not continuous.
        smoothness: the largest k for which the k-th derivative is continuous on the domain: -1 with a jump, a pole or
            a hole, 0 with a kink or a vertical tangent. Derivatives are compared up to the third; what joins up to
            there counts as infinity.
        lipschitz: the least L with |f(a) - f(b)| <= L*|a - b| for all a, b; None if there is none, or none was found.
        lipschitz_at: where the slope is that large, or tends to it; an infinity if only there.
        lipschitz_reason: why `lipschitz` is None, in one sentence; empty if it is not.
        left, right: what f does as x tends to -inf and +inf.
        saturation: where f stays within a hundredth of its width of a finite limit. The width is that of `range`, or,
            where that is infinite, from the 1 % quantile of f(X) to the 99 % quantile, X being the input.
        dead_zones: where the derivative is 0 throughout.
        parity: "even", "odd" or None; 0, which is both, is told as one of them.
        even_share: E[even part squared]/E[f**2] under N(0, variance); None where there is no such number.
        even_part, odd_part: (f(x) + f(-x))/2 and (f(x) - f(-x))/2 as text.
        range: infimum and supremum; None if f is defined nowhere, or if it cannot be told what f does far out.
        certified: names of what is proved and not only measured, as far as a short time goes: "parity"; "dead_zones",
            that f' is 0 there; "range.low" and "range.high", that no value is beyond, or that there is no bound;
            "pieces", that f does not turn on any; "lipschitz", that f is continuous and no slope is larger. Bounds
            are proved to a millionth of their size.
    """

    domain: tuple[Interval, ...]
    zeros: tuple[float, ...]
    zero_intervals: tuple[Interval, ...]
    fixed_points: tuple[float, ...]
    fixed_intervals: tuple[Interval, ...]
    extrema: tuple[Extremum, ...]
    inflections: tuple[Inflection, ...]
    pieces: tuple[Piece, ...]
    sign_changes: tuple[float, ...]
    bumps: int
    bump_shapes: tuple[Bump, ...]
    breaks: tuple[Break, ...]
    smoothness: float
    lipschitz: float | None
    lipschitz_at: float | None
    lipschitz_reason: str
    left: End
    right: End
    saturation: tuple[Saturated, ...]
    dead_zones: tuple[DeadZone, ...]
    parity: Literal["even", "odd"] | None
    even_share: float | None
    even_part: str
    odd_part: str
    range: tuple[float, float] | None
    certified: tuple[str, ...]
