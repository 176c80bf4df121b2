"""Writes operators.md, the operator reference, from the operator table, and a plot of each function of one number.

python docs/generate_operators.py            both
python docs/generate_operators.py --check    neither: exit status 1 if operators.md is not what the table says
"""

from __future__ import annotations

import inspect
import math
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from symkit.ir import ProgramBuilder
from symkit.ops import (
    Operator,
    Term,
    activations,
    arithmetic,
    comparison,
    elementary,
    extrema,
    gates,
    protected,
    rectifiers,
    special,
    trigonometric,
)
from symkit.text import parse, program_text
from symkit.text.printer import number_text

DOCS = Path(__file__).resolve().parent
PAGE = DOCS / "operators.md"

GROUPS = (
    ("Arithmetic", arithmetic),
    ("Size, sign and extrema", extrema),
    ("Comparison and selection", comparison),
    ("Exponentials, logarithms and roots", elementary),
    ("Circular and hyperbolic functions", trigonometric),
    ("Special functions", special),
    ("Rectifiers", rectifiers),
    ("Gated activations", gates),
    ("Other activations", activations),
    ("Safe forms", protected),
)
INTRODUCTION = """\
# Operators

<!-- Written by docs/generate_operators.py from the operator table. Change the table, then run `make docs`. -->

Every operator that the shipped table holds. Function names ignore case. An operand with a value in the signature may be
left out.

- *Written as* is the meaning of a composite in other operators; primitives have none.
- In a *derivative*, `r` is the operator's own value.
- *Shape* says what holds everywhere in the domain; bounds need not be reached.
- Plots show the function (solid) and its derivative (dashed) on -5 to 5.
- In a *source*, R is Raymond's thesis on loss function meta-learning and B is Bingham's dissertation on activation
  functions.
"""


def page() -> str:
    """The text of operators.md."""
    parts = [INTRODUCTION, *(_index(title, room.OPERATORS) for title, room in GROUPS)]
    for title, room in GROUPS:
        parts.append(f"## {title}\n")
        parts.extend(_section(operator) for operator in room.OPERATORS)
    return "\n".join(parts)


def plotted() -> Iterator[Operator]:
    for _, room in GROUPS:
        yield from filter(_is_curve, room.OPERATORS)


def _is_curve(operator: Operator) -> bool:
    """Whether it is a function of one number, once the defaults are filled in."""
    return operator.arity - len(operator.defaults) == 1 and not operator.takes_truth


def _index(title: str, operators: Iterable[Operator]) -> str:
    links = ", ".join(f"[`{op.name}`](#{op.name})" for op in operators)
    return f"**{title}:** {links}\n"


def _section(operator: Operator) -> str:
    picture = f"![{operator.name} and its derivative](img/operators/{operator.name}.svg){{ align=right }}\n"
    lines = [
        f"### {operator.name}\n",
        *([picture] if _is_curve(operator) else []),
        f"{_plain(operator.meaning)}\n",
        *(f"- {label}: {value}" for label, value in _facts(operator)),
        "",
    ]
    return "\n".join(lines)


def _facts(operator: Operator) -> Iterator[tuple[str, str]]:
    """What the record says, as label and Markdown."""
    names = operand_names(operator)
    yield "Call", _code(_signature(operator, names)) + (f", infix {_code(_infix(operator))}" if operator.infix else "")
    if operator.aliases:
        yield "Also spelled", ", ".join(_code(alias) for alias in operator.aliases)
    yield "LaTeX", _code(_latex(operator, names))
    if operator.expansion is not None:
        yield "Written as", _code(_text(operator, names, operator.expansion))
    yield from _derivatives(operator, names)
    if operator.domain:
        conditions = (f"{_text(operator, names, c.of)} {c.relation}" for c in operator.domain)
        yield "Domain", ", ".join(_code(text) for text in conditions)
    if operator.protected:
        forms = (_code(_text(operator, names, form)) for form in operator.protected.values())
        yield "Protected form", ", or ".join(forms)
    yield "Shape", ", ".join(_shape(operator, names))
    if where := [_code(f"{text} == 0") for text in _kinks(operator, names)]:
        yield "Kinks where", ", ".join(where)
    if operator.at_kink:
        yield "Derivative at a kink", _plain(operator.at_kink)
    if operator.torch_exception:
        yield "In exports", _plain(operator.torch_exception)
    yield "Source", _plain(operator.source)


def operand_names(operator: Operator) -> tuple[str, ...]:
    """The operands as the record's own functions call them."""
    forms = [operator.expansion, *(operator.partials or ()), operator.kinks, *(c.of for c in operator.domain)]
    for form in forms:
        if form is not None:
            names = [p.name for p in inspect.signature(form).parameters.values() if p.kind is p.POSITIONAL_OR_KEYWORD]
            if len(names) > operator.arity:
                return tuple(names[1 : operator.arity + 1])
    return ("x", "y", "z")[: operator.arity]


def _signature(operator: Operator, names: tuple[str, ...]) -> str:
    required = operator.arity - len(operator.defaults)
    optional = (f"{n} = {number_text(v)}" for n, v in zip(names[required:], operator.defaults, strict=True))
    return f"{operator.name}({', '.join((*names[:required], *optional))})"


def _infix(operator: Operator) -> str:
    assert operator.infix is not None
    return operator.infix.symbol


def _text(operator: Operator, names: tuple[str, ...], form: Any, *, with_result: bool = False) -> str:
    """One of the record's functions applied to its operands' names, in the language."""
    builder = ProgramBuilder()
    operands = builder.terms(builder.input(name) for name in names)
    result = builder.terms([builder.input("r")]) if with_result else ()
    return _printed(builder, form(builder.algebra, *operands, *result))


def _printed(builder: ProgramBuilder, value: Term | float) -> str:
    return program_text(builder.build([builder.lifted(value).index]))


def _derivatives(operator: Operator, names: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    if operator.partials is None:
        return
    for name, form in zip(names, operator.partials, strict=True):
        text = "0" if form is None else _text(operator, names, form, with_result=True)
        yield "Derivative" if operator.arity == 1 else f"Derivative by {_code(name)}", _code(text)


def _kinks(operator: Operator, names: tuple[str, ...]) -> Iterator[str]:
    if operator.kinks is None:
        return
    builder = ProgramBuilder()
    for term in operator.kinks(builder.algebra, *builder.terms(builder.input(name) for name in names)):
        yield _printed(builder, term)


def _latex(operator: Operator, names: tuple[str, ...]) -> str:
    text = f"f({', '.join(names)}) = {operator.name}({', '.join(names)})"
    return parse(text).latex()


def _interval(low: float, high: float) -> str:
    left = f"[{number_text(low)}" if math.isfinite(low) else "(-inf"
    right = f"{number_text(high)}]" if math.isfinite(high) else "inf)"
    return f"{left}, {right}"


def _shape(operator: Operator, names: tuple[str, ...]) -> Iterator[str]:
    yield _smoothness(operator)
    for name, trend in zip(names, operator.trend, strict=False):
        if trend is not None:
            yield trend if operator.arity == 1 else f"{trend} in {_code(name)}"
    if operator.parity is not None:
        yield operator.parity
    if operator.range != (-math.inf, math.inf):
        yield f"within {_interval(*operator.range)}"
    if operator.commutative:
        yield "commutative"
    if operator.associative:
        yield "associative"
    if operator.identity is not None:
        yield f"identity {number_text(operator.identity)}"


def _smoothness(operator: Operator) -> str:
    match operator.smoothness:
        case -1:
            return "jumps"
        case 0:
            return "continuous"
        case order if math.isinf(order):
            return "smooth"
        case order:
            return f"{order:g} continuous derivative{'s' if order > 1 else ''}"


def _code(text: str) -> str:
    return f"`{text}`"


def _plain(text: str) -> str:
    """Text in which Markdown sees no markup."""
    return re.sub(r"([*_\\`])", r"\\\1", text).replace("<", "&lt;")


if __name__ == "__main__":
    from operator_plots import draw

    PAGE.write_text(page(), encoding="utf-8")
    draw(plotted(), DOCS / "img" / "operators")
