"""The coefficients of the maths library are what their script writes."""

from __future__ import annotations

import kernels  # noqa: F401 - the benchmarks lie beside the tests

from bench import fit_coefficients
from symkit.backends.native.machine import FLOAT32, FLOAT64


def test_the_file_is_what_the_script_writes() -> None:
    written = fit_coefficients.FILE.read_text(encoding="utf-8")
    assert written == fit_coefficients.text(), "run `python -m bench fit_coefficients`"


def test_errors_are_below_what_the_formats_hold() -> None:
    """But for erf(x)/x - 1, which has a zero, and the tails of exp, log and Bessel functions, small beside the rest."""
    for line in fit_coefficients.errors().splitlines():
        format, name, _, error = line.split()
        if name not in ("ERF", "EXP", "LOG", "ERF_SHORT", "I0_FAR", "I1_FAR"):
            assert float(error) < 2.0 ** -(FLOAT32 if format == FLOAT32.name else FLOAT64).mantissa / 2
