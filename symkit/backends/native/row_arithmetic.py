"""The arithmetic of a loss under the softmax link, one row of logits at a time, as machine programs.

With m the largest logit, m2 the largest of the others and R the sum of exp(z - m2) over those that are not alone the
largest, everything is had without cancellation: log p = (z - m) - u with u = log1p(R*exp(m2 - m)), and for the largest
logit log(1 - p) = m2 - m + log R - u, while every other p is at most 1/2.

A loss sums a share of each output, whose derivatives by log p and log(1 - p) are a and b. The gradient of logit k is
a_k - b_k*p_k/(1 - p_k) + p_k*(sum of b_i*p_i/(1 - p_i) - a_i). What the largest logit has in that sum is written
as b*exp(z_k - m2)/R - b*p_k, which never overflows; its own gradient needs no quotient at all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from symkit.backends.native.machine import FLOAT64, Format, Machine, Value
from symkit.backends.native.maths.exponential import exp, exp_of_negative
from symkit.backends.native.maths.logarithm import log, log1p
from symkit.backends.native.translate import instantiate
from symkit.ir import Program, reachable
from symkit.transform.link import LOG_P, LOG_Q, P, Q

TARGET = "y"

LOGIT, WEIGHT, CLASS = "logit", "weight", "class"
"""What differs from element to element, beside the target: the logit, the weight of the class and its number."""

LABEL, LABEL_LOGIT, LABEL_WEIGHT, FACTOR = "label", "label logit", "label weight", "factor"
"""What a row brings: the class that is right, its logit and weight, and what the row counts, 0 if it is ignored."""

LARGEST, SECOND, REST = "largest", "second", "rest"
"""m, m2 and R."""

TOTAL_WEIGHT = "total weight"
"""The sum of the weights of all classes, or their number."""


@dataclass(frozen=True)
class RowLoss:
    """A loss of a row.

    Attributes:
        label: the share of the output that is right, over `LOG_P`, `LOG_Q`, `P`, `Q` and leaves; None where every
            output has a target of its own.
        other: the share of every other output; where there is no `label`, of every output, over `TARGET` as well.
        leaves: parameters and constants.
        wanted: how many derivatives by leaves there are.
        is_sparse: whether `other` is a function of leaves alone.
        is_weighted: whether classes have weights.
        has_gradient: whether the gradient is wanted. The roots of both programs are then the value, its derivatives
            by log p and log q, and those by the wanted leaves; else the value alone. A sparse `other` has no
            derivatives by log p and log q.
    """

    label: Program | None
    other: Program
    leaves: tuple[str, ...]
    wanted: int
    is_sparse: bool
    is_weighted: bool
    has_gradient: bool


@dataclass(frozen=True)
class Loop:
    """One pass over elements or rows: what it gives, by name. What it reads are the arguments of the machine."""

    machine: Machine
    results: Mapping[str, Value]


@dataclass(frozen=True)
class Share:
    """What an output adds: value, derivatives by log p and log q, and by leaves."""

    value: Value
    by_log_p: Value
    by_log_q: Value
    by_leaves: tuple[Value, ...]


@dataclass(frozen=True)
class Facts:
    """What the elements of a row have in common."""

    largest: Value
    second: Value
    log_sum: Value
    """u"""
    scale: Value
    """exp(m2 - m - u), which makes p of exp(z - m2)."""
    inverse: Value
    """1/R, which makes p/(1 - p_largest) of exp(z - m2)."""
    first_p: Value
    first_log_q: Value
    first_q: Value
    """Of the one largest logit."""


@dataclass(frozen=True)
class Element:
    """One output."""

    is_first: Value
    exponential: Value
    """exp(z - m2); means nothing for the largest logit."""
    log_p: Value
    p: Value
    log_q: Value
    q: Value


FACTS = ("log_sum", "scale", "inverse", "first_p", "first_log_q", "first_q")

VALUE, REST_A, FIRST_A, FIRST_B, ODDS = "value", "rest a", "first a", "first b", "odds"
"""Sums over outputs: of values; of a over all but the largest logit, and a and b of that one; and of b*p/(1 - p) over
all but that one."""

SLOPE, FIRST_SHARE, FIRST_GRADIENT, LABEL_GRADIENT = "slope", "first share", "first gradient", "label gradient"
LOSS, GRADIENT = "loss", "gradient"


def of_leaf(name: str) -> str:
    """The name of the argument for the target, a parameter or a constant: none of the names above."""
    return f"leaf {name}"


def by_leaf(place: int) -> str:
    """The name of the derivative by a wanted leaf."""
    return f"by leaf {place}"


class RowArithmetic:
    """The loops of a loss.

    Elements are computed in a format. What is done once a row is done in float64: the difference of two logits, which
    may be 1e4, has no rounding error there that an exponential would make a large one.
    """

    def __init__(self, loss: RowLoss, format: Format) -> None:
        self.loss = loss
        self.format = format

    @cached_property
    def uses_log_q(self) -> bool:
        """Whether anything stands on log(1 - p)."""
        programs = [self.loss.other, *([] if self.loss.label is None else [self.loss.label])]
        return any({LOG_Q, Q} & set(program.inputs) for program in programs)

    @cached_property
    def sums(self) -> tuple[str, ...]:
        """Names of the sums over a row's outputs that `others` adds up."""
        if self.loss.is_sparse:
            return ()
        if not self.loss.has_gradient:
            return (VALUE,)
        a = () if self.is_steady else (REST_A, FIRST_A)
        b = (FIRST_B, ODDS) if self.uses_log_q else ()
        return (VALUE, *a, *b, *map(by_leaf, range(self.loss.wanted)))

    @cached_property
    def is_steady(self) -> bool:
        """Whether a is one number for all outputs but the label, as for label smoothing: then it need not be summed."""
        loss = self.loss
        if loss.label is None or loss.is_sparse or loss.is_weighted or not loss.has_gradient or self.uses_log_q:
            return False
        return not {LOG_P, P} & set(reachable(loss.other, loss.other.roots[1:2]).inputs)

    def exponentials(self) -> Loop:
        """exp(z - m2) of an element, 0 for the one largest."""
        m = Machine(self.format)
        logit, second = m.argument(LOGIT), m.argument(SECOND)
        value = m.select(logit > second, 0.0, exp_of_negative(m, self._below_zero(m, logit - second)))
        return Loop(m, {REST: value})

    def facts(self) -> Loop:
        """What the elements of a row have in common, for rows."""
        m = Machine(FLOAT64)
        facts = self._facts(m)
        return Loop(m, {name: getattr(facts, name) for name in FACTS})

    def others(self) -> Loop:
        """What every output adds that is not the label."""
        m = Machine(self.format)
        facts = self._known(m)
        element = self._element(m, m.argument(LOGIT), facts)
        share = self._share(m, self.loss.other, element)
        parts = {VALUE: share.value}
        if self.loss.has_gradient:
            first = element.is_first
            parts |= {
                REST_A: m.select(first, 0.0, share.by_log_p),
                FIRST_A: m.select(first, share.by_log_p, 0.0),
                FIRST_B: m.select(first, share.by_log_q, 0.0),
                ODDS: m.select(first, 0.0, share.by_log_q * (element.p / element.q)),
            }
            parts |= {by_leaf(place): value for place, value in enumerate(share.by_leaves)}
        if self.loss.is_weighted:
            parts = {name: m.argument(WEIGHT) * value for name, value in parts.items()}
        if self.loss.label is not None:
            is_label = m.argument(CLASS).equals(m.argument(LABEL))
            parts = {name: m.select(is_label, 0.0, value) for name, value in parts.items()}
        return Loop(m, {name: parts[name] for name in self.sums})

    def settled(self) -> Loop:
        """The loss of a row, and what its gradient is made of."""
        m = Machine(FLOAT64)
        facts = self._facts(m) if self.loss.is_sparse else self._known(m)
        sums = {name: m.argument(name) for name in self.sums}
        factor = m.argument(FACTOR)
        counts = factor.differs(0.0)
        value = sums.get(VALUE, m.real(0.0))
        by_leaves = [sums.get(by_leaf(place), m.real(0.0)) for place in range(self.loss.wanted)]
        rest_a, first_a, first_b, odds = (sums.get(name, m.real(0.0)) for name in (REST_A, FIRST_A, FIRST_B, ODDS))
        label: Element | None = None
        share: Share | None = None
        if self.loss.label is not None:
            label = self._element(m, m.argument(LABEL_LOGIT), facts)
            share = self._weighted(m, self._share(m, self.loss.label, label), LABEL_WEIGHT)
            value = value + share.value
            by_leaves = [total + part for total, part in zip(by_leaves, share.by_leaves, strict=True)]
            if self.loss.is_sparse:
                value, by_leaves = self._with_constants(m, value, by_leaves)
            if self.loss.has_gradient:
                first = label.is_first
                if self.is_steady:
                    rest_a, first_a = self._steady(m, facts, label)
                rest_a = rest_a + m.select(first, 0.0, share.by_log_p)
                first_a = first_a + m.select(first, share.by_log_p, 0.0)
                if self.uses_log_q:
                    first_b = first_b + m.select(first, share.by_log_q, 0.0)
                    odds = odds + m.select(first, 0.0, share.by_log_q * (label.p / label.q))
        results = {LOSS: m.select(counts, value, 0.0)}
        if not self.loss.has_gradient:
            return Loop(m, results)
        pull = odds - rest_a - first_b
        slope = pull - first_a
        first = first_a * facts.first_q + facts.first_p * pull
        first_share = first_b * facts.inverse
        if self.loss.is_sparse:
            # Both are of exp(z - m2) then: one product an element.
            slope, first_share = slope * facts.scale + first_share, m.real(0.0)
        found = {SLOPE: slope, FIRST_SHARE: first_share, FIRST_GRADIENT: first}
        if label is not None and share is not None:
            alone = share.by_log_p * label.q - label.p * share.by_log_q
            if self.loss.is_sparse:
                found[LABEL_GRADIENT] = alone
            else:
                own = share.by_log_q / label.q if self.uses_log_q else m.real(0.0)
                usual = share.by_log_p + label.p * (slope - own) + label.exponential * first_share
                found[LABEL_GRADIENT] = m.select(label.is_first, first, usual)
        results |= {name: m.select(counts, value * factor, 0.0) for name, value in found.items()}
        results |= {by_leaf(i): m.select(counts, part * factor, 0.0) for i, part in enumerate(by_leaves)}
        return Loop(m, results)

    def slopes(self) -> Loop:
        """The gradient of an element that is not the label."""
        m = Machine(self.format)
        first = m.argument(FIRST_GRADIENT)
        if self.loss.is_sparse:
            logit, second = m.argument(LOGIT), m.argument(SECOND)
            power = exp_of_negative(m, self._below_zero(m, logit - second))
            return Loop(m, {GRADIENT: m.select(logit > second, first, power * m.argument(SLOPE))})
        element = self._element(m, m.argument(LOGIT), self._known(m))
        share = self._weighted(m, self._share(m, self.loss.other, element), WEIGHT)
        factor, slope = m.argument(FACTOR), m.argument(SLOPE)
        gradient = factor * share.by_log_p
        if self.uses_log_q:
            gradient = gradient + element.p * (slope - factor * share.by_log_q / element.q)
            gradient = gradient + element.exponential * m.argument(FIRST_SHARE)
        else:
            gradient = gradient + element.p * slope
        gradient = m.select(element.is_first, first, gradient)
        if self.loss.label is not None:
            # Of a row that is ignored nothing leaks, infinities included.
            gradient = m.select(factor.differs(0.0), gradient, 0.0)
        return Loop(m, {GRADIENT: gradient})

    def _steady(self, m: Machine, facts: Facts, label: Element) -> tuple[Value, Value]:
        """The sum of a over the outputs that are neither label nor largest, and a of the largest if it is no label."""
        leaves = {**self._leaves(m), **dict.fromkeys((LOG_P, P), m.real(0.0))}
        a = instantiate(self.loss.other, m, leaves)[1]
        others = m.argument(TOTAL_WEIGHT) - 1.0
        has_first = (facts.largest > facts.second) & ~label.is_first
        return a * m.select(has_first, others - 1.0, others), m.select(has_first, a, 0.0)

    # -- pieces --------------------------------------------------------------------------------------------------

    def _facts(self, m: Machine) -> Facts:
        largest, second, rest = m.argument(LARGEST), m.argument(SECOND), m.argument(REST)
        gap = second - largest
        log_rest = log(m, rest)
        log_sum = m.select(gap < 0.0, log1p(m, rest * exp(m, gap)), log_rest)
        first_log_q = gap + log_rest - log_sum
        return Facts(
            largest,
            second,
            log_sum,
            exp(m, gap - log_sum),
            m.select(rest > 0.0, 1.0 / rest, 0.0),
            exp(m, -log_sum),
            first_log_q,
            exp(m, first_log_q),
        )

    def _known(self, m: Machine) -> Facts:
        """The facts as arguments."""
        return Facts(m.argument(LARGEST), m.argument(SECOND), *map(m.argument, FACTS))

    def _element(self, m: Machine, logit: Value, facts: Facts) -> Element:
        is_first = logit > facts.second
        exponential = exp_of_negative(m, self._below_zero(m, logit - facts.second))
        usual = exponential * facts.scale
        return Element(
            is_first,
            exponential,
            (logit - facts.largest) - facts.log_sum,
            m.select(is_first, facts.first_p, usual),
            m.select(is_first, facts.first_log_q, log1p(m, -usual)),
            m.select(is_first, facts.first_q, 1.0 - usual),
        )

    def _below_zero(self, m: Machine, x: Value) -> Value:
        """At most 0; NaN stays."""
        return m.select(x > 0.0, 0.0, x)

    def _share(self, m: Machine, program: Program, element: Element) -> Share:
        inputs = {LOG_P: element.log_p, LOG_Q: element.log_q, P: element.p, Q: element.q}
        return self._split(m, instantiate(program, m, {**inputs, **self._leaves(m)}))

    def _leaves(self, m: Machine) -> dict[str, Value]:
        return {name: m.argument(of_leaf(name)) for name in (TARGET, *self.loss.leaves)}

    def _split(self, m: Machine, roots: Sequence[Value]) -> Share:
        zero = m.real(0.0)
        if not self.loss.has_gradient:
            return Share(roots[0], zero, zero, ())
        return Share(roots[0], roots[1], roots[2], tuple(roots[3:]))

    def _weighted(self, m: Machine, share: Share, name: str) -> Share:
        if not self.loss.is_weighted:
            return share
        weight = m.argument(name)
        return Share(
            weight * share.value,
            weight * share.by_log_p,
            weight * share.by_log_q,
            tuple(weight * part for part in share.by_leaves),
        )

    def _with_constants(self, m: Machine, value: Value, by_leaves: list[Value]) -> tuple[Value, list[Value]]:
        """What the outputs add that are the same whatever they predict."""
        constant, *slopes = instantiate(self.loss.other, m, self._leaves(m))
        if m.literal(constant) == 0.0 and not slopes:
            return value, by_leaves
        others = m.argument(TOTAL_WEIGHT) - (m.argument(LABEL_WEIGHT) if self.loss.is_weighted else 1.0)
        if m.literal(constant) != 0.0:
            value = value + others * constant
        parts = [
            total if m.literal(slope) == 0.0 else total + others * slope
            for total, slope in zip(by_leaves, slopes, strict=True)
        ]
        return value, parts
