"""Functions of one variable whose signs are wanted: in float64 for many points, exactly for a few."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from symkit.analysis.curve import Curve, Floats
from symkit.analysis.subject import Subject
from symkit.checking.certain import sign_at
from symkit.checking.curve import difference
from symkit.evaluation import evaluate_exact
from symkit.ir import Program, ProgramBuilder
from symkit.transform import gradient

NOTHING = -1060
"""Exact values below 2**-1060 may be what rounding leaves of a zero, and count as one."""


class Row:
    """A Program of one root along the line."""

    def __init__(self, program: Program, values: Mapping[str, float], variable: str) -> None:
        self.program = program
        self._values = values
        self._variable = variable
        self._curve = Curve(program, values, variable)
        self._known: dict[float, Any] = {}

    def floats(self, x: Floats) -> Floats:
        """Float64 samples as they come."""
        return self._curve.floats(x)

    def exact(self, x: float) -> Any:
        """An mpf good to 30 digits; NaN where it is undefined."""
        found = self._known.get(x)
        if found is None:
            (found,) = evaluate_exact(self.program, {**self._values, self._variable: x})
            if found and found.context.isfinite(found) and found.context.frexp(found)[1] < NOTHING:
                found = found.context.mpf(0)
            self._known[x] = found
        return found

    def number(self, x: float) -> float:
        """The exact value, rounded."""
        value = float(self.exact(x))
        return value + 0.0

    def sign(self, x: float) -> int | None:
        """Of the exact value; None where it is undefined."""
        value = self.exact(x)
        if value != value:
            return None
        if value == 0:
            # What underflows to the evaluator has a sign for all that, if a ball shows it.
            return sign_at(self.program, {self._variable: x}, self._values) or 0
        return int(value.context.sign(value))


class Rows:
    """What is looked at of an activation: f, its derivatives, and both less what fixed points compare them with."""

    def __init__(self, subject: Subject) -> None:
        self.subject = subject
        self.value = self._row(subject.program)
        self.slope = self._row(subject.derivative)

    def heights(self, x: Floats) -> Floats:
        """f in float64, from exact values where float64 gives up."""
        return self.subject.curve(x).floats()

    def _row(self, program: Program) -> Row:
        return Row(program, self.subject.values, self.subject.variable)

    def _gradient(self, row: Row) -> Row:
        return self._row(gradient(row.program, [self.subject.variable]))

    @cached_property
    def bend(self) -> Row:
        """f''."""
        return self._gradient(self.slope)

    @cached_property
    def third(self) -> Row:
        """f'''."""
        return self._gradient(self.bend)

    @cached_property
    def lift(self) -> Row:
        """f - x."""
        builder = ProgramBuilder()
        identity = builder.build([builder.input(self.subject.variable)])
        return self._row(difference(self.subject.program, identity))

    @cached_property
    def lift_slope(self) -> Row:
        """f' - 1."""
        builder = ProgramBuilder()
        return self._row(difference(self.subject.derivative, builder.build([builder.number(1.0)])))
