"""The canonical digest: the same for programs that differ by the order of commutative operands or parameter names.

Nothing is reassociated, removed or folded. Parameters are told apart by where they stand, never by name: their
colours are refined from below and above until nothing changes (Weisfeiler and Leman on the graph with its slots),
and parameters that still look alike are numbered one by one.
"""

from __future__ import annotations

from collections import Counter
from hashlib import sha256

from symkit.ir.program import Kind, Node, Program
from symkit.ops import Operator

VERSION = b"symkit-1"


def digest(program: Program) -> str:
    """64 hexadecimal characters, equal in every process and Python version."""
    numbers = _number_parameters(program)
    below = _hash_below(program, {name: b"%d" % number for name, number in numbers.items()})
    return _hash(VERSION, *(below[root] for root in program.roots)).hex()


def parameter_order(program: Program) -> tuple[str, ...]:
    """Parameter names in canonical order."""
    numbers = _number_parameters(program)
    return tuple(sorted(numbers, key=numbers.__getitem__))


def _number_parameters(program: Program) -> dict[str, int]:
    names = program.parameters
    if len(names) < 2:
        return dict.fromkeys(names, 0)
    colours = _refine(program, dict.fromkeys(names, b""))
    while True:
        sizes = Counter(colours.values())
        tied = sorted(colour for colour, size in sizes.items() if size > 1)
        if not tied:
            break
        chosen = next(name for name in names if colours[name] == tied[0])
        colours[chosen] = _hash(b"chosen", colours[chosen])
        colours = _refine(program, colours)
    ranked = sorted(names, key=colours.__getitem__)
    return {name: number for number, name in enumerate(ranked)}


def _refine(program: Program, colours: dict[str, bytes]) -> dict[str, bytes]:
    classes = len(set(colours.values()))
    while True:
        below = _hash_below(program, colours)
        above = _hash_above(program, below)
        refined = {
            node.name: _hash(colours[node.name], above[index])
            for index, node in enumerate(program.nodes)
            if node.kind is Kind.PARAMETER
        }
        found = len(set(refined.values()))
        if found == classes:
            return refined
        colours, classes = refined, found


def _hash_below(program: Program, colours: dict[str, bytes]) -> list[bytes]:
    """For each node a hash of all it stands on."""
    hashes: list[bytes] = []
    for node in program.nodes:
        operands = [hashes[i] for i in node.operands]
        if not node.is_leaf and node.operator.commutative:
            operands.sort()
        hashes.append(_hash(*_label(node, colours), *operands))
    return hashes


def _hash_above(program: Program, below: list[bytes]) -> list[bytes]:
    """For each node a hash of every place it is used in."""
    contexts: list[list[bytes]] = [[] for _ in program.nodes]
    for position, root in enumerate(program.roots):
        contexts[root].append(_hash(b"root", b"%d" % position))
    above: list[bytes] = [b""] * len(program.nodes)
    for index in range(len(program.nodes) - 1, -1, -1):
        node = program.nodes[index]
        above[index] = _hash(*sorted(contexts[index]))
        for slot, operand in enumerate(node.operands):
            place = b"any" if node.operator.commutative else b"%d" % slot
            contexts[operand].append(_hash(above[index], below[index], place))
    return above


def _label(node: Node, colours: dict[str, bytes]) -> tuple[bytes, ...]:
    kind = node.kind.value.encode()
    if node.kind is Kind.NUMBER:
        return kind, node.number.hex().encode()
    if node.kind is Kind.PARAMETER:
        return kind, colours[node.name]
    if node.kind is Kind.APPLY:
        return kind, *_operator_label(node.operator)
    return kind, node.name.encode()


def _operator_label(operator: Operator) -> tuple[bytes, ...]:
    if operator.definition is None:
        return (operator.name.encode(),)
    return operator.name.encode(), operator.definition.encode()


def _hash(*parts: bytes) -> bytes:
    """Length-prefixed, so that no two different sequences run together."""
    h = sha256()
    for part in parts:
        h.update(b"%d:" % len(part))
        h.update(part)
    return h.digest()
