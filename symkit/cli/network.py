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

    For classes a loss of y and p gets softmax probabilities p, by way of the logits, so that none is rounded to 0 or 1;
    one of y and z gets the logits. It is summed over the classes, whose number is C unless the loss has a value for it,
    and averaged over the batch. Parameters of a loss stay at their initial values: a loss that may change itself is its
    own easiest way down.
    """
    if loss is None:
        return F.cross_entropy if task == "classification" else F.mse_loss
    if task == "regression":
        return Loss(loss, learnable=False, backend=backend)
    if "z" not in loss.inputs:
        return Loss(loss, link="softmax", learnable=False, backend=backend)
    of_logits = Loss(loss, link="sigmoid", learnable=False, backend=backend)

    def summed(logits: Tensor, classes: Tensor) -> Tensor:
        total: Tensor = of_logits(logits, F.one_hot(classes, logits.shape[1]).to(logits.dtype))
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
