"""How near a result must be to the exact value: the one place where that is decided.

A result may be off by twice the largest error that plain eager torch makes over a neighbourhood of the point, plus one
unit in the last place. Torch is the yardstick because a user would otherwise write the function in torch; a
neighbourhood, because at a single point either side may be lucky. Halves are computed in float32 and rounded once, so
float32's yardstick counts for them, and then one unit of the half. Numbers below the normal ones may be flushed to 0,
as torch's vectorised functions do. What is allowed beyond that stands in the tables below, with its reason.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

MORE_UNITS = {
    "sigmoid": (1, "its derivative s(x)*s(-x) keeps the tails, where torch's s*(1 - s) is 0, for one more rounding"),
    "sech": (3, "tanh's derivative sech**2 keeps the tails, where torch's 1 - tanh**2 is 0, for three more roundings"),
    "numpy": (3, "erfc and i0e of scipy and the float32 functions of numpy are less accurate than torch's"),
}
"""Units in the last place on top of the one, and why: in derivatives in which an operator stands, by its name, and for
a library."""

ZERO_AT_NAN = {("sign", ()), ("abs", (0,))}
"""Operators and orders that are 0 at NaN in torch, since its sign of NaN is; everywhere else NaN gives NaN."""


@dataclass(frozen=True)
class Format:
    """A binary floating-point format.

    Attributes:
        bits: of the significand, the leading one included.
        smallest: the smallest normal number.
        largest: the largest finite number.
        computed: name of the format that arithmetic runs in.
    """

    bits: int
    smallest: float
    largest: float
    computed: str

    def ulp(self, values: Any) -> Any:
        """The gap between neighbouring numbers at values; below the normal numbers it no longer shrinks."""
        magnitudes = np.clip(np.nan_to_num(np.abs(values), nan=0.0, posinf=math.inf), self.smallest, self.largest)
        return np.ldexp(1.0, np.frexp(magnitudes)[1] - self.bits)


FORMATS = {
    "float64": Format(53, 2.0**-1022, 1.7976931348623157e308, "float64"),
    "float32": Format(24, 2.0**-126, 3.4028234663852886e38, "float32"),
    "bfloat16": Format(8, 2.0**-126, 3.3895313892515355e38, "float32"),
    "float16": Format(11, 2.0**-14, 65504.0, "float32"),
}


def units(library: str, operators: Iterable[str] = ()) -> int:
    """Units in the last place allowed for a result that a library computes; `operators` stand in its derivative."""
    extra = [MORE_UNITS[name][0] for name in operators if name in MORE_UNITS]
    return 1 + max(extra, default=0) + (MORE_UNITS[library][0] if library in MORE_UNITS else 0)


def agree(got: Any, exact: Any, remainder: Any, torch_error: Any, dtype: str, ulps: int = 1) -> Any:
    """Where results are exact values within tolerance: NaN for NaN, infinity for infinity with its sign.

    An infinity also passes where the exact value, or one within tolerance of it, exceeds the format.

    Args:
        got: results, held in float64.
        exact, remainder: exact values as sums of two float64 numbers, the first the nearest one.
        torch_error: the largest error of eager torch near by.
        dtype: of the results.
        ulps: units in the last place allowed; the unit is that of the larger of result and exact value.

    All of them arrays, or numbers. Returns an array of bool.
    """
    form = FORMATS[dtype]
    with np.errstate(invalid="ignore", over="ignore"):
        unit = np.maximum(form.ulp(got), form.ulp(exact))
        slack = 2 * torch_error + ulps * unit + FORMATS[form.computed].smallest
        near = np.abs((exact - got) + remainder) <= slack
        overflow = np.isinf(got) & (np.sign(got) == np.sign(exact)) & (np.abs(exact) + slack > form.largest)
    return near | overflow | (np.isnan(got) & np.isnan(exact))
