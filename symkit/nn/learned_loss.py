"""What a meta-learner may rely on in a loss that it learns."""

from __future__ import annotations

from collections.abc import Iterator
from operator import index
from random import Random
from typing import Protocol, TypeAlias, runtime_checkable

import numpy as np
from torch import Tensor, nn

from symkit.errors import DomainError

Chance: TypeAlias = int | Random | np.random.Generator
"""Where chance comes from: a seed, which gives the same each time, or a generator, which moves on."""


@runtime_checkable
class LearnedLoss(Protocol):
    """A loss whose parameters are what is meta-learned: the phi of R section 3.2.4.

    `LossNetwork`, `NeuralLoss`, and any `Loss` whose formula has parameters are such losses: torch modules with these
    habits, on which a meta-learner may rely.

    - `loss(input, target)` takes the prediction first and gives a scalar, or a tensor with reduction "none".
    - `named_parameters()` are phi, all of them and nothing else.
    - It keeps nothing between calls, so `torch.func.functional_call(loss, phi, (input, target))` is the loss with other
      parameters, differentiable by these too.
    - It can be differentiated any number of times by input and phi. A step of a base learner that is recorded, with
      `torch.autograd.grad(loss(...), theta, create_graph=True)`, passes gradients of what comes after on to phi
      (R equations 3.5 to 3.9, unrolled differentiation).
    - `reset_parameters()` brings back the parameters that it began with.
    """

    link: str
    reduction: str

    def __call__(self, input: Tensor, target: Tensor) -> Tensor: ...

    def named_parameters(self) -> Iterator[tuple[str, nn.Parameter]]: ...

    def reset_parameters(self) -> None: ...


def chance(rng: Chance) -> Random:
    """The source of chance that an argument `rng` names.

    Raises:
        DomainError: for what is neither a whole number nor a generator.
    """
    if isinstance(rng, Random):
        return rng
    if isinstance(rng, np.random.Generator):
        return Random(int(rng.integers(2**63)))
    try:
        return Random(index(rng))
    except TypeError:
        allowed = "an int, as a seed, a random.Random or a numpy.random.Generator"
        raise DomainError(f"rng must be {allowed}, not {rng!r}") from None
