"""Compiled kernels on disk: safe under concurrent writers, healed when damaged, bounded in size."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

MAX_BYTES = 256 * 2**20
"""Past this size the files that were used longest ago go."""

WEIGHED = 32
"""One new kernel in so many has the whole cache weighed: to look at tens of thousands of files takes a while."""

SUFFIX, PARTIAL = ".kernel", ".partial"
CHECKSUM = 32

ABANDONED = 3600.0
"""Seconds after which a half-written file has no writer any more."""


def cache_folder() -> Path:
    """`$SYMKIT_CACHE_DIR`, or `symkit` in the user's cache folder. Raises OSError for a user without a home."""
    chosen = os.environ.get("SYMKIT_CACHE_DIR")
    if chosen:
        return Path(chosen)
    above = os.environ.get("XDG_CACHE_HOME")
    if above:
        return Path(above) / "symkit"
    try:
        return Path.home() / ".cache" / "symkit"
    except RuntimeError as error:
        raise OSError(errno.ENOENT, "no home folder to keep kernels in; set SYMKIT_CACHE_DIR") from error


@dataclass(frozen=True)
class CacheInfo:
    """What lies in the cache."""

    path: str
    kernels: int
    bytes: int


def info() -> CacheInfo:
    files = list(_files())
    return CacheInfo(str(cache_folder()), len(files), sum(size for _, size, _ in files))


def clear() -> int:
    """Removes every kernel; returns how many there were."""
    removed = 0
    for suffix in (SUFFIX, PARTIAL):
        for path, _, _ in _files(suffix):
            with contextlib.suppress(OSError):
                path.unlink()
                removed += suffix == SUFFIX
    return removed


def read(key: str) -> bytes | None:
    """The object code kept under a key; None if there is none, or if it is damaged, which removes it."""
    try:
        path = _path(key)
        content = path.read_bytes()
    except OSError:
        return None
    checksum, code = content[:CHECKSUM], content[CHECKSUM:]
    if hashlib.sha256(code).digest() != checksum:
        with contextlib.suppress(OSError):
            path.unlink()
        return None
    with contextlib.suppress(OSError):
        os.utime(path)
    return code


def write(key: str, code: bytes) -> None:
    """Keeps object code. A folder that cannot be written is no error: the next process compiles again."""
    with contextlib.suppress(OSError):
        path = _path(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(suffix=PARTIAL, dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(hashlib.sha256(code).digest() + code)
            os.replace(temporary, path)
        except OSError:
            os.unlink(temporary)
            raise
        if int(key, 16) % WEIGHED == 0:
            _prune()


def _prune() -> None:
    for path, _, begun in _files(PARTIAL):
        if begun < time.time() - ABANDONED:
            with contextlib.suppress(OSError):
                path.unlink()
    files = sorted(_files(), key=lambda entry: entry[2])
    total = sum(size for _, size, _ in files)
    for path, size, _ in files:
        if total <= MAX_BYTES:
            break
        with contextlib.suppress(OSError):
            path.unlink()
            total -= size


def _files(suffix: str = SUFFIX) -> Iterator[tuple[Path, int, float]]:
    """(path, size, time of last use) of every kernel; files that vanish meanwhile are passed over."""
    folder = cache_folder() / "native"
    with contextlib.suppress(OSError):
        for path in folder.glob(f"*{suffix}"):
            with contextlib.suppress(OSError):
                status = path.stat()
                yield path, status.st_size, status.st_mtime


def _path(key: str) -> Path:
    return cache_folder() / "native" / f"{key}{SUFFIX}"
