"""Learning rules as text, as simple as can be had in a moment: SymPy proposes, exact values decide."""

from __future__ import annotations

import contextlib
import random
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from symkit.analysis.losses.points import OTHERS_EQUAL
from symkit.analysis.losses.subject import LOGIT, OTHER, PREDICTION, SIZE, TARGET, Subject, along, of_probability
from symkit.analysis.losses.tidy import tidied
from symkit.checking.folding import folded
from symkit.checking.region import Region
from symkit.checking.target import with_leaf
from symkit.evaluation import evaluate_exact
from symkit.ir import Kind, Node, Program, ProgramBuilder, lower, rebuild, renamed
from symkit.ops import standard
from symkit.simplification.proposals import Unfinished, proposed
from symkit.text import program_text
from symkit.text.names import SETTABLE_CONSTANTS
from symkit.transform import gradient

MOST_OPERATORS = 24
"""Longer rules are not given to SymPy."""

AGREEMENT = 1e-25
PLACES = (2.0**-40, *((k + 0.5) / 16 for k in range(16)), 1 - 2.0**-40)
"""Predictions that forms are compared at; those inside are moved a little."""

ENOUGH = 4

OPEN = (2.0**-60, 1 - 2.0**-53)

Samples = list[tuple[dict[str, float], Any]]
"""Points, and the exact values there."""

ZERO = Program([Node(Kind.NUMBER, 0.0)], [0])

WIDE = (-1e300, 1e300)
RANGES = {"C": (2.0, 1e6), "eps": (1e-30, 1.0)}


@dataclass(frozen=True, slots=True)
class RuleTexts:
    """Texts of a learning rule; `logit` is dL/dz of the target where the other outputs are equal.

    None where the loss is not defined for such a target.
    """

    rule: str
    latex: str
    target: str | None
    non_target: str | None
    logit: str | None


def rule_texts(subject: Subject, timeout: float) -> RuleTexts:
    """Equal to what they stand for wherever that is defined, for 0 < p < 1. SymPy has so many seconds for them all."""
    writer = _Writer(subject, timeout)
    loss = subject.expression.program
    target, other = (_slope(subject, with_leaf(loss, TARGET, Node(Kind.NUMBER, y))) for y in (1.0, 0.0))
    rule = writer.simple(_negative(_slope(subject, loss)))

    def text(program: Program, *targets: float) -> str | None:
        return None if subject.undefined(*targets) else writer.text(writer.simple(program))

    return RuleTexts(
        writer.text(rule),
        replace(subject.expression, program=rule, inputs=(TARGET, PREDICTION)).latex(),
        text(_negative(target), 1.0),
        text(_negative(other), 0.0),
        text(_at_logit(subject.link, target, other), 1.0, 0.0),
    )


def _slope(subject: Subject, loss: Program) -> Program:
    """dL/dp of a loss over p, or over the logit of p."""
    if subject.link == "softmax":
        return gradient(loss, [PREDICTION])
    moved = of_probability(gradient(loss, [LOGIT]))
    builder = ProgramBuilder()
    p = builder.term(builder.input(PREDICTION))
    return builder.build([(builder.term(builder.include(moved)[moved.root]) / (p * (1 - p))).index])


class _Writer:
    """Simplifies the functions of one loss."""

    def __init__(self, subject: Subject, timeout: float) -> None:
        self._table = subject.expression.table
        self._values = subject.values
        self._left = timeout
        self._known: dict[Program, Program] = {}

    def text(self, program: Program) -> str:
        return program_text(program, reserved=program.inputs)

    def simple(self, program: Program) -> Program:
        """The form with the shortest text."""
        if program not in self._known:
            self._known[program] = self._simplified(program)
        return self._known[program]

    def _simplified(self, program: Program) -> Program:
        samples = [(values, evaluate_exact(program, values)[0]) for values in _samples(program, self._values)]
        samples = [(values, value) for values, value in samples if value.context.isfinite(value)]
        if len(samples) < ENOUGH:
            return program
        if _agrees(ZERO, samples):
            return ZERO
        best, settled = program, _settled(program)
        for form in (settled, tidied(settled), tidied(_unmasked(settled))):
            best = self._shorter(best, form, samples)
        for proposal in self._proposals(best):
            best = self._shorter(best, tidied(proposal), samples)
        return best

    def _shorter(self, best: Program, form: Program, samples: Samples) -> Program:
        return form if len(self.text(form)) < len(self.text(best)) and _agrees(form, samples) else best

    def _proposals(self, program: Program) -> Iterator[Program]:
        if self._left <= 0 or program.size > MOST_OPERATORS:
            return
        started = time.monotonic()
        try:
            with contextlib.closing(proposed(program, self._table, started + self._left)) as forms:
                yield from forms
        except Unfinished:
            # The process was ended: starting it anew for each text would cost seconds.
            self._left = 0.0
        self._left -= time.monotonic() - started


def _agrees(form: Program, samples: Samples) -> bool:
    """Whether exact values say so."""
    return all(abs(evaluate_exact(form, at)[0] - value) <= AGREEMENT * (1 + abs(value)) for at, value in samples)


def _samples(program: Program, initial: Mapping[str, float]) -> Iterator[dict[str, float]]:
    """Points in general position: targets and predictions of all sorts, parameters at and near their values."""
    chance = random.Random(0)
    for k, place in enumerate(PLACES):
        values = dict(initial)
        if k % 2:
            values = {name: value * chance.uniform(0.9, 1.1) for name, value in initial.items()}
            values["C"] = float(chance.randint(2, 30))
        values[PREDICTION] = place + chance.uniform(-0.03, 0.03) * (0.01 < place < 0.99)
        values[TARGET] = (1.0, chance.random(), 0.0)[k % 3]
        yield values


def _at_logit(link: str, target: Program, other: Program) -> Program:
    """dL/dz of the target over its prediction p, the other outputs sharing what is left."""
    # The path's own variable is the prediction of the target.
    shared = renamed(along(renamed(other, {PREDICTION: OTHER}), OTHERS_EQUAL), {SIZE: PREDICTION})
    builder = ProgramBuilder()
    p = builder.term(builder.input(PREDICTION))
    one, rest = (builder.term(builder.include(part)[part.root]) for part in (target, shared))
    slope = one if link == "sigmoid" or rest.literal == 0.0 else one - rest
    return builder.build([(p * (1 - p) * slope).index])


def _settled(program: Program) -> Program:
    """Without what has no part in its value for 0 < p < 1, parameters and constants being anything."""
    hidden = {name: f"#{name}" for name in SETTABLE_CONSTANTS}

    def hide(builder: ProgramBuilder, node: Node, operands: tuple[int, ...]) -> int | None:
        return builder.input(hidden[node.name]) if node.kind is Kind.CONSTANT and node.name in hidden else None

    def show(builder: ProgramBuilder, node: Node, operands: tuple[int, ...]) -> int | None:
        shown = {spelled: name for name, spelled in hidden.items()}
        return builder.constant(shown[node.name]) if node.kind is Kind.INPUT and node.name in shown else None

    # Composites may stand on constants, too.
    bare = rebuild(lower(program, lambda operator: operator.exact is not None), hide)
    box = dict.fromkeys((*bare.inputs, *bare.parameters), WIDE)
    box.update({name: OPEN for name in box if name == PREDICTION})
    box.update({hidden[name]: RANGES[name] for name in hidden if hidden[name] in box})
    return rebuild(folded(bare, Region.of(box, None), {}), show)


def _unmasked(program: Program) -> Program:
    """Selects that only keep single points out, where a kink or a pole is, replaced by their other branch."""

    def change(builder: ProgramBuilder, node: Node, operands: tuple[int, ...]) -> int | None:
        if node.is_leaf or not node.operator.is_select:
            return None
        condition, taken, other = operands
        if builder.literal(other) == 0 and _fails_at_points(builder, condition):
            return taken
        return other if builder.literal(taken) == 0 and _holds_at_points(builder, condition) else None

    return rebuild(program, change)


def _holds_at_points(builder: ProgramBuilder, condition: int) -> bool:
    """Whether a condition asks for an equality."""
    node = builder.nodes[condition]
    if node.is_leaf:
        return False
    if node.operator is _not:
        return _fails_at_points(builder, node.operands[0])
    if node.operator is _and:
        return any(_holds_at_points(builder, i) for i in node.operands)
    return node.operator is _equal


def _fails_at_points(builder: ProgramBuilder, condition: int) -> bool:
    """Whether all that a condition rules out is an equality."""
    node = builder.nodes[condition]
    if node.is_leaf:
        return False
    if node.operator is _not:
        return _holds_at_points(builder, node.operands[0])
    if node.operator is _and:
        return all(_fails_at_points(builder, i) for i in node.operands)
    return node.operator is _unequal


_table = standard()
_not, _and, _equal, _unequal = (_table[name] for name in ("logical_not", "logical_and", "eq", "ne"))


def _negative(program: Program) -> Program:
    builder = ProgramBuilder()
    return builder.build([(-builder.term(builder.include(program)[program.root])).index])
