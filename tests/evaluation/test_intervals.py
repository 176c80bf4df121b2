"""Intervals hold what is computed: whichever library computes it in a dtype, and exactly over the reals."""

from __future__ import annotations

import math
import time
from typing import Any

import numpy as np
import pytest

from bench.containment import exact_strays, strays
from bench.libraries import LIBRARIES, runner
from symkit import zoo
from symkit.errors import DomainError
from symkit.evaluation.formats import FORMATS
from symkit.evaluation.intervals import IntervalEvaluator
from symkit.evaluation.time_limit import OutOfTime, time_limit
from symkit.ir import Program, ProgramBuilder
from symkit.ops import Operator, standard
from symkit.ops.interval_forms import FARTHEST_TANGENTS
from symkit.spaces import Recipe, generate
from symkit.text import parse

EVERY = pytest.mark.parametrize("operator", standard().values(), ids=lambda operator: operator.name)
FLOAT32 = FORMATS["float32"]


def alone(operator: Operator) -> Program:
    builder = ProgramBuilder()
    return builder.build([builder.apply(operator, tuple(builder.input(name) for name in "xyz"[: operator.arity]))])


def interval(text: str, dtype: str | None = "float32", **bounds: tuple[float, float]) -> tuple[float, float, bool]:
    """Lowest, highest and whether undefined, on one box."""
    evaluator = IntervalEvaluator(parse(text).program, None if dtype is None else FORMATS[dtype], {"eps": 1e-7})
    (found,) = evaluator({name: (np.array([low]), np.array([high])) for name, (low, high) in bounds.items()})
    shape = (1,)
    low, high, undefined = (np.broadcast_to(part, shape)[0] for part in (found.low, found.high, found.undefined))
    return float(low), float(high), bool(undefined)


@EVERY
@pytest.mark.parametrize("dtype", FORMATS)
def test_operators_in_every_library(operator: Operator, dtype: str) -> None:
    rng = np.random.default_rng(1)
    for infinite in (False, True):
        # Compiling takes longer than all the rest.
        libraries = LIBRARIES if infinite and dtype == "float32" else LIBRARIES[:2]
        assert not strays(alone(operator), dtype, rng, boxes=60, points=30, libraries=libraries, infinite=infinite)


@EVERY
def test_operators_over_the_reals(operator: Operator) -> None:
    assert not exact_strays(alone(operator), np.random.default_rng(2))


@pytest.mark.parametrize("start", range(0, 240, 24))
def test_random_programs(start: int) -> None:
    recipe = Recipe(max_size=10)
    for seed in range(start, start + 24):
        rng = np.random.default_rng(seed)
        program = generate(seed, recipe).program
        dtype = list(FORMATS)[seed % 3]
        libraries = LIBRARIES if seed % 8 == 0 else LIBRARIES[:2]
        assert not strays(program, dtype, rng, boxes=40, points=25, libraries=libraries, infinite=bool(seed % 2))


@pytest.mark.parametrize("start", range(0, 72, 24))
def test_random_programs_over_the_reals(start: int) -> None:
    for seed in range(start, start + 24):
        assert not exact_strays(
            generate(seed, Recipe(max_size=6)).program, np.random.default_rng(seed), boxes=5, points=4
        )


def test_the_zoo() -> None:
    for seed, name in enumerate(list(zoo)[::2]):
        assert not strays(
            zoo[name].program,
            list(FORMATS)[seed % 3],
            np.random.default_rng(seed),
            boxes=30,
            points=20,
            libraries=LIBRARIES[:2],
            infinite=bool(seed % 2),
        ), name


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("x + x", 2.0, 4.0),
        ("x - x", 0.0, 0.0),
        ("x*x", 1.0, 4.0),
        ("x*3", 3.0, 6.0),
        ("-x", -2.0, -1.0),
        ("x + 0.5", 1.5, 2.5),
        ("max(x, 1.5)", 1.5, 2.0),
        ("min(x, 1.5)", 1.0, 1.5),
        ("x > 3", 0.0, 0.0),
        ("x <= 2", 1.0, 1.0),
        ("x == x", 1.0, 1.0),
        ("sign(x)", 1.0, 1.0),
        ("|x - 1.5|", 0.0, 0.5),
        ("where(x < 3, x, 1/0)", 1.0, 2.0),
        ("x/x", 1.0, 1.0),
    ],
)
def test_exact_bounds_are_not_widened(text: str, low: float, high: float) -> None:
    for dtype in (*FORMATS, None):
        assert interval(text, dtype, x=(1.0, 2.0)) == (low, high, False)


def test_what_is_not_exact_over_the_reals_is_rounded_outwards() -> None:
    low, high, _ = interval("x + 0.1", None, x=(0.2, 0.2))
    assert low < high == math.nextafter(low, 1)
    low, high, _ = interval("x*0.1", None, x=(0.1, 0.1))
    assert low < 0.01 < high or math.nextafter(low, 1) == high
    assert interval("x*x", None, x=(1e-200, 1e-200)) == (0.0, math.ulp(0.0), False)
    assert interval("x*x", None, x=(1e200, 1e200)) == (np.finfo(np.float64).max, math.inf, False)


@pytest.mark.parametrize(
    ("text", "box"),
    [
        ("log(x)", (0.0, 1.0)),
        ("log(x)", (-1.0, 1.0)),
        ("1/x", (-1.0, 1.0)),
        ("sqrt(x)", (-1e-300, 1.0)),
        ("rsqrt(x)", (0.0, 1.0)),
        ("arctanh(x)", (0.0, 1.0)),
        ("arctanh(x)", (-2.0, 0.0)),
        ("log1p(x)", (-1.0, 1.0)),
        ("x**0.5", (-1.0, 1.0)),
        ("x**-2", (-1.0, 1.0)),
        ("x**-0.5", (0.0, 1.0)),
        ("tan(x)", (1.0, 2.0)),
        ("reciprocal(x)", (0.0, 0.0)),
    ],
)
def test_holes_over_the_reals(text: str, box: tuple[float, float]) -> None:
    assert interval(text, None, x=box)[2]


@pytest.mark.parametrize(
    ("text", "box"),
    [
        ("sin(x) - sin(x)", (-1e30, 1e30)),
        ("1/(1 + 1/exp(x))", (-1e30, 1e30)),
        ("where(x > 0, log(x), 0)", (-1e30, 1e30)),
        ("where(x <= 0, 0, log(x))", (-1e30, 1e30)),
        ("where(1 > |x|, arctanh(x), 0)", (-1e30, 1e30)),
        ("where(-x < 0, log(x), 0)", (-1e30, 1e30)),
        ("where(x != x, 0, x)", (-1e30, 1e30)),
        ("log_cosh(x)", (-1e30, 1e30)),
        ("elu(x)", (-1e30, 1e30)),
        ("sqrt(1 - tanh(x)**2)", (-1e30, 1e30)),
        ("sinc(x)", (-1e30, 1e30)),
        ("tan(x)", (-1e30, 1e30)),
        ("(-2)**where(x > 1, 1, 1)", (-1e30, 1e30)),
        ("exp(-exp(x))", (-1e30, 1e30)),
    ],
)
def test_no_undefined_value_where_there_is_none(text: str, box: tuple[float, float]) -> None:
    low, high, undefined = interval(text, "float32", x=box)
    assert not undefined
    assert math.isfinite(low)
    assert math.isfinite(high)


@pytest.mark.parametrize("dtype", FORMATS)
def test_comparisons_with_nan_are_false(dtype: str) -> None:
    # x - x is NaN at infinities, and log(-1) everywhere.
    assert interval("log(-1 - x*0) < 0", dtype, x=(0.0, 1.0))[:2] == (0.0, 0.0)
    assert interval("log(-1 - x*0) >= 0", dtype, x=(0.0, 1.0))[:2] == (0.0, 0.0)
    nan = "log(-1 - x*0)"
    assert interval(f"{nan} < {nan}", dtype, x=(0.0, 1.0))[:2] == (0.0, 0.0)
    assert interval(f"{nan} != {nan}", dtype, x=(0.0, 1.0))[:2] in ((0.0, 1.0), (1.0, 1.0))
    low, high, _ = interval(f"where({nan}, 2, 3)", dtype, x=(0.0, 1.0))
    assert low <= 2 <= high, "NaN counts as true"


def test_what_libraries_make_of_nan_and_infinities_is_held() -> None:
    """NaN**0 and 1**NaN are 1, hypot(inf, NaN) is inf, torch's sign of NaN is 0."""
    nan = "log(-1 - x*0)"
    for text, value in ((f"({nan})**0", 1.0), (f"1**({nan})", 1.0), (f"sign({nan})", 0.0)):
        low, high, _ = interval(text, "float32", x=(0.0, 1.0))
        assert low <= value <= high, text
    low, high, _ = interval(f"hypot(exp(1000 + x), {nan})", "float32", x=(0.0, 1.0))
    assert high == math.inf


def test_a_literal_over_something_may_be_multiplied_by_the_reciprocal() -> None:
    """As torch does: 1e-30/1e-40 is 1e10, but 1/1e-40 is infinite."""
    assert interval("1e-30/x", "float32", x=(1e-40, 1e-40))[1] == math.inf
    assert math.isfinite(interval("y/x", "float32", x=(1e-40, 1e-40), y=(1e-30, 1e-30))[1])


@pytest.mark.parametrize(("form", "bits"), [("float32", 24), ("float64", 53)])
def test_no_number_is_nearer_to_a_pole_of_the_tangent(form: str, bits: int) -> None:
    """By best approximations: of all m < 2**bits the convergents' denominators bring m*2**e nearest to k*pi/2."""
    from mpmath import mp

    info = np.finfo(form)
    first, last = -bits, int(info.maxexp) - bits
    with mp.workprec(4 * int(info.maxexp) // 3 + 400):
        nearest = min(_distance(mp, mp.mpf(2) ** exponent, 2**bits) for exponent in range(first, last + 1))
        assert 1 / nearest < FARTHEST_TANGENTS[info.dtype.itemsize]
        assert 1 / nearest > FARTHEST_TANGENTS[info.dtype.itemsize] / 2


def _distance(mp: Any, step: Any, most: int) -> Any:
    """How near a multiple of `step`, fewer than `most` times, comes to a multiple of pi/2 that is not 0."""
    ratio = step / (mp.pi / 2)
    rest, (h0, h1), (k0, k1) = ratio, (0, 1), (1, 0)
    nearest = mp.inf
    while True:
        whole = int(mp.floor(rest))
        h0, h1, k0, k1 = h1, whole * h1 + h0, k1, whole * k1 + k0
        if k1 >= most:
            return nearest
        if h1:
            nearest = abs(k1 * ratio - h1) * (mp.pi / 2)
        rest = 1 / (rest - whole)


def test_far_tangents_are_finite_in_every_library() -> None:
    worst = {"float32": math.ldexp(16367173, 72), "float64": math.ldexp(6381956970095103, 797)}
    for dtype, value in worst.items():
        low, high, undefined = interval("tan(x)", dtype, x=(value, value))
        assert not undefined
        exact = {"float32": 6.1928332e8, "float64": 2.1334854e18}[dtype]
        assert low < high
        assert min(abs(low), abs(high)) < exact * 1.0001
        assert max(abs(low), abs(high)) > exact * 0.9999


def test_the_tail_of_erfc() -> None:
    """Scipy's float64 is hundreds of units off there, torch and the compiled kernel are not."""
    x = np.linspace(5, 26.5, 2000)
    program = alone(standard()["erfc"])
    (found,) = IntervalEvaluator(program, FORMATS["float64"])({"x": (x, x)})
    for library in LIBRARIES:
        values = runner(library, program)({"x": x})
        assert ((found.low <= values) & (values <= found.high)).all(), library


def test_constants_alone() -> None:
    evaluator = IntervalEvaluator(parse("sin(pi)*cos(2)/e").program, None)
    (found,) = evaluator({})
    assert found.low <= 0 <= found.high
    assert found.high - found.low < 1e-15


def test_a_leaf_without_bounds() -> None:
    with pytest.raises(DomainError, match="y has no bounds; given: x"):
        IntervalEvaluator(parse("x + y").program, FLOAT32)({"x": (0.0, 1.0)})


def test_time_limits_hold_in_the_middle_of_a_program() -> None:
    builder = ProgramBuilder()
    node = builder.input("x")
    for _ in range(3000):
        node = builder.named("log_cosh", (node,))
    evaluator = IntervalEvaluator(builder.build([node]), FLOAT32)
    start = time.monotonic()
    with pytest.raises(OutOfTime), time_limit(10.0), time_limit(0.2):
        evaluator({"x": (np.array([-1.0]), np.array([1.0]))})
    assert time.monotonic() - start < 2
