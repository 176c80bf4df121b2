"""Every test of this folder has a cache of its own, so that nothing found by older code is taken for granted."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SYMKIT_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache"
