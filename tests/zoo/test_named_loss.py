"""Losses by name with values in brackets, or by formula."""

from __future__ import annotations

import pytest

from symkit import zoo
from symkit.errors import DomainError, ParseError
from symkit.text import parse
from symkit.zoo.named import named_loss


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("ce", "-y*log(p)"),
        ("CE", "-y*log(p)"),
        ("mse", "(y - p)**2"),
        ("label_smoothing", str(zoo["lsr"])),
        ("lsr(0.2)", "f(y, p; xi = 0.2, C = 10) = -(y*(1 - xi) + xi/C)*log(p)"),
        ("lsr(0.2, 5)", "f(y, p; xi = 0.2, C = 5) = -(y*(1 - xi) + xi/C)*log(p)"),
        ("lsr(C = 100, xi = 1e-3)", "f(y, p; xi = 0.001, C = 100) = -(y*(1 - xi) + xi/C)*log(p)"),
        ("focal(γ = 3)", "f(y, p; gamma = 3) = -y*((1 - p)**gamma*log(p))"),
        ("focal()", str(zoo["focal"])),
        ("ace_param(phi1=1.3)", "f(y, p; phi1 = 1.3) = phi0*y*abs(log(phi1*p))"),
        ("(y - p)**2", "(y - p)**2"),
        ("abs(y-p)", "abs(y - p)"),
        ("max(y, p)", "max(y, p)"),
        ("f(y, p; a = 2) = a*(y - p)**2", "f(y, p; a = 2) = a*(y - p)**2"),
        ("p", "p"),
        ("evomal_e(eps=0.5)", "f(y, p; eps = 0.5) = abs(log((y*p)**2 + eps))"),
    ],
)
def test_reads(text: str, same: str) -> None:
    assert named_loss(text) == parse(same)


def test_every_loss_of_the_zoo_is_known() -> None:
    for name in zoo:
        if zoo.entry(name).kind in ("loss", "gan"):
            assert named_loss(name) == zoo[name]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("lsrr", "nearest name is 'lsr'"),
        ("sparselssr(0.1)", "nearest name is 'sparselsr'"),
        ("nope(1)", "there are ce"),
        ("mish", "no loss of the zoo"),
        ("mish(p)*x", "of p, x|of x, p"),
        ("lsr(0.1, 2, 3)", "takes xi, C; '3' is one value too many"),
        ("ce(0.1)", "takes no values"),
        ("lsr(alpha = 1)", "no parameter 'alpha'; it takes xi, C"),
        ("lsr(xi = 0.1, xi = 0.2)", "given twice"),
        ("lsr(x)", "'x' is no finite number"),
        ("lsr(inf)", "'inf' is no finite number"),
        ("relu(x)", "function of x"),
    ],
)
def test_teaches(text: str, words: str) -> None:
    with pytest.raises(DomainError, match=words):
        named_loss(text)


@pytest.mark.parametrize("text", ["", "lsr(0.1", "y*", "-y*log(p"])
def test_what_is_no_text(text: str) -> None:
    with pytest.raises(ParseError):
        named_loss(text)
