"""Proved moments of one function for many normals, quickly: the function is tabulated once.

The values at the nodes of Gauss-Legendre rules and the largest sizes in the ellipses around the panels do not depend on
the normal. With those at hand, an expectation and the bound of its error take some sums in float64, whose own rounding
is bounded too.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from symkit.analysis.certified.far import FarIntervals
from symkit.analysis.certified.pieces import Cutter, Piece
from symkit.analysis.certified.quadrature import Gaussian, Term, legendre
from symkit.analysis.certified.rests import rest
from symkit.analysis.certified.tail_bounds import Tail, bounds
from symkit.analysis.curve import Floats
from symkit.errors import DomainError
from symkit.evaluation.analytic import AnalyticEvaluator, precision
from symkit.evaluation.intervals import IntervalEvaluator
from symkit.evaluation.point_bounds import float_above
from symkit.evaluation.time_limit import check_time
from symkit.ir import Program

BITS = 80
"""Working precision of the table."""

REACH = 20.0
"""Units to either side of the centre that are tabulated,"""

OFF = 2.0
"""and that a mean may be off it: with a deviation of up to two units, nine deviations are inside."""

NODES = 12
ELLIPSE = 4.0
"""The sum of the half axes, in half panels: a rule's error falls by ELLIPSE**(-2*NODES), some 4e-15."""

ROUGH = 32.0
"""How much larger than on the line a function may be in an ellipse."""

SHORTEST = 2.0**-10
"""Panels shorter than this, in units, are not tabulated: the function has a singularity there."""

SMALL, RESOLVED = 2.0**-100, 2.0**-24
"""Units from the one to its inverse are tabulated, and that are more than the other of the centre."""

EPSILON = 2.0**-52


@dataclass(frozen=True, slots=True)
class Proved:
    """E[f(X)] and Var f(X), and how far they are off at most."""

    mean: float
    variance: float
    mean_error: float
    variance_error: float


@dataclass(frozen=True, eq=False)
class Table:
    """A function of one variable around a centre.

    Attributes:
        center, unit: for normals with a mean within 2 units of the centre and a deviation from 1 to 2 units.
        x, weights, values, radii: nodes of all panels, their weights, the function there, and how far that is off.
        middle, half, sizes: panels, and the function's largest size in the ellipses around them.
        gaps, gap_sizes: ranges (n, 2) of a few units in the last place without nodes, and bounds of the size there.
        tails: beyond the panels, with bounds.
    """

    center: float
    unit: float
    x: Floats
    weights: Floats
    values: Floats
    radii: Floats
    middle: Floats
    half: Floats
    sizes: Floats
    gaps: Floats
    gap_sizes: Floats
    tails: tuple[tuple[Tail, FarIntervals], ...]

    @staticmethod
    def place(mean: float, variance: float) -> tuple[float, float]:
        """The centre and unit of the table that serves a normal."""
        unit = math.ldexp(1.0, math.frexp(math.sqrt(variance))[1] - 1)
        return round(mean / (2 * OFF * unit)) * 2 * OFF * unit, unit

    @classmethod
    def of(
        cls, program: Program, variable: str, constants: Mapping[str, float], center: float, unit: float
    ) -> Table | None:
        """None for a function with a singularity, where nothing is known of its tails, and where floats are too coarse.

        Args:
            program: of one root.
            variable: its input.
            constants: values of everything else.
            center, unit: from `place`.
        """
        if not (SMALL < unit < 1 / SMALL and unit > RESOLVED * abs(center)):
            return None
        with precision(BITS):
            return _Builder(program, variable, constants, center, unit).table()

    def moments(self, mean: float, variance: float) -> Proved | None:
        """None where the tails matter, or are not known to be small."""
        outside = self._outside(mean, variance)
        if outside is None:
            return None
        height = 1 / math.sqrt(2 * math.pi * variance)
        distance = self.x - mean
        exponent = distance**2 / (2 * variance)
        share = self.weights * (height * np.exp(-exponent))
        # A node is off by half a unit in its last place; numpy's exp by a few; the rest is the rounding of these lines.
        relative = EPSILON * (16 + 8 * exponent + 4 * np.abs(self.x * distance) / variance)
        first, size = share * self.values, share * np.abs(self.values)
        second = first * self.values
        mean_error = float((size * relative + share * self.radii).sum())
        second_error = float((second * relative + share * (2 * np.abs(self.values) + self.radii) * self.radii).sum())
        missed = self._missed(mean, variance, height)
        mean_error += missed[0] + outside[0]
        second_error += missed[1] + outside[1]
        middle, square = math.fsum(first.tolist()), math.fsum(second.tolist())
        mean_error = 1.001 * mean_error + EPSILON * abs(middle)
        spread_error = second_error + (2 * abs(middle) + mean_error) * mean_error + 4 * EPSILON * square
        return Proved(middle, max(square - middle**2, 0.0), mean_error, 1.001 * spread_error)

    def _missed(self, mean: float, variance: float, height: float) -> tuple[float, float]:
        """What the rules and the gaps may add to the mean and to the second moment."""
        width, tall = (self.half * 0.5 * (ELLIPSE + sign / ELLIPSE) for sign in (1, -1))
        distance = np.maximum(np.abs(self.middle - mean) - width, 0.0)
        density = height * np.exp((tall**2 - distance**2) / (2 * variance))
        factor = 64 / (15 * (1 - ELLIPSE**-2)) * ELLIPSE ** (-2 * NODES) * self.half * density
        gaps = height * (self.gaps[:, 1] - self.gaps[:, 0])
        first, second = (float(factor @ self.sizes**p + gaps @ self.gap_sizes**p) for p in (1, 2))
        return first, second

    def _outside(self, mean: float, variance: float) -> tuple[float, float] | None:
        """What the tails may add to both."""
        with precision(BITS):
            normal = Gaussian.of(mean, variance)
            found = [0.0, 0.0]
            for tail, bound in self.tails:
                for power in (1, 2):
                    value = rest(bound, tail, normal, Term(0, power, False, 0.0)).value
                    if value is None:
                        return None
                    found[power - 1] += float_above(abs(value).upper())
        return found[0], found[1]


@dataclass(frozen=True, slots=True, eq=False)
class _Panel:
    """A panel, the function's largest size around it, and of every node the place, weight, value and its error."""

    middle: float
    half: float
    size: float
    nodes: tuple[tuple[float, float, float, float], ...]


class _Builder:
    def __init__(
        self, program: Program, variable: str, constants: Mapping[str, float], center: float, unit: float
    ) -> None:
        self.program = program
        self.variable = variable
        self.constants = constants
        self.center = center
        self.unit = unit
        self.usual = 0.0

    def table(self) -> Table | None:
        low, high = self.center - REACH * self.unit, self.center + REACH * self.unit
        try:
            tails = [
                (tail, bounds(self.program, self.variable, self.constants, tail)[0])
                for tail in (Tail(low, -1), Tail(high, 1))
            ]
            cut = Cutter(self.variable, self.constants).cut(self.program, low, high)
            evaluators = [AnalyticEvaluator(piece.program, self.variable, self.constants) for piece in cut.pieces]
        except DomainError:
            return None
        gaps = np.array(cut.gaps).reshape(-1, 2)
        gap_sizes = np.array([self._size(*gap) for gap in cut.gaps])
        if not np.isfinite(gap_sizes).all():
            return None
        self.usual = max(
            (self._usual(piece, of) for piece, of in zip(cut.pieces, evaluators, strict=True)), default=0.0
        )
        panels: list[_Panel] = []
        for piece, of in zip(cut.pieces, evaluators, strict=True):
            found = self._panels(piece, of)
            if found is None:
                return None
            panels += found
        x, weights, values, radii = np.array([node for panel in panels for node in panel.nodes]).T
        middle, half, sizes = np.array([(panel.middle, panel.half, panel.size) for panel in panels]).T
        return Table(
            self.center, self.unit, x, weights, values, radii, middle, half, sizes, gaps, gap_sizes, tuple(tails)
        )

    def _size(self, low: float, high: float) -> float:
        """A bound of the size on a range; infinite if there is none."""
        found = IntervalEvaluator(self.program, None, self.constants)({self.variable: (low, high)})[0]
        return math.inf if found.undefined.any() else float(max(abs(found.low.min()), abs(found.high.max())))

    def _usual(self, piece: Piece, of: AnalyticEvaluator) -> float:
        """About the largest size within a unit of the centre."""
        from flint import acb

        x = self.center + self.unit * np.linspace(-1, 1, 17)
        inside = x[(piece.low < x) & (x < piece.high)].tolist()
        return max((float(abs(of(acb(point))[0].real.mid())) for point in inside), default=0.0)

    def _panels(self, piece: Piece, of: AnalyticEvaluator) -> list[_Panel] | None:
        """Panels of a unit, halved where the function is too rough; None if it has a singularity."""
        count = max(1, math.ceil((piece.high - piece.low) / self.unit))
        ends = [*np.linspace(piece.low, piece.high, count + 1)[:-1].tolist(), piece.high]
        stack = list(zip(ends[:-1], ends[1:], strict=True))
        found = []
        while stack:
            check_time()
            low, high = stack.pop()
            panel = self._panel(of, low, high)
            if panel is not None:
                found.append(panel)
            elif high - low < SHORTEST * self.unit:
                return None
            else:
                middle = 0.5 * (low + high)
                stack += [(low, middle), (middle, high)]
        return found

    def _panel(self, of: AnalyticEvaluator, low: float, high: float) -> _Panel | None:
        """None where the function is too rough."""
        from flint import acb, arb

        middle, half = (arb(low) + arb(high)) / 2, (arb(high) - arb(low)) / 2
        width, tall = (half * (ELLIPSE + sign / ELLIPSE) / 2 for sign in (1, -1))
        size = abs(of(acb(middle + arb(0, width.upper()), arb(0, tall.upper())))[0]).upper()
        if not size.is_finite():
            return None
        nodes = []
        for node, weight in legendre(NODES):
            x = middle + half * node
            value = of(acb(x))[0].real
            if not value.is_finite():
                return None
            height = float(value.mid())
            nodes.append(
                (float(x.mid()), float((half * weight).mid()), height, float_above(abs(value - height).upper()))
            )
        highest = max(abs(height) for _, _, height, _ in nodes)
        if not size <= ROUGH * max(highest, self.usual):
            return None
        return _Panel(float(middle.mid()), float(half.mid()), float_above(size), tuple(nodes))
