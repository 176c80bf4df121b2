"""Expressions inside numba's compiled code."""

from __future__ import annotations

import numba
import numpy as np
import pytest

import symkit
from symkit.errors import DomainError

MAIN = "log(sigmoid(alpha*x)) * beta*arcsinh(x)"


def test_value_and_gradient_are_those_of_the_expression() -> None:
    function = symkit.to_numba(MAIN)
    assert function.arguments == ("x", "alpha", "beta")
    for x in (-30.0, -1.3, 0.0, 0.4, 200.0):
        values = {"x": x, "alpha": 1.1, "beta": 0.9}
        assert function.value(*values.values()) == pytest.approx(symkit.evaluate(MAIN, **values), rel=1e-14)
        slopes = []
        for name in values:
            slope = symkit.derivative(MAIN, name)
            slopes.append(
                symkit.evaluate(slope, **{n: v for n, v in values.items() if n in (*slope.inputs, *slope.settings)})
            )
        assert function.gradient(*values.values()) == pytest.approx(slopes, rel=1e-13, abs=1e-300)


def test_it_runs_inside_a_loop_of_the_user() -> None:
    value = symkit.to_numba("swish(x)").value

    @numba.njit
    def total(points):  # type: ignore[no-untyped-def]
        result = 0.0
        for point in points:
            result += value(point)
        return result

    points = np.linspace(-4, 4, 101)
    assert total(points) == pytest.approx(symkit.evaluate("swish(x)", x=points).sum(), rel=1e-13)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    "text", ["gelu(x)", "x**x", "mish(x)", "where(x > 0, sqrt(x), 0)", "i0e(x)*cos(3*x)", "hypot(x, 2)"]
)
def test_the_ufunc_broadcasts_and_keeps_the_dtype(text: str, dtype: str) -> None:
    points = np.linspace(0.1, 3, 24).astype(dtype).reshape(4, 6)
    found = symkit.to_numba(text).ufunc(points)
    assert found.dtype == dtype
    assert found.shape == (4, 6)
    unit = np.finfo(dtype).eps
    expected = symkit.evaluate(text, x=points.astype("float64"))
    np.testing.assert_allclose(found, expected, rtol=16 * unit, atol=4 * unit)


@pytest.mark.parametrize("name", ["sin", "cos", "tan"])
def test_angles_of_any_size(name: str) -> None:
    x = np.array([0.5, 1e22, -3.0, 2.0**41, -1e300])
    found = symkit.to_numba(f"{name}(x)").ufunc(x)
    np.testing.assert_allclose(found, [symkit.evaluate(f"{name}(x)", x=v) for v in x.tolist()], rtol=1e-15)


def test_losses_and_constants() -> None:
    loss = symkit.to_numba("-(y*(1 - xi) + xi/C)*log(p + eps)", C=10)
    assert loss.arguments == ("y", "p", "xi")
    expected = symkit.evaluate("-(y*(1 - xi) + xi/C)*log(p + eps)", y=1.0, p=0.3, xi=0.1, C=10)
    assert loss.value(1.0, 0.3, 0.1) == pytest.approx(expected, rel=1e-14)


def test_what_it_cannot_take() -> None:
    with pytest.raises(DomainError, match="neither inputs nor parameters"):
        symkit.to_numba("1 + pi")
    with pytest.raises(DomainError, match="number of classes"):
        symkit.to_numba("p/C")
