"""Operators of one's own: defined in a line, used like any other."""

from __future__ import annotations

import copy
import math
import pickle

import pytest

from symkit.errors import DomainError, LimitError, ParseError, UnknownOperator
from symkit.ir import lower
from symkit.ops import Operator, OperatorTable, standard
from symkit.text import Expression, define, parse


def written_out(expression: Expression) -> Expression:
    """The expression with every defined operator expanded."""
    program = lower(expression.program, keep=lambda operator: operator.definition is None)
    return expression.with_program(program)


@pytest.mark.parametrize(
    ("definition", "text", "meaning"),
    [
        ("x*sigmoid(2*x)", "gate(x)", "x*sigmoid(2*x)"),
        ("x*sigmoid(2*x)", "gate(gate(x))", "u = x*sigmoid(2*x); u*sigmoid(2*u)"),
        ("x*sigmoid(2*x)", "1 + GATE(x + 1)", "1 + (x + 1)*sigmoid(2*(x + 1))"),
        ("f(x; beta = 2) = x*sigmoid(beta*x)", "gate(x)", "x*sigmoid(2*x)"),
        ("f(x; beta = 2) = x*sigmoid(beta*x)", "gate(x, 3)", "x*sigmoid(3*x)"),
        ("f(x; beta = 2) = x*sigmoid(beta*x)", "gate(x, beta)", "x*sigmoid(beta*x)"),
        ("x*sigmoid(beta*x)", "gate(x)", "x*sigmoid(1*x)"),
        ("f(b, a) = a/b", "gate(x, 2)", "2/x"),
        ("(y - p)**2", "gate(x, 1)", "(x - 1)**2"),
        ("f(x, unused) = 2*x", "gate(x, 5)", "2*x"),
        ("f(x; eps = 0.25) = x + eps", "gate(x)", "x + 0.25"),
        ("x + eps", "gate(x)", "x + eps"),
        ("f(x; b = 2, a = 3) = a*x + b", "gate(x, 5, 7)", "5*x + 7"),
    ],
)
def test_use(definition: str, text: str, meaning: str) -> None:
    expression = parse(text, table=define("gate", definition))
    assert written_out(expression) == parse(meaning)
    assert parse(str(expression), table=expression.table) == expression


def test_the_operator_stays_whole() -> None:
    expression = parse("gate(x)", table=define("gate", "x*sigmoid(2*x)"))
    assert expression.program.operator_counts() == {"gate": 1}
    assert str(expression) == "gate(x)"


def test_the_record() -> None:
    record = define("Gate", "f(x; beta = 2) = x*sigmoid(beta*x)")["gate"]
    assert (record.name, record.arity, record.defaults) == ("gate", 2, (2.0,))
    assert record.meaning == "x*sigmoid(beta*x)"
    assert record.definition == "f(x, beta) = x*sigmoid(beta*x)  # beta = 2"
    assert not record.is_primitive
    assert record.cost == 3.0


def test_definitions_stand_on_definitions() -> None:
    table = define("gate", "f(x; k = 2) = sigmoid(k*x)")
    table = define("gated", "x*gate(x)", table=table)
    expression = parse("gated(x) - gated(2*x)", table=table)
    assert written_out(expression) == parse("x*sigmoid(2*x) - 2*x*sigmoid(2*(2*x))")
    assert table["gated"].definition == "f(x) = x*sigmoid(2*x)"


def test_tables_are_values() -> None:
    table = define("gate", "sigmoid(2*x)")
    assert "gate" not in standard()
    assert [record.name for record in table.user_defined] == ["gate"]
    with pytest.raises(UnknownOperator):
        parse("gate(x)")
    assert parse("gate(x)", table=table) == parse("gate(x)", table=define("gate", "sigmoid(2*x)"))
    assert parse("gate(x)", table=table) != parse("gate(x)", table=define("gate", "sigmoid(3*x)"))


def test_a_name_can_be_defined_anew() -> None:
    old = define("gate", "sigmoid(2*x)")
    expression = parse("gate(x)", table=old)
    new = define("gate", "gate(x)**2", table=old)
    assert written_out(parse("gate(x)", table=new)) == parse("sigmoid(2*x)**2")
    assert written_out(expression) == parse("sigmoid(2*x)")
    assert len(new) == len(old)


def test_what_a_name_means_is_in_the_digest() -> None:
    one, two = define("gate", "sigmoid(2*x)"), define("gate", "sigmoid(3*x)")
    assert parse("gate(x)", table=one).digest != parse("gate(x)", table=two).digest
    assert parse("gate(x)", table=one).digest == parse("gate(x)", table=define("gate", "sigmoid(2*x)")).digest
    # Through another definition too.
    outer_one, outer_two = (define("outer", "1 + gate(x)", table=table) for table in (one, two))
    assert outer_one["outer"] != outer_two["outer"]
    assert parse("outer(x)", table=outer_one).digest != parse("outer(x)", table=outer_two).digest


def test_the_order_and_defaults_of_operands_are_in_the_digest() -> None:
    pairs = [
        ("f(a, b) = a/b", "f(b, a) = a/b"),
        ("f(x; k = 2) = k*x", "f(x; k = 3) = k*x"),
        ("f(x; k = 2) = k*x", "f(x, k) = k*x"),
    ]
    for left, right in pairs:
        assert define("gate", left)["gate"] != define("gate", right)["gate"], (left, right)


@pytest.mark.parametrize("name", ["two words", "", "1st", "x", "y", "p", "z", "e", "pi", "eps", "C", "if", "else"])
def test_names_that_cannot_be_given(name: str) -> None:
    with pytest.raises(DomainError, match="operator name"):
        define(name, "2*x")


@pytest.mark.parametrize("name", ["sigma", "f", "yhat", "épsilon", "σ", "a" * 401, "Phi"])
def test_more_names_that_cannot_be_given(name: str) -> None:
    with pytest.raises(DomainError, match="operator name"):
        define(name, "2*x")


@pytest.mark.parametrize(("name", "shipped"), [("exp", "exp"), ("Relu", "relu"), ("silu", "swish"), ("plus", "add")])
def test_shipped_operators_cannot_be_defined_anew(name: str, shipped: str) -> None:
    with pytest.raises(DomainError, match=f"shipped operator {shipped}"):
        define(name, "2*x")


@pytest.mark.parametrize("name", ["lambda", "class", "g", "my_gate", "_", "alpha", "T1"])
def test_names_that_can_be_given(name: str) -> None:
    table = define(name, "2*x")
    assert written_out(parse(f"{name}(x)", table=table)) == parse("2*x")


def test_a_greek_letter_before_a_bracket_calls_what_it_names() -> None:
    table = define("alpha", "2*x")
    assert parse("α(x)", table=table) == parse("alpha(x)", table=table)
    assert parse("α(x)") == parse("alpha*x")


def test_text_that_does_not_parse() -> None:
    with pytest.raises(ParseError) as caught:
        define("gate", "x +")
    assert caught.value.column == 4


@pytest.mark.parametrize("text", ["2", "a*b", "f(; a = 2) = a"])
def test_text_without_an_input(text: str) -> None:
    with pytest.raises(DomainError, match="gate has no input; write it with x"):
        define("gate", text)


def test_a_definition_that_doubles_without_end_meets_a_limit() -> None:
    table = define("d0", "sin(x)*cos(x)")
    for level in range(1, 11):
        table = define(f"d{level}", f"d{level - 1}(sin(x))*d{level - 1}(cos(x))", table=table)
    with pytest.raises(LimitError, match=r"d11 has \d+ nodes; the limit is 10000"):
        define("d11", "d10(sin(x))*d10(cos(x))", table=table)


def test_a_long_row_of_definitions_is_no_recursion() -> None:
    table = define("d0", "f(x; eps = 2) = x + eps + C")
    for level in range(1, 200):
        table = define(f"d{level}", f"1 + d{level - 1}(x)", table=table)
    expression = parse("d199(x)", table=table)
    assert expression.constant_values(C=3)["C"] == 3
    with pytest.raises(DomainError, match="C .* has no value"):
        expression.constant_values()


def test_a_wrong_number_of_operands() -> None:
    table = define("gate", "f(x; k = 2) = k*x")
    with pytest.raises(ParseError, match="gate takes 1 to 2 operands, not 3"):
        parse("gate(x, 1, 2)", table=table)


def test_the_nearest_name_may_be_a_defined_one() -> None:
    with pytest.raises(UnknownOperator) as caught:
        parse("swishee(x)", table=define("swishey", "2*x"))
    assert caught.value.suggestion == "swishey"


def test_pickled_expressions_bring_their_operators() -> None:
    table = define("gate", "f(x; k = 2) = sigmoid(k*x)")
    expression = parse("f(x; a: channel = 3) = a*x*gate(gate(x), 5)", table=define("outer", "gate(x)", table=table))
    copy = pickle.loads(pickle.dumps(expression))
    assert copy == expression
    assert copy.digest == expression.digest
    assert copy.table == expression.table
    assert str(copy) == str(expression)
    assert written_out(copy) == written_out(expression)


def halving() -> Operator:
    """A record as an extension in Python would make it."""
    return Operator(
        "halved",
        1,
        "Half of its operand.",
        "this test",
        aliases=("half_of",),
        latex=r"\frac{{{0}}}{{2}}",
        expansion=lambda b, x: 0.5 * x,
        range=(-math.inf, math.inf),
        safe=(1.0,),
    )


def test_table_extended_by_a_record() -> None:
    table = standard().extended(halving())
    assert len(table) == len(standard()) + 1
    assert "halved" not in standard()
    expression = parse("x*Half_Of(x)", table=table)
    assert str(expression) == "x*halved(x)"
    assert expression.latex() == r"x \cdot \frac{x}{2}"
    assert parse(str(expression), table=table) == expression


def test_a_record_made_in_python_is_copied_but_not_pickled() -> None:
    table = standard().extended(halving())
    expression = parse("x*halved(x)", table=table)
    twin = copy.deepcopy(expression)
    assert twin == expression
    assert parse(str(twin), table=twin.table) == expression
    with pytest.raises((pickle.PicklingError, AttributeError), match="lambda"):
        pickle.dumps(expression)


def test_table_extended_by_a_name_that_is_taken() -> None:
    clash = Operator("other", 1, "", "", aliases=("relu",), expansion=lambda b, x: x, safe=(1.0,))
    with pytest.raises(ValueError, match="'relu' names both"):
        standard().extended(clash)


def test_table_lookup() -> None:
    table = standard()
    assert isinstance(table, OperatorTable)
    assert table["SiLU"] is table["swish"]
    assert "silu" not in list(table)
    assert table.nearest("sigmoit") == "sigmoid"
    assert table.nearest("qqqqqq") is None
    with pytest.raises(KeyError):
        table["nothing"]


@pytest.mark.parametrize(
    ("text", "sign"), [("x - 1", "-"), ("-x", "-"), ("x^2", "^"), ("x²", "²"), ("|x|", "|"), ("1 if x else 2", "if")]
)
def test_a_table_may_lack_what_has_a_sign_of_its_own(text: str, sign: str) -> None:
    few = OperatorTable([standard()["add"], standard()["sin"]])
    assert str(parse("x + sin(x)", table=few)) == "x + sin(x)"
    with pytest.raises(UnknownOperator) as caught:
        parse(text, table=few)
    assert caught.value.problem == f"the operator table has no operator for {sign!r}"
