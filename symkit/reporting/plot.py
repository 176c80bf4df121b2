"""`plot`: a picture of a function, or of several."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from symkit.errors import DomainError
from symkit.files import check_place
from symkit.reporting.canvas import check_installed, format_of, styled
from symkit.reporting.drawing import Drawing
from symkit.text import Expression, parse
from symkit.text.expression import needed_constants
from symkit.zoo.catalogue import catalogue

HIGHEST = 2

Subjects = Expression | str | Iterable[Expression | str]


def plot(
    e: Subjects,
    path: str | Path | None = None,
    *,
    mean: float = 0.0,
    variance: float = 1.0,
    parameters: Mapping[str, float] | None = None,
    along: str | None = None,
    against: Expression | str | None = None,
    surface: bool = False,
    order: int = 1,
    box: tuple[float, float] | None = None,
) -> Drawing:
    """Draws activations with their derivatives, or losses with their slopes.

    An activation is drawn over the bulk of a normal input, whose density is shaded, with its breaks, extrema, zeros and
    asymptotes, and with the stretches where it is saturated or its derivative is 0. A loss is drawn over predictions,
    for targets of 1 and 0. Curves end at jumps and poles; what would leave the rest no room runs out of the picture.

    Args:
        e: an expression, its text, or several of one kind.
        path: a file to write, .png or .svg; None to write none.
        mean, variance: of the input of an activation.
        parameters: values of learnable parameters and of settable constants by name; initial values where not given.
        along: a parameter and its ends, such as "beta=0.5:2", for curves along it; for one expression.
        against: another one to draw beside it, as an expression, its text or a name of the zoo.
        surface: also draw a loss over both targets and predictions, as a map; for one expression.
        order: the highest derivative of an activation that is drawn, 0 to 2.
        box: lowest and highest x or prediction, if not chosen by the functions.

    Returns:
        A Drawing, which notebooks show.

    Raises:
        DomainError: for functions that are neither activations nor losses, or of both kinds, for settings outside
            their range, and for a path that ends in neither .png nor .svg or cannot be written.
        Unsupported: where matplotlib is not installed.
    """
    expressions = as_expressions(e)
    if against is not None:
        expressions.append(known(against))
    if path is not None:
        format_of(Path(path))
        check_place(Path(path))
    _check(expressions, along, surface, order, box)
    check_installed()
    given = {name: float(value) for name, value in (parameters or {}).items()}
    with styled():
        if expressions[0].kind == "activation":
            drawing = _activations(expressions, mean, variance, given, along, order, box)
        else:
            drawing = _losses(expressions, given, along, surface, box)
    if path is not None:
        drawing.save(path)
    return drawing


def as_expressions(e: Subjects) -> list[Expression]:
    """One or several expressions or texts as a list. Raises DomainError if there is none."""
    several: Iterable[Expression | str] = [e] if isinstance(e, Expression | str) else e
    found = [parse(one) if isinstance(one, str) else one for one in several]
    if not found:
        raise DomainError("there is nothing to draw: give at least one expression")
    return found


def known(e: Expression | str) -> Expression:
    """A function of the zoo by its name, or the expression that a text spells."""
    if isinstance(e, Expression):
        return e
    return catalogue[e] if e in catalogue else parse(e)


def own(expression: Expression, given: Mapping[str, float], everyone: Sequence[Expression]) -> dict[str, float]:
    """Those of the given values that an expression has a place for.

    Raises DomainError for a name that none of the expressions has.
    """
    settable = [{*one.parameters, *needed_constants(one.program)} for one in everyone]
    every = sorted(set().union(*settable))
    for name in given:
        if name not in every:
            raise DomainError(f"{name!r} is no parameter; there are {', '.join(every) or 'none'}")
    names = settable[everyone.index(expression)]
    return {name: value for name, value in given.items() if name in names}


def _check(
    expressions: Sequence[Expression], along: str | None, surface: bool, order: int, box: tuple[float, float] | None
) -> None:
    kinds = {expression.kind for expression in expressions}
    for expression in expressions:
        if expression.kind not in ("activation", "loss"):
            raise DomainError(
                f"{expression} is a function of {', '.join(expression.inputs) or 'no input'}; "
                "a picture takes activations in x, or losses in y and p or z"
            )
    if len(kinds) > 1:
        raise DomainError("activations and losses do not go into one picture; draw them one by one")
    if len(expressions) > 1 and (along is not None or surface):
        raise DomainError("curves along a parameter and surfaces are drawn of one expression, not of several")
    if surface and kinds == {"activation"}:
        raise DomainError("a surface is drawn of a loss, not of an activation")
    if not 0 <= order <= HIGHEST:
        raise DomainError(f"order {order!r} is not one of 0, 1, 2")
    if box is not None and not (all(map(math.isfinite, box)) and box[0] < box[1]):
        raise DomainError(f"box {box!r} is not a pair of finite numbers, the lower one first")


def _activations(
    expressions: Sequence[Expression],
    mean: float,
    variance: float,
    given: Mapping[str, float],
    along: str | None,
    order: int,
    box: tuple[float, float] | None,
) -> Drawing:
    from symkit.reporting.activation_plot import Activation, plot_activation, plot_activations
    from symkit.reporting.family_plot import plot_family, read_range

    subjects = [Activation(one, mean, variance, own(one, given, expressions)) for one in expressions]
    if len(subjects) > 1:
        return plot_activations(subjects, box, order)
    if along is not None:
        return plot_family(subjects[0], read_range(along, tuple(expressions[0].parameters)), box, order)
    return plot_activation(subjects[0], box, order)


def _losses(
    expressions: Sequence[Expression],
    given: Mapping[str, float],
    along: str | None,
    surface: bool,
    box: tuple[float, float] | None,
) -> Drawing:
    from symkit.reporting.family_plot import read_range
    from symkit.reporting.loss_plot import Loss, plot_loss_family, plot_losses

    subjects = [Loss(one, own(one, given, expressions)) for one in expressions]
    if along is not None:
        return plot_loss_family(subjects[0], read_range(along, tuple(expressions[0].parameters)), box)
    return plot_losses(subjects, box, surface=surface)
