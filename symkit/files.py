"""Files that are either whole or not there."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from symkit.errors import DomainError


def check_place(path: Path) -> None:
    """Raises DomainError if no file can be written at `path`, before any work is done for it."""
    folder = Path(os.path.realpath(path)).parent
    if path.is_dir() or not folder.is_dir() or not os.access(folder, os.W_OK):
        raise DomainError(f"{path} cannot be written: it must be a file in a folder that exists and may be written to")


def write_whole(path: Path, write: Callable[[Path], None]) -> None:
    """Lets `write` fill a new file beside `path`, which then takes its place.

    A reader, or whoever interrupts, never sees half a file. Devices and pipes are written as they are.

    Raises OSError if the place cannot be written to.
    """
    target = Path(os.path.realpath(path))
    if target.exists() and not target.is_file():
        write(target)
        return
    draft = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        write(draft)
        os.replace(draft, target)
    finally:
        draft.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Writes UTF-8 text whole or not at all."""

    def write(draft: Path) -> None:
        draft.write_text(text, encoding="utf-8")

    write_whole(path, write)


def write_bytes(path: Path, content: bytes) -> None:
    """Writes bytes whole or not at all."""

    def write(draft: Path) -> None:
        draft.write_bytes(content)

    write_whole(path, write)
