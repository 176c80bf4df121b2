"""What each function of torch does to a signal: one rule a function."""

from symkit.nn.autoinit.recorder import Rule
from symkit.nn.autoinit.rules import attention, elementwise, joining, normalisation, pooling, recurrent, shape, weighted

RULES: dict[str, Rule] = {
    **elementwise.RULES,
    **joining.RULES,
    **weighted.RULES,
    **pooling.RULES,
    **normalisation.RULES,
    **shape.RULES,
    **attention.RULES,
    **recurrent.RULES,
}
"""By the name of the function, without `torch.` and a trailing `_`."""

WHOLE = elementwise.WHOLE
"""Modules that are one step."""
