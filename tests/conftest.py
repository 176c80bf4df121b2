"""Helpers in this folder are shared, property tests draw the same examples each time, kernels are cached nearby, and
garbage is looked for only among what is new."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Generator
from pathlib import Path

import pytest
from hypothesis import settings

HERE = str(Path(__file__).parent)
if HERE not in sys.path:
    sys.path.insert(0, HERE)

# readline, which pytest loads, tells workers the size of a terminal that they do not have.
for name in ("COLUMNS", "LINES"):
    os.environ.pop(name, None)

# Kernels that tests compile stay out of the user's cache.
os.environ.setdefault("SYMKIT_CACHE_DIR", str(Path(__file__).parent.parent / ".pytest_cache" / "symkit"))

settings.register_profile("symkit", deadline=None, derandomize=True)
settings.load_profile("symkit")


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Modules and tests are no garbage."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()


@pytest.fixture(autouse=True, scope="module")
def no_old_objects() -> None:
    """What earlier modules left is not searched again and again: with the whole suite in memory that takes seconds."""
    gc.collect()
    gc.freeze()
