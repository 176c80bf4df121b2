"""Formulas, names and ranges in requirements: what their text means for one function."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from symkit.checking.requirement_text import Clause, Formula, Range, nearest, problem_at, relation_of
from symkit.checking.zone import Side, Zone
from symkit.errors import LimitError, ParseError
from symkit.evaluation import evaluate_exact
from symkit.ir import Kind, Node, Program, ProgramBuilder, rebuild
from symkit.text import Expression, parse
from symkit.text.names import LOSS_SPELLINGS
from symkit.transform import gradient

MOST_ZONES = 64
"""Combinations of single values that one requirement may be about."""

EVERYTHING = Side(-math.inf, math.inf, True, True)
FUNCTION, SLOPE = "f", "f_"
"""What stands for the function and its derivative; f' is as long as f_, so that places in a formula stay."""

INFINITIES = {"inf": math.inf, "infinity": math.inf, "-inf": -math.inf, "-infinity": -math.inf}


@dataclass(frozen=True)
class Reading:
    """Formulas, names and ranges of one text, about one function.

    Attributes:
        expression: the function.
        text: the whole text, which errors point into.
        sides: what inputs and parameters range over where a clause says nothing.
    """

    expression: Expression
    text: str
    sides: Mapping[str, Side]

    def formula(self, formula: Formula) -> Program:
        """A formula over the inputs, with f and f' in their places."""
        written = self._parsed(formula)
        known = {*self.expression.inputs, *self.expression.parameters}
        slope = self._slope(formula) if SLOPE in written.program.parameters else None
        builder = ProgramBuilder(self.expression.table)

        def change(builder: ProgramBuilder, node: Node, operands: tuple[int, ...]) -> int | None:
            if node.kind not in (Kind.INPUT, Kind.PARAMETER):
                return None
            if node.name == FUNCTION and FUNCTION not in known:
                return builder.include(self.expression.program)[self.expression.program.root]
            if slope is not None and node.name == SLOPE:
                return builder.include(slope)[slope.root]
            name = self.spelled(node.name)
            if name not in known:
                raise self._unknown_name(node.name, formula.start + _place_of(node.name, formula.text))
            return builder.input(name) if name in self.expression.inputs else builder.parameter(name)

        return rebuild(written.program, change, builder)

    def _parsed(self, formula: Formula) -> Expression:
        """The formula as an Expression; errors are moved to their place in the requirement."""
        text = formula.text.replace("f'", SLOPE).replace("f\u2032", SLOPE)
        try:
            return parse(text, kind="plain", table=self.expression.table)
        except ParseError as error:
            lines = formula.text.split("\n")
            before = sum(len(line) + 1 for line in lines[: max(error.line, 1) - 1])
            place = formula.start + before + max(error.column, 1) - 1
            raise problem_at(self.text, place, error.problem, error.expected, error.suggestion, type(error)) from None

    def _slope(self, formula: Formula) -> Program:
        inputs = self.expression.inputs
        if len(inputs) != 1:
            place = formula.start + max(formula.text.find("f'"), formula.text.find("f\u2032"))
            raise problem_at(self.text, place, "f' is the derivative by the only input, and there are several", ("f",))
        return gradient(self.expression.program, inputs)

    def number(self, formula: Formula) -> float:
        """The value of a formula without names, as a float64."""
        word = "".join(formula.text.split())
        if word in INFINITIES:
            return INFINITIES[word]
        program = self._parsed(formula).program
        names = (*program.inputs, *program.parameters)
        if names or set(program.constants) - {"pi", "e"}:
            raise problem_at(self.text, formula.start, f"{formula.text!r} is no number", ("a number, pi, e or inf",))
        value = float(evaluate_exact(program, {})[0])
        if math.isnan(value):
            raise problem_at(self.text, formula.start, f"{formula.text!r} has no value", ("a number",))
        return value

    # -- ranges --------------------------------------------------------------------------------------------

    def zones(self, clause: Clause) -> list[Zone]:
        """The zones of a clause, one for each combination of single values."""
        ranges: dict[str, list[Side]] = {}
        for written in clause.ranges:
            name, place, sides = self._range(written)
            before = ranges.get(name)
            ranges[name] = sides if before is None else [_common(a, b) for a in before for b in sides]
            if any(side is None or _is_void(side) for side in ranges[name]):
                raise problem_at(self.text, place, f"no number is left for {name}", ("a lower bound below the upper",))
        count = math.prod(len(sides) for sides in ranges.values())
        if count > MOST_ZONES:
            problem = f"the range has {count} combinations of values; the limit is {MOST_ZONES}"
            raise problem_at(self.text, clause.start, problem, error=LimitError)
        names = list(ranges)
        return [
            Zone({**self.sides, **dict(zip(names, chosen, strict=True))})
            for chosen in itertools.product(*(ranges[name] for name in names))
        ]

    def _range(self, written: Range) -> tuple[str, int, list[Side]]:
        if written.name is None:
            return self._related(written)
        place = int(written.name.start_pos or 0)
        self.check_name(str(written.name), place)
        name, numbers = self.spelled(str(written.name)), [self.number(formula) for formula in written.formulas]
        if not written.brackets:
            if any(math.isinf(number) for number in numbers):
                raise problem_at(self.text, place, f"{name} cannot be infinite", ("finite numbers",))
            return name, place, [Side(number, number) for number in dict.fromkeys(numbers)]
        low, high = numbers
        left, right = written.brackets[0], written.brackets[1]
        return name, place, [Side(low, high, left == "(" or math.isinf(low), right == ")" or math.isinf(high))]

    def _related(self, written: Range) -> tuple[str, int, list[Side]]:
        """`x > 0`, `0 < x <= 1`: one of the formulas is a name, the others are numbers."""
        names = [k for k, formula in enumerate(written.formulas) if self.spelled(formula.text.strip()) in self.sides]
        place = written.formulas[0].start
        middle = len(written.formulas) == 3
        for formula in written.formulas if not names else ():
            if formula.text.isidentifier() and formula.text not in INFINITIES:
                raise self._unknown_name(formula.text, formula.start)
        if len(names) != 1 or (middle and names != [1]):
            known = ", ".join(self.sides)
            raise problem_at(
                self.text, place, "a range is about one name", (f"one of {known}, as in x > 0 or 0 < x < 1",)
            )
        name = self.spelled(written.formulas[names[0]].text.strip())
        side = EVERYTHING
        for k, token in enumerate(written.relations):
            relation = relation_of(token)
            at_left = names[0] == k
            number = self.number(written.formulas[k + 1 if at_left else k])
            found = _half(relation, number, flipped=not at_left)
            if found is None:
                raise problem_at(
                    self.text, int(token.start_pos or 0), f"{relation} is no range", ("<, <=, >, >= or ==",)
                )
            side = _common(side, found)
        return name, place, [side]

    # -- names ---------------------------------------------------------------------------------------------

    def spelled(self, name: str) -> str:
        """Other spellings of a loss's inputs; f is the function."""
        if name in self.sides or name == FUNCTION:
            return name
        return LOSS_SPELLINGS.get(name, name)

    def check_name(self, name: str, place: int) -> None:
        if self.spelled(name) not in self.sides:
            raise self._unknown_name(name, place)

    def _unknown_name(self, name: str, place: int) -> ParseError:
        known = [*self.sides]
        expected = (f"one of {', '.join([*known, FUNCTION])}",) if known else ("f",)
        return problem_at(
            self.text, place, f"the function has no input or parameter {name}", expected, nearest(name, known)
        )


def _place_of(name: str, text: str) -> int:
    found = re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text)
    return 0 if found is None else found.start()


def _half(relation: str, number: float, *, flipped: bool) -> Side | None:
    """The side of `name relation number`, or of `number relation name` if flipped."""
    if relation == "==":
        return Side(number, number)
    if relation == "!=":
        return None
    above = relation.startswith(">") != flipped
    is_open = "=" not in relation or math.isinf(number)
    return (
        replace(EVERYTHING, low=number, low_open=is_open)
        if above
        else replace(EVERYTHING, high=number, high_open=is_open)
    )


def _common(a: Side, b: Side) -> Side:
    """What is in both."""
    low = max((a.low, a.low_open), (b.low, b.low_open))
    high = min((a.high, not a.high_open), (b.high, not b.high_open))
    return Side(low[0], high[0], low[1], not high[1])


def _is_void(side: Side) -> bool:
    return side.low > side.high or (side.low == side.high and (side.low_open or side.high_open)) or math.isnan(side.low)
