"""A Program along the line of its one input: samples in float64, exact where float64 gives up."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symkit.evaluation import evaluate_exact, evaluate_numpy
from symkit.ir import Program, lower

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

PROBES = 64
"""Up to this many samples that float64 cannot represent are evaluated exactly without looking further."""


SMALLEST = -1900
"""Exact values below 2**-1900 may be what rounding leaves of a zero, and count as one."""


@dataclass(frozen=True, slots=True)
class Scaled:
    """Numbers `mantissa * 2**exponent`, so that neither exp(1000) nor the density at 100 deviations is lost."""

    mantissa: Floats
    exponent: Integers

    @classmethod
    def of(cls, values: Floats) -> Scaled:
        mantissa, exponent = np.frexp(values)
        return cls(mantissa, exponent.astype(np.int64))

    @classmethod
    def joined(cls, parts: Sequence[Scaled]) -> Scaled:
        return cls(np.concatenate([p.mantissa for p in parts]), np.concatenate([p.exponent for p in parts]))

    def power(self, exponent: int) -> Scaled:
        return Scaled(self.mantissa**exponent, self.exponent * exponent)

    def __mul__(self, other: Scaled) -> Scaled:
        return Scaled(self.mantissa * other.mantissa, self.exponent + other.exponent)

    def __getitem__(self, where: Any) -> Scaled:
        return Scaled(self.mantissa[where], self.exponent[where])

    def floats(self) -> Floats:
        """As float64, which may be 0 or infinite where the number is not."""
        with np.errstate(over="ignore", under="ignore"):
            return np.ldexp(self.mantissa, np.clip(self.exponent, -9999, 9999).astype(np.int32))

    def log2(self) -> Floats:
        """Base-2 logarithm of the magnitude: -inf for 0, NaN for NaN."""
        with np.errstate(divide="ignore"):
            return np.log2(np.abs(self.mantissa)) + self.exponent


def as_float(mantissa: float, exponent: int) -> float:
    """`mantissa * 2**exponent`, infinite where that is beyond float64."""
    try:
        return math.ldexp(mantissa, exponent)
    except OverflowError:
        return math.copysign(math.inf, mantissa)


@dataclass(frozen=True, slots=True)
class Normal:
    """The distribution of the input; `deviation` is the square root of its variance."""

    mean: float
    deviation: float

    def density(self, anchor: Floats, offset: Floats) -> Scaled:
        """At `anchor + offset`; the sum is not formed where it would lose digits."""
        bits = -0.5 * ((anchor - self.mean + offset) / self.deviation) ** 2 / math.log(2)
        whole = np.rint(bits)
        height = 1 / (self.deviation * math.sqrt(2 * math.pi))
        return Scaled(height * np.exp2(bits - whole), whole.astype(np.int64))

    def relative_density(self, point: float, offsets: Floats) -> Floats:
        """The density at `point + offsets`, that at `point` being 1."""
        steps = offsets / self.deviation
        return np.exp(-steps * ((point - self.mean) / self.deviation + 0.5 * steps))

    def probability(self, low: float, high: float) -> float:
        """Of a value between two bounds, either of which may be infinite."""
        if high - low < 1e-5 * self.deviation:
            middle, width = 0.5 * (low + high), (high - low) / self.deviation
            return width * math.exp(-0.5 * ((middle - self.mean) / self.deviation) ** 2) / math.sqrt(2 * math.pi)
        low, high = ((bound - self.mean) / (self.deviation * math.sqrt(2)) for bound in (low, high))
        if low > 0:
            return 0.5 * (math.erfc(low) - math.erfc(high))
        return 0.5 * (math.erfc(-high) - math.erfc(-low))


class Curve:
    """A Program of one root as a function of one input, every other leaf held at a value."""

    def __init__(self, program: Program, values: Mapping[str, float], variable: str) -> None:
        self._program = program
        self._lowered = lower(program, lambda operator: operator.numpy is not None)
        self._values = dict(values)
        self._variable = variable

    def floats(self, x: Floats) -> Floats:
        """Float64 samples as they come: infinities and NaN included."""
        (values,) = evaluate_numpy(self._lowered, {**self._values, self._variable: x})
        return np.broadcast_to(values, x.shape)

    def exact(self, x: float) -> tuple[float, int]:
        """(mantissa, exponent) from the exact evaluator; the mantissa alone is infinite or NaN."""
        (value,) = evaluate_exact(self._program, {**self._values, self._variable: float(x)})
        if not value.context.isfinite(value):
            return float(value), 0
        mantissa, exponent = value.context.frexp(value)
        return (0.0, 0) if exponent < SMALLEST else (float(mantissa), int(exponent))

    def exact_float(self, x: float) -> float:
        """The same as float64."""
        return as_float(*self.exact(x))

    def __call__(self, x: Floats) -> Scaled:
        """Samples at `x`, of any shape; those that are not finite in float64 are evaluated exactly.

        Where many are not finite, a spread of probes decides first whether float64 and the exact evaluator agree.
        """
        values = self.floats(x)
        samples = Scaled.of(np.where(np.isfinite(values), values, 0.0))
        lost = np.flatnonzero(~np.isfinite(values))
        samples.mantissa.flat[lost] = values.flat[lost]
        if lost.size > PROBES and self._agrees(x, values, lost[:: lost.size // PROBES]):
            return samples
        for index in lost:
            samples.mantissa.flat[index], samples.exponent.flat[index] = self.exact(x.flat[index])
        return samples

    def exactly(self, x: Floats) -> Scaled:
        """Samples at `x`, of any shape, every one from the exact evaluator."""
        pairs = [self.exact(value) for value in x.flat]
        mantissa, exponent = np.array([m for m, _ in pairs]), np.array([e for _, e in pairs], dtype=np.int64)
        return Scaled(mantissa.reshape(x.shape), exponent.reshape(x.shape))

    def _agrees(self, x: Floats, values: Floats, where: NDArray[np.intp]) -> bool:
        for index in where:
            exact, claimed = self.exact(x.flat[index])[0], float(values.flat[index])
            if not (exact == claimed or (math.isnan(exact) and math.isnan(claimed))):
                return False
        return True
