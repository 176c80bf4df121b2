"""What the project files say of themselves is true."""

from __future__ import annotations

import ast
import re
import sys
import tomllib

import pytest
from import_walk import FILES, ROOT, imports

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS: dict[str, list[str]] = PROJECT["optional-dependencies"]
SHIPPED = [*PROJECT["dependencies"], *EXTRAS["cuda"], *EXTRAS["parquet"], *EXTRAS["plot"]]
"""What the package itself imports."""

IMPORTED_AS = {"cuda-bindings": "cuda", "python-flint": "flint", "scikit-learn": "sklearn"}


def name_of(requirement: str) -> str:
    found = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert found is not None
    return found[0].lower()


def pins() -> dict[str, tuple[int, ...]]:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pairs = [line.split("==") for line in lines if not line.startswith("#")]
    return {name.lower(): numbers(version) for name, version in pairs}


def numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version))


def test_dependencies_are_what_the_package_imports() -> None:
    found = {i.module.partition(".")[0] for file in FILES for i in imports(ast.parse(file.read_text(encoding="utf-8")))}
    outside = found - set(sys.stdlib_module_names) - {"symkit"}
    declared = {IMPORTED_AS.get(name, name) for name in map(name_of, SHIPPED)}
    assert declared == outside


@pytest.mark.parametrize("requirement", [*SHIPPED, *EXTRAS["dev"], *EXTRAS["docs"]])
def test_the_pinned_version_is_in_the_range(requirement: str) -> None:
    bounds = re.fullmatch(r"[A-Za-z0-9._-]+>=([\d.]+),<(\d+)", requirement)
    assert bounds is not None, "a requirement is a range: name>=low,<high"
    assert numbers(bounds[1]) <= pins()[name_of(requirement)] < numbers(bounds[2])
