"""Label smoothing put into the formula of a loss."""

from __future__ import annotations

from symkit.analysis.losses.subject import TARGET
from symkit.errors import DomainError
from symkit.ir import Kind, Node, ProgramBuilder, rebuild
from symkit.text import Expression
from symkit.text.expression import Parameter
from symkit.text.names import CONSTANTS, INPUTS, LOSS_SPELLINGS, is_spellable

USUAL_SMOOTHING = 0.1
"""Where a parameter starts that is given by name alone."""


def smoothed(loss: Expression, smoothing: float | str) -> Expression:
    """The loss with y*(1 - xi) + xi/C in the place of the target y (R section 4.5).

    Args:
        smoothing: xi, a number above 0 and below 1; or the name of a new parameter, "xi" (it starts at 0.1) or
            "xi = 0.2".

    Raises DomainError for other smoothing, and for a loss without y.
    """
    if TARGET not in loss.program.inputs:
        raise DomainError(f"{loss} does not depend on the target y, so there is nothing to smooth")
    name, value = _read(smoothing)
    if name:
        _check_name(loss, name)
    if not 0 < value < 1:
        raise DomainError(f"smoothing by {value:g}: it is a share, above 0 and below 1, such as {USUAL_SMOOTHING:g}")

    def change(builder: ProgramBuilder, node: Node, operands: tuple[int, ...]) -> int | None:
        if node.kind is not Kind.INPUT or node.name != TARGET:
            return None
        y, xi = builder.terms((builder.leaf(node), builder.parameter(name) if name else builder.number(value)))
        return (y * (1 - xi) + xi / builder.algebra.constant("C")).index

    settings = {**loss.settings, **({name: Parameter(value)} if name else {})}
    program = rebuild(loss.program, change)
    return Expression(program, loss.kind, loss.inputs, settings, loss.constants, loss.table, loss.name)


def _read(smoothing: float | str) -> tuple[str, float]:
    """Name and value; the name is empty for a number."""
    if not isinstance(smoothing, str):
        return "", float(smoothing)
    name, sign, number = (part.strip() for part in smoothing.partition("="))
    if not sign:
        value = _number(name)
        return ("", value) if value is not None else (name, USUAL_SMOOTHING)
    value = _number(number)
    if value is None:
        raise DomainError(f'smoothing {smoothing!r}: write a number, a name, or both as in "xi = 0.1"')
    return name, value


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _check_name(loss: Expression, name: str) -> None:
    if not is_spellable(name) or name in (*CONSTANTS, *INPUTS, *LOSS_SPELLINGS):
        raise DomainError(f"smoothing {name!r} is neither a number nor a name that a parameter can have, such as xi")
    if name in loss.parameters:
        raise DomainError(f"{loss} has a parameter {name}; to smooth it once more take another name")
