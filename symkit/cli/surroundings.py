"""A network trained with a function, and the loss around it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from symkit.cli.data import Split
from symkit.cli.network import Objective
from symkit.cli.train import Contender, Plan, Run, Trained, reproducible
from symkit.errors import DomainError
from symkit.nn import Landscape
from symkit.nn import landscape as landscape_of


@dataclass(frozen=True)
class Look:
    """How far and how finely to look around, as `nn.landscape` has it; `seed` is that of training too."""

    steps: int = 25
    span: float = 1.0
    directions: int = 2
    seed: int = 0

    @property
    def points(self) -> int:
        """How often the loss is computed."""
        return self.steps if self.directions == 1 else self.steps**2


@dataclass(frozen=True)
class View:
    """What was trained with a contender, and the losses around it."""

    contender: Contender
    trained: Trained
    landscape: Landscape


def look_around(
    contender: Contender, data: Split, plan: Plan, look: Look, measure: Objective | None, advance: Callable[[], None]
) -> View:
    """Trains a network and computes a loss of the training part around it.

    Args:
        contender, data, plan: as `compare` has them.
        look: where to compute it.
        measure: the loss to compute; that of training if None.
        advance: called after each epoch and each point.

    Raises:
        DomainError: if training diverges, for then there is nothing to look around.
    """
    with reproducible():
        run = Run(contender, data, plan, look.seed)
        for _ in range(plan.epochs):
            for _ in run.epoch():
                pass
            advance()
        trained = run.result()
        if trained.diverged_at is not None:
            raise DomainError(
                f"training with {contender.text} diverged: the loss stopped being a finite number at step "
                f"{trained.diverged_at}, so there is no network to look around"
            )
        objective = contender.objective if measure is None else measure
        found = landscape_of(
            run.network,
            lambda: run.loss(objective),
            steps=look.steps,
            span=look.span,
            directions=look.directions,
            seed=look.seed,
            progress=advance,
        )
    return View(contender, trained, found)
