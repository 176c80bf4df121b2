"""The public names, and what importing the package costs."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

import symkit

HEAVY = ("torch", "numpy", "sympy", "networkx", "mpmath", "scipy", "numba", "lark", "flint", "sklearn", "matplotlib")


def fresh_python(code: str) -> str:
    """What `code` prints in a new process."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_import_is_light() -> None:
    code = f"import sys, symkit; print([m for m in {HEAVY} if m in sys.modules])"
    assert fresh_python(code).strip() == "[]"


def test_import_is_quick() -> None:
    def seconds(code: str) -> float:
        start = time.perf_counter()
        fresh_python(code)
        return time.perf_counter() - start

    # The whole process, interpreter included; the best of five, for other work may share the cores.
    assert min(seconds("import symkit") for _ in range(5)) < 0.3


@pytest.mark.parametrize("name", symkit.__all__)
def test_public_name_is_there(name: str) -> None:
    assert getattr(symkit, name) is getattr(symkit, name)
    assert name in dir(symkit)


def test_unknown_name_says_what_there_is() -> None:
    with pytest.raises(AttributeError, match=r"no attribute 'prase'.*parse"):
        symkit.prase  # noqa: B018


def test_star_import_gives_all_names() -> None:
    code = "from symkit import *; import symkit; print(sorted(set(symkit.__all__) - set(dir())))"
    assert fresh_python(code).strip() == "[]"


def test_names_do_not_depend_on_what_was_imported_before() -> None:
    # A room that is imported becomes an attribute of the package, and would hide a function of its name.
    rooms = "symkit.analysis, symkit.backends, symkit.evaluation, symkit.nn, symkit.transform, symkit.zoo"
    names = ("analyze", "compile", "derivative", "evaluate", "export", "functional", "moments", "parse")
    code = (
        f"import symkit, {rooms}; print(all(callable(getattr(symkit, name)) for name in {names}), len(symkit.zoo) > 0)"
    )
    assert fresh_python(code).split() == ["True", "True"]
