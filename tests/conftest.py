"""Helpers in this folder are shared, property tests draw the same examples each time, kernels are cached nearby."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from hypothesis import settings

HERE = str(Path(__file__).parent)
if HERE not in sys.path:
    sys.path.insert(0, HERE)

# Kernels that tests compile stay out of the user's cache.
os.environ.setdefault("SYMKIT_CACHE_DIR", str(Path(__file__).parent.parent / ".pytest_cache" / "symkit"))

settings.register_profile("symkit", deadline=None, derandomize=True)
settings.load_profile("symkit")
