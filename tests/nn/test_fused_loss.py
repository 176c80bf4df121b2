"""Losses of logits by one kernel: values and gradients against float64, whatever the layout, dtype and logits."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator

import pytest
import torch
from torch import Tensor

import symkit
from symkit.nn import fused_loss
from symkit.nn.curves import curves
from symkit.nn.fused_loss import Fused

CE = "-y*log(p)"
SPARSE = "f(y, p; xi = 0.1) = -y*((1 - xi)*log(p) + xi*log(1 - p))"
FOCAL = "f(y, p; gamma = 2) = -y*(1 - p)**gamma*log(p)"
SMOOTHED = "f(y, p; xi = 0.1) = -(y*(1 - xi) + xi/C)*log(p)"
BOTH_SIDES = "f(y, p; a = 0.7) = -a*y*log(p) - (1 - y)*log(1 - p)"
SQUARED = "(y - p)**2"
SHIFTED = "f(y, p; a = 0.7) = a - y*log(p)"
LOSSES = (CE, SPARSE, FOCAL, SMOOTHED, BOTH_SIDES, SQUARED, SHIFTED)
WEIGHTED = (SPARSE, BOTH_SIDES, SHIFTED)
SPARSE_ONES = {CE, SPARSE, FOCAL, SHIFTED}

SHAPES = ((4, 2), (5, 7), (70, 300), (2, 3, 4), (2, 60, 3, 5), (3, 1))
IGNORED = -100

Reference = Callable[[Tensor, Tensor, Tensor, Tensor | None], Tensor]
"""(y, log p, log(1 - p), the parameter) -> the share of every output."""

SHARES: dict[str, Reference] = {
    CE: lambda y, lp, lq, a: -y * lp,
    SPARSE: lambda y, lp, lq, a: -y * ((1 - a) * lp + a * lq),
    FOCAL: lambda y, lp, lq, a: -y * (a * lq).exp() * lp,
    SMOOTHED: lambda y, lp, lq, a: -(y * (1 - a) + a / lp.shape[1]) * lp,
    BOTH_SIDES: lambda y, lp, lq, a: -a * y * lp - (1 - y) * lq,
    SQUARED: lambda y, lp, lq, a: (y - lp.exp()) ** 2,
    SHIFTED: lambda y, lp, lq, a: a - y * lp,
}
"""The losses above, written by hand."""


@pytest.fixture(autouse=True)
def seeded() -> Iterator[None]:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        yield


def logarithms(logits: Tensor) -> tuple[Tensor, Tensor]:
    """log p and log(1 - p) in float64; those of the largest logit by what it is ahead of all others together."""
    largest = torch.zeros_like(logits, dtype=torch.bool).scatter(1, logits.argmax(1, keepdim=True), True)
    ahead = logits - logits.masked_fill(largest, -math.inf).logsumexp(1, keepdim=True)
    log_p = torch.where(largest, torch.nn.functional.logsigmoid(ahead), logits.log_softmax(1))
    complements = (-log_p.masked_fill(largest, -1.0).exp()).log1p()
    return log_p, torch.where(largest, torch.nn.functional.logsigmoid(-ahead), complements)


def reference(
    text: str,
    logits: Tensor,
    target: Tensor,
    leaf: Tensor | None,
    weight: Tensor | None = None,
    reduction: str = "mean",
) -> Tensor:
    """The loss by operators of torch, in float64."""
    by_class = not target.is_floating_point()
    if by_class:
        counts = target != IGNORED
        y = torch.zeros_like(logits).scatter(1, target.where(counts, 0).unsqueeze(1), 1.0)
    else:
        counts, y = torch.ones_like(logits[:, 0], dtype=torch.bool), target
    log_p, log_q = logarithms(logits)
    shares = SHARES[text](y, log_p, log_q, leaf)
    if weight is not None:
        shares = shares * weight.reshape(-1, *(1,) * (logits.dim() - 2))
    rows = shares.sum(1).where(counts, 0.0)
    if reduction == "none":
        return rows
    if reduction == "sum":
        return rows.sum()
    number = counts.sum() if weight is None or not by_class else weight[target.where(counts, 0)].where(counts, 0).sum()
    return rows.sum() / number


def never(*_: object) -> Tensor:
    raise AssertionError("the kernel was not used")


def run(
    text: str,
    logits: Tensor,
    target: Tensor,
    leaf: Tensor | None,
    weight: Tensor | None = None,
    reduction: str = "mean",
) -> Tensor:
    """The loss by the kernel."""
    expression = symkit.parse(text)
    found = curves(expression)
    known = {
        "C": torch.tensor(float(logits.shape[1]), dtype=logits.dtype),
        **dict.fromkeys(expression.parameters, leaf),
    }
    leaves = [tensor for name in found.leaves if (tensor := known[name]) is not None]
    result = Fused(expression, 0.0, IGNORED, reduction, "cpu")(logits, target, leaves, weight, never)
    assert result is not None
    return result


def example(shape: tuple[int, ...], dtype: torch.dtype = torch.float64) -> tuple[Tensor, Tensor]:
    """Logits, and classes of which some are ignored."""
    logits = 3 * torch.randn(shape, dtype=dtype)
    target = torch.randint(shape[1], (shape[0], *shape[2:]))
    target.view(-1)[::3] = IGNORED
    return logits, target


def leaf_of(text: str, dtype: torch.dtype = torch.float64) -> Tensor | None:
    values = list(symkit.parse(text).parameters.values())
    return torch.tensor(values[0], dtype=dtype) if values else None


def check(found: Tensor, expected: Tensor, by: list[Tensor], wide: list[Tensor], rtol: float) -> None:
    """The same values, and the same gradients by tensors and by their copies in float64."""
    upstream = torch.rand_like(expected)
    ours = torch.autograd.grad(found, by, upstream.to(found.dtype))
    theirs = torch.autograd.grad(expected, wide, upstream)
    torch.testing.assert_close(found.double(), expected, rtol=rtol, atol=rtol)
    for mine, exact in zip(ours, theirs, strict=True):
        scale = float(exact.abs().max())
        torch.testing.assert_close(mine.double(), exact, rtol=rtol, atol=rtol * scale)


@pytest.mark.parametrize("text", LOSSES)
def test_values_and_gradients_are_right(text: str) -> None:
    for shape in SHAPES:
        if shape[1] == 1 and text not in (CE, SHIFTED):
            continue  # with one class log(1 - p) is -inf
        logits, target = example(shape)
        weights = [None, *([torch.rand(shape[1], dtype=torch.float64) + 0.5] if text in WEIGHTED else [])]
        for aim, weight in itertools.product((target, logits.roll(1, 0).softmax(1)), weights):
            for reduction in ("mean", "sum", "none"):
                leaf = leaf_of(text)
                by = [logits.clone().requires_grad_(), *([] if leaf is None else [leaf.requires_grad_()])]
                wide = [tensor.detach().clone().requires_grad_() for tensor in by]
                found = run(text, by[0], aim, leaf, weight, reduction)
                expected = reference(text, wide[0], aim, wide[1] if leaf is not None else None, weight, reduction)
                check(found, expected, by, wide, 1e-11)


@pytest.mark.parametrize("text", LOSSES)
def test_sparse_losses_are_found_to_be(text: str) -> None:
    assert curves(symkit.parse(text)).is_sparse == (text in SPARSE_ONES)


@pytest.mark.parametrize(
    ("dtype", "rtol"), [(torch.float32, 2e-6), (torch.bfloat16, 2.0**-7), (torch.float16, 2.0**-9)]
)
@pytest.mark.parametrize("text", [CE, SPARSE, SMOOTHED, BOTH_SIDES])
def test_dtypes(text: str, dtype: torch.dtype, rtol: float) -> None:
    for shape in ((40, 9), (40, 257), (2, 5, 7)):
        logits, target = example(shape, dtype)
        leaf, wide_leaf = leaf_of(text, torch.float32), leaf_of(text)
        wide = logits.double().requires_grad_()
        found = run(text, logits.requires_grad_(), target, leaf)
        assert found.dtype == dtype
        check(found, reference(text, wide, target, wide_leaf), [logits], [wide], rtol)


def laid_out(shape: tuple[int, ...]) -> list[Tensor]:
    """Logits of one shape in memory of many kinds."""
    n, c, *rest = shape
    straight = torch.randn(shape, dtype=torch.float64)
    wider = torch.randn((2 * n, c + 3, *rest), dtype=torch.float64)
    backwards = torch.randn(shape[::-1], dtype=torch.float64).permute(*range(len(shape))[::-1])
    last = torch.randn((n, *rest, c), dtype=torch.float64).movedim(-1, 1)
    return [straight, wider[::2, 1 : c + 1], wider[:n, 3:], backwards, last, straight[:1].expand(shape)]


@pytest.mark.parametrize("shape", [(6, 80), (6, 5), (3, 60, 4), (2, 5, 3, 4)])
@pytest.mark.parametrize("text", [SPARSE, BOTH_SIDES])
def test_any_strides(text: str, shape: tuple[int, ...]) -> None:
    target = torch.randint(shape[1], (2, shape[0], *shape[2:]))[1]
    dense = torch.rand(shape[1], shape[0], *shape[2:], dtype=torch.float64).transpose(0, 1)
    for logits in laid_out(shape):
        for aim in (target, dense):
            leaf, wide = leaf_of(text), logits.detach().clone().requires_grad_()
            ours = logits.detach().requires_grad_()
            check(run(text, ours, aim, leaf), reference(text, wide, aim, leaf), [ours], [wide], 1e-11)


@pytest.mark.parametrize("text", [CE, SPARSE, SMOOTHED, BOTH_SIDES])
def test_the_number_of_threads_changes_no_bit(text: str) -> None:
    logits, target = example((333, 1000), torch.float32)
    threads = torch.get_num_threads()
    found = []
    try:
        for number in (1, 2, 3):
            torch.set_num_threads(number)
            leaf = leaf_of(text, torch.float32)
            by = [logits.clone().requires_grad_(), *([] if leaf is None else [leaf.requires_grad_()])]
            loss = run(text, by[0], target, leaf)
            found.append((loss.detach(), *torch.autograd.grad(loss, by)))
    finally:
        torch.set_num_threads(threads)
    for other in found[1:]:
        assert all(torch.equal(a, b) for a, b in zip(found[0], other, strict=True))


# Logits that are hard


def hard_rows(classes: int) -> Tensor:
    """Sure and tied rows, for right and wrong labels, with logits as far apart as 2e4."""
    rows = [torch.randn(classes) * size for size in (1e-3, 1.0, 30.0, 1e4)]
    for gap in (5.0, 17.0, 40.0, 88.0, 104.0, 1e3, 1e4):
        row = torch.randn(classes)
        row[0] += gap
        rows += [row, -row, row - gap]
    rows += [torch.zeros(classes), torch.full((classes,), 1e4), torch.full((classes,), -1e4)]
    tied = torch.randn(classes)
    tied[:2] = 50.0
    return torch.stack([*rows, tied])


@pytest.mark.parametrize("classes", [2, 5, 64, 700])
@pytest.mark.parametrize("text", [CE, SPARSE, FOCAL, SMOOTHED])
def test_float32_is_right_however_far_apart_logits_are(text: str, classes: int) -> None:
    logits = hard_rows(classes)
    for label in (0, 1):
        target = torch.full((len(logits),), label)
        wide = logits.double().requires_grad_()
        expected = reference(text, wide, target, leaf_of(text), reduction="none")
        ours = logits.clone().requires_grad_()
        found = run(text, ours, target, leaf_of(text, torch.float32), reduction="none")
        torch.testing.assert_close(found.double(), expected, rtol=1e-6, atol=1e-37)
        (exact,) = torch.autograd.grad(expected.sum(), wide)
        (mine,) = torch.autograd.grad(found.sum(), ours)
        error = (mine.double() - exact).abs().amax(1) / exact.abs().amax(1).clamp(min=1e-30)
        assert error.max() < 3e-6


def test_a_sure_row_is_still_held_back() -> None:
    # At any confidence the label's logit is pushed down by xi: nothing is added to 1 - p that would hide it.
    for gap in (10.0, 50.0, 1e3, 1e4):
        logits = torch.zeros(1, 4)
        logits[0, 2] = gap
        logits.requires_grad_()
        (slope,) = torch.autograd.grad(run(SPARSE, logits, torch.tensor([2]), torch.tensor(0.1)), logits)
        p = logits.detach().double().softmax(1)[0, 2].item()
        assert slope[0, 2].item() == pytest.approx(0.1 * p - 0.9 * (1 - p), rel=1e-6)
        assert slope[0, 0].item() == pytest.approx(-slope[0, 2].item() / 3, rel=1e-6)


def test_masked_classes() -> None:
    logits = torch.randn(6, 70, dtype=torch.float64)
    logits[:, 5:20] = -math.inf
    target = torch.randint(20, 70, (6,))
    for text in (CE, SPARSE):
        ours, wide = logits.clone().requires_grad_(), logits.clone().requires_grad_()
        kept = [i for i in range(70) if not 5 <= i < 20]
        found = run(text, ours, target, leaf_of(text))
        expected = reference(text, wide[:, kept], target - 15, leaf_of(text))
        check(found, expected, [ours], [wide], 1e-11)


def test_nan_stays_in_its_row() -> None:
    for classes in (5, 80):
        logits = torch.randn(4, classes)
        logits[1, 3] = math.nan
        ours = logits.clone().requires_grad_()
        losses = run(SPARSE, ours, torch.tensor([0, 1, 2, 3]), torch.tensor(0.1), reduction="none")
        (slopes,) = torch.autograd.grad(losses.sum(), ours)
        for values in (losses.detach(), slopes.sum(1)):
            assert values.isnan().tolist() == [False, True, False, False]


def test_rows_that_are_ignored_leave_nothing() -> None:
    logits = torch.randn(4, 6)
    logits[2] = 1e30
    target = torch.tensor([1, 2, IGNORED, 3])
    for text in (CE, BOTH_SIDES):
        ours = logits.clone().requires_grad_()
        (slope,) = torch.autograd.grad(run(text, ours, target, leaf_of(text, torch.float32)), ours)
        assert slope[2].tolist() == [0.0] * 6
    assert run(CE, torch.randn(3, 4), torch.full((3,), IGNORED), None).isnan()


# Autograd


def composed_of(text: str, reduction: str = "mean") -> fused_loss.Composed:
    return lambda logits, target, leaves, weight: reference(text, logits, target, leaves[0], weight, reduction)


def test_a_second_backward_pass_is_the_first_again() -> None:
    logits, target = example((9, 60))
    logits.requires_grad_()
    loss = run(SPARSE, logits, target, leaf_of(SPARSE))
    (first,) = torch.autograd.grad(loss, logits, retain_graph=True)
    kept = first.clone()
    first.mul_(0)  # the caller's own
    (second,) = torch.autograd.grad(2 * loss, logits, retain_graph=True)
    (third,) = torch.autograd.grad(loss, logits)
    assert torch.equal(second, 2 * kept)
    assert torch.equal(third, kept)


def test_the_gradient_is_that_of_the_logits_as_they_were() -> None:
    logits, target = example((9, 60))
    hidden = logits.requires_grad_() * 1
    loss = run(CE, hidden, target, None)
    copy = hidden.detach().clone().requires_grad_()
    (expected,) = torch.autograd.grad(run(CE, copy, target, None), copy)
    with torch.no_grad():
        hidden.add_(torch.randn_like(hidden))
    (found,) = torch.autograd.grad(loss, logits, retain_graph=True)
    assert torch.equal(found, expected)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()


@pytest.mark.parametrize("reduction", ["mean", "none"])
def test_derivatives_of_derivatives(reduction: str) -> None:
    logits, target = example((5, 4))
    leaf = leaf_of(SPARSE)
    assert leaf is not None
    kernel = Fused(symkit.parse(SPARSE), 0.0, IGNORED, reduction, "auto")

    def loss(logits: Tensor, leaf: Tensor) -> Tensor:
        result = kernel(logits, target, [leaf], None, composed_of(SPARSE, reduction))
        assert result is not None
        return result

    by = (logits.requires_grad_(), leaf.requires_grad_())
    assert torch.autograd.gradcheck(loss, by)
    assert torch.autograd.gradgradcheck(loss, by)


def test_only_one_gradient_is_kept() -> None:
    logits, target = example((8, 100), torch.float32)
    logits.requires_grad_()
    loss = run(SPARSE, logits, target, torch.tensor(0.1))
    (gradient,) = torch.autograd.grad(loss, logits, retain_graph=True)
    assert loss.grad_fn.result is None  # type: ignore[union-attr]
    with torch.no_grad():
        assert run(SPARSE, logits, target, torch.tensor(0.1)).grad_fn is None
    assert gradient.shape == logits.shape


def test_a_label_that_is_no_class_is_left_to_whoever_says_so() -> None:
    logits = torch.randn(3, 4, requires_grad=True)
    for stray in (4, -1, 2**40):
        target = torch.tensor([0, stray, 1])
        for given in (logits, logits.detach()):
            assert Fused(symkit.parse(CE), 0.0, IGNORED, "mean", "auto")(given, target, [], None, never) is None
