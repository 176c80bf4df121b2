"""What functions are and what is known of them, in words: lines of label and value, for terminals and pages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from symkit.text import Expression

if TYPE_CHECKING:
    from symkit.checking import CheckReport, Verdict
    from symkit.zoo import Match

Row = tuple[str, str]
"""A label and its value."""

CASES = 3
"""How many families that a function is a case of are named."""

SHARED = {"layer": "one value a layer", "channel": "one a channel", "neuron": "one a neuron", "none": "fixed"}


def formula_rows(expression: Expression, granularity: str | None = None) -> list[Row]:
    """Kind, inputs, parameters and operators; `granularity` is that of parameters whose header names none."""
    inputs = ", ".join(expression.inputs)
    counts = expression.program.operator_counts()
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    operators = ", ".join(f"{name} {count}" for name, count in ordered)
    rows = [
        ("kind", f"{expression.kind} of {inputs}" if inputs else f"{expression.kind}, no inputs"),
        ("parameters", _parameters(expression, granularity) or "none"),
    ]
    if expression.constants:
        rows.append(("constants", ", ".join(f"{name} = {value:g}" for name, value in expression.constants.items())))
    rows.append(("operators", f"{operators}; {expression.size} in all, {expression.depth} deep" if counts else "none"))
    return rows


def _parameters(expression: Expression, granularity: str | None) -> str:
    parts: list[str] = []
    for name, initial in expression.parameters.items():
        sharing = expression.granularity[name] or granularity
        parts.append(f"{name} = {initial:g}" + (f" ({SHARED[sharing]})" if sharing else ""))
    return ", ".join(parts)


def known_as(matches: Sequence[Match]) -> str:
    """Which functions of the zoo an expression is, the best matches first."""
    exact = [match.name for match in matches if not held(match)]
    special = [f"{match.name} ({settings_text(held(match))})" for match in matches if held(match)]
    if exact:
        return ", ".join(exact)
    if special:
        more = f" and {len(special) - CASES} more" if len(special) > CASES else ""
        return f"a case of {', '.join(special[:CASES])}{more}"
    return "no function of the zoo"


def held(match: Match) -> dict[str, float]:
    """Parameters of the known function that must keep a value for it to be this function."""
    return {name: value for name, value in match.parameters.items() if not isinstance(value, str)}


def settings_text(values: Mapping[str, float]) -> str:
    """`alpha = 1, beta = 2`."""
    return ", ".join(f"{name} = {value:g}" for name, value in values.items())


def verdict_lines(report: CheckReport) -> Iterator[tuple[str, Verdict]]:
    """Every verdict, in the order in which they are shown."""
    yield "closure", report.closure
    yield "closure, compiled", report.compiled_closure
    yield "gradient", report.gradient
    yield "gradient by torch", report.torch_gradient
    for name, verdict in report.uses.items():
        yield f"uses {name}", verdict
    for label, found in (
        ("not negative", report.nonnegative),
        (f"not negative in {report.dtype}", report.nonnegative_dtype),
        ("least at target", report.minimum_at_target),
    ):
        if found is not None:
            yield label, found
    if report.classification is not None:
        yield "classes: closure", report.classification.closure
        yield "classes: not negative", report.classification.nonnegative
        yield "classes: least at target", report.classification.minimum_at_target
    for requirement in report.required:
        yield requirement.text, requirement.verdict
