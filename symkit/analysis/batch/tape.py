"""Programs as tapes: the instructions of an operator's value and slope, and of many operators one after the other."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence, Set
from functools import cache
from threading import RLock

import numpy as np
from numpy.typing import NDArray

from symkit.analysis.curve import Floats
from symkit.evaluation.numeric import numpy_function
from symkit.ir import Kind, Program
from symkit.ops import Operator

Words = NDArray[np.int64]

SLOTS = 3
"""Operands that an operator has at most."""

VALUE, SLOPE = 2 * SLOTS, 2 * SLOTS + 1
OWN = SLOPE + 1
"""Registers of a template: values of operands, their slopes, value and slope of its own, and what it works with."""

RESULT, OPERANDS, ARITY, NOISY, WORDS = 1, slice(2, 2 + SLOTS), 2 + SLOTS, 3 + SLOTS, 4 + SLOTS
"""Words of an instruction, after the place of its operator: where its result goes, registers that it reads, how many,
and whether rounding spoils it. A register below 0 is a number."""

ROUND = 32
"""Columns are padded to a multiple of that."""

BLUR = 2.0**-34
"""By how much every operation is put off to see what rounding does."""


def has_form(operator: Operator) -> bool:
    """Whether an instruction can name an operator here."""
    return (operator.native if _is_native() else operator.numpy) is not None


def _rounds(operator: Operator) -> bool:
    """Whether the result is not one of the operands, a sign or a condition, which are exact."""
    is_exact = operator.arity == 1 and not operator.units and operator.defined_on == (-math.inf, math.inf)
    return not (is_exact or operator.returns_truth or operator.is_select or operator.picks)


class Library:
    """What all tapes share: the operators and the numbers that instructions name, and templates.

    A template is the code of one Program of few registers. It is kept as instructions behind those of others. Whoever
    adds or asks for everything holds the lock: threads share the library.
    """

    def __init__(self) -> None:
        self.lock = RLock()
        self.operators: list[Operator] = []
        self._places: dict[Operator, int] = {}
        self._numbers: dict[str, int] = {}
        self._number_rows = np.empty((0, 0))
        self._templates: list[Words] = []
        self._flat = np.empty((0, WORDS), dtype=np.int64)
        self._known = 0
        self._starts: list[int] = []
        self._sizes: list[int] = []
        self._room: list[int] = []
        self._arrays = (self._flat[:, 0], self._flat[:, 0], self._flat[:, 0])

    def operator(self, record: Operator) -> int:
        if record not in self._places:
            self._places[record] = len(self.operators)
            self.operators.append(record)
        return self._places[record]

    def number(self, value: float) -> int:
        """The register of a number."""
        return -1 - self._numbers.setdefault(float(value).hex(), len(self._numbers))

    def numbers(self, columns: int) -> Floats:
        """A row for every number."""
        with self.lock:
            if self._number_rows.shape != (len(self._numbers), columns):
                values = np.array([float.fromhex(text) for text in self._numbers])
                self._number_rows = np.repeat(values[:, None], columns, axis=1)
            return self._number_rows

    def add(self, instructions: Words, registers: int) -> int:
        """The place of a new template, and how many registers of its own it has."""
        self._starts.append(self._starts[-1] + self._sizes[-1] if self._starts else 0)
        self._sizes.append(len(instructions))
        self._room.append(registers)
        self._templates.append(instructions)
        return len(self._templates) - 1

    def table(self) -> tuple[Words, Words, Words, Words]:
        """Of all templates the instructions, and of each where they start, their number, and its own registers."""
        with self.lock:
            if self._known < len(self._templates):
                self._known = len(self._templates)
                self._flat = np.concatenate(self._templates)
                self._arrays = np.array(self._starts), np.array(self._sizes), np.array(self._room)
            return self._flat, *self._arrays


LIBRARY = Library()


def template(program: Program, varying: Set[str], places: dict[str, int]) -> int:
    """The place of the code of a Program with one root, its value, or two, its value and its slope.

    Args:
        program: of named inputs and numbers, its operators lowered to those with forms.
        varying: inputs that change along the line; what does not is not spoilt by rounding.
        places: registers of the inputs.
    """
    with LIBRARY.lock:
        return _added(program, varying, places)


def _added(program: Program, varying: Set[str], places: dict[str, int]) -> int:
    registers: list[int] = []
    moving: set[int] = set()
    made: list[tuple[int, ...]] = []
    last = {operand: place for place, node in enumerate(program.nodes) for operand in node.operands}
    free: list[int] = []
    top = OWN
    results = {root: VALUE + k for k, root in reversed(list(enumerate(program.roots)))}
    for place, node in enumerate(program.nodes):
        if node.kind is Kind.NUMBER:
            registers.append(LIBRARY.number(node.number))
            continue
        if node.is_leaf:
            registers.append(places[node.name])
            if node.name in varying:
                moving.add(place)
            continue
        if place in results:
            register = results[place]
        elif free:
            register = free.pop()
        else:
            register, top = top, top + 1
        read = [registers[i] for i in node.operands]
        moves = not moving.isdisjoint(node.operands)
        if moves:
            moving.add(place)
        made.append(_instruction(node.operator, register, read, moves and _rounds(node.operator)))
        registers.append(register)
        free += {registers[i] for i in node.operands if last[i] == place and registers[i] >= OWN}
    for k, root in enumerate(program.roots):
        if registers[root] != VALUE + k:
            made.append(_copy(VALUE + k, registers[root]))
    return LIBRARY.add(np.array(made, dtype=np.int64).reshape(-1, WORDS), top - OWN)


def _instruction(operator: Operator, result: int, operands: Sequence[int], noisy: bool) -> tuple[int, ...]:
    padded = (*operands, *[operands[0]] * (SLOTS - len(operands)))
    return LIBRARY.operator(operator), result, *padded, len(operands), int(noisy)


def _copy(result: int, register: int) -> tuple[int, ...]:
    from symkit.ops import standard

    return _instruction(standard()["mul"], result, [register, LIBRARY.number(1.0)], False)


def assembled(templates: Words, registers: Words, scratch: Words | int) -> tuple[Words, Words]:
    """(tape, where each template starts on it, and at last where it ends).

    Args:
        templates: places of templates, in order of evaluation.
        registers: (templates, OWN), the rows that their outer registers are.
        scratch: the first row of those that they work with.
    """
    flat, starts, sizes, _ = LIBRARY.table()
    counts = sizes[templates]
    bounds = np.concatenate([[0], np.cumsum(counts)])
    which = np.repeat(np.arange(len(templates)), counts)
    tape = flat[np.arange(bounds[-1]) + (starts[templates] - bounds[:-1])[which]]
    named = tape[:, RESULT : OPERANDS.stop]
    outer = (named >= 0) & (named < OWN)
    inner = named >= OWN
    own = scratch[which][:, None] if isinstance(scratch, np.ndarray) else scratch
    named[:] = np.where(
        outer, registers[which[:, None], np.where(outer, named, 0)], np.where(inner, named - OWN + own, named)
    )
    return tape, bounds


def most_registers(templates: Words) -> int:
    """How many rows of their own some templates need at most."""
    return int(LIBRARY.table()[3][templates].max(initial=0))


def padded(columns: int) -> int:
    return -(-columns // ROUND) * ROUND


def run(rows: Floats, tape: Words, jobs: Sequence[tuple[int, int, int, int, int, bool]] | Words) -> None:
    """Runs a tape over columns of rows, in place.

    Args:
        rows: (rows, columns), contiguous.
        jobs: of each the row that is its row 0, its first column and how many, the part of the tape, and whether
            what is noisy is spoilt.
    """
    work = np.array(jobs, dtype=np.int64).reshape(-1, 6)
    work[:, 5] -= 1
    if not len(tape) or not len(work):
        return
    if _is_native():
        from symkit.backends.native import tape as native

        native.run(rows, tape, work, LIBRARY.operators, LIBRARY.numbers(native.BLOCK), factors())
        return
    with np.errstate(all="ignore"):
        for start, column, count, first, last, spoils in work.tolist():
            _run(rows[start:, column : column + count], tape, first, last, spoils >= 0)


def _run(rows: Floats, tape: Words, first: int, last: int, spoils: bool) -> None:
    """Instruction by instruction, by numpy."""
    count = rows.shape[1]
    numbers = LIBRARY.numbers(1)[:, 0]
    for k, (place, result, *registers, arity, noisy) in enumerate(tape[first:last].tolist(), first):
        record = LIBRARY.operators[place]
        operands = [rows[r] if r >= 0 else numbers[-1 - r] for r in registers[:arity]]
        operands = [value != 0 if slot in record.takes_truth else value for slot, value in enumerate(operands)]
        rows[result] = numpy_function(record)(*operands)
        if noisy and spoils:
            # Another start each time, so that no two results that cancel share their factors.
            start = k * 977 % 2**17
            rows[result] *= factors()[start : start + count]


@cache
def factors() -> Floats:
    """Factors near 1, above and below by chance; the same in every run."""
    return np.asarray(1.0 + BLUR * (np.random.default_rng(0).integers(0, 2, 2**19) * 2.0 - 1.0))


@cache
def _is_native() -> bool:
    """Kernels share their threads with torch; where it is not loaded, loading it takes longer than they save."""
    if "torch" not in sys.modules:
        return False
    from symkit.backends.native.backend import is_available

    return is_available()


def load_kernels() -> None:
    """For many functions kernels are worth loading, if nothing was run without them yet."""
    from symkit.backends.native.backend import is_available

    is_available()
