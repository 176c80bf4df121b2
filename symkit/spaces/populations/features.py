"""What functions do at some points, as rows of numbers that a surrogate learns from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from symkit.errors import DomainError
from symkit.spaces.populations.numbering import Progress
from symkit.spaces.populations.population import Dtype, Functions, Population, Rows, check_points, sampled
from symkit.text.names import ACTIVATION_INPUT

Kind = Literal["normal", "grid"]

POINTS: dict[str, int] = {"normal": 1000, "grid": 80}
"""How many there are by default: n of B section 6.4.1, and the inputs of B figure 6.3 (appendix A.4.2)."""

REACH = 5.0
"""Equally spaced points go from -5 to 5 (B appendix A.4.2)."""


def feature_points(kind: Kind = "normal", n: int | None = None, *, seed: int = 0, dtype: Dtype = "float32") -> Rows:
    """(n,) points at which activations are compared.

    Args:
        kind: "normal", samples of N(0, 1) cut off at 5 deviations, or "grid", equally spaced from -5 to 5.
        n: how many; 1000 samples (B sections 6.3.2 and 6.5), or 80 on a grid (B appendix A.4.2), if None.
        seed: of samples.

    Raises:
        DomainError: for another kind, no samples, a grid of less than two points, a negative seed, and another dtype.
        LimitError: for more than 10 million points.
    """
    if kind not in POINTS:
        raise DomainError(f"points are of kind {' or '.join(POINTS)}, not {kind!r}")
    count = POINTS[kind] if n is None else n
    if kind == "normal":
        return sampled((ACTIVATION_INPUT,), count, seed, dtype)[ACTIVATION_INPUT]
    if count < 2:
        raise DomainError(f"a grid has at least 2 points, not {count}")
    check_points(count)
    return np.linspace(-REACH, REACH, count, dtype=dtype)


def features(
    functions: Functions | Population,
    kind: Kind = "normal",
    n: int | None = None,
    *,
    seed: int = 0,
    dtype: Dtype = "float32",
    places: ArrayLike | None = None,
    progress: Progress | None = None,
) -> Rows:
    """(functions, n) outputs of activations at samples of N(0, 1) (B section 6.3.2), or on a grid.

    All functions see the same points, those of `feature_points`. Outputs are as they are, so some may be infinite or
    NaN; see `valid`. A million functions at 1000 points take 4 GB: `Population(space, points=feature_points(...))` has
    `blocks`, and `save` writes them to a file.

    Args:
        functions: activations: a Space without parameters, expressions, texts, or a Population of them, whose values
            are not computed again where its points are these.
        kind, n, seed: of the points; see `feature_points`.
        dtype: of the computation.
        places: functions by number or place; all if None.
        progress: called with (done, total) applications while functions are evaluated.

    Raises:
        DomainError: for functions that are no activations, and points that cannot be.
        IndexError: for a place past the end.
    """
    points = feature_points(kind, n, seed=seed, dtype=dtype)
    given = functions.functions if isinstance(functions, Population) else functions
    if isinstance(functions, Population) and _is_at(functions, points):
        return functions.values(places)
    population = Population(given, points=points, dtype=dtype, progress=progress)
    return population.values(places)


def _is_at(population: Population, points: Rows) -> bool:
    (own, *others) = population.points.values()
    return not others and own.dtype == points.dtype and np.array_equal(own, points)


def distance(a: ArrayLike, b: ArrayLike) -> NDArray[np.float64]:
    """Distances between features: of each row of `a`, (k, n), to each row of `b`, (m, n), as (k, m) (B equation 6.17).

    It is the root of the mean squared difference, computed in float64. One row may be given as (n,); then that axis is
    left out. NaN where both rows are infinite with the same sign at a point, or one is NaN there.

    Raises:
        DomainError: for features at different numbers of points.
    """
    from scipy.spatial.distance import cdist

    rows, others = np.asarray(a, np.float64), np.asarray(b, np.float64)
    if not (rows.ndim in (1, 2) and others.ndim in (1, 2) and rows.shape[-1] == others.shape[-1] > 0):
        raise DomainError(f"features are (n,) or (functions, n) for the same n; got {rows.shape} and {others.shape}")
    found = cdist(np.atleast_2d(rows), np.atleast_2d(others)) / np.sqrt(rows.shape[-1])
    return np.asarray(found.reshape(rows.shape[:-1] + others.shape[:-1]))


def of_each(
    population: Population,
    look: Callable[[Rows], NDArray[Any]],
    places: ArrayLike | None = None,
    progress: Progress | None = None,
) -> NDArray[Any]:
    """What `look` says of functions by their values; those with equal values are looked at once.

    Args:
        look: is given values, (some, points), and returns something of each row.
        progress: called with (done, total) different functions.
    """
    wanted = population.places(places)
    first, labels = different(population, wanted)
    parts = [look(np.empty((0, population.count), population.dtype))]
    done = 0
    for block in population.blocks(wanted[first]):
        parts.append(look(block))
        done += len(block)
        if progress is not None:
            progress(done, len(first))
    return np.asarray(np.concatenate(parts)[labels])


def different(population: Population, places: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(which of the places have different values, the first of each in rising order; for each place, which of them)."""
    first, labels = np.unique(population.prints[places], return_index=True, return_inverse=True)[1:]
    order = np.argsort(first)
    ranks = np.empty_like(order)
    ranks[order] = np.arange(len(order))
    return first[order], ranks[labels]


def as_population(functions: Functions | Population) -> Population:
    """Functions at 1000 samples, where they are no Population yet."""
    return functions if isinstance(functions, Population) else Population(functions)
