"""Search spaces: counted, numbered, drawn, varied, evaluated at once; and random expressions of any kind."""

from symkit.spaces.generate import Recipe, generate, generated
from symkit.spaces.population import Population, unique
from symkit.spaces.published import aquasurf, cafe, evomal, glo, pangaea, schema
from symkit.spaces.space import Space
from symkit.spaces.unique import Group, Unique

__all__ = [
    "Group",
    "Population",
    "Recipe",
    "Space",
    "Unique",
    "aquasurf",
    "cafe",
    "evomal",
    "generate",
    "generated",
    "glo",
    "pangaea",
    "schema",
    "unique",
]
