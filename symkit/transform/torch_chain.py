"""Torch's own gradient as a Program: what users get who write a formula in plain torch and call backward.

symkit masks a cotangent before it multiplies; torch multiplies what flows, operator by operator, so that 0 times an
infinite derivative is NaN, and rounds, overflows and underflows where its own formulas do. The formulas are those of
torch 2.13 (derivatives.yaml, FunctionsManual.cpp and the kernels it names). Evaluated in a dtype with IEEE arithmetic,
the Program is finite, infinite or NaN where torch's gradient is.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

from symkit.ir import Program, ProgramBuilder, lower
from symkit.ops import Operator, Term
from symkit.transform.derive import depending_on, leaf_indices
from symkit.transform.rewrite import Rule, rewrite

AS_PYTHON_WRITES = (
    Rule("literal_over", "c/a", "reciprocal(a)*c", "Tensor.__rtruediv__, which autograd sees", literals=("c",)),
)
"""What Python's operators call in torch, beyond their names."""

AS_TORCH_COMPUTES = (
    Rule("sign", "sign(a)", "(a > 0) - (a < 0)", "0 at NaN"),
    Rule("root", "a**0.5", "sqrt(a)", "-0 at -0 and NaN at -inf, as of any power with this literal"),
    Rule("reciprocal_root", "a**-0.5", "rsqrt(a)", "-inf at -0 and NaN at -inf, as of any power with this literal"),
    Rule("times_one", "1*a", "a", "what the cotangent of the root leaves; exact"),
)
"""What kernels do that autograd does not see; applied after the derivative is taken."""


def torch_gradient_program(program: Program, wrt: Sequence[str]) -> Program:
    """One root for each name of `wrt`: the derivative of the program's only root by it, as torch's autograd has it.

    Each operator is the torch function that its record names; one without is expanded first. A literal operand is a
    Python number. Nothing is stabilised, masked or guarded. Constants are tensors without a gradient; bind them first
    if they are to be literals. A name that the root does not depend on has the root 0.

    Args:
        program: a Program with one root.
        wrt: names of inputs and parameters.
    """
    builder = ProgramBuilder()
    written = rewrite(lower(program, _has_torch_form), AS_PYTHON_WRITES)
    root = builder.include(written)[written.root]
    leaves = leaf_indices(builder, wrt)
    active = depending_on(builder, {index for index in leaves.values() if index is not None})
    flows: dict[int, list[Term]] = {root: [builder.term(builder.number(1.0))]} if root in active else {}
    # Autograd runs the functions made last first and adds up cotangents as they come.
    for index in range(root, -1, -1):
        if index not in flows or builder.nodes[index].is_leaf:
            continue
        cotangent = _sum(flows.pop(index))
        for slot, operand in enumerate(builder.nodes[index].operands):
            if operand in active:
                handed = _handed(builder, index, slot, cotangent)
                if handed is not None:
                    flows.setdefault(operand, []).append(handed)
    zero = builder.number(0.0)
    roots = [_sum(flows[leaf]).index if leaf in flows else zero for leaf in leaves.values()]
    return rewrite(builder.build(roots), AS_TORCH_COMPUTES)


def _has_torch_form(operator: Operator) -> bool:
    return operator.torch is not None


def _sum(terms: Sequence[Term]) -> Term:
    return reduce(lambda total, term: total + term, terms)


def _handed(builder: ProgramBuilder, index: int, slot: int, cotangent: Term) -> Term | None:
    """The cotangent that a node hands to one of its operands; None where autograd has no edge."""
    node = builder.nodes[index]
    operator = node.operator
    if operator.returns_truth or slot in operator.takes_truth:
        return None
    seen = (builder.algebra, *builder.terms(node.operands), builder.term(index))
    own = operator.torch_backward[slot] if operator.torch_backward is not None else None
    if own is not None:
        return builder.lifted(own(*seen, cotangent))
    assert operator.partials is not None, f"{operator.name} has a torch form and no partials"
    partial = operator.partials[slot]
    if partial is None:
        return None
    factor = builder.lifted(partial(*seen))
    if factor.literal == 1.0:
        return cotangent
    return -cotangent if factor.literal == -1.0 else cotangent * factor
