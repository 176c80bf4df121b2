"""nn.Loss: torch's order, reductions and warnings over any pointwise loss, with parameters that learn."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import symkit
from symkit.errors import DomainError
from symkit.nn import Loss

SQUARED = "(y - p)**2"
CROSS_ENTROPY = "-y*log(p)"

LIKE_TORCH = [
    (SQUARED, nn.MSELoss),
    ("abs(y - p)", nn.L1Loss),
    ("where(abs(y - p) < 1, 0.5*(y - p)**2, abs(y - p) - 0.5)", nn.SmoothL1Loss),
    ("-(y*log(p) + (1 - y)*log(1 - p))", nn.BCELoss),
    ("softplus(z) - y*z", nn.BCEWithLogitsLoss),
    ("exp(p) - y*p", nn.PoissonNLLLoss),
]


def pair(*shape: int) -> tuple[Tensor, Tensor]:
    """(input, target), between 0 and 1."""
    return torch.rand(shape), torch.rand(shape)


@pytest.mark.parametrize("reduction", ["none", "mean", "sum"])
@pytest.mark.parametrize(("text", "theirs"), LIKE_TORCH, ids=[theirs.__name__ for _, theirs in LIKE_TORCH])
def test_values_and_gradients_are_those_of_torch(text: str, theirs: Any, reduction: str, backend: str) -> None:
    for shape in [(), (5,), (4, 3), (2, 3, 2)]:
        input, target = pair(*shape)
        input.requires_grad_()
        target.requires_grad_()
        ours = Loss(text, reduction=reduction, backend=backend)(input, target)
        other = theirs(reduction=reduction)(input, target)
        torch.testing.assert_close(ours, other)
        weights = torch.ones_like(ours)
        found = torch.autograd.grad(ours, (input, target), weights)
        torch.testing.assert_close(found, torch.autograd.grad(other, (input, target), weights))


def test_the_input_comes_first() -> None:
    assert Loss("y - 10*p")(torch.tensor([1.0]), torch.tensor([2.0])).item() == -8.0
    assert Loss("y - 10*z")(torch.tensor([1.0]), torch.tensor([2.0])).item() == -8.0


def test_empty_batches_reduce_as_in_torch() -> None:
    input, target = pair(0, 3)
    assert Loss(SQUARED, reduction="sum")(input, target).item() == 0.0
    assert Loss(SQUARED)(input, target).isnan()
    assert Loss(SQUARED, reduction="none")(input, target).shape == (0, 3)


# Shapes


@pytest.mark.parametrize(("input", "target"), [((4, 1), (4,)), ((4,), (4, 1)), ((4, 3), (3,)), ((4, 3), ())])
def test_shapes_that_broadcast_are_warned_of(input: tuple[int, ...], target: tuple[int, ...]) -> None:
    p, y = torch.rand(input), torch.rand(target)
    with pytest.warns(UserWarning, match="different to the input size"):
        expected = nn.functional.mse_loss(p, y)
    with pytest.warns(UserWarning, match=r"the target has shape .* they broadcast, which is rarely meant") as caught:
        found = Loss(SQUARED)(p, y)
    assert caught[0].filename == __file__
    torch.testing.assert_close(found, expected)


def test_shapes_that_do_not_broadcast() -> None:
    with pytest.warns(UserWarning, match="they broadcast"), pytest.raises(RuntimeError, match=r"must match|broadcast"):
        Loss(SQUARED)(torch.rand(4), torch.rand(3))


def test_a_loss_without_y_needs_no_target() -> None:
    p = torch.rand(4)
    loss = Loss("-log(1 - p)", reduction="none")
    torch.testing.assert_close(loss(p), -torch.log1p(-p))
    torch.testing.assert_close(loss(p, torch.zeros(4)), loss(p))
    with pytest.raises(DomainError, match=r"-y\*log\(p\) depends on y: pass the target"):
        Loss(CROSS_ENTROPY)(p)


# Dtypes


def test_integer_targets() -> None:
    p, y = torch.tensor([0.2, 0.9]), torch.tensor([0, 1])
    torch.testing.assert_close(Loss(SQUARED)(p, y), torch.tensor(0.025))
    assert Loss(SQUARED)(p.half(), y).dtype == torch.float16
    with pytest.raises(DomainError, match=r"y is torch.int64, p is torch.int64; one of them must be float64"):
        Loss(SQUARED)(y, y)


def test_autocast_computes_losses_in_float32(backend: str) -> None:
    p, y = pair(8, 3)
    half = p.bfloat16().requires_grad_()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        ours = Loss(SQUARED, backend=backend)(half, y.bfloat16())
        theirs = nn.functional.mse_loss(half, y.bfloat16())
    assert ours.dtype == theirs.dtype == torch.float32
    torch.testing.assert_close(ours, theirs)
    (gradient,) = torch.autograd.grad(ours, half)
    assert gradient.dtype == torch.bfloat16


# Constants


def test_the_number_of_classes_is_inferred(backend: str) -> None:
    p, y = pair(4, 5)
    torch.testing.assert_close(Loss("(y - p)/C", reduction="none", backend=backend)(p, y), (y - p) / 5)
    torch.testing.assert_close(Loss("(y - p)/C", reduction="none", C=2)(p, y), (y - p) / 2)
    torch.testing.assert_close(Loss("f(y, p; C = 3) = (y - p)/C", reduction="none")(p, y), (y - p) / 3)
    torch.testing.assert_close(Loss("f(y, p; C = 3) = (y - p)/C", reduction="none", C=4)(p, y), (y - p) / 4)
    spatial = torch.rand(2, 7, 3, 3)
    torch.testing.assert_close(Loss("p/C")(spatial, spatial), spatial.mean() / 7)
    with pytest.raises(DomainError, match=r"C, the number of classes, is not given, and \(4,\) has no dimension 1"):
        Loss("(y - p)/C")(p[:, 0], y[:, 0])


def test_eps_can_be_set() -> None:
    p, y = torch.zeros(1), torch.ones(1)
    assert Loss("log_abs_eps(p)", eps=0.5)(p, y).item() == pytest.approx(torch.tensor(0.5).log().item())
    assert "eps = 0.5" in str(Loss("log_abs_eps(p)", eps=0.5))


# Parameters


def test_parameters_learn(backend: str) -> None:
    loss = Loss("f(y, p; a = 2) = abs(y - p)**a", backend=backend)
    p, y = pair(6)
    loss(p, y).backward()
    exponent = torch.tensor(2.0, requires_grad=True)
    ((y - p).abs() ** exponent).mean().backward()
    torch.testing.assert_close(loss.a.grad, exponent.grad)
    assert list(loss.state_dict()) == ["a"]
    assert Loss("abs(y - p)**a", init={"a": 3.0}).a.item() == 3.0
    fixed = Loss("abs(y - p)**a", learnable=False, init={"a": 3.0})
    assert not list(fixed.parameters())
    assert list(fixed.state_dict()) == ["a"]


def test_a_loss_is_learnt_through_a_step_of_training(backend: str) -> None:
    # The gradient of what a step with the loss leads to, by the loss's parameter: its mixed second derivative.
    loss = Loss("a*(y - p)**2", backend=backend)
    x, y = torch.randn(16, 3), torch.randn(16, 1)
    weight = torch.zeros(3, 1, requires_grad=True)
    (slope,) = torch.autograd.grad(loss(x @ weight, y), weight, create_graph=True)
    after = nn.functional.mse_loss(x @ (weight - 0.1 * slope), y)
    after.backward()
    a = torch.tensor(1.0, requires_grad=True)
    step = 0.1 * a * 2 * x.T @ (x @ weight.detach() - y) / 16
    nn.functional.mse_loss(x @ (weight.detach() - step), y).backward()
    torch.testing.assert_close(loss.a.grad, a.grad)


def test_copies_have_parameters_of_their_own(backend: str) -> None:
    loss = Loss("a*(y - p)**2/C", C=4, backend=backend)
    p, y = pair(6)
    for other in (copy.deepcopy(loss), pickle.loads(pickle.dumps(loss))):
        with torch.no_grad():
            other.a.fill_(3.0)
        torch.testing.assert_close(other(p, y), 3 * loss(p, y))


def test_the_text_of_a_loss() -> None:
    assert str(Loss(SQUARED)) == "Loss('(y - p)**2', reduction='mean')"
    assert str(Loss("p/C", reduction="sum", C=3)) == "Loss('f(y, p; C = 3) = p/C', reduction='sum')"


# Errors


@pytest.mark.parametrize(
    ("text", "settings", "message"),
    [
        ("x*sigmoid(x)", {}, r"'x\*sigmoid\(x\)' is no loss but a function of x; say what its inputs are in a header"),
        ("y*p*z", {}, r"a loss has inputs y and p; .* has kind loss and inputs y, p, z"),
        (
            SQUARED,
            {"link": "probit"},
            r"link 'probit' is not one of identity, softmax, sigmoid; apply another one before",
        ),
        (SQUARED, {"reduction": "median"}, r"reduction 'median' is not one of none, mean, sum"),
        (SQUARED, {"K": 3}, r"'K' is no constant; there are C, eps"),
        (SQUARED, {"init": {"a": 1.0}}, r"init sets 'a'; the expression has no parameters"),
        (SQUARED, {"backend": "cobol"}, r"backend 'cobol' is not one of"),
    ],
)
def test_errors_say_what_is_allowed(text: str, settings: dict[str, Any], message: str) -> None:
    with pytest.raises(DomainError, match=message):
        Loss(text, **settings)


def test_an_activation_is_no_loss() -> None:
    with pytest.raises(DomainError, match=r"a loss has inputs y and p; tanh\(x\) has kind activation and inputs x"):
        Loss(symkit.parse("tanh(x)"))


def test_a_target_that_is_no_tensor() -> None:
    with pytest.raises(DomainError, match=r"y must be a tensor, not float"):
        Loss(SQUARED)(torch.rand(3), 1.0)  # type: ignore[arg-type]
