"""The picture of the page on AutoInit: a residual network without normalisation, initialised three ways."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn

from symkit.nn import autoinit
from symkit.reporting.init_plot import plot_init

DOCS = Path(__file__).resolve().parent
BLOCKS, WIDTH = 27, 32


class Block(nn.Module):
    """x and what two convolutions make of it, activations before them."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(WIDTH, WIDTH, 3, padding=1)
        self.second = nn.Conv2d(WIDTH, WIDTH, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.second(torch.relu(self.first(torch.relu(x))))


def network() -> nn.Sequential:
    """56 layers of weights."""
    blocks = [Block() for _ in range(BLOCKS)]
    return nn.Sequential(
        nn.Conv2d(3, WIDTH, 3, padding=1),
        *blocks,
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(WIDTH, 10),
    )


def main() -> None:
    """Writes the same bytes at every run, on one machine."""
    torch.manual_seed(0)
    model, images = network(), torch.zeros(32, 3, 16, 16)
    default = autoinit(model, images, keep=True)
    for module in model.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
    he = autoinit(model, images, keep=True)
    reports = {"He": he, "torch's default": default, "AutoInit": autoinit(model, images)}
    plot_init(reports, DOCS / "img" / "autoinit.svg")


if __name__ == "__main__":
    main()
