"""GANLoss: the three losses of a generative adversarial network as one module."""

from __future__ import annotations

from torch import Tensor, nn

from symkit.errors import DomainError
from symkit.nn.loss import Loss
from symkit.nn.module import expression_of
from symkit.text import Expression


class GANLoss(nn.Module):
    """What the two networks of a GAN make small, from three losses of p = D(.), the discriminator's output.

    Each is the mean over all outputs of the discriminator in a batch: an expectation over real data for `d_real`, over
    generated data for the other two (slides 2024 and 2026, loss functions for GANs). The zoo has those of the slides,
    in this order: `GANLoss(*zoo.gan("lsgan"))`.

    Of those, minimax and nonsaturating take logarithms of p and 1 - p. They need a probability: let the discriminator
    put out logits and use `link="sigmoid"`, by which neither logarithm ever is one of a rounded 0. A p of its own that
    has been rounded to 0 or 1 has an infinite loss. wgan and lsgan are for any real p, as a last linear layer puts it
    out. wgan moreover needs a discriminator whose slope is bounded, by clipped weights or a penalty, which is no part
    of these losses. Both losses of taylorgan's discriminator rise with p everywhere and fall without bound towards
    -inf: its p must be bounded, as a sigmoid's is.

    Args:
        d_real: loss of the discriminator by its output on real data: an Expression in `p`, or its text.
        d_fake: loss of the discriminator by its output on generated data.
        g_fake: loss of the generator by the discriminator's output on generated data.
        link: "identity": the discriminator puts out p. "sigmoid": it puts out logits z, and p = sigmoid(z); losses may
            then be written in `z` too, and are stable.
        backend: see `functional`.

    Parameters of the losses stay at their initial values: a loss that may change itself is its own easiest way down.

    Raises:
        DomainError: for an expression with a target y or of another kind, or another link.
    """

    def __init__(
        self,
        d_real: Expression | str,
        d_fake: Expression | str,
        g_fake: Expression | str,
        *,
        link: str = "identity",
        backend: str = "auto",
    ) -> None:
        super().__init__()
        if link not in ("identity", "sigmoid"):
            raise DomainError(f"link {link!r} is not one of identity, sigmoid")
        self.link = link
        self.d_real = _loss(d_real, link, backend)
        self.d_fake = _loss(d_fake, link, backend)
        self.g_fake = _loss(g_fake, link, backend)

    def discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        """The loss of the discriminator, a scalar, by its outputs on real and on generated data, of any shapes.

        Generated data should be detached from the generator, which has no part in this loss.
        """
        loss: Tensor = self.d_real(real.flatten()) + self.d_fake(fake.flatten())
        return loss

    def generator(self, fake: Tensor) -> Tensor:
        """The loss of the generator, a scalar, by the discriminator's output on generated data, of any shape."""
        loss: Tensor = self.g_fake(fake.flatten())
        return loss


def _loss(e: Expression | str, link: str, backend: str) -> Loss:
    expression = expression_of(e, "loss")
    if "y" in expression.program.inputs:
        raise DomainError(f"{expression} depends on a target y; a loss of a GAN is a function of p = D(.) alone")
    return Loss(expression, link=link, learnable=False, backend=backend)
