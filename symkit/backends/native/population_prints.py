"""Fingerprints of rows of numbers: 64 bits that distinct rows share by a chance of about 2**-64.

The bits of a row, as 32-bit words w, are hashed by NH, the function at the heart of UMAC (RFC 4418, section 5.2.2): the
sum modulo 2**64 of (w + k) (w' + k') over pairs of words, for random words k, the sums of two modulo 2**32. Any two
rows that differ anywhere have the same sum for 2**-32 of all k at most. A second sum with the words of k moved on (the
Toeplitz construction of the same section) makes this 2**-64, and both are mixed into one number. All is integers, so
every machine finds the same prints.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from symkit.backends.native.function_text import Function
from symkit.backends.native.machine import Format

Prints = NDArray[np.uint64]

VECTOR = 64
"""Bytes hashed at once."""

SHIFT = VECTOR // 4
"""Words of the key between the two sums."""

MIX = (0xBF58476D1CE4E5B9, 0x94D049BB133111EB)
"""Multipliers of SplitMix64's finaliser (Steele, Lea and Flood 2014)."""

PARAMETERS = "ptr noalias %row, i64 %vectors, ptr noalias %keys, ptr noalias %sums"

STEP = 0x9E3779B97F4A7C15
"""What SplitMix64 adds from number to number."""


def key_words(words: int) -> NDArray[np.uint32]:
    """The words k for rows of so many words: numbers of SplitMix64."""
    count = (words + SHIFT + 1) // 2
    state = np.arange(1, count + 1, dtype=np.uint64) * np.uint64(STEP)
    return mixed(state).view("<u4").astype(np.uint32)


def mixed(state: Prints) -> Prints:
    """SplitMix64's finaliser, which is one to one."""
    state = (state ^ (state >> np.uint64(30))) * np.uint64(MIX[0])
    state = (state ^ (state >> np.uint64(27))) * np.uint64(MIX[1])
    return state ^ (state >> np.uint64(31))


def prints_text(format: Format) -> list[str]:
    """`row_sums(row, vectors, keys, sums)`: adds to four sums, two with -0 as +0, then two with -0 as it is.

    All NaNs are alike in all of them. And `row_print(sums)`: one print of two sums.
    """
    return [*_sums("zeros_alike", format, True), *_sums("zeros_apart", format, False), *_both(), *_mix(), *_print()]


def _sums(name: str, format: Format, alike: bool) -> list[str]:
    """`name(row, vectors, keys, sums)` gives the sums; with `alike`, a third number: not 0 if some -0 was met."""
    lanes = VECTOR // format.size
    reals, words, pairs = f"<{lanes} x {format.real.value}>", f"<{VECTOR // 4} x i32>", f"<{VECTOR // 8} x i64>"
    f = Function(f"define internal void @{name}({PARAMETERS}) alwaysinline {{")
    nan = _splat(lanes, format.real.value, "0x7FF8000000000000")
    low, high = _splat(8, "i64", 2**32 - 1), _splat(8, "i64", 32)
    totals = [f.room(pairs) for _ in range(3 if alike else 2)]
    for total in totals:
        f.put(pairs, "zeroinitializer", total)
    with f.loop("%vectors") as at:
        start = f.let(f"mul i64 {at}, {VECTOR}")
        x = f.let(f"load {reals}, ptr {f.at('%row', 'i8', start)}, align {format.size}")
        y = f.let(f"fadd {reals} {x}, zeroinitializer") if alike else x
        is_nan = f.let(f"fcmp uno {reals} {x}, {x}")
        plain = f.let(f"select <{lanes} x i1> {is_nan}, {reals} {nan}, {reals} {y}")
        w = f.let(f"bitcast {reals} {plain} to {words}")
        for place in range(2):
            k = f.let(f"load {words}, ptr {f.at('%keys', 'i8', f.let(f'add i64 {start}, {place * VECTOR}'))}, align 64")
            moved = f.let(f"bitcast {words} {f.let(f'add {words} {w}, {k}')} to {pairs}")
            lower, upper = f.let(f"and {pairs} {moved}, {low}"), f.let(f"lshr {pairs} {moved}, {high}")
            product = f.let(f"mul {pairs} {lower}, {upper}")
            f.put(pairs, f.let(f"add {pairs} {f.get(pairs, totals[place])}, {product}"), totals[place])
        if alike:
            a, b = (f.let(f"bitcast {reals} {value} to {pairs}") for value in (x, y))
            differ = f.let(f"xor {pairs} {a}, {b}")
            f.put(pairs, f.let(f"or {pairs} {f.get(pairs, totals[2])}, {differ}"), totals[2])
    for place, total in enumerate(totals):
        kind = "or" if place == 2 else "add"
        reduced = f.let(f"call i64 @llvm.vector.reduce.{kind}.v8i64({pairs} {f.get(pairs, total)})")
        f.put("i64", reduced, f.at("%sums", "i64", str(place)))
    return f.text()


def _both() -> list[str]:
    f = Function(f"define internal void @row_sums({PARAMETERS}) {{")
    found = f.room("[3 x i64]")
    f.add(f"  call void @zeros_alike(ptr %row, i64 %vectors, ptr %keys, ptr {found})")
    _add(f, found, 0)
    with f.when(f.let(f"icmp ne i64 {f.get('i64', f.at(found, 'i64', '2'))}, 0")):
        f.add(f"  call void @zeros_apart(ptr %row, i64 %vectors, ptr %keys, ptr {found})")
    _add(f, found, 2)
    return [
        "declare i64 @llvm.vector.reduce.add.v8i64(<8 x i64>)",
        "declare i64 @llvm.vector.reduce.or.v8i64(<8 x i64>)",
        *f.text(),
    ]


def _add(f: Function, found: str, first: int) -> None:
    for place in range(2):
        sum = f.at("%sums", "i64", str(first + place))
        f.put("i64", f.let(f"add i64 {f.get('i64', sum)}, {f.get('i64', f.at(found, 'i64', str(place)))}"), sum)


def _mix() -> list[str]:
    lines, value = ["define internal i64 @mix(i64 %x) alwaysinline {"], "%x"
    for place, (shift, factor) in enumerate(zip((30, 27), MIX, strict=True)):
        lines += [
            f"  %s{place} = lshr i64 {value}, {shift}",
            f"  %t{place} = xor i64 {value}, %s{place}",
            f"  %m{place} = mul i64 %t{place}, {factor}",
        ]
        value = f"%m{place}"
    return [*lines, f"  %s = lshr i64 {value}, 31", f"  %r = xor i64 {value}, %s", "  ret i64 %r", "}"]


def _print() -> list[str]:
    return [
        "define internal i64 @row_print(ptr %sums) alwaysinline {",
        "  %a = load i64, ptr %sums",
        "  %b.at = getelementptr i64, ptr %sums, i64 1",
        "  %b = load i64, ptr %b.at",
        "  %m = call i64 @mix(i64 %a)",
        "  %x = xor i64 %m, %b",
        "  %r = call i64 @mix(i64 %x)",
        "  ret i64 %r",
        "}",
    ]


def _splat(lanes: int, kind: str, value: object) -> str:
    return f"<{', '.join([f'{kind} {value}'] * lanes)}>"
