"""A wide layer of random weights in mean-field theory: what it makes of the variance of its input.

Poole et al. 2016, "Exponential expressivity in deep neural networks through transient chaos"; Schoenholz et al. 2017,
"Deep information propagation".
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from symkit.analysis.curve import Curve, Floats, Normal
from symkit.analysis.measure import Measures, measure
from symkit.analysis.signal.sheet import GRID, LOWEST, Means, Sheet
from symkit.analysis.subject import Subject
from symkit.analysis.tails import tails
from symkit.errors import DomainError
from symkit.text import Expression, parse

FARTHEST = 2.0**-1000
"""Where the limit of f at 0 is taken."""

CLOSE = (2.0**-60, 2.0**-100)
"""Where that of f' is taken; it is one if both agree."""

STEADY = 1e-9
"""By how much they may differ, relative to f elsewhere."""

FARTHER = 2.0**-500
"""Where the limit of f is seen to be one."""


@dataclass(frozen=True, slots=True)
class Origin:
    """The limits at 0, from the left and from the right: those of f, and those of f' where f does not jump."""

    heights: tuple[float, float] | None
    slopes: tuple[float, float] | None

    @classmethod
    def of(cls, subject: Subject) -> Origin:
        scale = abs(subject.curve.exact_float(subject.normal.deviation)) or 1.0
        left, right = (_steady(subject.curve, sign, (FARTHER, FARTHEST), scale) for sign in (-1, 1))
        if left is None or right is None:
            return cls(None, None)
        if abs(left - right) > STEADY * scale:
            return cls((left, right), None)
        before, after = (_steady(subject.slope, sign, CLOSE, scale) for sign in (-1, 1))
        return cls((left, right), None if before is None or after is None else (before, after))

    @property
    def gain(self) -> float | None:
        """The limit of E[f'(sqrt(q) z)**2] as q goes to 0."""
        return None if self.slopes is None else 0.5 * (self.slopes[0] ** 2 + self.slopes[1] ** 2)


def _number(value: float | None) -> float:
    return math.nan if value is None else value


def _steady(curve: Curve, sign: int, distances: tuple[float, float], scale: float) -> float | None:
    """The limit at 0, seen at two distances from it on one side; None where there seems to be none."""
    near, nearer = (curve.exact_float(sign * distance) for distance in distances)
    if not abs(near - nearer) <= STEADY * max(abs(nearer), scale):
        return None
    # What still falls is on its way to 0.
    return 0.0 if abs(nearer) <= STEADY * scale and abs(nearer) < 0.5 * abs(near) else nearer


@dataclass(frozen=True)
class Layer:
    """An activation between weights of variance `weight_variance`/width and biases of variance `bias_variance`.

    Attributes:
        expression, parameters: the activation.
        subject: the same, looked into.
        weight_variance: None where none was given and none could be taken.
        bias_variance: of the biases.
        chosen: whether the weight variance was taken so that `q` is a fixed point.
    """

    expression: Expression
    parameters: Mapping[str, float]
    subject: Subject
    weight_variance: float | None
    bias_variance: float
    chosen: bool
    _known: dict[float, Measures] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def of(
        cls,
        expression: Expression | str,
        weight_variance: float | None,
        bias_variance: float,
        parameters: Mapping[str, float] | None,
        q: float = 1.0,
    ) -> Layer:
        """The layer as asked for; without a weight variance, with that of which `q` is a fixed point."""
        if weight_variance is not None and not 0 < weight_variance < math.inf:
            raise DomainError(f"weight_variance {weight_variance!r} is not positive and finite; relu is used with 2.0")
        if not 0 <= bias_variance < math.inf:
            raise DomainError(f"bias_variance {bias_variance!r} is not a finite number from 0 on")
        if not 0 < q < math.inf:
            raise DomainError(f"q {q!r} is not positive and finite; it is the variance of the pre-activations")
        if weight_variance is None and bias_variance >= q:
            raise DomainError(
                f"bias_variance {bias_variance!r} leaves nothing for the weights to make q = {q:g} a fixed point; "
                "give a weight_variance"
            )
        e = parse(expression) if isinstance(expression, str) else expression
        given = dict(parameters or {})
        subject = Subject.of(e, 0.0, 1.0, given)
        layer = cls(e, given, subject, weight_variance, float(bias_variance), weight_variance is None)
        if weight_variance is not None:
            return layer
        second = layer.analysis(q).moments.second_moment
        return replace(layer, weight_variance=(q - bias_variance) / second if second else None)

    def analysis(self, q: float) -> Measures:
        """Moments and backward gain at one variance, from the reliable integrals."""
        if q not in self._known:
            self._known[q] = measure(self.expression, variance=q, parameters=self.parameters)
        return self._known[q]

    @property
    def no_weight(self) -> str:
        """Why no weight variance could be taken, where none was given."""
        reason = self.analysis(1.0).moments.reason
        return f"No weight variance makes q = 1 a fixed point. {reason or 'The function is 0 throughout.'}"

    @cached_property
    def obstacle(self) -> str:
        """Why there are no moments at any q, such as a pole or a hole; empty if there are at some."""
        return self._lasting(self.subject.curve, lambda analysis: analysis.moments.reason)

    @cached_property
    def slope_obstacle(self) -> str:
        """Why there is no backward gain at any q; empty if there is one at some."""
        return self._lasting(self.subject.slope, lambda analysis: analysis.backward_reason)

    def _lasting(self, curve: Curve, reason: Callable[[Measures], str]) -> str:
        """The reason at q = 1 or, where a tail grows too fast for that, at the first smaller q where none does."""
        found = reason(self.analysis(1.0))
        for k in range(-LOWEST) if found else ():
            q = 4.0**-k
            ends = tails(curve, Normal(0.0, math.sqrt(q)), (2,))[2]
            if not any(tail.divergent for tail in ends):
                return reason(self.analysis(q))
        return found

    @cached_property
    def points(self) -> list[float]:
        """Where f or f' may be not smooth."""
        return self.subject.joint_breakpoints

    @cached_property
    def sheet(self) -> Sheet:
        return Sheet.of(self.subject.curve, self.subject.slope, self.points)

    @cached_property
    def means(self) -> Means:
        """The moments on `GRID`."""
        return self.sheet.means(GRID)

    @cached_property
    def origin(self) -> Origin:
        return Origin.of(self.subject)

    def gain(self, q: float) -> float:
        """E[f'(sqrt(q) z)**2], or close to 0 its limit; NaN where there is no such number."""
        if q < 4.0**LOWEST:
            return math.nan if self.origin.gain is None else self.origin.gain
        gain = float(self.sheet.means(np.array([q])).gain[0])
        return _number(self.analysis(q).backward_gain) if math.isnan(gain) else gain


@dataclass(frozen=True, slots=True)
class VarianceMap:
    """q -> weight_variance*E[f**2] + bias_variance or, if `centred`, the same of Var f; f at sqrt(q) z."""

    layer: Layer
    weight_variance: float
    centred: bool

    @property
    def name(self) -> str:
        return "centred map" if self.centred else "variance map"

    def values(self, means: Means) -> Floats:
        """Where the moments are those; NaN where they are."""
        return self.weight_variance * (means.spread if self.centred else means.second) + self.layer.bias_variance

    def slope(self, q: float) -> float:
        """The derivative at a q that the samples serve."""
        means = self.layer.sheet.means(np.array([q]))
        return self.weight_variance * float((means.spread_slope if self.centred else means.second_slope)[0])

    def at(self, q: float) -> float:
        """At one q, or close to 0 what leads there; NaN where there is no such number."""
        start, slope = self.at_zero
        if q < 4.0**LOWEST and (q == 0 or start != 0 or slope is not None):
            return _number(start) + (slope or 0.0) * q
        value = float(self.values(self.layer.sheet.means(np.array([q])))[0]) if q else math.nan
        return _number(self.reliable(self.layer.analysis(q))) if math.isnan(value) else value

    def reliable(self, analysis: Measures) -> float | None:
        """From the reliable integrals at a q; None where there is no such number."""
        moments = analysis.moments
        moment = moments.variance if self.centred else moments.second_moment
        return None if moment is None else self.weight_variance * moment + self.layer.bias_variance

    @property
    def at_zero(self) -> tuple[float | None, float | None]:
        """The limits of the value and, where that is 0, of the slope as q goes to 0; None where there is none."""
        origin = self.layer.origin
        if origin.heights is None:
            return None, None
        left, right = origin.heights
        moment = 0.25 * (right - left) ** 2 if self.centred else 0.5 * (left**2 + right**2)
        value = self.weight_variance * moment + self.layer.bias_variance
        if value != 0 or origin.slopes is None or origin.gain is None:
            return value, None
        bend = origin.slopes[1] - origin.slopes[0]
        return value, self.weight_variance * (origin.gain - (bend**2 / (2 * math.pi) if self.centred else 0.0))
