"""Every known function, with its derivatives, in every backend and dtype, against the exact evaluator.

The yardstick is what rounding alone can do to a formula: each operator and each literal is off by half a unit in its
last place, and to first order that reaches the result times its derivative by that operator. `tolerances` grants twice
that, for library functions are not rounded correctly, and one unit of the result. Plain torch is no yardstick here, for
it is one of the backends on trial.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pytest
import torch
from tolerances import FORMATS, agree
from torch import Tensor

import symkit
from symkit import zoo
from symkit.backends.forms import torch_function
from symkit.evaluation import evaluate_exact
from symkit.evaluation.truth import fitted, is_truth
from symkit.ir import Kind, Program, ProgramBuilder, bind_constants, lower
from symkit.text import Expression
from symkit.transform import gradient, guarded, stabilise

ENTRIES = {name: zoo.entry(name).expression for name in zoo if zoo.entry(name).kind in ("activation", "loss", "gan")}
each_entry = pytest.mark.parametrize("name", ENTRIES)

CLASSES = 10.0
POINTS = 16


@dataclass(frozen=True)
class Facts:
    """What is known of an entry.

    Attributes:
        leaves: inputs and parameters, in order.
        points: a column of POINTS values for each; numbers of eight bits, which every dtype holds.
        exact, remainder: by root, the exact values as sums of two float64 numbers. Roots are the value and the
            derivative by each leaf.
        units: by root, the sum over all operators and literals of |value * derivative of the root by it|.
    """

    leaves: tuple[str, ...]
    points: dict[str, list[float]]
    exact: Any
    remainder: Any
    units: Any


@cache
def facts(name: str) -> Facts:
    e = ENTRIES[name]
    leaves = (*e.inputs, *e.parameters)
    points = columns(e)
    program = value_and_gradient(e, leaves)
    constants = {"eps": e.constants.get("eps", 1e-7), "C": e.constants.get("C", CLASSES)}
    rows = [{**constants, **{leaf: points[leaf][i] for leaf in leaves}} for i in range(POINTS)]
    values = list(zip(*(evaluate_exact(program, row) for row in rows), strict=True))
    exact = np.array([[float(value) for value in column] for column in values])
    remainder = [[float(v - float(v)) if abs(v) < 1e300 else 0.0 for v in column] for column in values]
    return Facts(leaves, points, exact, np.array(remainder), units(program, points, e.constant_values(**constants)))


def columns(e: Expression) -> dict[str, list[float]]:
    """Random values of inputs and parameters."""
    rng = random.Random(str(e))

    def short(value: float) -> float:
        return float(torch.tensor(value).bfloat16())

    found = {"x": [short(rng.gauss(0, 2.5)) for _ in range(POINTS)]}
    for name in e.inputs:
        if name == "y":
            found[name] = [rng.choice((0.0, 1.0, 0.25)) for _ in range(POINTS)]
        elif name != "x":
            found[name] = [short(rng.uniform(0.02, 0.98)) for _ in range(POINTS)]
    for name, initial in e.parameters.items():
        found[name] = [short(initial * rng.uniform(0.8, 1.25) + rng.gauss(0, 0.05)) for _ in range(POINTS)]
    return found


def value_and_gradient(e: Expression, leaves: tuple[str, ...]) -> Program:
    program = stabilise(e.program)
    slopes = gradient(program, leaves)
    builder = ProgramBuilder()
    value, found = builder.include(program), builder.include(slopes)
    return builder.build([value[program.root], *(found[root] for root in slopes.roots)])


def units(program: Program, points: dict[str, list[float]], constants: dict[str, float]) -> Any:
    program = guarded(bind_constants(lower(program), constants))
    leaves = {name: torch.tensor(column, dtype=torch.float64, requires_grad=True) for name, column in points.items()}
    values: list[Tensor] = []
    for node in program.nodes:
        if node.kind is Kind.NUMBER:
            values.append(torch.full((POINTS,), node.number, dtype=torch.float64, requires_grad=True))
        elif node.is_leaf:
            values.append(leaves[node.name])
        else:
            truths = [is_truth(program.nodes[i]) for i in node.operands]
            operands = fitted(node, [values[i] for i in node.operands], truths, Tensor.double, lambda v: v != 0)
            values.append(torch_function(node.operator)(*operands))
    rounded = [not node.is_leaf or node.kind is Kind.NUMBER for node in program.nodes]
    traced = [value for value, may_err in zip(values, rounded, strict=True) if may_err and value.requires_grad]
    return np.array([shares(values[root], traced) for root in program.roots])


def shares(root: Tensor, traced: list[Tensor]) -> list[float]:
    """By point, the sum of |value * derivative of the root by it|."""
    if not root.requires_grad:
        return [0.0] * POINTS
    found = torch.autograd.grad(root.sum(), traced, retain_graph=True, allow_unused=True)
    total = torch.zeros(POINTS, dtype=torch.float64)
    for value, slope in zip(traced, found, strict=True):
        if slope is not None:
            total += torch.nan_to_num((value.detach() * slope).abs(), nan=0.0, posinf=torch.inf)
    return total.tolist()


def faults(name: str, found: list[Any], dtype: str) -> list[str]:
    """Where results, by root, are not the exact values within tolerance; roots that are None were not computed."""
    known = facts(name)
    form = FORMATS[FORMATS[dtype].computed]
    wrong: list[str] = []
    for root, got in enumerate(found):
        if got is None:
            continue
        exact, slack = known.exact[root], known.units[root] * 2.0**-form.bits
        for i in np.flatnonzero(~agree(got, exact, known.remainder[root], slack, dtype)):
            where = ", ".join(f"{leaf}={known.points[leaf][i]!r}" for leaf in known.leaves)
            which = f"by {known.leaves[root - 1]}" if root else "value"
            wrong.append(f"{dtype} {which} at {where}: {got[i]!r}, exact {exact[i]!r}, allowed {slack[i]:.1e}")
    return wrong


def in_torch(e: Expression, name: str, dtype: torch.dtype, backend: str) -> list[Any]:
    """The value and the gradients by every leaf, as float64 arrays."""
    known = facts(name)
    leaves = [torch.tensor(known.points[leaf], dtype=dtype, requires_grad=True) for leaf in known.leaves]
    inputs = len(e.inputs)
    function = symkit.functional(e, backend=backend)
    classes = {"C": CLASSES} if "C" in function.constants and "C" not in e.constants else {}
    value = function(*leaves[:inputs], **dict(zip(e.parameters, leaves[inputs:], strict=True)), **classes)
    gradients = torch.autograd.grad(value.sum(), leaves)
    assert all(result.dtype == dtype for result in (value, *gradients))
    return [result.detach().double().numpy() for result in (value, *gradients)]


@each_entry
def test_values_and_gradients(name: str, backend: str) -> None:
    for dtype in FORMATS:
        assert faults(name, in_torch(ENTRIES[name], name, getattr(torch, dtype), backend), dtype) == []


@each_entry
def test_the_exact_backend_rounds_once(name: str) -> None:
    found = in_torch(ENTRIES[name], name, torch.float64, "exact")
    np.testing.assert_array_equal(np.array(found), facts(name).exact)


@each_entry
def test_values_in_numpy(name: str) -> None:
    e, known = ENTRIES[name], facts(name)
    classes = {"C": CLASSES} if "C" in symkit.functional(e).constants and "C" not in e.constants else {}
    for dtype in ("float64", "float32", "float16"):
        columns = {leaf: np.array(known.points[leaf], dtype) for leaf in known.leaves}
        value = symkit.evaluate(e, **columns, **classes)
        assert value.dtype == dtype
        assert faults(name, [value.astype("float64")], dtype) == []
