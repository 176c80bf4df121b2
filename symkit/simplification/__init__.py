"""Cheaper and steadier forms of a function, and whether two functions are the same."""

from symkit.simplification.costs import cost
from symkit.simplification.equality import equal
from symkit.simplification.search import simplify

__all__ = ["cost", "equal", "simplify"]
