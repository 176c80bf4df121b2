"""Programs: hash-consing, order, several roots, walking and rewriting."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from symkit.errors import DomainError, LimitError
from symkit.ir import Kind, Node, Program, ProgramBuilder, interpret, reachable, rebuild, renamed, verify
from symkit.spaces import generate
from symkit.text import parse


def built(text: str) -> Program:
    return parse(text).program


def test_equal_nodes_are_one_node() -> None:
    builder = ProgramBuilder()
    b, x = builder.algebra, builder.term(builder.input("x"))
    assert (x * 2).index == (x * 2.0).index
    assert b("sin", x).index == b("sin", x).index
    assert (x * 2).index != (2 * x).index
    assert len(builder.nodes) == 5


def test_literals_are_told_apart_by_their_bits() -> None:
    builder = ProgramBuilder()
    assert builder.number(0.0) != builder.number(-0.0)
    assert builder.number(1) == builder.number(1.0)
    assert builder.number(0.1) != builder.number(0.10000000000000002)


def test_nothing_is_folded() -> None:
    assert built("1 + 2").size == 1
    assert built("x*1 + 0").size == 2
    assert built("x - x").size == 1
    assert built("--x").size == 2


def test_a_leaf_of_another_kind_is_another_node() -> None:
    builder = ProgramBuilder()
    assert len({builder.input("a"), builder.parameter("a"), builder.constant("a")}) == 3


def test_what_cannot_be_built() -> None:
    builder = ProgramBuilder()
    x = builder.input("x")
    for value in (float("inf"), float("nan")):
        with pytest.raises(DomainError, match="a literal must be finite"):
            builder.number(value)
    with pytest.raises(DomainError, match="sin takes 1 operand, not 2"):
        builder.named("sin", (x, x))
    with pytest.raises(DomainError, match="sin is primitive: it has no expansion"):
        builder.expand(builder.table["sin"], (x,))


def test_a_builder_may_have_a_limit() -> None:
    builder = ProgramBuilder(limit=3)
    for name in "abc":
        builder.input(name)
    builder.input("a")
    with pytest.raises(LimitError, match="more than 3 different nodes"):
        builder.input("d")


def test_build_keeps_what_the_roots_reach_in_order_of_first_use() -> None:
    builder = ProgramBuilder()
    y, x, _ = (builder.term(builder.input(name)) for name in "yxz")
    root = (x / y).index
    program = builder.build([root])
    assert [node.value for node in program.nodes[:2]] == ["x", "y"]
    assert len(program) == 3
    verify(program)


def test_several_roots_share_what_they_can() -> None:
    builder = ProgramBuilder()
    b, x = builder.algebra, builder.term(builder.input("x"))
    s = b("sin", x)
    program = builder.build([(s * s).index, (s + x).index, s.index])
    verify(program)
    assert program.size == 3
    assert program.roots == (2, 3, 1)
    assert program.uses == (2, 4, 1, 1)
    assert program.tree_size == 5 + 4 + 2
    assert program.depth == 2
    with pytest.raises(ValueError, match="unpack"):
        _ = program.root


def test_include_appends_a_program() -> None:
    builder = ProgramBuilder()
    first = builder.include(built("sin(x) + alpha"))
    second = builder.include(built("sin(x)*alpha"))
    assert first[:2] == second[:2]
    program = builder.build([first[-1], second[-1]])
    verify(program)
    assert program.size == 3


def test_counts() -> None:
    program = built("s = sin(x); s*s + s*alpha + pi")
    assert program.operator_counts() == {"sin": 1, "mul": 2, "add": 2}
    assert (program.inputs, program.parameters, program.constants) == (("x",), ("alpha",), ("pi",))
    assert program.tree_size == 1 + (1 + (1 + 2 + 2) + (1 + 2 + 1)) + 1


def test_programs_are_values() -> None:
    one, other = built("x*sigmoid(beta*x)"), built("x * sigmoid(beta * x)")
    assert one == other
    assert hash(one) == hash(other)
    assert one != built("x*sigmoid(gamma*x)")
    assert built("x + 0") != built("x + -0")
    assert pickle.loads(pickle.dumps(one)) == one


def test_interpret() -> None:
    program = built("2*x + abs(x)")
    names = {"add": lambda a, b: a + b, "mul": lambda a, b: a * b, "abs": abs}
    values = interpret(
        program,
        leaf=lambda node: node.number if node.kind is Kind.NUMBER else -3.0,
        apply=lambda node, operands: names[node.operator.name](*operands),
    )
    assert values[program.root] == -3.0


def test_rebuild() -> None:
    def double_inputs(builder: ProgramBuilder, node: Node, operands: tuple[int, ...]) -> int | None:
        if node.kind is Kind.INPUT:
            x = builder.term(builder.input(node.name))
            return (x + x).index
        return None

    assert rebuild(built("sin(x)*x"), double_inputs) == built("sin(x + x)*(x + x)")


def test_renamed() -> None:
    assert renamed(built("a*x + b"), {"a": "b", "b": "a"}) == built("b*x + a")
    assert renamed(built("a*x + b*x"), {"b": "a"}) == built("a*x + a*x")


def test_reachable() -> None:
    builder = ProgramBuilder()
    x = builder.term(builder.input("x"))
    program = builder.build([(x + 1).index, (x * 2).index])
    part = reachable(program, program.roots[1:])
    assert part == built("x*2")


@given(seed=st.integers(0, 2**64))
def test_operands_stand_before_their_users(seed: int) -> None:
    program = generate(seed).program
    for index, node in enumerate(program.nodes):
        assert all(operand < index for operand in node.operands)
    assert program.root == len(program) - 1
    assert rebuild(program, lambda builder, node, operands: None) == program
