"""`torch.ops.symkit.pointwise`: fused kernels as an operator, which torch.compile can put in its graphs.

There is one operator for all functions and their derivatives, and a recipe says which: JSON of an expression's text,
its kind, the backend, whether it is stabilised, the derivatives beside the value, and those taken since. A recipe means
the same in every process.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from symkit.backends.native.backend import is_available
from symkit.backends.native.layout import RootLayout, root_layouts
from symkit.backends.unfused import computed_dtype
from symkit.errors import DomainError
from symkit.ir import lower
from symkit.nn.pointwise import Pointwise, batched, unbatched
from symkit.text import Expression, parse
from symkit.text.parse import MAX_TEXT

if TYPE_CHECKING:
    from symkit.nn.functional import Function

MAX_KNOWN = 4096
"""Recipes whose kernels are kept."""

NAME = "symkit::pointwise"

_library = torch.library.Library("symkit", "DEF")
_library.define("pointwise(str recipe, Tensor[] leaves, ScalarType? dtype) -> Tensor[]")


def recipe_of(function: Function) -> str | None:
    """The recipe of a function; None for one whose text is longer than a text may be."""
    expression = function.expression
    # Operators that were defined are written out: whoever reads the recipe does not know them.
    program = lower(expression.program, lambda operator: operator.definition is None)
    plain = Expression(program, expression.kind, expression.inputs, expression.settings, expression.constants)
    text = str(plain)
    if len(text.encode()) > MAX_TEXT:
        return None
    return json.dumps([text, expression.kind, function.backend, function.stabilised, function.derivatives])


@lru_cache(maxsize=MAX_KNOWN)
def pointwise_of(recipe: str) -> Pointwise:
    """What a recipe says, ready to run.

    Raises:
        DomainError: for what is no recipe; ParseError: for one whose text is no expression.
    """
    from symkit.nn.functional import Function

    try:
        text, kind, backend, stabilised, derivatives, *steps = json.loads(recipe)
        derivatives = tuple(map(str, derivatives))
        steps = [(tuple(map(bool, needed)), tuple(map(bool, present))) for needed, present in steps]
    except (ValueError, TypeError) as error:
        raise DomainError(f"{recipe!r} is no recipe for {NAME}; symkit.functional makes them") from error
    pointwise = Function(parse(text, kind=kind), backend, bool(stabilised), derivatives).pointwise
    for needed, present in steps:
        if len(needed) != len(pointwise.leaves) or len(present) != len(pointwise.program.roots):
            raise DomainError(f"{recipe!r} is no recipe for {NAME}: a step does not fit what it derives")
        derived, _ = pointwise.pullback(needed, present)
        if derived is None:
            raise DomainError(f"{recipe!r} asks for a derivative of nothing, or by nothing")
        pointwise = derived
    return pointwise


def _pulled_back(recipe: str, needed: Sequence[bool], present: Sequence[bool]) -> str:
    """The recipe of the gradients of the leaves that need one."""
    return json.dumps([*json.loads(recipe), [list(needed), list(present)]])


def _ready(recipe: str, leaves: Sequence[Tensor]) -> Pointwise:
    pointwise = pointwise_of(recipe)
    if len(leaves) != len(pointwise.leaves):
        names = ", ".join(pointwise.leaves)
        raise DomainError(f"{recipe} takes {len(pointwise.leaves)} leaves, {names}; given are {len(leaves)}")
    return pointwise


def _layouts(pointwise: Pointwise, leaves: Sequence[Tensor], dtype: torch.dtype | None) -> list[RootLayout]:
    shape = torch.broadcast_shapes(*(leaf.shape for leaf in leaves))
    return root_layouts(leaves, shape, pointwise.like, dtype or computed_dtype(leaves))


def _run(recipe: str, leaves: Sequence[Tensor], dtype: torch.dtype | None) -> list[Tensor]:
    pointwise = _ready(recipe, leaves)
    roots = pointwise.kernel(leaves, dtype)
    if is_available() and all(leaf.is_cpu for leaf in leaves):
        return list(roots)
    # Torch's own operators may lay results out in other ways than a fused kernel.
    return [layout.of(root) for layout, root in zip(_layouts(pointwise, leaves, dtype), roots, strict=True)]


def _promised(recipe: str, leaves: Sequence[Tensor], dtype: torch.dtype | None) -> list[Tensor]:
    return [layout.empty(leaves[0].device) for layout in _layouts(_ready(recipe, leaves), leaves, dtype)]


def _remember(ctx: Any, inputs: tuple[str, Sequence[Tensor], torch.dtype | None], output: Sequence[Tensor]) -> None:
    ctx.recipe, leaves, _ = inputs
    ctx.set_materialize_grads(False)
    ctx.save_for_backward(*leaves)


def _backward(ctx: Any, cotangents: Sequence[Tensor | None]) -> tuple[None, list[Tensor | None], None]:
    leaves: tuple[Tensor, ...] = ctx.saved_tensors
    needed = tuple(leaf.requires_grad for leaf in leaves)
    given = [cotangent for cotangent in cotangents if cotangent is not None]
    if not given:
        return None, [None] * len(leaves), None
    recipe = _pulled_back(ctx.recipe, needed, [cotangent is not None for cotangent in cotangents])
    found = iter(torch.ops.symkit.pointwise(recipe, [*given, *leaves], None))
    return None, [next(found) if need else None for need in needed], None


def _vectorised(
    info: Any, in_dims: tuple[Any, ...], recipe: str, leaves: Sequence[Tensor], dtype: torch.dtype | None
) -> tuple[list[Tensor], list[int]]:
    like, dims = pointwise_of(recipe).like, in_dims[1]
    roots = torch.ops.symkit.pointwise(recipe, batched(leaves, dims, info.batch_size, like), dtype)
    roots = unbatched(roots, leaves, dims, info.batch_size, like)
    return list(roots), [0] * len(roots)


_library.impl("pointwise", _run, "CompositeExplicitAutograd")
torch.library.register_fake(NAME, _promised, lib=_library)
torch.library.register_autograd(NAME, _backward, setup_context=_remember, lib=_library)
torch.library.register_vmap(NAME, _vectorised, lib=_library)
