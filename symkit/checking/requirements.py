"""What is required of a function, stated as text, and whether it is so.

Properties and comparisons are about the real function at the points where it is defined; `finite` is about a dtype.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from symkit.checking.closure import closure
from symkit.checking.comparing import Relation, compared
from symkit.checking.curve import Curve, difference
from symkit.checking.domain import defined
from symkit.checking.extremes import bounded, lipschitz
from symkit.checking.losses import uses
from symkit.checking.monotone import decreasing, increasing, monotone
from symkit.checking.parity import mirror_sign, mirrored
from symkit.checking.properties import convex, zero_at_zero
from symkit.checking.region import Region
from symkit.checking.requirement_text import (
    SIGNS,
    Clause,
    Formula,
    Range,
    Statement,
    nearest,
    problem_at,
    read_requirements,
    relation_of,
)
from symkit.checking.verdict import Verdict, proved, unknown
from symkit.checking.zone import Side, Zone
from symkit.errors import LimitError, ParseError
from symkit.evaluation import evaluate_exact
from symkit.ir import Kind, Node, Program, ProgramBuilder, rebuild
from symkit.text import Expression, parse
from symkit.text.names import LOSS_SPELLINGS
from symkit.transform import gradient, stabilise

SECONDS = 0.6
"""How long each requirement may take by default."""

MOST_ZONES = 64
"""Combinations of single values that one requirement may be about."""

EVERYTHING = Side(-math.inf, math.inf, True, True)
FUNCTION, SLOPE = "f", "f_"
"""What stands for the function and its derivative; f' is as long as f_, so that places in a formula stay."""

INFINITIES = {"inf": math.inf, "infinity": math.inf, "-inf": -math.inf, "-infinity": -math.inf}


@dataclass(frozen=True)
class Requirement:
    """One clause, and what came of it.

    Attributes:
        text: the clause, with single blanks.
        verdict: whether it holds.
    """

    text: str
    verdict: Verdict


def required(
    expression: Expression,
    text: str,
    *,
    box: Mapping[str, tuple[float, float]] | None = None,
    dtype: str = "float32",
    seconds: float = SECONDS,
) -> list[Requirement]:
    """What is required of a function, clause by clause, and the verdict on each.

    Args:
        expression: the function.
        text: clauses between semicolons, such as "monotone; abs(f) <= 1 on x in [-10, 10]"; see the documentation.
        box: ranges of inputs and parameters for clauses without their own; inputs that are left out take every real
            number, parameters their initial values.
        dtype: what `finite` is about.
        seconds: how long each clause may take.

    Raises:
        ParseError: for text that is no requirement of this function; LimitError past the limits.
        DomainError: for a box that has no numbers.
    """
    clauses = read_requirements(text)
    reader = _Meaning(expression, text, _sides(expression, box or {}), dtype, seconds)
    # All is read before anything is judged: what cannot be read costs no time.
    judged = [(clause, reader.judge(clause)) for clause in clauses]
    return [Requirement(clause.text, judge()) for clause, judge in judged]


def _sides(expression: Expression, box: Mapping[str, tuple[float, float]]) -> dict[str, Side]:
    sides: dict[str, Side] = {}
    for name in (*expression.inputs, *expression.parameters):
        if name in box:
            low, high = box[name]
            sides[name] = Side(low, high, math.isinf(low), math.isinf(high))
        elif name in expression.inputs:
            sides[name] = EVERYTHING
        else:
            value = expression.parameters[name]
            sides[name] = Side(value, value)
    return sides


@dataclass(frozen=True)
class _Meaning:
    """Clauses of one text, about one function."""

    expression: Expression
    text: str
    sides: Mapping[str, Side]
    dtype: str
    seconds: float

    def judge(self, clause: Clause) -> Callable[[], Verdict]:
        """What will give the verdict; raises ParseError for names and formulas that mean nothing here."""
        zones = self._zones(clause)
        statement = clause.statement
        about = self._about(clause.statement, clause.start, zones[0])
        if statement.property == "comparison":
            parts = self._comparisons(statement)
        elif statement.property in SIGNS:
            relation = SIGNS[statement.property]
            parts = [(self._signed(self.expression.program, relation), _positive(relation), f"f {relation} 0")]
        else:
            parts = []
        limit = self._limit(statement)

        def verdict() -> Verdict:
            share = self.seconds / max(1, len(zones) * max(1, len(parts)))
            if parts:
                found = [
                    compared(self._curve(program, _moving(zone, about), zone, share), relation, text)
                    for zone in zones
                    for program, relation, text in parts
                ]
            else:
                found = [self._property(statement, about, zone, limit, share) for zone in zones]
            return _all(found)

        return verdict

    def _limit(self, statement: Statement) -> float | None:
        """The Lipschitz constant that is allowed, if one is stated."""
        if statement.property != "lipschitz" or not statement.formulas:
            return None
        (relation,) = statement.relations
        if relation_of(relation) != "<=":
            problem = "a Lipschitz constant is at most a number"
            raise problem_at(self.text, int(relation.start_pos or 0), problem, ("lipschitz <= 2",))
        return self._number(statement.formulas[0])

    # -- what a clause is about ----------------------------------------------------------------------------

    def _about(self, statement: Statement, start: int, zone: Zone) -> str | None:
        """The input that a clause speaks of: named, or the only one."""
        if statement.name is not None:
            self._check_name(str(statement.name), int(statement.name.start_pos or 0))
            name = self._spelled(str(statement.name))
            if statement.property in ("monotone", "increasing", "decreasing", "convex", "concave", "lipschitz"):
                self._check_range(name, zone, start)
            return name
        inputs = self.expression.inputs
        if statement.property in ("finite", "defined", "bounded", "comparison", "zero at zero", *SIGNS):
            return None
        if len(inputs) != 1:
            choices = " or ".join(f"'{statement.property} in {name}'" for name in inputs) or "an input"
            problem = f"{statement.property} in which input? the function has {', '.join(inputs) or 'none'}"
            raise problem_at(self.text, start, problem, (choices,))
        if statement.property not in ("even", "odd"):
            self._check_range(inputs[0], zone, start)
        return inputs[0]

    def _check_range(self, name: str, zone: Zone, start: int) -> None:
        side = zone.sides[name]
        if side.low == side.high:
            problem = f"{name} is held to single values, and the requirement is about how the function changes with it"
            raise problem_at(self.text, start, problem, (f"a range of {name}, such as {name} in [0, 1]",))

    def _curve(self, program: Program, about: str, zone: Zone, seconds: float) -> Curve:
        """A curve of the stable form, which is the same real function and easier to bound."""
        return Curve(stabilise(program), about, zone, self.expression.constant_values(), seconds)

    # -- verdicts ------------------------------------------------------------------------------------------

    def _property(
        self, statement: Statement, about: str | None, zone: Zone, limit: float | None, seconds: float
    ) -> Verdict:
        program, constants = self.expression.program, self.expression.constant_values()
        name = statement.property
        if name == "finite":
            return closure(program, zone.inner(self.dtype), constants, seconds)
        if name == "zero at zero":
            rest = {n: side.low for n, side in zone.sides.items() if n not in self.expression.inputs}
            return zero_at_zero(program, self.expression.inputs, rest, constants)
        curve = self._curve(program, _moving(zone, about), zone, seconds)
        if name == "uses":
            return _uses(curve if curve.wrt in zone.varying else self._freed(curve))
        if name in ("even", "odd"):
            return self._mirrored(curve, even=name == "even")
        if name in ("monotone", "increasing", "decreasing"):
            directed = {"monotone": monotone, "increasing": increasing}
            return directed.get(name, decreasing)(curve, strictly=statement.strictly)
        if name in ("convex", "concave"):
            return convex(curve, up=name == "convex")
        if name == "lipschitz":
            return lipschitz(curve, limit)
        return {"bounded": bounded, "defined": defined}[name](curve)

    def _freed(self, curve: Curve) -> Curve:
        """The curve where its name takes every real number: one that is held to a value makes no difference."""
        return self._curve(curve.program, curve.wrt, Zone({**curve.zone.sides, curve.wrt: EVERYTHING}), curve.left)

    def _mirrored(self, curve: Curve, *, even: bool) -> Verdict:
        """Whether f(-x) is f(x), or -f(x): by the parity of its parts, or as a comparison."""
        word, text = ("even", "f(-x) == f(x)") if even else ("odd", "f(-x) == -f(x)")
        text = text.replace("x", curve.wrt)
        program = self.expression.program
        if (1 if even else -1) in (mirror_sign(form, [curve.wrt]) for form in (program, curve.program)):
            return proved(f"{word}: {text} by the parity of its parts")
        image = mirrored(program, [curve.wrt])
        program = difference(image, program) if even else _total(image, program)
        found = compared(self._curve(program, curve.wrt, curve.zone, curve.left), "==", text)
        return replace(found, reason=f"{word}: {found.reason}") if found.is_proved else found

    # -- formulas ------------------------------------------------------------------------------------------

    def _comparisons(self, statement: Statement) -> list[tuple[Program, Relation, str]]:
        """For each relation of a chain a difference, how it must be related to 0, and its text."""
        programs = [self._side(formula) for formula in statement.formulas]
        found: list[tuple[Program, Relation, str]] = []
        for k, token in enumerate(statement.relations):
            relation = relation_of(token)
            first, second = programs[k], programs[k + 1]
            text = f"{statement.formulas[k].text} {relation} {statement.formulas[k + 1].text}"
            if relation in ("<=", "<"):
                first, second = second, first
            found.append((_difference_or_same(first, second), _positive(relation), text))
        return found

    def _signed(self, program: Program, relation: str) -> Program:
        return _negative(program) if relation in ("<=", "<") else program

    def _side(self, formula: Formula) -> Program:
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
            name = self._spelled(node.name)
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

    def _number(self, formula: Formula) -> float:
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

    def _zones(self, clause: Clause) -> list[Zone]:
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
        self._check_name(str(written.name), place)
        name, numbers = self._spelled(str(written.name)), [self._number(formula) for formula in written.formulas]
        if not written.brackets:
            if any(math.isinf(number) for number in numbers):
                raise problem_at(self.text, place, f"{name} cannot be infinite", ("finite numbers",))
            return name, place, [Side(number, number) for number in dict.fromkeys(numbers)]
        low, high = numbers
        left, right = written.brackets[0], written.brackets[1]
        return name, place, [Side(low, high, left == "(" or math.isinf(low), right == ")" or math.isinf(high))]

    def _related(self, written: Range) -> tuple[str, int, list[Side]]:
        """`x > 0`, `0 < x <= 1`: one of the formulas is a name, the others are numbers."""
        names = [k for k, formula in enumerate(written.formulas) if self._spelled(formula.text.strip()) in self.sides]
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
        name = self._spelled(written.formulas[names[0]].text.strip())
        side = EVERYTHING
        for k, token in enumerate(written.relations):
            relation = relation_of(token)
            at_left = names[0] == k
            number = self._number(written.formulas[k + 1 if at_left else k])
            found = _half(relation, number, flipped=not at_left)
            if found is None:
                raise problem_at(
                    self.text, int(token.start_pos or 0), f"{relation} is no range", ("<, <=, >, >= or ==",)
                )
            side = _common(side, found)
        return name, place, [side]

    # -- names ---------------------------------------------------------------------------------------------

    def _spelled(self, name: str) -> str:
        """Other spellings of a loss's inputs; f is the function."""
        if name in self.sides or name == FUNCTION:
            return name
        return LOSS_SPELLINGS.get(name, name)

    def _check_name(self, name: str, place: int) -> None:
        if self._spelled(name) not in self.sides:
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


def _moving(zone: Zone, about: str | None) -> str:
    """The name along which a curve is looked at."""
    if about is not None:
        return about
    return next(iter((*zone.varying, *zone.sides)))


def _positive(relation: str) -> Relation:
    turned: Mapping[str, Relation] = {"<=": ">=", "<": ">", ">=": ">=", ">": ">", "==": "==", "!=": "!="}
    return turned[relation]


def _difference_or_same(a: Program, b: Program) -> Program:
    node = b.nodes[b.root]
    return a if node.kind is Kind.NUMBER and node.number == 0 else difference(a, b)


def _negative(program: Program) -> Program:
    builder = ProgramBuilder()
    return builder.build([(-builder.term(builder.include(program)[program.root])).index])


def _total(a: Program, b: Program) -> Program:
    builder = ProgramBuilder()
    first, second = (builder.term(builder.include(program)[program.root]) for program in (a, b))
    return builder.build([(first + second).index])


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


def _uses(curve: Curve) -> Verdict:
    box = {name: curve.zone.inner("float64").bounds(name) for name in curve.zone.sides}
    inside = uses(curve.program, curve.wrt, Region.of(box, None), curve.constants)
    if not inside.is_refuted:
        return inside
    # That it makes no difference is a statement on all of the zone.
    whole = uses(curve.program, curve.wrt, curve.zone.region, curve.constants)
    return whole if whole.is_refuted else unknown(f"no two values of {curve.wrt} were found that make a difference")


def _all(found: list[Verdict]) -> Verdict:
    """The verdict on all of several statements."""
    for status in ("refuted", "unknown"):
        for verdict in found:
            if verdict.status == status:
                return verdict
    return (
        found[0]
        if len(found) == 1
        else proved("; ".join(dict.fromkeys(verdict.reason for verdict in found)), found[0].witness)
    )
