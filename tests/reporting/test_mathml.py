"""Formulas of a page: the LaTeX of every known function as MathML, and what it says."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from symkit import parse, zoo
from symkit.ops import standard
from symkit.reporting.mathml import mathml

CHILDREN = {"mfrac": 2, "msup": 2, "msub": 2}


def linear(tree: ElementTree.Element) -> str:
    """The formula on one line: `(a)/(b)`, `(a)^(b)`."""
    inside = [linear(child) for child in tree]
    sign = {"mfrac": "/", "msup": "^", "msub": "_"}.get(tree.tag)
    if sign is not None:
        return f"({inside[0]}){sign}({inside[1]})"
    if tree.tag == "msqrt":
        return f"sqrt({''.join(inside)})"
    return (tree.text or "") + "".join(inside)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x/2", "(x)/(2)"),
        ("sqrt(x + 1)", "sqrt(x+1)"),
        ("x**alpha_1", "(x)^((α)_(1))"),
        ("-sigmoid(2.5*x)", "−σ(2.5x)"),
        ("abs(x)", "|x|"),
        ("max(x, 0)", "max{x,0}"),
        ("x*1e-7", "x⋅(10)^(−7)"),
        ("my_width*x", "(my)_(width)⋅x"),
        ("where(x > 0, x, exp(x))", "{xx>0(e)^(x)otherwise"),
        ("exp(-x**2)", "(e)^(−(x)^(2))"),
    ],
)
def test_what_a_formula_says(text: str, said: str) -> None:
    tree = ElementTree.fromstring(mathml(parse(text).latex()))
    assert linear(tree).replace(" ", "") == said


def test_every_known_function_is_well_formed() -> None:
    formulas = [entry.latex() for entry in zoo.values()]
    for operator in map(standard().__getitem__, standard()):
        operands = ", ".join(("x", "u", "v")[: operator.arity])
        formulas.append(parse(f"f(x, u, v) = {operator.name}({operands})").latex())
    assert len(formulas) > 250
    for latex in formulas:
        tree = ElementTree.fromstring(mathml(latex))
        for node in tree.iter():
            assert len(node) == CHILDREN.get(node.tag, len(node))
            assert "\\" not in (node.text or ""), latex


def test_subterms_with_names_stand_line_by_line() -> None:
    latex = "\\begin{aligned}\nt_{1} &= \\sin\\left(x\\right) \\\\\n& t_{1} + 1\n\\end{aligned}"
    tree = ElementTree.fromstring(mathml(latex))
    assert [len(row) for row in tree.iter("mtr")] == [2, 2]
