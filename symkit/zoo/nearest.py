"""Which known activations are closest to a function, for a normal input."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from symkit.errors import DomainError
from symkit.text import Expression, parse
from symkit.zoo.entries import read_entries

if TYPE_CHECKING:
    from symkit.analysis.batch.shared import Shared
    from symkit.analysis.curve import Normal


@dataclass(frozen=True, slots=True)
class Near:
    """A known function near another one.

    Attributes:
        name: its key in the zoo.
        distance: the root of E[(f(X) - g(X))**2].
        relative: that over the root of E[f(X)**2]; infinite where this is 0 and the distance is not.
    """

    name: str
    distance: float
    relative: float


def nearest(
    expression: Expression | str, *, count: int = 3, mean: float = 0.0, variance: float = 1.0
) -> tuple[Near, ...]:
    """The activations of the zoo closest to an activation, closest first.

    Args:
        expression: an activation f, or its text; its parameters, like those of the zoo, at their initial values.
        count: how many to tell at most.
        mean, variance: of the normal X that the distance is taken over; the variance, not the standard deviation.

    A function that is itself in the zoo is at distance 0; a distance below 1e-8 of the root mean square is rounding.
    Known functions whose square has no expectation here are left out.

    Raises:
        DomainError: for a loss, for a count below 1, for a variance that is not positive and finite, and for a
            function whose square has no expectation, or none that can be had quickly.
        ParseError: for text that does not parse.
    """
    # The zoo is read without numpy, which takes longer to load.
    import numpy as np

    from symkit.analysis.batch import moments_many
    from symkit.analysis.batch.shared import Shared, common_line
    from symkit.analysis.curve import Normal

    e = parse(expression) if isinstance(expression, str) else expression
    if count < 1:
        raise DomainError(f"count {count!r} is not at least 1")
    own = moments_many([e], mean=mean, variance=variance)
    second = float(own.second_moment[0])
    if math.isnan(second):
        raise DomainError(f"{e} has no distance to other functions: its mean square {own.reasons[0]}")
    normal = Normal(float(mean), math.sqrt(variance))
    names, known = _known(normal)
    given = Shared([e], normal)
    line, weights = common_line(known.points | given.points, normal)
    distances = np.sqrt((known.values(line) - given.values(line)) ** 2 @ weights).tolist()
    ordered = sorted(zip(distances, names, strict=True), key=lambda pair: pair[0])[:count]
    size = math.sqrt(second)
    return tuple(Near(name, distance, _relative(distance, size)) for distance, name in ordered)


def _relative(distance: float, size: float) -> float:
    if distance == 0:
        return 0.0
    return distance / size if size else math.inf


@lru_cache(maxsize=16)
def _known(normal: Normal) -> tuple[Sequence[str], Shared]:
    """Names of the activations of the zoo with a mean square, and the functions."""
    from symkit.analysis.batch import moments_many
    from symkit.analysis.batch.shared import Shared

    entries = [entry for entry in read_entries().values() if entry.kind == "activation"]
    batch = moments_many([entry.expression for entry in entries], mean=normal.mean, variance=normal.deviation**2)
    kept = [entry for entry, second in zip(entries, batch.second_moment, strict=True) if math.isfinite(second)]
    return [entry.name for entry in kept], Shared([entry.expression for entry in kept], normal)
