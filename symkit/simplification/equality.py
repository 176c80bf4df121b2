"""equal: are two formulas one function? Proved over the reals, refuted by a point, or neither."""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass

from symkit.checking.verdict import Verdict, proved, refuted, unknown
from symkit.errors import DomainError
from symkit.evaluation.time_limit import OutOfTime
from symkit.ir import Kind, Node, Program, ProgramBuilder, digest, lower, rebuild
from symkit.simplification.domain import domain
from symkit.simplification.meanings import spelled_out
from symkit.simplification.plain_rules import NEUTRAL
from symkit.simplification.points import Box
from symkit.simplification.proposals import Unfinished, ask
from symkit.simplification.reduce import Reducer, Setting
from symkit.simplification.rules import EXACT
from symkit.simplification.search import WIDE, sampled_constants
from symkit.simplification.witness import Comparison, compared
from symkit.text import Expression, parse, program_text
from symkit.text.names import FIXED_CONSTANTS, SETTABLE_CONSTANTS

TIMEOUT = 5.0
"""Seconds for a question."""

SAMPLING = 0.5
"""The share of the time that looking for a witness may take."""

MOST_SPLIT = 4
"""With more names than this the signs of names are no cases."""

REALS = (-math.inf, math.inf)
NONPOSITIVE, ZERO, NONNEGATIVE = (-math.inf, -0.0), (0.0, 0.0), (0.0, math.inf)


def equal(a: Expression | str, b: Expression | str, *, timeout: float = TIMEOUT) -> Verdict:
    """Whether two formulas are the same real function of the same inputs and parameters.

    They are if they have the same values, and if where one has none, being undefined or infinite, the other has none
    either. Kinds, initial values and values in a dtype do not matter.

    Args:
        a, b: expressions or texts. Names mean the same in both.
        timeout: seconds for the proof. Starting SymPy, once a process, is not counted.

    Returns:
        "proved": both come to the same form, or SymPy finds that they differ by 0; "refuted", with a witness, at which
        both can be evaluated; "unknown" otherwise, with a reason that says how closely they agree on samples.

    Raises:
        DomainError: for a timeout that is not positive.
    """
    if not timeout > 0:
        raise DomainError(f"the timeout must be a positive number of seconds, not {timeout!r}")
    one, other = (parse(e) if isinstance(e, str) else e for e in (a, b))
    pair = _Pair.of(one, other)
    if digest(pair.one) == digest(pair.other):
        return proved("both are the same graph")
    started = time.monotonic()
    found = compared(pair.one, pair.other, pair.names, pair.constants, started + SAMPLING * timeout)
    if found.witness is not None:
        return refuted(found.reason, found.witness)
    try:
        reason = _proof(pair, one, started + timeout)
    except (OutOfTime, Unfinished):
        return unknown(f"{found.reason}; the time was up before that was proved")
    return unknown(found.reason) if reason is None else _settled(reason, found)


def _settled(reason: str, found: Comparison) -> Verdict:
    """A proof stands only if the samples do not speak against it."""
    if found.exactly:
        return proved(reason)
    return unknown(f"{found.reason}; by algebra {reason}, so that no more is known")


@dataclass(frozen=True)
class _Pair:
    """Two Programs over one set of names, parameters as inputs, so that they keep their names."""

    one: Program
    other: Program
    names: tuple[str, ...]
    constants: Mapping[str, float]

    @classmethod
    def of(cls, a: Expression, b: Expression) -> _Pair:
        programs = [_with_values(e, a.constants != b.constants) for e in (a, b)]
        one, other = (_with_inputs(program) for program in programs)
        names = dict.fromkeys((*one.inputs, *other.inputs))
        constants = {**sampled_constants(a), **sampled_constants(b)}
        return cls(one, other, tuple(names), {n: v for n, v in constants.items() if n not in FIXED_CONSTANTS})

    def at_zeros(self, box: Box) -> _Pair:
        """The pair with 0 for names that can only be that."""
        zeros = {name for name, bounds in box.items() if bounds == ZERO}

        def change(builder: ProgramBuilder, node: Node, operands: tuple[int, ...]) -> int | None:
            return builder.number(0.0) if node.kind is Kind.INPUT and node.name in zeros else None

        one, other = rebuild(self.one, change), rebuild(self.other, change)
        return _Pair(one, other, tuple(name for name in self.names if name not in zeros), self.constants)


def _with_values(e: Expression, different: bool) -> Program:
    """The graph; with the values of constants, if the two headers differ in them."""
    if not different:
        return e.program
    values = {n: v for n, v in (SETTABLE_CONSTANTS | dict(e.constants)).items() if v is not None}
    builder = ProgramBuilder()

    def change(builder: ProgramBuilder, node: Node, operands: tuple[int, ...]) -> int | None:
        if node.kind is Kind.CONSTANT and node.name in values:
            return builder.number(values[node.name])
        return None

    return rebuild(lower(e.program), change, builder)


def _with_inputs(program: Program) -> Program:
    def change(builder: ProgramBuilder, node: Node, operands: tuple[int, ...]) -> int | None:
        return builder.input(node.name) if node.kind is Kind.PARAMETER else None

    return rebuild(program, change)


def _proof(pair: _Pair, expression: Expression, deadline: float) -> str | None:
    """Why they are equal; None if that is not proved."""
    whole = dict.fromkeys(pair.names, REALS)
    reason = _proof_on(pair, whole, expression, deadline)
    if reason is None and 0 < len(pair.names) <= MOST_SPLIT and (_has_cases(pair.one) or _has_cases(pair.other)):
        for signs in ((NONPOSITIVE, NONNEGATIVE), (NONPOSITIVE, ZERO, NONNEGATIVE)):
            cases = [
                dict(zip(pair.names, case, strict=True)) for case in itertools.product(signs, repeat=len(pair.names))
            ]
            # Where 0 is a case of its own, it does not belong to the others.
            with_zero = ZERO in signs
            if all(_proof_on(pair.at_zeros(case), case, expression, deadline, with_zero) is not None for case in cases):
                return f"they are the same in each of {len(cases)} cases, by the signs of {', '.join(pair.names)}"
    return reason


def _has_cases(program: Program) -> bool:
    """Whether there are kinks or steps, between which a function may be another one."""
    return any(
        not node.is_leaf and (node.operator.smoothness < math.inf or node.operator.is_select) for node in program.nodes
    )


def _proof_on(pair: _Pair, box: Box, expression: Expression, deadline: float, nonzero: bool = False) -> str | None:
    """Why they are equal on a box of real numbers, or for all numbers in it but 0; None if that is not proved."""

    def check_time() -> None:
        if time.monotonic() > deadline:
            raise OutOfTime

    names = frozenset(pair.names) if nonzero else frozenset()
    setting = Setting({name: box[name] for name in pair.names}, None, WIDE, check_time, names)
    alike = [Reducer(NEUTRAL, setting)(program) for program in (pair.one, pair.other)]
    if digest(alike[0]) == digest(alike[1]):
        return f"both come to {program_text(alike[0], reserved=pair.names)}"
    domains = [domain(program, setting) for program in (pair.one, pair.other)]
    if None in domains or domains[0] != domains[1]:
        return None
    reducer = Reducer(EXACT, setting)
    one, other = reducer(pair.one), reducer(pair.other)
    if digest(one) == digest(other):
        return f"both come to {program_text(one, reserved=pair.names)}"
    spelled = [spelled_out(program) for program in (one, other)]
    with closing(ask("difference", spelled, expression.table, deadline)) as answers:
        # All are read, of which none comes after the first that says so: a question left open ends the process.
        is_zero = [answer for answer in answers if answer.get("zero")]
    return "SymPy finds that their difference is 0" if is_zero else None
