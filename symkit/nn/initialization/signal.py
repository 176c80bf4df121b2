"""What is known of the entries of a tensor before any training."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from math import isfinite
from typing import Any

from symkit.ir import Kind, Node, ProgramBuilder, rebuild
from symkit.nn.initialization import gaussian
from symkit.text import Expression, parse

MAX_NODES = 60
"""An expression of more operators than this is no longer followed: its result is taken as normal."""

PRODUCT = parse("f(a, b) = a*b")


@dataclass(frozen=True, eq=False)
class Origin:
    """A normal variable, one for each entry of a tensor.

    Attributes:
        mean, variance: of each entry.
        covariance: of two entries of one sample at different positions of a channel.
        sources: the inputs and outputs of random weights that it depends on; none if it is one itself. Two variables
            without a common source are uncorrelated, for weights have mean 0.
        terms: what it is the sum of, each with a factor; () if it is no sum.
        average_of: of what it is the mean over several entries, or None.
        are_shares: whether entries along the last dimension add up to 1.
        seen: how many entries along the last dimension masks have left, row by row; () for all.
    """

    mean: float
    variance: float
    covariance: float = 0.0
    sources: frozenset[Origin] = frozenset()
    terms: tuple[tuple[float, Signal], ...] = ()
    average_of: Signal | None = None
    are_shares: bool = False
    seen: tuple[int, ...] = ()

    @property
    def roots(self) -> frozenset[Origin]:
        """Its sources, or itself."""
        return self.sources or frozenset((self,))


@dataclass(frozen=True, eq=False)
class Signal:
    """The entries of a tensor: a function of a normal variable.

    Attributes:
        origin: the variable.
        function: of x, what the entries are of it; the variable itself if None.
        assumption: what was assumed to get here from the last layer, or "".
    """

    origin: Origin
    function: Expression | None = None
    assumption: str = ""

    @classmethod
    def normal(
        cls, mean: float, variance: float, covariance: float = 0.0, assumption: str = "", *, of: Iterable[Signal] = ()
    ) -> Signal:
        """Entries that are normal, or taken to be; uncorrelated with all else, or made of signals."""
        variance = max(variance, 0.0)
        sources = frozenset[Origin]().union(*(one.origin.roots for one in of if not one.is_constant))
        return cls(Origin(mean, variance, min(max(covariance, 0.0), variance), sources), None, assumption)

    @classmethod
    def constant(cls, value: float) -> Signal:
        """Entries that all are one number."""
        return cls.normal(value, 0.0)

    def rebased(self, measured: Signal) -> Signal:
        """The same entries with the moments that were measured, no longer as a sum or a function of others."""
        own = measured.origin
        if self.function is not None:
            return self.become(own.mean, own.variance, own.covariance, self.assumption)
        origin = replace(
            self.origin, mean=own.mean, variance=own.variance, covariance=own.covariance, terms=(), average_of=None
        )
        return replace(self, origin=origin)

    def become(self, mean: float, variance: float, covariance: float = 0.0, assumption: str = "") -> Signal:
        """Other entries that are made of these, taken as normal."""
        return Signal.normal(mean, variance, covariance, assumption, of=(self,))

    @cached_property
    def _moments(self) -> gaussian.NormalMoments:
        if self.function is None:
            return gaussian.NormalMoments(self.origin.mean, self.origin.variance, True)
        return gaussian.normal_moments(self.function, self.origin.mean, self.origin.variance)

    @property
    def reason(self) -> str:
        """Why mean or variance cannot be had, or ""."""
        return self._moments.reason

    @property
    def is_usable(self) -> bool:
        """Whether mean and variance are finite numbers."""
        return not self.reason and isfinite(self.mean) and isfinite(self.variance)

    @property
    def mean(self) -> float:
        assert self._moments.mean is not None, self.reason
        return self._moments.mean

    @property
    def variance(self) -> float:
        assert self._moments.variance is not None, self.reason
        return self._moments.variance

    @property
    def certified(self) -> bool:
        """Whether mean and variance are proved, for a normal variable."""
        return self._moments.certified

    @property
    def is_constant(self) -> bool:
        """Whether all entries are one number."""
        return self.function is None and self.origin.variance == 0

    @property
    def second_moment(self) -> float:
        return self.variance + self.mean**2

    @cached_property
    def covariance(self) -> float:
        """Of two entries of one sample at different positions of a channel."""
        own = self.origin
        if self.function is None or not own.covariance:
            return own.covariance
        return min(gaussian.pair_covariance(self.function, own.mean, own.variance, own.covariance), self.variance)

    @property
    def correlation(self) -> float:
        """The same as a part of the variance."""
        variance = self.variance
        return self.covariance / variance if variance > 0 else 0.0

    @cached_property
    def slope(self) -> float | None:
        """Of the line through the entries as a function of the variable, by least squares; None if it cannot be had."""
        if self.function is None or not self.origin.variance:
            return 1.0
        joint = joint_mean(self, Signal(self.origin))
        return None if joint is None else joint / self.origin.variance

    def noted(self, assumption: str) -> Signal:
        """The same with an assumption."""
        return replace(self, assumption=assumption)

    def flattened(self) -> Signal:
        """A normal variable of the same moments."""
        return self.become(self.mean, self.variance, self.covariance, self.assumption).knowing(terms=((1.0, self),))

    def knowing(self, **more: Any) -> Signal:
        """The same with more known of its variable: see `Origin`."""
        return replace(self, origin=replace(self.origin, **more))

    def elsewhere(self) -> Signal:
        """The same entries at other places: what was known of pairs of entries at one place is lost."""
        if self.is_constant:
            return self
        own = self.origin
        return Signal(Origin(own.mean, own.variance, own.covariance, own.roots), self.function)

    def repeated(self) -> Signal:
        """The same entries at all positions of a channel."""
        return self.elsewhere().knowing(covariance=self.origin.variance)


def applied(e: Expression, signals: Sequence[Signal]) -> Signal | None:
    """An elementwise function of signals, its inputs in order; None if they are functions of several variables.

    Signals that are functions of one variable make a function of that variable, so x + f(x) is exact.
    """
    origins = list(dict.fromkeys(signal.origin for signal in signals if not signal.is_constant))
    if len(origins) > 1:
        return None
    composed = _composed(e, tuple((one.function, one.origin.mean if one.is_constant else None) for one in signals))
    if composed.program.size > MAX_NODES:
        flat = {signal: signal.flattened() for signal in signals if signal.function is not None}
        if not flat:
            return None
        return applied(e, [flat.get(signal, signal) for signal in signals])
    origin = origins[0] if origins else Origin(0.0, 0.0)
    return Signal(origin, composed)


@lru_cache(maxsize=1024)
def _composed(e: Expression, parts: tuple[tuple[Expression | None, float | None], ...]) -> Expression:
    """The function of one variable x that an expression is of functions of x, and of numbers."""
    builder = ProgramBuilder(e.table)
    x = builder.input("x")
    inside: dict[str, int] = {}
    for name, (function, number) in zip(e.inputs, parts, strict=True):
        if number is not None:
            inside[name] = builder.number(number)
        elif function is None:
            inside[name] = x
        else:
            inside[name] = builder.include(function.program)[function.program.root]

    def change(out: ProgramBuilder, node: Node, operands: tuple[int, ...]) -> int | None:
        if node.kind is Kind.INPUT:
            return inside[node.name]
        if node.kind is Kind.PARAMETER:
            return out.number(e.parameters[node.name])
        return None

    return Expression(rebuild(e.program, change, builder), "activation", ("x",), table=e.table)


def joint_mean(a: Signal, b: Signal) -> float | None:
    """The covariance of two functions of one variable."""
    product = applied(PRODUCT, [a, b])
    if product is None or product.reason or product.origin is not a.origin:
        return None
    return product.mean - a.mean * b.mean
