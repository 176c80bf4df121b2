"""Polynomials that are nowhere negative."""

from __future__ import annotations

import time

import pytest

from symkit import parse
from symkit.checking.polynomials import is_nonnegative_polynomial

NOWHERE_NEGATIVE = [
    "y**2 + p**2 - y*p",
    "y**2 + p**2 - 2*y*p",
    "(y - p)**3*(y - p)",
    "p**4 - p + 1 + 0*y",
    "-(-(y - p)**2)",
    "(y - p)**2/3",
    "(y*p)/p*y",
    "0*y + 0*p",
    "1e300*(y - p)**2",
    "(y - p)**2*1e-300",
    "(y**2 + 1)*(p**2 + y*p + y**2)**3",
    "(p**2 - 2)**2*(y**2 + 1)",
    "y**2 + 2*y + 1 + p**2",
    "p**(1 + 1) + y**0",
    "y**2 + p**2 + (0.1 + 0.2 - 0.3)",
    "eps*(y - p)**2",
    " + ".join(f"(a{k} - y)**2*p**2" for k in range(60)),
]

OTHERS = [
    "y**2 + p**2 - 2.01*y*p",
    "(y - p)**3",
    "p**4 - p + 0.1 + 0*y",
    "-(y - p)**2",
    "(y - p)**2/(-3)",
    "y/0 + p",
    "p*0 - 3 + y*0",
    "(p**2 - 2)*(y**2 + 1)",
    "y**2 + 2*y + 0.99 + p**2",
    "y**2 + p**2 + (0.3 - 0.1 - 0.2)",
    "(y - p)**2*(3.141592653589793 - pi)",
    "(y - p)**2*(2.718281828459045 - e)*(-1)",
    "(y - p)**2.5",
    "y**p",
    "y**(-2)",
    "abs(y)*p**2",
    "3 > 2",
]

HUGE = {
    "powers of powers": "((((y + p + 1)**12)**12)**12)**12",
    "powers of a number": "((((((0.1**12)**12)**12)**12)**12)**12)**12*y**2 + p**2",
    "squares of squares": "a = y + p + 1; b = a*a; c = b*b; d = c*c; g = d*d; h = g*g; k = h*h; k*k",
    "a power of many terms": "(" + " + ".join(f"a{k}" for k in range(150)) + ")**12 + y*p",
    "many squares": " + ".join(f"(a{k} - a{k + 1})**2" for k in range(600)) + " + y*p",
    "large coefficients": "*".join(f"(y*{0.1 + k}e-300 - p*{0.3 + k} + {0.7 + k}e299)" for k in range(12)),
}


@pytest.mark.parametrize("text", NOWHERE_NEGATIVE)
def test_nowhere_negative(text: str) -> None:
    e = parse(text)
    assert is_nonnegative_polynomial(e.program, e.constant_values())


@pytest.mark.parametrize("text", OTHERS)
def test_not_shown(text: str) -> None:
    e = parse(text)
    assert not is_nonnegative_polynomial(e.program, e.constant_values())


@pytest.mark.parametrize("name", HUGE)
def test_huge_ones_are_given_up_soon(name: str) -> None:
    e = parse(HUGE[name])
    begun = time.process_time()
    assert not is_nonnegative_polynomial(e.program, e.constant_values())
    assert time.process_time() - begun < 8
