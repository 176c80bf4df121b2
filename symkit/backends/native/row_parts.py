"""The arithmetic of a row whose classes are shared out: what parts of a row know, and how it becomes one.

A part knows its largest logit, the largest of its others, and the sum of exp(z - second) over all of its logits that
are not above that. Parts are joined by the same three numbers of both; logits are parts of one.
"""

from __future__ import annotations

from symkit.backends.native.machine import Format, Machine
from symkit.backends.native.maths.exponential import exp_of_negative
from symkit.backends.native.row_arithmetic import LARGEST, SECOND, Loop

OTHER_LARGEST, OTHER_SECOND = "other largest", "other second"
"""The same of another part."""

KEPT, CARRY = "kept", "carry"
"""What a sum of exponentials is multiplied by, and what is then added."""


def joined(format: Format) -> Loop:
    """The two largest logits of two parts. NaN is passed over: it is seen in the sum of exponentials."""
    m = Machine(format)
    largest, second = m.argument(LARGEST), m.argument(SECOND)
    other_largest, other_second = m.argument(OTHER_LARGEST), m.argument(OTHER_SECOND)
    is_more = other_largest > largest
    smaller = m.select(is_more, largest, other_largest)
    found = m.select(smaller > second, smaller, second)
    return Loop(
        m,
        {
            LARGEST: m.select(is_more, other_largest, largest),
            SECOND: m.select(other_second > found, other_second, found),
        },
    )


def moved(format: Format) -> Loop:
    """A part's sum of exponentials by another second, `OTHER_SECOND`, which is not below its own.

    A largest logit that was left out, for it was above the second, comes in where it is not above the other one.
    """
    m = Machine(format)
    largest, second, other = m.argument(LARGEST), m.argument(SECOND), m.argument(OTHER_SECOND)
    drop, below = second - other, largest - other
    comes_in = m.select(largest > other, 0.0, exp_of_negative(m, m.select(below > 0.0, 0.0, below)))
    return Loop(
        m,
        {
            KEPT: exp_of_negative(m, m.select(drop > 0.0, 0.0, drop)),
            CARRY: m.select(largest > second, comes_in, 0.0),
        },
    )
