"""What an expression is, as plain data."""

from __future__ import annotations

from typing import Any

from symkit.text.expression import Expression


def describe(expression: Expression) -> dict[str, Any]:
    """JSON-ready facts: text, name, kind, inputs, parameters, granularity, constants, size, depth, operators, latex,
    digest. `parse(d["text"], kind=d["kind"])` gives the expression back."""
    return {
        "text": str(expression),
        "name": expression.name,
        "kind": expression.kind,
        "inputs": list(expression.inputs),
        "parameters": dict(expression.parameters),
        "granularity": {name: own for name, own in expression.granularity.items() if own is not None},
        "constants": dict(expression.constants),
        "size": expression.size,
        "depth": expression.depth,
        "operators": expression.program.operator_counts(),
        "latex": expression.latex(),
        "digest": expression.digest,
    }
