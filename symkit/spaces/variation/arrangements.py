"""Reading trees in which any operator may stand on any other."""

from __future__ import annotations

from collections.abc import Sequence

from symkit.ir import Kind, Node, Program
from symkit.spaces.forms import OperatorSet
from symkit.spaces.trees import Tree, product


class Arrangements:
    """All trees of some leaves and operators, up to so many operators and parameters.

    A parameter multiplies what comes out of a node, from the left; no two have one name or stand on one edge.
    """

    def __init__(self, sets: Sequence[OperatorSet], operators: int, parameters: int) -> None:
        self.sets = tuple(sets)
        self.operators = operators
        self.parameters = parameters
        longest = max(occurrences(form.program) for chosen in self.sets for form in chosen.forms)
        self._limit = operators * longest + parameters

    def read(self, program: Program) -> Tree | None:
        """The tree that makes a program, or None."""
        # A few nodes that are used twice each are a tree of any size.
        if occurrences(program, self._limit) > self._limit:
            return None
        tree = self._tree(program.nodes, program.root)
        if tree is None or not 1 <= tree.operators <= self.operators:
            return None
        names = tree.weights
        return tree if len(names) <= self.parameters and len(set(names)) == len(names) else None

    def _tree(self, nodes: Sequence[Node], index: int) -> Tree | None:
        node = nodes[index]
        if node.value is product() and nodes[node.operands[0]].kind is Kind.PARAMETER:
            tree = self._plain(nodes, node.operands[1])
            return None if tree is None else tree._replace(weight=nodes[node.operands[0]].name)
        return self._plain(nodes, index)

    def _plain(self, nodes: Sequence[Node], index: int) -> Tree | None:
        """A tree without a weight on the edge out of it."""
        node = nodes[index]
        for chosen in self.sets:
            for form in chosen.by_root.get(node.value if node.operands else node.kind, ()):
                operands = form.match(nodes, index)
                if operands is None:
                    continue
                children = [self._tree(nodes, operand) for operand in operands]
                found = tuple(child for child in children if child is not None)
                if len(found) == len(children):
                    return Tree(form, found)
        return None


def occurrences(program: Program, most: int | None = None) -> int:
    """How many operators stand in a program written without shared nodes; counted no further than just past `most`."""
    sizes: list[int] = []
    for node in program.nodes:
        size = sum(sizes[operand] for operand in node.operands) + bool(node.operands)
        sizes.append(size if most is None else min(size, most + 1))
    return sizes[program.root]
