"""Losses of logits: a pointwise loss of probabilities, and the softmax or sigmoid that makes them, as one function.

No probability is ever rounded to 0 or 1. Of the class of a row only its log odds against all other classes together
are needed: log p = log_sigmoid(odds) and log(1 - p) = log_sigmoid(-odds). They are one number a row, so they are
kept in float64 beside logits of any dtype.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence

import torch
from torch import Tensor
from torch.autograd import forward_ad

from symkit.backends import get_backend
from symkit.backends.eager import EagerKernel
from symkit.backends.plain import plain_program
from symkit.backends.unfused import computed_dtype, in_dtype
from symkit.evaluation import evaluate_exact
from symkit.ir import Program
from symkit.nn.curves import TARGET, curves
from symkit.nn.functional import _dispatch_modes, _is_traced, _is_transformed
from symkit.nn.pointwise import Pointwise
from symkit.text import Expression
from symkit.text.expression import needed_constants
from symkit.text.names import FIXED_CONSTANTS
from symkit.transform import shared, stabilise
from symkit.transform.link import LOG_P, LOG_Q, LOGIT, by_log_probability, by_logit

HARMLESS = -math.log(2.0)
"""log p and log q of an output that is not looked at: of p = 1/2, where a loss has values and derivatives."""


def log_odds(logits: Tensor, classes: Tensor) -> Tensor:
    """log(p/(1 - p)) of one output of every row, in float64.

    Exact to a few units in the last place of the logits' dtype, however sure the row is, and so is every derivative.

    Args:
        logits: (N, C, ...), float32 or float64.
        classes: (N, ...), the outputs.
    """
    places = classes.unsqueeze(1)
    others = logits.scatter(1, places, -math.inf)
    top = others.detach().amax(1, keepdim=True)
    top = torch.where(top.isfinite(), top, 0.0)
    sums = (others - top).exp().sum(1)
    wide = wide_dtype(logits)
    own = logits.gather(1, places).squeeze(1).to(wide) - top.squeeze(1).to(wide)
    # Nothing is left where every other output is masked by -inf.
    some = sums > 0
    return own - torch.where(some, torch.where(some, sums, 1.0).to(wide).log(), -math.inf)


def log_probabilities(logits: Tensor, names: Collection[str]) -> dict[str, Tensor]:
    """`LOG_P` of all outputs, and `LOG_Q` if it is among the names, in the dtype of the logits.

    Every one is right to a few units in its last place: the largest output of a row has its own from its log odds, and
    no other is more likely than 1/2.
    """
    largest = logits.detach().argmax(1)
    is_largest = _marked(logits, largest)
    odds = log_odds(logits, largest).unsqueeze(1)
    log_sigmoid = torch.nn.functional.logsigmoid
    # The largest logit less itself is 0, and so must its derivative be: it would cancel only up to rounding.
    below = (logits - logits.gather(1, largest.unsqueeze(1))).masked_fill(is_largest, 0.0)
    log_p = below + log_sigmoid(odds).to(logits.dtype)
    if LOG_Q not in names:
        return {LOG_P: log_p}
    rest = (-log_p.masked_fill(is_largest, HARMLESS).exp()).log1p()
    return {LOG_P: log_p, LOG_Q: torch.where(is_largest, log_sigmoid(-odds).to(logits.dtype), rest)}


def is_watched() -> bool:
    """Whether torch writes down what runs, transforms it, or has it done by someone else."""
    # First: torch.compile, which writes this down too, can follow no further.
    return bool(_is_traced() or _is_transformed() or _dispatch_modes() or forward_ad._current_level >= 0)


def is_eager(*tensors: Tensor) -> bool:
    """Whether what runs is not written down or transformed, so that numbers may be looked at."""
    return not is_watched() and all(type(tensor) in (Tensor, torch.nn.Parameter) for tensor in tensors)


def wide_dtype(tensor: Tensor) -> torch.dtype:
    """What numbers of whole rows are kept in: float64, where a device has it."""
    return torch.float32 if tensor.device.type == "mps" else torch.float64


class Curve:
    """A Program of some inputs and the leaves of a loss, over tensors that broadcast to the shape of the first input.

    Differentiable any number of times.
    """

    def __init__(self, program: Program, inputs: Sequence[str], leaves: Sequence[str], backend: str) -> None:
        self._first = inputs[0] if inputs else None
        self.inputs = tuple(name for name in inputs if name in program.inputs)
        used = {*program.parameters, *needed_constants(program)}
        self._places = [place for place, name in enumerate(leaves) if name in used]
        names = (*self.inputs, *(leaves[place] for place in self._places))
        self.number = None if names else float(evaluate_exact(program, FIXED_CONSTANTS)[0])
        """The value, if there is nothing that it depends on."""
        if names:
            self._pointwise = Pointwise(program, names, get_backend(backend), FIXED_CONSTANTS)
            # Made beforehand: torch.compile would trace the making.
            self._traced = EagerKernel(plain_program(program, FIXED_CONSTANTS), names)

    def __call__(self, inputs: Mapping[str, Tensor], leaves: Sequence[Tensor]) -> Tensor:
        operands = [*[inputs[name] for name in self.inputs], *[leaves[place] for place in self._places]]
        if self.number is not None:
            found = torch.full((), self.number, dtype=torch.float64)
        elif _is_traced():
            (found,) = self._traced(*in_dtype(computed_dtype(operands), operands))
        else:
            (found,) = self._pointwise.apply(operands)
        if self._first is None:
            return found
        first = inputs[self._first]
        if self._first in self.inputs:
            return found
        # It has the shape of what it does not depend on, and a derivative by it: 0.
        return torch.where(torch.ones_like(first, dtype=torch.bool), found.to(first.device, first.dtype), first)


class Softmax:
    """What rows of logits lose: each the sum over its outputs, which a softmax makes probabilities of.

    Args:
        e: a loss of y and p.
        label_smoothing: of class indices: the class has the target 1 - label_smoothing + label_smoothing/C, with C
            outputs, every other output label_smoothing/C.
        backend: what runs the curves.

    Logits are float32 or float64, with the classes in dimension 1; losses are one number a row, in float64.
    """

    def __init__(self, e: Expression, label_smoothing: float, backend: str) -> None:
        found = curves(e)
        self.leaves = found.leaves
        self.label_smoothing = label_smoothing
        self.is_sparse = found.is_sparse and not label_smoothing
        inputs = (LOG_P, LOG_Q, TARGET)
        own, other = (found.any, found.any) if label_smoothing else (found.target, found.other)
        self._any = Curve(found.any, inputs, found.leaves, backend)
        self._own = Curve(shared(stabilise(by_logit(own))), (LOGIT, TARGET), found.leaves, backend)
        self._other = Curve(other, () if self.is_sparse else inputs, found.leaves, backend)

    def of_classes(
        self, logits: Tensor, classes: Tensor, is_ignored: Tensor, leaves: Sequence[Tensor], weight: Tensor | None
    ) -> Tensor:
        """For targets that are classes, (N, ...); rows that are ignored lose nothing."""
        odds = torch.where(is_ignored, 0.0, log_odds(logits, classes))
        smoothing = self.label_smoothing / logits.shape[1]
        rows = self._own({LOGIT: odds, TARGET: _filled(odds, 1 - self.label_smoothing + smoothing)}, leaves)
        own_weight = None if weight is None else weight.to(rows.dtype)[classes]
        if own_weight is not None:
            rows = rows * own_weight
        if not self.is_sparse:
            rows = rows + self._of_others(logits, classes, is_ignored, leaves, weight)
        elif self._other.number != 0:
            others = logits.shape[1] - 1 if own_weight is None or weight is None else weight.sum() - own_weight
            rows = rows + others * self._other({}, leaves)
        return torch.where(is_ignored, 0.0, rows)

    def _of_others(
        self, logits: Tensor, classes: Tensor, is_ignored: Tensor, leaves: Sequence[Tensor], weight: Tensor | None
    ) -> Tensor:
        """What the outputs that are not the class lose."""
        skipped = _marked(logits, classes) | is_ignored.unsqueeze(1)
        logs = log_probabilities(logits, self._other.inputs)
        inputs = {name: log.masked_fill(skipped, HARMLESS) for name, log in logs.items()}
        inputs[TARGET] = _filled(logits, self.label_smoothing / logits.shape[1])
        return _total(self._other(inputs, leaves).masked_fill(skipped, 0.0), weight)

    def of_targets(
        self, logits: Tensor, targets: Tensor | None, leaves: Sequence[Tensor], weight: Tensor | None
    ) -> Tensor:
        """For targets that have a number for every output, (N, C, ...), smoothed, or for losses that need none."""
        inputs = log_probabilities(logits, self._any.inputs)
        if targets is not None:
            inputs[TARGET] = targets
        return _total(self._any(inputs, leaves), weight)


class Sigmoid:
    """What rows of logits lose: each the sum over its outputs, every one a probability of its own by a sigmoid.

    Args:
        e: a loss of y and p, or the logit z.
        backend: what runs the loss.

    Logits are float32 or float64, (N, C, ...) or (N,); losses are one number a row, in float64.
    """

    def __init__(self, e: Expression, backend: str) -> None:
        program = shared(stabilise(by_logit(by_log_probability(e.program))))
        self.leaves = (*e.parameters, *needed_constants(program))
        self._any = Curve(program, (LOGIT, TARGET), self.leaves, backend)

    def of_targets(
        self, logits: Tensor, targets: Tensor | None, leaves: Sequence[Tensor], weight: Tensor | None
    ) -> Tensor:
        """For targets of the shape of the logits, or for losses that need none."""
        inputs = {LOGIT: logits} if targets is None else {LOGIT: logits, TARGET: targets}
        shares = self._any(inputs, leaves)
        return shares.to(wide_dtype(logits)) if logits.dim() < 2 else _total(shares, weight)


def smoothed(targets: Tensor, label_smoothing: float, classes: int) -> Tensor:
    """Targets with a share of them spread evenly over the classes."""
    return targets * (1 - label_smoothing) + label_smoothing / classes if label_smoothing else targets


def _total(shares: Tensor, weight: Tensor | None) -> Tensor:
    """The sum over dimension 1, each output counting as its weight says."""
    if weight is not None:
        shares = shares * weight.to(shares.dtype).reshape(-1, *(1,) * (shares.dim() - 2))
    return shares.sum(1, dtype=wide_dtype(shares))


def _marked(logits: Tensor, classes: Tensor) -> Tensor:
    """One output of every row, as a mask."""
    return torch.zeros_like(logits, dtype=torch.bool).scatter(1, classes.unsqueeze(1), True)


def _filled(like: Tensor, value: float) -> Tensor:
    return torch.full((), value, dtype=like.dtype, device=like.device)
