"""Functions of normal variables: their moments, their covariance at two places, and the largest of several."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from scipy.special import ndtr

from symkit.analysis.certified.table import Table
from symkit.analysis.curve import Floats
from symkit.analysis.moments import moments_of
from symkit.analysis.subject import Subject
from symkit.evaluation.time_limit import OutOfTime, time_limit
from symkit.nn.initialization.formulas import MeanVariance
from symkit.text import Expression

LOOSE = 1e-6
"""A proved error of more than this part says less than it should."""

SECONDS = 0.5
"""Time for a table."""

REACH = 9.0
"""Deviations from the mean beyond which nothing counts."""

CELL = 1 / 256
"""Deviations between the values that the largest is looked for among."""

COARSE = 1 / 64
"""Deviations between the samples of a function that has no table."""

OUTER, STEP, WIDEST = 7.5, 0.8, 0.4
"""A blurred function is squared at places within so many deviations, this part of its blur apart, and no wider."""

NEAR = 0.15
"""Two variables whose difference has a smaller deviation, by this unit, are too near for blurring; see `_distinct`."""

UNIT = 0.4
"""Distance between points of the logarithms of a softmax, which are as smooth as exp(-exp(x))."""

MOST = 100.0
"""The logarithm of a number whose negative exponential is nothing."""

LARGEST_DEVIATION = 20.0
"""Of logits, up to which a softmax is integrated."""


class NormalMoments(NamedTuple):
    """Mean and variance of a function of a normal variable.

    Attributes:
        mean, variance: None where there is no such number.
        certified: whether they are proved to one part in a million or better, or that there is none.
        reason: why a number is missing, in one sentence; empty if none is.
    """

    mean: float | None
    variance: float | None
    certified: bool
    reason: str = ""


@lru_cache(maxsize=4096)
def normal_moments(f: Expression, mean: float, variance: float) -> NormalMoments:
    """E[f(X)] and Var f(X), X normal: B equations 5.9 and 5.10; the value at the mean where the variance is 0.

    Args:
        f: an activation; parameters have their initial values.
        mean, variance: of X, finite; the variance not negative.

    The first call for a function takes some milliseconds, and so does one for another power of two of the deviation;
    others about a third of one. Raises DomainError for another kind of expression.
    """
    subject = Subject.of(f, mean, variance or 1.0, None)
    if not variance:
        value = subject.curve.exact_float(mean)
        if math.isfinite(value):
            return NormalMoments(value, 0.0, True)
        return NormalMoments(
            None, None, True, f"No mean: the function has no value at {subject.variable} = {mean:.6g}."
        )
    table = _table(f, *Table.place(mean, variance))
    proved = table.moments(mean, variance) if table else None
    if proved is not None:
        size = math.hypot(proved.mean, math.sqrt(proved.variance))
        if proved.mean_error <= LOOSE * size and proved.variance_error <= LOOSE * proved.variance:
            return NormalMoments(proved.mean, proved.variance, True)
    found = moments_of(subject)
    return NormalMoments(found.mean, found.variance, found.certified, found.reason)


@lru_cache(maxsize=256)
def _table(f: Expression, center: float, unit: float) -> Table | None:
    subject = Subject.of(f, center, 1.0, None)
    try:
        with time_limit(SECONDS):
            return Table.of(subject.program, subject.variable, subject.values, center, unit)
    except OutOfTime:
        return None


@lru_cache(maxsize=4096)
def pair_covariance(f: Expression, mean: float, variance: float, covariance: float) -> float:
    """Cov(f(U), f(V)), U and V jointly normal with this mean, variance and covariance.

    To about 1e-4 of Var f, also for steps and kinks. A negative covariance counts as 0, one above the variance as that.
    NaN for a function without a variance.
    """
    if covariance <= 0 or not variance:
        return 0.0
    spread = normal_moments(f, mean, variance).variance
    if spread is None:
        return math.nan
    if covariance >= variance:
        return spread
    apart = math.sqrt(1 - covariance / variance)
    found = spread - _distinct(f, mean, variance, spread, apart)
    return min(max(found, 0.0), spread)


def _distinct(f: Expression, mean: float, variance: float, spread: float, apart: float) -> float:
    """E[(f(U) - f(V))**2]/2 for a correlation of 1 - apart**2.

    It is 0 where `apart` is, and smooth in it: of first order for steps, of second for others. Near 0 it is the
    polynomial through that and what blurring gives farther off.
    """
    x, mass = _samples(f, mean, variance)
    if apart >= NEAR:
        return spread - _blurred(x, mass, apart)
    ends = NEAR * np.linspace(1, 2, 4)
    values = np.array([spread - _blurred(x, mass, float(end)) for end in ends])
    powers = np.arange(1, 5)
    return float(np.linalg.solve(ends[:, None] ** powers, values) @ apart**powers)


@lru_cache(maxsize=64)
def _samples(f: Expression, mean: float, variance: float) -> tuple[Floats, Floats]:
    """Places in deviations from the mean, and there f times the width that a place stands for."""
    deviation = math.sqrt(variance)
    table = _table(f, *Table.place(mean, variance))
    if table is not None:
        z = (table.x - mean) / deviation
        counts = np.abs(z) < REACH
        return z[counts], table.values[counts] * (table.weights[counts] / deviation)
    z = np.arange(-REACH + COARSE / 2, REACH, COARSE)
    return z, COARSE * _values(f, mean + deviation * z)


def _values(f: Expression, x: Floats) -> Floats:
    """In float64; 0 where that has none."""
    values = Subject.of(f, 0.0, 1.0, None).curve.floats(x)
    return np.where(np.isfinite(values), values, 0.0)


def _blurred(x: Floats, mass: Floats, apart: float) -> float:
    """The variance of what is left of a function when the part `apart` of its variable is averaged over."""
    z = np.arange(-OUTER, OUTER, min(STEP * apart, WIDEST))
    kernel = (x - math.sqrt(1 - apart**2) * z[:, None]) * (math.sqrt(0.5) / apart)
    np.exp(-np.square(kernel, out=kernel), out=kernel)
    blurred = kernel @ mass / (apart * math.sqrt(2 * math.pi))
    share = np.exp(-0.5 * z**2)
    share /= share.sum()
    return float(share @ (blurred - share @ blurred) ** 2)


@lru_cache(maxsize=256)
def largest(f: Expression | None, mean: float, variance: float, count: int) -> MeanVariance:
    """Of the largest of `count` independent f(X), or X if f is None: max pooling.

    B equations 5.13 and 5.14, and 5.15 and 5.16 (which subtracts the mean where its square is meant), without chance:
    the distribution of the largest is that of one to the power of `count`. To 1e-4 of the deviation, to 1e-2 where f
    has a pole; NaN for an f without a variance.
    """
    if f is None:
        return _largest_of(mean + math.sqrt(variance) * _CENTRES, _MASSES, count)
    own = normal_moments(f, mean, variance)
    if own.mean is None or own.variance is None:
        return MeanVariance(math.nan, math.nan)
    if not variance:
        return MeanVariance(own.mean, 0.0)
    deviation, edges, masses = math.sqrt(variance), _EDGES, _MASSES
    table = _table(f, *Table.place(mean, variance))
    if table is not None:
        # No cell reaches across a jump.
        breaks = (table.middle - table.half - mean) / deviation
        edges = np.union1d(edges, breaks[np.abs(breaks) < REACH])
        masses = _masses(edges)
    return _largest_of(_values(f, mean + deviation * (edges[1:] + edges[:-1]) / 2), masses, count)


def _largest_of(values: Floats, masses: Floats, count: int) -> MeanVariance:
    order = np.argsort(values)
    values, masses = values[order], masses[order]
    above = np.minimum(np.cumsum(masses[::-1])[::-1], 1.0)
    with np.errstate(divide="ignore"):
        below = np.append(np.exp(count * np.log1p(-above)), 1.0)
    share = np.diff(below)
    mean = share @ values
    return MeanVariance(float(mean), float(share @ (values - mean) ** 2))


def _masses(edges: Floats) -> Floats:
    """Normal probabilities between neighbours, exact also far above the mean."""
    masses: Floats = np.where(edges[:-1] < 0, np.diff(ndtr(edges)), -np.diff(ndtr(-edges)))
    return masses


_EDGES = np.arange(-REACH, REACH + CELL, CELL)
_CENTRES = _EDGES[:-1] + CELL / 2
_MASSES = _masses(_EDGES)


@lru_cache(maxsize=256)
def softmax_weights(count: int, variance: float) -> float:
    """E[sum of w**2] for w = softmax of `count` independent normal logits of this variance: attention.

    The variance of a weighted sum of independent values is so much of theirs: 1/count for equal weights, 1 where one
    logit takes all. With 1/s**2 the integral of t*exp(-t*s) over t > 0, it is an integral of powers of the Laplace
    transform of exp(logit). Not in B. To 1e-4, and 1e-2 for deviations above 20, from where on the part that the other
    logits have falls as the inverse of the deviation.
    """
    deviation = math.sqrt(variance)
    if deviation > LARGEST_DEVIATION:
        rest = 1 - softmax_weights(count, LARGEST_DEVIATION**2)
        return 1 - rest * LARGEST_DEVIATION / deviation
    z = np.arange(-REACH, REACH, UNIT / max(deviation, 1.0))
    share = np.exp(-0.5 * z**2)
    share /= share.sum()
    log_t = np.arange(-REACH * deviation - math.log(count) - 12, REACH * deviation + 6, UNIT)
    exponent = np.minimum(log_t[:, None] + deviation * z, MOST)
    scaled = np.exp(exponent)
    missing = -np.expm1(-scaled) @ share
    curvature = np.exp(2 * exponent - scaled) @ share
    with np.errstate(divide="ignore"):
        others = np.exp((count - 1) * np.log1p(-np.minimum(missing, 1.0))) if count > 1 else 1.0
    return float(min(count * UNIT * np.sum(curvature * others), 1.0))
