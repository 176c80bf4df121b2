"""What an initialisation did, layer by layer."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class LayerReport:
    """One step of a network.

    Attributes:
        name: of the module that it is part of.
        kind: the function of torch, such as "conv2d", "relu" or "add".
        mean_in, variance_in: of the entries of its (first) input, predicted.
        mean, variance: of the entries of its output, predicted.
        weight_std: standard deviation that its weights were given, or None.
        assumption: what the prediction rests on beyond the section's, or "".
        certified: whether the prediction is proved for a normal input.
        measured_mean, measured_variance: of the entries of its output, on the way.
    """

    name: str
    kind: str
    mean_in: float
    variance_in: float
    mean: float
    variance: float
    weight_std: float | None = None
    assumption: str = ""
    certified: bool = True
    measured_mean: float | None = None
    measured_variance: float | None = None

    @property
    def is_unknown(self) -> bool:
        """Whether nothing was known of this step, so that its output was measured or sampled."""
        return self.assumption.startswith(UNKNOWN)


MODEL = "(model)"
"""What stands for the name of the model itself."""

UNKNOWN = "not known"
"""How the assumption begins for a step that no rule knows."""


@dataclass(frozen=True)
class InitReport:
    """What an initialisation did.

    Attributes:
        layers: in the order in which they ran.
        target: the wanted variance.
        distribution: that weights were drawn from.
        seed: of the weights.
        centred: names of the activations whose mean was taken off.
        untouched: names of parameters with two or more dimensions that no rule set.
    """

    layers: tuple[LayerReport, ...]
    target: float
    distribution: str
    seed: int
    centred: tuple[str, ...] = ()
    untouched: tuple[str, ...] = ()
    seconds: float = field(default=0.0, compare=False)

    @property
    def unknown(self) -> tuple[str, ...]:
        """Names of the steps that no rule knows."""
        return tuple(
            dict.fromkeys(f"{layer.name or MODEL} ({layer.kind})" for layer in self.layers if layer.is_unknown)
        )

    def to_dict(self) -> dict[str, Any]:
        """The attributes as JSON has them."""
        return {**asdict(self), "unknown": list(self.unknown)}

    def __str__(self) -> str:
        heads = ("layer", "kind", "mean in", "var in", "mean", "variance", "measured", "weight std", "assumption")
        rows = [heads, *(_row(layer) for layer in self.layers)]
        widths = [max(len(row[column]) for row in rows) for column in range(len(heads))]
        lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
        if self.unknown:
            lines.append(f"Not known, measured: {', '.join(self.unknown)}")
        if self.untouched:
            lines.append(f"Left as they were: {', '.join(self.untouched)}")
        return "\n".join(lines)


def _row(layer: LayerReport) -> tuple[str, ...]:
    numbers = (layer.mean_in, layer.variance_in, layer.mean, layer.variance, layer.measured_variance, layer.weight_std)
    cells = ["" if number is None else f"{number:.4g}" for number in numbers]
    return layer.name or MODEL, layer.kind, *cells, layer.assumption
