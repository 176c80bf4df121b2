"""Losses of GANs: three of them as one object."""

from __future__ import annotations

import pytest

from symkit import zoo
from symkit.text import parse

SLIDES = {
    "minimax": ("-log(p)", "-log(1 - p)", "log(1 - p)"),
    "nonsaturating": ("-log(p)", "-log(1 - p)", "-log(p)"),
    "wgan": ("-p", "p", "-p"),
    "lsgan": ("0.5*(p - 1)**2", "0.5*p**2", "0.5*(p - 1)**2"),
}
"""The table of the slides on losses of GANs: discriminator on real data and on generated data, generator."""


@pytest.mark.parametrize("name", SLIDES)
def test_losses_are_those_of_the_slides(name: str) -> None:
    assert tuple(zoo.gan(name)) == tuple(parse(text, kind="loss") for text in SLIDES[name])


def test_taylorgan_has_a_cubic_for_each_part() -> None:
    real, fake, generated = zoo.gan("taylorgan")
    assert real == zoo["taylorgan_d_real"]
    assert fake == zoo["taylorgan_d_fake"]
    assert generated == zoo["taylorgan_g_fake"]


def test_every_gan_is_listed_once_with_its_entries() -> None:
    assert [triple.name for triple in zoo.gans()] == [*SLIDES, "taylorgan"]
    entries = [name for triple in zoo.gans() for name in triple.entries]
    assert entries == [name for name in zoo if zoo.entry(name).kind == "gan"]
    for triple in zoo.gans():
        assert (triple.d_real, triple.d_fake, triple.g_fake) == tuple(zoo[name] for name in triple.entries)
        assert triple.title in zoo.entry(triple.entries[0]).title


@pytest.mark.parametrize(
    ("name", "same"),
    [
        ("gan_lsgan", "lsgan"),
        ("GAN-LSGAN", "lsgan"),
        ("non-saturating", "nonsaturating"),
        ("gan non saturating", "nonsaturating"),
        ("gan_taylorgan", "taylorgan"),
    ],
)
def test_names_as_people_type_them(name: str, same: str) -> None:
    assert zoo.gan(name) is zoo.gan(same)


@pytest.mark.parametrize(("name", "said"), [("lsgna", "did you mean 'lsgan'"), ("hinge", "there are minimax")])
def test_an_unknown_name_is_answered_in_words(name: str, said: str) -> None:
    with pytest.raises(KeyError, match=said):
        zoo.gan(name)
