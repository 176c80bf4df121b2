"""What of the facts is proved: by certified bounds over boxes, as far as a short time goes."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence

import numpy as np

from symkit.analysis.shape.facts import DeadZone, Piece
from symkit.analysis.subject import Subject
from symkit.checking.curve import Curve
from symkit.checking.monotone import never_turns
from symkit.checking.zone import Side, Zone
from symkit.ir import Kind, Node, Program, ProgramBuilder, rebuild

SECONDS = 0.05
"""For all of the proofs about one activation."""

AGREES = 1e-6
"""A bound that is proved to this part of its size counts as proved."""

ROUNDS, MOST_BOXES = 14, 192
"""Boxes are cut so often, and given up when there are more of them."""

MOST_PIECES = 4


class Prover:
    """Proofs about one activation."""

    def __init__(self, subject: Subject) -> None:
        self._program = _bound(subject.program, subject.values)
        self._values = subject.values
        self._variable = subject.variable
        self._deadline = time.monotonic() + SECONDS

    @property
    def _left(self) -> float:
        return max(0.0, self._deadline - time.monotonic())

    def _curve(self, low: float = -math.inf, high: float = math.inf) -> Curve:
        side = Side(low, high, True, True)
        return Curve(self._program, self._variable, Zone({self._variable: side}), self._values, self._left)

    def range(self, low: float, high: float) -> list[str]:
        """ "range.low", "range.high": bounds no value is beyond, or that there are none."""
        if not self._left:
            return []
        curve = self._curve()
        growing = curve.values(curve.grows_without_bound()).values
        names = []
        if math.isinf(low) and low < 0 and bool((growing.high < 0).any()):
            names.append("range.low")
        if math.isinf(high) and high > 0 and bool((growing.low > 0).any()):
            names.append("range.high")
        finite = [(math.isfinite(low), "range.low"), (math.isfinite(high), "range.high")]
        slack = AGREES * max(abs(b) for b in (low, high, 1e-3) if math.isfinite(b))
        for is_finite, name in finite:
            bounds = (low - slack, math.inf) if name == "range.low" else (-math.inf, high + slack)
            if is_finite and _stays(curve, *bounds, slope=False):
                names.append(name)
        return names

    def lipschitz(self, constant: float) -> bool:
        """Whether no slope is beyond the constant, and f is continuous everywhere."""
        if not self._left:
            return False
        curve = self._curve()
        most = constant * (1 + AGREES)
        return _stays(curve, -most, most, slope=True) and curve.is_continuous()[0]

    def pieces(self, pieces: Sequence[Piece], cuts: Sequence[float]) -> bool:
        """Whether f never turns on any of these pieces; only of such as end at breakpoints."""
        ends = {end for piece in pieces for end in (piece.low, piece.high) if math.isfinite(end)}
        if not pieces or len(pieces) > MOST_PIECES or not ends <= set(cuts):
            return False
        return all(self._left and self._keeps(piece) for piece in pieces)

    def _keeps(self, piece: Piece) -> bool:
        if piece.trend == "level":
            return self.is_level(piece)
        return never_turns(self._curve(piece.low, piece.high), up=piece.trend == "rises")

    def is_level(self, zone: Piece | DeadZone) -> bool:
        """Whether the slope is 0 on all of a range."""
        curve = self._curve(zone.low, zone.high)
        slopes = curve.slopes(curve.pieces, inside=(True, True)).values
        return bool(np.all((slopes.low == 0) & (slopes.high == 0) & ~slopes.undefined & ~slopes.is_empty))


def _stays(curve: Curve, low: float, high: float, *, slope: bool) -> bool:
    """Whether all values, or all slopes, lie between two bounds, boxes that are not sure being cut."""
    look = curve.slopes if slope else curve.values
    boxes = curve.pieces
    for _ in range(ROUNDS):
        bounds = look(boxes, inside=(slope, slope)).values
        outside = (bounds.low < low) | (bounds.high > high) | (slope & bounds.undefined)
        # A slope counts inside of boxes.
        boxes = boxes[outside & ~bounds.is_empty & ~(slope & boxes.is_single)]
        if not len(boxes):
            return True
        if len(boxes) * 4 > MOST_BOXES or not curve.left:
            return False
        boxes = boxes.split(4)
    return False


def _bound(program: Program, values: Mapping[str, float]) -> Program:
    """The Program with its parameters and constants held at numbers."""

    def change(builder: ProgramBuilder, node: Node, operands: tuple[int, ...]) -> int | None:
        if node.kind in (Kind.PARAMETER, Kind.CONSTANT) and node.name in values:
            return builder.number(values[node.name])
        return None

    return rebuild(program, change)
