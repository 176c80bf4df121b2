"""Torch's gradient as a Program against torch's autograd: finite, infinite or NaN at the same points, and as large.

The formulas are compared over torch's own functions, so that nothing but they can differ; and the Program is compared
as numpy evaluates it, where the functions of the two libraries agree.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from random import Random
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from symkit import zoo
from symkit.backends.eager import EagerKernel
from symkit.backends.forms import has_torch_form
from symkit.evaluation import evaluate_numpy
from symkit.ir import Kind, Node, Program, ProgramBuilder, lower, rebuild
from symkit.ops import Operator, standard
from symkit.spaces import Recipe, generated
from symkit.text import Expression, parse
from symkit.transform import gradient, torch_gradient_program
from symkit.zoo import Entry

Array = NDArray[Any]
Columns = Mapping[str, Array]

DTYPES = ("float32", "float64")
CONSTANTS = {"eps": 1e-7, "C": 10.0}
OPERATORS = tuple(standard().values())
ENTRIES = tuple(zoo.entry(name) for name in zoo)
LITERALS = (0.0, 1.0, 2.0, 3.0, 0.5, -0.5, 1.5, -1.0, -2.0)
RECIPE = Recipe(max_size=10, literals=LITERALS)

MAGNITUDES = (0.0, 0.5, 1.0, 2.0, 3.0, 4.0, 6.0, 2.5, 0.01, 7.3, 15.0, 40.0, 88.0, 88.7, 95.0, 103.0, 104.0, 120.0)
LARGE = (700.0, 709.5, 720.0, 744.0, 750.0, 1e4, 1e10, 1e19, 3e19, 1e25, 1e30, math.inf)
SMALL = (1e-3, 1e-8, 1e-20, 1e-30)

LIBRARIES_DIFFER = {
    "sinh": "torch's vectorised function overflows where exp does, numpy's and torch's of few numbers later",
    "cosh": "as sinh",
    "tanh": "numpy's float32 function is less than 1 where tanh rounds to 1",
    "log1p": "torch's is 0 at the smallest subnormal number",
    "log_sigmoid": "torch's stands on its log1p",
    "hypot": "torch's float32 function overflows an ulp earlier",
    "i0e": "scipy's and torch's differ by an ulp, and the derivative is a difference that cancels for large operands",
    "i1e": "as i0e",
}
"""Functions whose rounding differs so much between the libraries that 0 or infinity comes out of one of them only."""

NEIGHBOURS = 16
NOISE = 1e-3
"""Share of finite derivatives that may differ: sums that cancel leave the rounding of torch's fused kernels."""


@dataclass(frozen=True)
class Case:
    """A Program over torch's functions, the leaves to derive by, and values for all leaves."""

    program: Program
    wrt: tuple[str, ...]
    columns: Columns
    dtype: str

    def at(self, columns: Columns) -> Case:
        return Case(self.program, self.wrt, columns, self.dtype)


def case(program: Program, dtype: str, seed: int, constants: Mapping[str, float] = CONSTANTS) -> Case | None:
    """Special and random points; None where nothing can be derived by."""
    lowered = lower(program, has_torch_form)
    names = (*lowered.inputs, *lowered.parameters)
    if not names:
        return None
    rows = np.array(list(points(len(names), dtype, Random(seed)))).astype(dtype)
    columns = {name: np.ascontiguousarray(rows[:, i]) for i, name in enumerate(names)}
    columns |= {name: np.full(len(rows), constants[name], dtype) for name in lowered.constants}
    return Case(lowered, names, columns, dtype)


def points(dimensions: int, dtype: str, rng: Random) -> Iterator[tuple[float, ...]]:
    """Every special number, or pair of them; a random choice of more. Then random numbers of all sizes."""
    form = np.finfo(dtype)
    edges = (form.max, form.max / 2, form.tiny, form.tiny / 8, form.smallest_subnormal, form.eps, 1 - form.epsneg)
    finite = [float(value) for value in (*MAGNITUDES, *LARGE, *SMALL, *edges)]
    specials = [sign * value for value in finite for sign in (1, -1)] + [math.nan]
    if dimensions <= 2:
        yield from itertools.product(specials, repeat=dimensions)
    else:
        for _ in range(1000):
            yield tuple(rng.choice(specials) for _ in range(dimensions))
    for _ in range(400):
        yield tuple(rng.choice(DRAWS)(rng) for _ in range(dimensions))


DRAWS = (
    lambda rng: rng.gauss(0, 1),
    lambda rng: rng.gauss(0, 10),
    lambda rng: rng.gauss(0, 60),
    lambda rng: rng.choice((-1, 1)) * 2.0 ** rng.uniform(-120, 120),
)


def by_autograd(case: Case) -> list[Array]:
    """What torch's autograd makes of the Program, one call an operator."""
    leaves = {name: torch.tensor(column, requires_grad=name in case.wrt) for name, column in case.columns.items()}
    (result,) = EagerKernel(case.program, tuple(leaves))(*leaves.values())
    wanted = [leaves[name] for name in case.wrt]
    if not result.requires_grad:
        return [np.zeros(leaf.shape, case.dtype) for leaf in wanted]
    found = torch.autograd.grad(result, wanted, torch.ones_like(result), allow_unused=True)
    return [np.zeros(result.shape, case.dtype) if slope is None else slope.numpy() for slope in found]


def over_torch(case: Case) -> list[Array]:
    """The gradient's Program over torch's functions; literals are tensors, so that no Python operator steps in."""
    literals: dict[str, float] = {}

    def named(builder: ProgramBuilder, node: Node, operands: tuple[int, ...]) -> int | None:
        if node.kind is not Kind.NUMBER:
            return None
        literals[f"literal {node.number.hex()}"] = node.number
        return builder.parameter(f"literal {node.number.hex()}")

    program = rebuild(lower(torch_gradient_program(case.program, case.wrt), has_torch_form), named)
    dtype = getattr(torch, case.dtype)
    leaves = {name: torch.tensor(column) for name, column in case.columns.items()}
    leaves |= {name: torch.tensor(value, dtype=dtype) for name, value in literals.items()}
    return [root.numpy() for root in EagerKernel(program, tuple(leaves))(*leaves.values())]


def over_numpy(case: Case) -> list[Array]:
    roots = evaluate_numpy(torch_gradient_program(case.program, case.wrt), case.columns, case.dtype)
    return [np.broadcast_to(root, case.columns[case.wrt[0]].shape) for root in roots]


def classes(values: Array) -> Array:
    """0 for finite numbers, the sign of infinities, 2 for NaN."""
    found: Array = np.where(np.isfinite(values), 0, np.where(np.isnan(values), 2, np.sign(values)))
    return found


def moved(case: Case, rng: np.random.Generator) -> Case:
    """The points moved by a few units in the last place; special ones stay."""
    columns: dict[str, Array] = {}
    for name, column in case.columns.items():
        steps = rng.integers(-8, 9, column.shape).astype(f"int{8 * column.itemsize}")
        near = (column.view(steps.dtype) + steps).view(column.dtype)
        columns[name] = np.where(np.isfinite(column) & (column != 0), near, column)
    return case.at(columns)


def misfits(case: Case, evaluate: Any) -> list[str]:
    """Where finite, infinite and NaN differ; units from a threshold, or in a tensor of one number, either fits."""
    theirs, ours = by_autograd(case), evaluate(case)
    differ = [classes(one) != classes(other) for one, other in zip(theirs, ours, strict=True)]
    if any(map(np.any, differ)):
        rng = np.random.default_rng(0)
        for _ in range(NEIGHBOURS):
            for slot, near in enumerate(evaluate(moved(case, rng))):
                differ[slot] &= classes(theirs[slot]) != classes(near)
    return [
        f"d{name} at {point(case, row)}: torch {theirs[slot][row]}, Program {ours[slot][row]}"
        for slot, name in enumerate(case.wrt)
        for row in np.flatnonzero(differ[slot])
        if classes(by_autograd(alone(case, row))[slot])[0] != classes(ours[slot])[row]
    ]


def alone(case: Case, row: Any) -> Case:
    return case.at({name: column[row : row + 1] for name, column in case.columns.items()})


def point(case: Case, row: Any) -> dict[str, float]:
    return {name: float(column[row]) for name, column in case.columns.items()}


def share_apart(cases: Sequence[Case]) -> float:
    """The share of finite derivatives that are not the same number but for rounding."""
    apart = total = 0
    for each in cases:
        for theirs, ours in zip(by_autograd(each), over_torch(each), strict=True):
            finite = np.isfinite(theirs) & np.isfinite(ours)
            slack = np.finfo(each.dtype).tiny
            near = np.isclose(theirs[finite], ours[finite], rtol=1e-4, atol=slack)
            apart, total = apart + np.count_nonzero(~near), total + near.size
    assert total > 100
    return apart / total


def applied(operator: Operator) -> Program:
    builder = ProgramBuilder()
    operands = tuple(builder.input(name) for name in "abcdefgh"[: operator.arity])
    return builder.build([builder.apply(operator, operands)])


def scaled(operator: Operator) -> Program:
    """The operator times another input, so that it is handed all kinds of cotangents."""
    builder = ProgramBuilder()
    result = builder.term(builder.include(applied(operator))[-1])
    return builder.build([(builder.term(builder.input("scale")) * result).index])


def with_literal(operator: Operator, slot: int, value: float) -> Program:
    """The operator of inputs, with a literal in one slot."""
    builder = ProgramBuilder()
    operands = [builder.input(name) for name in "abcdefgh"[: operator.arity]]
    operands[slot] = builder.number(value)
    return builder.build([builder.apply(operator, tuple(operands))])


def cases_of(expression: Expression, seed: int = 0) -> list[Case]:
    found = [case(expression.program, dtype, seed, expression.constant_values(C=10.0)) for dtype in DTYPES]
    return [each for each in found if each is not None]


def agrees_in_libraries(expression: Expression) -> bool:
    names = lower(torch_gradient_program(lower(expression.program, has_torch_form), ["x"]), has_torch_form)
    return LIBRARIES_DIFFER.keys().isdisjoint(names.operator_counts())


each_dtype = pytest.mark.parametrize("dtype", DTYPES)
each_operator = pytest.mark.parametrize("operator", OPERATORS, ids=lambda operator: operator.name)


@each_dtype
@each_operator
def test_operators(operator: Operator, dtype: str) -> None:
    single = case(applied(operator), dtype, 1)
    if single is None:
        assert lower(applied(operator), has_torch_form).size == 0
        return
    assert misfits(single, over_torch) == []


@each_dtype
@each_operator
def test_operators_that_are_handed_any_cotangent(operator: Operator, dtype: str) -> None:
    single = case(scaled(operator), dtype, 5)
    assert single is not None
    assert misfits(single, over_torch) == []


@each_operator
def test_operators_of_literals(operator: Operator) -> None:
    for slot, value in itertools.product(range(operator.arity), LITERALS):
        single = case(with_literal(operator, slot, value), "float32", 2) if operator.arity > 1 else None
        if single is not None:
            assert misfits(single, over_torch) == [], value


@each_dtype
@each_operator
def test_operators_in_numpy(operator: Operator, dtype: str) -> None:
    single = case(applied(operator), dtype, 3)
    if single is not None:
        assert misfits(single, over_numpy) == []


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_zoo(entry: Entry) -> None:
    for each in cases_of(entry.expression):
        assert misfits(each, over_torch) == []


@pytest.mark.parametrize("seed", range(4))
def test_random_expressions(seed: int) -> None:
    compared = 0
    for expression in islice(generated(seed, RECIPE), 75):
        for each in cases_of(expression, seed):
            assert misfits(each, over_torch) == [], str(expression)
            compared += 1
    assert compared > 100


def test_random_expressions_in_numpy() -> None:
    compared = 0
    for expression in islice(generated(90, RECIPE), 300):
        if agrees_in_libraries(expression):
            for each in cases_of(expression):
                assert misfits(each, over_numpy) == [], str(expression)
                compared += 1
    assert compared > 150


def test_values_are_torchs_but_for_rounding() -> None:
    programs = [applied(operator) for operator in OPERATORS]
    operators = [found for program in programs for dtype in DTYPES if (found := case(program, dtype, 4))]
    assert share_apart(operators) < NOISE
    assert share_apart([each for entry in ENTRIES for each in cases_of(entry.expression)]) < NOISE
    drawn = islice(generated(91, RECIPE), 100)
    assert share_apart([each for expression in drawn for each in cases_of(expression)]) < 5 * NOISE


KNOWN = [
    ("abs(y*sqrt(abs(y/sqrt(1 + p**2))))", {"y": 0.0, "p": 1.5}, (math.nan, math.nan), "sqrt'(0)"),
    ("where(x > 0, log(x), x)", {"x": 0.0}, (math.nan,), "where hands 0 to log, whose 0/0 is NaN"),
    ("where(x > 0, log(x), x)", {"x": -1.0}, (1.0,), "and 0/-1 is 0"),
    ("where(x > 1, 0, x)*exp(x)", {"x": 100.0}, (math.nan,), "the select's cotangent is masked, that of exp is 0*inf"),
    ("max(sqrt(x), 1)", {"x": 0.0}, (math.nan,), "the loser of a maximum gets 0, and sqrt makes NaN of it"),
    ("sign(sqrt(x))", {"x": 0.0}, (math.nan,), "the gradient of sign is a 0 that flows on"),
    ("x**0*sqrt(x)", {"x": 0.0}, (math.inf,), "the gradient of a power with the literal 0 is 0"),
    ("x**y", {"x": 0.0, "y": 0.0}, (0.0, 0.0), "where, as torch has it"),
    ("exp(x)**y", {"x": 100.0, "y": 0.0}, (math.nan, math.inf), "the where of the power comes before the exponential"),
    ("abs(x)", {"x": math.nan}, (0.0,), "torch's sign of NaN is 0"),
    ("relu(x)", {"x": 0.0}, (0.0,), "kink"),
    ("max(x, y)", {"x": 2.0, "y": 2.0}, (0.5, 0.5), "tie"),
    ("0/x", {"x": 1e-30}, (math.nan,), "Python computes reciprocal(x)*0"),
    ("1/x", {"x": 1e-30}, (-math.inf,), "pole"),
    (
        "sqrt(sigmoid(x))",
        {"x": -95.0},
        (math.nan,),
        "exp(95) overflows, so sigmoid is 0, whose root's slope is infinite",
    ),
    ("tanh(x)*exp(x**2)", {"x": 20.0}, (math.nan,), "infinity from exp times 0 from 1 - tanh**2"),
    ("tanh(exp(x))", {"x": 100.0}, (math.nan,), "0 from tanh times infinity from exp"),
    ("i1e(log(x))", {"x": -1.0}, (-0.5,), "torch's slope of i1e at NaN is 1/2"),
    ("x + (x > 1)", {"x": 1.0}, (1.0,), "conditions carry no gradient"),
    ("x + 0*y", {"x": 1.0, "y": 1.0, "z": 3.0}, (1.0, 0.0, 0.0), "nothing depends on z"),
    ("x*x", {"x": 3.0}, (6.0,), "both edges count"),
]


@pytest.mark.parametrize(("text", "point", "slopes", "why"), KNOWN, ids=lambda value: str(value)[:40])
def test_known_points(text: str, point: dict[str, float], slopes: tuple[float, ...], why: str) -> None:
    program = parse(text, kind="plain").program
    found = evaluate_numpy(torch_gradient_program(program, tuple(point)), point, "float32")
    np.testing.assert_array_equal([float(slope) for slope in found], slopes, why)
    columns = {name: np.array([value], "float32") for name, value in point.items()}
    theirs = by_autograd(Case(lower(program, has_torch_form), tuple(point), columns, "float32"))
    np.testing.assert_array_equal([float(slope[0]) for slope in theirs], slopes, why)


def test_symkits_own_gradient_is_another() -> None:
    """What is masked is finite where torch's is not: the comparisons above can tell the two apart."""
    masked = gradient(parse("where(x > 0, log(x), x)").program, ["x"])
    assert evaluate_numpy(masked, {"x": 0.0})[0] == 1.0


def test_every_torch_function_has_partials() -> None:
    with_form = [operator for operator in OPERATORS if operator.torch is not None]
    assert len(with_form) > 40
    assert [operator.name for operator in with_form if operator.partials is None] == []


def test_the_program_grows_with_the_expression() -> None:
    text = "x"
    for _ in range(40):
        text = f"tanh({text})*alpha"
    program = parse(text).program
    assert torch_gradient_program(program, ["x", "alpha"]).size < 8 * program.size


def test_what_does_not_depend_is_zero() -> None:
    derived = torch_gradient_program(parse("f(x) = zero(x) + (x > 1)").program, ["x", "alpha"])
    assert [float(slope) for slope in evaluate_numpy(derived, {"x": 2.0})] == [0.0, 0.0]
    assert derived.size == 0
