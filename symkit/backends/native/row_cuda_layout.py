"""How the rows of a call are shared out to the threads of CUDA kernels.

Where classes lie side by side, neighbouring threads take neighbouring chunks of a row's classes; else they take
neighbouring rows. Few rows are cut into parts, one a thread, which are joined by one thread a row; rows that are short
or many are done by a thread each.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

from symkit.backends.native.cuda_layout import ACCESS, LINE, WARP
from symkit.backends.native.storage import Storage

IN_FLIGHT = 32
"""Bytes of logits that a thread has in flight at once."""

LEAST_CHUNKS = 4
"""Chunks of a part: fewer cost more to join than they save."""

MOST_PARTS = 256
"""Parts of a row, which one thread joins."""

MOST_THREADS = 2**31 - 1

SIZES = {"double": 8, "float": 4, "i16": 2}


@dataclass(frozen=True)
class RowCudaBox:
    """What kernels are compiled for.

    Attributes:
        logits, target, weight, leaves: how they are stored; a target of None is that of class indices.
        dense: of the logits, the target, the weight and the gradient, as far as there are any, whether their classes
            lie side by side.
        vector: classes of a chunk, which are read and written at once.
        chunks: chunks that a thread has in flight.
        has_outer: whether there are dimensions before and behind the classes.
        is_split: whether rows are cut into parts.
    """

    logits: Storage
    target: Storage | None
    weight: Storage | None
    leaves: tuple[Storage, ...]
    dense: tuple[bool, ...]
    vector: int
    chunks: int
    has_outer: bool
    is_split: bool

    @property
    def along(self) -> bool:
        """Whether neighbouring threads take neighbouring chunks of a row."""
        return self.dense[0]


class RowCudaWord(IntEnum):
    """Places of the words behind the pointers; strides of tensors along outer places, rows and classes follow.

    ROWS: of one outer place; ALL_ROWS: of all. CHUNKS: of a row. PARTS, TURNS and LEFT are about sums over classes: the
    parts of a row, the turns of a part in which all chunks in flight are there, and those of one chunk that are left.
    The same words of WRITTEN are about the gradient. PULLED: the stride of what is given of rows to pull back.
    """

    ALL_ROWS = 0
    ROWS = 1
    CLASSES = 2
    CHUNKS = 3
    IGNORED = 4
    AVERAGED = 5
    PARTS = 6
    TURNS = 7
    LEFT = 8
    WRITTEN_PARTS = 9
    WRITTEN_TURNS = 10
    WRITTEN_LEFT = 11
    PULLED = 12


@dataclass(frozen=True)
class Split:
    """How a row's chunks are shared out: see `RowCudaWord`."""

    parts: int
    turns: int
    left: int


def chunk(storages: Sequence[Storage], bases: Sequence[int], classes: int) -> int:
    """Classes that every tensor can move at once.

    Args:
        storages: of the tensors whose classes lie side by side.
        bases: for each the largest power of two, in bytes, that divides its address and its strides along rows.
    """
    if not storages:
        return 1
    found = ACCESS // min(SIZES[storage.element] for storage in storages)
    while found > 1 and (
        classes % found
        or any(base % min(ACCESS, found * SIZES[s.element]) for s, base in zip(storages, bases, strict=True))
    ):
        found //= 2
    return found


def in_flight(storage: Storage, vector: int) -> int:
    """Chunks of the logits that a thread reads before it works on them."""
    return max(1, IN_FLIGHT // SIZES[storage.element] // vector)


def split_sums(rows: int, chunks: int, size: int, at_once: int, along: bool, workers: int) -> Split:
    """Parts for sums over the classes of every row.

    Args:
        chunks: of a row.
        size: bytes of a chunk.
        at_once: chunks in flight.
        along: whether neighbouring threads take neighbouring chunks.
        workers: threads that fill the device.
    """
    parts = min(-(-workers // rows), chunks // LEAST_CHUNKS)
    if along and chunks * size > LINE:
        parts = max(parts, min(LINE // size, chunks))
    return _split(rows, chunks, min(parts, MOST_PARTS), at_once, along)


def split_gradient(rows: int, chunks: int, size: int, at_once: int, along: bool, workers: int) -> Split:
    """Parts for what is written element by element."""
    parts = min(-(-workers // rows), -(-chunks // at_once))
    if along and chunks * size > LINE:
        parts = max(parts, min(LINE // size, chunks))
    return _split(rows, chunks, parts, at_once, along)


def _split(rows: int, chunks: int, parts: int, at_once: int, along: bool) -> Split:
    parts = max(1, min(parts, MOST_THREADS // rows))
    if along and parts > WARP:
        # Whole warps, whose accesses then start at whole lines.
        parts = parts // WARP * WARP
    turns = chunks // (parts * at_once)
    return Split(parts, turns, -(-(chunks - turns * parts * at_once) // parts))
