"""What the tests of the operator table are made from: for any operator its value and derivatives as one Program,
their exact values, and the errors that eager torch makes near a point.

Everything is kept for the whole run: exact values are slow, and every backend and dtype asks for the same ones.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from operators.points import CONSTANTS, NEIGHBOURS, Point, exactly, neighbours, operand_names, points
from tolerances import FORMATS, ZERO_AT_NAN, agree, units

from symkit.backends.eager import EagerKernel
from symkit.backends.plain import has_plain_form
from symkit.ir import Program, ProgramBuilder, bind_constants, lower
from symkit.ops import Operator, standard
from symkit.transform import gradient, guarded

OPERATORS = tuple(standard().values())
TORCH_DTYPES = {name: getattr(torch, name) for name in FORMATS}

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Jet:
    """An operator's value and its first and second derivatives.

    Attributes:
        names: input names, one an operand.
        program: one root for each of `orders`.
        orders: () for the value, (i,) and (i, j) with i <= j for derivatives by operands.
    """

    operator: Operator
    names: tuple[str, ...]
    program: Program
    orders: tuple[tuple[int, ...], ...]


@cache
def jet(operator: Operator) -> Jet:
    names = operand_names(operator)
    whole = ProgramBuilder()
    roots: list[int] = []
    orders: list[tuple[int, ...]] = []

    def add(program: Program, order: tuple[int, ...]) -> None:
        roots.append(whole.include(program)[program.root])
        orders.append(order)
        if len(order) < 2:
            for i in range(order[0] if order else 0, operator.arity):
                add(gradient(program, [names[i]]), (*order, i))

    builder = ProgramBuilder()
    operands = tuple(builder.input(name) for name in names)
    add(builder.build([builder.apply(operator, operands)]), ())
    return Jet(operator, names, whole.build(roots), tuple(orders))


_exact: dict[tuple[str, Point], Array] = {}


def exact_jet(operator: Operator, at: Sequence[Point]) -> Array:
    """The exact value of every root at every point, as the sum of two float64: shape (2, roots, points)."""
    return np.stack([_exact_at(operator, point) for point in at], axis=-1)


def _exact_at(operator: Operator, point: Point) -> Array:
    key = operator.name, point
    if key not in _exact:
        _exact[key] = _two_floats(exactly(jet(operator).program, point))
    return _exact[key]


def _two_floats(values: list[Any]) -> Array:
    nearest = [float(value) for value in values]
    rest = [float(v - n) if math.isfinite(n) else 0.0 for v, n in zip(values, nearest, strict=True)]
    return np.array([nearest, rest])


def holds(dtype: str, point: Point) -> bool:
    """Whether a dtype has every coordinate as it is."""
    wanted = torch.tensor(point, dtype=torch.float64)
    return torch.equal(wanted.to(TORCH_DTYPES[dtype]).double().nan_to_num(), wanted.nan_to_num())


def columns(at: Sequence[Point], dtype: torch.dtype) -> list[torch.Tensor]:
    """One tensor an operand."""
    return list(torch.tensor(at, dtype=torch.float64).to(dtype).unbind(1))


def rows(roots: Sequence[torch.Tensor]) -> Array:
    """Results in float64, shape (roots, points)."""
    # Torch's zero gradients have no storage; adding to them gives them some.
    return torch.stack([(root.detach() + 0.0).double() for root in roots]).numpy()


@cache
def torch_near(operator: Operator, dtype: str) -> dict[Point, tuple[list[Point], Array]]:
    """For each point that a dtype holds its neighbours, and eager torch's results there: shape (roots, neighbours)."""
    centres = [point for point in points(operator) if holds(dtype, point)]
    near = [neighbours(operator, point, dtype) for point in centres]
    got = torch_jet(operator, [point for about in near for point in about], TORCH_DTYPES[dtype])
    by_centre = got.reshape(len(got), len(centres), NEIGHBOURS).swapaxes(0, 1)
    return dict(zip(centres, zip(near, by_centre, strict=True), strict=True))


def torch_errors(operator: Operator, dtype: str, point: Point, root: int) -> Iterator[float]:
    """The finite errors of eager torch at the neighbours of a point; one by one, since exact values are slow."""
    near, got = torch_near(operator, dtype)[point]
    for i, neighbour in enumerate(near):
        exact, remainder = _exact_at(operator, neighbour)[:, root]
        if math.isfinite(exact) and math.isfinite(got[root, i]):
            yield abs((exact - got[root, i]) + remainder)


def torch_jet(operator: Operator, at: Sequence[Point], dtype: torch.dtype) -> Array:
    """What torch and its autograd make of the operator's torch spelling, else of its expansion."""
    program, names = jet(operator).program, jet(operator).names
    value = ProgramBuilder()
    alone = value.build([value.include(program)[program.roots[0]]])
    # Guarded, since branches not taken make torch's gradient NaN, and NaN is no yardstick.
    kernel = EagerKernel(guarded(bind_constants(lower(alone, has_plain_form), CONSTANTS)), names)
    return autograd_jet(lambda *inputs: kernel(*inputs)[0], operator, at, dtype)


def autograd_jet(
    function: Callable[..., torch.Tensor], operator: Operator, at: Sequence[Point], dtype: torch.dtype
) -> Array:
    """A function's value and torch's derivatives of it, shape (roots, points)."""
    inputs = [column.requires_grad_() for column in columns(at, dtype)]

    def derivative(of: torch.Tensor, i: int) -> torch.Tensor:
        if not of.requires_grad:
            return torch.zeros_like(inputs[i])
        (found,) = torch.autograd.grad(of.sum(), inputs[i], create_graph=True, allow_unused=True)
        return torch.zeros_like(inputs[i]) if found is None else found

    results: dict[tuple[int, ...], torch.Tensor] = {}
    for order in jet(operator).orders:
        results[order] = derivative(results[order[:-1]], order[-1]) if order else function(*inputs)
    return rows(list(results.values()))


def faults(operator: Operator, at: Sequence[Point], got: Array, dtype: str, library: str = "torch") -> list[str]:
    """Where results of shape (roots, points) are not the exact values within tolerance; empty if nowhere."""
    exact, remainder = exact_jet(operator, at)
    whole = jet(operator)
    applied = {node.operator.name for node in whole.program.nodes if not node.is_leaf}
    found: list[str] = []
    for root, order in enumerate(whole.orders):
        ulps = units(library, applied if order else ())
        right = agree(got[root], exact[root], remainder[root], 0.0, dtype, ulps)
        for i in np.flatnonzero(~right):
            value, wanted, rest = float(got[root, i]), float(exact[root, i]), float(remainder[root, i])
            worst = 0.0
            for error in torch_errors(operator, FORMATS[dtype].computed, at[i], root):
                worst = max(worst, error)
                if agree(value, wanted, rest, worst, dtype, ulps):
                    break
            else:
                if not _excused(operator, at[i], root, value, wanted):
                    place = f"{operator.name} {order} at {at[i]}"
                    found.append(f"{place}: {value}, exact {wanted}, torch off by {worst:.3g}")
    return found


def _excused(operator: Operator, point: Point, root: int, got: float, exact: float) -> bool:
    if (operator.name, jet(operator).orders[root]) in ZERO_AT_NAN and any(math.isnan(value) for value in point):
        return got == 0
    below = tuple(-5e-324 if value == 0 and math.copysign(1, value) < 0 else value for value in point)
    if repr(below) != repr(point) and not math.isfinite(got):
        # The exact evaluator has one zero; a dtype's -0 may stand at the other side of a pole.
        return not abs(_exact_at(operator, below)[0, root]) < 1e300
    # Infinite operands meet factors that underflow, or each other, and make NaN in a dtype; exactly nothing underflows.
    return len(point) > 1 and any(map(math.isinf, point)) and math.isnan(got) and abs(exact) == math.inf
