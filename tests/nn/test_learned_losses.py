"""What a meta-learner relies on, of every kind of loss that is learnt."""

from __future__ import annotations

import copy
import math
import pickle
from collections.abc import Callable
from typing import Any

import pytest
import torch
from sklearn.datasets import load_diabetes, load_digits
from torch import Tensor

from symkit.nn.learned_loss import LearnedLoss
from symkit.nn.loss import Loss
from symkit.nn.loss_network import loss_network
from symkit.nn.neural_loss import NeuralLoss

TAYLOR = "f(y, p; a = 0.1, b = 0.1, c = -0.1, d = 0) = a*p + b*p**2 + c*p*y + d*p**3"

KINDS: dict[str, Callable[..., Any]] = {
    "network": lambda **settings: loss_network("abs(y - p) + y*p", **settings),
    "ml3": NeuralLoss.ml3,
    "adalfl": NeuralLoss.adalfl,
    "formula": lambda **settings: Loss(TAYLOR, **settings),
}
kinds = pytest.mark.parametrize("kind", KINDS)

Theta = dict[str, Tensor]


def linear(inputs: int, outputs: int = 1, dtype: torch.dtype = torch.float32) -> Theta:
    """Where a linear base learner starts."""
    start = {"weight": torch.zeros(inputs, outputs, dtype=dtype), "bias": torch.zeros(outputs, dtype=dtype)}
    return {name: tensor.requires_grad_() for name, tensor in start.items()}


def predicted(theta: Theta, x: Tensor) -> Tensor:
    return x @ theta["weight"] + theta["bias"]


def stepped(theta: Theta, loss: Callable[[Tensor, Tensor], Tensor], x: Tensor, y: Tensor, lr: float) -> Theta:
    """One step of gradient descent by the learnt loss, R equation 3.5, which the loss's parameters get gradients by."""
    gradients = torch.autograd.grad(loss(predicted(theta, x), y), list(theta.values()), create_graph=True)
    return {name: old - lr * slope for (name, old), slope in zip(theta.items(), gradients, strict=True)}


def batch(dtype: torch.dtype = torch.float32) -> tuple[Tensor, Tensor]:
    x = torch.randn(12, 3, dtype=dtype)
    return x, (x.sum(1, keepdim=True) + 0.3 * torch.randn(12, 1, dtype=dtype)).tanh()


@kinds
def test_every_kind_is_a_learned_loss(kind: str) -> None:
    loss = KINDS[kind]()
    assert isinstance(loss, LearnedLoss)
    assert not isinstance(torch.nn.MSELoss(), LearnedLoss)
    before = copy.deepcopy(loss.state_dict())
    with torch.no_grad():
        for parameter in loss.parameters():
            parameter += 1
    loss.reset_parameters()
    torch.testing.assert_close(loss.state_dict(), before, rtol=0, atol=0)


@kinds
def test_meta_gradients_are_slopes_of_the_meta_objective(kind: str, backend: str) -> None:
    x, y = batch(torch.float64)
    check_slopes(KINDS[kind](dtype=torch.float64, backend=backend), x, y, y)


@kinds
@pytest.mark.parametrize("link", ["softmax", "sigmoid"])
def test_so_they_are_under_a_link(kind: str, link: str) -> None:
    x, _ = batch(torch.float64)
    classes = torch.arange(12) % 4
    one_hot = torch.nn.functional.one_hot(classes, 4).double()
    loss = KINDS[kind](dtype=torch.float64, link=link)
    check_slopes(loss, x, classes if link == "softmax" else one_hot, one_hot)


def check_slopes(loss: Any, x: Tensor, y: Tensor, aim: Tensor) -> None:
    """Gradients of what two steps lead to, against differences of it, one number of each parameter moved by itself."""

    def objective() -> Tensor:
        theta = stepped(linear(3, aim.shape[1], torch.float64), loss, x, y, lr=0.3)
        theta = stepped(theta, loss, x, y, lr=0.3)
        return (predicted(theta, x) - aim).square().mean()

    phi = list(loss.parameters())
    with torch.no_grad():
        for parameter in phi:
            parameter += 0.1 * torch.randn_like(parameter)
    gradients = torch.autograd.grad(objective(), phi)
    step = 1e-6
    for parameter, gradient in zip(phi, gradients, strict=True):
        place = int(gradient.abs().argmax())
        flat = parameter.data.view(-1)
        here = flat[place].item()
        ends = []
        for moved in (here + step, here - step):
            flat[place] = moved
            ends.append(objective().item())
        flat[place] = here
        assert gradient.flatten()[place].item() == pytest.approx((ends[0] - ends[1]) / (2 * step), rel=1e-4, abs=1e-8)


@kinds
def test_functional_call_takes_other_parameters(kind: str) -> None:
    loss, other = KINDS[kind](), KINDS[kind]()
    with torch.no_grad():
        for parameter in other.parameters():
            parameter += 0.1 * torch.randn_like(parameter)
    x, y = batch()
    given = {name: parameter.detach().clone().requires_grad_() for name, parameter in other.named_parameters()}

    def objective(losing: Callable[[Tensor, Tensor], Tensor]) -> Tensor:
        return (predicted(stepped(linear(3), losing, x, y, lr=0.3), x) - y).square().mean()

    meta = objective(lambda p, y: torch.func.functional_call(loss, given, (p, y)))
    found = torch.autograd.grad(meta, list(given.values()))
    torch.testing.assert_close(found, torch.autograd.grad(objective(other), list(other.parameters())))
    assert all(parameter.grad is None for parameter in loss.parameters())


@kinds
def test_torch_func_differentiates_it(kind: str) -> None:
    loss = KINDS[kind]()
    x, y = batch()
    phi, theta = dict(loss.named_parameters()), linear(3)

    def of_phi(phi: dict[str, Tensor]) -> Tensor:
        slopes = torch.func.grad(lambda t: torch.func.functional_call(loss, phi, (predicted(t, x), y)))(theta)
        return (predicted({name: theta[name] - 0.3 * slopes[name] for name in theta}, x) - y).square().mean()

    meta = (predicted(stepped(theta, loss, x, y, lr=0.3), x) - y).square().mean()
    expected = dict(zip(phi, torch.autograd.grad(meta, list(phi.values())), strict=True))
    torch.testing.assert_close(torch.func.grad(of_phi)(phi), expected)


@kinds
def test_copies_and_pickles_lose_the_same(kind: str) -> None:
    loss = KINDS[kind](rng=4) if kind != "formula" else KINDS[kind]()
    x, y = batch()
    for same in (copy.deepcopy(loss), pickle.loads(pickle.dumps(loss))):
        same.reset_parameters()
        assert torch.equal(same(x[:, :1], y), loss(x[:, :1], y))


@pytest.fixture(scope="module")
def diabetes() -> tuple[Tensor, Tensor]:
    x, y = (torch.tensor(part, dtype=torch.float32) for part in load_diabetes(return_X_y=True, scaled=False))
    x, y = (x - x.mean(0)) / x.std(0), ((y - y.mean()) / y.std()).unsqueeze(1)
    return x[:200], y[:200]


@kinds
def test_meta_learning_lowers_the_meta_objective(kind: str, diabetes: tuple[Tensor, Tensor]) -> None:
    """R algorithm 3 with one base step: after it a linear model is better on rows that it has not seen."""
    x, y = diabetes
    loss = KINDS[kind]()
    optimizer = torch.optim.Adam(loss.parameters(), lr=0.02)
    course = []
    for _ in range(40):
        theta = stepped(linear(10), loss, x[:100], y[:100], lr=0.1)
        meta = (predicted(theta, x[100:]) - y[100:]).square().mean()
        course.append(meta.item())
        optimizer.zero_grad()
        meta.backward()
        optimizer.step()
    assert course[-1] < 0.85 * course[0]
    # One step by the learnt loss goes further than one by the squared error.
    if kind != "formula":
        theta = stepped(linear(10), Loss("(y - p)**2"), x[:100], y[:100], lr=0.1)
        assert course[-1] < (predicted(theta, x[100:]) - y[100:]).square().mean().item()


@kinds
def test_so_it_does_for_classes(kind: str) -> None:
    """Digits, by a softmax of a linear model: the learnt loss sees class indices and logits."""
    x, y = (torch.tensor(part) for part in load_digits(return_X_y=True))
    x = x.float() / 16
    loss = KINDS[kind](link="softmax")
    optimizer = torch.optim.Adam(loss.parameters(), lr=0.02)
    course = []
    for _ in range(25):
        theta = stepped(linear(64, 10), loss, x[:100], y[:100], lr=5.0)
        meta = torch.nn.functional.cross_entropy(predicted(theta, x[100:200]), y[100:200])
        course.append(meta.item())
        optimizer.zero_grad()
        meta.backward()
        optimizer.step()
    assert all(math.isfinite(value) for value in course)
    assert course[-1] < (0.98 if kind == "formula" else 0.95) * course[0]
