"""What is made once and kept on disk: safe under concurrent writers, healed when damaged, bounded in size.

A file is the SHA-256 of its content, followed by the content.
"""

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
from typing import NamedTuple

MAX_BYTES = 256 * 2**20
"""Past this size the files that were used longest ago go."""

WEIGHED = 32
"""One new file in so many has the whole cache weighed: to look at tens of thousands of files takes a while."""

PARTIAL = ".partial"
CHECKSUM = 32

ABANDONED = 3600.0
"""Seconds after which a half-written file has no writer any more."""


class File(NamedTuple):
    """A file of the cache, with its size in bytes and the time of its last use."""

    path: Path
    size: int
    used: float


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
        raise OSError(errno.ENOENT, "no home folder to keep files in; set SYMKIT_CACHE_DIR") from error


@dataclass(frozen=True)
class Shelf:
    """Files of one sort, in a folder of their own inside the cache's."""

    folder: str
    suffix: str

    def read(self, key: str) -> bytes | None:
        """The content kept under a key; None if there is none, or if it is damaged, which removes it."""
        try:
            path = self.path(key)
            kept = path.read_bytes()
        except OSError:
            return None
        checksum, content = kept[:CHECKSUM], kept[CHECKSUM:]
        if hashlib.sha256(content).digest() != checksum:
            with contextlib.suppress(OSError):
                path.unlink()
            return None
        with contextlib.suppress(OSError):
            os.utime(path)
        return content

    def write(self, key: str, content: bytes) -> None:
        """Keeps content under a key, a SHA-256 in hexadecimal.

        A folder that cannot be written is no error: the next process makes the content again.
        """
        with contextlib.suppress(OSError):
            path = self.path(key)
            path.parent.mkdir(parents=True, exist_ok=True)
            handle, temporary = tempfile.mkstemp(suffix=PARTIAL, dir=path.parent)
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(hashlib.sha256(content).digest() + content)
                os.replace(temporary, path)
            except OSError:
                os.unlink(temporary)
                raise
            if int(key, 16) % WEIGHED == 0:
                _prune()

    def path(self, key: str) -> Path:
        return cache_folder() / self.folder / f"{key}{self.suffix}"

    def files(self) -> Iterator[File]:
        return self._ending(self.suffix)

    def partial(self) -> Iterator[File]:
        """Files that a writer is at, or was when it was killed."""
        return self._ending(PARTIAL)

    def _ending(self, suffix: str) -> Iterator[File]:
        """Files that vanish meanwhile are passed over."""
        folder = cache_folder() / self.folder
        with contextlib.suppress(OSError):
            for path in folder.glob(f"*{suffix}"):
                with contextlib.suppress(OSError):
                    status = path.stat()
                    yield File(path, status.st_size, status.st_mtime)


KERNELS = Shelf("native", ".kernel")
PARSE_TABLES = Shelf("text", ".tables")
SIMPLIFIED = Shelf("simplified", ".expression")
SHELVES = (KERNELS, PARSE_TABLES, SIMPLIFIED)


@dataclass(frozen=True)
class CacheInfo:
    """What lies in the cache."""

    path: str
    kernels: int
    parse_tables: int
    simplified: int
    bytes: int


def info() -> CacheInfo:
    kernels, tables, simplified = (list(shelf.files()) for shelf in SHELVES)
    size = sum(file.size for file in kernels + tables + simplified)
    return CacheInfo(str(cache_folder()), len(kernels), len(tables), len(simplified), size)


def clear() -> int:
    """Removes every file; returns how many there were."""
    for shelf in SHELVES:
        for file in shelf.partial():
            _removed(file)
    return sum(_removed(file) for shelf in SHELVES for file in shelf.files())


def _prune() -> None:
    for shelf in SHELVES:
        for file in shelf.partial():
            if file.used < time.time() - ABANDONED:
                _removed(file)
    files = sorted((file for shelf in SHELVES for file in shelf.files()), key=lambda file: file.used)
    total = sum(file.size for file in files)
    for file in files:
        if total <= MAX_BYTES:
            break
        if _removed(file):
            total -= file.size


def _removed(file: File) -> bool:
    """Removes it; False if that cannot be done, or somebody else did."""
    with contextlib.suppress(OSError):
        file.path.unlink()
        return True
    return False
