"""Losses of logits under a sigmoid: torch's binary cross-entropy and focal loss, and losses of the logit itself."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from symkit.errors import DomainError
from symkit.nn import Loss, loss_function

BINARY = "-(y*log(p) + (1 - y)*log(1 - p))"
FOCAL = "f(y, p; gamma = 2) = -(y*(1 - p)**gamma*log(p) + (1 - y)*p**gamma*log(1 - p))"


def expected(logits: Tensor, target: Tensor, reduction: str, weight: Tensor | None = None) -> Tensor:
    """Torch's loss, summed over dimension 1 if there is one."""
    shares = binary_cross_entropy_with_logits(logits, target.to(logits.dtype), reduction="none")
    if weight is not None:
        shares = shares * weight.reshape(-1, *(1,) * (logits.dim() - 2))
    rows = shares.sum(1) if logits.dim() > 1 else shares
    return rows if reduction == "none" else getattr(rows, reduction)()


@pytest.mark.parametrize("reduction", ["none", "mean", "sum"])
def test_binary_cross_entropy(reduction: str, backend: str) -> None:
    loss = Loss(BINARY, link="sigmoid", reduction=reduction, backend=backend)
    for shape in [(6,), (4, 3), (2, 3, 2)]:
        logits = (5 * torch.randn(shape)).requires_grad_()
        for target in (torch.rand(shape), torch.randint(0, 2, shape), torch.rand(shape) > 0.5):
            ours, theirs = loss(logits, target), expected(logits, target, reduction)
            torch.testing.assert_close(ours, theirs)
            gradients = (torch.autograd.grad(value.sum(), logits) for value in (ours, theirs))
            torch.testing.assert_close(*gradients)


def test_weights_are_one_an_output() -> None:
    weight = torch.tensor([0.5, 2.0, 0.0])
    for shape in [(4, 3), (2, 3, 2)]:
        logits, target = torch.randn(shape), torch.rand(shape)
        for reduction in ("none", "mean", "sum"):
            found = Loss(BINARY, link="sigmoid", reduction=reduction, weight=weight)(logits, target)
            torch.testing.assert_close(found, expected(logits, target, reduction, weight))


def test_labels_are_smoothed_towards_a_half() -> None:
    logits, target = torch.randn(4, 3), torch.randint(0, 2, (4, 3))
    found = Loss(BINARY, link="sigmoid", label_smoothing=0.2)(logits, target)
    torch.testing.assert_close(found, expected(logits, target * 0.8 + 0.1, "mean"))


def test_a_loss_of_the_logit() -> None:
    logits, target = torch.randn(4, 3), torch.rand(4, 3)
    for text in ("softplus(z) - y*z", "-(y*log(sigmoid(z)) + (1 - y)*log(1 - sigmoid(z)))"):
        torch.testing.assert_close(Loss(text, link="sigmoid")(logits, target), expected(logits, target, "mean"))
    both = Loss("log(p/(1 - p))", link="sigmoid", reduction="sum")(logits)
    torch.testing.assert_close(both, logits.sum())


def test_logits_may_be_large() -> None:
    logits = torch.tensor([1e4, -1e4, 60.0, -60.0, 0.0], requires_grad=True)
    for target, values in (
        (1.0, [0.0, 1e4, 8.756510762696521e-27, 60.0, 0.6931471805599453]),
        (0.0, [1e4, 0.0, 60.0, 8.756510762696521e-27, 0.6931471805599453]),
    ):
        losses = loss_function(BINARY, link="sigmoid", reduction="none")(logits, torch.full((5,), target))
        assert losses.tolist() == pytest.approx(values, rel=1e-6)
        (gradient,) = torch.autograd.grad(losses.sum(), logits)
        assert gradient.tolist() == pytest.approx([z - target for z in [1, 0, 1, 0, 0.5]], abs=1e-6)


def test_parameters_learn() -> None:
    logits, target = torch.randn(4, 3, dtype=torch.float64, requires_grad=True), torch.randint(0, 2, (4, 3))
    loss = Loss(FOCAL, link="sigmoid", dtype=torch.float64)
    gamma = torch.tensor(2.0, dtype=torch.float64, requires_grad=True)
    p, y = logits.sigmoid(), target.double()
    plain = -(y * (1 - p) ** gamma * p.log() + (1 - y) * p**gamma * (1 - p).log()).sum(1).mean()
    torch.testing.assert_close(loss(logits, target), plain)
    found = torch.autograd.grad(loss(logits, target), [logits, loss.gamma])
    torch.testing.assert_close(found, torch.autograd.grad(plain, [logits, gamma]))


def test_the_number_of_outputs() -> None:
    logits, target = torch.randn(4, 3), torch.rand(4, 3)
    torch.testing.assert_close(
        Loss(f"({BINARY})/C", link="sigmoid")(logits, target), expected(logits, target, "mean") / 3
    )
    with pytest.raises(DomainError, match=r"C, the number of classes, is not given, and \(4,\) has no dimension 1"):
        Loss("p/C", link="sigmoid")(logits[:, 0])


@pytest.mark.parametrize(
    ("target", "settings", "message"),
    [
        (torch.zeros(4, dtype=torch.long), {}, r"every output has a target. Class indices go with link=\"softmax\""),
        (torch.zeros(4, 1), {}, r"the target has shape \(4, 1\), the input \(4, 3\)"),
        (torch.zeros(4, 3, dtype=torch.complex64), {}, r"is torch.complex64"),
        (0.5, {}, r"the target is 0.5 and no tensor"),
        (None, {}, r"depends on y: pass the target"),
        (torch.zeros(4, 3), {"weight": torch.ones(2)}, r"weight is torch.float32 of shape \(2,\); .* must be \(3,\)"),
    ],
)
def test_targets_and_weights_that_do_not_fit(target: Any, settings: dict[str, Any], message: str) -> None:
    with pytest.raises(DomainError, match=message):
        Loss(BINARY, link="sigmoid", **settings)(torch.randn(4, 3), target)


def test_weights_need_outputs() -> None:
    with pytest.raises(DomainError, match=r"weight holds one number an output, in dimension 1 of the input, which has"):
        loss_function(BINARY, link="sigmoid")(torch.randn(3), torch.rand(3), weight=torch.ones(3))
