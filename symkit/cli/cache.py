"""`symkit cache`: what symkit keeps on disk."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from symkit.cli.arguments import JsonOption
from symkit.cli.card import card, counted
from symkit.cli.console import emit, emit_json
from symkit.errors import DomainError

UNITS = ("bytes", "KiB", "MiB", "GiB")


def cache(
    info: Annotated[bool, typer.Option("--info", help="Say where it is and what is in it; the default.")] = False,
    clear: Annotated[bool, typer.Option("--clear", help="Remove everything; it is made again.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Look into the cache on disk, or clear it.

    Compiled kernels, the parser's tables and simplified functions lie in the user's cache folder, or where
    SYMKIT_CACHE_DIR says, and their size is bounded.

    \b
    Examples:
      symkit cache --info
      symkit cache --info --json
    """
    from symkit import disk_cache

    if info and clear:
        raise DomainError("give --info or --clear, not both")
    found = disk_cache.info()
    if clear:
        removed = disk_cache.clear()
        if as_json:
            emit_json({"path": found.path, "removed": removed})
        else:
            emit(f"removed {counted(removed, 'file')} from {found.path}")
    elif as_json:
        emit_json({**asdict(found), "limit": disk_cache.MAX_BYTES})
    else:
        size = f"{_size(found.bytes)} of at most {_size(disk_cache.MAX_BYTES)}"
        counts = [
            ("kernels", str(found.kernels)),
            ("parse tables", str(found.parse_tables)),
            ("simplified", str(found.simplified)),
        ]
        emit(card([("folder", found.path), *counts, ("size", size)]))


def _size(number: int) -> str:
    """`1.5 MiB`."""
    power = min(max(number.bit_length() - 1, 0) // 10, len(UNITS) - 1)
    return f"{number} bytes" if not power else f"{number / 1024**power:.3g} {UNITS[power]}"
