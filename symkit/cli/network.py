"""The network that functions are tried in, and what it is trained to make small."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from symkit.cli.data import Task
from symkit.nn import Activation, Loss
from symkit.text import Expression

Objective = Callable[[Tensor, Tensor], Tensor]
"""(outputs of the network, targets) -> the mean loss of a batch."""


@dataclass(frozen=True)
class Design:
    """The size of the network and how its functions are run.

    Attributes:
        width, depth: neurons in a hidden layer, and number of those.
        granularity, backend: as `nn.Activation` has them.
    """

    width: int = 64
    depth: int = 2
    granularity: str = "layer"
    backend: str = "auto"


def perceptron(inputs: int, outputs: int, activation: Expression, design: Design) -> nn.Sequential:
    """Linear layers with the activation, of its own parameters, after each but the last.

    Weights and biases are as torch makes them: uniform within 1/sqrt(fan_in), a gain of 1/sqrt(3) whatever the
    activation is.
    """
    layers: list[nn.Module] = []
    for layer in range(design.depth):
        layers.append(nn.Linear(inputs if layer == 0 else design.width, design.width))
        layers.append(
            Activation(
                activation,
                granularity=design.granularity,
                num_channels=design.width,
                shape=(design.width,),
                backend=design.backend,
            )
        )
    layers.append(nn.Linear(design.width, outputs))
    return nn.Sequential(*layers)


def objective(task: Task, loss: Expression | None, backend: str) -> Objective:
    """What training makes small: the loss, or cross-entropy or squared error if it is None.

    For classes a loss gets one-hot targets y and softmax probabilities p, or logits if it is written in z, and is
    summed over the classes. Nothing is clamped. Parameters of a loss stay at their initial values: a loss that may
    change itself is its own easiest way down.
    """
    if loss is None:
        return F.cross_entropy if task == "classification" else F.mse_loss
    module = Loss(loss, reduction="none", learnable=False, backend=backend)
    if task == "regression":
        return lambda outputs, targets: module(outputs, targets).mean()
    takes_logits = "z" in loss.inputs

    def summed(outputs: Tensor, targets: Tensor) -> Tensor:
        predictions = outputs if takes_logits else outputs.softmax(1)
        total: Tensor = module(predictions, F.one_hot(targets, outputs.shape[1]).to(outputs.dtype)).sum(1).mean()
        return total

    return summed


def learnt(network: nn.Sequential) -> dict[str, list[object]]:
    """Each learnable parameter by name: one value a hidden layer, or a list where a layer has several."""
    values: dict[str, list[object]] = {}
    for layer in network:
        if isinstance(layer, Activation):
            for name, sharing in layer.sharing.items():
                if sharing != "none":
                    values.setdefault(name, []).append(getattr(layer, layer.attributes[name]).tolist())
    return values


def score(task: Task, outputs: Tensor, targets: Tensor, scale: float) -> float:
    """Share of samples classified rightly, or root mean square error in the targets' own unit.

    A sample with an output that is no number is not classified rightly.
    """
    if task == "classification":
        right = (outputs.argmax(1) == targets) & outputs.isfinite().all(1)
        return float(right.double().mean())
    return float(torch.sqrt(F.mse_loss(outputs.double(), targets.double()))) * scale
