"""Expressions as functions of tensors."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from typing import Any

import torch
from torch import Tensor

from symkit.backends import get_backend
from symkit.backends.eager import EagerKernel
from symkit.backends.plain import plain_program
from symkit.backends.unfused import computed_dtype, in_dtype
from symkit.errors import DomainError
from symkit.nn.operator import recipe_of
from symkit.nn.pointwise import Pointwise
from symkit.text import Expression, parse
from symkit.text.expression import needed_constants
from symkit.text.names import FIXED_CONSTANTS, SETTABLE_CONSTANTS
from symkit.transform import shared, stabilise, with_gradient

# Looked up once: a call of a small tensor costs little more than looking up names.
_is_transformed = torch._C._are_functorch_transforms_active
_dispatch_modes = torch._C._len_torch_dispatch_stack

MOST_LITERALS = 64
"""Numbers that a function remembers as tensors."""

FLOATS = (torch.float64, torch.float32, torch.bfloat16, torch.float16)


def functional(
    e: Expression | str, *, backend: str = "auto", stabilise: bool = True, derivatives: Sequence[str] = ()
) -> Function:
    """The expression as a function of tensors.

    Args:
        e: an expression or its text.
        backend: "auto", "cpu", "cuda", "torch", "torchscript" or "exact".
        stabilise: replace forms that overflow or cancel by ones that do not, before deriving; False keeps the text.
        derivatives: names of inputs and parameters whose derivatives are wanted beside the value, from the same pass.

    Returns:
        `f(x, **parameters)` for an activation, `f(y, p, **parameters)` for a loss (one value an element, no
        reduction). Inputs are float64, float32, bfloat16 or float16, on any device; halves are computed in float32. Of
        several inputs some may hold integers, such as a target. Parameters are numbers or tensors, constants numbers;
        all broadcast, and those left out take their initial values. The result has the inputs' dtype and the broadcast
        shape. With `derivatives` it is a tuple: the value, and the derivative of every element by each of the names,
        all of the same shape. It can be differentiated any number of times by every input and parameter, forwards and
        backwards; at kinks the derivative is what the operator's record says. Under torch.compile fused kernels stay
        what they are, as the operator `torch.ops.symkit.pointwise`; under torch.export, torch.jit.trace and transforms
        of torch.func that are compiled, torch gets the formula that `export` writes, and takes its derivatives.

    Raises:
        DomainError: for an expression without inputs or an unknown backend; when called, for inputs of other dtypes,
            unknown names, or a constant without a value.
    """
    expression = parse(e) if isinstance(e, str) else e
    return Function(expression, backend, stabilise, tuple(derivatives))


class Function:
    """What `functional` returns. Holds no tensors; two of the same expression and backend are equal."""

    def __init__(
        self,
        expression: Expression,
        backend: str = "auto",
        stabilised: bool = True,
        derivatives: tuple[str, ...] = (),
    ) -> None:
        if not expression.inputs:
            raise DomainError(
                f"{expression} has no inputs to run on; write it with x, or with y and p, "
                "or parse it with kind='activation' to have a constant activation"
            )
        self.expression = expression
        self.backend = backend
        self.stabilised = stabilised
        self.derivatives = derivatives
        for name in derivatives:
            if name not in (*expression.inputs, *expression.parameters):
                known = ", ".join((*expression.inputs, *expression.parameters))
                raise DomainError(f"{expression} has no derivative by {name!r}; inputs and parameters are {known}")
        program = shared(stabilise(expression.program)) if stabilised else expression.program
        program = with_gradient(program, derivatives) if derivatives else program
        self.constants = needed_constants(program)
        """Names of the constants that a call may set."""
        self._defaults: dict[str, float | None] = {
            **expression.parameters,
            **{name: expression.constants.get(name, SETTABLE_CONSTANTS[name]) for name in self.constants},
        }
        leaves = (*expression.inputs, *self._defaults)
        self.pointwise = Pointwise(program, leaves, get_backend(backend), FIXED_CONSTANTS)
        """What runs it, with the defaults of parameters and constants as leaves after the inputs."""
        self._literals: dict[object, Tensor] = {}
        # Made beforehand: torch.compile would trace the making.
        self._traced = EagerKernel(plain_program(program, FIXED_CONSTANTS), leaves)
        self._fused_on = self.pointwise.backend.fused_on
        self._recipe = recipe_of(self) if self._fused_on else None

    def __call__(self, /, *inputs: Tensor, **values: Tensor | float) -> Any:
        dtype = self._checked(inputs)
        leaves = (*inputs, *self.others(values, inputs).values()) if values or self._defaults else inputs
        if _is_traced():
            roots = self._written_down(leaves, dtype)
        else:
            roots = self.pointwise.apply(leaves, dtype)
        return roots if self.derivatives else roots[0]

    def _written_down(self, leaves: Sequence[Tensor], dtype: torch.dtype) -> tuple[Tensor, ...]:
        """For what torch traces: one operator for torch.compile, and torch's own where it is to run without symkit."""
        if self._recipe is not None and _keeps_operators() and self._are_fused(leaves):
            return tuple(torch.ops.symkit.pointwise(self._recipe, leaves, dtype))
        roots = self._traced(*in_dtype(computed_dtype(leaves), leaves))
        return tuple([root if root.dtype == dtype else root.to(dtype) for root in roots])

    def _are_fused(self, leaves: Sequence[Tensor]) -> bool:
        device = leaves[0].device
        return device.type in self._fused_on and all(leaf.device == device for leaf in leaves)

    def _checked(self, inputs: tuple[Tensor, ...]) -> torch.dtype:
        """The dtype of the result, once the inputs are found to be what is allowed."""
        expression = self.expression
        if len(inputs) != len(expression.inputs):
            names, given = ", ".join(expression.inputs), len(inputs)
            tensors = "1 tensor" if len(expression.inputs) == 1 else f"{len(expression.inputs)} tensors"
            raise DomainError(f"{expression} takes {names}: {tensors}, not {given}; parameters go by name")
        floats: list[torch.dtype] = []
        for name, tensor in zip(expression.inputs, inputs):  # noqa: B905 - strict costs, and lengths are equal
            if not isinstance(tensor, Tensor):
                raise DomainError(f"{name} must be a tensor, not {type(tensor).__name__}; for numbers use evaluate()")
            if tensor.dtype in FLOATS:
                floats.append(tensor.dtype)
            elif tensor.is_floating_point() or tensor.is_complex():
                raise DomainError(f"{name} is {tensor.dtype}; allowed are {allowed_dtypes()}")
        if not floats:
            given_dtypes = ", ".join(f"{n} is {t.dtype}" for n, t in zip(expression.inputs, inputs, strict=True))
            which = "it" if len(inputs) == 1 else "one of them"
            raise DomainError(f"{given_dtypes}; {which} must be {allowed_dtypes()}: convert with .float()")
        return floats[0] if len(floats) == 1 else reduce(torch.promote_types, floats)

    def others(self, values: Mapping[str, Tensor | float], inputs: tuple[Tensor, ...]) -> dict[str, Tensor]:
        """Parameters and constants as tensors, in calling order after the inputs."""
        if not values.keys() <= self._defaults.keys():
            stray = next(name for name in values if name not in self._defaults)
            known = ", ".join(self._defaults) or "none"
            raise DomainError(f"{stray!r} is no parameter or constant of {self.expression}; there are {known}")
        dtype = computed_dtype(inputs)
        others: dict[str, Tensor] = {}
        for name, default in self._defaults.items():
            value = values.get(name, default)
            if isinstance(value, Tensor) and name not in self.constants:
                others[name] = _as_leaf(name, value, dtype)
            else:
                others[name] = self._literal(_number(name, value), dtype, inputs[0].device)
        return others

    def _literal(self, value: float, dtype: torch.dtype, device: torch.device) -> Tensor:
        """A number as a tensor, made once: nobody writes to it."""
        # Zeros of either sign are one key, and NaN is none.
        if not value or value != value or _is_traced() or _is_transformed() or _dispatch_modes():
            return torch.full((), value, dtype=dtype, device=device)
        key = value, dtype, device
        literal = self._literals.get(key)
        if literal is None:
            if len(self._literals) >= MOST_LITERALS:
                self._literals.clear()
            literal = self._literals[key] = torch.full((), value, dtype=dtype, device=device)
        return literal

    def __repr__(self) -> str:
        derivatives = f", derivatives={self.derivatives!r}" if self.derivatives else ""
        return f"functional({str(self.expression)!r}, backend={self.backend!r}{derivatives})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Function) and self._state == other._state

    def __hash__(self) -> int:
        return hash(self._state)

    @property
    def _state(self) -> tuple[Expression, str, bool, tuple[str, ...]]:
        return self.expression, self.backend, self.stabilised, self.derivatives

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return Function, self._state


def _is_traced() -> bool:
    """Whether torch.compile, torch.export or torch.jit.trace writes down what runs."""
    return torch.compiler.is_compiling() or torch._C._get_tracing_state() is not None


def _keeps_operators() -> bool:
    """Whether what is written down may hold symkit's operator: torch.func does not differentiate it."""
    return torch.compiler.is_compiling() and not torch.compiler.is_exporting() and not _is_transformed()


def allowed_dtypes() -> str:
    return ", ".join(str(dtype).removeprefix("torch.") for dtype in FLOATS)


def _as_leaf(name: str, value: Tensor, dtype: torch.dtype) -> Tensor:
    """A parameter as it is, but that float64 does not widen the arithmetic of narrower inputs."""
    if value.is_complex():
        raise DomainError(f"{name} is {value.dtype}; allowed are real tensors")
    return value.to(dtype) if value.dtype == torch.float64 else value


def _number(name: str, value: Tensor | float | None) -> float:
    if value is None:
        raise DomainError(
            f"{name} has no value; pass {name}=10, or set it in the header: f(y, p; {name} = 10) = ...",
        )
    try:
        return float(value)
    except (TypeError, ValueError, RuntimeError) as error:
        raise DomainError(f"{name} must be a number or a tensor, not {value!r}") from error
