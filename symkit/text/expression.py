"""Expression: what a user holds. Immutable, hashable, printable."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from symkit.errors import DomainError
from symkit.ir import Kind, Program, ProgramBuilder, digest, from_dag, to_dag, to_dot, verify
from symkit.ops import Operator, OperatorTable, standard
from symkit.text.names import (
    CONSTANTS,
    FIXED_CONSTANTS,
    GRANULARITIES,
    KINDS,
    LOSS_SPELLINGS,
    SETTABLE_CONSTANTS,
    infer_inputs,
    is_spellable,
    kind_of_header,
    problem_with_inputs,
)

if TYPE_CHECKING:
    import networkx as nx


@dataclass(frozen=True, slots=True)
class Parameter:
    """A learnable parameter: initial value, and granularity if the header names one."""

    initial: float = 1.0
    granularity: str | None = None

    def __post_init__(self) -> None:
        if not math.isfinite(self.initial):
            raise DomainError(f"an initial value must be finite, not {self.initial!r}")
        if self.granularity is not None and self.granularity not in GRANULARITIES:
            raise DomainError(f"granularity {self.granularity!r} is not one of {', '.join(GRANULARITIES)}")


@dataclass(frozen=True, eq=False)
class Expression:
    """A function of one element, with the signature that says what its names are.

    Attributes:
        program: the graph, with one root.
        kind: "activation", "loss" or "plain".
        inputs: names of the inputs, in calling order; not all need be used.
        settings: learnable parameters by name, in order of first use.
        constants: values of `C` and `eps` that differ from the defaults.
        table: the operators its text may use.
        name: the name in its header, if it has one; no part of equality.
    """

    program: Program
    kind: str
    inputs: tuple[str, ...]
    settings: Mapping[str, Parameter] = field(default_factory=dict)
    constants: Mapping[str, float] = field(default_factory=dict)
    table: OperatorTable = field(default_factory=standard)
    name: str | None = None

    def __post_init__(self) -> None:
        ordered = {name: self.settings.get(name, Parameter()) for name in self.program.parameters}
        constants = {name: value for name, value in self.constants.items() if value != SETTABLE_CONSTANTS.get(name)}
        object.__setattr__(self, "settings", MappingProxyType(ordered))
        object.__setattr__(self, "constants", MappingProxyType(constants))
        self._check_names()
        self._check_values()

    def _check_names(self) -> None:
        """Raises DomainError for what text could not spell or would read as something else."""
        for name in (*self.inputs, *self.settings):
            if not is_spellable(name) or name in CONSTANTS:
                raise DomainError(f"{name!r} cannot be a name; it needs letters, digits or _, and is no constant")
        if self.name is not None and not is_spellable(self.name):
            raise DomainError(f"{self.name!r} cannot name a function; it needs letters, digits or _")
        for name in self.inputs:
            if name in LOSS_SPELLINGS:
                raise DomainError(f"input {name} is another spelling of {LOSS_SPELLINGS[name]}; use that")
        for name in self.program.inputs:
            if name not in self.inputs:
                raise DomainError(f"the graph has the input {name}, the signature only {', '.join(self.inputs)}")
        for name in self.program.constants:
            if name not in CONSTANTS:
                raise DomainError(f"{name!r} is no constant; there are {', '.join(sorted(CONSTANTS))}")

    def _check_values(self) -> None:
        if self.kind not in KINDS:
            raise DomainError(f"kind {self.kind!r} is not one of {', '.join(KINDS)}")
        if (problem := problem_with_inputs(self.kind, self.inputs)) is not None:
            raise DomainError(problem)
        for name, value in self.constants.items():
            if name not in SETTABLE_CONSTANTS or not math.isfinite(value):
                raise DomainError(f"constant {name} = {value!r}: only C and eps can be set, to finite values")

    @property
    def parameters(self) -> Mapping[str, float]:
        """Initial value of every learnable parameter, in order of first use."""
        return MappingProxyType({name: p.initial for name, p in self.settings.items()})

    @property
    def granularity(self) -> Mapping[str, str | None]:
        """What the header says of each parameter's sharing: layer, channel, neuron, or None."""
        return MappingProxyType({name: p.granularity for name, p in self.settings.items()})

    @property
    def size(self) -> int:
        """Number of operators, shared ones counted once."""
        return self.program.size

    @property
    def depth(self) -> int:
        """Operators on the longest path."""
        return self.program.depth

    @cached_property
    def digest(self) -> str:
        """Canonical digest of the graph: parameter names and the order of commutative operands do not matter."""
        return digest(self.program)

    @property
    def dag(self) -> nx.MultiDiGraph[Any]:
        """Frozen networkx view: operators as nodes, edges from operand to operator with a `slot`.

        Its attribute `signature` holds this expression, whose signature `from_dag` gives to the graph that it reads.
        """
        return to_dag(self.program, signature=self)

    @classmethod
    def from_dag(cls, graph: nx.MultiDiGraph[Any]) -> Expression:
        """The Expression of a networkx graph such as `dag` gives, changed or not; verified.

        A graph without the attribute `signature` gets inputs in order of first use, and the kind that they imply.

        Raises:
            DomainError: for a graph that is no expression.
        """
        program = from_dag(graph)
        signature = graph.graph.get("signature")
        if isinstance(signature, Expression):
            return signature.with_program(program)
        return cls(program, kind_of_header(program.inputs), program.inputs)

    def with_program(self, program: Program) -> Expression:
        """The same signature over another graph; parameters keep their settings, new ones start at 1."""
        verify(program)
        constants = {n: v for n, v in self.constants.items() if n in needed_constants(program)}
        return Expression(program, self.kind, self.inputs, self.settings, constants, self.table, self.name)

    def over(self, program: Program) -> Expression:
        """The same signature over a graph that is known to be right, unchecked: searches make millions.

        The graph has the inputs of this one, parameters whose names can be spelled, and no constants that can be set.
        """
        made = object.__new__(Expression)
        own = made.__dict__
        own.update(self._signature, program=program)
        if program.parameters:
            settings = {name: self.settings.get(name, Parameter()) for name in program.parameters}
            own["settings"] = MappingProxyType(settings)
        return made

    @cached_property
    def _signature(self) -> dict[str, object]:
        """The fields that `over` keeps."""
        kept = {name: getattr(self, name) for name in ("kind", "inputs", "constants", "table", "name")}
        return {**kept, "settings": MappingProxyType({})}

    def with_values(self, values: Mapping[str, float]) -> Expression:
        """The same function with other initial values of parameters, and other values of C and eps where it has them.

        Raises DomainError for another name, and for a value that is not finite.
        """
        settable = (*self.parameters, *needed_constants(self.program))
        for name in values:
            if name not in settable:
                raise DomainError(f"{name!r} is no parameter of {self}; there are {', '.join(settable) or 'none'}")
        settings = {name: Parameter(values.get(name, p.initial), p.granularity) for name, p in self.settings.items()}
        constants = {name: value for name, value in values.items() if name not in self.settings}
        return replace(self, settings=settings, constants={**self.constants, **constants})

    def constant_values(self, **given: float) -> dict[str, float]:
        """The value of every constant: given, or set in the header, or the default.

        Raises DomainError for a constant without a value.
        """
        values: dict[str, float] = dict(FIXED_CONSTANTS)
        for name, default in SETTABLE_CONSTANTS.items():
            value = given.get(name, self.constants.get(name, default))
            if value is not None:
                values[name] = float(value)
        missing = [name for name in needed_constants(self.program) if name not in values]
        if missing:
            raise DomainError(
                f"{missing[0]} (the number of classes) has no value; pass {missing[0]}=10, "
                f"or set it in the header: f({', '.join(self.inputs)}; {missing[0]} = 10) = ..."
            )
        return values

    def latex(self) -> str:
        """LaTeX source for maths mode."""
        from symkit.text.latex import to_latex

        return to_latex(self)

    def _repr_latex_(self) -> str:
        return rf"$\displaystyle {self.latex()}$"

    def dot(self) -> str:
        """Graphviz source of the graph."""
        return to_dot(self.program, self.name or "symkit")

    @cached_property
    def has_implied_inputs(self) -> bool:
        """Whether the text without a header would give the same kind and inputs."""
        free = {n.name for n in self.program.nodes if n.kind in (Kind.INPUT, Kind.PARAMETER)}
        if (self.kind == "loss" or "x" not in free) and not free.isdisjoint(LOSS_SPELLINGS):
            return False
        kind, inputs = infer_inputs(free, self.kind)
        return inputs == self.inputs and not free.intersection(inputs).intersection(self.program.parameters)

    def __str__(self) -> str:
        from symkit.text.printer import to_text

        return to_text(self)

    def __repr__(self) -> str:
        return f"Expression({str(self)!r}, kind={self.kind!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Expression) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)

    @cached_property
    def _key(self) -> tuple[object, ...]:
        settings = tuple(self.settings.items())
        return self.program, self.kind, self.inputs, settings, tuple(sorted(self.constants.items()))

    def __reduce__(self) -> tuple[object, ...]:
        state = (
            self.program,
            self.kind,
            self.inputs,
            dict(self.settings),
            dict(self.constants),
            self.table,
            self.name,
        )
        return Expression, state


def needed_constants(program: Program) -> tuple[str, ...]:
    """Names of settable constants that a program stands on, those inside composites included."""
    found: dict[str, None] = {}
    seen: set[Operator] = set()
    left = [program]
    while left:
        for node in left.pop().nodes:
            if node.kind is Kind.CONSTANT and node.name in SETTABLE_CONSTANTS:
                found[node.name] = None
            elif node.kind is Kind.APPLY and not node.operator.is_primitive and node.operator not in seen:
                seen.add(node.operator)
                left.append(_inside(node.operator))
    return tuple(found)


@lru_cache(maxsize=1024)
def _inside(operator: Operator) -> Program:
    """The expansion of a composite, one level deep."""
    builder = ProgramBuilder()
    operands = [builder.input(f"#{i}") for i in range(operator.arity)]
    return builder.build([builder.expand(operator, operands).index])
