"""The intermediate representation: Programs, their digest, verifier and networkx view."""

from symkit.ir.bind import bind_constants
from symkit.ir.dag import from_dag, to_dag, to_dot
from symkit.ir.digest import digest, fingerprint
from symkit.ir.lower import lower
from symkit.ir.program import MAX_NODES, MAX_TREE, Kind, Node, Program, ProgramBuilder
from symkit.ir.traverse import interpret, reachable, rebuild, renamed
from symkit.ir.verify import verify

__all__ = [
    "MAX_NODES",
    "MAX_TREE",
    "Kind",
    "Node",
    "Program",
    "ProgramBuilder",
    "bind_constants",
    "digest",
    "fingerprint",
    "from_dag",
    "interpret",
    "lower",
    "reachable",
    "rebuild",
    "renamed",
    "to_dag",
    "to_dot",
    "verify",
]
