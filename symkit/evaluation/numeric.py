"""The numpy interpreter: operators applied one by one in a dtype."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache, lru_cache
from importlib import import_module
from typing import Any

from symkit.errors import DomainError
from symkit.evaluation.time_limit import check_time
from symkit.evaluation.truth import fitted, is_truth
from symkit.ir import Kind, Node, Program, lower
from symkit.ops import Operator

DTYPES = ("float64", "float32", "float16")


def evaluate_numpy(program: Program, values: Mapping[str, Any], dtype: str = "float64") -> list[Any]:
    """The roots of a Program over numpy arrays.

    Args:
        values: an array or number for every input, parameter and constant by name; they broadcast.
        dtype: "float64", "float32", or "float16", which is computed in float32 and rounded once.

    Returns:
        One array a root, in `dtype`, of the broadcast shape of its own leaves.

    Raises:
        DomainError: for an unknown dtype or a leaf without a value.
        OutOfTime: inside a `time_limit`.
    """
    import numpy as np

    if dtype not in DTYPES:
        raise DomainError(f"dtype {dtype!r} is not one of {', '.join(DTYPES)}")
    stored = np.dtype(dtype)
    computed = np.dtype("float32") if dtype == "float16" else stored
    lowered = _lowered(program)
    leaves = {name: _leaf(values, name, computed) for name in _names(lowered)}
    results: list[Any] = []
    with np.errstate(all="ignore"):
        for node in lowered.nodes:
            check_time()
            if node.kind is Kind.NUMBER:
                results.append(computed.type(node.number))
            elif node.is_leaf:
                results.append(leaves[node.name])
            else:
                results.append(_apply(np, lowered, node, results, computed))
        return [
            np.asarray(results[root]).astype(computed, copy=False).astype(stored, copy=False) for root in lowered.roots
        ]


def _apply(np: Any, program: Program, node: Node, results: list[Any], dtype: Any) -> Any:
    operands = fitted(
        node,
        [results[i] for i in node.operands],
        [is_truth(program.nodes[i]) for i in node.operands],
        lambda value: np.asarray(value).astype(dtype),
        lambda value: value != 0,
    )
    return numpy_function(node.operator)(*operands)


@cache
def numpy_function(operator: Operator) -> Callable[..., Any]:
    """The library function that a record names."""
    assert operator.numpy is not None
    module, _, name = operator.numpy.rpartition(".")
    function: Callable[..., Any] = getattr(import_module(module), name)
    return function


@lru_cache(maxsize=256)
def _lowered(program: Program) -> Program:
    return lower(program, lambda operator: operator.numpy is not None)


def _names(program: Program) -> list[str]:
    return [node.name for node in program.nodes if node.is_leaf and node.kind is not Kind.NUMBER]


def _leaf(values: Mapping[str, Any], name: str, dtype: Any) -> Any:
    import numpy as np

    if name not in values:
        raise DomainError(f"{name} has no value; given: {', '.join(values) or 'nothing'}")
    return np.asarray(values[name]).astype(dtype)
