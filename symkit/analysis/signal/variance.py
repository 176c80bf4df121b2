"""The variance map at any q."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from symkit.analysis.curve import Floats
from symkit.analysis.signal.layer import Layer, VarianceMap
from symkit.errors import DomainError
from symkit.text import Expression


def variance_map(
    expression: Expression | str,
    q: float | Sequence[float] | NDArray[np.floating],
    *,
    weight_variance: float | None = None,
    bias_variance: float = 0.0,
    parameters: Mapping[str, float] | None = None,
    centred: bool = False,
) -> Floats:
    """The variance V(q) of pre-activations after a wide random layer, those before it having the variance q.

    V(q) = weight_variance*E[f(sqrt(q) z)**2] + bias_variance, z standard normal; with `centred`, Var f instead of
    E[f**2].

    Args:
        expression: an activation, or its text.
        q: variances from 0 on, of any shape; at 0 the limit is given.
        weight_variance, bias_variance: of the layer; without the first, the one of which V(1) = 1, not centred.
        parameters: values of learnable parameters and of settable constants by name.
        centred: whether to take off the mean of f.

    Returns:
        float64 of the shape of `q`; NaN where there is no such number, for the reason that `moments` gives.

    Raises:
        DomainError: for a q or another variance outside its range, or where no weight variance makes V(1) = 1.
    """
    where = np.asarray(q, dtype=np.float64)
    good = (where >= 0) & np.isfinite(where)
    if not good.all():
        raise DomainError(f"q {float(where[~good].flat[0])!r} is not a finite number from 0 on; it is a variance")
    layer = Layer.of(expression, weight_variance, bias_variance, parameters)
    if layer.weight_variance is None:
        raise DomainError(layer.no_weight)
    applied = VarianceMap(layer, layer.weight_variance, centred)
    if layer.obstacle:
        return np.full(where.shape, math.nan)
    return np.array([applied.at(float(value)) for value in where.ravel()]).reshape(where.shape)
