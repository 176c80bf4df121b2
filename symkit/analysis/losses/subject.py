"""A loss to be looked into: its curve for a target output and for another one, with a value for everything else."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

from symkit.checking.folding import folded
from symkit.checking.region import Region
from symkit.checking.target import with_leaf
from symkit.errors import DomainError
from symkit.evaluation import evaluate_exact
from symkit.ir import Kind, Node, Program, ProgramBuilder, rebuild
from symkit.ops import Term, standard
from symkit.text import Expression, parse
from symkit.text.expression import needed_constants
from symkit.transform import gradient

USUAL_CLASSES = 10
TARGET, PREDICTION, LOGIT = "y", "p", "z"

OTHER = "#q"
"""Name of the prediction of the outputs that are not the target."""

SIZE = "#t"
"""Name of the input of programs along a path. Like the one above, no text can spell it."""

Path = Callable[[Term, Term], Term]
"""(t, number of classes) -> prediction, on the way to some point."""

FAR = ((0.0, -2.3), (1.0, 3.1), (-1.5, 0.75), (2.5, -0.6), (0.5, 1.75))
"""Targets and predictions that no probability has."""

USUAL_PREDICTIONS = (0.3, 0.8)

_sigmoid = standard()["sigmoid"]

SHIFTS = (0.375, -1.625)


@dataclass(frozen=True)
class Subject:
    """A loss of one output, by target y and prediction p.

    Attributes:
        expression: as it was given.
        program: over y and p; a loss of the logit z has the logarithm of p/(1 - p) for it.
        values: of every parameter and constant.
        classes: number of outputs.
        link: what makes predictions of logits, "softmax", or "sigmoid" for a loss of the logit.
    """

    expression: Expression
    program: Program
    values: Mapping[str, float]
    classes: int
    link: str

    @classmethod
    def of(
        cls, expression: Expression | str, classes: int | None = None, parameters: Mapping[str, float] | None = None
    ) -> Subject:
        """Raises DomainError for what is no loss of y and p or y and z, and for values that it cannot take."""
        e = parse(expression) if isinstance(expression, str) else expression
        link = _link(e)
        number = _classes(e, classes)
        values = _values(e, {name: float(value) for name, value in (parameters or {}).items()}, number)
        program = e.program if link == "softmax" else of_probability(e.program)
        return cls(e, program, values, number, link)

    def curve(self, target: float, *, everywhere: bool = False) -> Program:
        """The loss of an output with this target, over p alone: from 0 to 1, or everywhere."""
        key = (target, everywhere)
        if key not in self._curves:
            box = (-math.inf, math.inf) if everywhere else (0.0, 1.0)
            fixed = with_leaf(self.program, TARGET, Node(Kind.NUMBER, target))
            self._curves[key] = folded(fixed, Region.of({PREDICTION: box}, None), self.values)
        return self._curves[key]

    def undefined(self, *targets: float) -> str:
        """Why the loss has no values for one of these targets; empty where it has, at some prediction in (0, 1)."""
        for target in targets:
            if not any(math.isfinite(self._at(target, p)) for p in USUAL_PREDICTIONS):
                return f"the loss is not defined for y = {target:g}"
        return ""

    @property
    def uses_target(self) -> bool:
        """Whether the loss of a target output and that of another one differ, at some prediction in (0, 1)."""
        return any(
            not math.isclose(self._at(1.0, p), self._at(0.0, p), rel_tol=1e-15, abs_tol=1e-300)
            for p in USUAL_PREDICTIONS
        )

    def slope(self, target: float, *, everywhere: bool = False) -> Program:
        """Its derivative by p."""
        return gradient(self.curve(target, everywhere=everywhere), [PREDICTION])

    @cached_property
    def _curves(self) -> dict[tuple[float, bool], Program]:
        return {}

    @cached_property
    def reading(self) -> str:
        """Either "residual" (of y - p alone), "real" (for every y and p), "probability" (for 0 < p < 1) or "logit"."""
        if self.link == "sigmoid":
            return "logit"
        if not all(math.isfinite(self._at(y, p)) for y, p in FAR):
            return "probability"
        kept = all(
            math.isclose(self._at(y, p), self._at(y + shift, p + shift), rel_tol=1e-12, abs_tol=1e-12)
            for y, p in FAR
            for shift in SHIFTS
        )
        return "residual" if kept else "real"

    def _at(self, y: float, p: float) -> float:
        return float(evaluate_exact(self.program, {**self.values, TARGET: y, PREDICTION: p})[0])

    def exact(self, program: Program, **inputs: float) -> float | None:
        """The only root at a point; None where it has no finite value."""
        value = float(evaluate_exact(program, {**self.values, **inputs})[0])
        return value + 0.0 if math.isfinite(value) else None


def along(program: Program, paths: Mapping[str, Path]) -> Program:
    """A program with inputs replaced by functions of t, the input `SIZE`."""
    builder = ProgramBuilder()
    t, classes = builder.term(builder.input(SIZE)), builder.term(builder.constant("C"))
    places = {name: path(t, classes).index for name, path in paths.items()}

    def change(builder: ProgramBuilder, node: Node, operands: tuple[int, ...]) -> int | None:
        return places.get(node.name) if node.kind is Kind.INPUT else None

    return rebuild(program, change, builder)


def _link(e: Expression) -> str:
    inputs = set(e.inputs)
    if e.kind != "loss" or not inputs & {PREDICTION, LOGIT}:
        raise DomainError(
            f"{e} is of kind {e.kind}, of {', '.join(e.inputs) or 'no input'}; a loss to look into is a function of "
            "the target y and the prediction p, or the logit z. Where log probabilities stand, write log(p)"
        )
    if {PREDICTION, LOGIT} <= inputs:
        raise DomainError(f"{e} is of a prediction p and a logit z at once; write one by the other, such as sigmoid(z)")
    return "softmax" if PREDICTION in inputs else "sigmoid"


def _classes(e: Expression, classes: int | None) -> int:
    number = e.constants.get("C", USUAL_CLASSES) if classes is None else classes
    if isinstance(number, bool) or number != int(number) or not 2 <= number <= 10**6:
        raise DomainError(f"{number!r} is no number of classes; it is a whole number from 2 to 1,000,000")
    return int(number)


def _values(e: Expression, given: Mapping[str, float], classes: int) -> dict[str, float]:
    settable = (*e.parameters, *(name for name in needed_constants(e.program) if name != "C"))
    for name, value in given.items():
        if name == "C":
            raise DomainError("the number of classes C is set by `classes`")
        if name not in settable:
            raise DomainError(f"{name!r} is no parameter of {e}; there are {', '.join(settable) or 'none'}")
        if not math.isfinite(value):
            raise DomainError(f"parameter {name} = {value!r} is not finite")
    constants = {name: value for name, value in given.items() if name not in e.parameters}
    return {**e.constant_values(**constants, C=float(classes)), **e.parameters, **given}


def of_probability(program: Program) -> Program:
    """A program over z as one over p, the sigmoid of z."""
    builder = ProgramBuilder()
    p = builder.term(builder.input(PREDICTION))
    logit = (builder.algebra("log", p) - builder.algebra("log", 1 - p)).index

    def change(builder: ProgramBuilder, node: Node, operands: tuple[int, ...]) -> int | None:
        if node.kind is Kind.INPUT and node.name == LOGIT:
            return logit
        return p.index if node.kind is Kind.APPLY and node.operator is _sigmoid and operands == (logit,) else None

    return rebuild(program, change, builder)
