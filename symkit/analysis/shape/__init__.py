"""The shape of an activation: where it rises, falls, breaks, saturates and is dead, and what it does far out."""

from symkit.analysis.shape.facts import (
    Break,
    Bump,
    DeadZone,
    End,
    Extremum,
    Inflection,
    Interval,
    Piece,
    Saturated,
    Shape,
)
from symkit.analysis.shape.measure import shape

__all__ = [
    "Break",
    "Bump",
    "DeadZone",
    "End",
    "Extremum",
    "Inflection",
    "Interval",
    "Piece",
    "Saturated",
    "Shape",
    "shape",
]
