"""Tapes: straight-line code of many functions, run over rows of numbers a block of columns at a time.

Every operator is a kernel of its own, compiled when it first occurs and kept on disk. A driver goes through the tape
for each block, so that rows which are written are still in the processor's cache when they are read.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from enum import IntEnum
from functools import cache

import numpy as np
import torch
from numpy.typing import NDArray

from symkit.backends.native.engine import Code, lock
from symkit.backends.native.host_text import LAYOUT, PARALLEL, Box, KernelText, Reduction, Step, Word
from symkit.backends.native.machine import FLOAT64
from symkit.backends.native.storage import Storage
from symkit.backends.native.threads import run_items
from symkit.backends.native.translate import translate
from symkit.ir import ProgramBuilder, fingerprint
from symkit.ops import Operator

Floats = NDArray[np.float64]
Words = NDArray[np.int64]

BLOCK = 512
"""Columns that a tape is run over at once."""

MOST_OPERANDS = 3

PARALLEL_FROM = 4_000_000
"""Operations on single numbers from which a second thread pays."""

STRIDE = 977
MASK = 2**18 - 1
"""From operation to operation the factors move on by STRIDE, among MASK + 1 of them."""


class Field(IntEnum):
    """Words of an instruction: a row below 0 is a number, -1 the first."""

    KERNEL = 0
    RESULT = 1
    OPERAND = 2
    ARITY = OPERAND + MOST_OPERANDS
    NOISY = ARITY + 1
    WORDS = NOISY + 1


class Job(IntEnum):
    """Words of a job: the row that is its row 0, its columns, its part of the tape, and where its factors start."""

    ROW = 0
    COLUMN = 1
    COUNT = 2
    FIRST = 3
    LAST = 4
    FACTORS = 5
    WORDS = 6


@cache
def kernel(operator: Operator) -> Code:
    """The kernel of an operator with a native form, on contiguous float64; conditions are 0 and 1."""
    builder = ProgramBuilder()
    leaves = tuple(str(slot) for slot in range(operator.arity))
    program = builder.build([builder.apply(operator, tuple(builder.input(leaf) for leaf in leaves))])
    tensors = operator.arity + 1
    box = Box(0, (Storage.FLOAT64,) * tensors, (Step.UNIT,) * tensors, (Reduction.STORE,))

    def source() -> str:
        machine, roots = translate(program, FLOAT64)
        return KernelText(machine, leaves, roots, box).text()

    return Code(f"{fingerprint(program)} {leaves} {box}", source)


def run(
    rows: Floats, tape: Words, jobs: Words, operators: Sequence[Operator], numbers: Floats, factors: Floats
) -> None:
    """Runs each job's part of the tape over its columns of the rows, in place.

    Args:
        rows: (rows, columns), contiguous.
        tape: (instructions, Field.WORDS); no instruction writes a row that it reads.
        jobs: (jobs, Job.WORDS); no two write the same elements. Columns are best multiples of 32. Where the factors
            of a job start at 0 or more, its noisy results are each multiplied by one.
        operators: those that KERNEL counts, all with native forms.
        numbers: (numbers, BLOCK), each row one number.
        factors: at least MASK + 1 + BLOCK of them.
    """
    addresses = np.array([_address(operator) for operator in operators], dtype=np.int64)
    items = _blocks(jobs)
    words = np.array(
        [
            *(rows.ctypes.data, 8 * rows.shape[1], tape.ctypes.data, items.ctypes.data),
            *(addresses.ctypes.data, len(items), numbers.ctypes.data, factors.ctypes.data),
        ],
        dtype=np.int64,
    )
    arguments = ctypes.c_int64(words.ctypes.data)
    packed = bytes(arguments)
    work = int(((items[:, Job.LAST] - items[:, Job.FIRST]) * items[:, Job.COUNT]).sum())
    code = _driver()
    run_items(code.run, code.parallel, packed, len(items), torch.get_num_threads() if work >= PARALLEL_FROM else 1)


def _blocks(jobs: Words) -> Words:
    """Jobs of at most BLOCK columns."""
    counts = -(-jobs[:, Job.COUNT] // BLOCK)
    items = np.repeat(jobs, counts, axis=0)
    offset = BLOCK * (np.arange(len(items)) - np.repeat(np.cumsum(counts) - counts, counts))
    items[:, Job.COLUMN] += offset
    items[:, Job.COUNT] = np.minimum(items[:, Job.COUNT] - offset, BLOCK)
    noisy = items[:, Job.FACTORS] >= 0
    items[noisy, Job.FACTORS] += offset[noisy]
    return items


@cache
def _address(operator: Operator) -> int:
    address = ctypes.cast(kernel(operator).run, ctypes.c_void_p).value
    assert address is not None
    return address


@cache
def _driver() -> Code:
    with lock:
        return Code(f"tape {BLOCK} {STRIDE} {MASK}", _driver_text)


# The words before Word.ITEMS, which `parallel` reads, and those after it.
GIVEN = ("rows", "stride", "tape", "items", "kernels", "count", "numbers", "factors")
assert GIVEN.index("count") == Word.ITEMS


def _driver_text() -> str:
    """`run(args, first, last)` over items, and `parallel(args)`."""
    lines = [
        "define internal void @spoil(ptr noalias %out, ptr noalias %factor, i64 %n) alwaysinline {",
        "entry:",
        "  br label %loop",
        "loop:",
        "  %i = phi i64 [ 0, %entry ], [ %next, %loop ]",
        "  %a = getelementptr inbounds double, ptr %out, i64 %i",
        "  %b = getelementptr inbounds double, ptr %factor, i64 %i",
        "  %x = load double, ptr %a",
        "  %f = load double, ptr %b",
        "  %y = fmul double %x, %f",
        "  store double %y, ptr %a",
        "  %next = add nuw nsw i64 %i, 1",
        "  %more = icmp slt i64 %next, %n",
        "  br i1 %more, label %loop, label %done",
        "done:",
        "  ret void",
        "}",
        "define void @run(ptr %args, i64 %first, i64 %last) {",
        "entry:",
        LAYOUT,
    ]
    for place, name in enumerate(GIVEN):
        kind = "i64" if name in ("stride", "count") else "ptr"
        lines += _word(name, "layout", place, kind)
    tensors = MOST_OPERANDS + 1
    # A kernel reads its own layout: one row of as many columns as the item has.
    lines.append(f"  %sizes = alloca [{Word.FIRST + tensors} x i64]")
    lines.append(f"  %call = alloca [{1 + tensors} x ptr]")
    for place in range(Word.FIRST + tensors):
        lines.append(f"  %size{place} = getelementptr i64, ptr %sizes, i64 {place}")
        lines.append(f"  store i64 1, ptr %size{place}")
    lines.append("  store ptr %sizes, ptr %call")
    for slot in range(MOST_OPERANDS):
        lines.append(f"  %call{slot} = getelementptr ptr, ptr %call, i64 {1 + slot}")
    lines += [
        "  %none = icmp sge i64 %first, %last",
        "  br i1 %none, label %done, label %items_",
        "items_:",
        "  %item = phi i64 [ %first, %entry ], [ %nextitem, %itemdone ]",
        f"  %itemat = mul i64 %item, {int(Job.WORDS)}",
        "  %job = getelementptr i64, ptr %items, i64 %itemat",
    ]
    for word in (Job.ROW, Job.COLUMN, Job.COUNT, Job.FIRST, Job.LAST, Job.FACTORS):
        lines += _word(f"job{int(word)}", "job", int(word), "i64")
    job = {word: f"%job{int(word)}" for word in Job}
    lines += [
        f"  store i64 {job[Job.COUNT]}, ptr %size{int(Word.COLUMNS)}",
        f"  store i64 {job[Job.COUNT]}, ptr %size{int(Word.BLOCK)}",
        f"  %start0 = mul i64 {job[Job.ROW]}, %stride",
        f"  %start1 = mul i64 {job[Job.COLUMN]}, 8",
        "  %start2 = add i64 %start0, %start1",
        "  %base = getelementptr i8, ptr %rows, i64 %start2",
        f"  %spoils = icmp sge i64 {job[Job.FACTORS]}, 0",
        f"  %empty = icmp sge i64 {job[Job.FIRST]}, {job[Job.LAST]}",
        "  br i1 %empty, label %itemdone, label %loop",
        "loop:",
        f"  %k = phi i64 [ {job[Job.FIRST]}, %items_ ], [ %nextk, %stepdone ]",
        f"  %at = mul i64 %k, {int(Field.WORDS)}",
        "  %step = getelementptr i64, ptr %tape, i64 %at",
        *_word("which", "step", Field.KERNEL, "i64"),
        "  %kernelat = getelementptr ptr, ptr %kernels, i64 %which",
        "  %kernel = load ptr, ptr %kernelat",
        *_word("arity", "step", Field.ARITY, "i64"),
        *_word("noisy", "step", Field.NOISY, "i64"),
        *_word("result", "step", Field.RESULT, "i64"),
        "  %resultat = mul i64 %result, %stride",
        "  %out = getelementptr i8, ptr %base, i64 %resultat",
    ]
    for slot in range(MOST_OPERANDS):
        lines += [
            *_word(f"from{slot}", "step", Field.OPERAND + slot, "i64"),
            f"  %rowat{slot} = mul i64 %from{slot}, %stride",
            f"  %row{slot} = getelementptr i8, ptr %base, i64 %rowat{slot}",
            f"  %place{slot} = xor i64 %from{slot}, -1",
            f"  %numberat{slot} = mul i64 %place{slot}, {8 * BLOCK}",
            f"  %number{slot} = getelementptr i8, ptr %numbers, i64 %numberat{slot}",
            f"  %isrow{slot} = icmp sge i64 %from{slot}, 0",
            f"  %operand{slot} = select i1 %isrow{slot}, ptr %row{slot}, ptr %number{slot}",
            f"  store ptr %operand{slot}, ptr %call{slot}",
        ]
    lines += [
        "  %outplace = add i64 %arity, 1",
        "  %outat = getelementptr ptr, ptr %call, i64 %outplace",
        "  store ptr %out, ptr %outat",
        "  call void %kernel(ptr %call, i64 0, i64 1)",
        "  %isnoisy = icmp ne i64 %noisy, 0",
        "  %spoiled = and i1 %isnoisy, %spoils",
        "  br i1 %spoiled, label %spoiling, label %stepdone",
        "spoiling:",
        f"  %moved = mul i64 %k, {STRIDE}",
        f"  %moved1 = add i64 %moved, {job[Job.FACTORS]}",
        f"  %moved2 = and i64 %moved1, {MASK}",
        "  %factor = getelementptr double, ptr %factors, i64 %moved2",
        f"  call void @spoil(ptr %out, ptr %factor, i64 {job[Job.COUNT]})",
        "  br label %stepdone",
        "stepdone:",
        "  %nextk = add i64 %k, 1",
        f"  %morek = icmp slt i64 %nextk, {job[Job.LAST]}",
        "  br i1 %morek, label %loop, label %itemdone",
        "itemdone:",
        "  %nextitem = add i64 %item, 1",
        "  %moreitems = icmp slt i64 %nextitem, %last",
        "  br i1 %moreitems, label %items_, label %done",
        "done:",
        "  ret void",
        "}",
        PARALLEL,
    ]
    return "\n".join(lines) + "\n"


def _word(name: str, table: str, place: int, kind: str) -> list[str]:
    return [
        f"  %{name}.at = getelementptr i64, ptr %{table}, i64 {int(place)}",
        f"  %{name} = load {kind}, ptr %{name}.at",
    ]
