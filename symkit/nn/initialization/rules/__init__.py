"""What each function of torch does to a signal: one rule a function."""

from symkit.nn.initialization.recorder import Rule
from symkit.nn.initialization.rules import (
    activations,
    arithmetic,
    attention,
    joining,
    normalisation,
    pooling,
    reductions,
    sampled,
    shape,
    weighted,
)

RULES: dict[str, Rule] = {
    **activations.RULES,
    **arithmetic.RULES,
    **reductions.RULES,
    **joining.RULES,
    **pooling.RULES,
    **normalisation.RULES,
    **shape.RULES,
    **sampled.RULES,
    **weighted.RULES,
    **attention.RULES,
}
"""By the name of the function, without `torch.` and a trailing `_`."""

WHOLE = activations.WHOLE
"""Modules that are one step."""

STARTING = frozenset(weighted.RULES) | frozenset(attention.RULES) | frozenset(sampled.RECURRENTS)
"""Functions that are followed even if nothing is known of what goes in: weights make signals of their own."""
