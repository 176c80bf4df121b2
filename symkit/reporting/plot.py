"""`plot`: a picture of a function, or of several."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from symkit.errors import DomainError
from symkit.files import check_place
from symkit.reporting.canvas import check_installed, format_of, styled
from symkit.reporting.drawing import Drawing
from symkit.reporting.subjects import Subjects, as_expressions, check_kinds, known, with_values
from symkit.text import Expression

HIGHEST = 2


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
    if surface and len(expressions) > 1:
        raise DomainError("a surface is drawn of one expression, not of several")
    if against is not None:
        expressions.append(known(against, expressions[0].kind))
    if path is not None:
        format_of(Path(path))
        check_place(Path(path))
    _check(expressions, along, surface, order, box)
    check_installed()
    expressions = with_values(expressions, parameters or {})
    with styled():
        if expressions[0].kind == "activation":
            drawing = _activations(expressions, mean, variance, along, order, box)
        else:
            drawing = _losses(expressions, along, surface, box)
    if path is not None:
        drawing.save(path)
    return drawing


def _check(
    expressions: Sequence[Expression], along: str | None, surface: bool, order: int, box: tuple[float, float] | None
) -> None:
    check_kinds(expressions)
    if len(expressions) > 1 and along is not None:
        raise DomainError("curves along a parameter are drawn of one expression, not of several")
    if surface and along is not None:
        raise DomainError("a surface is drawn for one value of a parameter: give along or surface, not both")
    if surface and expressions[0].kind == "activation":
        raise DomainError("a surface is drawn of a loss, not of an activation")
    if not 0 <= order <= HIGHEST:
        raise DomainError(f"order {order!r} is not one of 0, 1, 2")
    if box is not None and not (all(map(math.isfinite, box)) and box[0] < box[1]):
        raise DomainError(f"box {box!r} is not a pair of finite numbers, the lower one first")


def _activations(
    expressions: Sequence[Expression],
    mean: float,
    variance: float,
    along: str | None,
    order: int,
    box: tuple[float, float] | None,
) -> Drawing:
    from symkit.reporting.activation_plot import Activation, plot_activation, plot_activations
    from symkit.reporting.family_plot import plot_family, read_range

    subjects = [Activation(one, mean, variance) for one in expressions]
    if len(subjects) > 1:
        return plot_activations(subjects, box, order)
    if along is not None:
        return plot_family(subjects[0], read_range(along, tuple(expressions[0].parameters)), box, order)
    return plot_activation(subjects[0], box, order)


def _losses(
    expressions: Sequence[Expression],
    along: str | None,
    surface: bool,
    box: tuple[float, float] | None,
) -> Drawing:
    from symkit.reporting.family_plot import read_range
    from symkit.reporting.loss_plot import Loss, plot_loss_family, plot_losses

    subjects = [Loss(one) for one in expressions]
    if along is not None:
        return plot_loss_family(subjects[0], read_range(along, tuple(expressions[0].parameters)), box)
    return plot_losses(subjects, box, surface=surface)
