"""symkit: a compiler toolkit for the small functions that neural networks train with.

The public names are loaded on first use, so that `import symkit` costs nothing else.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

from symkit.version import __version__

if TYPE_CHECKING:
    from symkit import errors, nn
    from symkit.analysis import analyze, moments
    from symkit.analysis.losses import redistribute
    from symkit.api import derivative, evaluate
    from symkit.backends.native.numba_interop import to_numba
    from symkit.checking import check, enforce, protect
    from symkit.nn import compile, export, functional
    from symkit.ops import OperatorTable
    from symkit.reporting.plot import plot
    from symkit.reporting.report import report
    from symkit.simplification import equal, simplify
    from symkit.text import Expression, define, parse
    from symkit.zoo.catalogue import catalogue as zoo

__all__ = [
    "Expression",
    "OperatorTable",
    "__version__",
    "analyze",
    "check",
    "compile",
    "define",
    "derivative",
    "enforce",
    "equal",
    "errors",
    "evaluate",
    "export",
    "functional",
    "moments",
    "nn",
    "parse",
    "plot",
    "protect",
    "redistribute",
    "report",
    "simplify",
    "to_numba",
    "zoo",
]

_HOMES = {
    "Expression": "symkit.text",
    "OperatorTable": "symkit.ops",
    "analyze": "symkit.analysis",
    "check": "symkit.checking",
    "compile": "symkit.nn",
    "define": "symkit.text",
    "derivative": "symkit.api",
    "enforce": "symkit.checking",
    "equal": "symkit.simplification",
    "evaluate": "symkit.api",
    "export": "symkit.nn",
    "functional": "symkit.nn",
    "moments": "symkit.analysis",
    "parse": "symkit.text",
    "plot": "symkit.reporting.plot",
    "protect": "symkit.checking",
    "redistribute": "symkit.analysis.losses",
    "report": "symkit.reporting.report",
    "simplify": "symkit.simplification",
    "to_numba": "symkit.backends.native.numba_interop",
}
"""The module that each public name comes from; the other names are modules themselves."""


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}; it has {', '.join(__all__)}")
    value = getattr(import_module(_HOMES[name]), name) if name in _HOMES else import_module(f"{__name__}.{name}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)


if "IPython" in sys.modules:
    import_module("symkit.notebook").register()
