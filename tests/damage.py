"""Ways in which a file of the disk cache may be damaged."""

from __future__ import annotations

from collections.abc import Callable

DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda good: b"",
    "no content": lambda good: good[:16],
    "half": lambda good: good[: len(good) // 2],
    "a byte short": lambda good: good[:-1],
    "a byte long": lambda good: good + b"\0",
    "a bit flipped": lambda good: good[:1000] + bytes([good[1000] ^ 1]) + good[1001:],
    "zeros": lambda good: bytes(len(good)),
    "text": lambda good: b"nothing of the kind",
}
"""By name: what becomes of a good file."""
