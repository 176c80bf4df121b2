"""Search spaces: counted, numbered, drawn, varied, evaluated at once; and random expressions of any kind."""

from symkit.spaces.edits.distance import EditDistance, edit_distance
from symkit.spaces.edits.path import edit_path_crossover
from symkit.spaces.generate import Recipe, generate, generated
from symkit.spaces.populations.bulk import Estimates, bulk_moments, estimates
from symkit.spaces.populations.features import distance, feature_points, features
from symkit.spaces.populations.population import Population, unique
from symkit.spaces.populations.saving import save
from symkit.spaces.populations.unique import Group, Unique
from symkit.spaces.populations.validity import valid
from symkit.spaces.published import aquasurf, cafe, evomal, glo, pangaea, schema
from symkit.spaces.space import Space

__all__ = [
    "EditDistance",
    "Estimates",
    "Group",
    "Population",
    "Recipe",
    "Space",
    "Unique",
    "aquasurf",
    "bulk_moments",
    "cafe",
    "distance",
    "edit_distance",
    "edit_path_crossover",
    "estimates",
    "evomal",
    "feature_points",
    "features",
    "generate",
    "generated",
    "glo",
    "pangaea",
    "save",
    "schema",
    "unique",
    "valid",
]
