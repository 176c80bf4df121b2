"""Closure of first derivatives: as symkit computes them, and as torch's autograd would for the formula as written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from symkit.checking.closure import SECONDS, closure
from symkit.checking.region import Region
from symkit.checking.verdict import Verdict
from symkit.ir import Program
from symkit.transform import gradient, stabilise
from symkit.transform.torch_chain import torch_gradient_program


def gradient_closure(
    program: Program,
    wrt: Sequence[str],
    region: Region,
    constants: Mapping[str, float],
    seconds: float = SECONDS,
) -> Verdict:
    """Whether the derivatives by `wrt` that a compiled function has are finite: those of its stable form."""
    return closure(gradient(stabilise(program), wrt), region, constants, seconds)


def torch_gradient_closure(
    program: Program,
    wrt: Sequence[str],
    region: Region,
    constants: Mapping[str, float],
    seconds: float = SECONDS,
) -> Verdict:
    """Whether those are finite that torch's autograd has for the formula as it stands, operator by operator."""
    return closure(torch_gradient_program(program, wrt), region, constants, seconds)
