"""What a wide layer makes of the correlation of two inputs, and the correlation that is left in the end."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from symkit.analysis.curve import Floats
from symkit.analysis.measure import Measures
from symkit.analysis.signal.layer import Layer
from symkit.analysis.signal.overlap import Overlap
from symkit.errors import DomainError
from symkit.text import Expression

MARGIN = 1e-9
"""chi_1 within this of 1 is taken for 1."""

LEAST = 1e-13
"""A correlation this small is 0."""


def correlation_map(
    expression: Expression | str,
    correlations: Sequence[float] | NDArray[np.floating],
    *,
    q: float = 1.0,
    weight_variance: float | None = None,
    bias_variance: float = 0.0,
    parameters: Mapping[str, float] | None = None,
) -> Floats:
    """The correlation C(c) after a wide random layer of two inputs of variance q and correlation c.

    C(c) = (weight_variance*E[f(u1) f(u2)] + bias_variance)/V(q) for normal u1, u2 of mean 0, variance q and
    correlation c; V(q) = weight_variance*E[f(u1)**2] + bias_variance is q itself where q is a fixed point, and
    C(1) = 1.

    Args:
        expression: an activation, or its text.
        correlations: numbers from -1 to 1, of any shape.
        q: the variance of both inputs; positive.
        weight_variance, bias_variance: of the layer; without the first, the one of which q is a fixed point.
        parameters: values of learnable parameters and of settable constants by name.

    Returns:
        float64 of the shape of `correlations`, right to about 1e-12, or 1e-9 for an f with poles. NaN near -1 and 1
        for an f with poles or of rapid swings, where neither way to the integral is sure to be right.

    Raises:
        DomainError: for a correlation outside -1 to 1, a variance outside its range, or an f without a second moment.
    """
    c = np.asarray(correlations, dtype=np.float64)
    if not (np.abs(c) <= 1).all():
        raise DomainError(f"correlation {float(c[~(np.abs(c) <= 1)].flat[0])!r} is not from -1 to 1")
    layer = Layer.of(expression, weight_variance, bias_variance, parameters, q)
    analysis = layer.analysis(q)
    second = analysis.moments.second_moment
    if second is None:
        raise DomainError(f"{layer.expression} has no correlation map at q = {q:g}. {analysis.moments.reason}")
    w = layer.weight_variance
    if w is None or w * second + layer.bias_variance == 0:
        raise DomainError(f"{layer.expression} is 0 throughout; there is no correlation after it")
    overlap = Overlap(layer.subject.curve, layer.points, math.sqrt(q), second)
    gaps = np.array([overlap.gap(value) for value in c.ravel()]).reshape(c.shape)
    return np.asarray(1 - w * gaps / (w * second + layer.bias_variance))


def limit(
    layer: Layer, weight_variance: float, q: float, analysis: Measures, chi_1: float | None
) -> tuple[float, float] | None:
    """The correlation that those of inputs go to at a fixed point q of the variance, and the slope of the map there.

    The map is convex on 0 to 1 and 1 at 1, so it meets the diagonal below 1 if its slope at 1, chi_1, is more than 1,
    and there only once. A chi_1 of None is one without bound. None where the integrals cannot be had.
    """
    if chi_1 is not None and chi_1 <= 1 + MARGIN:
        return 1.0, chi_1
    second = analysis.moments.second_moment
    assert second is not None
    overlap = Overlap(layer.subject.curve, layer.points, math.sqrt(q), second)

    @cache
    def excess(distance: float) -> float:
        """(1 - C(c))/(1 - c) - 1 at c = 1 - distance; falls with the distance."""
        c = 1 - distance
        return weight_variance * overlap.gap(c) / (q * (1 - c)) - 1

    near = far = 1.0
    if excess(far) < -LEAST:
        while excess(near) < 0:
            near, far = near / 4, near
            if near < LEAST:
                return 1.0, 1.0
        if math.isnan(excess(near)):
            return None
        far = float(brentq(excess, near, far, xtol=1e-15, rtol=1e-11))
    slope = _derivative(layer, overlap, 1 - far, analysis)
    return None if math.isnan(slope) else (1 - far, weight_variance * slope / q)


def _derivative(layer: Layer, overlap: Overlap, c: float, analysis: Measures) -> float:
    """That of E[f(u1) f(u2)] by the correlation, which is q*E[f'(u1) f'(u2)]; NaN where it cannot be had."""
    series, gain = overlap.derivative(c), analysis.backward_gain
    if not math.isnan(series) or gain is None:
        return series
    slopes = Overlap(layer.subject.slope, layer.points, overlap.deviation, gain)
    return overlap.deviation**2 * (gain - slopes.gap(c))
