"""Kernels that tests compile are kept apart from the user's, and thread counts are put back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch


@pytest.fixture(scope="session")
def shared_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("kernels")


@pytest.fixture(autouse=True)
def cache(shared_cache: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that kernels of this test are kept in."""
    monkeypatch.setenv("SYMKIT_CACHE_DIR", str(shared_cache))
    return shared_cache


@pytest.fixture
def fresh_cache(cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder for kernels, of this test alone."""
    monkeypatch.setenv("SYMKIT_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture(autouse=True)
def settled() -> Iterator[None]:
    """Random numbers from one seed; as many threads afterwards as before."""
    threads = torch.get_num_threads()
    with torch.random.fork_rng():
        torch.manual_seed(0)
        yield
    torch.set_num_threads(threads)
