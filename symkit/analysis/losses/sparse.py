"""The redistributed-loss trick: a loss of all outputs as one of the target alone, for predictions that sum to 1."""

from __future__ import annotations

from dataclasses import dataclass, replace

from symkit.analysis.losses.smoothing import smoothed
from symkit.analysis.losses.sparse_checks import gradient_verdicts, sum_verdict, value_error
from symkit.analysis.losses.sparse_form import COMPLEMENT, MEAN, Neat, Shares, at_predictions, sparse_program, summed
from symkit.analysis.losses.subject import PREDICTION, TARGET, Subject
from symkit.checking.target import with_leaf
from symkit.checking.verdict import Verdict
from symkit.errors import DomainError, SymkitError
from symkit.ir import Kind, Node, Program, ProgramBuilder
from symkit.text import Expression, parse

TIMEOUT = 5.0
"""Seconds for each proof."""

REFLECTED = "#r"
"""Name of an input that stands for the term that is reflected. No text can spell it."""


@dataclass(frozen=True)
class Redistribution:
    """A loss made sparse, and what is known of the difference.

    Attributes:
        expression: the sparse loss, 0 for y = 0.
        original: the loss that it stands for, smoothed if that was asked for.
        other: l(0, p), what each other output adds to the original, p being its own prediction.
        share: what stands for all of them together, p being the prediction of the target.
        total: whether the sparse loss is 0 for y = 0, and l(1, p) and that share for y = 1.
        kept: whether the gradient by the target's logit, through a softmax, is that of the original where all other
            predictions are equal.
        kept_everywhere: whether it is for any predictions.
        error: "none", "underestimates" or "overestimates" the original, whatever the predictions are; or "unknown".
        reason: why that is so, in one sentence.
    """

    expression: Expression
    original: Expression
    other: Expression
    share: Expression
    total: Verdict
    kept: Verdict
    kept_everywhere: Verdict
    error: str
    reason: str


def redistribute(
    e: Expression | str, *, smoothing: float | str | None = None, reflect: Expression | str | None = None
) -> Expression:
    """A sparse form of a loss: one that is 0 for every output but the target, so that the others need no computing.

    A loss l(y, p) is summed over the C outputs of a softmax, one of which is the target. If the target's prediction is
    p, the other C - 1 have (1 - p)/(C - 1) on average. With the average in the place of each, the sum is
    y*(l(1, p) + (C - 1)*l(0, (1 - p)/(C - 1))), a loss of the target alone (R section 4.5.1, equations 4.29 to 4.32).
    Value and gradient by the logits are those of the sum where the other predictions are equal. Elsewhere this is a
    first-order approximation; `symkit.analysis.losses.redistribution` says what it keeps and which way it errs.

    A loss with l(0, p) = 0 is sparse already, and is returned as it is.

    Args:
        e: a loss of y and p. Kinks, poles and values there stay what they are in the sum.
        smoothing: smooths targets first, y*(1 - xi) + xi/C in the place of y: a number above 0 and below 1, or the name
            of a new parameter, "xi" (it starts at 0.1) or "xi = 0.2".
        reflect: a term of the formula, spelled as it is there, that is to see the other outputs as one output of
            probability 1 - p, and not each of them. So "(1 - p)**gamma", the focusing factor of a focal loss, becomes
            its reflection p**gamma (R equation 4.38), and without it (1 - (1 - p)/(C - 1))**gamma, which is more for
            C > 2 and the same for C = 2. Gradients are not kept then.

    Returns:
        A loss of y and p, with the parameters of the original and the constant C. It has the value of the sum in 25
        digits at points between 0 and 1.

    Raises:
        DomainError: for what is no loss of y and p, has no value for y = 0 or y = 1, or has no such term; for smoothing
            that cannot be.
        ParseError: for text that does not parse.
        SymkitError: if the result should fail the comparison with the sum.
    """
    loss = _original(e, smoothing)
    return _sparse(loss, _shares(loss, reflect))


def redistribution(
    e: Expression | str,
    *,
    smoothing: float | str | None = None,
    reflect: Expression | str | None = None,
    timeout: float = TIMEOUT,
) -> Redistribution:
    """What `redistribute` gives, with what is proved of it. Each proof may take so many seconds.

    Which way it errs is told from the curvature of l(0, p) for 0 < p < 1, at the values of parameters and C: by
    Jensen's inequality the mean of a convex function is no less than its value at the mean.

    Raises as `redistribute` does, and DomainError for a timeout that is not positive.
    """
    if not timeout > 0:
        raise DomainError(f"the timeout must be a positive number of seconds, not {timeout!r}")
    loss = _original(e, smoothing)
    shares = _shares(loss, reflect)
    expression = _sparse(loss, shares)
    subject = Subject.of(loss)
    total = sum_verdict(subject, shares, expression, timeout)
    kept, everywhere = gradient_verdicts(subject, shares, expression, timeout)
    error, reason = value_error(subject, shares, timeout)
    other, share = (replace(loss.with_program(part), name=None) for part in (shares.other, shares.together))
    return Redistribution(expression, loss, other, share, total, kept, everywhere, error, reason)


def _original(e: Expression | str, smoothing: float | str | None) -> Expression:
    """The loss that is to be made sparse. Raises DomainError for one that cannot be."""
    loss = parse(e) if isinstance(e, str) else e
    if Subject.of(loss).link != "softmax":
        raise DomainError(
            f"{loss} is of a logit z, and each output has a sigmoid of its own: predictions do not sum to 1, so that "
            "of the target says nothing of the others. Write a loss of p"
        )
    if PREDICTION not in loss.program.inputs:
        raise DomainError(f"{loss} does not depend on the prediction p")
    if smoothing is not None:
        loss = smoothed(loss, smoothing)
    if undefined := Subject.of(loss).undefined(1.0, 0.0):
        raise DomainError(f"{loss}: {undefined}; l(1, p) and l(0, p) are both needed")
    return loss if TARGET in loss.inputs else replace(loss, inputs=(TARGET, *loss.inputs))


def _shares(loss: Expression, reflect: Expression | str | None) -> Shares:
    """What the target and the other outputs add."""
    neat = Neat(loss)
    target, other = (with_leaf(loss.program, TARGET, Node(Kind.NUMBER, y)) for y in (1.0, 0.0))
    spread, places = other, {PREDICTION: MEAN}
    if reflect is not None:
        term = parse(reflect, kind="loss", table=loss.table) if isinstance(reflect, str) else reflect
        spread = with_leaf(_marked(loss, term), TARGET, Node(Kind.NUMBER, 0.0))
        places = {**places, REFLECTED: at_predictions(term.program, {PREDICTION: COMPLEMENT})}
    return Shares(
        target=neat(target),
        other=neat(other),
        together=neat(at_predictions(summed(neat(spread)), places)),
        written=(target, at_predictions(spread, places)),
        is_reflected=reflect is not None,
    )


def _marked(loss: Expression, term: Expression) -> Program:
    """The loss with an input in the place of a term. Raises DomainError if there is no such term of p."""
    if TARGET in term.program.inputs:
        raise DomainError(f"the term {term} has the target y in it; what is reflected is a term of p")
    builder = ProgramBuilder()
    wanted = builder.include(term.program)[term.program.root]
    mark = builder.input(REFLECTED)
    placed: list[int] = []
    for node in loss.program.nodes:
        operands = tuple(placed[i] for i in node.operands)
        index = builder.leaf(node) if node.is_leaf else builder.apply(node.operator, operands)
        placed.append(mark if index == wanted else index)
    if mark not in placed:
        raise DomainError(f"{loss} has no term {term} to reflect; spell it as it stands in the formula")
    return builder.build([placed[loss.program.root]])


def _sparse(loss: Expression, shares: Shares) -> Expression:
    """The sparse loss. Raises SymkitError if it is not the sum."""
    if shares.is_sparse:
        return loss
    found = loss.with_program(sparse_program(Neat(loss), shares))
    compared = sum_verdict(Subject.of(loss), shares, found)
    if compared.is_refuted:
        raise SymkitError(f"{found} was to be the sparse form of {loss}, but {compared.reason}")
    return found
