"""The launches of a loss on a CUDA device, and what is kept from one to the next."""

from __future__ import annotations

from enum import Enum

from symkit.backends.native.inline_text import Inline
from symkit.backends.native.row_arithmetic import (
    CLASS,
    FACTOR,
    FACTS,
    FIRST_GRADIENT,
    FIRST_SHARE,
    GRADIENT,
    LABEL,
    LABEL_GRADIENT,
    LARGEST,
    SECOND,
    SLOPE,
    TOTAL_WEIGHT,
    Loop,
    RowArithmetic,
)

SCALED = (SLOPE, FIRST_SHARE, FIRST_GRADIENT, LABEL_GRADIENT, FACTOR)
"""Of these the gradient of a row is a multiple."""


class Stage(Enum):
    """A launch.

    PARTS: what every part of a row knows of its logits. FACTS: joined, what the elements of a row have in common.
    OTHERS: sums over the outputs of a part. ROWS: joined, the loss of every row and what its gradient is made of; where
    rows are not split, all of this in one. TOTALS: the loss. GRADIENT: element by element, when it is asked for.
    """

    PARTS = "parts"
    FACTS = "facts"
    OTHERS = "others"
    ROWS = "rows"
    TOTALS = "totals"
    GRADIENT = "gradient"


def stages(arithmetic: RowArithmetic, is_split: bool) -> list[Stage]:
    """The launches; what is left of the rows is added up before TOTALS."""
    found = [Stage.TOTALS, Stage.GRADIENT] if arithmetic.loss.has_gradient else [Stage.TOTALS]
    if not is_split:
        return [Stage.ROWS, *found]
    if arithmetic.loss.is_sparse:
        return [Stage.PARTS, Stage.ROWS, *found]
    return [Stage.PARTS, Stage.FACTS, Stage.OTHERS, Stage.ROWS, *found]


def needs_total_weight(arithmetic: RowArithmetic) -> bool:
    return arithmetic.loss.is_weighted and TOTAL_WEIGHT in Inline("settled", arithmetic.settled()).inputs


def kept_arrays(arithmetic: RowArithmetic, is_split: bool) -> list[str]:
    """What is kept of every row from launch to launch."""
    needed: set[str] = set()
    if arithmetic.loss.has_gradient:
        needed |= {*Inline("slopes", slopes(arithmetic)).inputs}
    if is_split and not arithmetic.loss.is_sparse:
        needed |= {name for loop in (arithmetic.others(), arithmetic.settled()) for name in Inline("", loop).inputs}
    return [name for name in (LARGEST, SECOND, *FACTS, *SCALED) if name in needed]


def slopes(arithmetic: RowArithmetic) -> Loop:
    """The gradient of an element, the label's among them."""
    loop = arithmetic.slopes()
    if arithmetic.loss.label is None:
        return loop
    m = loop.machine
    is_label = m.argument(CLASS).equals(m.argument(LABEL))
    return Loop(m, {GRADIENT: m.select(is_label, m.argument(LABEL_GRADIENT), loop.results[GRADIENT])})
