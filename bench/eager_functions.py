"""AQuaSurF's operators as one would write them with torch, by the text of their forms."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

FUNCTIONS: dict[str, Callable[..., Tensor]] = {
    "zero": torch.zeros_like,
    "one": torch.ones_like,
    "identity": lambda x: x,
    "neg": torch.neg,
    "abs": torch.abs,
    "reciprocal": torch.reciprocal,
    "square": torch.square,
    "exp": torch.exp,
    "erf": torch.erf,
    "erfc": torch.erfc,
    "sinh": torch.sinh,
    "cosh": torch.cosh,
    "tanh": torch.tanh,
    "expm1": torch.expm1,
    "sigmoid": torch.sigmoid,
    "log_sigmoid": F.logsigmoid,
    "arcsinh": torch.asinh,
    "arctan": torch.atan,
    "i0e": torch.special.i0e,
    "i1e": torch.special.i1e,
    "relu": torch.relu,
    "elu": F.elu,
    "selu": F.selu,
    "swish": F.silu,
    "softplus": F.softplus,
    "softsign": F.softsign,
    "hard_sigmoid": lambda x: torch.clamp(0.2 * x + 0.5, 0, 1),
    "add": torch.add,
    "sub": torch.sub,
    "mul": torch.mul,
    "div": torch.div,
    "pow": torch.pow,
    "max": torch.maximum,
    "min": torch.minimum,
    "a + b + c": lambda a, b, c: a + b + c,
    "a*b*c": lambda a, b, c: a * b * c,
    "max(a, b, c)": lambda a, b, c: torch.maximum(torch.maximum(a, b), c),
    "min(a, b, c)": lambda a, b, c: torch.minimum(torch.minimum(a, b), c),
}
