"""Many small Programs, each on rows of numbers of its own: what a search space is evaluated by.

Every Program is a kernel, compiled when it first occurs and kept on disk. A driver goes through the items block by
block of columns, and takes the fingerprint of a result while it lies in the processor's nearest cache; whoever needs
only that need not have results written.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from functools import cache, lru_cache
from math import prod
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from symkit.backends.native.engine import Code, lock
from symkit.backends.native.function_text import INTERLEAVED, Function
from symkit.backends.native.host_text import Box, KernelText, Reduction, Step, Word
from symkit.backends.native.machine import FLOAT32, FLOAT64, Format
from symkit.backends.native.population_prints import VECTOR, Prints, key_words, prints_text
from symkit.backends.native.storage import Storage
from symkit.backends.native.threads import run_items
from symkit.backends.native.translate import translate
from symkit.errors import DomainError
from symkit.ir import Program, fingerprint

Rows = NDArray[Any]
Words = NDArray[np.int64]

WIDTH = 64
"""Rows are a multiple of so many numbers long, so that kernels meet whole vectors only."""

BLOCK = 1024
"""Numbers that a kernel is run over at once."""

MOST_OPERANDS = 3

TOGETHER = 64
"""Operands that items are gathered by, so that rows that have been read are still near; and items a thread takes."""

PARALLEL_FROM = 200_000
"""Numbers from which a second thread pays."""

FORMATS = {np.dtype(np.float32): (FLOAT32, Storage.FLOAT32), np.dtype(np.float64): (FLOAT64, Storage.FLOAT64)}


def run(
    programs: Sequence[Program],
    which: Words,
    operands: Words,
    rows: Rows,
    results: Rows | None = None,
    places: Words | None = None,
) -> tuple[Prints, Prints]:
    """Evaluates `programs[which[i]]` on the rows `operands[i]`, for every item i.

    Args:
        programs: each of one root, with inputs named "0", "1", "2" by slot, lowered to operators with native forms, and
            without constants and parameters.
        which: (items,).
        operands: (items, slots), rows by their numbers; slots that a Program has not are not looked at.
        rows: (rows, width), contiguous float32 or float64; the width is a multiple of WIDTH.
        results: (any, width), contiguous and of the same dtype, to be written; or None.
        places: (items,), the row of `results` that each result is written to, no row twice; None: in order.

    Returns:
        Two fingerprints of every result, (items,): of its numbers to the bit, and of its numbers with -0 as +0. All
        NaNs are alike in both. A result without -0 has the same print twice.

    Raises:
        DomainError: for rows of another dtype or width, and for programs, operands and places that there are not.
    """
    count, width = len(which), rows.shape[1]
    places = np.arange(count) if places is None else np.ascontiguousarray(places, np.int64)
    _check(programs, which, operands, rows)
    if results is not None:
        _check_results(rows, results, places, count)
    format, _ = FORMATS[rows.dtype]
    exact, equal = np.empty(count, np.uint64), np.empty(count, np.uint64)
    operands = np.ascontiguousarray(operands, np.int64)
    which = np.ascontiguousarray(which, np.int64)
    order = _order(operands)
    arities = np.array([_arity(program) for program in programs], np.int64)
    kernels = np.array([_address(program, format) for program in programs], np.int64)
    keys = _keys(width * format.size // 4)
    given = {
        "items": count,
        "next": 0,
        "width": width,
        "slots": operands.shape[1],
        "rows": rows.ctypes.data,
        "results": 0 if results is None else results.ctypes.data,
        "places": places.ctypes.data,
        "order": order.ctypes.data,
        "which": which.ctypes.data,
        "operands": operands.ctypes.data,
        "kernels": kernels.ctypes.data,
        "arities": arities.ctypes.data,
        "keys": keys.ctypes.data,
        "exact": exact.ctypes.data,
        "equal": equal.ctypes.data,
    }
    words = np.array([given[name] for name in GIVEN], np.int64)
    arguments = bytes(ctypes.c_int64(words.ctypes.data))
    code = _driver(format)
    threads = torch.get_num_threads() if count * width >= PARALLEL_FROM else 1
    run_items(code.run, code.parallel, arguments, count, threads)
    return exact, equal


def _check(programs: Sequence[Program], which: Words, operands: Words, rows: Rows) -> None:
    if rows.dtype not in FORMATS or rows.ndim != 2 or rows.shape[1] % WIDTH or not rows.flags.c_contiguous:
        raise DomainError(
            f"rows must be contiguous float32 or float64 of a width that {WIDTH} divides, not {rows.dtype} {rows.shape}"
        )
    count = len(which)
    if operands.shape != (count, operands.shape[-1]) or operands.shape[1] > MOST_OPERANDS:
        raise DomainError(f"operands must be ({count}, slots) with up to {MOST_OPERANDS} slots, not {operands.shape}")
    if any(_arity(program) > operands.shape[1] for program in programs):
        raise DomainError(f"there are programs of more inputs than the {operands.shape[1]} operands of an item")
    _check_numbers(which, len(programs), "programs")
    _check_numbers(operands, len(rows), "rows")


def _check_results(rows: Rows, results: Rows, places: Words, count: int) -> None:
    if results.shape[1:] != rows.shape[1:] or results.dtype != rows.dtype or not results.flags.c_contiguous:
        wanted = f"(any, {rows.shape[1]}) and {rows.dtype}"
        raise DomainError(f"results must be contiguous, {wanted}, not {results.shape} and {results.dtype}")
    if places.shape != (count,) or len(np.unique(places)) < count:
        raise DomainError(f"places must be {count} different rows, not {len(np.unique(places))}")
    _check_numbers(places, len(results), "rows for results")


def _check_numbers(numbers: Words, end: int, name: str) -> None:
    if numbers.size and not 0 <= numbers.min() <= numbers.max() < end:
        raise DomainError(f"there are {end} {name}, and {numbers.min()} to {numbers.max()} are asked for")


def _order(operands: Words) -> Words:
    """Items by groups of their first operands, in which each kernel runs many times in turn."""
    if not operands.shape[1] or operands.size == 0:
        return np.arange(len(operands))
    groups = operands[:, 0] // TOGETHER
    if groups.max() < 2**16:
        groups = groups.astype(np.uint16)  # sorted digit by digit, in a tenth of the time
    return np.argsort(groups, kind="stable")


def aligned(shape: tuple[int, ...], dtype: np.dtype[Any]) -> NDArray[Any]:
    """An array that begins where a vector may. It is numpy's memory, which comes in large pages."""
    size = prod(shape) * dtype.itemsize
    raw = np.empty(size + VECTOR, np.uint8)
    start = -raw.ctypes.data % VECTOR
    return raw[start : start + size].view(dtype).reshape(shape)


@lru_cache(maxsize=4)
def _keys(words: int) -> NDArray[np.uint32]:
    found = key_words(words)
    keys = aligned((len(found),), np.dtype(np.uint32))
    keys[:] = found
    return keys


@cache
def _arity(program: Program) -> int:
    return max((int(name) + 1 for name in program.inputs), default=0)


@cache
def kernel(program: Program, format: Format) -> Code:
    """The kernel of a Program on contiguous numbers."""
    leaves = tuple(str(slot) for slot in range(_arity(program)))
    tensors = len(leaves) + 1
    storage = Storage.FLOAT32 if format is FLOAT32 else Storage.FLOAT64
    box = Box(0, (storage,) * tensors, (Step.UNIT,) * tensors, (Reduction.STORE,))

    def source() -> str:
        machine, roots = translate(program, format)
        return KernelText(machine, leaves, roots, box).text()

    return Code(f"{fingerprint(program)} {leaves} {format.name} {box}", source)


@cache
def _address(program: Program, format: Format) -> int:
    address = ctypes.cast(kernel(program, format).run, ctypes.c_void_p).value
    assert address is not None
    return address


@cache
def _driver(format: Format) -> Code:
    with lock:
        return Code(f"population {format.name}", lambda: _driver_text(format))


SIZES = ("items", "next", "width", "slots")
GIVEN = (
    *SIZES,
    *("rows", "results", "places", "order", "which", "operands", "kernels", "arities", "keys", "exact", "equal"),
)
"""Words of a call: numbers, then addresses."""


def _driver_text(format: Format) -> str:
    """`run(args, first, last)` over items in their order, and `parallel(args)`."""
    f = Function("define void @run(ptr %args, i64 %first, i64 %last) {")
    given = {name: f"%{name}" for name in GIVEN}
    f.add("  %words = load ptr, ptr %args")
    for place, name in enumerate(GIVEN):
        pointer = f.at("%words", "i64", str(place))
        f.add(f"  %{name} = load {'i64' if name in SIZES else 'ptr'}, ptr {pointer}")
    scratch, sums = f.room(f"[{BLOCK} x {format.real.value}]"), f.room("[4 x i64]")
    tensors = MOST_OPERANDS + 1
    sizes, call = f.room(f"[{Word.FIRST + tensors} x i64]"), f.room(f"[{1 + tensors} x ptr]")
    for place in range(Word.FIRST + tensors):
        f.put("i64", "1", f.at(sizes, "i64", str(place)))
    f.put("ptr", sizes, call)
    stride = f.let(f"mul i64 {given['width']}, {format.size}")
    written = f.let(f"icmp ne ptr {given['results']}, null")
    with f.loop(f.let("sub i64 %last, %first")) as turn:
        item = f.get("i64", f.at(given["order"], "i64", f.let(f"add i64 %first, {turn}")))
        program = f.get("i64", f.at(given["which"], "i64", item))
        kernel = f.get("ptr", f.at(given["kernels"], "ptr", program))
        arity = f.get("i64", f.at(given["arities"], "i64", program))
        own = f.at(given["operands"], "i64", f.let(f"mul i64 {item}, {given['slots']}"))
        line = f.let(f"mul i64 {f.get('i64', f.at(given['places'], 'i64', item))}, {stride}")
        f.put("[4 x i64]", "zeroinitializer", sums)
        with f.loop(f.let(f"udiv i64 {f.let(f'add i64 %width, {BLOCK - 1}')}, {BLOCK}")) as block:
            column = f.let(f"mul i64 {block}, {BLOCK}")
            columns = f.smaller(f.let(f"sub i64 %width, {column}"), str(BLOCK))
            for word in (Word.COLUMNS, Word.BLOCK):
                f.put("i64", columns, f.at(sizes, "i64", str(int(word))))
            start = f.let(f"mul i64 {column}, {format.size}")
            with f.loop(arity) as slot:
                row = f.let(f"mul i64 {f.get('i64', f.at(own, 'i64', slot))}, {stride}")
                pointer = f.at(given["rows"], "i8", f.let(f"add i64 {row}, {start}"))
                f.put("ptr", pointer, f.at(call, "ptr", f.let(f"add i64 {slot}, 1")))
            target = f.let(f"getelementptr i8, ptr {given['results']}, i64 {f.let(f'add i64 {line}, {start}')}")
            out = f.let(f"select i1 {written}, ptr {target}, ptr {scratch}")
            f.put("ptr", out, f.at(call, "ptr", f.let(f"add i64 {arity}, 1")))
            f.add(f"  call void {kernel}(ptr {call}, i64 0, i64 1)")
            vectors = f.let(f"udiv i64 {columns}, {VECTOR // format.size}")
            keys = f.at(given["keys"], "i8", start)
            f.add(f"  call void @row_sums(ptr {out}, i64 {vectors}, ptr {keys}, ptr {sums})")
        for name, place in (("equal", 0), ("exact", 2)):
            found = f.let(f"call i64 @row_print(ptr {f.at(sums, 'i64', str(place))})")
            f.put("i64", found, f.at(given[name], "i64", item))
    return "\n".join([*prints_text(format), *f.text(), *_parallel(), INTERLEAVED]) + "\n"


def _parallel() -> list[str]:
    """Each thread takes the next items until none are left: some kernels take a hundred times as long as others."""
    return [
        "define void @parallel(ptr %args) {",
        "entry:",
        "  %words = load ptr, ptr %args",
        f"  %items.at = getelementptr i64, ptr %words, i64 {GIVEN.index('items')}",
        "  %items = load i64, ptr %items.at",
        f"  %next.at = getelementptr i64, ptr %words, i64 {GIVEN.index('next')}",
        "  br label %loop",
        "loop:",
        f"  %first = atomicrmw add ptr %next.at, i64 {TOGETHER} monotonic",
        f"  %end = add i64 %first, {TOGETHER}",
        "  %whole = icmp slt i64 %end, %items",
        "  %last = select i1 %whole, i64 %end, i64 %items",
        "  %more = icmp slt i64 %first, %items",
        "  br i1 %more, label %some, label %done",
        "some:",
        "  call void @run(ptr %args, i64 %first, i64 %last)",
        "  br label %loop",
        "done:",
        "  ret void",
        "}",
    ]
