"""An activation to be looked into: its Program, a value for everything but the input, and the distribution of that."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from symkit.analysis.breakpoints import breakpoints
from symkit.analysis.curve import Curve, Normal
from symkit.errors import DomainError
from symkit.ir import Program, ProgramBuilder
from symkit.text import Expression, parse
from symkit.text.expression import needed_constants
from symkit.transform import gradient, stabilise


@dataclass(frozen=True)
class Subject:
    """An activation with a value for everything but its input, and the distribution of that."""

    program: Program
    values: Mapping[str, float]
    variable: str
    normal: Normal
    variance: float

    @classmethod
    def of(
        cls, expression: Expression | str, mean: float, variance: float, parameters: Mapping[str, float] | None
    ) -> Subject:
        e = parse(expression) if isinstance(expression, str) else expression
        if e.kind != "activation":
            raise DomainError(
                f"{e} is of kind {e.kind}, of {', '.join(e.inputs) or 'no input'}; moments are those of an activation, "
                "a function of x alone"
            )
        if not math.isfinite(mean):
            raise DomainError(f"mean {mean!r} is not finite")
        if not (0 < variance < math.inf):
            raise DomainError(f"variance {variance!r} is not positive and finite; it is the square of the deviation")
        given = {name: float(value) for name, value in (parameters or {}).items()}
        settable = (*e.parameters, *needed_constants(e.program))
        unknown = [name for name in given if name not in settable]
        if unknown:
            raise DomainError(f"{unknown[0]!r} is no parameter; there are {', '.join(settable) or 'none'}")
        for name, value in given.items():
            if not math.isfinite(value):
                raise DomainError(f"parameter {name} = {value!r} is not finite")
        values = {**e.constant_values(**given), **e.parameters, **given}
        return cls(stabilise(e.program), values, e.inputs[0], Normal(float(mean), math.sqrt(variance)), float(variance))

    @cached_property
    def curve(self) -> Curve:
        return Curve(self.program, self.values, self.variable)

    @cached_property
    def derivative(self) -> Program:
        return gradient(self.program, [self.variable])

    @cached_property
    def slope(self) -> Curve:
        return Curve(self.derivative, self.values, self.variable)

    @property
    def breakpoints(self) -> list[float]:
        """Those of f."""
        return breakpoints(self.program, self.values, self.variable, self.normal)

    @cached_property
    def joint(self) -> Program:
        """f and f' as the roots of one Program."""
        builder = ProgramBuilder()
        return builder.build([builder.include(program)[program.root] for program in (self.program, self.derivative)])

    @property
    def joint_breakpoints(self) -> list[float]:
        """Those of f and f'."""
        return breakpoints(self.joint, self.values, self.variable, self.normal)
