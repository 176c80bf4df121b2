"""Loss landscapes: closed forms, the norms of directions, and a model that is left as it was."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from symkit.errors import DomainError
from symkit.nn import Activation, Landscape, landscape


def squares(model: nn.Module) -> Callable[[], Tensor]:
    """The sum of squares of all parameters."""
    return lambda: torch.stack([parameter.double().square().sum() for parameter in model.parameters()]).sum()


def moved(model: nn.Module, **settings: int | float) -> list[list[Tensor]]:
    """The parameters at every point of a landscape."""
    seen: list[list[Tensor]] = []

    def look() -> float:
        seen.append([parameter.detach().clone() for parameter in model.parameters()])
        return 0.0

    landscape(model, look, **settings)  # type: ignore[arg-type]
    return seen


def test_a_quadratic_on_a_line_is_its_closed_form() -> None:
    model = nn.Linear(1, 1, bias=False, dtype=torch.float64)
    nn.init.constant_(model.weight, 3.0)
    found = landscape(model, squares(model), steps=9, span=0.5)
    # One weight is one filter, so the direction is 3 or -3 and the loss (3 ± 3 a)**2.
    a = np.linspace(-0.5, 0.5, 9)
    np.testing.assert_allclose(found.alphas, a, atol=1e-15)
    right = np.allclose(found.losses, 9 * (1 + a) ** 2) or np.allclose(found.losses, 9 * (1 - a) ** 2)
    assert right
    assert found.betas is None
    assert (found.seed, found.span) == (0, 0.5)


def test_a_quadratic_on_a_plane_has_the_curvature_of_its_directions() -> None:
    model = nn.Linear(5, 4, dtype=torch.float64)
    found = landscape(model, squares(model), steps=7, directions=2, seed=3)
    assert found.losses.shape == (7, 7)
    assert found.betas is not None
    weight, bias = (parameter.detach() for parameter in model.parameters())
    # |w + a d + b e|**2 with |d| = |e| = |w|, fitted: the squares of a and b have the factor |w|**2.
    a, b = np.meshgrid(found.alphas, found.betas, indexing="ij")
    terms = np.stack([np.ones_like(a), a, b, a * a, a * b, b * b], -1).reshape(-1, 6)
    fitted, *_ = np.linalg.lstsq(terms, found.losses.ravel(), rcond=None)
    np.testing.assert_allclose(terms @ fitted, found.losses.ravel())
    size = float(weight.square().sum())
    np.testing.assert_allclose(fitted[[0, 3, 5]], [size + float(bias.square().sum()), size, size])
    assert abs(fitted[1] - fitted[2]) > 1e-3, "the two directions differ"


@pytest.mark.parametrize("layer", [nn.Linear(7, 5), nn.Conv2d(3, 4, 3), nn.Embedding(6, 3)], ids=repr)
def test_each_filter_is_moved_by_its_own_norm(layer: nn.Module) -> None:
    start = [parameter.detach().clone() for parameter in layer.parameters()]
    below, above = moved(layer, steps=2, span=1.0)
    for weight, low, high in zip(start, below, above, strict=True):
        if weight.dim() == 1:
            assert torch.equal(weight, low)
            assert torch.equal(weight, high)
            continue
        norms = weight.flatten(1).norm(dim=1)
        torch.testing.assert_close((high - weight).flatten(1).norm(dim=1), norms)
        torch.testing.assert_close((low - weight).flatten(1).norm(dim=1), norms)
        torch.testing.assert_close(high + low, 2 * weight)


def test_filters_of_zeros_stay_zero() -> None:
    model = nn.Linear(3, 2)
    nn.init.zeros_(model.weight)
    assert all(not weight.any() for weight, _ in moved(model, steps=3))


def test_the_middle_of_an_odd_number_of_steps_is_the_model() -> None:
    model = nn.Sequential(nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 2))
    start = [parameter.detach().clone() for parameter in model.parameters()]
    assert all(map(torch.equal, moved(model, steps=5)[2], start))
    assert all(map(torch.equal, moved(model, steps=3, directions=2)[4], start))
    assert landscape(model, squares(model), steps=49, span=0.3).alphas[24] == 0


def test_parameters_of_a_function_for_a_layer_stay() -> None:
    model = nn.Sequential(nn.Linear(4, 4), Activation("x*sigmoid(beta*x)"))
    assert {float(parameters[-1]) for parameters in moved(model, steps=3)} == {1.0}


def test_a_seed_gives_the_same_landscape_in_every_dtype_and_another_seed_another() -> None:
    torch.manual_seed(0)
    model = nn.Linear(6, 6)

    def losses(model: nn.Module, seed: int) -> Landscape:
        return landscape(model, squares(model), steps=5, seed=seed)

    first = losses(model, 1).losses
    torch.manual_seed(99)
    np.testing.assert_array_equal(losses(model, 1).losses, first)
    assert not np.allclose(losses(model, 2).losses, first)
    np.testing.assert_allclose(losses(model.double(), 1).losses, first, rtol=1e-5)


def test_torch_keeps_its_random_numbers() -> None:
    model = nn.Linear(3, 3)
    before = torch.get_rng_state()
    landscape(model, squares(model), steps=3)
    assert torch.equal(torch.get_rng_state(), before)


class Surprise(BaseException):
    """Nothing that `except Exception` would catch."""


@pytest.mark.parametrize("ending", [None, ValueError, KeyboardInterrupt, Surprise])
def test_the_model_is_left_as_it_was(ending: type[BaseException] | None) -> None:
    model = nn.Sequential(nn.Conv2d(1, 3, 3), nn.BatchNorm2d(3), nn.Flatten(), nn.Dropout(), nn.Linear(12, 2))
    model[3].eval()
    with torch.no_grad():
        model[4].bias[0] = -0.0
        model[1].running_mean[0] = float("nan")
    tensors = {**dict(model.named_parameters()), **dict(model.named_buffers())}
    bits = {name: tensor.detach().numpy().tobytes() for name, tensor in tensors.items()}
    modes = [module.training for module in model.modules()]
    calls = 0

    def loss() -> Tensor:
        nonlocal calls
        calls += 1
        assert not any(module.training for module in model.modules())
        assert not torch.is_grad_enabled()
        # A loss may do what it likes to the model: statistics of batches, buffers and even biases are put back.
        model.train()
        result = model(torch.ones(4, 1, 4, 4)).square().mean()
        model[1].running_var = torch.zeros(3)
        model[4].bias.fill_(7.0)
        model.eval()
        if ending is not None and calls == 4:
            raise ending
        return result

    if ending is None:
        landscape(model, loss, steps=5)
    else:
        with pytest.raises(ending):
            landscape(model, loss, steps=5)
    after = {**dict(model.named_parameters()), **dict(model.named_buffers())}
    assert all(after[name] is tensor for name, tensor in tensors.items())
    assert {name: tensor.detach().numpy().tobytes() for name, tensor in after.items()} == bits
    assert [module.training for module in model.modules()] == modes
    assert all(parameter.requires_grad and parameter.grad is None for parameter in model.parameters())


def test_losses_that_are_no_finite_numbers_stay() -> None:
    model = nn.Linear(1, 1)
    values = iter((float("inf"), 1.5, float("nan"), float("-inf"), 2.0))
    found = landscape(model, lambda: next(values), steps=5)
    np.testing.assert_array_equal(found.losses, [np.inf, 1.5, np.nan, -np.inf, 2.0])


def test_progress_is_told_of_every_point() -> None:
    model = nn.Linear(1, 1)
    told: list[None] = []
    landscape(model, lambda: 0.0, steps=4, directions=2, progress=lambda: told.append(None))
    assert len(told) == 16


def test_what_was_found_cannot_be_changed() -> None:
    found = landscape(nn.Linear(1, 1), lambda: 0.0, steps=3, directions=2)
    for array in (found.alphas, found.betas, found.losses):
        assert array is not None
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1.0


@pytest.mark.parametrize("model", [nn.ReLU(), nn.BatchNorm1d(3), nn.Sequential()], ids=repr)
def test_a_model_without_weights_is_refused(model: nn.Module) -> None:
    with pytest.raises(DomainError, match="no weights to move.*nn.Linear"):
        landscape(model, lambda: 0.0)


def test_a_model_that_has_no_shapes_yet_is_refused() -> None:
    with pytest.raises(DomainError, match="call the model once first"):
        landscape(nn.LazyLinear(2), lambda: 0.0)


def test_weights_that_are_not_finite_are_refused() -> None:
    model = nn.Linear(2, 2)
    nn.init.constant_(model.weight, float("nan"))
    with pytest.raises(DomainError, match="weight has values that are not finite"):
        landscape(model, lambda: 0.0)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"steps": 1}, "2 or more points"),
        ({"span": 0.0}, "positive"),
        ({"span": float("nan")}, "positive"),
        ({"span": float("inf")}, "positive"),
        ({"directions": 3}, "1 gives a line"),
        ({"seed": -1}, "from 0"),
    ],
)
def test_settings_out_of_range_are_refused(settings: dict[str, int | float], message: str) -> None:
    with pytest.raises(DomainError, match=message):
        landscape(nn.Linear(2, 2), lambda: 0.0, **settings)  # type: ignore[arg-type]


def test_a_loss_of_many_numbers_is_refused() -> None:
    with pytest.raises(DomainError, match=r"shape \(2,\).*mean"):
        landscape(nn.Linear(2, 2), lambda: torch.zeros(2))
