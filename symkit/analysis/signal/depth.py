"""Signal through depth: how variances, correlations and gradients fare in a deep wide network of random weights."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from symkit.analysis.curve import Floats
from symkit.analysis.signal.crossings import crossings
from symkit.analysis.signal.fixed_points import MARGIN, FixedPoint, fixed_points
from symkit.analysis.signal.layer import Layer, VarianceMap
from symkit.analysis.signal.sheet import GRID, Means
from symkit.text import Expression

LAYERS = 50

ROUNDING = 1e-13
"""Part of q that V(q) may be off."""


@dataclass(frozen=True, slots=True)
class Signal:
    """What becomes of a signal in a deep wide network of random weights, the mean-field theory of it.

    Attributes:
        weight_variance: times the width, so that a weight has the variance weight_variance/width.
        bias_variance: of a bias.
        chosen: whether the weight variance was not given but taken so that q = 1 is a fixed point.
        fixed_points: of q -> weight_variance*E[f(sqrt(q) z)**2] + bias_variance, ascending.
        centred_fixed_points: of q -> weight_variance*Var f(sqrt(q) z) + bias_variance.
        q: the variance that `chi_1` and `phase` are those at: the fixed point that q = 1 leads to, which is 1 where 1
            is one, stable or not; 1 also where it leads to none.
        chi_1: weight_variance*E[f'(sqrt(q) z)**2].
        phase: "ordered" for chi_1 < 1, "chaotic" for chi_1 > 1, "edge of chaos" for 1.
        edge_of_chaos: the weight variance at which chi_1 is 1 at a fixed point, for these biases; the least of them,
            and one whose fixed point is stable where there is one.
        forward: q after 0, 1, ... 50 layers, from q = 1; shorter where q leaves what can be followed.
        backward: the variance of the gradient at the first layer, that at layer 0, 1, ... 50 being 1: the product
            of weight_variance*E[f'**2] on the way.
        reason: why something is None, empty or short, in sentences; empty if nothing is.
    """

    weight_variance: float | None
    bias_variance: float
    chosen: bool
    fixed_points: tuple[FixedPoint, ...]
    centred_fixed_points: tuple[FixedPoint, ...]
    q: float | None
    chi_1: float | None
    phase: str | None
    edge_of_chaos: float | None
    forward: tuple[float, ...]
    backward: tuple[float, ...]
    reason: str


def signal(
    expression: Expression | str,
    *,
    weight_variance: float | None = None,
    bias_variance: float = 0.0,
    parameters: Mapping[str, float] | None = None,
) -> Signal:
    """Mean-field theory of a deep network with this activation, wide layers and random weights.

    The pre-activations of a wide layer are normal. If those of one have the variance q, those of the next have
    V(q) = weight_variance*E[f(sqrt(q) z)**2] + bias_variance, z standard normal. Fixed points of V are looked for on
    a grid from 1e-12 to 1e12 and refined; two that are closer than a factor 1.4 may be missed where they nearly cancel.

    Args:
        expression: an activation, or its text.
        weight_variance: times the width; without it the one of which q = 1 is a fixed point, which is
            (1 - bias_variance)/E[f(z)**2].
        bias_variance: of the biases.
        parameters: values of learnable parameters and of settable constants by name.

    A number that does not exist is None, and `reason` says why. An f that jumps has no chi_1.

    Raises:
        DomainError: for a loss, an unknown parameter, a variance that is no variance.

    Source: Poole et al. 2016; Schoenholz et al. 2017.
    """
    layer = Layer.of(expression, weight_variance, bias_variance, parameters)
    w = layer.weight_variance
    obstacle = layer.obstacle or ("" if w else layer.no_weight)
    if w is None or obstacle:
        return Signal(w, layer.bias_variance, layer.chosen, (), (), None, None, None, None, (), (), obstacle)
    plain, centred = (VarianceMap(layer, w, centred) for centred in (False, True))
    points, reason = fixed_points(plain)
    centred_points, centred_reason = fixed_points(centred)
    q, chi_1, lost = _working_point(plain, points)
    edge, no_edge = edge_of_chaos(layer)
    forward, backward, short = _through(plain)
    reasons = [reason, centred_reason, lost, no_edge, short]
    return Signal(
        weight_variance=w,
        bias_variance=layer.bias_variance,
        chosen=layer.chosen,
        fixed_points=points,
        centred_fixed_points=centred_points,
        q=q,
        chi_1=chi_1,
        phase=phase_of(chi_1),
        edge_of_chaos=edge,
        forward=forward,
        backward=backward,
        reason=" ".join(part for part in reasons if part),
    )


def phase_of(chi_1: float | None) -> str | None:
    """Such as "ordered"; None for None."""
    if chi_1 is None:
        return None
    if abs(chi_1 - 1) <= MARGIN:
        return "edge of chaos"
    return "ordered" if chi_1 < 1 else "chaotic"


def edge_of_chaos(layer: Layer) -> tuple[float | None, str]:
    """The weight variance at which chi_1 is 1 at a fixed point, or None and why.

    q is a fixed point for w = (q - bias_variance)/E[f**2], and chi_1 = w*E[f'**2] is then a function of q alone.
    """
    missing = layer.slope_obstacle
    if missing:
        return None, missing.replace("No backward gain", "No edge of chaos", 1)
    if np.isnan(layer.means.gain).all():
        return None, "No edge of chaos: the derivative cannot be followed from one q to another."
    b = layer.bias_variance

    def excess(q: Floats, means: Means) -> Floats:
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(q > b, (q - b) * means.gain / means.second - 1, math.nan)

    places, everywhere = crossings(excess(GRID, layer.means), lambda q: excess(q, layer.sheet.means(q)))
    candidates: list[tuple[bool, float]] = []
    for q in [1.0] if everywhere and b < 1 else places:
        analysis = layer.analysis(q)
        if analysis.backward_gain and analysis.moments.second_moment:
            w = 1 / analysis.backward_gain
            slope = VarianceMap(layer, w, False).slope(q)
            candidates.append((abs(slope) > 1 + MARGIN, w))
    if b == 0 and layer.origin.heights == (0.0, 0.0) and layer.origin.gain:
        candidates.append((False, 1 / layer.origin.gain))
    if not candidates:
        return None, "No edge of chaos: no weight variance makes chi_1 1 at a fixed point."
    return min(candidates)[1], ""


def _working_point(plain: VarianceMap, points: tuple[FixedPoint, ...]) -> tuple[float | None, float | None, str]:
    """(q, chi_1 there, why it is none or no fixed point): the fixed point that q = 1 leads to, or 1."""
    step = plain.at(1.0) - 1
    ahead = [point for point in points if point.q >= 1] if step > 0 else [p for p in points[::-1] if p.q <= 1]
    here = [point for point in points if abs(point.q - 1) <= MARGIN] if abs(step) <= MARGIN else []
    reached = here or [point for point in ahead[:1] if point.stable]
    analysis = plain.layer.analysis(1.0)
    if reached:
        missing = analysis.backward_reason or "E[f'(x)**2] has no bound as q goes to 0."
        q, chi_1 = reached[0].q, reached[0].chi_1
        return q, chi_1, "" if chi_1 is not None else missing
    if analysis.backward_gain is None:
        return None, None, analysis.backward_reason
    lost = "From q = 1 the variance comes to no stable fixed point; chi_1 and the phase are those at q = 1."
    return 1.0, plain.weight_variance * analysis.backward_gain, lost


def _through(plain: VarianceMap) -> tuple[tuple[float, ...], tuple[float, ...], str]:
    """`forward` and `backward` of Signal, and why they are short."""
    backward = [] if plain.layer.slope_obstacle else [1.0]
    forward, short = [1.0], ""
    for layer in range(LAYERS):
        q = plain.at(forward[-1])
        if not math.isfinite(q):
            return tuple(forward), tuple(backward), f"{short}After {layer} layers the variance cannot be followed."
        if len(backward) == len(forward):
            grown = backward[-1] * plain.weight_variance * plain.layer.gain(forward[-1])
            if math.isfinite(grown):
                backward.append(grown)
            else:
                short = f"After {layer} layers the gradient cannot be followed. "
        # Rounding must not carry it away from a fixed point.
        forward.append(forward[-1] if abs(q - forward[-1]) <= ROUNDING * q else q)
    return tuple(forward), tuple(backward), short.strip()
