"""LossNetwork: weights that are drawn, kept, learnt and printed back as numbers."""

from __future__ import annotations

import copy
import math
import pickle
import statistics
from random import Random
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

import symkit
from symkit.errors import DomainError
from symkit.nn.curves import curves
from symkit.nn.loss import Loss
from symkit.nn.loss_network import LossNetwork, loss_network

LOSSES = [
    "(y - p)**2",
    "sqrt(abs(aq(tanh(y - p), y)) + 1) + square(p - y)*max(y, p)",
    "softplus(z) - y*z",
    "where(abs(y - p) < 1, 0.5*(y - p)**2, abs(y - p) - 0.5)",
    "f(y, p; a = 0.3, C = 4) = log_abs_eps(a*y - 1)*sign(p)/C",
]


def pair(dtype: torch.dtype = torch.float32) -> tuple[Tensor, Tensor]:
    return torch.randn(6, 3, dtype=dtype), torch.randn(6, 3, dtype=dtype)


def stirred(network: LossNetwork) -> LossNetwork:
    """The network with parameters that no draw would give."""
    with torch.no_grad():
        for i, parameter in enumerate(network.parameters()):
            parameter.copy_(torch.randn(()) if i % 3 else 1.0)
    return network


@pytest.mark.parametrize("text", LOSSES)
def test_it_is_the_formula_with_weights_near_one(text: str) -> None:
    input, target = pair()
    network = loss_network(text)
    names = [f"w{i}" for i in range(len(network.weights))]
    assert list(network.weights) == names
    assert {name for name, _ in network.named_parameters()} == {*names, *symkit.parse(text).parameters}
    assert all(0 < abs(network.values()[name].item() - 1) < 6e-3 for name in names)
    plain = Loss(text)(input, target)
    assert network(input, target).item() == pytest.approx(plain.item(), rel=0.1)
    unit = loss_network(text, std=0.0)
    torch.testing.assert_close(unit(input, target), plain)


@pytest.mark.parametrize("text", LOSSES)
def test_the_formula_reads_back_with_the_same_values(text: str, backend: str) -> None:
    input, target = pair()
    network = stirred(loss_network(text, backend=backend, reduction="none"))
    formula = network.formula()
    assert not formula.parameters
    assert symkit.parse(str(formula)) == formula
    again = Loss(str(formula), backend=backend, reduction="none")
    torch.testing.assert_close(again(input, target), network(input, target), equal_nan=True)


def test_kernels_give_the_formula_to_the_last_bit() -> None:
    input, target = pair()
    network = stirred(loss_network("tanh(y - p)*max(y*p, p)", reduction="none"))
    assert torch.equal(Loss(network.formula(), reduction="none")(input, target), network(input, target))


def test_numbers_are_the_shortest_of_the_dtype() -> None:
    init: dict[str, float | Tensor] = {"w0": 0.1, "w1": 1.0, "w2": -1 / 3}
    assert str(loss_network("(y - p)**2", init=init).formula()) == "(0.1*(y - -0.33333334*p))**2"
    precise = loss_network("(y - p)**2", init=init, dtype=torch.float64)
    assert str(precise.formula()) == "(0.1*(y - -0.3333333333333333*p))**2"
    assert precise(*pair(torch.float64)).dtype == torch.float64
    assert str(precise.formula(digits=2)) == "(0.1*(y - -0.33*p))**2"
    coarse = loss_network("(y - p)**2", init=init).bfloat16()
    assert str(coarse.formula()) == "(0.100097656*(y - -0.33398438*p))**2"


def test_what_rounds_to_one_leaves_no_trace() -> None:
    assert str(loss_network("abs(y - p) + a*1").formula(digits=2)) == "abs(y - p) + 1*1"
    assert str(loss_network("(y - p)**2", std=0.0).formula()) == "(y - p)**2"


def test_weights_that_have_diverged_have_no_formula() -> None:
    network = loss_network("(y - p)**2")
    with torch.no_grad():
        network.w1.copy_(torch.tensor(math.nan))
    with pytest.raises(DomainError, match="w1 is nan"):
        network.formula()
    network.reset_parameters()
    assert str(network.formula(2)) == "(y - p)**2"


def drawn(**settings: Any) -> list[float]:
    network = loss_network("tanh(y*p)*tanh(y - p)", **settings)
    return [parameter.item() for parameter in network.parameters()]


def test_a_seed_gives_the_same_weights() -> None:
    assert drawn() == drawn(rng=0) == drawn(rng=Random(0))
    assert drawn(rng=1) != drawn(rng=0)
    assert drawn(rng=np.random.default_rng(3)) == drawn(rng=np.random.default_rng(3))
    assert drawn(rng=np.int64(1)) == drawn(rng=1)


def test_a_generator_moves_on() -> None:
    for rng in (Random(0), np.random.default_rng(0)):
        assert drawn(rng=rng) != drawn(rng=rng)


def test_weights_have_the_deviation_asked_for() -> None:
    for std in (1e-3, 0.2):
        found = [value for seed in range(150) for value in drawn(rng=seed, std=std)]
        assert statistics.mean(found) == pytest.approx(1.0, abs=0.15 * std)
        assert statistics.stdev(found) == pytest.approx(std, rel=0.1)


def test_resetting_brings_the_weights_back() -> None:
    network = loss_network("(y - a*p)**2", rng=5, init={"a": 2.0})
    before = {name: tensor.clone() for name, tensor in network.values().items()}
    stirred(network).reset_parameters()
    assert network.values() == before
    assert network.values()["a"].item() == 2.0


def test_names_of_the_formula_are_left_alone() -> None:
    network = loss_network("f(y, p; w1 = 3, reduction = 2) = w1*y - reduction*p")
    assert network.weights == ("w0", "w2", "w3", "w4", "w5", "w6")
    assert network.values()["w1"].item() == 3.0
    assert network.values()["reduction"].item() == 2.0
    assert str(network.formula(2)) == "3*y - 2*p"


def test_any_weights_leave_a_nonnegative_loss() -> None:
    input, target = pair()
    for text, source in [
        ("(y - p)**2", "(y - p)**2"),
        ("y**2 + p**2", "softplus(y**2 + p**2)"),
        ("y - p", "softplus(y - p)"),
    ]:
        network = stirred(loss_network(text, nonnegative=True, reduction="none"))
        assert str(network.source) == source
        assert (network(input, target) >= 0).all()
        assert loss_network(text).source == symkit.parse(text)


def test_an_enforced_loss_becomes_a_network() -> None:
    network = loss_network(symkit.enforce("y*y - 1", rng=0))
    assert {"y", "p"} <= set(network.expression.program.inputs)
    assert (network(*pair()) >= 0).all()


def test_it_is_a_loss_like_others() -> None:
    input, target = pair()
    network = stirred(loss_network("(y - p)**2 + a", reduction="sum"))
    assert network(input, target).item() == pytest.approx(Loss(network.formula())(input, target).item() * 18, rel=1e-5)
    fixed = loss_network("(y - p)**2", learnable=False)
    assert not list(fixed.parameters())
    assert len(list(fixed.buffers())) == 3
    assert repr(network) == "LossNetwork('(y - p)**2 + a', weights=5, reduction='sum')"


@pytest.mark.parametrize("link", ["softmax", "sigmoid"])
def test_links_come_along(link: str, backend: str) -> None:
    logits, classes = torch.randn(6, 4), torch.arange(6) % 4
    one_hot = torch.nn.functional.one_hot(classes, 4).float()
    network = stirred(loss_network("aq(y - p, 2)*(y - p)", link=link, reduction="none", backend=backend))
    p = logits.softmax(1) if link == "softmax" else logits.sigmoid()
    elementwise = Loss(network.formula(), reduction="none")(p, one_hot)
    target = classes if link == "softmax" else one_hot
    torch.testing.assert_close(network(logits, target), elementwise.sum(1))
    again = Loss(network.formula(), link=link, reduction="none", backend=backend)
    torch.testing.assert_close(again(logits, target), network(logits, target))
    assert f"link={link!r}" in repr(network)


def test_cross_entropy_with_weights_looks_at_the_class_alone() -> None:
    """Other outputs have y = 0, which no weight changes; and no probability is rounded to 0."""
    network = stirred(loss_network("-y*log(p)", link="softmax", reduction="none", init={"w3": 1.0}))
    assert curves(network.expression).is_sparse
    w = network.values()
    with torch.no_grad():
        w["w3"].fill_(1.0)
    found = network(torch.tensor([[0.0, 200.0]]), torch.tensor([0]))
    torch.testing.assert_close(found, w["w0"] * w["w1"] * w["w2"] * torch.tensor([200.0]))


def test_it_is_copied_pickled_and_loaded() -> None:
    input, target = pair()
    network = stirred(loss_network("(y - p)**2"))
    other = loss_network("(y - p)**2", rng=9)
    other.load_state_dict(network.state_dict())
    for same in (copy.deepcopy(network), pickle.loads(pickle.dumps(network)), other):
        assert torch.equal(same(input, target), network(input, target))
        assert same.formula() == network.formula()


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(DomainError, match="no edge"):
        loss_network("p")
    with pytest.raises(DomainError, match="0 or more"):
        loss_network("y - p", std=-1.0)
    with pytest.raises(DomainError, match="0 or more"):
        loss_network("y - p", std=math.nan)
    wrong: Any = "seed"
    with pytest.raises(DomainError, match="rng must be an int"):
        loss_network("y - p", rng=wrong)
    with pytest.raises(DomainError, match="reduction"):
        loss_network("y - p", reduction="average")
    with pytest.raises(DomainError, match="loss"):
        loss_network(symkit.parse("x*2"))
