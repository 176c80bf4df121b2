"""How many terms are summed, and the weights that are drawn: counts by brute force, statistics with fixed seeds."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from symkit.errors import DomainError
from symkit.nn.initialization.weights import DISTRIBUTIONS, coverage, fan_in, fill

# Terms of a sum


def ones_of(layer: nn.Module) -> nn.Module:
    for parameter in layer.parameters():
        nn.init.ones_(parameter)
    return layer.double()


def terms(layer: Any, shape: tuple[int, ...]) -> tuple[float, float]:
    """The mean of an output where all weights and inputs are 1, and what fan_in and coverage say it is."""
    output = ones_of(layer)(torch.ones(1, layer.in_channels, *shape, dtype=torch.float64))
    transposed = isinstance(layer, nn.modules.conv._ConvTransposeNd)
    share = coverage(
        shape, output.shape[2:], layer.kernel_size, layer.stride, layer.padding, layer.dilation, transposed=transposed
    )
    kind: Any = "conv_transpose" if transposed else "conv"
    return output.mean().item(), fan_in(kind, layer.weight, layer.groups, layer.stride) * share


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel")
@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (nn.Conv1d(3, 4, 5, bias=False), (9,)),
        (nn.Conv1d(3, 4, 5, padding=7, bias=False), (2,)),
        (nn.Conv1d(2, 2, 4, padding="same", bias=False), (7,)),
        (nn.Conv1d(2, 2, 4, padding="same", dilation=3, bias=False), (7,)),
        (nn.Conv1d(2, 2, 3, padding="valid", bias=False), (7,)),
        (nn.Conv2d(3, 4, 3, padding=1, bias=False), (8, 8)),
        (nn.Conv2d(3, 4, 3, padding=1, stride=2, bias=False), (8, 7)),
        (nn.Conv2d(4, 6, (3, 5), padding=(2, 1), stride=(1, 3), dilation=(2, 1), groups=2, bias=False), (6, 11)),
        (nn.Conv2d(4, 8, 3, padding=1, groups=4, bias=False), (5, 5)),
        (nn.Conv2d(4, 4, 1, padding=2, stride=3, bias=False), (4, 4)),
        (nn.Conv3d(2, 3, 3, padding=1, bias=False), (4, 5, 1)),
        (nn.ConvTranspose1d(3, 2, 4, stride=3, padding=1, bias=False), (6,)),
        (nn.ConvTranspose1d(3, 2, 4, stride=3, padding=2, output_padding=2, dilation=2, bias=False), (6,)),
        (nn.ConvTranspose1d(1, 1, 1, stride=2, bias=False), (8,)),
        (nn.ConvTranspose2d(4, 6, 3, stride=2, padding=1, output_padding=1, groups=2, bias=False), (8, 5)),
        (nn.ConvTranspose3d(2, 3, 2, stride=2, bias=False), (2, 3, 4)),
    ],
    ids=str,
)
def test_terms_are_what_layers_sum(layer: nn.Module, shape: tuple[int, ...]) -> None:
    summed, counted = terms(layer, shape)
    assert counted == pytest.approx(summed, rel=1e-12)


def test_fan_in_of_linear_layers() -> None:
    assert fan_in("linear", nn.Linear(7, 3).weight) == 7
    assert fan_in("linear", nn.Bilinear(3, 4, 5).weight) == 12
    assert fan_in("linear", torch.ones(7)) == 7


def test_the_rim_of_a_small_map() -> None:
    assert coverage((8, 8), (8, 8), (3, 3), 1, 1) == 22**2 / 24**2
    assert 1 - coverage((8, 8), (8, 8), (3, 3), 1, 1) == pytest.approx(0.16, abs=0.001)
    assert coverage((8, 8), (6, 6), (3, 3)) == 1
    # One entry of the input, a ring of zeros around it.
    assert coverage((1, 1), (1, 1), (3, 3), 1, 1) == 1 / 9


def test_the_outputs_of_a_transposed_convolution_at_the_rim_may_have_more_taps() -> None:
    # Taps of one entry, every other output empty: 8 of 15 outputs have one, where half a tap is the mean inside.
    assert coverage((8,), (15,), (1,), 2, transposed=True) == 8 / (15 * 0.5)


@pytest.mark.parametrize("taps", [1, 2, 3, 6])
@pytest.mark.parametrize("stride", [1, 2, 5])
@pytest.mark.parametrize("dilation", [1, 3])
@pytest.mark.parametrize("padding", [0, 1, 4])
def test_coverage_by_brute_force(taps: int, stride: int, dilation: int, padding: int) -> None:
    size = 13 + 3 * dilation
    outputs = (size + 2 * padding - dilation * (taps - 1) - 1) // stride + 1
    inside = sum(0 <= o * stride - padding + t * dilation < size for o in range(outputs) for t in range(taps))
    share = inside / (outputs * taps)
    assert coverage((size,), (outputs,), (taps,), stride, padding, dilation) == share
    # Two dimensions multiply.
    both = coverage((size, 9), (outputs, 9), (taps, 3), (stride, 1), (padding, 1), (dilation, 1))
    assert both == pytest.approx(share * 25 / 27, rel=1e-15)
    # A transposed convolution has the same pairs, seen from the other side.
    back = coverage((outputs,), (size,), (taps,), stride, padding, dilation, transposed=True)
    assert back * size * taps / stride == pytest.approx(inside, rel=1e-15)


def test_settings_that_do_not_fit() -> None:
    with pytest.raises(DomainError, match="fan-in"):
        fan_in("conv", torch.ones(3))
    with pytest.raises(DomainError, match="as many dimensions as the kernel"):
        coverage((8,), (8, 8), (3, 3))
    with pytest.raises(DomainError, match="no entries"):
        coverage((2,), (0,), (3,))
    with pytest.raises(DomainError, match="'full'"):
        coverage((2,), (2,), (3,), padding="full")


# Drawing


def drawn(shape: tuple[int, ...], distribution: str, std: float = 1.0, seed: int = 0, **settings: Any) -> Tensor:
    weight = torch.empty(shape, dtype=settings.pop("dtype", None))
    fill(weight, std, distribution, torch.Generator().manual_seed(seed), **settings)
    return weight


MOMENTS = {
    # Kurtosis of the normal distribution cut at 2, from its moments; 3 and 9/5 are well known.
    "truncated_normal": (2.0 / 0.8796256610342398, 2.36553),
    "normal": (math.inf, 3.0),
    "uniform": (math.sqrt(3), 1.8),
}
"""The largest size and the kurtosis at standard deviation 1."""


@pytest.mark.parametrize("distribution", MOMENTS)
def test_standard_deviations_and_shapes(distribution: str) -> None:
    largest, kurtosis = MOMENTS[distribution]
    x = drawn((1000, 1000), distribution, 0.3).double() / 0.3
    # Standard errors are 0.001, 0.0007 at most, and 0.01 at most.
    assert x.mean().item() == pytest.approx(0, abs=0.004)
    assert x.std().item() == pytest.approx(1, abs=0.003)
    assert (x**4).mean().item() == pytest.approx(kurtosis, abs=0.04)
    assert x.abs().max().item() <= largest + 1e-6
    if math.isfinite(largest):
        assert x.abs().max().item() > 0.999 * largest


def test_the_kurtosis_of_the_cut_normal_distribution() -> None:
    z = torch.linspace(-2, 2, 200_001, dtype=torch.float64)
    density = torch.exp(-(z**2) / 2)
    second, fourth = ((density * z**k).sum() / density.sum() for k in (2, 4))
    assert second.sqrt().item() == pytest.approx(0.8796256610342398, rel=1e-5)
    assert (fourth / second**2).item() == pytest.approx(MOMENTS["truncated_normal"][1], rel=1e-4)


@pytest.mark.parametrize(
    ("shape", "groups"),
    [((6, 4), 1), ((4, 6), 1), ((5, 5), 1), ((8, 3, 3, 3), 1), ((40, 2, 3), 1), ((12, 3, 2), 3), ((12, 1, 2), 3)],
)
def test_orthogonal_weights(shape: tuple[int, ...], groups: int) -> None:
    std = 0.25
    weight = drawn(shape, "orthogonal", std, groups=groups, dtype=torch.float64)
    assert (weight**2).mean().item() == pytest.approx(std**2, rel=1e-12)
    for matrix in weight.reshape(groups, shape[0] // groups, -1):
        rows, columns = matrix.shape
        gram = matrix @ matrix.T if rows <= columns else matrix.T @ matrix
        size = std**2 * max(rows, columns)
        torch.testing.assert_close(gram, size * torch.eye(len(gram), dtype=torch.float64))


def test_orthogonal_weights_have_no_favourite_direction() -> None:
    # Without the right signs, the entry in the corner would always be positive.
    corners = torch.stack([drawn((4, 4), "orthogonal", seed=seed)[0, 0] for seed in range(400)])
    assert corners.mean().item() == pytest.approx(0, abs=0.2)
    assert (corners**2).mean().item() == pytest.approx(1, abs=0.2)


@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
def test_shapes_without_and_with_one_entry(distribution: str) -> None:
    assert drawn((0, 3), distribution).shape == (0, 3)
    assert drawn((4, 0), distribution, groups=2).shape == (4, 0)
    scalar = drawn((), distribution, 2.0)
    assert scalar.shape == ()
    assert 0 < abs(scalar.item()) < 8
    assert drawn((5,), distribution).isfinite().all()


@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_dtypes(distribution: str, dtype: torch.dtype) -> None:
    weight = drawn((64, 64), distribution, 0.02, dtype=dtype)
    assert weight.dtype == dtype
    assert weight.double().square().mean().sqrt().item() == pytest.approx(0.02, rel=0.05)
    if dtype != torch.float64:
        # Narrow weights are the float32 ones, rounded.
        torch.testing.assert_close(weight, drawn((64, 64), distribution, 0.02).to(dtype), rtol=0, atol=0)


@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
def test_a_seed_decides_all(distribution: str) -> None:
    before = torch.random.get_rng_state()
    first, again, other = (drawn((8, 8), distribution, seed=seed) for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert torch.equal(torch.random.get_rng_state(), before)


@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
def test_parameters_are_filled_in_place(distribution: str) -> None:
    layer = nn.Conv2d(4, 6, 3)
    kept = layer.weight
    version = kept._version
    fill(kept, 0.5, distribution, torch.Generator().manual_seed(0))
    assert layer.weight is kept
    assert kept.requires_grad
    assert kept.is_leaf
    assert kept.grad_fn is None
    assert kept._version > version
    assert kept.detach().square().mean().sqrt().item() == pytest.approx(0.5, rel=0.15)


def test_strided_and_meta_weights() -> None:
    wide = torch.zeros(6, 8)
    fill(wide[:, ::2], 1.0, "normal", torch.Generator().manual_seed(0))
    assert torch.equal(wide[:, ::2], drawn((6, 4), "normal"))
    assert not wide[:, 1::2].any()
    fill(torch.empty(3, 3, device="meta"), 1.0, "orthogonal", torch.Generator())


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
def test_cuda(distribution: str) -> None:
    weight = torch.empty(16, 8, device="cuda")
    fill(weight, 0.1, distribution, torch.Generator().manual_seed(3))
    assert torch.equal(weight.cpu(), drawn((16, 8), distribution, 0.1, seed=3))
    fill(weight, 0.1, distribution, torch.Generator("cuda").manual_seed(3))
    assert weight.square().mean().sqrt().item() == pytest.approx(0.1, rel=0.3)


def test_a_standard_deviation_of_zero() -> None:
    assert not drawn((3, 3), "truncated_normal", 0.0).any()


@pytest.mark.parametrize(
    ("weight", "std", "distribution", "groups", "problem"),
    [
        (torch.empty(2, 2), 1.0, "gaussian", 1, "truncated_normal, normal, uniform, orthogonal"),
        (torch.empty(2, 2), -1.0, "normal", 1, "-1.0"),
        (torch.empty(2, 2), math.inf, "normal", 1, "inf"),
        (torch.empty(2, 2), math.nan, "normal", 1, "nan"),
        (torch.empty(2, 2, dtype=torch.int32), 1.0, "normal", 1, "int32"),
        (torch.empty(2, 2, dtype=torch.complex64), 1.0, "normal", 1, "complex64"),
        (torch.empty(4, 2), 1.0, "orthogonal", 3, "3 groups do not divide the 4 rows"),
        (torch.empty(4, 2), 1.0, "orthogonal", 0, "0 groups"),
    ],
)
def test_what_cannot_be_drawn(weight: Tensor, std: float, distribution: str, groups: int, problem: str) -> None:
    with pytest.raises(DomainError, match=problem):
        fill(weight, std, distribution, torch.Generator(), groups=groups)
