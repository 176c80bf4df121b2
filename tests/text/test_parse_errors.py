"""Malformed text: the place, the line with its caret, what was expected, and a hint where one is close."""

from __future__ import annotations

import pickle

import pytest

from symkit.errors import LimitError, ParseError, SymkitError, UnknownOperator
from symkit.text import parse

OPERAND = "an operand (a number, a name or a bracket)"
LANGUAGE = "a number, a name, an operator or a bracket"

# Text, line and column, the problem, what was expected, and the suggestion.
MALFORMED: list[tuple[str, tuple[int, int], str, tuple[str, ...], str | None]] = [
    ("", (1, 1), "the text is empty", (OPERAND,), None),
    ("  # nothing\n", (1, 1), "the text is empty", (OPERAND,), None),
    ("x +", (1, 4), "the text ends too early", (OPERAND,), None),
    ("x +   # more\n\n", (1, 4), "the text ends too early", (OPERAND,), None),
    ("x**", (1, 4), "the text ends too early", (OPERAND,), None),
    ("x ==", (1, 5), "the text ends too early", (OPERAND,), None),
    ("x + * 2", (1, 5), "'*' does not fit here", (OPERAND,), None),
    ("x^²", (1, 3), "'²' does not fit here", (OPERAND,), None),
    ("x y", (1, 3), "'y' does not fit here", ("an operator", "'='", "';'", "the end"), "'*' before 'y'"),
    ("2 x y", (1, 5), "'y' does not fit here", ("an operator", "';'", "the end"), "'*' before 'y'"),
    ("xα", (1, 2), "'α' does not fit here", ("an operator", "'='", "';'", "the end"), "'*' before 'α'"),
    ("2 3", (1, 3), "'3' does not fit here", ("an operator", "';'", "the end"), None),
    ("1.2.3", (1, 4), "'.3' does not fit here", ("an operator", "';'", "the end"), None),
    ("x(", (1, 1), "x is not a function", ("an operator before the bracket",), "x*("),
    ("x(1 + x)", (1, 1), "x is not a function", ("an operator before the bracket",), "x*("),
    ("2 + C(x)", (1, 5), "C is not a function", ("an operator before the bracket",), "C*("),
    ("s = sigmoid(x); s(x)", (1, 17), "s is not a function", ("an operator before the bracket",), "s*("),
    ("gate = sigmoid(x); gate(x)", (1, 20), "gate is not a function", ("an operator before the bracket",), "gate*("),
    ("sin x", (1, 5), "the operand of sin stands without a bracket", ("'(' after sin",), "sin(x)"),
    ("2*log 2", (1, 7), "the operand of log stands without a bracket", ("'(' after log",), "log(2)"),
    ("√x", (1, 1), "√ stands without a bracket", ("√(...) with a bracket",), None),
    ("foo(x)", (1, 1), "unknown function 'foo'", ("a known function",), None),
    ("x*siggmoid(x)", (1, 3), "unknown function 'siggmoid'", ("a known function",), "sigmoid"),
    ("Swich(x)", (1, 1), "unknown function 'Swich'", ("a known function",), "swish"),
    ("s = x;\n\n  s + foo(s)", (3, 7), "unknown function 'foo'", ("a known function",), None),
    ("(x", (1, 1), "'(' is never closed", ("a closing ')'",), None),
    ("α(x", (1, 2), "'(' is never closed", ("a closing ')'",), None),
    ("max{x, 1", (1, 4), "'{' is never closed", ("a closing '}'",), None),
    ("x\n+ (2\n* y\n", (2, 3), "'(' is never closed", ("a closing ')'",), None),
    ("|x", (1, 1), "'|' is never closed", ("a closing '|'",), None),
    ("x)", (1, 2), "')' closes nothing", ("an operator or the end",), None),
    ("(x]", (1, 3), "']' does not close '('", ("a closing ')'",), None),
    ("|(x|)", (1, 5), "')' does not close '|'", ("a closing '|'",), None),
    ("()", (1, 2), "')' does not fit here", (OPERAND,), None),
    ("max(x)", (1, 1), "max takes two or more operands, not 1", ("two or more operands",), None),
    ("sin(x, 2)", (1, 1), "sin takes 1 operand, not 2", ("1 operand",), None),
    ("hardtanh()", (1, 1), "hardtanh takes 1 to 3 operands, not 0", ("1 to 3 operands",), None),
    ("where(x > 0, x)", (1, 1), "where takes 3 operands, not 2", ("3 operands",), None),
    ("max(x,, 1)", (1, 7), "',' does not fit here", (OPERAND,), None),
    ("max(x, 1,)", (1, 10), "')' does not fit here", (OPERAND,), None),
    ("x, y", (1, 2), "',' does not fit here", ("an operator", "'='", "';'", "the end"), None),
    (
        "a < b < c",
        (1, 7),
        "'<' does not fit here",
        ("an operator", "';'", "the end"),
        "one comparison at a time: where(a < b, where(b < c, ...), ...)",
    ),
    ("x => 2", (1, 4), "'>' does not fit here", (OPERAND,), None),
    (
        "x + 1 = 2",
        (1, 7),
        "'=' does not fit here",
        ("an operator", "';'", "the end"),
        "'==' to compare, or 'name = ...;' before the formula",
    ),
    (
        "g = x*2",
        (1, 8),
        "the text ends with a definition",
        ("';' and the formula that uses it",),
        "f(x) = ... for a function with a name",
    ),
    (
        "y = x*2; y",
        (1, 1),
        "y is an input and cannot be defined",
        ("a name of your own",),
        "f(y) = ... for a function of y",
    ),
    ("e = 2; x*e", (1, 1), "e is a constant and cannot be defined", ("a name of your own",), None),
    ("s = x; s = 2; s", (1, 8), "s is defined after it was used or defined", ("a new name",), None),
    ("t = s; s = 2; s*t", (1, 8), "s is defined after it was used or defined", ("a new name",), None),
    (
        "s*x\ns = 2\n",
        (2, 1),
        "'s' does not fit here",
        ("the end",),
        "definitions first, and one formula at the end: s = sigmoid(x); x*s",
    ),
    ("x if x > 0", (1, 11), "the text ends too early", ("'else'",), None),
    ("if x > 0", (1, 1), "'if' does not fit here", (OPERAND,), None),
    ("x ? 1", (1, 3), "the character '?' is not part of the language", (LANGUAGE,), None),
    ("x.real", (1, 2), "the character '.' is not part of the language", (LANGUAGE,), None),
    ("x & y", (1, 3), "the character '&' is not part of the language", (LANGUAGE,), "logical_and(a, b)"),
    ("!x", (1, 1), "the character '!' is not part of the language", (LANGUAGE,), "'!='"),
    ("x*∞", (1, 3), "the character '∞' is not part of the language", (LANGUAGE,), "1/0"),
    ("x\x00", (1, 2), "the character U+0000 is not part of the language", (LANGUAGE,), None),
    ("\ud800", (1, 1), "the character U+D800 is not part of the language", (LANGUAGE,), None),
    (
        "x and y",
        (1, 3),
        "'and' does not fit here",
        ("an operator", "'='", "';'", "the end"),
        "logical_and(a, b)",
    ),
    ("lambda x: x", (1, 9), "':' does not fit here", ("an operator", "';'", "the end"), None),
    ("1e999*x", (1, 1), "1e999 is too large for a float64", ("at most 1.797e308 in magnitude",), None),
    ("y*p*yhat", (1, 5), "p and yhat are two spellings of the same input", ("one of them, or a header",), "p"),
    # Headers.
    ("f(x) =", (1, 7), "the text ends too early", (OPERAND,), None),
    ("f(x; a = 2) a*x", (1, 11), "the header of f has no '='", ("'=' and the formula after it",), None),
    (
        "f(x = 2) = x",
        (1, 5),
        "'=' does not fit here",
        ("','", "a closing bracket", "';'"),
        "';' before settings: f(x; a = 1) = ...",
    ),
    ("f(1) = x", (1, 3), "'1' does not fit here", ("a name", "a closing bracket", "';'"), None),
    ("f(x;) = x", (1, 5), "')' does not fit here", ("a name",), None),
    ("f(x; a = b) = a*x", (1, 10), "'b' does not fit here", ("a number", "'-'"), None),
    ("f(x; a = 1/2) = a*x", (1, 11), "'/' does not fit here", ("','", "a closing bracket"), None),
    ("f(x, x) = x", (1, 6), "input x stands twice", ("different inputs",), None),
    ("f(y, f, p) = y", (1, 9), "input p stands twice", ("different inputs",), None),
    ("f(eps) = 1", (1, 3), "eps is a constant, not an input", ("another name, or a setting after ';'",), None),
    ("f(x; a = 1, a = 2) = a*x", (1, 13), "a stands twice in the header", ("a new name",), None),
    ("f(x; a = 2) = x", (1, 6), "the header sets a, which the formula does not use", ("no settings",), None),
    (
        "f(x; bta = 2) = beta*x",
        (1, 6),
        "the header sets bta, which the formula does not use",
        ("one of beta",),
        "beta",
    ),
    (
        "f(x; beta: chanel) = beta*x",
        (1, 12),
        "chanel is no granularity",
        ("layer", "channel", "neuron"),
        "channel",
    ),
    ("f(x; C) = C*x", (1, 6), "constant C needs a value and no sharing", ("C = ...",), None),
    ("f(x; pi = 3) = pi*x", (1, 6), "pi is a constant that cannot be set", ("a parameter, C or eps",), None),
    ("f(a) = a = 2; a", (1, 8), "a is an input and cannot be defined", ("a name of your own",), None),
    ("f(x) = g(x) = x", (1, 8), "g is not a function", ("an operator before the bracket",), "g*("),
]


@pytest.mark.parametrize(("text", "place", "problem", "expected", "suggestion"), MALFORMED)
def test_malformed_text(
    text: str, place: tuple[int, int], problem: str, expected: tuple[str, ...], suggestion: str | None
) -> None:
    with pytest.raises(ParseError) as caught:
        parse(text)
    error = caught.value
    assert (error.line, error.column) == place
    assert error.problem == problem
    assert error.expected == expected
    assert error.suggestion == suggestion
    assert error.text == text
    check_message(error)


def check_message(error: ParseError) -> None:
    """The message has the problem, the line, a caret below the column, what was expected, and the hint."""
    lines = str(error).split("\n")
    assert lines.pop(0) == f"{error.problem} (line {error.line}, column {error.column})"
    if error.text:
        source = error.text.split("\n")[error.line - 1]
        shown, caret = lines.pop(0), lines.pop(0)
        assert shown.rstrip() == ("    " + "".join(c if c.isprintable() else "�" for c in source)).rstrip()
        assert caret == " " * (4 + error.column - 1) + "^"
    assert lines.pop(0).startswith("expected " + error.expected[0])
    if error.suggestion is not None:
        assert lines.pop(0) == f"did you mean {error.suggestion}?"
    assert lines == []


def test_a_message_in_full() -> None:
    with pytest.raises(UnknownOperator) as caught:
        parse("x +\n  beta*siggmoid(x)")
    assert str(caught.value) == (
        "unknown function 'siggmoid' (line 2, column 8)\n"
        "      beta*siggmoid(x)\n"
        "           ^\n"
        "expected a known function\n"
        "did you mean sigmoid?"
    )


def test_a_long_line_is_cut_around_the_caret() -> None:
    with pytest.raises(ParseError) as caught:
        parse("x + " * 100 + "? + " + "x + " * 100 + "x")
    _, shown, caret, _ = str(caught.value).split("\n")
    assert shown.startswith("    ...")
    assert shown.endswith("...")
    assert len(shown) < 90
    assert shown[caret.index("^")] == "?"


def test_tabs_keep_the_caret_in_place() -> None:
    with pytest.raises(ParseError) as caught:
        parse("\tx +\t? x")
    _, shown, caret, _ = str(caught.value).split("\n")
    assert shown[caret.index("^")] == "?"


def test_line_ends_of_windows_and_odd_ones_count_as_the_editor_does() -> None:
    with pytest.raises(ParseError) as caught:
        parse("x\r\n+ ?")
    assert (caught.value.line, caught.value.column) == (2, 3)
    with pytest.raises(ParseError) as caught:
        parse("x\f + \x85")
    assert (caught.value.line, caught.value.column) == (1, 6)
    assert "x" in str(caught.value).split("\n")[1]


@pytest.mark.parametrize(
    ("text", "kind", "problem"),
    [
        ("f(x, y) = x", "activation", "an activation has one input, not 2"),
        ("f() = 2", "activation", "an activation has one input, not 0"),
        ("f(x) = x", "loss", "a loss has inputs y, p or z, not x"),
    ],
)
def test_header_against_the_kind_that_was_asked_for(text: str, kind: str, problem: str) -> None:
    with pytest.raises(ParseError) as caught:
        parse(text, kind=kind)
    assert caught.value.problem == problem
    assert (caught.value.line, caught.value.column) == (1, 1)


def test_kinds_of_errors() -> None:
    assert issubclass(UnknownOperator, ParseError)
    assert issubclass(LimitError, ParseError)
    assert issubclass(ParseError, SymkitError)
    with pytest.raises(UnknownOperator):
        parse("foo(x)")


def test_errors_can_be_pickled() -> None:
    with pytest.raises(UnknownOperator) as caught:
        parse("x*siggmoid(x)")
    copy = pickle.loads(pickle.dumps(caught.value))
    assert type(copy) is UnknownOperator
    assert str(copy) == str(caught.value)
    assert copy.suggestion == "sigmoid"


def test_an_error_without_text_names_no_place() -> None:
    assert str(LimitError("too much")) == "too much"


def test_a_parse_after_an_error_starts_afresh() -> None:
    for text in ("s = x; foo(s)", "f(x; a = 2) = x", "((((", "x ? y"):
        with pytest.raises(ParseError):
            parse(text)
        assert str(parse("s*x")) == "s*x"
