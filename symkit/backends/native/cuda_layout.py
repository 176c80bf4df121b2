"""How a call's tensors are shared out to the threads of a CUDA kernel.

The box of dimensions is that of `layout.collapse`: outer dimensions, then columns in storage order. Where roots are
summed, a dimension is kept if any of them keeps it, and else summed. Columns are cut into chunks of `vector` elements,
which a thread reads and writes at once. There are K positions in the kept dimensions and S in the summed ones; a sum
leaves W partials for each kept position, one a worker, which the caller adds up: no barrier and no atomic, so results
are the same in every run. Where nothing is summed, all dimensions count as summed and W is the number of threads.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import prod

from symkit.backends.native.host_text import Step
from symkit.backends.native.layout import collapse
from symkit.backends.native.storage import Storage

THREADS = 256
"""Threads of a block; each may have all of the 255 registers there are."""

ACCESS = 16
"""Bytes that a thread moves at once."""

LINE = 128
"""Bytes of neighbouring memory that neighbouring threads should share."""

WARP = 32

LEAST_SUM, LONGEST_SUM = 4, 512
"""Turns that a worker of a sum takes: fewer leave many partials, more let rounding errors grow."""

NARROW = 2**31
"""Indices and offsets below this are worked out in 32 bits."""


@dataclass(frozen=True)
class CudaBox:
    """What a kernel is compiled for.

    Attributes:
        storages: of every leaf, then of every root.
        moves: for each of them, whether it moves along every dimension; columns come last.
        steps: how each moves along columns.
        twins: for each the first one with the same strides, whose addresses it shares.
        summed: for every root whether it is.
        vector: elements of a chunk.
        chunks: chunks that a thread has in flight at once.
        wide: whether indices need 64 bits.
    """

    storages: tuple[Storage, ...]
    moves: tuple[tuple[bool, ...], ...]
    steps: tuple[Step, ...]
    twins: tuple[int, ...]
    summed: tuple[bool, ...]
    vector: int
    chunks: int
    wide: bool

    @property
    def roots(self) -> range:
        """Places of the roots among tensors."""
        return range(len(self.steps) - len(self.summed), len(self.steps))

    @property
    def kept(self) -> list[int]:
        """Dimensions that a summed root keeps."""
        sums = [self.moves[place] for place, summed in zip(self.roots, self.summed, strict=True) if summed]
        return [d for d in range(len(self.moves[0])) if any(moves[d] for moves in sums)]

    @property
    def walked(self) -> list[int]:
        """Dimensions that workers go along, outer to inner."""
        kept = self.kept
        return [d for d in range(len(self.moves[0])) if d not in kept]

    @property
    def keeps_columns(self) -> bool:
        return len(self.moves[0]) - 1 in self.kept

    @property
    def is_one_row(self) -> bool:
        """Then columns may end within a chunk."""
        return len(self.moves[0]) == 1

    @property
    def words(self) -> list[str]:
        """Names of the arguments after the pointers.

        total: threads that have work. turns: chunks along walked dimensions. limit: their elements. workers: W.
        positions: K. size, magic, shift: of dimensions that an index is divided by. stride: of a tensor, in elements.
        """
        names = ["total", "turns", "limit", "workers", "positions"]
        names += [f"size{d}" for d in (*self.kept[1:], *self.walked[1:])]
        if not self.wide:
            names += [f"{name}{d}" for d in self.walked[1:] for name in ("magic", "shift")]
        last = len(self.moves[0]) - 1
        for place, (moves, step) in enumerate(zip(self.moves, self.steps, strict=True)):
            if self.twins[place] == place and not self.is_sum(place):
                names += [
                    f"stride{place}_{d}" for d, m in enumerate(moves) if m and not (d == last and step is Step.UNIT)
                ]
        return names

    def is_sum(self, place: int) -> bool:
        """Whether the tensor at a place is a summed root."""
        return place in self.roots and self.summed[place - self.roots.start]


@dataclass(frozen=True)
class Finish:
    """How a summed root comes from its partials: sum over `axes`, what is left permuted by `order`, then its shape."""

    axes: tuple[int, ...]
    order: tuple[int, ...]


@dataclass(frozen=True)
class CudaLayout:
    """The launch of one call.

    Attributes:
        box: what the kernel is compiled for.
        words: the arguments after the pointers of all leaves and roots.
        grid: blocks of `THREADS` threads.
        partials: shape of a summed root's partials, dense, in the dtype of computation.
        finishes: for every root, None where the kernel writes it as it is.
        positions, turns, workers: K, S and W.
    """

    box: CudaBox
    words: tuple[int, ...]
    grid: int
    partials: tuple[int, ...]
    finishes: tuple[Finish | None, ...]
    positions: int
    turns: int
    workers: int


def plan_cuda(
    shape: Sequence[int],
    strides: Sequence[Sequence[int]],
    order: Sequence[int],
    storages: Sequence[Storage],
    summed: Sequence[bool],
    alignments: Sequence[int],
    workers: int,
    wide: bool = False,
) -> CudaLayout | None:
    """The launch of a kernel, or None where the sums together keep every dimension.

    Args:
        shape: the broadcast shape, of one element or more.
        strides: of every leaf, then of every root, over `shape`; a broadcast or summed dimension has stride 0.
        order: dimensions from outermost to innermost in storage.
        storages: how every leaf and root lies in memory.
        summed: for every root whether it is summed to its strides' shape.
        alignments: of every leaf's and root's address, in bytes; more than `ACCESS` is as good as that.
        workers: threads that fill the device.
        wide: 64-bit indices, even if 32 bits would do.
    """
    sizes, merged = collapse(shape, strides, order)
    moves = tuple(tuple(size > 1 and stride != 0 for size, stride in zip(sizes, m, strict=True)) for m in merged)
    first = len(merged) - len(summed)
    # A root that only lost dimensions of size 1 is none to sum.
    sums = tuple(
        is_summed and any(size > 1 and not m for size, m in zip(sizes, moves[first + root], strict=True))
        for root, is_summed in enumerate(summed)
    )
    steps = tuple(
        Step.NONE if not m[-1] else Step.UNIT if s[-1] == 1 else Step.ANY for m, s in zip(moves, merged, strict=True)
    )
    stored = [place for place in range(len(merged)) if place < first or not sums[place - first]]
    vector, chunks = _chunks(sizes, merged, steps, [_bytes(s) for s in storages], alignments, stored)
    twins = tuple(merged.index(m) for m in merged)
    box = CudaBox(tuple(storages), moves, steps, twins, sums, vector, chunks, wide)
    if not box.walked:
        return None
    counts = [*sizes[:-1], -(-sizes[-1] // vector)]
    positions = prod(counts[d] for d in box.kept)
    turns = prod(counts[d] for d in box.walked)
    run = LINE // (vector * min(_bytes(storages[place]) for place in stored))
    each = _workers(turns, chunks, -(-workers // positions), run, any(sums), box.keeps_columns)
    furthest = max(sum((n - 1) * s for n, s in zip(sizes, merged[place], strict=True)) for place in stored)
    if max(furthest, positions * each * vector, (turns + chunks * each) * vector) >= NARROW:
        box = replace(box, wide=True)
    named = {
        "total": positions * each,
        "turns": turns,
        "limit": sizes[-1] if box.is_one_row else turns * vector,
        "workers": each,
        "positions": positions,
    }
    for d, count in enumerate(counts):
        named[f"size{d}"] = count
        named[f"magic{d}"], named[f"shift{d}"] = reciprocal(count)
    for place, m in enumerate(merged):
        named |= {f"stride{place}_{d}": stride for d, stride in enumerate(m)}
    kept_sizes = [sizes[d] for d in box.kept]
    partials = (each, *kept_sizes) if box.keeps_columns else (*kept_sizes, each)
    finishes = tuple(_finish(box, merged[first + root]) if s else None for root, s in enumerate(sums))
    grid = -(-positions * each // THREADS)
    words = tuple(named[word] for word in box.words)
    return CudaLayout(box, words, grid, partials, finishes, positions, turns, each)


def reciprocal(divisor: int) -> tuple[int, int]:
    """(magic, shift): n // divisor is n * magic >> shift for n below 2**31; magic fits 32 bits.

    Source: Granlund and Montgomery, Division by invariant integers using multiplication, PLDI 1994, theorem 4.2.
    """
    bits = (divisor - 1).bit_length()
    return -(-(1 << (31 + bits)) // divisor), 31 + bits


def _bytes(storage: Storage) -> int:
    return {"double": 8, "float": 4, "i16": 2}[storage.element]


def _chunks(
    sizes: Sequence[int],
    strides: Sequence[Sequence[int]],
    steps: Sequence[Step],
    widths: Sequence[int],
    alignments: Sequence[int],
    stored: Sequence[int],
) -> tuple[int, int]:
    """(elements of a chunk, chunks at once): together they are what a thread has in flight of the narrowest tensor."""
    dense = [place for place in stored if steps[place] is Step.UNIT]
    both = ACCESS // min(widths[place] for place in (dense or stored))
    vector = both if dense else 1

    def fits(place: int) -> bool:
        if alignments[place] % min(ACCESS, vector * widths[place]):
            return False
        return all(stride % vector == 0 for stride in strides[place][:-1])

    while vector > 1 and not (
        (len(sizes) == 1 or sizes[-1] % vector == 0) and sizes[-1] >= vector and all(map(fits, dense))
    ):
        vector //= 2
    return vector, both // vector


def _workers(turns: int, chunks: int, wanted: int, run: int, is_sum: bool, keeps_columns: bool) -> int:
    """Threads of each kept position, so that all take equally many turns of `chunks` chunks."""
    each = -(-turns // (chunks * max(wanted, 1)))
    if is_sum:
        each = min(max(each, LEAST_SUM), LONGEST_SUM)
    found = -(-turns // (chunks * each))
    if is_sum and not keeps_columns:
        found = max(found, min(run, turns))
    # Whole warps, whose accesses then start at whole lines.
    return -(-found // WARP) * WARP if found > WARP and not keeps_columns else found


def _finish(box: CudaBox, strides: Sequence[int]) -> Finish:
    kept = box.kept
    axes = [0] if box.keeps_columns else [len(kept)]
    start = len(axes) if box.keeps_columns else 0
    axes += [start + i for i, d in enumerate(kept) if not strides[d]]
    left = [d for d in kept if strides[d]]
    return Finish(tuple(sorted(axes)), tuple(sorted(range(len(left)), key=lambda i: -strides[left[i]])))
