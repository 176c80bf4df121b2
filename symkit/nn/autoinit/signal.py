"""What is known of the entries of a tensor before any training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from symkit.ir import Kind, Node, ProgramBuilder, rebuild
from symkit.nn.autoinit import formulas, gaussian
from symkit.text import Expression, parse

MAX_NODES = 60
"""An expression of more operators than this is no longer followed: its result is taken as normal."""

SAMPLES = 200_000
IDENTITY = parse("f(x) = x")


@dataclass(frozen=True, eq=False)
class Origin:
    """A normal variable, one for each entry of a tensor.

    Attributes:
        mean, variance: of each entry.
        covariance: of two entries of one sample at different positions of a channel.
        fresh: whether it is the output of random weights of mean 0, and so uncorrelated with all else.
    """

    mean: float
    variance: float
    covariance: float = 0.0
    fresh: bool = False


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
        cls, mean: float, variance: float, covariance: float = 0.0, assumption: str = "", *, fresh: bool = False
    ) -> Signal:
        """Entries that are normal, or taken to be."""
        return cls(
            Origin(mean, max(variance, 0.0), min(max(covariance, 0.0), max(variance, 0.0)), fresh), None, assumption
        )

    @classmethod
    def constant(cls, value: float) -> Signal:
        """Entries that all are one number."""
        return cls.normal(value, 0.0)

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
        if self.function is None or not self.origin.covariance:
            return self.origin.covariance
        own = self.origin
        return gaussian.pair_covariance(self.function, own.mean, own.variance, own.covariance)

    def noted(self, assumption: str) -> Signal:
        """The same with an assumption."""
        return replace(self, assumption=assumption)

    def flattened(self) -> Signal:
        """A normal variable of the same moments."""
        return Signal.normal(self.mean, self.variance, self.covariance, self.assumption)


def applied(e: Expression, signals: Sequence[Signal]) -> Signal | None:
    """An elementwise function of signals, its inputs in order; None if its moments cannot be had this way.

    Signals that are functions of one variable make a function of that variable, so x + f(x) is exact. Sums, differences
    and products of others are those of independent terms (B equations 5.18, 5.20, 5.21).
    """
    origins = list(dict.fromkeys(signal.origin for signal in signals if not signal.is_constant))
    if len(origins) > 1:
        return None
    composed = _composed(e, signals)
    if composed.program.size > MAX_NODES:
        return applied(e, [signal if signal.is_constant else signal.flattened() for signal in signals])
    origin = origins[0] if origins else Origin(0.0, 0.0)
    return Signal(origin, composed)


def _composed(e: Expression, signals: Sequence[Signal]) -> Expression:
    """The function of one variable x that an expression is of functions of x."""
    builder = ProgramBuilder(e.table)
    x = builder.input("x")
    inside: dict[str, int] = {}
    for name, signal in zip(e.inputs, signals, strict=True):
        if signal.is_constant:
            inside[name] = builder.number(signal.origin.mean)
        elif signal.function is None:
            inside[name] = x
        else:
            inside[name] = builder.include(signal.function.program)[signal.function.program.root]

    def change(out: ProgramBuilder, node: Node, operands: tuple[int, ...]) -> int | None:
        if node.kind is Kind.INPUT:
            return inside[node.name]
        if node.kind is Kind.PARAMETER:
            return out.number(e.parameters[node.name])
        return None

    return Expression(rebuild(e.program, change, builder), "activation", ("x",), table=e.table)


def sum_of(a: Signal, b: Signal, sign: float = 1.0) -> Signal:
    """a + b, or a - b, of independent terms."""
    combine = formulas.added if sign > 0 else formulas.subtracted
    mean, variance = combine([(a.mean, a.variance), (b.mean, b.variance)])
    return Signal.normal(mean, variance, a.covariance + b.covariance, _between(a, b))


def product_of(a: Signal, b: Signal) -> Signal:
    """a * b of independent factors."""
    mean, variance = formulas.multiplied([(a.mean, a.variance), (b.mean, b.variance)])
    shared = (a.covariance + a.mean**2) * (b.covariance + b.mean**2) - (a.mean * b.mean) ** 2
    return Signal.normal(mean, variance, shared, "factors taken as independent")


def _between(a: Signal, b: Signal) -> str:
    """What is assumed of two terms."""
    return (
        ""
        if a.origin.fresh and a.function is None or b.origin.fresh and b.function is None
        else "terms taken as independent"
    )
