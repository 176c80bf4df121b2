"""The canonical digest: what it ignores, what it does not, and that it stays."""

from __future__ import annotations

import os
import subprocess
import sys
from itertools import permutations
from pathlib import Path
from random import Random

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import symkit
from symkit.ir import Kind, Node, Program, ProgramBuilder, digest, rebuild, renamed
from symkit.ir.digest import parameter_order
from symkit.ops import standard
from symkit.spaces import Recipe, generate
from symkit.text import parse

SHARED = Recipe(max_size=30, max_depth=8, sharing=0.4, parameters=("a", "b", "c", "d"), constants=("pi", "eps"))

GOLDEN = {
    "x": "130b24e71e9789db6af7f1ffb7373e36a7b1ace1cae2beb0d31426e7e6c48043",
    "2": "75a07f99f101b35d6111f49477cf9c6ae5984cc68fef4ecfc025b453caa8094c",
    "-0": "e6a1284463d752f113e58e3162b0be969a6b8371d18b359ca73c7d6aa389844a",
    "x*sigmoid(beta*x)": "5a1de303674ae7803fe7ea0c6f388212f0b1d7b9bba31ebcf0f0ef93571b10ab",
    "max(swish(x), alpha*log(sigmoid(relu(x))))": "d1143e30c6d9755baa56310a8d94cc6b71d568d35fff59284e3d872207150ec6",
    "alpha*x - beta*log_sigmoid(gamma*x)": "8d0115c137bcdc30b3df0724aaafd6e81c45070d9ecf0fa527e760ba44ad0fab",
    "-y*log(p)": "9942ddb16e526c0722731f8314763c5dddccbd6eeaf967230b830aac95a1f602",
    "(y - p)**2": "c6e7947941c5a5fda72c2dc258d18e0a65fc7c147df53a0bcc708554b05a9f48",
    "a*x + a*b + c*pi - eps/C": "c7a403247fb77ef43ccceca9d3dfe48f197d55629f6ba94e95542e15e7f5ebe1",
    "where(x > 0, x, elu(x, 0.1))": "540ca7910161cc05f6d10ca8b0efc9e9b048ab5a94475150111763204aee8822",
    "s = tanh(softplus(x)); x*s*(1 - s)": "6bcd1475874e3b7e0c59530526d1bb6c698e6c86ba35260071d25d1fb2d113cc",
}


@pytest.mark.parametrize("text", GOLDEN)
def test_the_digest_stays_what_it_is(text: str) -> None:
    assert parse(text).digest == GOLDEN[text]


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("x*2", "2*x"),
        ("x + 2*y", "y*2 + x"),
        ("max(x, min(1, x))", "max(min(x, 1), x)"),
        ("x == 1", "1 == x"),
        ("hypot(x, 1)", "hypot(1, x)"),
        ("logical_and(x > 0, x < 1)", "logical_and(x < 1, x > 0)"),
        ("alpha*x", "x*omega"),
        ("a*x + b", "b*x + a"),
        ("a - b", "b - a"),
        ("a*x + a*b", "c*x + d*c"),
        ("(a + b)*(a + c)", "(b + c)*(a + c)"),
        ("max(a*sin(a), b*sin(b))", "max(sin(a)*a, b*sin(b))"),
        ("f(x; a = 2) = a*x", "f(x; a: layer) = a*x"),
        ("swishy(x) = x", "x"),
        ("silu(x)", "swish(x)"),
        ("x**2", "pow(x, 2)"),
        ("x - 0.5", "x - 5e-1"),
    ],
)
def test_what_the_digest_ignores(left: str, right: str) -> None:
    assert parse(left).digest == parse(right).digest


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("x - y", "y - x"),
        ("x/2", "2/x"),
        ("x**2", "2**x"),
        ("x < 1", "1 < x"),
        ("aq(x, 1)", "aq(1, x)"),
        ("where(x > 0, x, 1)", "where(x > 0, 1, x)"),
        ("x + (y + 1)", "(x + y) + 1"),
        ("x*1", "x"),
        ("x + 0", "x"),
        ("x + 0", "x + -0"),
        ("x - x", "0"),
        ("1 + 1", "2"),
        ("--x", "x"),
        ("x*x", "square(x)"),
        ("swish(x)", "x*sigmoid(x)"),
        ("a*x + a", "a*x + b"),
        ("a*x*a", "a*x*b"),
        ("(a - b)*(a - c)", "(a - b)*(c - a)"),
        ("(a - b)*(b - c)*(c - a)", "(a - b)*(b - c)*(a - c)"),
        ("a/b + b/c + c/a", "a/b + b/a + c/c"),
        ("x + pi", "x + e"),
        ("x + pi", "x + 3.141592653589793"),
        ("y*x", "p*x"),
        ("2*x", "2.0000000000000004*x"),
        ("elu(x)", "elu(x, 2)"),
    ],
)
def test_what_the_digest_tells_apart(left: str, right: str) -> None:
    assert parse(left).digest != parse(right).digest


def test_a_parameter_is_no_input() -> None:
    assert parse("y*x", kind="activation").digest != parse("y*x", kind="plain").digest


def test_roots_have_an_order() -> None:
    builder = ProgramBuilder()
    x, y = builder.input("x"), builder.input("y")
    assert digest(builder.build([x, y])) != digest(builder.build([y, x]))
    assert digest(builder.build([x, x])) != digest(builder.build([x]))


def shuffled(program: Program, rng: Random) -> Program:
    """Operands of commutative operators in any order, parameters by any names."""

    def change(builder: ProgramBuilder, node: Node, operands: tuple[int, ...]) -> int | None:
        if node.is_leaf or not node.operator.commutative or rng.random() < 0.5:
            return None
        return builder.apply(node.operator, operands[::-1])

    names = list(program.parameters)
    fresh = rng.sample([*names, "k", "q", "w"], len(names))
    return renamed(rebuild(program, change), dict(zip(names, fresh, strict=True)))


@settings(max_examples=300)
@given(seed=st.integers(0, 2**64))
def test_order_of_commuting_operands_and_names_of_parameters_do_not_matter(seed: int) -> None:
    program = generate(seed, SHARED).program
    assert digest(shuffled(program, Random(seed))) == digest(program)


NONCOMMUTING = Recipe(
    operators=[op for op in standard().values() if op.infix is not None],
    max_size=20,
    inputs=("x", "y"),
    parameters=(),
    sharing=0.3,
)


@settings(max_examples=300)
@given(seed=st.integers(0, 2**64))
def test_order_of_other_operands_matters(seed: int) -> None:
    program = generate(seed, NONCOMMUTING).program
    swappable = [i for i, n in enumerate(program.nodes) if len(n.operands) == 2 and not n.operator.commutative]
    assume(swappable)
    chosen = Random(seed).choice(swappable)
    left, right = program.nodes[chosen].operands
    assume(digest_of(program, left) != digest_of(program, right))
    nodes = list(program.nodes)
    nodes[chosen] = Node(Kind.APPLY, nodes[chosen].operator, (right, left))
    builder = ProgramBuilder()
    placed = builder.include(Program(nodes, program.roots))
    assert digest(builder.build([placed[program.root]])) != digest(program)


def digest_of(program: Program, index: int) -> str:
    builder = ProgramBuilder()
    return digest(builder.build([builder.include(program)[index]]))


SMALL = Recipe(
    operators=("add", "mul", "sub", "sin", "max"),
    max_size=4,
    max_depth=3,
    parameters=("a", "b", "c"),
    literals=(1.0,),
    input_share=0.2,
    sharing=0.3,
)


def by_trying_all_names(program: Program) -> str:
    """The least text under all orders of parameters, commuting operands sorted: canonical by brute force."""
    names = program.parameters
    forms = []
    for order in permutations(range(len(names))):
        numbers = dict(zip(names, order, strict=True))
        texts: list[str] = []
        for node in program.nodes:
            if node.kind is Kind.PARAMETER:
                texts.append(f"#{numbers[node.name]}")
            elif node.is_leaf:
                texts.append(str(node.value))
            else:
                operands = [texts[i] for i in node.operands]
                ordered = sorted(operands) if node.operator.commutative else operands
                texts.append(f"{node.operator.name}({','.join(ordered)})")
        forms.append(texts[program.root])
    return min(forms)


def test_the_digest_is_what_trying_all_names_says() -> None:
    digests: dict[str, str] = {}
    forms: dict[str, str] = {}
    for seed in range(6000):
        program = generate(seed, SMALL).program
        form, found = by_trying_all_names(program), digest(program)
        assert digests.setdefault(form, found) == found, form
        assert forms.setdefault(found, form) == form, form
    assert 500 < len(digests) < 5000


@settings(max_examples=200)
@given(seed=st.integers(0, 2**64))
def test_parameter_order_pairs_the_parameters_of_equal_programs(seed: int) -> None:
    program = generate(seed, SHARED).program
    other = shuffled(program, Random(seed))
    order = parameter_order(program)
    assert sorted(order) == sorted(program.parameters)
    assert digest(named(program, order)) == digest(named(other, parameter_order(other)))


def named(program: Program, order: tuple[str, ...]) -> Program:
    """Parameters as inputs, which the digest knows by name."""

    def change(builder: ProgramBuilder, node: Node, operands: tuple[int, ...]) -> int | None:
        return builder.input(f"p{order.index(node.name)}") if node.kind is Kind.PARAMETER else None

    return rebuild(program, change)


def test_look_alike_parameters_beyond_the_rounds_still_get_a_digest() -> None:
    def tree(first: int, last: int) -> str:
        if last - first == 1:
            return f"a{first}"
        middle = (first + last) // 2
        return f"max({tree(first, middle)}, {tree(middle, last)})"

    one = parse(f"{tree(0, 512)} - {tree(0, 512)}*2")
    assert one.digest == parse(str(one)).digest
    assert one.digest != parse(f"{tree(0, 512)} - {tree(1, 513)}*2").digest


def test_the_digest_is_the_same_in_every_process() -> None:
    code = (
        "from symkit.spaces import Recipe, generate\n"
        "recipe = Recipe(max_size=30, max_depth=8, sharing=0.4, constants=('pi', 'eps'))\n"
        "for seed in range(150):\n"
        "    e = generate(seed, recipe)\n"
        "    print(e.digest, e)\n"
    )
    recipe = Recipe(max_size=30, max_depth=8, sharing=0.4, constants=("pi", "eps"))
    here = "".join(f"{e.digest} {e}\n" for e in (generate(seed, recipe) for seed in range(150)))
    root = str(Path(symkit.__file__).parent.parent)
    for hash_seed in ("1", "4711"):
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": root, "PYTHONIOENCODING": "utf-8"}
        done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
        assert done.stdout == here
