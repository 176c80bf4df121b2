"""Fits the polynomials of the maths library and writes symkit/backends/native/coefficients.py.

    python -m bench fit_coefficients [--errors]

Every polynomial interpolates its function at the zeros of a Chebyshev polynomial, which comes within a small factor of
the best there is. All is computed with 60 digits and rounded once, so that the file is the same everywhere. `--errors`
shows the largest relative error of each before its coefficients are rounded, and writes nothing.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mpmath import mp, mpf

import symkit
from symkit.backends.native.machine import FLOAT32, FLOAT64, Format, nearest_float32
from symkit.backends.native.maths.special import (
    BESSEL_SPLIT,
    ERFC_FROM,
    ERFC_RANGE,
    NORMAL_RANGE,
)

FILE = Path(symkit.__file__).parent / "backends" / "native" / "coefficients.py"

DIGITS = 60
POINTS = 400
"""At which errors are looked for."""

TINY = mpf(10) ** -40
"""Close enough to 0 for a limit to be had by putting it in, with digits to spare."""

HEAD = '''"""Polynomial coefficients of the maths library, highest power first: Chebyshev interpolants of functions
that bench/fit_coefficients.py names, fitted there with 60 digits."""

from __future__ import annotations

Coefficients = dict[str, tuple[float, ...]]
'''

Function = Callable[[Any], Any]


@dataclass(frozen=True)
class Fit:
    """One polynomial.

    Attributes:
        of: the function, of mpmath's numbers.
        low, high: ends of its interval.
        degrees: in float32 and float64; None where a format has no use for it.
        variable: (slope, offset) of the variable slope*x + offset that it is written in.
    """

    name: str
    of: Function
    low: Any
    high: Any
    degrees: tuple[int | None, int | None]
    variable: tuple[Any, Any] = (1, 0)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m bench fit_coefficients",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--errors", action="store_true", help="show errors, write nothing")
    if parser.parse_args(arguments).errors:
        print(errors())
    else:
        FILE.write_text(text(), encoding="utf-8")


def text() -> str:
    """The module of coefficients."""
    parts = [HEAD]
    for format in (FLOAT32, FLOAT64):
        lines = [f"{format.name.upper()}: Coefficients = {{"]
        for name, numbers in coefficients(format).items():
            lines += [f'    "{name}": (', *(f"        {number!r}," for number in numbers), "    ),"]
        parts.append("\n".join([*lines, "}\n"]))
    return "\n".join(parts)


def coefficients(format: Format) -> dict[str, list[float]]:
    """By name, highest power first, rounded to the format."""
    rounded = nearest_float32 if format is FLOAT32 else float
    with mp.workdps(DIGITS):
        return {
            fit.name: [rounded(float(c)) for c in reversed(polynomial(fit, degree))]
            for fit in fits(format)
            if (degree := _degree(fit, format)) is not None
        }


def errors() -> str:
    """A line for each polynomial: format, name, degree, and the largest relative error."""
    lines = []
    with mp.workdps(DIGITS):
        for format in (FLOAT32, FLOAT64):
            for fit in fits(format):
                degree = _degree(fit, format)
                if degree is not None:
                    lines.append(f"{format.name}  {fit.name:10s} {degree:3d}  {mp.nstr(_error(fit, degree), 2)}")
    return "\n".join(lines)


def _degree(fit: Fit, format: Format) -> int | None:
    return fit.degrees[format is FLOAT64]


# -- functions -------------------------------------------------------------------------------------------------------


def fits(format: Format) -> list[Fit]:
    """Every polynomial of a format. Names are those that symkit/backends/native/maths asks for."""
    half_log = mp.log(2) / 2
    ratio = ((mp.sqrt(2) - 1) / (mp.sqrt(2) + 1)) ** 2
    quarter = (mp.pi / 4) ** 2 * mpf("1.001")
    split = mpf(BESSEL_SPLIT[format.name])
    return [
        Fit("EXP", rest(mp.expm1, lambda x: x, 2), -half_log, half_log, (4, 10)),
        Fit("LOG", rest(mp.log1p, lambda x: x - x * x / 2, 3), 1 / mp.sqrt(2) - 1, mp.sqrt(2) - 1, (8, None)),
        Fit("LOG_RATIO", in_square(rest(lambda x: 2 * mp.atanh(x), lambda x: 2 * x, 3)), 0, ratio, (None, 7)),
        Fit("SINH", in_square(rest(mp.sinh, lambda x: x, 3)), 0, 1, (3, 7)),
        Fit("TANHSHRINK", in_square(rest(lambda x: x - mp.tanh(x), lambda x: mpf(0), 3)), 0, 1, (7, 15)),
        Fit("SIN", in_square(rest(mp.sin, lambda x: x, 3)), 0, quarter, (3, 7)),
        Fit("COS", in_square(rest(mp.cos, lambda x: 1 - x * x / 2, 4)), 0, quarter, (3, 7)),
        Fit("ATAN", in_square(rest(mp.atan, lambda x: x, 3)), 0, 1, (9, 21)),
        Fit("ERF", in_square(rest(mp.erf, lambda x: x, 1)), 0, 1, (6, 13)),
        Fit("ERF_SHORT", in_square(rest(mp.erf, lambda x: x, 1)), 0, mpf("0.3"), (4, 10)),
        tail("ERFCX", lambda a: mp.exp(a * a) * mp.erfc(a), ERFC_FROM, *ERFC_RANGE[format.name], (9, 20)),
        tail(
            "NORMAL", lambda a: mp.exp(a * a / 2) * mp.erfc(a / mp.sqrt(2)) / 2, 0, *NORMAL_RANGE[format.name], (11, 27)
        ),
        Fit("I0_NEAR", lambda x: bessel(0, x), 0, split, (13, 28), (2 / split, -1)),
        Fit("I1_NEAR", in_square(rest(lambda x: mp.besseli(1, x), lambda x: mpf(0), 1)), 0, split**2, (6, 15)),
        Fit("I0_FAR", bessel_rest(0), 0, 1 / split, (8, 21), (2 * split, -1)),
        Fit("I1_FAR", bessel_rest(1), 0, 1 / split, (8, 21), (2 * split, -1)),
    ]


def rest(of: Function, leading: Function, power: int) -> Function:
    """(of(x) - leading(x)) / x**power, and its limit at 0."""

    def function(x: Any) -> Any:
        with mp.workdps(4 * DIGITS):
            x = x if abs(x) > TINY else TINY
            return (of(x) - leading(x)) / x**power

    return function


def in_square(of: Function) -> Function:
    """An even function, as one of its argument squared."""
    return lambda square: of(mp.sqrt(square))


def tail(name: str, of: Function, start: float, centre: float, end: float, degrees: tuple[int, int]) -> Fit:
    """(a + centre) of(a) as a function of t = (a - centre)/(a + centre), in which it is smooth."""
    k, low, high = mpf(centre), mpf(start), mpf(end)

    def function(t: Any) -> Any:
        a = k * (1 + t) / (1 - t)
        return (a + k) * of(a)

    return Fit(name, function, (low - k) / (low + k), (high - k) / (high + k), degrees)


def bessel(order: int, x: Any) -> Any:
    """exp(-x) I(x) for x >= 0."""
    return mp.besseli(order, x) * mp.exp(-x)


def bessel_rest(order: int) -> Function:
    """What exp(-x) I(x) sqrt(x) has beyond its limit, over u = 1/x, as a function of u."""
    return rest(lambda u: bessel(order, 1 / u) / mp.sqrt(u), lambda u: 1 / mp.sqrt(2 * mp.pi), 1)


# -- interpolation ---------------------------------------------------------------------------------------------------


def polynomial(fit: Fit, degree: int) -> list[Any]:
    """Coefficients, lowest power first, of the interpolant at the zeros of a Chebyshev polynomial."""
    low, high, count = mpf(fit.low), mpf(fit.high), degree + 1
    angles = [mp.pi * (2 * k + 1) / (2 * count) for k in range(count)]
    values = [fit.of((low + high) / 2 + (high - low) / 2 * mp.cos(angle)) for angle in angles]
    series = [2 * mp.fsum(v * mp.cos(j * a) for v, a in zip(values, angles, strict=True)) / count for j in range(count)]
    series[0] /= 2
    # t = (2 x - low - high)/(high - low) runs from -1 to 1, and x = (variable - offset)/slope.
    slope, offset = map(mpf, fit.variable)
    stretch = 2 / (slope * (high - low))
    return _shifted(_as_powers(series), stretch, -offset * stretch - (low + high) / (high - low))


def _as_powers(series: list[Any]) -> list[Any]:
    """A Chebyshev series as a polynomial."""
    result = [mpf(0)] * len(series)
    before, current = [mpf(0)], [mpf(1)]
    for coefficient in series:
        for power, term in enumerate(current):
            result[power] += coefficient * term
        # T(n+1) = 2 t T(n) - T(n-1), and T(1) is t.
        following = [mpf(0), *(2 * term for term in current)]
        for power, term in enumerate(before):
            following[power] -= term
        before, current = current, following if len(current) > 1 else [mpf(0), mpf(1)]
    return result


def _shifted(powers: list[Any], slope: Any, offset: Any) -> list[Any]:
    """The polynomial of slope*x + offset, as one of x."""
    result = [mpf(0)]
    for coefficient in reversed(powers):
        result = [a * offset + b * slope for a, b in zip([*result, mpf(0)], [mpf(0), *result], strict=True)]
        result[0] += coefficient
    return result[: len(powers)]


def _error(fit: Fit, degree: int) -> Any:
    low, high, powers = mpf(fit.low), mpf(fit.high), polynomial(fit, degree)
    slope, offset = fit.variable
    worst = mpf(0)
    for k in range(POINTS):
        x = low + (high - low) * (2 * k + 1) / (2 * POINTS)
        exact = fit.of(x)
        worst = max(worst, abs(mp.polyval(powers[::-1], slope * x + offset) - exact) / abs(exact))
    return worst
