"""LossNetwork: a formula of a loss with a learnable weight on every edge."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch

from symkit.checking.enforce import is_nonnegative
from symkit.errors import DomainError
from symkit.ir import ProgramBuilder
from symkit.nn.learned_loss import Chance, chance
from symkit.nn.loss import Loss
from symkit.nn.module import expression_of
from symkit.text import Expression
from symkit.transform import weighted, with_numbers


def loss_network(e: Expression | str, **settings: Any) -> LossNetwork:
    """The loss network of a formula; arguments are those of `LossNetwork`."""
    return LossNetwork(e, **settings)


class LossNetwork(Loss):
    """A loss whose graph has a learnable weight on every edge (R section 3.2.3, algorithm 2, figure 3.3).

    The module is the `Loss` of `symkit.transform.weighted(e)`, so it is one kernel like any other formula, and
    prints and exports like one. See `weighted` for which edges there are. It is a `LearnedLoss`.

    Args:
        e: a loss in `y` (target) and `p` (prediction), or its text.
        rng: what the weights are drawn with: a seed, which gives the same weights each time, or a random.Random or
            numpy.random.Generator, which moves on.
        std: standard deviation of the weights about 1. The source writes N(1, 1e-3) and says that the small variance
            is to break symmetry; 1e-3 is read as the deviation. 0 gives the formula itself.
        nonnegative: pass the result through softplus (R section 3.2.2, non-negative output constraint), unless interval
            arithmetic proves that no weights at all can make it negative. Softplus is then part of the formula, and the
            edge into it has a weight too.
        settings: those of `Loss`, such as `link`, `reduction` and `init`. Parameters of the formula itself are learnt
            along with the weights.

    Attributes:
        source: the formula without weights.
        weights: names of the weights in `expression`, in the order in which it shows them.

    Shape:
        As for `Loss`. Weights are scalars.

    Raises:
        DomainError: for a formula without an edge to weight, such as `p`; for a deviation that is negative or not
            finite; for another rng; and see `Loss`.
    """

    def __init__(
        self,
        e: Expression | str,
        *,
        rng: Chance = 0,
        std: float = 1e-3,
        nonnegative: bool = False,
        **settings: Any,
    ) -> None:
        if not (math.isfinite(std) and std >= 0):
            raise DomainError(f"std is a standard deviation, 0 or more, not {std!r}")
        source = expression_of(e, "loss")
        if nonnegative and not is_nonnegative(weighted(source)):
            source = _through_softplus(source)
        network = weighted(source)
        weights = tuple(name for name in network.parameters if name not in source.parameters)
        if not weights:
            raise DomainError(f"{source} has no edge to put a weight on; give a loss that applies an operator")
        draw = chance(rng).normalvariate
        super().__init__(network.with_values({name: _shortest(draw(1.0, std)) for name in weights}), **settings)
        self.source = source
        self.weights = weights

    def formula(self, digits: int | None = None) -> Expression:
        """What has been learnt, as a formula with numbers in place of weights and parameters.

        Weights that are exactly 1 leave no trace. The formula prints, reads back equal, and with the module's settings
        has the module's values: each number is the shortest that gives the parameter again in its dtype.

        Args:
            digits: significant digits that numbers are rounded to.

        Raises:
            DomainError: for a weight that is not finite, as after a meta-step that was too long.
        """
        values: dict[str, float] = {}
        for name, tensor in self.values().items():
            value = tensor.item()
            if not math.isfinite(value):
                raise DomainError(f"{name} is {value}, which no formula can hold; reset_parameters() starts again")
            exact = value if tensor.dtype == torch.float64 else _shortest(value)
            values[name] = exact if digits is None else float(f"{exact:.{digits}g}")
        return with_numbers(self.expression, values, self.weights)

    def extra_repr(self) -> str:
        return ", ".join([repr(str(self.source)), f"weights={len(self.weights)}", *self.loss_function.described()])


def _through_softplus(loss: Expression) -> Expression:
    builder = ProgramBuilder(loss.table)
    root = builder.include(loss.program)[loss.program.root]
    return loss.with_program(builder.build([builder.named("softplus", (root,))]))


def _shortest(value: float) -> float:
    """The number with the fewest digits that is the same in float32."""
    return float(str(np.float32(value)))
