"""The losses of generative adversarial networks, three of which belong together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from symkit.text import Expression
from symkit.zoo.entries import GAN, read_entries, spelled

PREFIX = "gan_"
ROLES = ("d_real", "d_fake", "g_fake")
"""Ends of the names of the three entries, in the order in which a triple gives its losses."""


@dataclass(frozen=True)
class GanTriple:
    """The three losses of a GAN, functions of p = D(.), the discriminator's output. `a, b, c = triple` unpacks them.

    Attributes:
        name, title: what the zoo calls it, and a few words.
        d_real: loss of the discriminator where it sees real data.
        d_fake: loss of the discriminator where it sees generated data.
        g_fake: loss of the generator, through the discriminator's output on generated data.
        entries: names of the three in the zoo, in this order; their entries have sources and figures.
    """

    name: str
    title: str
    d_real: Expression
    d_fake: Expression
    g_fake: Expression
    entries: tuple[str, str, str]

    def __iter__(self) -> Iterator[Expression]:
        return iter((self.d_real, self.d_fake, self.g_fake))


def plain_gan(name: str) -> str:
    """The name of a GAN as `triples` has it: `GAN_LSGAN` is lsgan, `non-saturating` is nonsaturating."""
    return spelled(name).removeprefix(PREFIX).replace("_", "")


def is_gan(name: str) -> bool:
    """Whether the zoo holds a GAN of this name."""
    return plain_gan(name) in triples()


def triple_of(entry: str) -> GanTriple:
    """The three losses that an entry of kind "gan", given by its name, is one of."""
    return next(triple for triple in triples().values() if entry in triple.entries)


@cache
def triples() -> Mapping[str, GanTriple]:
    """The losses of every GAN by name, in the order of the file."""
    entries = {name: entry for name, entry in read_entries().items() if entry.kind == GAN}
    starts = dict.fromkeys(name.removesuffix(f"_{role}") for name in entries for role in ROLES if name.endswith(role))
    return {start.removeprefix(PREFIX): _triple(start) for start in starts}


def _triple(start: str) -> GanTriple:
    real, fake, generated = (read_entries()[f"{start}_{role}"] for role in ROLES)
    return GanTriple(
        start.removeprefix(PREFIX),
        real.title.partition(", discriminator")[0],
        real.expression,
        fake.expression,
        generated.expression,
        (real.name, fake.name, generated.name),
    )
