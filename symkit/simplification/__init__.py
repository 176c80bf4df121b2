"""Cheaper and steadier forms of a function, and whether two functions are the same."""

from symkit.simplification.cost import cost
from symkit.simplification.equal import equal
from symkit.simplification.simplify import simplify

__all__ = ["cost", "equal", "simplify"]
