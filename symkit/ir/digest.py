"""The canonical digest: the same for programs that differ by the order of commutative operands or parameter names.

Nothing is reassociated, removed or folded. Parameters are told apart by where they stand, never by name. One that
stands in a single place is known by that place. The others are coloured from below and above until nothing changes
(Weisfeiler and Leman on the graph with its slots), and those that still look alike are numbered one by one.

Different programs never share a digest but by a collision of SHA-256. Equal ones always share it, but for graphs
made to defeat colouring: regular ones, or thousands of parameters that look alike, where the rounds run out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from hashlib import sha256

from symkit.ir.program import Kind, Node, Program
from symkit.ops import Operator

VERSION = b"symkit-1"
ONCE = b"once"

MAX_VISITS = 100_000
"""Nodes that colouring may look at in all: under a second."""


def digest(program: Program) -> str:
    """64 hexadecimal characters, equal in every process and Python version."""
    labels = {name: b"%d" % number for number, name in enumerate(_repeated(program))}
    below = _hash_below(program, labels)
    return _hash(VERSION, *(below[root] for root in program.roots)).hex()


def fingerprint(program: Program) -> str:
    """64 hexadecimal characters that tell programs apart to the last name and operand order; for caches."""
    parts = [repr(program.roots).encode()]
    for node in program.nodes:
        names = {node.name: node.name.encode()} if node.kind is Kind.PARAMETER else {}
        parts += [*_label(node, names), repr(node.operands).encode()]
    return _hash(VERSION, *parts).hex()


def parameter_order(program: Program) -> tuple[str, ...]:
    """Parameter names in canonical order."""
    repeated = _repeated(program)
    labels = {name: b"%d" % number for number, name in enumerate(repeated)}
    colours = _colours_above(program, labels)
    single = [name for name in program.parameters if name not in labels]
    return *repeated, *sorted(single, key=colours.__getitem__)


def _repeated(program: Program) -> list[str]:
    """The parameters that stand in several places of the expression written as a tree, in canonical order."""
    places = [0] * len(program.nodes)
    for root in program.roots:
        places[root] = min(2, places[root] + 1)
    for index in range(len(program.nodes) - 1, -1, -1):
        for operand in program.nodes[index].operands:
            places[operand] = min(2, places[operand] + places[index])
    names = [node.name for node, count in zip(program.nodes, places, strict=True) if _is_parameter(node) and count > 1]
    if len(names) < 2:
        return names
    rounds = iter(range(max(4, MAX_VISITS // len(program.nodes))))
    colours = _refine(program, dict.fromkeys(names, b""), rounds)
    for _ in rounds:
        sizes = Counter(colours.values())
        tied = sorted(colour for colour, size in sizes.items() if size > 1)
        if not tied:
            break
        chosen = next(name for name in names if colours[name] == tied[0])
        colours[chosen] = _hash(b"chosen", colours[chosen])
        colours = _refine(program, colours, rounds)
    return sorted(names, key=colours.__getitem__)


def _refine(program: Program, colours: dict[str, bytes], rounds: Iterator[int]) -> dict[str, bytes]:
    """Splits classes of equal colour until their number stays, or the rounds run out."""
    classes = len(set(colours.values()))
    for _ in rounds:
        above = _colours_above(program, colours)
        refined = {name: _hash(colour, above[name]) for name, colour in colours.items()}
        found = len(set(refined.values()))
        colours = refined
        if found == classes:
            break
        classes = found
    return colours


def _colours_above(program: Program, colours: Mapping[str, bytes]) -> dict[str, bytes]:
    """For each parameter a hash of every place it is used in."""
    above = _hash_above(program, _hash_below(program, colours))
    return {node.name: above[index] for index, node in enumerate(program.nodes) if _is_parameter(node)}


def _is_parameter(node: Node) -> bool:
    return node.kind is Kind.PARAMETER


def _hash_below(program: Program, colours: Mapping[str, bytes]) -> list[bytes]:
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


def _label(node: Node, colours: Mapping[str, bytes]) -> tuple[bytes, ...]:
    kind = node.kind.value.encode()
    if node.kind is Kind.NUMBER:
        return kind, node.number.hex().encode()
    if node.kind is Kind.PARAMETER:
        return kind, colours.get(node.name, ONCE)
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
