"""What pictures and pages are of: expressions of one kind, from whatever a caller gives."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from symkit.errors import DomainError
from symkit.text import Expression, parse
from symkit.text.expression import needed_constants
from symkit.zoo.named import named_function, named_loss

CLASSES, USUAL_CLASSES = "C", 10.0

Subjects = Expression | str | Iterable[Expression | str]


def as_expressions(e: Subjects) -> list[Expression]:
    """One or several expressions or texts as a list. Raises DomainError if there is none."""
    several: Iterable[Expression | str] = [e] if isinstance(e, Expression | str) else e
    found = [parse(one) if isinstance(one, str) else one for one in several]
    if not found:
        raise DomainError("there is nothing to draw: give at least one expression")
    return found


def known(e: Expression | str, kind: str) -> Expression:
    """A function to compare with one of a kind: an expression, or the text or the name in the zoo of one.

    Names may have values in brackets, such as `focal(gamma=3)`; see `symkit.zoo.named.named`.
    """
    if isinstance(e, Expression):
        return e
    return named_loss(e) if kind == "loss" else named_function(e)


def with_values(expressions: Sequence[Expression], given: Mapping[str, float]) -> list[Expression]:
    """The expressions with other values of parameters and constants, each with those that it has a place for.

    A number of classes that nobody gives is 10. Raises DomainError for a name that none of them has.
    """
    settable = [(*one.parameters, *needed_constants(one.program)) for one in expressions]
    every = sorted(set().union(*settable))
    for name in given:
        if name not in every:
            raise DomainError(f"{name!r} is no parameter; there are {', '.join(every) or 'none'}")
    return [
        one.with_values(
            {
                **({CLASSES: USUAL_CLASSES} if CLASSES in names and CLASSES not in one.constants else {}),
                **{name: float(value) for name, value in given.items() if name in names},
            }
        )
        for one, names in zip(expressions, settable, strict=True)
    ]


def check_kinds(expressions: Sequence[Expression]) -> None:
    """Raises DomainError unless all are activations, or all are losses."""
    for expression in expressions:
        if expression.kind not in ("activation", "loss"):
            raise DomainError(
                f"{expression} is a function of {', '.join(expression.inputs) or 'no input'}; "
                "pictures and reports take activations in x, or losses in y and p or z"
            )
    if len({expression.kind for expression in expressions}) > 1:
        raise DomainError("activations and losses do not go together; take them one by one")
