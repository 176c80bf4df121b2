"""Simplifying without breaking, and telling whether two expressions are the same function."""
