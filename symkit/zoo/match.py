"""Which known functions an expression is: by digest, else by value.

Values are compared in float64 at fixed points, small and large ones of both signs, with several settings of the
parameters. Two spellings of one function rarely agree to the last bit, and published constants have eight or nine
digits, hence a relative tolerance of 1e-8. Up to `MODERATE` in magnitude both must be finite at the same points: that
is what tells log(x) from log(abs(x)). Beyond, a naive spelling may overflow where a careful one does not, so only
points where both are finite count. Constants such as `eps` are settings, not part of the function: both sides get the
same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import permutations
from typing import Any

from symkit.evaluation import evaluate_numpy
from symkit.ir.digest import parameter_order
from symkit.text import Expression
from symkit.zoo.entries import Entry

MAGNITUDES = (
    *(0.001, 0.03, 0.15, 0.3, 0.5, 0.7, 0.9, 1.0, 1.3, 1.7, 2.2, 2.6, 3.1, 3.7, 4.4, 5.6, 7.1),
    *(12.0, 33.0, 90.0, 500.0),
)
POINTS = (0.0, *MAGNITUDES, *(-m for m in MAGNITUDES))
"""A prime number of them, 43, so that strides through it give every pair of points for two inputs."""

MODERATE = 8.0
ENOUGH = 12
"""Fewer points where both are finite prove nothing."""

RELATIVE, ABSOLUTE = 1e-8, 1e-12

SETTINGS = 3
MAX_PERMUTED = 5
"""Expressions with more parameters are compared by value in their canonical order only."""

Values = Any
"""A numpy array, one number a point."""


@dataclass(frozen=True)
class Match:
    """One known function that an expression is.

    Attributes:
        entry: the known function.
        by: "digest" where the graphs are the same, "value" where the values are.
        parameters: for each parameter of the entry, the expression's parameter in its place, or, if the expression
            has none, the initial value at which the entry is this function.
        difference: largest difference of two values, relative to the larger; 0 by digest.
    """

    entry: Entry
    by: str
    parameters: Mapping[str, str | float] = field(default_factory=dict)
    difference: float = 0.0

    @property
    def name(self) -> str:
        """The name of the known function."""
        return self.entry.name

    @property
    def _rank(self) -> tuple[bool, bool, bool]:
        held = any(not isinstance(value, str) for value in self.parameters.values())
        return held, self.by != "digest", self.difference > 1e-11


def match(expression: Expression, entries: Iterable[Entry]) -> list[Match]:
    """The entries that an expression is, best first: same graph, same values, same at the initial values."""
    subject = _Subject(expression)
    found = [hit for entry in entries if (hit := subject.compared_with(entry)) is not None]
    return sorted(found, key=lambda hit: hit._rank)


class _Subject:
    """An expression and its values under each order of its parameters, computed once."""

    def __init__(self, expression: Expression) -> None:
        self._expression = expression
        self._names = parameter_order(expression.program)
        self._values: dict[tuple[tuple[str, ...], int], Values] = {}

    def compared_with(self, entry: Entry) -> Match | None:
        known = entry.expression
        if known.digest == self._expression.digest:
            return Match(entry, "digest", dict(zip(parameter_order(known.program), self._names, strict=True)))
        if len(known.inputs) != len(self._expression.inputs):
            return None
        if len(known.parameters) == len(self._names):
            return self._as_family(entry)
        return self._as_special_case(entry) if not self._names else None

    def _as_family(self, entry: Entry) -> Match | None:
        """The entry, if some order of the parameters gives equal values at every setting."""
        names = parameter_order(entry.expression.program)
        for order in self._orders():
            difference = 0.0
            for setting in range(SETTINGS):
                theirs = _values(entry.expression, _setting(names, setting))
                one = _difference(self._at(order, setting), theirs, len(entry.expression.inputs))
                if one is None:
                    break
                difference = max(difference, one)
            else:
                return Match(entry, "value", dict(zip(names, order, strict=True)), difference)
        return None

    def _as_special_case(self, entry: Entry) -> Match | None:
        """The entry, if its initial parameter values give equal values."""
        known = entry.expression
        theirs = _values(known, known.parameters)
        difference = _difference(self._at((), 0), theirs, len(known.inputs))
        return None if difference is None else Match(entry, "value", dict(known.parameters), difference)

    def _orders(self) -> Iterator[tuple[str, ...]]:
        return permutations(self._names) if len(self._names) <= MAX_PERMUTED else iter((self._names,))

    def _at(self, order: tuple[str, ...], setting: int) -> Values:
        key = order, setting
        if key not in self._values:
            self._values[key] = _values(self._expression, _setting(order, setting))
        return self._values[key]


def _setting(names: tuple[str, ...], setting: int) -> dict[str, float]:
    """Different values between 0.25 and 2.25 by position; in the last setting every other one is negative."""
    values: dict[str, float] = {}
    for position, name in enumerate(names, start=1):
        value = 0.25 + 2.0 * ((0.618034 * position + 0.29 * setting) % 1.0)
        values[name] = -value if setting == SETTINGS - 1 and position % 2 else value
    return values


def _values(expression: Expression, parameters: Mapping[str, float]) -> Values:
    import numpy as np

    constants = expression.constant_values(C=10.0, eps=1e-7)
    inputs = dict(zip(expression.inputs, _points(len(expression.inputs)), strict=True))
    (values,) = evaluate_numpy(expression.program, {**constants, **parameters, **inputs})
    shape = next(iter(inputs.values())).shape if inputs else ()
    return np.broadcast_to(values, shape)


def _points(inputs: int) -> list[Values]:
    """For each input its value at every point; two inputs meet in all pairs."""
    import numpy as np

    points = np.array(POINTS)
    if inputs < 2:
        return [points] * inputs
    first, stride = np.divmod(np.arange(points.size**2), points.size)
    return [points[(first + stride * k) % points.size] for k in range(inputs)]


def _difference(ours: Values, theirs: Values, inputs: int) -> float | None:
    """The largest relative difference, or None where the functions differ."""
    import numpy as np

    size = np.max(np.abs(_points(inputs)), axis=0) if inputs else np.zeros(())
    finite = np.isfinite(ours) & np.isfinite(theirs)
    if np.any((np.isfinite(ours) != np.isfinite(theirs)) & (size <= MODERATE)):
        return None
    if inputs and np.count_nonzero(finite) < ENOUGH:
        return None
    ours, theirs, size = ours[finite], theirs[finite], size[finite]
    larger = np.maximum(np.abs(ours), np.abs(theirs))
    gap = np.abs(ours - theirs)
    if np.any(gap > RELATIVE * larger + ABSOLUTE * (1.0 + size)):
        return None
    # Differences within rounding of cancelled terms are no differences.
    gap = np.where(gap <= ABSOLUTE * (1.0 + size), 0.0, gap)
    return float(np.max(gap / np.where(larger > 0, larger, 1.0), initial=0.0))
