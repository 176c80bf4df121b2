"""Constants of the maths library in the precision of a format."""

from __future__ import annotations

from symkit.backends.native import coefficients as fitted
from symkit.backends.native.machine import FLOAT32, Format, nearest_float32

# Each constant as two float64 numbers whose sum has 106 bits.
PAIRS = {
    "log2": (0.6931471805599453, 2.3190468138462996e-17),
    "half_pi": (1.5707963267948966, 6.123233995736766e-17),
}


def coefficients(format: Format) -> fitted.Coefficients:
    """Polynomials by name, highest power first."""
    return fitted.FLOAT32 if format is FLOAT32 else fitted.FLOAT64


def split(format: Format, name: str) -> tuple[float, float]:
    """A constant as the nearest number of the format and the rest."""
    high, low = PAIRS[name]
    if format is FLOAT32:
        rounded = nearest_float32(high)
        return rounded, nearest_float32(high - rounded + low)
    return high, low
