"""Spaces of expressions to draw from."""

from symkit.spaces.generate import Recipe, generate, generated

__all__ = ["Recipe", "generate", "generated"]
