"""Derivatives of whole expressions: forward against reverse, higher orders against mpmath, differences, determinism."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import islice
from random import Random
from typing import Any

import mpmath
import pytest

import symkit
from symkit.errors import DomainError
from symkit.evaluation import evaluate_exact
from symkit.ir import Program, ProgramBuilder, digest, verify
from symkit.ops import standard
from symkit.spaces import Recipe, generated
from symkit.text import define, parse, program_text
from symkit.transform import cotangents, derivative, gradient, jvp, tangents, vjp

RECIPE = Recipe(max_size=10, literals=(0.0, 1.0, 2.0, -1.0, 0.5))
NAMES = ("x", "alpha", "beta", "gamma")


def random_point(rng: Random) -> dict[str, float]:
    return {name: rng.gauss(0, 1.5) for name in NAMES} | {"eps": 1e-7}


RESIDUE = 1e-300
"""What terms that cancel leave of a derivative that is 0, as that of x/selu(x) above 0."""


def close(one: Any, other: Any, scale: Any = 0) -> bool:
    return bool(abs(one - other) <= max(1e-20 * max(abs(one), abs(other), scale), RESIDUE))


def is_finite(value: Any) -> bool:
    return bool(value == value and abs(value) < 1e200)


def test_forward_and_reverse_agree() -> None:
    rng = Random(1)
    compared = 0
    for expression in islice(generated(2, RECIPE), 400):
        program = expression.program
        forward, reverse = jvp(program, NAMES), vjp(program, NAMES)
        for derived in (forward, reverse):
            verify(derived)
        (seed,) = cotangents(program)
        point = random_point(rng)
        directions = {name: rng.uniform(-2, 2) for name in tangents(program, NAMES)}
        (pushed,) = evaluate_exact(forward, point | directions)
        pulled = evaluate_exact(reverse, point | {seed: 1.0})
        if is_finite(pushed) and all(map(is_finite, pulled)):
            parts = [slope * direction for slope, direction in zip(pulled, directions.values(), strict=True)]
            assert close(sum(parts), pushed, max(map(abs, parts))), (str(expression), point)
            compared += 1
    assert compared > 250


def test_gradient_is_the_product_with_one() -> None:
    rng = Random(3)
    for expression in islice(generated(4, RECIPE), 200):
        program, point = expression.program, random_point(rng)
        (seed,) = cotangents(program)
        plain, product = (
            evaluate_exact(gradient(program, NAMES), point),
            evaluate_exact(vjp(program, NAMES), point | {seed: 1.0}),
        )
        for one, other in zip(plain, product, strict=True):
            assert close(one, other) or not is_finite(one), str(expression)


def test_several_roots() -> None:
    builder = ProgramBuilder()
    x, y = builder.terms([builder.input("x"), builder.input("y")])
    b = builder.algebra
    program = builder.build([(x * y).index, (b("sin", x) + y).index, (x * y).index])
    seeds = dict(zip(cotangents(program), (2.0, 3.0, 5.0), strict=True))
    point = {"x": 0.5, "y": -1.5}
    by_x, by_y = map(float, evaluate_exact(vjp(program, ["x", "y"]), point | seeds))
    assert by_x == pytest.approx(7 * -1.5 + 3 * math.cos(0.5), rel=1e-15)
    assert by_y == pytest.approx(7 * 0.5 + 3, rel=1e-15)
    directions = dict(zip(tangents(program, ["x", "y"]), (1.0, 10.0), strict=True))
    pushed = [float(v) for v in evaluate_exact(jvp(program, ["x", "y"]), point | directions)]
    assert pushed == pytest.approx([-1.5 + 5.0, math.cos(0.5) + 10, -1.5 + 5.0], rel=1e-15)


def test_products_of_products_keep_their_seeds_apart() -> None:
    program = parse("sin(alpha*x)").program
    first = vjp(program, ["x", "alpha"])
    second = vjp(first, ["x", "alpha", *cotangents(program)])
    seeds = {*cotangents(program), *cotangents(first)}
    assert len(seeds) == 3
    assert set(second.inputs) <= seeds | {"x"}
    mixed = evaluate_exact(second, {"x": 0.7, "alpha": 1.3} | dict.fromkeys(seeds, 1.0))
    u = 1.3 * 0.7
    assert float(mixed[2]) == pytest.approx(1.3 * math.cos(u) + 0.7 * math.cos(u), rel=1e-14)


m = mpmath.mp
FUNCTIONS: list[tuple[str, Callable[[Any], Any]]] = [
    ("tanh(x)", m.tanh),
    ("sigmoid(x)", lambda x: 1 / (1 + m.exp(-x))),
    ("softplus(x)", lambda x: m.log(1 + m.exp(x))),
    ("log_sigmoid(3*x)", lambda x: -m.log(1 + m.exp(-3 * x))),
    ("gelu(x)", lambda x: x * m.erfc(-x / m.sqrt(2)) / 2),
    ("mish(x)", lambda x: x * m.tanh(m.log(1 + m.exp(x)))),
    ("swish(x)*arcsinh(x)", lambda x: x / (1 + m.exp(-x)) * m.asinh(x)),
    ("log_cosh(x)", lambda x: m.log(m.cosh(x))),
    ("erf(x)*exp(-x**2)", lambda x: m.erf(x) * m.exp(-(x**2))),
    ("sinc(2*x)", lambda x: m.sin(2 * x) / (2 * x)),
    ("arctanh(x/4)", lambda x: m.atanh(x / 4)),
    ("squareplus(x, 2)", lambda x: (x + m.sqrt(x * x + 2)) / 2),
    ("smooth_relu(x, 3)", lambda x: m.log(1 + m.exp(3 * x)) / 3),
    ("logaddexp(x, sin(x))", lambda x: m.log(m.exp(x) + m.exp(m.sin(x)))),
    ("aq(x, cos(x))", lambda x: x / m.sqrt(1 + m.cos(x) ** 2)),
    ("sech(x) + hypot(x, 2)", lambda x: m.sech(x) + m.sqrt(x * x + 4)),
    ("(x**2 + 1)**1.5/(x + 5)", lambda x: (x**2 + 1) ** m.mpf(1.5) / (x + 5)),
    ("i0e(x + 4)", lambda x: m.besseli(0, x + 4) * m.exp(-x - 4)),
    ("i1e(x - 4)", lambda x: m.besseli(1, x - 4) * m.exp(x - 4)),
    ("(2 + sin(x))**x", lambda x: (2 + m.sin(x)) ** x),
]


@pytest.mark.parametrize(("text", "function"), FUNCTIONS, ids=[text for text, _ in FUNCTIONS])
def test_orders_up_to_four(text: str, function: Callable[[Any], Any]) -> None:
    points = (-2.25, -0.5, 0.0625, 0.75, 1.5)
    for order in range(1, 5):
        program = derivative(text, order=order).program
        for at in points:
            with mpmath.workdps(80):
                wanted = mpmath.diff(function, mpmath.mpf(at), order)
            (found,) = evaluate_exact(program, {"x": at})
            # Literals that stand for irrational numbers, such as 2/sqrt(pi), have 16 digits.
            assert abs(found - wanted) <= 1e-13 * max(1, abs(wanted)), (order, at)


def test_mixed_derivatives_do_not_depend_on_order() -> None:
    smooth = [operator for operator in standard().values() if operator.smoothness == math.inf and operator.cost]
    recipe = replace(RECIPE, operators=smooth, parameters=("alpha",), literals=(), input_share=0.5)
    rng = Random(8)
    compared = 0
    for expression in islice(generated(9, recipe), 200):
        program, point = expression.program, random_point(rng)
        (one,) = evaluate_exact(gradient(gradient(program, ["x"]), ["alpha"]), point)
        (other,) = evaluate_exact(gradient(gradient(program, ["alpha"]), ["x"]), point)
        if is_finite(one) and is_finite(other):
            assert close(one, other, 1e-5), str(expression)
            compared += one != 0
    assert compared > 30


def difference(program: Program, point: Mapping[str, float], name: str, step: float) -> Any:
    sides = [evaluate_exact(program, {**point, name: point[name] + by})[0] for by in (step, -step)]
    return (sides[0] - sides[1]) / (2 * step)


def test_random_expressions_against_differences() -> None:
    rng = Random(21)
    compared = 0
    for expression in islice(generated(22, RECIPE), 300):
        point = {name: round(value, 3) for name, value in random_point(rng).items() if name != "eps"} | {"eps": 1e-7}
        for name in ("x", *expression.parameters):
            steps = [difference(expression.program, point, name, 2.0**-k) for k in (21, 22, 30)]
            (slope,) = evaluate_exact(gradient(expression.program, [name]), point)
            if not all(map(is_finite, (*steps, slope))):
                continue
            # A kink or a pole near by shows in differences that do not settle as the square of the step.
            if abs(steps[0] - steps[1]) > 1e-9 * max(1, abs(steps[1])):
                continue
            assert abs(steps[2] - slope) <= 1e-9 * max(1, abs(slope)), (str(expression), name, point)
            compared += 1
    assert compared > 300


def test_a_composite_of_the_user_has_the_derivative_of_its_text() -> None:
    table = define("swishy", "f(x; beta = 2) = x*sigmoid(beta*x)")
    table = define("twice", "swishy(swishy(x), 3)", table=table)
    inner = "(x*sigmoid(2*x))"
    written = derivative(f"{inner}*sigmoid(3*{inner})", order=2)
    used = derivative(parse("twice(x)", table=table), order=2)
    for at in (-3.0, -0.5, 0.0, 0.8, 4.0):
        assert close(evaluate_exact(used.program, {"x": at})[0], evaluate_exact(written.program, {"x": at})[0], 1)


def test_a_derivative_is_an_expression_like_any_other() -> None:
    e = symkit.parse("pswish(x; beta: channel = 0.5) = x*sigmoid(beta*x)")
    slope = symkit.derivative(e, "beta")
    assert slope.kind == "activation"
    assert slope.inputs == ("x",)
    assert slope.parameters == {"beta": 0.5}
    assert slope.granularity == {"beta": "channel"}
    assert symkit.parse(str(slope)) == slope
    assert derivative(e, order=0) == e
    assert str(derivative("3 + alpha", "alpha")) == "1"
    assert str(derivative("f(x) = 3", "x")).endswith("0")
    assert derivative("y*log(p)", "p").inputs == ("y", "p")


@pytest.mark.parametrize(
    ("wrt", "order", "message"),
    [
        ("z", 1, "'z' is neither input nor parameter; there are x, alpha"),
        ("pi", 1, "'pi' is neither input nor parameter"),
        ("x", -1, "order -1 is negative"),
    ],
)
def test_errors_say_what_there_is(wrt: str, order: int, message: str) -> None:
    with pytest.raises(DomainError, match=message):
        derivative("alpha*x", wrt, order)


def test_reverse_mode_grows_with_the_program() -> None:
    text = "x"
    for _ in range(40):
        text = f"sin({text})*alpha"
    program = parse(text).program
    assert gradient(program, ["x", "alpha"]).size < 6 * program.size


def test_what_nothing_depends_on_is_zero() -> None:
    program = parse("f(x) = sign(x)*beta").program
    slopes = evaluate_exact(gradient(program, ["x", "gamma"]), {"x": 2.0, "beta": 3.0})
    assert [float(slope) for slope in slopes] == [0.0, 0.0]


DIGESTS = """
from itertools import islice
from symkit.ir import digest
from symkit.spaces import generated
from symkit.transform import gradient, jvp, vjp
for e in islice(generated(77), 25):
    p = e.program
    first = gradient(p, ["x"])
    print(*map(digest, (first, gradient(first, ["x"]), vjp(p, ["x", "alpha"]), jvp(p, ["x"]))))
"""


def test_derivatives_are_the_same_in_every_process() -> None:
    printed = {
        subprocess.run(
            [sys.executable, "-c", DIGESTS],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(printed) == 1
    assert len(printed.pop().splitlines()) == 25


def test_derivatives_are_nodes_in_the_same_order_each_time() -> None:
    for expression in islice(generated(78), 50):
        one, other = (gradient(expression.program, ["x"]) for _ in range(2))
        assert one == other
        assert program_text(one) == program_text(other)
        assert digest(one) == digest(other)
