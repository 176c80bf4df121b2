"""What targets and weights a loss takes, and what is said of others."""

from __future__ import annotations

import sys
import warnings
from pathlib import Path

import torch
from torch import Tensor

from symkit.errors import DomainError
from symkit.nn.functional import FLOATS, allowed_dtypes
from symkit.nn.linked import is_eager


def check_logits(input: Tensor) -> None:
    """Raises DomainError for what cannot be logits."""
    if not isinstance(input, Tensor):
        raise DomainError(f"the input must be a tensor, not {type(input).__name__}")
    if input.dtype not in FLOATS:
        raise DomainError(f"the input is {input.dtype}; allowed are {allowed_dtypes()}: convert with .float()")


def are_classes(input: Tensor, target: Tensor) -> bool:
    """Whether targets of a softmax, (N, C, ...) or (C,), are class indices and not numbers for every output.

    Raises:
        DomainError: for targets that are neither.
    """
    if not isinstance(target, Tensor):
        raise _misfit(input, f"the target is {target!r} and no tensor")
    if target.is_complex():
        raise _misfit(input, f"the target is {target.dtype}")
    if target.shape == input.shape:
        return False
    if target.shape != _shape_of_indices(input):
        raise _misfit(input, f"the target has shape {tuple(target.shape)}")
    if target.is_floating_point() or target.dtype == torch.bool:
        raise _misfit(input, f"the target is {target.dtype} and has the shape of class indices")
    return True


def _shape_of_indices(input: Tensor) -> torch.Size:
    return input.shape[:1] + input.shape[2:] if input.dim() > 1 else torch.Size()


def _misfit(input: Tensor, problem: str) -> DomainError:
    indices, shape = tuple(_shape_of_indices(input)), tuple(input.shape)
    return DomainError(
        f"{problem}; for an input of shape {shape} give class indices as integers of shape {indices}, "
        f"or a number for every output, of shape {shape}"
    )


def check_range(target: Tensor, classes: int, ignore_index: int) -> None:
    """Raises DomainError for a class index out of range.

    Nothing is said where looking would mean waiting: on a GPU it is left to the kernel, which makes such a row NaN, or
    to the device's own assertion, as in torch.
    """
    if target.device.type != "cpu" or not target.numel() or not is_eager(target):
        return
    low, high = (int(bound) for bound in target.aminmax())
    if 0 <= low and high < classes:
        return
    stray = ((target < 0) | (target >= classes)) & (target != ignore_index)
    if stray.any():
        place = tuple(int(i) for i in stray.nonzero()[0])
        at = f" at {place[0] if len(place) == 1 else place}" if place else ""
        raise DomainError(
            f"the target{at} is {int(target[place])}; a class index is 0 to {classes - 1}, "
            f"or {ignore_index} (ignore_index) for a row that does not count"
        )


def check_outputs(input: Tensor, target: Tensor) -> None:
    """Raises DomainError for targets of a sigmoid that have no number for every output."""
    if not isinstance(target, Tensor):
        raise DomainError(f"the target is {target!r} and no tensor; give one of shape {tuple(input.shape)}")
    if target.is_complex():
        raise DomainError(f"the target is {target.dtype}; give numbers from 0 to 1")
    if target.shape != input.shape:
        given, shape = tuple(target.shape), tuple(input.shape)
        hint = ""
        if not target.is_floating_point() and input.dim() > 1 and target.shape == _shape_of_indices(input):
            hint = '. Class indices go with link="softmax"'
        raise DomainError(
            f"the target has shape {given}, the input {shape}: under a sigmoid every output has a target{hint}"
        )


def check_elements(input: Tensor, target: Tensor) -> None:
    """Raises DomainError for class indices where a loss is taken element by element."""
    if not isinstance(target, Tensor) or target.is_floating_point() or target.dtype == torch.bool or input.dim() < 2:
        return
    if target.shape != input.shape and target.shape == _shape_of_indices(input):
        raise DomainError(
            f"the target is {target.dtype} of shape {tuple(target.shape)}, like class indices for an input of shape "
            f'{tuple(input.shape)}; they go with link="softmax" and logits. Without a link every element has a target: '
            "make them one-hot"
        )


def check_weight(weight: Tensor, classes: int | None) -> None:
    """Raises DomainError for weights that are not one number an output; `classes` is None where there is but one."""
    if classes is None:
        raise DomainError("weight holds one number an output, in dimension 1 of the input, which has none")
    if not isinstance(weight, Tensor) or weight.dtype not in FLOATS or weight.shape != (classes,):
        given = f"{weight.dtype} of shape {tuple(weight.shape)}" if isinstance(weight, Tensor) else repr(weight)
        raise DomainError(f"weight is {given}; it holds one float an output, so its shape must be ({classes},)")


def warn_of_broadcasting(input: Tensor, target: Tensor) -> None:
    """Warns of shapes that differ, where a loss is taken element by element."""
    # What torch.compile writes down cannot warn.
    if not isinstance(target, Tensor) or target.shape == input.shape or torch.compiler.is_compiling():
        return
    warnings.warn(
        f"the target has shape {tuple(target.shape)}, the input {tuple(input.shape)}: they broadcast, "
        "which is rarely meant; give both the same shape",
        stacklevel=_callers_level(),
    )


_OURS = (str(Path(__file__).parent), str(Path(torch.nn.__file__).parent))


def _callers_level() -> int:
    """The stack level, for a warning, of whoever called the loss: as a function or as a module."""
    level, frame = 1, sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_OURS):
        level, frame = level + 1, frame.f_back
    return level
