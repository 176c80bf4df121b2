"""Which functions are worth a network's time, by their values, their gradients and their moments."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from symkit.errors import DomainError
from symkit.spaces.populations.bulk import CHUNK, bulk_moments
from symkit.spaces.populations.features import as_population, different, of_each
from symkit.spaces.populations.numbering import Numbers, Progress
from symkit.spaces.populations.population import Functions, Population, Rows
from symkit.text import Expression

Requirement = Literal["finite", "varies", "gradient", "moments"]
Mask = NDArray[np.bool_]

TARGET = "y"
"""The input of a loss that is not learned."""


def valid(
    functions: Functions | Population,
    require: Sequence[Requirement] = ("finite", "varies"),
    *,
    places: ArrayLike | None = None,
    progress: Progress | None = None,
) -> Mask:
    """(functions,) whether each function meets requirements, at the points of its population.

    "finite": its value is finite at every point.
    "varies": its value is not the same at every point, NaN being a value of its own.
    "gradient": its derivative is finite at every point, by each input but the target y of a loss; at kinks it is what
        the operator's record says.
    "moments": mean, variance and E[f'(X)**2] for X of N(0, 1) are found by `bulk_moments`, and the variance is not 0.
        A function whose tails grow too fast has none, even if it is finite at all points; and of some functions that
        have them they are not found.

    AQuaSurF leaves functions out whose Fisher information comes out invalid in a network (B section 6.3.1), which takes
    a pass through that network; what is required here needs none. Functions with equal values are looked at once, and
    costly requirements only where those before them are met: "finite" and "varies" take microseconds a function,
    "gradient" and "moments" some 0.5 milliseconds.

    Args:
        functions: a Population, or what one is made of, at its 1000 samples.
        require: which requirements, all of which must be met.
        places: functions by number or place; all if None.
        progress: called with (done, total) different functions, for each pass over them in turn.

    Raises:
        DomainError: for another requirement, and for moments of functions that are no activations.
        IndexError: for a place past the end.
    """
    for name in require:
        if name not in CHEAP and name not in COSTLY:
            raise DomainError(f"{name!r} is no requirement; there are {', '.join((*CHEAP, *COSTLY))}")
    population = as_population(functions)
    wanted = population.places(places)
    found = np.ones(len(wanted), bool)
    cheap = [CHEAP[name] for name in CHEAP if name in require]
    if cheap:
        found = of_each(population, lambda block: np.logical_and.reduce([c(block) for c in cheap]), wanted, progress)
    for name in COSTLY:
        if name in require:
            left = np.flatnonzero(found)
            first, labels = different(population, wanted[left])
            found[left] = COSTLY[name](population, wanted[left][first], progress)[labels]
    return found


def _is_finite(values: Rows) -> Mask:
    # A row's least and greatest numbers are finite if all are; NaN is passed on.
    return np.asarray(np.isfinite(values.min(axis=1)) & np.isfinite(values.max(axis=1)))


def _varies(values: Rows) -> Mask:
    least, greatest = values.min(axis=1), values.max(axis=1)
    return np.asarray((least != greatest) & ~np.isnan(values).all(axis=1))


def _has_gradient(population: Population, places: Numbers, progress: Progress | None) -> Mask:
    found = np.ones(len(places), bool)
    for start in range(0, len(places), CHUNK):
        some = [population[place] for place in places[start : start + CHUNK].tolist()]
        for name in population.inputs:
            owners = [i for i, e in enumerate(some) if not (e.kind == "loss" and name == TARGET)]
            if owners:
                slopes = _at_points_of(population, [some[i] for i in owners], name)
                finite = np.concatenate([_is_finite(block) for block in slopes.blocks()])
                found[start + np.array(owners)] &= finite
        if progress is not None:
            progress(start + len(some), len(places))
    return found


def _at_points_of(population: Population, functions: Sequence[Expression], name: str) -> Population:
    from symkit.transform import derivative

    slopes = [derivative(e, name) for e in functions]
    return Population(slopes, points=population.points, dtype=population.dtype)


def _has_moments(population: Population, places: Numbers, progress: Progress | None) -> Mask:
    found = bulk_moments(population, places, progress=progress)
    varies = found.variance > found.error[:, 1]
    return np.isfinite(found.mean) & varies & np.isfinite(found.backward_gain)


CHEAP: dict[Requirement, Callable[[Rows], Mask]] = {"finite": _is_finite, "varies": _varies}
"""Requirements by values alone."""

COSTLY: dict[Requirement, Callable[[Population, Numbers, Progress | None], Mask]] = {
    "gradient": _has_gradient,
    "moments": _has_moments,
}
"""Requirements by more than values, in the order in which they are looked at."""
