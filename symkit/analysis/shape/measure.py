"""The shape of an activation, put together."""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import pairwise

import numpy as np
from scipy.special import ndtri

from symkit.analysis.shape.bounds import lipschitz, value_bounds
from symkit.analysis.shape.facts import Bump, DeadZone, Piece, Saturated, Shape
from symkit.analysis.shape.levels import Stair, bumps, saturation
from symkit.analysis.shape.line import Line
from symkit.analysis.shape.local import extrema, inflections, pieces, roots, sign_changes
from symkit.analysis.shape.proofs import Prover
from symkit.analysis.shape.rows import Rows
from symkit.analysis.shape.symmetry import even_share, parity, parts
from symkit.analysis.subject import Subject
from symkit.text import Expression, parse

QUANTILES = 1000
"""Values of the input that stand for its distribution."""


def shape(
    expression: Expression | str,
    *,
    mean: float = 0.0,
    variance: float = 1.0,
    parameters: Mapping[str, float] | None = None,
) -> Shape:
    """Where an activation rises and falls, breaks, bends, saturates and is dead, and what it does far out.

    Args:
        expression: an activation, or its text.
        mean, variance: of the input; the variance, not the standard deviation.
        parameters: values of learnable parameters and of settable constants by name; initial values where not given.

    Zeros, extrema, breaks and the like are those within 10 deviations of the mean; the range, the Lipschitz constant
    and the ends are those of the whole line, where it is looked at within 10 of 0 and ever more coarsely beyond. They
    are found from the signs of f and of its derivatives, in float64 where that can be trusted and exactly where it
    cannot; `Shape.certified` names what is proved besides. A feature that is narrower than a hundredth of a deviation,
    and that no operator of the expression tells of, may be missed.

    Raises:
        DomainError: for a loss, an unknown parameter, or a variance that is not positive and finite.
    """
    e = parse(expression) if isinstance(expression, str) else expression
    subject = Subject.of(e, mean, variance, parameters)
    rows = Rows(subject)
    line = Line(rows)
    found = pieces(line)
    zeros, zero_intervals = roots(line, rows.value, rows.slope)
    fixed, fixed_intervals = roots(line, rows.lift, rows.lift_slope)
    lines = [line] if line.home is line else [line, line.home]
    span = value_bounds(lines)
    constant, steepest, reason = lipschitz(lines)
    known, is_proved = parity(subject, rows.value)
    humps = _bumps(line, found)
    dead = tuple(
        DeadZone(piece.low, piece.high, subject.normal.probability(piece.low, piece.high))
        for piece in found
        if piece.trend == "level"
    )
    even_part, odd_part = parts(e, known)
    return Shape(
        domain=line.domain,
        zeros=zeros,
        zero_intervals=zero_intervals,
        fixed_points=fixed,
        fixed_intervals=fixed_intervals,
        extrema=extrema(line, found),
        inflections=inflections(line),
        pieces=found,
        sign_changes=sign_changes(found),
        bumps=len(humps),
        bump_shapes=humps,
        breaks=tuple(joint.seen for joint in line.joints if joint.seen is not None),
        smoothness=min((joint.order for joint in line.joints), default=math.inf),
        lipschitz=constant,
        lipschitz_at=steepest,
        lipschitz_reason=reason,
        left=line.left,
        right=line.right,
        saturation=_saturation(line, span),
        dead_zones=dead,
        parity=known,
        even_share=even_share(subject, known),
        even_part=even_part,
        odd_part=odd_part,
        range=span,
        certified=_certified(subject, line, found, dead, span, constant, is_proved),
    )


def _bumps(line: Line, found: tuple[Piece, ...]) -> tuple[Bump, ...]:
    """Those of each range on which f is continuous."""
    chain: list[Stair] = []
    humps: list[Bump] = []
    for before, piece in pairwise((None, *found)):
        assert piece is not None
        if before is not None and (before.high != piece.low or not line.joins(piece.low)):
            humps += bumps(line.rows.heights, chain)
            chain = []
        chain.append(Stair(piece, _height(line, piece.low, 1), _height(line, piece.high, -1)))
    humps += bumps(line.rows.heights, chain)
    return tuple(humps)


def _height(line: Line, x: float, way: int) -> float:
    """The value that a piece starts with (way 1) or ends with (-1)."""
    if math.isinf(x):
        beyond = line.left if x < 0 else line.right
        return beyond.limit if beyond.limit is not None else line.rows.value.number(math.copysign(1e8, x))
    joint = line.joint(x)
    limit = None if joint is None else joint.right if way > 0 else joint.left
    return limit if limit is not None else line.rows.value.number(x)


def _saturation(line: Line, span: tuple[float, float] | None) -> tuple[Saturated, ...]:
    if span is None or not line.stretches:
        return ()
    heights = line.rows.heights
    inside = np.concatenate([stretch.x for stretch in (*line.stretches, *line.home.stretches)])
    width = span[1] - span[0]
    if not math.isfinite(width):
        normal = line.rows.subject.normal
        values = heights(normal.mean + normal.deviation * ndtri((np.arange(QUANTILES) + 0.5) / QUANTILES))
        values = values[np.isfinite(values)]
        width = float(np.subtract(*np.quantile(values, (0.99, 0.01)))) if len(values) else math.nan
    x = np.unique(np.concatenate([*line.far, inside]))
    return saturation(heights, x, line.cuts, width, line.left, line.right)


def _certified(
    subject: Subject,
    line: Line,
    found: tuple[Piece, ...],
    dead: tuple[DeadZone, ...],
    span: tuple[float, float] | None,
    constant: float | None,
    parity_is_proved: bool,
) -> tuple[str, ...]:
    prover = Prover(subject)
    names = ["parity"] if parity_is_proved else []
    # What takes least time comes first.
    if dead and all(prover.is_level(zone) for zone in dead):
        names.append("dead_zones")
    if span is not None:
        names += prover.range(*span)
    if prover.pieces(found, line.cuts):
        names.append("pieces")
    if constant is not None and prover.lipschitz(constant):
        names.append("lipschitz")
    return tuple(names)
