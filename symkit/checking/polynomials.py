"""Polynomials that are nowhere negative: what intervals cannot show where the least value is 0.

The coefficients are those of the Program, as exact fractions, and FLINT factors over the rationals.
"""

from __future__ import annotations

import operator as python
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from symkit.ir import Kind, Node, Program, lower
from symkit.ops import Operator
from symkit.ops.python_signs import python_function
from symkit.text.names import FIXED_CONSTANTS

MOST_TERMS = 200
MOST_DEGREE = 12
MOST_BITS = 20_000
"""Of a coefficient; what any node exceeds in these is not looked at further."""


def is_nonnegative_polynomial(program: Program, constants: Mapping[str, float]) -> bool:
    """Whether the Program is a polynomial of its inputs and parameters that is shown to be nowhere negative.

    It is where each of its irreducible factors of odd multiplicity is, which is decided for those in one variable by
    their real roots and for quadratic forms by their eigenvalues; False does not say that it is negative anywhere.
    """
    polynomial = _polynomial(lower(program), constants)
    return polynomial is not None and _is_nonnegative(polynomial)


def _polynomial(program: Program, constants: Mapping[str, float]) -> Any | None:
    from flint import Ordering, fmpq_mpoly_ctx

    names = [node.name for node in program.nodes if node.kind in (Kind.INPUT, Kind.PARAMETER)]
    if not names:
        return None
    context = fmpq_mpoly_ctx.get([f"v{i}" for i in range(len(names))], Ordering.lex)
    variables = dict(zip(names, context.gens(), strict=True))
    values: list[Any] = []
    for node in program.nodes:
        value = (
            _leaf(node, variables, context, constants)
            if node.is_leaf
            else _applied(node.operator, [values[i] for i in node.operands])
        )
        if value is None:
            return None
        values.append(value)
    return values[program.root]


def _leaf(node: Node, variables: Mapping[str, Any], context: Any, constants: Mapping[str, float]) -> Any | None:
    from flint import fmpq

    if node.kind in (Kind.INPUT, Kind.PARAMETER):
        return variables[node.name]
    if node.kind is Kind.CONSTANT and (node.name in FIXED_CONSTANTS or node.name not in constants):
        return None
    number = node.number if node.kind is Kind.NUMBER else constants[node.name]
    exact = Fraction(number)
    return context.constant(fmpq(exact.numerator, exact.denominator))


def _applied(operator: Operator, operands: list[Any]) -> Any | None:
    """The arithmetic that the language has signs for, on polynomials; None for anything else."""
    from flint.utils.flint_exceptions import DomainError as NotExact

    sign = python_function(operator)
    if sign is None or operator.returns_truth:
        return None
    if sign is python.pow:
        return _power(*operands)
    try:
        return _if_small(sign(*operands))
    except (NotExact, ZeroDivisionError):
        return None


def _power(base: Any, exponent: Any) -> Any | None:
    number = Fraction(str(exponent)) if exponent.is_constant() else None
    if number is None or number.denominator != 1 or not 0 <= number <= MOST_DEGREE:
        return None
    result = base**0
    for _ in range(number.numerator):
        result = _if_small(result * base)
        if result is None:
            return None
    return result


def _if_small(polynomial: Any) -> Any | None:
    if len(polynomial) > MOST_TERMS or (len(polynomial) and polynomial.total_degree() > MOST_DEGREE):
        return None
    bits = max((max(int(c.p).bit_length(), int(c.q).bit_length()) for c in polynomial.coeffs()), default=0)
    return polynomial if bits <= MOST_BITS else None


def _is_nonnegative(polynomial: Any) -> bool:
    coefficient, factors = polynomial.factor()
    sign = 1 if coefficient >= 0 else -1
    for factor, multiplicity in factors:
        if multiplicity % 2:
            sign *= _sign(factor)
    return sign > 0


def _sign(factor: Any) -> int:
    """1 or -1 if an irreducible polynomial has that sign or is 0 everywhere, else 0."""
    if sum(degree > 0 for degree in factor.degrees()) == 1:
        return _sign_of_one_variable(factor)
    if factor.total_degree() == 2:
        form = _quadratic_form(factor)
        return 1 if _is_semidefinite(form) else -1 if _is_semidefinite(-form) else 0
    return 0


def _sign_of_one_variable(factor: Any) -> int:
    from flint import fmpq_poly

    coefficients = [0] * (int(factor.total_degree()) + 1)
    for powers, coefficient in factor.terms():
        coefficients[sum(map(int, powers))] = coefficient
    polynomial = fmpq_poly(coefficients)
    # The imaginary part of a real root is exactly 0.
    roots: Any = polynomial.numer().complex_roots()
    if any(root.imag.is_zero() for root, _ in roots):
        return 0
    return 1 if coefficients[0] > 0 else -1


def _quadratic_form(factor: Any) -> Any:
    """The symmetric matrix of a polynomial of degree 2, made homogeneous by one more variable."""
    from flint import fmpq_mat

    size = len(factor.degrees()) + 1
    matrix = fmpq_mat(size, size)
    for powers, coefficient in factor.terms():
        places = [i for i, power in enumerate(powers) for _ in range(int(power))]
        first, second = [*places, *[size - 1] * (2 - len(places))]
        matrix[first, second] += coefficient / 2
        matrix[second, first] += coefficient / 2
    return matrix


def _is_semidefinite(form: Any) -> bool:
    """Whether no eigenvalue of a symmetric matrix is negative: the signs of its characteristic polynomial alternate."""
    coefficients = form.charpoly().coeffs()
    degree = len(coefficients) - 1
    return all(coefficient * (-1) ** (degree - i) >= 0 for i, coefficient in enumerate(coefficients))
