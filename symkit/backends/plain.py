"""Programs that torch may differentiate by itself: for torch.compile, torch.export and source that leaves symkit."""

from __future__ import annotations

from collections.abc import Mapping

from symkit.ir import Program, bind_constants, lower
from symkit.ops import Operator
from symkit.transform import Rule, guarded, rewrite

DEFAULTS_WRITTEN_OUT = (
    Rule("times_one", "1*a", "a", "a default such as that of elu(x, 1); exact, signed zeros and NaN included"),
    Rule("over_one", "a/1", "a", "a default such as that of celu(x, 1); exact"),
)


def has_plain_form(operator: Operator) -> bool:
    """Whether torch's own derivatives of the operator's form are symkit's too."""
    return operator.torch is not None and operator.torch_autograd


def plain_program(program: Program, constants: Mapping[str, float]) -> Program:
    """The Program over torch functions whose autograd gives symkit's derivatives, its selects guarded."""
    lowered = bind_constants(lower(program, has_plain_form), constants)
    return guarded(rewrite(lowered, DEFAULTS_WRITTEN_OUT))
