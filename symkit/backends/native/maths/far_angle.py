"""Angles of any size less a multiple of pi/2, after Payne and Hanek (SIGNUM Newsletter 18, 1983), in integers."""

from __future__ import annotations

from symkit.backends.native.machine import Machine, Value

TURN = (
    0x0000000000000000,
    0x28BE60DB9391054A,
    0x7F09D5F47D4D3770,
    0x36D8A5664F10E410,
    0x7F9458EAF7AEF158,
    0x6DC91B8E909374B8,
    0x01924BBA82746487,
    0x3F877AC72C4A69CF,
    0xBA208D7D4BAED121,
    0x3A671C09AD17DF90,
    0x4E64758E60D4CE7D,
    0x272117E2EF7E4A0E,
    0xC7FE25FFF7816603,
    0xFBCBC462D6829B47,
    0xDB4D9FB3C9F2C26D,
    0xD3D18FD9A797FA8B,
    0x5D49EEB1FAF97C5E,
    0xCF41CE7DE294A4BA,
    0x9AFED7EC47E35742,
    0x1580CC11BF1EDAEA,
    0xFC33EF0826BD0D87,
)
"""1/(2 pi) in binary, 64 bits a word, after one word of zeros."""

TWO_PI = (6.283185307179586, 2.4492935982947064e-16)

LOW = 2**32 - 1
LEAST = 1075
"""A float64 with the bits e of its exponent is its significand, a whole number, times 2**(e - LEAST)."""


def far_quadrant(m: Machine, x: Value) -> tuple[Value, Value]:
    """(r, n) of x from 2**-11 on, in float64: x = n pi/2 + r with |r| at most pi/4; n is right modulo 4.

    Whole turns need not be known, so bits of 1/(2 pi) that make nothing else of x are left out: 192 are enough, since
    no float64 comes closer to a multiple of pi/2 than 2**-62.
    """
    size = m.bits(abs(x))
    significand = (size & (2**52 - 1)) | 2**52
    place = (size >> 52) - (LEAST - 64)
    words = _window(m, place)
    upper, lower = _product(significand, words[0], words[1], words[2])
    n = (upper + 2**61).logical_right(62)
    rest = upper - (n << 62)
    # The rest of a turn, 128 bits with its sign, as three float64 numbers that hold them all.
    first = m.to_real(rest >> 11) * 2.0**-53
    second = m.to_real(((rest & (2**11 - 1)) << 42) | lower.logical_right(22)) * 2.0**-106
    third = m.to_real(lower & (2**22 - 1)) * 2.0**-128
    most = first + second
    least = ((first - most) + second) + third
    high, low = TWO_PI
    # An infinite x makes NaN.
    r = m.fma(most, high, m.fma(most, low, least * high)) + (x - x)
    negative = x < 0.0
    return m.select(negative, -r, r), m.select(negative, -n, n)


def _window(m: Machine, place: Value) -> list[Value]:
    """Three words of 1/(2 pi) from a bit on."""
    word, bit = place >> 6, place & 63
    found = [m.like(_signed(w), place.type) for w in TURN]
    for step in (16, 8, 4, 2, 1):
        chosen = (word & step).differs(0)
        count = step + 3
        found = [
            m.select(chosen, found[i + step], found[i]) if i + step < len(found) else found[i]
            for i in range(min(count, len(found)))
        ]
    # In two steps, since a shift by all 64 bits is not defined.
    return [
        (left << bit) | right.logical_right(1).logical_right(63 - bit)
        for left, right in zip(found, found[1:], strict=False)
    ]


def _product(a: Value, first: Value, second: Value, third: Value) -> tuple[Value, Value]:
    """The product of a with a fraction of three words, less its whole part and its last word: two words."""
    last = _upper_half(a, third)
    middle = a * second
    lower = middle + last
    carry = ((middle & last) | ((middle | last) & ~lower)).logical_right(63)
    return a * first + _upper_half(a, second) + carry, lower


def _upper_half(a: Value, b: Value) -> Value:
    """The upper 64 of the 128 bits of a product."""
    a1, a0 = a.logical_right(32), a & LOW
    b1, b0 = b.logical_right(32), b & LOW
    across, other = a1 * b0, a0 * b1
    middle = (a0 * b0).logical_right(32) + (across & LOW) + (other & LOW)
    return a1 * b1 + across.logical_right(32) + other.logical_right(32) + middle.logical_right(32)


def _signed(word: int) -> int:
    return word - 2**64 if word >= 2**63 else word
