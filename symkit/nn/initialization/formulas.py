"""Mean and variance after a layer, from those before it: B section 5.4, corrected where its formulas do not hold.

Entries of different tensors are independent here, and entries of one tensor where no covariance is given. Means and
variances are those of all entries of a tensor and of all weights a network may be given.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

Pair = tuple[float, float]
"""A mean and a variance."""

ALPHA_DROPPED = -1.7580993408473766
"""What torch's alpha dropout puts in the place of an entry: selu at minus infinity, -scale*alpha."""


class MeanVariance(NamedTuple):
    """The first two moments of the entries of a tensor."""

    mean: float
    variance: float


def weight_std(fan_in: float, mean: float, variance: float, target: float = 1.0) -> float:
    """The standard deviation of weights of mean 0 whose outputs have mean 0 and variance `target`.

    B equation 5.6, whose second argument of N is a standard deviation; the text before it leaves fan_in out of the mean
    fan_in*E[W]*mean. Raises ZeroDivisionError for inputs that are all 0.
    """
    return math.sqrt(target / (fan_in * (variance + mean**2)))


def uniform_limit(fan_in: float, mean: float, variance: float, target: float = 1.0) -> float:
    """The end of the symmetric uniform distribution of that standard deviation: B equation 5.7."""
    return math.sqrt(3.0) * weight_std(fan_in, mean, variance, target)


def weighted(fan_in: float, mean: float, variance: float, std: float, weight_mean: float = 0.0) -> MeanVariance:
    """Sums of `fan_in` inputs times weights of this mean and standard deviation: what B equation 5.6 is solved from."""
    return matmul((weight_mean, std**2), (mean, variance), fan_in)


def dropout(x: Pair, rate: float) -> MeanVariance:
    """Zeros with probability `rate`, else x/(1 - rate); also of whole channels. All 0 for a rate of 1.

    B equation 5.12, whose variance leaves out rate*mean**2.
    """
    mean, variance = x
    return MeanVariance(0.0, 0.0) if rate == 1 else MeanVariance(mean, (variance + rate * mean**2) / (1 - rate))


def unscaled_dropout(x: Pair, rate: float) -> MeanVariance:
    """Zeros with probability `rate`, else x. B equation 5.11, whose variance leaves out rate*(1 - rate)*mean**2."""
    mean, variance = x
    return MeanVariance((1 - rate) * mean, (1 - rate) * (variance + rate * mean**2))


def alpha_dropout(x: Pair, rate: float) -> MeanVariance:
    """a*y + b where y is the lowest value of selu with probability `rate`, else x; also of whole channels.

    a and b keep mean 0 and variance 1, as torch chooses them; other moments they change. Not in B: y is a mixture.
    All 0 for a rate of 1.
    """
    if rate == 1:
        return MeanVariance(0.0, 0.0)
    keep = 1 - rate
    scale = 1 / math.sqrt(keep * (1 + rate * ALPHA_DROPPED**2))
    shift = -scale * rate * ALPHA_DROPPED
    mixed = concatenated([(ALPHA_DROPPED, 0.0), x], [rate, keep])
    return MeanVariance(scale * mixed.mean + shift, scale**2 * mixed.variance)


def zero_padded(x: Pair, zeros: float) -> MeanVariance:
    """A part `zeros` of all entries is 0. B equation 5.24, whose variance leaves out zeros*(1 - zeros)*mean**2."""
    return unscaled_dropout(x, zeros)


def mean_of(x: Pair, count: int, covariance: float = 0.0) -> MeanVariance:
    """The mean of `count` entries, any two of which have this covariance: average pooling, reduce_mean.

    B equation 5.31, and 5.13 and 5.14 for the average, where the covariance is 0.
    """
    mean, variance = x
    return MeanVariance(mean, covariance + (variance - covariance) / count)


def sum_of(x: Pair, count: int, covariance: float = 0.0) -> MeanVariance:
    """The sum of `count` entries, any two of which have this covariance. B equation 5.32, where that is 0."""
    mean, variance = mean_of(x, count, covariance)
    return MeanVariance(count * mean, count**2 * variance)


def added(terms: Sequence[Pair]) -> MeanVariance:
    """The sum of independent tensors: B equation 5.18."""
    return MeanVariance(math.fsum(mean for mean, _ in terms), math.fsum(variance for _, variance in terms))


def averaged(terms: Sequence[Pair]) -> MeanVariance:
    """The mean of independent tensors: B equation 5.19."""
    mean, variance = added(terms)
    return MeanVariance(mean / len(terms), variance / len(terms) ** 2)


def subtracted(terms: Sequence[Pair]) -> MeanVariance:
    """The first of two independent tensors less the second: B equation 5.20."""
    (first, variance), (second, other) = terms
    return MeanVariance(first - second, variance + other)


def multiplied(factors: Sequence[Pair]) -> MeanVariance:
    """The product of independent tensors: B equation 5.21."""
    mean, variance = 1.0, 0.0
    for own_mean, own_variance in factors:
        # The same as the equation's difference of products, without its cancellation.
        variance = variance * (own_variance + own_mean**2) + mean**2 * own_variance
        mean *= own_mean
    return MeanVariance(mean, variance)


def concatenated(parts: Sequence[Pair], sizes: Sequence[float]) -> MeanVariance:
    """All entries of tensors together, `sizes` being how many each has, or its share: B equations 5.22 and 5.23."""
    total = math.fsum(sizes)
    mean = math.fsum(size * own for (own, _), size in zip(parts, sizes, strict=True)) / total
    # The same as the equation's, from which a large mean would take digits.
    spread = math.fsum(size * (v + (own - mean) ** 2) for (own, v), size in zip(parts, sizes, strict=True))
    return MeanVariance(mean, spread / total)


def matmul(x: Pair, y: Pair, inner: float) -> MeanVariance:
    """Sums of `inner` products of independent entries: B equations 5.29 and 5.30."""
    mean, variance = multiplied([x, y])
    return MeanVariance(inner * mean, inner * variance)
