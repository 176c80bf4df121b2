"""Losses of logits under a softmax: torch's cross_entropy in every setting, and what targets may be."""

from __future__ import annotations

import itertools
import json
import pickle
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

import symkit
from symkit.errors import DomainError
from symkit.nn import Loss, loss_function

DATA = Path(__file__).parent.parent / "data"
GRADIENTS: list[dict[str, Any]] = json.loads((DATA / "loss_rules.json").read_text())["logit_gradients"]
SMOOTHING: list[dict[str, Any]] = json.loads((DATA / "losses.json").read_text())["label_smoothing"]

WRITTEN = {
    "ce": "-y*log(p)",
    "sparselsr": "-y*((1 - xi + xi/C)*log(p) + xi*(C - 1)/C*log((1 - p)/(C - 1)))",
    "sparselsr_stable": "-y*((1 - xi + xi/C)*log(p) + xi*(C - 1)/C*log((1 - p + eps)/(C - 1)))",
    "ace_phi1.1": "y*abs(log(1.1*p))",
}
"""The losses of `GRADIENTS`, with xi = 0.1."""
CROSS_ENTROPY = "-y*log(p)"
CLASSES = 5
REDUCTIONS = ["none", "mean", "sum"]
SHAPES = [(CLASSES,), (4, CLASSES), (3, CLASSES, 2), (2, CLASSES, 3, 2)]


def indices(*shape: int) -> Tensor:
    """Class indices for an input of this shape."""
    return torch.randint(0, CLASSES, shape[:1] + shape[2:] if len(shape) > 1 else ())


def probabilities(*shape: int) -> Tensor:
    return torch.randn(shape).softmax(1 if len(shape) > 1 else 0)


def assert_same(ours: Any, theirs: Any, logits: Tensor) -> None:
    """Whether values and gradients agree; the gradients for cotangents that differ from row to row."""
    found, expected = ours(logits), theirs(logits)
    torch.testing.assert_close(found, expected, equal_nan=True)
    cotangent = torch.linspace(0.5, 1.5, found.numel(), dtype=found.dtype).reshape(found.shape)
    gradients = (torch.autograd.grad(loss, logits, cotangent)[0] for loss in (found, expected))
    torch.testing.assert_close(*gradients, equal_nan=True)


# Torch's cross-entropy


def assert_cross_entropy(logits: Tensor, target: Tensor, backend: str, **settings: Any) -> None:
    logits.requires_grad_()
    loss = Loss(CROSS_ENTROPY, link="softmax", backend=backend, **settings)
    assert_same(lambda z: loss(z, target), lambda z: cross_entropy(z, target, **settings), logits)


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_cross_entropy_in_every_setting(shape: tuple[int, ...], reduction: str) -> None:
    settings: dict[str, Any] = {"reduction": reduction}
    for weight, smoothing in itertools.product((None, torch.tensor([0.5, 2.0, 1.0, 0.25, 3.0])), (0.0, 0.2)):
        settings |= {"weight": weight, "label_smoothing": smoothing}
        assert_cross_entropy(3 * torch.randn(shape), probabilities(*shape), "torch", **settings)
        for ignore in (-100, 2):
            classes = indices(*shape)
            assert_cross_entropy(3 * torch.randn(shape), classes, "torch", **settings, ignore_index=ignore)


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_cross_entropy_on_every_backend(reduction: str, backend: str) -> None:
    settings: dict[str, Any] = {"reduction": reduction, "weight": torch.tensor([0.5, 2.0, 1.0, 0.25, 3.0])}
    shape = (3, CLASSES, 2)
    assert_cross_entropy(torch.randn(shape), indices(*shape), backend, ignore_index=1, **settings)
    assert_cross_entropy(torch.randn(shape), indices(*shape), backend, label_smoothing=0.2, **settings)
    assert_cross_entropy(torch.randn(shape), probabilities(*shape), backend, **settings)


def test_targets_of_rows_that_are_ignored() -> None:
    logits = torch.randn(4, CLASSES, requires_grad=True)
    target = torch.tensor([-100, 3, -100, 0])
    for reduction in REDUCTIONS:
        assert_cross_entropy(logits, target, "torch", reduction=reduction)
    (gradient,) = torch.autograd.grad(Loss("y/p", link="softmax")(logits, target), logits)
    assert gradient[[0, 2]].eq(0).all()
    assert gradient[[1, 3]].ne(0).all()
    assert Loss(CROSS_ENTROPY, link="softmax")(logits, torch.full((4,), -100)).isnan()


def test_a_row_that_is_ignored_may_hold_anything() -> None:
    # The first class, which stands in for the ignored one, is as good as impossible.
    logits = torch.tensor([[-float("inf"), 0.0, 1.0], [0.5, 0.0, 1.0]], requires_grad=True)
    for text in ("y/p", "(y - p)**2/p", "-y*log(p)"):
        loss = Loss(text, link="softmax")(logits, torch.tensor([-100, 1]))
        (gradient,) = torch.autograd.grad(loss, logits)
        assert gradient[0].tolist() == [0.0, 0.0, 0.0]
        assert gradient[1].isfinite().all()


def test_probabilities_may_have_gradients() -> None:
    logits, target = torch.randn(4, CLASSES), probabilities(4, CLASSES).requires_grad_()
    ours = torch.autograd.grad(Loss(CROSS_ENTROPY, link="softmax")(logits, target), target)
    torch.testing.assert_close(ours, torch.autograd.grad(cross_entropy(logits, target), target))


def test_empty_batches() -> None:
    logits, target = torch.randn(0, CLASSES), torch.zeros(0, dtype=torch.long)
    for text in (CROSS_ENTROPY, "(y - p)**2"):
        assert Loss(text, link="softmax")(logits, target).isnan()
        assert Loss(text, link="softmax", reduction="sum")(logits, target).item() == 0.0
        assert Loss(text, link="softmax", reduction="none")(logits, target).shape == (0,)


def test_one_class() -> None:
    logits = torch.randn(3, 1, requires_grad=True)
    target = torch.zeros(3, dtype=torch.long)
    loss = Loss(CROSS_ENTROPY, link="softmax")(logits, target)
    assert loss.item() == 0.0
    assert torch.autograd.grad(loss, logits)[0].eq(0).all()


# Any loss


LOSSES = [
    "-y*log(p)",
    "(y - p)**2",
    "f(y, p; xi = 0.1) = -(y*(1 - xi) + xi/C)*log(p)",
    "f(y, p; xi = 0.1) = -y*((1 - xi + xi/C)*log(p) + xi*(C - 1)/C*log((1 - p)/(C - 1)))",
    "f(y, p; gamma = 2) = -y*(1 - p)**gamma*log(p)",
    "f(y, p; phi0 = 2, phi1 = 1.1) = phi0*y*abs(log(phi1*p))",
    "-(log(p) - y/p)",
    "-(y*log(p) + (1 - y)*log(1 - p))",
    "abs(log(square(y*p) + eps))",
    "f(y, p; a = 3) = where(y > 0.5, -log(p), a)",
    "a*(1 - y)*log(1 - p)",
]


@pytest.mark.parametrize("text", LOSSES)
def test_classes_are_one_hot_rows(text: str) -> None:
    """What is left out because it does not depend on p is what the whole sum says it is, by parameters too."""
    weight = torch.tensor([0.5, 2.0, 1.0, 0.25, 3.0], dtype=torch.float64)
    for shape, weighted in itertools.product(SHAPES, (None, weight)):
        logits = torch.randn(shape, dtype=torch.float64, requires_grad=True)
        target = indices(*shape)
        one_hot = torch.nn.functional.one_hot(target, CLASSES).movedim(-1, 1 if target.dim() else 0)
        settings: dict[str, Any] = {"link": "softmax", "reduction": "sum", "weight": weighted, "dtype": torch.float64}
        loss = Loss(text, backend="torch", **settings)
        by = [logits, *loss.parameters()]
        found = loss(logits, target)
        probability = logits.softmax(1 if len(shape) > 1 else 0)
        shares = loss.loss_function.elementwise(
            *[one_hot.double() if name == "y" else probability for name in loss.expression.inputs],
            **loss.values(),
            **({"C": CLASSES} if "C" in loss.loss_function.elementwise.constants else {}),
        )
        if weighted is not None:
            shares = shares * weighted.reshape(-1, *(1,) * (max(len(shape), 2) - 2))
        torch.testing.assert_close(found, shares.sum())
        torch.testing.assert_close(
            torch.autograd.grad(found, by), torch.autograd.grad(shares.sum(), by), rtol=1e-9, atol=1e-9
        )
        torch.testing.assert_close(loss(logits, one_hot), found)
        torch.testing.assert_close(loss(logits, one_hot.bool()), found)


def test_a_loss_without_y_needs_no_target() -> None:
    logits = torch.randn(4, CLASSES)
    expected = -(1 - logits.softmax(1)).log().sum(1).mean()
    torch.testing.assert_close(Loss("-log(1 - p)", link="softmax")(logits), expected)
    torch.testing.assert_close(Loss("-log(1 - p)", link="softmax")(logits, indices(4, CLASSES)), expected)
    with pytest.raises(DomainError, match="depends on y: pass the target"):
        Loss(CROSS_ENTROPY, link="softmax")(logits)


def test_a_constant_of_other_outputs_is_learnt() -> None:
    # sqrt(0) has an infinite derivative by p, which no output that is not the class has a part in.
    logits, target = torch.randn(4, CLASSES, requires_grad=True), indices(4, CLASSES)
    loss = Loss("f(y, p; a = 0.25) = abs(log(sqrt(y*p) + a))", link="softmax", reduction="sum")
    value = loss(logits, target)
    a = torch.tensor(0.25, requires_grad=True)
    own = (logits.softmax(1).gather(1, target.unsqueeze(1)).sqrt() + a).log().abs()
    expected = own.sum() + 4 * (CLASSES - 1) * a.log().abs()
    torch.testing.assert_close(value, expected)
    found = torch.autograd.grad(value, [logits, loss.a])
    torch.testing.assert_close(found, torch.autograd.grad(expected, [logits, a]))


def test_a_loss_that_no_logit_matters_to() -> None:
    logits = torch.randn(4, CLASSES, requires_grad=True)
    for text, value in (("f(y, p) = y*2", 2.0), ("f(y, p; a = 3) = a*y", 3.0), ("f(y, p) = 2", 10.0)):
        for target in (indices(4, CLASSES), torch.eye(CLASSES)[indices(4, CLASSES)]):
            loss = Loss(text, link="softmax")(logits, target)
            assert loss.item() == value
            assert torch.autograd.grad(loss, logits)[0].eq(0).all()


def test_label_smoothing_is_that_of_any_loss() -> None:
    logits, target = torch.randn(4, CLASSES), indices(4, CLASSES)
    smooth = torch.nn.functional.one_hot(target, CLASSES) * 0.7 + 0.3 / CLASSES
    for text in LOSSES:
        smoothed = loss_function(text, link="softmax", label_smoothing=0.3, backend="torch")
        plain = loss_function(text, link="softmax", backend="torch")
        torch.testing.assert_close(smoothed(logits, target), plain(logits, smooth))
        torch.testing.assert_close(smoothed(logits, target), smoothed(logits, torch.eye(CLASSES)[target]))


def test_the_number_of_classes() -> None:
    logits, target = torch.randn(4, CLASSES), indices(4, CLASSES)
    text = "-y*log(p)/C"
    expected = cross_entropy(logits, target)
    torch.testing.assert_close(Loss(text, link="softmax")(logits, target), expected / CLASSES)
    torch.testing.assert_close(
        Loss(text, link="softmax")(logits[0], target[0]), cross_entropy(logits[0], target[0]) / 5
    )
    torch.testing.assert_close(Loss(text, link="softmax", C=10)(logits, target), expected / 10)
    torch.testing.assert_close(Loss(f"f(y, p; C = 2) = {text}", link="softmax")(logits, target), expected / 2)
    torch.testing.assert_close(loss_function(text, link="softmax")(logits, target, C=4), expected / 4)


# Facts


@pytest.mark.parametrize("row", GRADIENTS, ids=lambda row: f"{row['loss']} {row['case']}")
def test_gradients_of_logits(row: dict[str, Any]) -> None:
    logits = torch.tensor([float(z) for z in row["logits"]], dtype=torch.float64, requires_grad=True)
    text = WRITTEN[row["loss"]].replace("xi", row["xi"])
    loss = loss_function(text, link="softmax", backend="torch")(logits, torch.tensor(row["target"]))
    assert loss.item() == pytest.approx(float(row["loss_value"]), rel=1e-10)
    (gradient,) = torch.autograd.grad(loss, logits)
    assert gradient.tolist() == pytest.approx([float(g) for g in row["dLdz"]], rel=1e-10)


def test_smoothed_labels() -> None:
    for row in SMOOTHING:
        logits, target = torch.tensor(row["logits"], dtype=torch.float64), torch.tensor(row["target"])
        smoothing, expected = float(row["label_smoothing"]), pytest.approx(float(row["value"]), rel=1e-10)
        smoothed = loss_function(CROSS_ENTROPY, link="softmax", label_smoothing=smoothing, backend="torch")
        assert smoothed(logits, target).item() == expected
        written = loss_function("-(y*(1 - xi) + xi/C)*log(p)", link="softmax", backend="torch")
        assert written(logits, target, xi=torch.tensor(smoothing, dtype=torch.float64)).item() == expected


# As a function


def test_functions_are_values() -> None:
    f = loss_function(CROSS_ENTROPY, link="softmax", label_smoothing=0.1)
    assert f == loss_function("-y*log(p)", link="softmax", label_smoothing=0.1)
    assert hash(f) == hash(loss_function(CROSS_ENTROPY, link="softmax", label_smoothing=0.1))
    assert f != loss_function(CROSS_ENTROPY, link="softmax")
    logits, target = torch.randn(4, CLASSES), indices(4, CLASSES)
    torch.testing.assert_close(pickle.loads(pickle.dumps(f))(logits, target), f(logits, target))
    assert repr(f) == "loss_function('-y*log(p)', link='softmax', reduction='mean', label_smoothing=0.1)"


def test_functions_take_parameters_and_weights() -> None:
    f = loss_function("a*-y*log(p)", link="softmax")
    logits, target = torch.randn(4, CLASSES), indices(4, CLASSES)
    a, weight = torch.tensor(2.0, requires_grad=True), torch.rand(CLASSES)
    loss = f(logits, target, weight=weight, a=a)
    torch.testing.assert_close(loss, 2 * cross_entropy(logits, target, weight))
    torch.testing.assert_close(torch.autograd.grad(loss, a)[0], cross_entropy(logits, target, weight))
    torch.testing.assert_close(f(logits, target, a=3), 3 * cross_entropy(logits, target))


def test_parameters_may_have_the_names_of_arguments() -> None:
    loss = Loss("-weight*target*y*log(p)", link="softmax", init={"weight": 2.0, "target": 3.0})
    logits, target = torch.randn(4, CLASSES), indices(4, CLASSES)
    torch.testing.assert_close(loss(logits, target), 6 * cross_entropy(logits, target))


def test_the_module_holds_the_weight() -> None:
    loss = Loss(CROSS_ENTROPY, link="softmax", weight=torch.ones(CLASSES), ignore_index=3)
    assert list(loss.state_dict()) == ["weight"]
    assert loss.to(torch.float64).weight.dtype == torch.float64
    assert str(loss) == "Loss('-y*log(p)', link='softmax', reduction='mean', ignore_index=3, weight=...)"
    assert isinstance(symkit.nn.compile(CROSS_ENTROPY, link="softmax"), Loss)


# Errors


@pytest.mark.parametrize(
    ("text", "settings", "message"),
    [
        ("softplus(z) - y*z", {}, r"written in the target y and the probability p; .* has z.*link=\"sigmoid\""),
        (CROSS_ENTROPY, {"label_smoothing": 1.5}, r"label_smoothing 1.5 is not between 0 and 1"),
        (CROSS_ENTROPY, {"stabilise": False}, r"always stabilised"),
        (CROSS_ENTROPY, {"link": "identity", "label_smoothing": 0.1}, r"label_smoothing needs link="),
        (CROSS_ENTROPY, {"link": "identity", "weight": torch.ones(3)}, r"weight goes with link="),
        (CROSS_ENTROPY, {"link": "sigmoid", "ignore_index": 3}, r"ignore_index is about class indices"),
    ],
)
def test_settings_that_do_not_fit(text: str, settings: dict[str, Any], message: str) -> None:
    with pytest.raises(DomainError, match=message):
        Loss(text, **{"link": "softmax", **settings})


@pytest.mark.parametrize(
    ("target", "message"),
    [
        (torch.tensor([0, 1, 5, 2]), r"the target at 2 is 5; a class index is 0 to 4, or -100 \(ignore_index\)"),
        (torch.tensor([0, -1, 1, 2]), r"the target at 1 is -1; a class index is 0 to 4"),
        (
            torch.tensor([0.0, 1.0, 2.0, 3.0]),
            r"is torch.float32 and has the shape of class indices; .* integers of shape \(4,\)",
        ),
        (torch.tensor([True, False, True, True]), r"the target is torch.bool and has"),
        (torch.zeros(4, 3), r"the target has shape \(4, 3\); for an input of shape \(4, 5\) give class indices"),
        (torch.zeros(3, dtype=torch.long), r"has shape \(3,\); .* or a number for every output, of shape \(4, 5\)"),
        (torch.zeros(4, 5, dtype=torch.complex64), r"is torch.complex64"),
        (1.0, r"the target is 1.0 and no tensor"),
    ],
)
def test_targets_that_do_not_fit(target: Any, message: str) -> None:
    with pytest.raises(DomainError, match=message):
        Loss(CROSS_ENTROPY, link="softmax")(torch.randn(4, 5), target)


def test_places_of_indices_out_of_range() -> None:
    target = torch.zeros(2, 3, 3, dtype=torch.long)
    target[1, 2, 0] = 7
    with pytest.raises(DomainError, match=r"the target at \(1, 2, 0\) is 7; a class index is 0 to 4"):
        Loss(CROSS_ENTROPY, link="softmax")(torch.randn(2, 5, 3, 3), target)
    with pytest.raises(DomainError, match=r"the target at 0 is 9; a class index is 0 to 4"):
        Loss("(y - p)**2", link="softmax")(torch.randn(5), torch.tensor(9))


def test_inputs_and_weights_that_do_not_fit() -> None:
    loss = loss_function(CROSS_ENTROPY, link="softmax")
    target = torch.zeros(4, dtype=torch.long)
    with pytest.raises(DomainError, match=r"the input is torch.int64; allowed are float64"):
        loss(torch.zeros(4, 5, dtype=torch.long), target)
    with pytest.raises(DomainError, match=r"a softmax is over the classes"):
        loss(torch.tensor(1.0), torch.tensor(0))
    with pytest.raises(DomainError, match=r"weight is torch.float32 of shape \(4,\); .* must be \(5,\)"):
        loss(torch.randn(4, 5), target, weight=torch.ones(4))
    with pytest.raises(DomainError, match=r"'K' is no parameter or constant"):
        loss(torch.randn(4, 5), target, K=3)
    with pytest.raises(DomainError, match=r"a has shape \(4,\); under link 'softmax' it must be one number"):
        loss_function("a*y*p", link="softmax")(torch.randn(4, 5), target, a=torch.ones(4))


def test_class_indices_without_a_link() -> None:
    with pytest.raises(DomainError, match=r"like class indices .* link=\"softmax\" and logits.* one-hot"):
        Loss(CROSS_ENTROPY)(torch.rand(4, 5), torch.zeros(4, dtype=torch.long))
