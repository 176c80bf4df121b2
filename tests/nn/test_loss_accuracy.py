"""Losses of logits and their gradients are as accurate as their dtype, for rows sure, wrong, tied or masked."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import pytest
import torch
from mpmath import mp, mpf

from symkit.nn import Loss, loss_function

C = 6
INF = float("inf")

Share = Callable[[Any, Any], Any]
"""(p, 1 - p) -> the loss of one output."""

XI, GAMMA, PHI = mpf("0.125"), 2, mpf("1.25")
LSR = 1 - XI + XI / C

LOSSES: dict[str, tuple[str, Share, Share]] = {
    "ce": ("-y*log(p)", lambda p, q: -mp.log(p), lambda p, q: 0),
    "lsr": (
        "-(y*(1 - 0.125) + 0.125/C)*log(p)",
        lambda p, q: -LSR * mp.log(p),
        lambda p, q: -XI / C * mp.log(p),
    ),
    "sparselsr": (
        "-y*((1 - 0.125 + 0.125/C)*log(p) + 0.125*(C - 1)/C*log((1 - p)/(C - 1)))",
        lambda p, q: -LSR * mp.log(p) - XI * (C - 1) / C * mp.log(q / (C - 1)),
        lambda p, q: 0,
    ),
    "ace": ("y*abs(log(1.25*p))", lambda p, q: abs(mp.log(PHI * p)), lambda p, q: 0),
    "focal": ("f(y, p; gamma = 2) = -y*(1 - p)**gamma*log(p)", lambda p, q: -(q**GAMMA) * mp.log(p), lambda p, q: 0),
    "focal_sparselsr": (
        "f(y, p; gamma = 2) = -y*((1 - p)**gamma*(1 - 0.125 + 0.125/C)*log(p) "
        "+ p**gamma*0.125*(C - 1)/C*log((1 - p)/(C - 1)))",
        lambda p, q: -LSR * q**GAMMA * mp.log(p) - XI * (C - 1) / C * p**GAMMA * mp.log(q / (C - 1)),
        lambda p, q: 0,
    ),
    "binary": ("-(y*log(p) + (1 - y)*log(1 - p))", lambda p, q: -mp.log(p), lambda p, q: -mp.log(q)),
    "squared": ("(y - p)**2", lambda p, q: q * q, lambda p, q: p * p),
}
"""Text, and the shares of the output that is the class and of another one."""

ROWS = [
    [0.0, 0.0, 0.0, 0.0, 0.0, 0.0],  # tied
    [2.5, 2.5, 2.5, -1.0, 0.0, 1.0],
    [0.3, -1.25, 0.75, 2.0, -0.5, 1.0],
    [12.1, 0.3, -0.7, 1.1, 0.0, 2.2],  # sure
    [29.7, 1.1, 0.2, -0.3, 0.7, 0.0],
    [40.3, -12.2, 0.1, 0.2, 3.3, 1.7],
    [100.7, 0.1, 7.7, -30.3, 2.2, 15.1],
    [1e4, 9999.0, 9998.5, 0.0, 0.0, -1e4],  # sure, and not, among large logits
    [1e4, 1e4, 0.0, 0.0, 0.0, -1e4],
    [1e4, -1e4, -1e4, -1e4, -1e4, -1e4],
    [-1e4, 9990.0, 1e4, 9991.5, 0.0, 0.0],  # wrong
    [0.1, 9.9, 40.2, 33.3, -1.0, 2.0],
    [3.3, 0.2, -INF, 1.2, -INF, 0.4],  # masked
    [33.3, 0.2, -INF, 1.2, -INF, 0.4],
]
LOGITS = torch.tensor(ROWS)
CLASSES = [5, *[0] * (len(ROWS) - 1)]


@cache
def exact(name: str) -> list[tuple[Any, list[Any]]]:
    """The loss of every row and its gradient."""
    _, own, other = LOSSES[name]
    step, found = mpf(2) ** -300, []
    # What is below the smallest float64 does not matter, whatever it is relative to.
    with mp.workprec(1500):
        for row, label in zip(LOGITS.tolist(), CLASSES, strict=True):
            logits = [mpf(z) for z in row]
            slopes = []
            for i, z in enumerate(row):
                ends = ([*logits[:i], logits[i] + sign * step, *logits[i + 1 :]] for sign in (1, -1))
                high, low = (loss_of_row(own, other, end, label) for end in ends) if z > -INF else (mpf(0), mpf(0))
                slopes.append((high - low) / (2 * step))
            found.append((loss_of_row(own, other, logits, label), slopes))
    return found


def loss_of_row(own: Share, other: Share, logits: list[Any], label: int) -> Any:
    sizes = [mp.exp(z - max(logits)) for z in logits]
    total, loss = sum(sizes), mpf(0)
    for i, size in enumerate(sizes):
        rest = sum(sizes[:i] + sizes[i + 1 :])
        loss += (own if i == label else other)(size / total, rest / total)
    return loss


@pytest.mark.parametrize("backend", ["auto", "torch"])
@pytest.mark.parametrize(("dtype", "bar"), [(torch.float32, 1e-6), (torch.float64, 1e-12)], ids=str)
@pytest.mark.parametrize("name", LOSSES)
def test_values_and_gradients(name: str, dtype: torch.dtype, bar: float, backend: str) -> None:
    logits = LOGITS.to(dtype).requires_grad_()
    f = loss_function(LOSSES[name][0], link="softmax", reduction="none", backend=backend)
    losses = f(logits, torch.tensor(CLASSES))
    (gradients,) = torch.autograd.grad(losses.sum(), logits)
    tiny = torch.finfo(dtype).tiny
    for row, loss, gradient, (expected, slopes) in zip(ROWS, losses, gradients, exact(name), strict=True):
        if not mp.isfinite(expected):
            assert loss.item() == expected, row
            continue
        assert abs(mpf(loss.item()) - expected) <= bar * abs(expected) + tiny, row
        largest = max(map(abs, slopes))
        for found, slope in zip(gradient.tolist(), slopes, strict=True):
            assert abs(mpf(found) - slope) <= 3 * bar * largest + tiny, row


def test_one_output_that_is_not_masked() -> None:
    # log(1 - p) is -inf there, and so is the loss of whoever looks at it.
    logits = torch.tensor([[1.0, -INF, -INF]], requires_grad=True)
    for text, value in (("-y*log(p)", 0.0), ("-y*(1 - p)**2*log(p)", 0.0), ("-y*(log(p) + 0.1*log(1 - p))", INF)):
        loss = Loss(text, link="softmax")(logits, torch.tensor([0]))
        assert loss.item() == value
        assert torch.autograd.grad(loss, logits)[0].isfinite().all()


@pytest.mark.parametrize("backend", ["auto", "torch"])
def test_parameters_have_gradients_beside_outputs_that_are_masked(backend: str) -> None:
    logits = torch.tensor([[1.0, 2.0, -INF]])
    loss = Loss("f(y, p; g = 2) = (y - p)**2*p**g", link="softmax", reduction="sum", backend=backend)
    (found,) = torch.autograd.grad(loss(logits, torch.tensor([0])), loss.g)
    p, y = logits[:, :2].softmax(1), torch.tensor([[1.0, 0.0]])
    torch.testing.assert_close(found, ((y - p) ** 2 * p**2 * p.log()).sum())


def test_a_class_that_is_masked_costs_everything() -> None:
    logits = torch.tensor([[1.0, -INF, 2.0]], requires_grad=True)
    ours = Loss("-y*log(p)", link="softmax")(logits, torch.tensor([1]))
    theirs = torch.nn.functional.cross_entropy(logits, torch.tensor([1]))
    assert ours.item() == theirs.item() == INF
    torch.testing.assert_close(torch.autograd.grad(ours, logits), torch.autograd.grad(theirs, logits))


def test_sparse_label_smoothing_holds_back_however_sure_it_is() -> None:
    """The form of R equation 4.36 loses the gradient once 1 - p is below its eps; this one keeps it."""
    xi, classes = 0.1, 10
    logits = torch.tensor([[200.0, *[0.0] * (classes - 1)]], requires_grad=True)
    target = torch.tensor([0])
    ours = Loss("f(y, p; xi = 0.1) = -y*((1 - xi + xi/C)*log(p) + xi*(C - 1)/C*log((1 - p)/(C - 1)))", link="softmax")
    (gradient,) = torch.autograd.grad(ours(logits, target), logits)
    held = xi * (classes - 1) / classes
    assert gradient[0, 0].item() == pytest.approx(held, rel=1e-6)
    assert gradient[0, 1:].tolist() == pytest.approx([-held / (classes - 1)] * (classes - 1), rel=1e-6)
    printed = "-y*((1 - 0.1 + 0.1/C)*log(p) + 0.1*(C - 1)/C*log((1 - p + eps)/(C - 1)))"
    (gone,) = torch.autograd.grad(Loss(printed, link="softmax")(logits, target), logits)
    assert gone.abs().max().item() < 1e-6


def test_halves_are_computed_in_float32(backend: str) -> None:
    target = torch.tensor([0, 1, 2])
    for dtype in (torch.float16, torch.bfloat16):
        logits = (4 * torch.randn(3, 5)).to(dtype).requires_grad_()
        loss = Loss("-y*((1 - p)**2*log(p) + 0.1*log(1 - p))", link="softmax", reduction="none", backend=backend)
        found = loss(logits, target)
        assert found.dtype == dtype
        exactly = loss(logits.double(), target)
        torch.testing.assert_close(found, exactly.to(dtype), rtol=0, atol=0)
        (gradient,) = torch.autograd.grad(found.sum(), logits)
        assert gradient.dtype == dtype


def test_autocast() -> None:
    target = torch.tensor([0, 1, 2])
    logits = torch.randn(3, 5).bfloat16().requires_grad_()
    for link in ("softmax", "sigmoid"):
        loss = Loss("-y*log(p)", link=link)
        labels = target if link == "softmax" else torch.eye(5)[target]
        with torch.autocast("cpu", dtype=torch.bfloat16):
            found = loss(logits, labels)
        assert found.dtype == torch.float32
        torch.testing.assert_close(found, loss(logits.float(), labels))
        assert torch.autograd.grad(found, logits)[0].dtype == torch.bfloat16
