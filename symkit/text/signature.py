"""What a header and the free names say: kind, inputs, parameters and constants of an expression."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from lark import Token

from symkit.errors import ParseError
from symkit.ir import Kind, Node, Program, ProgramBuilder, rebuild, renamed
from symkit.ops import OperatorTable
from symkit.text.expression import Expression, Parameter
from symkit.text.names import (
    CONSTANTS,
    GRANULARITIES,
    LOSS_INPUTS,
    LOSS_SPELLINGS,
    SETTABLE_CONSTANTS,
    infer_inputs,
    kind_of_header,
    problem_with_inputs,
)
from symkit.text.problems import nearest_name, problem_at


@dataclass(frozen=True, slots=True)
class Setting:
    """`beta: channel = 1.0` in a header."""

    name: Token
    granularity: Token | None
    initial: float | None


@dataclass(frozen=True, slots=True)
class Header:
    """`name(inputs; settings) =`."""

    name: Token
    inputs: tuple[Token, ...] = ()
    settings: tuple[Setting, ...] = ()


def without_header(program: Program, kind: str | None, table: OperatorTable, uses: Mapping[str, Token]) -> Expression:
    """The Expression of a graph whose free names all stand as inputs; `uses` says where each is first used."""
    free = set(program.inputs)
    if kind == "loss" or (kind is None and "x" not in free):
        spellings = {name: LOSS_SPELLINGS[name] for name in sorted(free) if name in LOSS_SPELLINGS}
        _check_one_spelling(spellings, free, uses)
        program = renamed(program, spellings) if spellings else program
        free = {spellings.get(name, name) for name in free}
    kind, inputs = infer_inputs(free, kind)
    return Expression(_with_parameters(program, inputs), kind, inputs, table=table)


def with_header(program: Program, header: Header, kind: str | None, table: OperatorTable) -> Expression:
    """The Expression of a graph whose free names all stand as inputs, as its header says."""
    kind, inputs = _inputs(header, kind)
    spellings = {str(token): name for token, name in zip(header.inputs, inputs, strict=True) if token != name}
    program = renamed(program, spellings) if spellings else program
    settings, constants = _settings(header, inputs, program)
    name = None if header.name == "f" else str(header.name)
    return Expression(_with_parameters(program, inputs), kind, inputs, settings, constants, table, name)


def _check_one_spelling(spellings: Mapping[str, str], free: set[str], uses: Mapping[str, Token]) -> None:
    """Two spellings of one input may be two things to the author."""
    seen: dict[str, str] = {name: name for name in LOSS_INPUTS if name in free}
    for spelling, name in spellings.items():
        if seen.setdefault(name, spelling) != spelling:
            problem = f"{seen[name]} and {spelling} are two spellings of the same input"
            raise problem_at(uses[spelling], problem, ("one of them, or a header",), suggestion=name)


def _inputs(header: Header, kind: str | None) -> tuple[str, tuple[str, ...]]:
    inputs = tuple(LOSS_SPELLINGS.get(str(token), str(token)) for token in header.inputs)
    seen: set[str] = set()
    for token, name in zip(header.inputs, inputs, strict=True):
        if name in seen:
            raise problem_at(token, f"input {name} stands twice", ("different inputs",))
        seen.add(name)
        if name in CONSTANTS:
            raise problem_at(token, f"{name} is a constant, not an input", ("another name, or a setting after ';'",))
    kind = kind or kind_of_header(inputs)
    if (problem := problem_with_inputs(kind, inputs)) is not None:
        raise problem_at(header.name, problem, ("x" if kind == "activation" else "y, p or z",))
    return kind, inputs


def _settings(
    header: Header, inputs: tuple[str, ...], program: Program
) -> tuple[dict[str, Parameter], dict[str, float]]:
    settings: dict[str, Parameter] = {}
    constants: dict[str, float] = {}
    free = set(program.inputs)
    for setting in header.settings:
        name = str(setting.name)
        if name in settings or name in constants or name in inputs:
            raise problem_at(setting.name, f"{name} stands twice in the header", ("a new name",))
        if name in SETTABLE_CONSTANTS:
            if setting.initial is None or setting.granularity is not None:
                raise problem_at(setting.name, f"constant {name} needs a value and no sharing", (f"{name} = ...",))
            constants[name] = setting.initial
        elif name in free:
            settings[name] = Parameter(1.0 if setting.initial is None else setting.initial, _granularity(setting))
        else:
            raise _unused(setting, [other for other in program.inputs if other not in inputs])
    return settings, {name: value for name, value in constants.items() if value != SETTABLE_CONSTANTS[name]}


def _granularity(setting: Setting) -> str | None:
    given = setting.granularity
    if given is None or given in GRANULARITIES:
        return None if given is None else str(given)
    near = nearest_name(str(given), GRANULARITIES)
    raise problem_at(given, f"{given} is no granularity", GRANULARITIES, suggestion=near)


def _unused(setting: Setting, free: list[str]) -> ParseError:
    name = str(setting.name)
    if name in CONSTANTS:
        return problem_at(setting.name, f"{name} is a constant that cannot be set", ("a parameter, C or eps",))
    shown = ", ".join(free[:8]) + (", ..." if len(free) > 8 else "")
    return problem_at(
        setting.name,
        f"the header sets {name}, which the formula does not use",
        (f"one of {shown}" if free else "no settings",),
        suggestion=nearest_name(name, free),
    )


def _with_parameters(program: Program, inputs: tuple[str, ...]) -> Program:
    """Free names that are no inputs become parameters."""
    parameters = set(program.inputs).difference(inputs)
    if not parameters:
        return program

    def change(builder: ProgramBuilder, node: Node, operands: tuple[int, ...]) -> int | None:
        if node.kind is Kind.INPUT and node.name in parameters:
            return builder.parameter(node.name)
        return None

    return rebuild(program, change)
