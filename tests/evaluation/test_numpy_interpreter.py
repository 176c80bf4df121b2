"""The numpy interpreter: dtypes, broadcasting, conditions, and errors. Its numbers are tested with the operators."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from symkit.errors import DomainError
from symkit.evaluation import evaluate_numpy
from symkit.ir import ProgramBuilder
from symkit.text import parse


def test_one_array_a_root_of_its_own_shape() -> None:
    builder = ProgramBuilder()
    x, y = builder.terms([builder.input("x"), builder.input("y")])
    program = builder.build([(x + y).index, (x * x).index, builder.number(3.0)])
    both, one, constant = evaluate_numpy(program, {"x": np.ones((4, 1)), "y": np.ones(3)})
    assert (both.shape, one.shape, constant.shape) == ((4, 3), (4, 1), ())
    assert {both.dtype, one.dtype, constant.dtype} == {np.dtype("float64")}


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16"])
def test_results_have_the_dtype(dtype: str) -> None:
    (value,) = evaluate_numpy(parse("sin(x) + 1").program, {"x": [0.5, 1]}, dtype)
    assert value.dtype == np.dtype(dtype)
    assert np.allclose(value, np.sin([0.5, 1.0]) + 1, rtol=1e-3)


def test_half_is_computed_in_float32_and_rounded_once() -> None:
    x = np.float16([300.0, 2048.0])
    (value,) = evaluate_numpy(parse("x*x/x + 1").program, {"x": x}, "float16")
    # 300**2 exceeds float16; 2049 is a tie between its neighbours and goes to the even one.
    assert value.tolist() == [301.0, 2048.0]


def test_float32_is_not_computed_in_float64() -> None:
    (value,) = evaluate_numpy(parse("x + 1 - x").program, {"x": np.float64(2.0**24)}, "float32")
    assert value == 0.0


def test_conditions_are_numbers_and_numbers_conditions() -> None:
    x = np.array([-1.0, 0.0, 2.0, np.nan])
    for text, wanted in [
        ("(x > 0) + (x >= 0)", [0, 1, 2, 0]),
        ("where(x, 10, 20)", [10, 20, 10, 10]),
        ("logical_not(x)", [0, 1, 0, 0]),
        ("logical_and(x > -2, x)*2", [2, 0, 2, 0]),
        ("x == x", [1, 1, 1, 0]),
    ]:
        (value,) = evaluate_numpy(parse(text).program, {"x": x}, "float32")
        assert value.dtype == np.float32
        assert value.tolist() == wanted, text


def test_ieee_without_warnings() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        (value,) = evaluate_numpy(parse("log(x)/x + exp(1000*x)").program, {"x": np.array([-1.0, 0.0, 1.0])})
    assert np.isnan(value[0])
    assert value[1] == -np.inf
    assert value[2] == np.inf


def test_results_share_no_memory_with_inputs() -> None:
    x = np.array([1.0, 2.0], dtype=np.float32)
    (value,) = evaluate_numpy(parse("x").program, {"x": x}, "float32")
    assert not np.shares_memory(value, x)


def test_unknown_dtype_says_what_there_is() -> None:
    with pytest.raises(DomainError, match="'int8' is not one of float64, float32, float16"):
        evaluate_numpy(parse("x").program, {"x": 1.0}, "int8")


def test_a_leaf_without_a_value_is_named() -> None:
    with pytest.raises(DomainError, match="alpha has no value; given: x"):
        evaluate_numpy(parse("alpha*x").program, {"x": 1.0})
