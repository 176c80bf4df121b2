"""Polynomials that are nowhere negative: what intervals cannot show where the least value is 0.

The coefficients are those of the Program, as exact fractions, and SymPy factors over the rationals.
"""

from __future__ import annotations

import operator as python
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from symkit.ir import Kind, Node, Program, lower
from symkit.ops import Operator
from symkit.ops.python_signs import python_function

MOST_TERMS = 200
MOST_DEGREE = 12


def is_nonnegative_polynomial(program: Program, constants: Mapping[str, float]) -> bool:
    """Whether the Program is a polynomial of its inputs and parameters that is shown to be nowhere negative.

    It is where each of its irreducible factors of odd multiplicity is, which is decided for those in one variable by
    their real roots and for quadratic forms by their eigenvalues; False does not say that it is negative anywhere.
    """
    polynomial = _polynomial(lower(program), constants)
    return polynomial is not None and _is_nonnegative(polynomial)


def _polynomial(program: Program, constants: Mapping[str, float]) -> Any | None:
    import sympy

    values: list[Any] = []
    for node in program.nodes:
        value = _leaf(node, constants) if node.is_leaf else _applied(node.operator, [values[i] for i in node.operands])
        if value is None:
            return None
        values.append(value)
    root = sympy.expand(values[program.root])
    symbols = sorted(root.free_symbols, key=str)
    if not symbols or not root.is_polynomial(*symbols):
        return None
    found = sympy.Poly(root, *symbols, domain="QQ")
    return found if len(found.terms()) <= MOST_TERMS and found.total_degree() <= MOST_DEGREE else None


def _leaf(node: Node, constants: Mapping[str, float]) -> Any | None:
    import sympy

    if node.kind in (Kind.INPUT, Kind.PARAMETER):
        return sympy.Symbol(f"v_{node.name}", real=True)
    number = node.number if node.kind is Kind.NUMBER else constants.get(node.name)
    if number is None:
        return None
    exact = Fraction(number)
    return sympy.Rational(exact.numerator, exact.denominator)


def _applied(operator: Operator, operands: list[Any]) -> Any | None:
    """The arithmetic that the language has signs for, on polynomials; None for anything else."""
    sign = python_function(operator)
    if sign is None or operator.returns_truth:
        return None
    if sign is python.pow and not (operands[1].is_Integer and 0 <= operands[1] <= MOST_DEGREE):
        return None
    return sign(*operands)


def _is_nonnegative(polynomial: Any) -> bool:
    coefficient, factors = polynomial.factor_list()
    sign = 1 if coefficient >= 0 else -1
    for factor, multiplicity in factors:
        if multiplicity % 2:
            sign *= _sign(factor)
    return sign > 0


def _sign(factor: Any) -> int:
    """1 or -1 if an irreducible polynomial has that sign or is 0 everywhere, else 0."""
    import sympy

    if len(factor.free_symbols) == 1:
        alone = sympy.Poly(factor.as_expr(), *factor.free_symbols, domain="QQ")
        if alone.count_roots() > 0:
            return 0
        return 1 if alone.eval(0) > 0 else -1
    if factor.total_degree() == 2:
        form = _quadratic_form(factor)
        return 1 if form.is_positive_semidefinite else -1 if (-form).is_positive_semidefinite else 0
    return 0


def _quadratic_form(factor: Any) -> Any:
    """The symmetric matrix of a polynomial of degree 2, made homogeneous by one more variable."""
    import sympy

    size = len(factor.gens) + 1
    matrix = sympy.zeros(size)
    for powers, coefficient in factor.terms():
        places = [i for i, power in enumerate(powers) for _ in range(power)]
        first, second = [*places, *[size - 1] * (2 - len(places))]
        matrix[first, second] += coefficient / 2
        matrix[second, first] += coefficient / 2
    return matrix
