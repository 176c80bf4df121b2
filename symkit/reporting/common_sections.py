"""Parts of a page that activations and losses have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING

from symkit.reporting.drawing import Drawing
from symkit.reporting.inline_svg import inline
from symkit.reporting.markup import Markup, element, facts, joined, table
from symkit.reporting.mathml import mathml
from symkit.reporting.page import HEADING, Section, section
from symkit.reporting.wording import formula_rows, known_as, verdict_lines
from symkit.text import Expression
from symkit.zoo.catalogue import catalogue

if TYPE_CHECKING:
    from symkit.checking import CheckReport, Verdict

LONGEST_MATHS = 1500
"""Letters of LaTeX that are set as a formula."""

SIGNS = {"proved": "✓", "refuted": "✗", "unknown": "?"}


def formula(expression: Expression) -> Markup:
    """The formula as it is read, and, where a heading cuts it off, as it is written."""
    latex, text = expression.latex(), str(expression)
    parts = [element("div", mathml(latex), class_="formula", tabindex="0")] if len(latex) <= LONGEST_MATHS else []
    if len(text) > HEADING:
        parts.append(element("details", element("summary", f"As text, {len(text)} letters"), element("pre", text)))
    return joined(parts)


def identity(expression: Expression) -> Section:
    """What the function is made of, and which known function it is."""
    rows: list[tuple[str, str | Markup]] = [*formula_rows(expression)]
    rows.append(("known as", known_as(catalogue.find(expression))))
    rows.append(("digest", element("code", expression.digest[:16])))
    source = element("details", element("summary", "LaTeX source"), element("pre", expression.latex()))
    return section("The function", facts(rows), source)


def picture(drawing: Drawing, name: str, caption: str) -> Markup:
    """A figure with its caption."""
    return element("figure", inline(drawing.svg(), name, caption), element("figcaption", caption))


def verdicts(report: CheckReport) -> Section:
    """What was proved, what was refuted, and why."""
    rows = [(label, _status(verdict), verdict.reason) for label, verdict in verdict_lines(report)]
    over = f"Over {report.region}, in {report.dtype}."
    return section("Is it safe", element("p", over), table(("question", "answer", "because"), rows))


def _status(verdict: Verdict) -> Markup:
    return element("span", f"{SIGNS[verdict.status]} {verdict.status}", class_=verdict.status)
