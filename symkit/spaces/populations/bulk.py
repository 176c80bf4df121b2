"""Moments of many functions: exact ones in thousands, estimates in millions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from symkit.spaces.populations.features import as_population, of_each
from symkit.spaces.populations.numbering import Progress
from symkit.spaces.populations.population import Functions, Population, Rows

if TYPE_CHECKING:
    from symkit.analysis.batch import Batch

CHUNK = 4096
"""Expressions that are in memory at once."""


def bulk_moments(
    functions: Functions | Population,
    places: ArrayLike | None = None,
    *,
    mean: float = 0.0,
    variance: float = 1.0,
    progress: Progress | None = None,
) -> Batch:
    """Moments and backward gains of many activations for a normal input, by quadrature, to 1e-10.

    See `symkit.analysis.batch.moments_many`, which this hands 4096 expressions at a time: some 0.2 milliseconds a
    function. Where a number cannot be had it is NaN, and `reasons` says why.

    Args:
        functions: a Population, or what one is made of; its points do not matter.
        places: functions by number or place; all if None.
        mean, variance: of the input; the variance, not the standard deviation.
        progress: called with (done, total) functions.

    Raises:
        DomainError: for a loss, and a variance that is not positive and finite.
        IndexError: for a place past the end.
    """
    from symkit.analysis.batch import moments_many

    population = as_population(functions)
    wanted = population.places(places)
    parts = [moments_many([], mean=mean, variance=variance)]
    for start in range(0, len(wanted), CHUNK):
        some = [population[place] for place in wanted[start : start + CHUNK].tolist()]
        parts.append(moments_many(some, mean=mean, variance=variance))
        if progress is not None:
            progress(start + len(some), len(wanted))
    return _joined(parts)


def _joined(parts: Sequence[Batch]) -> Batch:
    from symkit.analysis.batch import Batch

    mean, variance, second, gain, error = (
        np.concatenate([getattr(part, name) for part in parts])
        for name in ("mean", "variance", "second_moment", "backward_gain", "error")
    )
    return Batch(mean, variance, second, gain, error, tuple(reason for part in parts for reason in part.reasons))


@dataclass(frozen=True, slots=True, eq=False)
class Estimates:
    """Mean and variance of values at samples. Arrays are float64, (functions,).

    Attributes:
        mean: of the values; infinite or NaN where a value is.
        variance: of the values, divided by their number less one; NaN where a value is infinite or NaN.
        error: the standard error of the mean, the root of the variance over the number of points.
    """

    mean: NDArray[np.float64]
    variance: NDArray[np.float64]
    error: NDArray[np.float64]


def estimates(
    functions: Functions | Population, places: ArrayLike | None = None, *, progress: Progress | None = None
) -> Estimates:
    """Mean and variance of each function over the points of its population: quick, and rough.

    At n samples of N(0, 1) these are Monte Carlo estimates of E[f(X)] and Var f(X): with 1000 samples a mean is off by
    a thirtieth of the deviation of f(X), and more where rare large values of f decide, which no sample may have met.
    They tell wild functions from tame ones among millions; `bulk_moments` has the numbers.

    Args:
        functions: a Population, or what one is made of, at its 1000 samples.
        places: functions by number or place; all if None.
        progress: called with (done, total) different functions.

    Raises:
        IndexError: for a place past the end.
    """
    population = as_population(functions)
    mean, variance = of_each(population, _sample_moments, places, progress).T.copy()
    return Estimates(mean, variance, np.sqrt(variance / population.count))


def _sample_moments(values: Rows) -> NDArray[np.float64]:
    """(functions, 2)"""
    with np.errstate(all="ignore"):
        mean = values.mean(axis=1, dtype=np.float64)
        variance = values.var(axis=1, dtype=np.float64, ddof=1) if values.shape[1] > 1 else np.full(len(values), np.nan)
    return np.stack([mean, variance], axis=1)
