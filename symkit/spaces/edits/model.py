"""Matchings of two graphs as a linear program: its least value is never more than the least number of edits.

The model is F2 of Lerouge, Abu-Aisheh, Raveaux, Heroux and Adam, "New binary linear programming formulation to compute
the graph edit distance" (Pattern Recognition 72, 2017): a variable for every pair of nodes and for every pair of edges.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from random import Random
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog
from scipy.sparse import csr_array

from symkit.ir import Program
from symkit.spaces.edits.graph import edges_of, is_ordered, is_same

Floats: TypeAlias = NDArray[np.float64]

CHANCE = 0.01
"""How far all random shares together may move the value: much less than an edit."""

SOLVED, INFEASIBLE = 0, 2
"""Statuses of scipy's linprog."""


@dataclass(frozen=True)
class Relaxed:
    """The least value of the linear program within bounds, and where it is taken."""

    value: float
    at: Floats


class EditModel:
    """Variables and constraints. A variable says how far a pair is matched; at 1 it saves what its edits would cost.

    A pair of nodes that both mind the order of operands has two variables: with slots kept, or reordered.

    Attributes:
        pairs: the variables of each pair of nodes.
    """

    def __init__(self, a: Program, b: Program, rng: Random | None = None) -> None:
        """With `rng` all optimal matchings have their chance to come first."""
        self._a, self._b, self._rng = a, b, rng
        self._marks = len(a), len(b)
        self._edges = edges_of(a), edges_of(b)
        self._apart = sum(self._marks) + sum(map(len, self._edges))
        self.pairs: dict[tuple[int, int], list[int]] = {}
        self._reordered: dict[tuple[int, int], int] = {}
        self._saved: list[float] = []
        self._rows: list[tuple[list[int], list[int], float]] = []
        self._add_pairs()
        self._mark = self._variable(0.0)
        self._add_edges()
        self._matrix = self._assembled()

    def free(self) -> tuple[Floats, Floats]:
        """Bounds of the variables before anything is decided; the marks are matched."""
        low, high = np.zeros(len(self._saved)), np.ones(len(self._saved))
        low[self._mark] = 1.0
        return low, high

    def solve(self, low: Floats, high: Floats, seconds: float) -> Relaxed | None:
        """The relaxed program within bounds; None if it has no solution.

        Raises TimeoutError where none is found in time.
        """
        if seconds <= 0:
            raise TimeoutError("no time is left")
        found = linprog(
            -np.array(self._saved),
            A_ub=self._matrix,
            b_ub=[limit for *_, limit in self._rows],
            bounds=np.stack([low, high], axis=1),
            method="highs-ds",
            options={"time_limit": seconds},
        )
        if found.status == INFEASIBLE:
            return None
        if found.status != SOLVED:
            raise TimeoutError(found.message)
        return Relaxed(self._apart + found.fun, found.x)

    def _variable(self, saved: float) -> int:
        self._saved.append(saved)
        return len(self._saved) - 1

    def _add_pairs(self) -> None:
        """A node has one partner at most."""
        partners: defaultdict[tuple[str, int], list[int]] = defaultdict(list)
        for i, one in enumerate(self._a):
            for j, other in enumerate(self._b):
                columns = [self._variable(2 - (not is_same(one, other)) + self._chance())]
                if is_ordered(one) and is_ordered(other):
                    self._reordered[i, j] = self._variable(self._chance())
                    columns.append(self._reordered[i, j])
                self.pairs[i, j] = columns
                partners["a", i] += columns
                partners["b", j] += columns
        self._rows += [(columns, [], 1.0) for columns in partners.values()]

    def _chance(self) -> float:
        return 0.0 if self._rng is None else self._rng.random() * CHANCE / min(self._marks)

    def _add_edges(self) -> None:
        """An edge is kept only where both its ends are, and out of its slot only where its user is reordered."""
        kept: defaultdict[tuple[tuple[int, int], str, int], list[int]] = defaultdict(list)
        moved: defaultdict[tuple[tuple[int, int], str, int], list[int]] = defaultdict(list)
        for e, one in enumerate(self._edges[0]):
            for f, other in enumerate(self._edges[1]):
                users = one.user, other.user
                if (one.user == self._marks[0]) != (other.user == self._marks[1]):
                    continue
                edge = self._variable(2.0)
                for ends in ((one.operand, other.operand), users):
                    kept[ends, "a", e].append(edge)
                    kept[ends, "b", f].append(edge)
                if users in self._reordered and one.slot != other.slot:
                    moved[users, "a", e].append(edge)
                    moved[users, "b", f].append(edge)
        self._rows += [(edges, self._taken(ends), 0.0) for (ends, _, _), edges in kept.items()]
        self._rows += [(edges, [self._reordered[users]], 0.0) for (users, _, _), edges in moved.items()]

    def _taken(self, ends: tuple[int, int]) -> list[int]:
        return [self._mark] if ends == self._marks else self.pairs[ends]

    def _assembled(self) -> csr_array:
        """One row a constraint: what stands first is at most what stands second and a limit."""
        row = np.repeat(np.arange(len(self._rows)), [len(plus) + len(minus) for plus, minus, _ in self._rows])
        column = [index for plus, minus, _ in self._rows for index in (*plus, *minus)]
        value = [sign for plus, minus, _ in self._rows for sign in (*[1.0] * len(plus), *[-1.0] * len(minus))]
        return csr_array((value, (row, column)), shape=(len(self._rows), len(self._saved)))
