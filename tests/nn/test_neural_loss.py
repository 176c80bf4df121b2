"""NeuralLoss: the networks of ML3 and AdaLFL, output by output, under every link."""

from __future__ import annotations

import math
from random import Random
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from symkit.errors import DomainError
from symkit.nn.neural_loss import NeuralLoss


def smooth_leaky_relu(x: Tensor) -> Tensor:
    """R equation 5.7 with gamma = 0.01 and beta = 10."""
    return nn.functional.softplus(x, beta=10) * (1 - 0.01) + 0.01 * x


PUBLISHED = [
    (NeuralLoss.ml3, torch.relu, nn.functional.softplus),
    (NeuralLoss.adalfl, smooth_leaky_relu, smooth_leaky_relu),
]


@pytest.mark.parametrize(("make", "activation", "output"), PUBLISHED, ids=["ml3", "adalfl"])
def test_it_is_the_network_of_the_source(make: Any, activation: Any, output: Any, backend: str) -> None:
    loss = make(backend=backend, reduction="none")
    first, second, last = (layer for layer in loss.layers if isinstance(layer, nn.Linear))
    assert [tuple(layer.weight.shape) for layer in (first, second, last)] == [(40, 2), (40, 40), (1, 40)]
    assert len(list(loss.parameters())) == 6
    input, target = torch.randn(5, 3), torch.randn(5, 3)
    for i, j in np.ndindex(5, 3):
        pair = torch.stack((target[i, j], input[i, j]))
        expected = output(last(activation(second(activation(first(pair))))))
        torch.testing.assert_close(loss(input, target)[i, j], expected.squeeze())


def test_ml3_is_never_negative_and_adalfl_may_be() -> None:
    input, target = torch.randn(200) * 100, torch.randn(200)
    lowest = [
        min(make(rng=seed, reduction="none")(input, target).min().item() for seed in range(5))
        for make in (NeuralLoss.ml3, NeuralLoss.adalfl)
    ]
    assert lowest[0] >= 0
    assert lowest[1] < 0


def test_a_softmax_gives_rows_the_mean_over_their_outputs() -> None:
    logits, classes = torch.randn(6, 4), torch.tensor([0, 3, 1, 1, 2, 0])
    plain = NeuralLoss.adalfl(reduction="none")
    rows = plain(logits.softmax(1), nn.functional.one_hot(classes, 4)).mean(1)
    for targets in (
        classes,
        classes.int(),
        nn.functional.one_hot(classes, 4),
        nn.functional.one_hot(classes, 4).float(),
    ):
        torch.testing.assert_close(NeuralLoss.adalfl(link="softmax", reduction="none")(logits, targets), rows)
    torch.testing.assert_close(NeuralLoss.adalfl(link="softmax")(logits, classes), rows.mean())
    torch.testing.assert_close(NeuralLoss.adalfl(link="softmax", reduction="sum")(logits, classes), rows.sum())
    one = NeuralLoss.adalfl(link="softmax", reduction="none")(logits[0], classes[0])
    torch.testing.assert_close(one, rows[0])


def test_soft_targets_and_pixels() -> None:
    logits, classes = torch.randn(2, 4, 3, 5), torch.randint(4, (2, 3, 5))
    loss = NeuralLoss.ml3(link="softmax", reduction="none")
    found = loss(logits, classes)
    assert found.shape == (2, 3, 5)
    torch.testing.assert_close(found[1, 2, 4], loss(logits[1, :, 2, 4], classes[1, 2, 4]))
    soft = torch.rand(2, 4, 3, 5)
    plain = NeuralLoss.ml3(reduction="none")
    torch.testing.assert_close(loss(logits, soft), plain(logits.softmax(1), soft).mean(1))


def test_ignored_rows_do_not_count() -> None:
    logits, classes = torch.randn(6, 4, requires_grad=True), torch.tensor([0, -100, 1, -100, 2, 0])
    counted = [0, 2, 4, 5]
    loss = NeuralLoss.ml3(link="softmax")
    found = loss(logits, classes)
    torch.testing.assert_close(found, loss(logits[counted], classes[counted]))
    (gradient,) = torch.autograd.grad(found, logits)
    assert (gradient[[1, 3]] == 0).all()
    assert (gradient[counted] != 0).any(1).all()
    other = NeuralLoss.ml3(link="softmax", ignore_index=7, reduction="none")
    assert other(logits, torch.tensor([7, 0, 1, 2, 3, 0]))[0] == 0


def test_a_sigmoid_takes_every_output_by_itself() -> None:
    logits, target = torch.randn(6, 4), torch.randint(2, (6, 4))
    plain = NeuralLoss.adalfl(reduction="none")
    expected = plain(logits.sigmoid(), target)
    torch.testing.assert_close(NeuralLoss.adalfl(link="sigmoid", reduction="none")(logits, target), expected.mean(1))
    torch.testing.assert_close(NeuralLoss.adalfl(link="sigmoid")(logits, target), expected.mean())
    torch.testing.assert_close(
        NeuralLoss.adalfl(link="sigmoid", reduction="none")(logits[:, 0], target[:, 0]), expected[:, 0]
    )


def parameters(**settings: Any) -> Tensor:
    return nn.utils.parameters_to_vector(NeuralLoss.ml3(**settings).parameters())


def test_a_seed_gives_the_same_parameters_whatever_torch_has_drawn() -> None:
    torch.manual_seed(1)
    first = parameters()
    torch.manual_seed(2)
    assert torch.equal(first, parameters(rng=0))
    assert torch.equal(first, parameters(rng=Random(0)))
    assert not torch.equal(first, parameters(rng=1))
    rng = Random(0)
    assert not torch.equal(parameters(rng=rng), parameters(rng=rng))
    assert torch.equal(parameters(rng=np.random.default_rng(5)), parameters(rng=np.random.default_rng(5)))
    torch.manual_seed(2)
    before = torch.get_rng_state()
    parameters()
    assert torch.equal(torch.get_rng_state(), before)


def test_parameters_are_spread_as_those_of_torch() -> None:
    loss = NeuralLoss.ml3()
    for layer in loss.layers:
        if isinstance(layer, nn.Linear):
            bound = 1 / math.sqrt(layer.in_features)
            assert layer.weight.abs().max() <= bound
            assert layer.weight.abs().max() > 0.8 * bound
            assert layer.bias.abs().max() <= bound


def test_other_networks() -> None:
    loss = NeuralLoss("f(x; beta = 3) = x*sigmoid(beta*x)", "x**2", hidden=(8,), bias=False)
    assert [tuple(parameter.shape) for parameter in loss.parameters()] == [(8, 2), (), (1, 8)]
    assert loss.layers[1].values()["beta"].item() == 3.0
    loss(torch.randn(4), torch.randn(4)).backward()
    assert all(parameter.grad is not None and parameter.grad.ne(0).any() for parameter in loss.parameters())


def test_dtypes() -> None:
    input, target = torch.randn(4), torch.randn(4)
    expected = NeuralLoss.adalfl()(input, target)
    for dtype in (torch.bfloat16, torch.float16, torch.float64):
        found = NeuralLoss.adalfl()(input.to(dtype), target)
        assert found.dtype == dtype
        torch.testing.assert_close(found.float(), expected, rtol=0.02, atol=0.01)
    precise = NeuralLoss.adalfl(dtype=torch.float64)
    assert precise(input, target).dtype == torch.float32
    torch.testing.assert_close(precise(input, target), expected)
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(NeuralLoss.adalfl()(input, target), expected)


def test_what_does_not_fit_is_refused() -> None:
    for settings, said in [
        ({"hidden": ()}, "hidden"),
        ({"hidden": (4, 0)}, "hidden"),
        ({"link": "tanh"}, "link 'tanh' is not one of identity, softmax, sigmoid"),
        ({"reduction": "average"}, "reduction"),
        ({"rng": None}, "rng"),
    ]:
        with pytest.raises(DomainError, match=said):
            NeuralLoss.ml3(**settings)
    logits, missing = torch.randn(6, 4), None
    for link, input, target, said in [
        ("identity", logits, torch.randn(6), "shape of the input"),
        ("identity", logits, torch.randint(4, (6,)), "class indices"),
        ("identity", logits, missing, "the target is None"),
        ("softmax", logits, torch.tensor([0, 1, 2, 3, 4, 0]), "class index is 0 to 3"),
        ("softmax", logits, torch.randn(6), "class indices"),
        ("softmax", torch.tensor(1.0), torch.tensor(1), "one number"),
        ("sigmoid", logits, torch.randint(4, (6,)), "every output has a target"),
        ("identity", torch.tensor([1]), torch.tensor([1.0]), "int64"),
    ]:
        with pytest.raises(DomainError, match=said):
            NeuralLoss.ml3(link=link)(input, target)
