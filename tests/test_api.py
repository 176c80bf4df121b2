"""evaluate: numbers, arrays and tensors in, the same out."""

from __future__ import annotations

import math
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
import torch

import symkit
from symkit.errors import DomainError, ParseError

SWISH = "x*sigmoid(beta*x)"


def swish(x: float, beta: float = 1.0) -> float:
    return x / (1 + math.exp(-beta * x))


@pytest.mark.parametrize("x", [0.5, 2, True, np.float32(0.5), np.int64(3)])
def test_numbers_give_a_float(x: Any) -> None:
    value = symkit.evaluate(SWISH, x=x)
    assert type(value) is float
    assert value == pytest.approx(swish(float(x)), rel=1e-15)


def test_parameters_take_their_initial_values() -> None:
    assert symkit.evaluate("f(x; a = 3) = a*x", x=2.0) == 6.0
    assert symkit.evaluate("f(x; a = 3) = a*x", x=2.0, a=5.0) == 10.0


def test_constants_have_a_default_a_header_or_a_value() -> None:
    assert symkit.evaluate("x + eps", x=0.0) == 1e-7
    assert symkit.evaluate("f(x; eps = 0.5) = x + eps", x=0.0) == 0.5
    assert symkit.evaluate("x + eps", x=0.0, eps=0.25) == 0.25
    assert symkit.evaluate("y/C + p", y=1.0, p=0.0, C=4) == 0.25
    x = torch.zeros(2)
    assert symkit.evaluate("x + eps", x=x, eps=0.25).tolist() == [0.25, 0.25]


def test_floats_are_computed_in_float64_unless_told() -> None:
    assert symkit.evaluate("x/3", x=1.0) == 1 / 3
    assert symkit.evaluate("x/3", x=1.0, dtype="float32") == float(np.float32(1) / np.float32(3))
    assert symkit.evaluate("x/3", x=1.0, dtype="float16") == float(np.float16(1 / 3))


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16"])
def test_arrays_keep_their_dtype(dtype: str) -> None:
    x = np.linspace(-3, 3, 7, dtype=dtype)
    value = symkit.evaluate(SWISH, x=x, beta=2.0)
    assert value.dtype == dtype
    np.testing.assert_allclose(value, [swish(float(v), 2.0) for v in x], rtol=2 * float(np.finfo(dtype).eps))


def test_wider_arrays_win_and_integers_are_numbers() -> None:
    narrow, wide = np.ones(2, "float32"), np.ones(2, "float64")
    assert symkit.evaluate("x*a", x=narrow, a=wide).dtype == np.float64
    assert symkit.evaluate("x/2", x=np.array([1, 2])).tolist() == [0.5, 1.0]
    assert symkit.evaluate("x + 1", x=np.array([True, False])).tolist() == [2.0, 1.0]
    assert symkit.evaluate("x*a", x=narrow, a=np.array([1, 2])).dtype == np.float32


def test_arrays_broadcast() -> None:
    x, a = np.arange(3.0)[:, None], np.arange(4.0)
    assert symkit.evaluate("max(x, a)", x=x, a=a).tolist() == np.maximum(x, a).tolist()
    assert symkit.evaluate("max(x, a)", x=2.0, a=a).tolist() == [2.0, 2.0, 2.0, 3.0]
    assert symkit.evaluate("one(x)", x=a).tolist() == [1.0] * 4
    assert symkit.evaluate("-p", y=np.zeros((2, 1)), p=np.zeros(3)).shape == (2, 3)
    assert symkit.evaluate("x**2", x=[1.0, 2.0]).tolist() == [1.0, 4.0]
    assert symkit.evaluate("x**2", x=np.array(3.0)).shape == ()
    assert isinstance(symkit.evaluate("x**2", x=np.array(3.0)), np.ndarray)
    assert symkit.evaluate("x**2", x=np.zeros((0, 3))).shape == (0, 3)


def test_an_array_result_is_no_view_of_its_input() -> None:
    x = np.zeros(3)
    symkit.evaluate("x", x=x)[0] = 1.0
    assert x.tolist() == [0.0, 0.0, 0.0]


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16, torch.float16])
def test_tensors_keep_dtype_and_gradients(dtype: torch.dtype) -> None:
    x = torch.linspace(-2, 2, 5, dtype=dtype, requires_grad=True)
    beta = torch.tensor(1.5, dtype=dtype, requires_grad=True)
    value = symkit.evaluate(SWISH, x=x, beta=beta)
    assert value.dtype == dtype
    value.sum().backward()
    assert x.grad is not None
    assert beta.grad is not None
    wide = x.detach().double().requires_grad_()
    (expected,) = torch.autograd.grad((wide * torch.sigmoid(1.5 * wide)).sum(), wide)
    torch.testing.assert_close(x.grad, expected.to(dtype))


def test_mixtures_become_tensors() -> None:
    x, column = torch.arange(3.0), np.array([[1.0], [2.0]], dtype="float32")
    value = symkit.evaluate("max(x, a)", x=x, a=column)
    assert torch.equal(value, torch.tensor([[1.0, 1.0, 2.0], [2.0, 2.0, 2.0]]))
    assert symkit.evaluate("y*p", y=column, p=x).dtype == torch.float32
    assert symkit.evaluate("y*p", y=np.ones(3), p=x).dtype == torch.float64
    assert symkit.evaluate("y*p", y=2.5, p=x.half()).dtype == torch.float16
    assert symkit.evaluate("x*a", x=x, a=np.float64(2.0)).dtype == torch.float32
    assert torch.equal(symkit.evaluate("x*a", x=2, a=x), 2 * x)


def test_integer_tensors_count_as_numbers() -> None:
    assert torch.equal(symkit.evaluate("x/2", x=torch.tensor([1, 2])), torch.tensor([0.5, 1.0]))
    assert symkit.evaluate("x*a", x=torch.tensor([1, 2]), a=torch.ones(2).double()).dtype == torch.float64


def test_stabilise_can_be_left_out() -> None:
    assert symkit.evaluate("log(1 + exp(x))", x=1000.0) == 1000.0
    assert symkit.evaluate("log(1 + exp(x))", x=1000.0, stabilise=False) == math.inf
    x = torch.tensor([1000.0])
    assert symkit.evaluate("log(1 + exp(x))", x=x, stabilise=False).item() == math.inf


@pytest.mark.parametrize(
    ("text", "values", "message"),
    [
        ("x*a", {"a": 1.0}, r"x has no value; pass x="),
        ("x*a", {"x": 1.0, "b": 1.0}, r"'b' is no name of x\*a; there are x, a, C, eps"),
        ("y/C + p", {"y": 1.0, "p": 1.0}, r"C \(the number of classes\) has no value"),
        ("x", {"x": "one"}, r"x must be a real number, an array or a tensor, not 'one'"),
        ("x", {"x": None}, r"x must be a real number.* not None"),
        ("x", {"x": 1j}, r"x must be a real number.* not 1j"),
        ("x", {"x": torch.ones(2) * 1j}, r"x is torch.complex64; allowed are float64, float32, bfloat16, float16"),
        ("x*a", {"x": torch.ones(2), "a": "one"}, r"a must be a real number.* not 'one'"),
        ("x*a", {"x": np.ones(2), "a": np.ones(3)}, r"do not broadcast: x \(2,\), a \(3,\)"),
        ("x + eps", {"x": 1.0, "eps": np.ones(3)}, r"eps is a constant: it takes one number"),
        ("x", {"x": 1.0, "dtype": "float8"}, r"'float8' is not one of float64, float32, float16"),
        ("x", {"x": torch.ones(2), "dtype": "float32"}, r"a tensor brings its own"),
    ],
)
def test_errors_say_what_is_allowed(text: str, values: dict[str, Any], message: str) -> None:
    with pytest.raises(DomainError, match=message):
        symkit.evaluate(text, **values)


def test_text_that_does_not_parse() -> None:
    with pytest.raises(ParseError):
        symkit.evaluate("x +", x=1.0)


def test_numbers_and_arrays_need_no_torch() -> None:
    code = "import sys, numpy, symkit; print(symkit.evaluate('x**2', x=numpy.ones(2)), 'torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "[1. 1.] False", done.stderr


def test_derivative_is_the_one_of_the_transforms() -> None:
    assert symkit.evaluate(symkit.derivative("x**3"), x=2.0) == 12.0
    assert symkit.evaluate(symkit.derivative("x**3", order=2), x=2.0) == 12.0
