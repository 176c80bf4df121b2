"""The cache on disk: bounded in size, and nobody sees half a file."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from processes import run_python

from symkit import disk_cache
from symkit.disk_cache import KERNELS, PARSE_TABLES, CacheInfo

KEYS = [f"{32 * n:064x}" for n in range(20)]
"""Keys at whose writing the cache is weighed."""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache."""
    monkeypatch.setenv("SYMKIT_CACHE_DIR", str(tmp_path))
    return tmp_path


def files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def test_where_the_cache_lies(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SYMKIT_CACHE_DIR", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", "/caches")
    assert disk_cache.cache_folder() == Path("/caches/symkit")
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert disk_cache.cache_folder() == Path.home() / ".cache" / "symkit"


def test_the_files_used_longest_ago_go_first(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disk_cache, "MAX_BYTES", 5 * (1000 + disk_cache.CHECKSUM))
    for age, key in enumerate(KEYS[:5]):
        KERNELS.write(key, bytes(1000))
        os.utime(KERNELS.path(key), (1000.0 + age, 1000.0 + age))
    assert KERNELS.read(KEYS[0]) == bytes(1000)
    KERNELS.write(KEYS[5], bytes(1000))
    KERNELS.write(KEYS[6], bytes(1000))
    assert [key for key in KEYS if KERNELS.read(key) is not None] == [KEYS[0], *KEYS[3:7]]
    assert disk_cache.info().bytes <= disk_cache.MAX_BYTES


def test_all_sorts_of_files_count(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    PARSE_TABLES.write(KEYS[0], bytes(100))
    os.utime(PARSE_TABLES.path(KEYS[0]), (1000.0, 1000.0))
    KERNELS.write(KEYS[0], bytes(50))
    assert disk_cache.info() == CacheInfo(str(folder), 1, 1, 0, 150 + 2 * disk_cache.CHECKSUM)
    monkeypatch.setattr(disk_cache, "MAX_BYTES", 200)
    KERNELS.write(KEYS[1], bytes(50))
    assert disk_cache.info() == CacheInfo(str(folder), 2, 0, 0, 100 + 2 * disk_cache.CHECKSUM)


def test_the_cache_is_weighed_every_so_many_files(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disk_cache, "MAX_BYTES", 0)
    for number in range(1, disk_cache.WEIGHED):
        KERNELS.write(f"{number:064x}", b"code")
    assert disk_cache.info().kernels == disk_cache.WEIGHED - 1
    KERNELS.write(f"{disk_cache.WEIGHED:064x}", b"code")
    assert disk_cache.info().kernels == 0


def test_files_that_a_killed_writer_left_behind_go(folder: Path) -> None:
    KERNELS.write(KEYS[0], b"code")
    old, new = (folder / "native" / f"{name}{disk_cache.PARTIAL}" for name in ("old", "new"))
    for path in (old, new):
        path.write_bytes(b"half")
    os.utime(old, (1000.0, 1000.0))
    KERNELS.write(KEYS[1], b"code")
    assert (old.exists(), new.exists()) == (False, True)
    PARSE_TABLES.write(KEYS[0], b"tables")
    assert disk_cache.clear() == 3
    assert files(folder) == []


def test_writers_and_readers_at_the_same_time(folder: Path) -> None:
    """Processes that write, read, prune and clear the same few kernels: nobody sees half of one, or an error."""
    code = """
import random, sys
from symkit import disk_cache
from symkit.disk_cache import KERNELS
disk_cache.MAX_BYTES = 20_000
seed = int(sys.argv[1])
draw = random.Random(seed)
seen = 0
for turn in range(400):
    key = f"{32 * draw.randrange(8):064x}"
    code = KERNELS.read(key)
    assert code is None or code == key.encode() * 100, code
    seen += code is not None
    KERNELS.write(key, key.encode() * 100)
    if draw.random() < 0.02:
        disk_cache.clear()
print(seen)
"""
    with ThreadPoolExecutor(3) as pool:
        seen = list(pool.map(lambda seed: int(run_python(code, str(seed))), range(3)))
    assert all(seen)
    assert disk_cache.info().bytes <= 20_000 + 6432
    assert [path for path in files(folder) if path.suffix != KERNELS.suffix] == []
