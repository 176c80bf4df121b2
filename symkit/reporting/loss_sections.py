"""What a page says of a loss."""

from __future__ import annotations

from typing import TYPE_CHECKING

from symkit.reporting.markup import Markup, element, facts, table
from symkit.reporting.mathml import mathml
from symkit.reporting.numbers import number
from symkit.reporting.page import Section, section

if TYPE_CHECKING:
    from symkit.analysis.losses import LossAnalysis, Minimum
    from symkit.checking import CheckReport

LONGEST_MATHS = 600


def rule(found: LossAnalysis) -> Section:
    """What gradient descent does with an output, and what arrives at its logit."""
    parts: list[Markup] = []
    if len(found.rule.latex) <= LONGEST_MATHS:
        parts.append(element("div", mathml(rf"-\frac{{d L}}{{d p}} = {found.rule.latex}"), class_="formula"))
    parts.append(
        facts(
            [
                ("−dL/dp", element("code", found.rule.text)),
                ("of the target", _code(found.rule.target_text)),
                ("of the others", _code(found.rule.non_target_text)),
                (f"dL/dz, {found.at_logits.link}", _code(found.at_logits.target_text)),
            ]
        )
    )
    rows: list[tuple[str, str, str, str, str]] = []
    for label, own in (("−dL/dp", found.rule), ("dL/dz", found.at_logits)):
        start, limits = own.null_epoch, own.limits
        rows.append(
            (
                label,
                number(start.target),
                number(start.non_target),
                f"{number(limits.target.value)} {limits.target.how}",
                f"{number(limits.non_target.value)} {limits.non_target.how}",
            )
        )
    head = ("", "target, untrained", "others, untrained", "target, no error left", "others, no error left")
    parts.append(table(head, rows, caption=f"At the start and at the end of training, {found.classes} classes"))
    return section("Learning rule", *parts)


def behaviour(found: LossAnalysis) -> Section:
    """Minima, and how examples of all sorts are treated."""
    rows = [
        ("least for a target", _minimum(found.minimum_target)),
        ("least for the others", _minimum(found.minimum_non_target)),
        ("easy and hard", found.easy_hard.summary),
        ("false positives", found.asymmetry.summary),
        ("outliers", found.robustness.summary),
    ]
    pushes = [
        (
            number(push.p),
            number(push.at_output),
            number(push.at_logit),
            number(push.relative_output),
            number(push.relative_logit),
        )
        for push in found.easy_hard.pushes
    ]
    head = ("p", "−dL/dp", "−dL/dz", "−dL/dp, cross-entropy 1", "−dL/dz, cross-entropy 1")
    caption = "How strongly a target is pushed by its prediction"
    growths = [*found.robustness.regression, *filter(None, [found.robustness.classification])]
    notes = [element("p", growth.text + ".", class_="note") for growth in growths]
    return section("What it does to examples", facts(rows), table(head, pushes, caption=caption), *notes)


def beside(found: LossAnalysis) -> list[Section]:
    """The main quantities next to those of another loss, if there is one."""
    if found.comparison is None:
        return []
    rows = [(row.quantity, number(row.this), number(row.other), number(row.ratio)) for row in found.comparison.rows]
    said = element("p", "Beside ", element("code", found.comparison.against), ".")
    return [section("Compared", said, table(("quantity", "this", "other", "ratio"), rows))]


def _minimum(found: Minimum) -> str:
    value = "" if found.value is None else f"{number(found.value)}; "
    return value + found.reason


def _code(text: str | None) -> str | Markup:
    return "not defined" if text is None else element("code", text)


def summary(found: LossAnalysis, report: CheckReport) -> list[tuple[str, str]]:
    """One line a quantity, for a comparison."""
    return [
        ("−dL/dp of the target", found.rule.target_text or "–"),
        ("−dL/dp of the others", found.rule.non_target_text or "–"),
        ("untrained, target", number(found.rule.null_epoch.target)),
        ("no error left, target", number(found.rule.limits.target.value)),
        ("least for a target at p", number(found.minimum_target.p)),
        ("focusing ratio", number(found.easy_hard.focusing_ratio)),
        ("easy and hard", found.easy_hard.summary),
        ("false positives", found.asymmetry.summary),
        ("closure", report.closure.status),
        ("gradient", report.gradient.status),
    ]
