"""Who may import whom: every import in the package, also inside functions and under TYPE_CHECKING."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from import_walk import FILES, ROOT, Import, imports

FACADE = "__init__"
FLOORS = (
    {"errors", "disk_cache", "version"},
    {"ops", "files"},
    {"ir"},
    {"text"},
    {"evaluation"},
    {"transform"},
    {"checking"},
    {"simplification"},
    {"backends"},
    {"analysis"},
    {"nn", "zoo", "spaces"},
    {"search", "meta"},
    {"api"},
    {"reporting"},
    {"notebook"},
    {FACADE},
    {"cli"},
    {"__main__"},
)
LEVEL = {room: level for level, rooms in enumerate(FLOORS) for room in rooms}

LAZY_EVERYWHERE = {"sympy", "networkx", "flint", "numba", "matplotlib", "pyarrow"}
LAZY_UP_TO_TEXT = LAZY_EVERYWHERE | {"mpmath", "numpy", "scipy"}


def faults(path: str, source: str) -> list[str]:
    """What the imports of one file do wrong; `path` is relative to the package."""
    room = Path(path).parts[0].removesuffix(".py")
    if room not in LEVEL:
        return [f"{path}: {room} is no room of the house"]
    return [
        f"{path}:{found.line}: {found.module}: {fault}"
        for found in imports(ast.parse(source))
        if (fault := fault_of(room, path, found))
    ]


def fault_of(room: str, path: str, found: Import) -> str | None:
    top, _, rest = found.module.partition(".")
    if not top:
        return "relative imports hide the room"
    if top == "symkit":
        target = rest.partition(".")[0]
        target = target if target in LEVEL else FACADE
        if target != room and LEVEL[target] >= LEVEL[room]:
            return f"{room} may not know {target}"
    elif top == "torch" and LEVEL[room] < LEVEL["backends"]:
        return "torch is known from backends upward"
    elif top == "llvmlite" and not path.startswith("backends/native"):
        return "llvmlite is known to backends/native only"
    elif not found.lazy and top in (LAZY_UP_TO_TEXT if LEVEL[room] <= LEVEL["text"] else LAZY_EVERYWHERE):
        return "belongs inside the function that needs it"
    return None


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_each_room_imports_only_from_below(file: Path) -> None:
    assert faults(file.relative_to(ROOT / "symkit").as_posix(), file.read_text(encoding="utf-8")) == []


def test_the_walk_sees_the_package() -> None:
    rooms = {file.relative_to(ROOT / "symkit").parts[0].removesuffix(".py") for file in FILES}
    assert {"errors", "ops", "ir", "text", "evaluation", FACADE} <= rooms


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("ops/a.py", "import symkit.ir.program"),
        ("ops/a.py", "from symkit import nn"),
        ("ops/a.py", "from symkit import parse"),
        ("ops/a.py", "import symkit"),
        ("ops/a.py", "def f():\n    from symkit.nn import Activation"),
        ("ir/a.py", "if TYPE_CHECKING:\n    from symkit.text import Expression"),
        ("ir/a.py", "from importlib import import_module\nimport_module('symkit.text')"),
        ("ir/a.py", "from ..text import Expression"),
        ("nn/a.py", "from symkit.zoo import find"),
        ("transform/a.py", "def f():\n    import torch.nn"),
        ("backends/a.py", "import llvmlite.binding"),
        ("text/a.py", "import numpy as np"),
        ("analysis/a.py", "import sympy"),
        ("analysis/a.py", "class A:\n    from matplotlib import pyplot"),
        ("cupboard/a.py", ""),
    ],
)
def test_a_wrong_import_is_found(path: str, source: str) -> None:
    assert len(faults(path, source)) == 1


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("ir/a.py", "from symkit.ops import OperatorTable\nfrom symkit import errors\nimport symkit.ir.digest"),
        ("text/a.py", "def f():\n    import numpy as np"),
        ("text/a.py", "if TYPE_CHECKING:\n    import networkx"),
        ("evaluation/a.py", "import numpy as np"),
        ("backends/a.py", "import torch"),
        ("backends/native/a.py", "import llvmlite.binding"),
        ("cli/a.py", "from symkit import __version__\nfrom symkit.api import derivative"),
    ],
)
def test_a_right_import_passes(path: str, source: str) -> None:
    assert faults(path, source) == []
