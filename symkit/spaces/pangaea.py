"""PANGAEA's mutations (B section 4.1.1)."""

from __future__ import annotations

from symkit.spaces.algorithm import Algorithm
from symkit.spaces.schema import Schema


class Pangaea(Algorithm):
    """Inserts, removes, changes, regenerates; then puts parameters on up to three random edges."""

    def __init__(self, schema: Schema, max_nodes: int, max_parameters: int) -> None:
        super().__init__(schema.members)
        self.schema = schema
        self.max_nodes = max_nodes
        self.max_parameters = max_parameters
