"""nn.GANLoss: mean losses of both networks, stable for logits of any size, and a generator that learns."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from symkit import zoo
from symkit.errors import DomainError
from symkit.nn import GANLoss


def outputs(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).requires_grad_()


def gradients(loss: Tensor, *tensors: Tensor) -> tuple[Tensor, ...]:
    return torch.autograd.grad(loss, tensors)


@pytest.mark.parametrize("shape", [(6,), (6, 1), (3, 1, 2, 2), (4, 3)])
def test_least_squares(shape: tuple[int, ...]) -> None:
    real, fake = outputs(*shape), outputs(2, *shape, seed=1)
    loss = GANLoss(*zoo.gan("lsgan"))
    expected = ((real - 1) ** 2).mean() / 2 + (fake**2).mean() / 2
    found = loss.discriminator(real, fake)
    assert found.shape == ()
    torch.testing.assert_close(found, expected)
    torch.testing.assert_close(gradients(found, real, fake), gradients(expected, real, fake))
    torch.testing.assert_close(loss.generator(fake), ((fake - 1) ** 2).mean() / 2)


def test_wasserstein() -> None:
    real, fake = outputs(5), outputs(7, seed=1)
    loss = GANLoss(*zoo.gan("wgan"))
    torch.testing.assert_close(loss.discriminator(real, fake), fake.mean() - real.mean())
    torch.testing.assert_close(loss.generator(fake), -fake.mean())


@pytest.mark.parametrize("shape", [(6,), (6, 1), (3, 1, 2, 2), (4, 3)])
@pytest.mark.parametrize("name", ["minimax", "nonsaturating"])
def test_logits_have_the_losses_of_their_sigmoid(name: str, shape: tuple[int, ...]) -> None:
    real, fake = outputs(*shape), outputs(*shape, seed=1)
    loss = GANLoss(*zoo.gan(name), link="sigmoid")
    expected = -F.logsigmoid(real).mean() - F.logsigmoid(-fake).mean()
    found = loss.discriminator(real, fake)
    torch.testing.assert_close(found, expected)
    torch.testing.assert_close(gradients(found, real, fake), gradients(expected, real, fake))
    generator = F.logsigmoid(-fake).mean() if name == "minimax" else -F.logsigmoid(fake).mean()
    torch.testing.assert_close(loss.generator(fake), generator)


def test_sure_logits_are_no_infinite_loss() -> None:
    sure = torch.tensor([200.0, 1e4], requires_grad=True)
    linked = GANLoss(*zoo.gan("nonsaturating"), link="sigmoid")
    found = linked.discriminator(-sure, sure)
    assert found.item() == pytest.approx(2 * sure.mean().item())
    torch.testing.assert_close(gradients(found, sure)[0], torch.tensor([1.0, 1.0]))
    plain = GANLoss(*zoo.gan("nonsaturating"))
    assert plain.discriminator((-sure).sigmoid(), sure.sigmoid()).isinf()


def test_losses_may_be_texts_and_have_values() -> None:
    p = outputs(9)
    loss = GANLoss("relu(1 - p)", "relu(1 + p)", "f(p; a = 3) = -a*p")
    torch.testing.assert_close(loss.discriminator(p, p), F.relu(1 - p).mean() + F.relu(1 + p).mean())
    torch.testing.assert_close(loss.generator(p), -3 * p.mean())
    assert list(loss.parameters()) == []


@pytest.mark.parametrize(
    ("losses", "link", "said"),
    [
        (("-y*log(p)", "p", "p"), "identity", "depends on a target y"),
        (("p", "p", "x"), "identity", "x"),
        (("p", "p", "p"), "softmax", "'softmax' is not one of identity, sigmoid"),
    ],
)
def test_bad_losses_are_answered_in_words(losses: tuple[str, str, str], link: str, said: str) -> None:
    with pytest.raises(DomainError, match=said):
        GANLoss(*losses, link=link)


MEAN = 3.0


@pytest.mark.parametrize(("name", "link"), [("lsgan", "identity"), ("nonsaturating", "sigmoid")])
def test_a_generator_learns_where_a_normal_lies(name: str, link: str) -> None:
    """Real data is normal with mean 3 and deviation 0.5; G makes noise of mean 0 into a normal."""
    torch.manual_seed(0)
    generator = nn.Linear(1, 1)
    discriminator = nn.Sequential(nn.Linear(1, 16), nn.LeakyReLU(0.2), nn.Linear(16, 1))
    loss = GANLoss(*zoo.gan(name), link=link)
    steps = [torch.optim.Adam(n.parameters(), lr=0.01, betas=(0.5, 0.9)) for n in (discriminator, generator)]
    means = []
    for _ in range(450):
        real, fake = MEAN + 0.5 * torch.randn(64, 1), generator(torch.randn(64, 1))
        steps[0].zero_grad()
        loss.discriminator(discriminator(real), discriminator(fake.detach())).backward()
        steps[0].step()
        steps[1].zero_grad()
        loss.generator(discriminator(fake)).backward()
        steps[1].step()
        means.append(generator.bias.item())
    assert means[0] < 1
    # It circles around the mean; without the discriminator's help it would stay where it began.
    assert sum(means[-150:]) / 150 == pytest.approx(MEAN, abs=0.2)
