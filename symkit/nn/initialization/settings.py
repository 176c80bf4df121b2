"""What a user wants of an initialisation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Settings:
    """What the user wants.

    Attributes:
        variance: of the output of every layer of weights.
        distribution: of weights.
        center: whether means of activations are taken off.
        keep: whether weights stay as they are.
        calibrate: whether measurement corrects prediction, step by step, where they differ.
        overrides: by name of a module, other settings for the weights in it: "variance", "distribution", "keep".
    """

    variance: float = 1.0
    distribution: str = "truncated_normal"
    center: bool = False
    keep: bool = False
    calibrate: bool = True
    overrides: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def of(self, parameter: str) -> dict[str, Any]:
        """Those of a parameter: of the modules that it is in, the innermost counts."""
        found: dict[str, Any] = {"variance": self.variance, "distribution": self.distribution, "keep": self.keep}
        if self.overrides:
            parts = parameter.split(".")[:-1]
            for end in range(len(parts) + 1):
                found.update(self.overrides.get(".".join(parts[:end]), {}))
        return found
