"""`report`: what is known of a function, or of several, as one page."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from symkit.checking import CheckReport, check
from symkit.errors import DomainError
from symkit.files import check_place, write_text
from symkit.reporting.canvas import check_installed, styled
from symkit.reporting.common_sections import formula, identity, picture, verdicts
from symkit.reporting.markup import Markup, element
from symkit.reporting.numbers import number
from symkit.reporting.page import Chapter, Section, Summary, page
from symkit.reporting.plot import plot
from symkit.reporting.subjects import Subjects, as_expressions, check_kinds, known, with_values
from symkit.text import Expression
from symkit.version import __version__

ENDINGS = (".html", ".htm")
MOST = 30
"""Functions on one page."""


@dataclass(frozen=True, slots=True)
class Report:
    """A page that was written.

    Attributes:
        path: the file.
        texts: the functions it is about.
        sections: the titles of its sections.
    """

    path: Path
    texts: tuple[str, ...]
    sections: tuple[str, ...]


def report(
    e: Subjects,
    path: str | Path,
    *,
    mean: float = 0.0,
    variance: float = 1.0,
    parameters: Mapping[str, float] | None = None,
    against: Expression | str | None = None,
    progress: Callable[[], None] | None = None,
) -> Report:
    """Writes all that is known of activations, or of losses, into one HTML file that needs nothing else.

    The file has the formula, pictures, what is proved and what is refuted, the known function it is, and for an
    activation its moments, its signal through depth and its shape, for a loss its learning rule and what it does to
    examples. Several functions are compared first. The same arguments give the same bytes.

    Args:
        e: an expression, its text, or several of one kind.
        path: the file, .html.
        mean, variance: of the input of an activation.
        parameters: values of learnable parameters and of settable constants by name; initial values where not given.
        against: another function to compare with, as an expression, its text or a name of the zoo.
        progress: called after each function.

    Raises:
        DomainError: for functions that are neither activations nor losses, or of both kinds, for more than 30, for
            settings outside their range, and for a path that does not end in .html or cannot be written.
        Unsupported: where matplotlib is not installed.
    """
    file = Path(path)
    if file.suffix.lower() not in ENDINGS:
        raise DomainError(f"{file} must end in .html: a report is a page")
    check_place(file)
    check_installed()
    expressions = as_expressions(e)
    other = None if against is None else known(against, expressions[0].kind)
    everyone = [*expressions, *([] if other is None else [other])]
    check_kinds(everyone)
    if len(everyone) > MOST:
        raise DomainError(f"{len(everyone)} functions are too many for one page: it takes up to {MOST}")
    everyone = with_values(everyone, parameters or {})
    chapters = []
    for i, expression in enumerate(everyone):
        # Beside a loss, the other one's numbers; where there are several, the table in front has them.
        beside = everyone[-1] if other is not None and len(expressions) == 1 else None
        chapters.append(_chapter(expression, float(mean), float(variance), beside, f"f{i + 1}"))
        if progress is not None:
            progress()
    pictures = _together(everyone, mean, variance)
    html = page(chapters[: len(expressions)], chapters[len(expressions) :], pictures, _made(everyone, mean, variance))
    write_text(file, html)
    sections = tuple(dict.fromkeys(title for chapter in chapters for title in chapter.titles))
    return Report(file, tuple(chapter.text for chapter in chapters[: len(expressions)]), sections)


def _chapter(expression: Expression, mean: float, variance: float, beside: Expression | None, name: str) -> Chapter:
    proofs = check(expression)
    if expression.kind == "activation":
        sections, summary = _activation(expression, mean, variance, proofs, name)
    else:
        sections, summary = _loss(expression, beside, proofs, name)
    sections = [identity(expression), *sections, verdicts(proofs)]
    return Chapter(str(expression), formula(expression), sections, summary)


def _activation(
    expression: Expression, mean: float, variance: float, proofs: CheckReport, name: str
) -> tuple[list[Section], Summary]:
    from symkit.analysis import Analysis, analyze
    from symkit.reporting import activation_sections as says
    from symkit.reporting.activation_plot import Activation, plot_activation
    from symkit.reporting.signal_plot import plot_signal

    found = analyze(expression, mean=mean, variance=variance)
    assert isinstance(found, Analysis)
    deep = found.signal
    with styled():
        drawn = plot_activation(Activation(expression, mean, variance, found.shape), None, 1)
        layers = plot_signal(deep, str(expression)) if deep.forward else None
    caption = "What is left after many layers"
    sections = [
        Section("Picture", picture(drawn, f"{name}-f", "f and its derivative")),
        says.moments(found, mean, variance),
        says.depth(deep, None if layers is None else picture(layers, f"{name}-q", caption)),
        says.shape(found.shape),
        _neighbours(expression, mean, variance),
    ]
    return sections, says.summary(found, proofs)


def _neighbours(expression: Expression, mean: float, variance: float) -> Section:
    from symkit.reporting.activation_sections import neighbours
    from symkit.zoo.nearest import nearest

    try:
        return neighbours(nearest(expression, mean=mean, variance=variance))
    except DomainError as error:
        return neighbours((), str(error))


def _loss(
    expression: Expression, beside: Expression | None, proofs: CheckReport, name: str
) -> tuple[list[Section], Summary]:
    from symkit.analysis.losses import loss_analysis
    from symkit.reporting import loss_sections as says

    found = loss_analysis(expression, against=None if beside is expression else beside)
    drawn = picture(plot(expression, surface=True), f"{name}-f", "The loss, its slope, and both over all targets")
    sections = [Section("Picture", drawn), says.rule(found), says.behaviour(found), *says.beside(found)]
    return sections, says.summary(found, proofs)


def _together(expressions: Sequence[Expression], mean: float, variance: float) -> Markup:
    """A picture of all functions, where there are several."""
    if len(expressions) == 1:
        return Markup("")
    drawn = plot(expressions, mean=mean, variance=variance)
    return element("section", picture(drawn, "all", "All of them, and their slopes"))


def _made(expressions: Sequence[Expression], mean: float, variance: float) -> list[str]:
    """How the page was made."""
    made = f"Made by symkit {__version__}"
    if expressions[0].kind == "activation":
        made += f" for inputs that are normal with mean {number(mean)} and variance {number(variance)}"
    return [f"{made}.", "Numbers that do not exist are not made up: a dash stands for them, and the reason beside it."]
