"""What is required of a function, stated as text, and whether it is so.

Properties and comparisons are about the real function at the points where it is defined; `finite` is about a dtype.
"""

from __future__ import annotations

import math
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
from symkit.checking.requirement_reading import EVERYTHING, Reading
from symkit.checking.requirement_text import (
    SIGNS,
    Clause,
    Statement,
    problem_at,
    read_requirements,
    relation_of,
)
from symkit.checking.verdict import Verdict, proved, unknown
from symkit.checking.zone import Side, Zone
from symkit.ir import Kind, Program, ProgramBuilder
from symkit.text import Expression
from symkit.transform import stabilise

SECONDS = 0.6
"""How long each requirement may take by default."""


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
    reader = _Meaning(Reading(expression, text, _sides(expression, box or {})), dtype, seconds)
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

    reading: Reading
    dtype: str
    seconds: float

    @property
    def expression(self) -> Expression:
        return self.reading.expression

    @property
    def text(self) -> str:
        return self.reading.text

    def judge(self, clause: Clause) -> Callable[[], Verdict]:
        """What will give the verdict; raises ParseError for names and formulas that mean nothing here."""
        zones = self.reading.zones(clause)
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
        return self.reading.number(statement.formulas[0])

    # -- what a clause is about ----------------------------------------------------------------------------

    def _about(self, statement: Statement, start: int, zone: Zone) -> str | None:
        """The input that a clause speaks of: named, or the only one."""
        if statement.name is not None:
            self.reading.check_name(str(statement.name), int(statement.name.start_pos or 0))
            name = self.reading.spelled(str(statement.name))
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
        programs = [self.reading.formula(formula) for formula in statement.formulas]
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
