"""simplify: the cheapest form that is found of a function, and that is nowhere less accurate than the original."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass

from symkit.errors import DomainError
from symkit.evaluation.formats import Format, format_of
from symkit.evaluation.time_limit import OutOfTime
from symkit.ir import Program
from symkit.simplification import store
from symkit.simplification.accuracy import Judge, Repairs
from symkit.simplification.costs import cost, weight
from symkit.simplification.hazards import keeps_hazards
from symkit.simplification.points import Box
from symkit.simplification.proposals import Unfinished, proposed
from symkit.simplification.reduce import Change, Reducer, Setting
from symkit.simplification.rules import ALL, KEEPING, STABLE
from symkit.text import Expression, parse
from symkit.text.names import SETTABLE_CONSTANTS
from symkit.transform import Rule, rewrite

TIMEOUT = 2.0
"""Seconds for an expression."""

MAX_STEPS = 60
MAX_ROUNDS = 3

STEADY_FACTOR, STEADY_MORE = 1.5, 30.0
"""What stabilising rules make of a form may cost so many times as much, plus so many additions."""

ASSUMED_CLASSES = 10.0
"""The number of classes C that is sampled with where none is set."""

WIDE = {"eps": (1e-30, 1.0), "C": (1.0, 1e6)}
"""Bounds of the constants that calls can set: what is proved holds for all of these."""


def simplify(
    e: Expression | str,
    *,
    box: Mapping[str, tuple[float, float]] | None = None,
    dtype: str = "float32",
    timeout: float = TIMEOUT,
) -> Expression:
    """A cheaper or more stable form of the same function; the expression itself where none is found.

    A form is taken if it costs less, or is stable where the original is not, and if in the dtype it is nowhere less
    accurate than the original, finite wherever that is, undefined wherever that is, and has the same gradient off the
    kinks.

    Args:
        e: an expression or its text. Parameters stay parameters, whatever their initial values.
        box: lowest and highest value of inputs and parameters; the others may be any finite number of the dtype. With
            `box={"x": (-10, 10)}`, `0*exp(x)` is 0.
        dtype: "float64", "float32" or "float16".
        timeout: seconds, after which the best form so far is given. Starting SymPy, once a process, is not counted.

    Raises:
        DomainError: for an unknown dtype or name, a box without numbers, or a timeout that is not positive.
    """
    expression = parse(e) if isinstance(e, str) else e
    format = format_of(dtype)
    bounds = full_box(expression, box, format)
    if not timeout > 0:
        raise DomainError(f"the timeout must be a positive number of seconds, not {timeout!r}")
    key = store.key(expression, bounds, dtype)
    known = store.read(key, expression)
    if known is not None:
        return known
    search = _Search(expression, bounds, format, time.monotonic() + timeout)
    program = search.result()
    simple = expression if program == expression.program else expression.with_program(program)
    if search.complete:
        store.write(key, simple)
    return simple


def full_box(expression: Expression, box: Mapping[str, tuple[float, float]] | None, format: Format) -> Box:
    """Bounds for every input and parameter of the graph. Raises DomainError for a box that is none."""
    program = expression.program
    names = (*program.inputs, *program.parameters)
    for name, bounds in (box or {}).items():
        if name not in names and name not in expression.inputs:
            raise DomainError(f"box: {name!r} is no input or parameter; there are {', '.join(names) or 'none'}")
        try:
            low, high = (float(bound) for bound in bounds)
        except (TypeError, ValueError):
            raise DomainError(f"box: {name} takes a pair of numbers, not {bounds!r}") from None
        if not low <= high or not abs(low) <= format.largest or not abs(high) <= format.largest:
            raise DomainError(f"box: {name} from {low!r} to {high!r} is no range of finite {format.name} numbers")
    everything = (-format.largest, format.largest)
    given = {
        name: (format.rounded(float(low)), format.rounded(float(high))) for name, (low, high) in (box or {}).items()
    }
    return {name: given.get(name, everything) for name in names}


def sampled_constants(expression: Expression) -> dict[str, float]:
    """The values of constants that forms are compared at."""
    own = {name: value for name, value in SETTABLE_CONSTANTS.items() if value is not None}
    return expression.constant_values(**{"C": ASSUMED_CLASSES, **own, **expression.constants})


def bounds_of_constants(expression: Expression) -> dict[str, tuple[float, float]]:
    """What constants may be: what is usual, and what the header says."""
    found = dict(WIDE)
    for name, value in expression.constants.items():
        low, high = found[name]
        found[name] = min(low, value), max(high, value)
    return found


@dataclass
class _Search:
    """One search for a form.

    Attributes:
        complete: whether nothing was cut off, so that the result is the same each time.
    """

    expression: Expression
    box: Box
    format: Format
    deadline: float
    complete: bool = True

    def __post_init__(self) -> None:
        program = self.expression.program
        self.program = program
        self.judge = Judge(
            program, tuple(self.box), self.box, self.format, sampled_constants(self.expression), self.deadline
        )
        self.setting = Setting(self.box, self.format, bounds_of_constants(self.expression), self.judge.check_time)

    def result(self) -> Program:
        """The best form that is found in time."""
        try:
            self._steady()
            self._reduce(KEEPING, Repairs.ALL)
            self._reduce(ALL, Repairs.OVERFLOWS)
            self._propose()
        except OutOfTime:
            self.complete = False
        return self.program

    def _steady(self) -> None:
        """Takes stable forms, all at once or, if that is no good, rule by rule."""
        if not self._take_steady(STABLE):
            for rule in STABLE:
                self._take_steady([rule])

    def _take_steady(self, rules: Sequence[Rule]) -> bool:
        form = rewrite(self.program, rules)
        if form == self.program:
            return True
        affordable = cost(form) <= STEADY_FACTOR * cost(self.program) + STEADY_MORE
        if affordable and self.judge.opinion(form, Repairs.ALL).accepted:
            self.judge.adopt(form)
            self.program = form
            return True
        return False

    def _reduce(self, rules: Sequence[Rule], repairs: Repairs) -> None:
        """Takes what rules make of the best form, all at once or, if that is no good, change by change."""
        start = self.program
        reducer = Reducer(rules, self.setting)
        form = reducer(start)
        if self._take(form, repairs) or weight(form) >= weight(self.program):
            return
        for _ in range(MAX_STEPS):
            step = next(self._harmless(reducer, start, repairs), None)
            if step is None:
                break
            start = step
            self._take(start, repairs)

    def _harmless(self, reducer: Reducer, program: Program, repairs: Repairs) -> Iterator[Program]:
        """Forms that are one change away and acceptable; changes that are not are never tried again."""
        changes: list[tuple[Change, Program]] = list(reducer.steps(program))
        for change, form in changes:
            reducer.vetoed.add(change)
            if self.judge.opinion(form, repairs).accepted:
                yield form

    def _propose(self) -> None:
        """Takes what SymPy makes of the best form so far, as long as that gets better."""
        for _ in range(MAX_ROUNDS):
            before = self.program
            try:
                with closing(proposed(before, self.expression.table, self.deadline)) as forms:
                    for form in forms:
                        self._consider(before, form)
            except Unfinished:
                self.complete = False
                return
            if self.program == before:
                return

    def _consider(self, before: Program, proposal: Program) -> None:
        """Takes what the rules make of a proposal, if it costs less and nothing dangerous was cancelled.

        The rules make it stable again: SymPy writes `log(1 + x)` for all logarithms.
        """
        form = Reducer(ALL, self.setting)(proposal)
        if weight(form) < weight(self.program) and keeps_hazards(before, form, self.setting):
            self._take(form, Repairs.NONE)

    def _take(self, form: Program, repairs: Repairs) -> bool:
        """Takes a form that costs less and is accepted."""
        if weight(form) < weight(self.program) and self.judge.opinion(form, repairs).accepted:
            self.program = form
            return True
        return False
