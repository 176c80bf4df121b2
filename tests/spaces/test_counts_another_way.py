"""AQuaSurF's different functions, counted a second way: plain mpmath at 18 irrational points, without symkit."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from functools import cache, partial
from itertools import product
from typing import Any

import mpmath
import pytest

from symkit import spaces

DIGITS = 60
m = mpmath.mp.clone()
m.dps = 200

POINTS = [
    m.sqrt(number) / scale
    for number, scale in [
        *((2, 33), (3, -11), (5, 7), (7, -6), (11, 6), (13, -5), (17, 5), (19, -4), (23, 4), (29, -4), (31, 3)),
        *((37, -3), (41, 3), (43, -3), (47, 2), (53, -2), (65, 2), (61, -2)),
    ]
]

NAN = "nan"
Value = Any
"""An mpf, an infinity among them, or "nan"."""


def _relu_like(x: Value, scale: Any, alpha: Any) -> Value:
    return scale * x if x > 0 else scale * alpha * m.expm1(x)


SELU = m.mpf("1.0507009873554804934193349852946"), m.mpf("1.6732632423543772848170429916717")

UNARY: dict[str, Callable[[Value], Value]] = {
    "zero": lambda x: m.mpf(0),
    "one": lambda x: m.mpf(1),
    "identity": lambda x: x,
    "neg": lambda x: -x,
    "abs": abs,
    "reciprocal": lambda x: 1 / x,
    "square": lambda x: x * x,
    "exp": m.exp,
    "erf": m.erf,
    "erfc": m.erfc,
    "sinh": m.sinh,
    "cosh": m.cosh,
    "tanh": m.tanh,
    "expm1": m.expm1,
    "sigmoid": lambda x: 1 / (1 + m.exp(-x)),
    "log_sigmoid": lambda x: -m.log1p(m.exp(-x)),
    "arcsinh": m.asinh,
    "arctan": m.atan,
    "i0e": lambda x: m.besseli(0, x) * m.exp(-abs(x)),
    "i1e": lambda x: m.besseli(1, x) * m.exp(-abs(x)),
    "relu": lambda x: max(x, m.mpf(0)),
    "elu": lambda x: _relu_like(x, 1, 1),
    "selu": lambda x: _relu_like(x, *SELU),
    "swish": lambda x: x / (1 + m.exp(-x)),
    "softplus": lambda x: m.log1p(m.exp(x)),
    "softsign": lambda x: x / (1 + abs(x)),
    "hard_sigmoid": lambda x: min(max(x / 5 + m.mpf(1) / 2, m.mpf(0)), m.mpf(1)),
}


def quotient(a: Value, b: Value, no_nan: bool) -> Value:
    if b == 0:
        return m.mpf(0) if no_nan else NAN if a == 0 else m.sign(a) * m.inf
    return a / b


def power(a: Value, b: Value, complex_rule: bool) -> Value:
    if b == 0:
        return m.mpf(1)
    if a == 0:
        return m.mpf(0) if b > 0 else m.inf
    if a < 0 and b != m.floor(b):
        # Not a real number. One way of counting takes what is within 1e-60 of one for it.
        found = m.power(m.mpc(a), b)
        return found.real if complex_rule and abs(found.imag) < m.mpf(10) ** -DIGITS else NAN
    return m.power(a, b)


def key(value: Value) -> object:
    if isinstance(value, str):
        return value
    if m.isinf(value) or abs(value) < m.mpf(10) ** -150:
        return str(value) if m.isinf(value) else 0
    return m.nstr(value, 50, strip_zeros=False)


BINARY: dict[str, Callable[[Value, Value], Value]] = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "div ieee": partial(quotient, no_nan=False),
    "div no_nan": partial(quotient, no_nan=True),
    "pow real": partial(power, complex_rule=False),
    "pow nearly real": partial(power, complex_rule=True),
    "max": max,
    "min": min,
}


@cache
def values() -> dict[str, dict[str, tuple[object, ...]]]:
    """What each function of an operator is at the points."""
    unary = {name: [form(x) for x in POINTS] for name, form in UNARY.items()}
    return {
        name: {
            f"{name.split()[0]} {first} {second}": tuple(key(form(*pair)) for pair in zip(a, b, strict=True))
            for (first, a), (second, b) in product(unary.items(), repeat=2)
        }
        for name, form in BINARY.items()
    }


def groups(division: str, power_rule: str) -> dict[tuple[object, ...], list[str]]:
    found: dict[tuple[object, ...], list[str]] = defaultdict(list)
    for operator in ("add", "sub", "mul", f"div {division}", f"pow {power_rule}", "max", "min"):
        for name, at_points in values()[operator].items():
            found[at_points].append(name)
    return found


@pytest.mark.parametrize(("division", "real", "nearly_real"), [("ieee", 2791, 2793), ("no_nan", 2778, 2780)])
def test_three_nodes(division: str, real: int, nearly_real: int) -> None:
    found, other = (groups(division, rule) for rule in ("real", "nearly real"))
    assert (len(found), len(other)) == (real, nearly_real)
    # The difference is two functions that are NaN wherever their exponent is no whole number.
    alone = [members for members in other.values() if members not in found.values()]
    lost = [members for members in found.values() if members not in other.values()]
    assert len(lost) == 1
    assert sorted(members for members in alone if len(members) == 1) == [
        ["pow log_sigmoid exp"],
        ["pow log_sigmoid expm1"],
    ]
    ours = spaces.aquasurf(3, division=division).unique("function")
    assert ours.distinct == real
    assert sorted(len(group) for group in ours.groups(1)) == sorted(map(len, found.values()))
