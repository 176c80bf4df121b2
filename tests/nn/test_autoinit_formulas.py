"""Mean and variance through layers: stacks of the literature, the corrections, and simulations."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from symkit.analysis import moments
from symkit.nn.initialization import formulas
from symkit.nn.initialization.formulas import MeanVariance

FACTS = json.loads((Path(__file__).parents[1] / "data" / "autoinit.json").read_text())
X, Y, Z = MeanVariance(0.7, 1.3), MeanVariance(-1.1, 0.4), MeanVariance(2.0, 0.25)
SAMPLES = 200_000
EXACT = 1e-10


def follow(x: MeanVariance, kind: str, *settings: Any) -> MeanVariance:
    """One layer of a stack."""
    first = settings[0]
    if kind in ("linear", "conv"):
        return formulas.weighted(first, *x, formulas.weight_std(first, *x))
    if kind == "act":
        found = moments(first, mean=x.mean, variance=x.variance)
        assert found.mean is not None
        assert found.variance is not None
        return MeanVariance(found.mean, found.variance)
    others = [MeanVariance(*pair) for pair in first] if isinstance(first, list) else []
    layers: dict[str, Callable[[], MeanVariance]] = {
        "dropout_inverted": lambda: formulas.dropout(x, first),
        "dropout_unscaled": lambda: formulas.unscaled_dropout(x, first),
        "zeropad": lambda: formulas.zero_padded(x, first),
        "add": lambda: formulas.added([x, *others]),
        "multiply": lambda: formulas.multiplied([x, *others]),
        "concat": lambda: formulas.concatenated([x, *others], settings[1]),
    }
    return layers[kind]()


@pytest.mark.parametrize("stack", FACTS["stacks"], ids=lambda stack: stack["id"])
def test_stacks_of_layers(stack: dict[str, Any]) -> None:
    x = MeanVariance(stack["mean"], stack["variance"])
    for layer in stack["layers"]:
        if "weight_std" in layer:
            std = formulas.weight_std(layer["layer"][1], *x)
            assert std == pytest.approx(layer["weight_std"], rel=EXACT)
            assert formulas.uniform_limit(layer["layer"][1], *x) == pytest.approx(np.sqrt(3) * std)
        x = follow(x, *layer["layer"])
        assert x == pytest.approx((layer["mean"], layer["variance"]), rel=EXACT, abs=EXACT)
        if "printed_variance" in layer:
            assert x.variance > 1.03 * layer["printed_variance"]


@pytest.mark.parametrize("entry", [c for c in FACTS["corrections"] if "mu" in c], ids=lambda entry: entry["equation"])
def test_corrections(entry: dict[str, Any]) -> None:
    formula = {"5.11": formulas.unscaled_dropout, "5.12": formulas.dropout, "5.24": formulas.zero_padded}
    rate = entry["z" if "z" in entry else "rate"]
    found = formula[entry["equation"]](MeanVariance(entry["mu"], entry["nu"]), rate)
    assert found.variance == pytest.approx(entry["correct"])
    assert found.variance == pytest.approx(entry["monte_carlo"], rel=2e-3)
    assert found.variance != pytest.approx(entry["printed"], rel=0.1)


def draw(x: MeanVariance, *shape: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(round(1000 * x.mean) + 2000)
    noise = torch.randn(*shape, generator=generator, dtype=torch.float64)
    return noise * math.sqrt(x.variance) + x.mean


SIMULATED: dict[str, tuple[Callable[[], MeanVariance], Callable[[], torch.Tensor]]] = {
    "dropout": (
        lambda: formulas.dropout(X, 0.3),
        lambda: torch.nn.functional.dropout(draw(X, SAMPLES), 0.3),
    ),
    "feature dropout": (
        lambda: formulas.dropout(X, 0.3),
        lambda: torch.nn.functional.dropout2d(draw(X, SAMPLES, 1, 1, 1), 0.3),
    ),
    "alpha dropout": (
        lambda: formulas.alpha_dropout(X, 0.3),
        lambda: torch.nn.functional.alpha_dropout(draw(X, SAMPLES), 0.3, training=True),
    ),
    "feature alpha dropout": (
        lambda: formulas.alpha_dropout(Z, 0.1),
        lambda: torch.nn.functional.feature_alpha_dropout(draw(Z, SAMPLES, 1, 1), 0.1, training=True),
    ),
    "average pooling": (
        lambda: formulas.mean_of(X, 9),
        lambda: torch.nn.functional.avg_pool2d(draw(X, SAMPLES // 4, 1, 3, 3), 3),
    ),
    "mean, correlated": (
        lambda: formulas.mean_of(X, 5, 0.8),
        lambda: (draw(MeanVariance(0.7, 0.5), SAMPLES, 5) + draw(MeanVariance(0.0, 0.8), SAMPLES, 1)).mean(1),
    ),
    "sum, correlated": (
        lambda: formulas.sum_of(X, 5, 0.8),
        lambda: (draw(MeanVariance(0.7, 0.5), SAMPLES, 5) + draw(MeanVariance(0.0, 0.8), SAMPLES, 1)).sum(1),
    ),
    "add": (lambda: formulas.added([X, Y, Z]), lambda: draw(X, SAMPLES) + draw(Y, SAMPLES) + draw(Z, SAMPLES)),
    "average": (
        lambda: formulas.averaged([X, Y, Z]),
        lambda: (draw(X, SAMPLES) + draw(Y, SAMPLES) + draw(Z, SAMPLES)) / 3,
    ),
    "subtract": (lambda: formulas.subtracted([X, Y]), lambda: draw(X, SAMPLES) - draw(Y, SAMPLES)),
    "multiply": (
        lambda: formulas.multiplied([X, Y, Z]),
        lambda: draw(X, SAMPLES) * draw(Y, SAMPLES) * draw(Z, SAMPLES),
    ),
    "concatenate": (
        lambda: formulas.concatenated([X, Y], [1, 3]),
        lambda: torch.cat([draw(X, SAMPLES), draw(Y, 3 * SAMPLES)]),
    ),
    "matmul": (
        lambda: formulas.matmul(X, Y, 7),
        lambda: draw(X, SAMPLES, 1, 7) @ draw(Y, SAMPLES, 7, 1),
    ),
    "kept weights": (
        lambda: formulas.weighted(7, *Y, std=0.5, weight_mean=0.2),
        lambda: draw(MeanVariance(0.2, 0.25), SAMPLES, 1, 7) @ draw(Y, SAMPLES, 7, 1),
    ),
    "padding": (
        lambda: formulas.zero_padded(X, 1 - 9 / 25),
        lambda: torch.nn.functional.pad(draw(X, SAMPLES // 4, 3, 3), (1, 1, 1, 1)),
    ),
}


@pytest.mark.parametrize("name", SIMULATED)
def test_simulated(name: str) -> None:
    formula, simulate = SIMULATED[name]
    torch.manual_seed(1)
    entries = simulate().flatten()
    expected = formula()
    spread = entries.std().item()
    fourth = ((entries - entries.mean()) ** 4).mean().item()
    # Entries of one sample are not independent in every layer, and those of padding are not random.
    assert expected.mean == pytest.approx(entries.mean().item(), abs=5 * spread / np.sqrt(SAMPLES))
    assert expected.variance == pytest.approx(spread**2, abs=5 * np.sqrt(fourth / SAMPLES) + 1e-12)


def test_alpha_dropout_keeps_standard_entries() -> None:
    assert formulas.alpha_dropout(MeanVariance(0.0, 1.0), 0.37) == pytest.approx((0.0, 1.0), abs=1e-14)


def test_all_is_dropped() -> None:
    assert formulas.dropout(X, 1.0) == formulas.alpha_dropout(X, 1.0) == (0.0, 0.0)
    assert torch.nn.functional.dropout(torch.ones(3), 1.0).tolist() == [0.0] * 3


def test_equal_entries_average_to_themselves() -> None:
    assert formulas.mean_of(X, 49, X.variance) == X
    assert formulas.concatenated([X, X], [3, 4]) == pytest.approx(X)


def test_a_target_variance() -> None:
    std = formulas.weight_std(50, *X, target=0.3)
    assert formulas.weighted(50, *X, std) == pytest.approx((0.0, 0.3))


def test_products_of_large_means_keep_their_digits() -> None:
    x = MeanVariance(1e8, 1e-6)
    assert formulas.multiplied([x, x]).variance == pytest.approx(2e10, rel=1e-12)
    assert formulas.concatenated([x, x], [1, 1]).variance == pytest.approx(1e-6, rel=1e-12)
