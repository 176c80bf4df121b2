"""Tensors of every layout: values and gradients beside torch in float64, storage order kept, nothing copied."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

import pytest
import torch
from kernels import gradients, kernel
from torch import Tensor, randn
from torch.profiler import ProfilerActivity, profile

from symkit import functional
from symkit.backends.native import host

FORMULA = "log(sigmoid(a*x))*b*arcsinh(x)"
PRODUCT = "a*x*b"


@dataclass(frozen=True)
class Case:
    """Shapes that broadcast: an input, made by `x`, and two parameters."""

    name: str
    x: Callable[[], Tensor]
    a: tuple[int, ...] = ()
    b: tuple[int, ...] = ()
    in_one_pass: bool = True
    """Whether the sums for both parameters fit into the backward kernel."""


def channels_last(*shape: int) -> Tensor:
    return randn(shape).contiguous(
        memory_format=torch.channels_last if len(shape) == 4 else torch.channels_last_3d  # type: ignore[call-overload]
    )


CASES = [
    Case("contiguous", lambda: randn(3, 4, 5)),
    Case("no dimensions", lambda: randn(())),
    Case("one element", lambda: randn(1, 1, 1)),
    Case("sizes of one", lambda: randn(1, 5, 1), (5, 1)),
    Case("sizes of one in odd places of memory", lambda: randn(7, 2, 3)[3:4, :, 1:2], (2, 1)),
    Case("no rows", lambda: randn(0, 3), (), (3,)),
    Case("no columns", lambda: randn(3, 0), (3, 1), (1, 1)),
    Case("channels last", lambda: channels_last(2, 3, 4, 5), (3, 1, 1)),
    Case("channels last of one pixel", lambda: channels_last(2, 3, 1, 1), (3, 1, 1)),
    Case("channels last in three dimensions", lambda: channels_last(2, 3, 4, 5, 2), (3, 1, 1, 1)),
    Case("channels last, a row", lambda: channels_last(2, 3, 4, 5), (1, 4, 1)),
    Case("transposed", lambda: randn(40, 30).t(), (30, 1), (40,)),
    Case("permuted, two dimensions kept", lambda: randn(4, 3, 5).transpose(0, 1), (3, 4, 1)),
    Case("permuted, all dimensions kept", lambda: randn(4, 3, 5).transpose(0, 1), (3, 4, 5)),
    Case("permuted, outer and inner", lambda: randn(4, 3, 5, 6).permute(3, 2, 1, 0), (6, 5, 1, 1), (1, 5, 3, 1), False),
    Case("permuted, a dimension apart", lambda: randn(4, 3, 5, 6).permute(1, 0, 3, 2), (3, 1, 6, 1), (), False),
    Case("with steps", lambda: randn(10, 20)[::3, 1::2], (), (4, 1)),
    Case("columns cut off", lambda: randn(10, 20)[:, :7], (), (7,)),
    Case("overlapping windows", lambda: randn(1000).unfold(0, 4, 2), (), (4,)),
    Case("expanded rows", lambda: randn(5).expand(3, 5), (), (5,)),
    Case("expanded columns", lambda: randn(3, 1).expand(3, 5), (3, 1), (5,)),
    Case("expanded between", lambda: randn(3, 1, 5).expand(3, 4, 5), (3, 1, 1), (5,)),
    Case("five dimensions", lambda: randn(2, 3, 2, 3, 4), (3, 1, 1, 1), (2, 3, 1)),
    Case("five dimensions permuted", lambda: randn(2, 3, 2, 3, 4).permute(4, 2, 0, 3, 1), (2, 1, 3, 1), (3,)),
    Case("a neuron", lambda: randn(8, 3, 4), (3, 4)),
    Case("a channel in front", lambda: randn(8, 300), (8, 1)),
    Case("a channel behind", lambda: randn(300, 70), (70,)),
    Case("a channel between", lambda: randn(16, 64, 9, 9), (64, 1, 1)),
    Case("a channel, all of it short", lambda: randn(500, 3, 2), (3, 1)),
    Case("one by row, one by column", lambda: randn(60, 70), (60, 1), (70,)),
    Case("long rows", lambda: randn(3, 9000), (3, 1), (9000,)),
    Case("many rows", lambda: randn(9000, 3), (9000, 1), (3,)),
    Case("kept on both sides", lambda: randn(6, 5, 40, 41), (5, 1, 41), (), False),
    Case("kept at both ends", lambda: randn(10, 30, 11), (10, 1, 11), (), False),
]


@pytest.mark.parametrize("layout_of_gradient", ["same", "contiguous", "expanded"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_values_gradients_and_sums(case: Case, layout_of_gradient: str) -> None:
    leaves = [case.x(), randn(case.a), randn(case.b)]
    wide = [leaf.double().requires_grad_() for leaf in leaves]
    exact = functional(FORMULA, backend="torch")(wide[0], a=wide[1], b=wide[2])
    (value,) = kernel(FORMULA)(leaves)
    torch.testing.assert_close(value, exact.float(), rtol=1e-6, atol=1e-6)
    up = torch.empty_like(value).normal_()
    if layout_of_gradient == "contiguous":
        up = up.contiguous()
    elif layout_of_gradient == "expanded":
        up = randn(()).expand(value.shape)
    found = gradients(FORMULA)((up, *leaves))
    expected = torch.autograd.grad(exact, wide, up.double())
    for got, right, leaf in zip(found, expected, leaves, strict=True):
        assert got.shape == leaf.shape
        torch.testing.assert_close(got, right.float(), rtol=2e-5, atol=2e-5)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_results_lie_in_memory_as_those_of_torch_do(case: Case) -> None:
    x = case.x()
    (value,) = kernel("tanh(x)*x")((x,))
    assert value.stride() == (torch.tanh(x) * x).stride() or 1 in x.shape
    assert value.is_contiguous() == torch.tanh(x).is_contiguous()
    (gradient,) = gradients("tanh(x)*x")((torch.ones(()).expand(x.shape), x))
    assert gradient.stride() == value.stride()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_cases_are_the_ones_they_claim_to_be(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sums run in the kernel but where a parameter keeps dimensions on both sides of one that is summed."""
    planned = []

    def watched(*arguments: object) -> object:
        planned.append(plan(*arguments))  # type: ignore[arg-type]
        return planned[-1]

    plan = host.plan
    monkeypatch.setattr(host, "plan", watched)
    leaves = [case.x(), randn(case.a), randn(case.b)]
    up = torch.randn_like(leaves[0])
    gradients(PRODUCT)((up, *leaves))
    assert all(planned) == case.in_one_pass


def bytes_allocated(run: Callable[[], object]) -> int:
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiled:
        kept = run()
    assert kept is not None
    return sum(max(0, event.self_cpu_memory_usage) for event in profiled.events())


@pytest.mark.parametrize(
    "x",
    [
        randn(64, 32, 16, 16),
        channels_last(64, 32, 16, 16),
        randn(800, 600).t(),
        randn(40, 30, 500).permute(2, 0, 1),
        randn(1000, 1000)[::2, ::3],
        randn(1, 500).expand(900, 500),
    ],
    ids=["contiguous", "channels last", "transposed", "permuted", "sliced", "expanded"],
)
def test_nothing_is_copied(x: Tensor) -> None:
    run = kernel("x*sigmoid(x)")
    run((x,))
    assert bytes_allocated(lambda: run((x,))) == 4 * x.numel()


def test_tensors_of_zeros_without_memory() -> None:
    """Torch makes them where a derivative is known to vanish."""
    zeros = torch._efficientzerotensor((3,))
    assert zeros.data_ptr() == 0
    assert kernel("cos(x)")((zeros,))[0].tolist() == [1.0, 1.0, 1.0]


def any_layout(draw: Random, shape: Sequence[int]) -> Tensor:
    """A tensor of a shape with its dimensions in any order in memory, with steps and gaps."""
    order = draw.sample(range(len(shape)), len(shape))
    steps = [draw.choice([1, 1, 1, 2, 3]) for _ in order]
    gaps = [draw.choice([0, 0, 1, 3]) for _ in order]
    stored = randn([shape[d] * step + gap for d, step, gap in zip(order, steps, gaps, strict=True)])
    cut = tuple(slice(gap, None, step) for step, gap in zip(steps, gaps, strict=True))
    return stored[cut].permute([order.index(d) for d in range(len(shape))])


@pytest.mark.parametrize("seed", range(40))
def test_random_layouts(seed: int) -> None:
    draw = Random(seed)
    shape = [draw.choice([1, 2, 3, 5, 17, 40]) for _ in range(draw.randint(0, 4))]
    parameters = [[size if draw.random() < 0.6 else 1 for size in shape[draw.randint(0, len(shape)) :]] for _ in "ab"]
    leaves = [any_layout(draw, each) for each in (shape, *parameters)]
    up = any_layout(draw, shape) if draw.random() < 0.7 else randn(()).expand(shape)
    wide = [leaf.double().requires_grad_() for leaf in leaves]
    exact = wide[1] * wide[0] * wide[2]
    torch.testing.assert_close(kernel(PRODUCT)(leaves)[0], exact.float())
    found = gradients(PRODUCT)((up, *leaves))
    for got, right in zip(found, torch.autograd.grad(exact, wide, up.double()), strict=True):
        torch.testing.assert_close(got, right.float(), rtol=1e-5, atol=1e-4)
