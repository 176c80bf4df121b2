"""Every import of the package, by its source."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FILES = sorted((ROOT / "symkit").rglob("*.py"))


@dataclass(frozen=True)
class Import:
    module: str
    line: int
    lazy: bool


def imports(node: ast.AST, lazy: bool = False) -> Iterator[Import]:
    """Every import below `node`; lazy are those that do not run when the module is loaded."""
    if isinstance(node, ast.Import):
        yield from (Import(alias.name, node.lineno, lazy) for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        base = "." * node.level + (node.module or "")
        # `from symkit import nn` means the room, `from symkit import parse` the facade.
        whole = base != "symkit"
        yield from (Import(base if whole else f"symkit.{a.name}", node.lineno, lazy) for a in node.names)
    elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module"):
        if node.args and isinstance(node.args[0], ast.Constant):
            yield Import(str(node.args[0].value), node.lineno, lazy)
    lazy = lazy or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
    lazy = lazy or (isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"))
    for child in ast.iter_child_nodes(node):
        yield from imports(child, lazy)
