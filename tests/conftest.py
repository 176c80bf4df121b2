"""Lets test files share the helpers that lie in this folder; property tests draw the same examples in every run."""

from __future__ import annotations

import sys
from pathlib import Path

from hypothesis import settings

HERE = str(Path(__file__).parent)
if HERE not in sys.path:
    sys.path.insert(0, HERE)

settings.register_profile("symkit", deadline=None, derandomize=True)
settings.load_profile("symkit")
