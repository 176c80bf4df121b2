"""The functions that kernels are measured with: as text for symkit, and as one writes them in torch."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

VALUES = (1.1, 0.9, 1.3)
"""Of parameters, in order; not 1, which might be folded."""


@dataclass(frozen=True)
class Case:
    """A function, both ways.

    Attributes:
        name: what tables call it.
        text: for symkit.
        torch: the same in plain torch, with its stable functions; called with x and the parameters in order.
        parameters: their names, in order.
        peer: torch's own single operator, if it has one.
    """

    name: str
    text: str
    torch: Callable[..., Tensor]
    parameters: tuple[str, ...] = ()
    peer: Callable[[Tensor], Tensor] | None = None


def swish(x: Tensor) -> Tensor:
    return x * torch.sigmoid(x)


def mish(x: Tensor) -> Tensor:
    return x * torch.tanh(F.softplus(x))


def mish_operator(x: Tensor) -> Tensor:
    return F.mish(x)


def gelu(x: Tensor) -> Tensor:
    return 0.5 * x * (1 + torch.erf(x / math.sqrt(2)))


def gelu_tanh(x: Tensor) -> Tensor:
    return 0.5 * x * (1 + torch.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


def logsig_asinh(x: Tensor, alpha: Tensor, beta: Tensor) -> Tensor:
    return F.logsigmoid(alpha * x) * beta * torch.asinh(x)


def line_logsig(x: Tensor, alpha: Tensor, beta: Tensor, gamma: Tensor) -> Tensor:
    return alpha * x - beta * F.logsigmoid(gamma * x)


def max_swish_logsig(x: Tensor, alpha: Tensor) -> Tensor:
    return torch.maximum(F.silu(x), alpha * F.logsigmoid(F.relu(x)))


def selu_sinh(x: Tensor) -> Tensor:
    return F.selu(torch.sinh(torch.expm1(torch.atan(x))))


def atan_min(x: Tensor) -> Tensor:
    return torch.atan(x) * torch.clamp(x, max=0)


def swish_hard(x: Tensor) -> Tensor:
    return -x * torch.sigmoid(x) * torch.clamp(0.2 * x + 0.5, 0, 1)


PANEL = (
    Case("swish", "x*sigmoid(x)", swish, peer=F.silu),
    Case("mish as written", "x*tanh(softplus(x))", mish, peer=F.mish),
    Case("mish", "mish(x)", mish_operator, peer=F.mish),
    Case("gelu", "gelu(x)", gelu, peer=F.gelu),
    Case("gelu_tanh", "gelu_tanh(x)", gelu_tanh, peer=lambda x: F.gelu(x, approximate="tanh")),
    Case(
        "log(sigmoid(a*x))*b*arcsinh(x)",
        "log(sigmoid(alpha*x))*beta*arcsinh(x)",
        logsig_asinh,
        ("alpha", "beta"),
    ),
    Case(
        "a*x - b*log(sigmoid(c*x))",
        "alpha*x - beta*log(sigmoid(gamma*x))",
        line_logsig,
        ("alpha", "beta", "gamma"),
    ),
    Case(
        "max(swish(x), a*log(sigmoid(relu(x))))",
        "max(swish(x), alpha*log(sigmoid(relu(x))))",
        max_swish_logsig,
        ("alpha",),
    ),
    Case("selu(sinh(expm1(arctan(x))))", "selu(sinh(expm1(arctan(x))))", selu_sinh),
    Case("arctan(x)*min(x, 0)", "arctan(x)*min(x, 0)", atan_min),
    Case("-x*sigmoid(x)*hard_sigmoid(x)", "-x*sigmoid(x)*hard_sigmoid(x)", swish_hard),
)
