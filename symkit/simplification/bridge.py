"""Programs to SymPy and back. Text is never given to SymPy.

Only operators that have a faithful counterpart are translated; the others are functions that SymPy knows nothing of.
Literals with few digits are rationals, others are symbols: `0.1` is a float64 near 1/10, and stays that.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from functools import cache
from typing import Any

from symkit.errors import SymkitError
from symkit.ir import Kind, Node, Program, ProgramBuilder, interpret, lower
from symkit.ops import Operator, OperatorTable, Term, standard

FEW_DIGITS = 2**20
"""Numerators and denominators up to this make a literal a rational."""

_table = standard()

_COUNTERPARTS = {
    "exp": "exp",
    "log": "log",
    "sqrt": "sqrt",
    "abs": "Abs",
    "sign": "sign",
    "max": "Max",
    "min": "Min",
    "sin": "sin",
    "cos": "cos",
    "tan": "tan",
    "arctan": "atan",
    "sinh": "sinh",
    "cosh": "cosh",
    "tanh": "tanh",
    "arcsinh": "asinh",
    "erf": "erf",
    "erfc": "erfc",
}
COUNTERPARTS: Mapping[Operator, str] = {_table[ours]: theirs for ours, theirs in _COUNTERPARTS.items()}
"""SymPy's names of the functions that mean the same for all real operands."""

_ARITHMETIC: Mapping[str, Callable[..., Any]] = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "div": lambda a, b: a / b,
    "neg": lambda a: -a,
    "pow": lambda a, b: a**b,
}
ARITHMETIC = {_table[name]: form for name, form in _ARITHMETIC.items()}


class Untranslatable(SymkitError):
    """What SymPy made has no counterpart here."""


class Bridge:
    """One translation there and back: what is opaque is remembered."""

    def __init__(self, table: OperatorTable, *, hide_zero: bool = False) -> None:
        """If `hide_zero`, SymPy is not told that 0 is 0: it would take what is multiplied by it away."""
        import sympy

        self._hide_zero = hide_zero
        self._s = sympy
        self._table = table
        self._leaves: dict[Any, Node] = {}
        self._operators: dict[str, Operator] = {}

    def to_sympy(self, program: Program) -> Any:
        """The only root as a SymPy expression over real symbols."""
        lowered = lower(program, _is_known)
        return interpret(lowered, self._leaf, self._apply)[lowered.root]

    def _leaf(self, node: Node) -> Any:
        if node.kind is Kind.NUMBER:
            ratio = Fraction(node.number)
            few = max(abs(ratio.numerator), ratio.denominator) <= FEW_DIGITS
            if few and not (self._hide_zero and ratio == 0):
                return self._s.Rational(ratio.numerator, ratio.denominator)
            size = Node(Kind.NUMBER, abs(node.number))
            sign = {"positive": True} if ratio else {"nonnegative": True}
            symbol = self._symbol(f"number {abs(node.number).hex()}", size, **sign)
            return -symbol if node.number < 0 else symbol
        if node.kind is Kind.CONSTANT and node.name == "pi":
            return self._s.pi
        if node.kind is Kind.CONSTANT and node.name == "e":
            return self._s.E
        return self._symbol(f"{node.kind.value} {node.name}", node, real=True)

    def _symbol(self, name: str, node: Node, **assumptions: bool) -> Any:
        symbol = self._s.Symbol(name, **assumptions)
        self._leaves[symbol] = node
        return symbol

    def _apply(self, node: Node, operands: list[Any]) -> Any:
        operator = node.operator
        if operator in ARITHMETIC:
            return ARITHMETIC[operator](*operands)
        if operator in COUNTERPARTS:
            return getattr(self._s, COUNTERPARTS[operator])(*operands)
        name = f"opaque {operator.name}"
        self._operators[name] = operator
        return self._s.Function(name, real=True)(*operands)

    def from_sympy(self, expression: Any) -> Program:
        """A Program of a SymPy expression. Raises Untranslatable for what has no counterpart."""
        builder = ProgramBuilder(self._table)
        return builder.build([self._read(expression, builder, {}).index])

    def _read(self, expression: Any, builder: ProgramBuilder, known: dict[Any, Term]) -> Term:
        if expression not in known:
            known[expression] = self._read_new(expression, builder, known)
        return known[expression]

    def _read_new(self, expression: Any, builder: ProgramBuilder, known: dict[Any, Term]) -> Term:
        s = self._s

        def read(part: Any) -> Term:
            return self._read(part, builder, known)

        if expression in self._leaves:
            return builder.term(builder.leaf(self._leaves[expression]))
        if expression.is_Rational:
            return _rational(builder, expression)
        if expression in (s.pi, s.E):
            return builder.term(builder.constant("pi" if expression == s.pi else "e"))
        if expression.is_Add:
            return self._sum(expression, read)
        if expression.is_Mul:
            return self._product(builder, expression, read)
        if isinstance(expression, s.exp):
            return builder.algebra("exp", read(expression.args[0]))
        if expression.is_Pow:
            return self._power(builder, expression, read)
        if expression.is_Function:
            return self._function(builder, expression, read)
        raise Untranslatable(f"{type(expression).__name__} has no counterpart")

    def _sum(self, expression: Any, read: Callable[[Any], Term]) -> Term:
        terms = sorted(expression.as_ordered_terms(), key=lambda term: term.could_extract_minus_sign())
        result = read(terms[0])
        for term in terms[1:]:
            result = result - read(-term) if term.could_extract_minus_sign() else result + read(term)
        return result

    def _product(self, builder: ProgramBuilder, expression: Any, read: Callable[[Any], Term]) -> Term:
        if expression.could_extract_minus_sign() and expression.args[0].is_Rational:
            return -read(-expression) if expression.args[0] == -1 else self._quotient(builder, expression, read)
        return self._quotient(builder, expression, read)

    def _quotient(self, builder: ProgramBuilder, expression: Any, read: Callable[[Any], Term]) -> Term:
        above, below = [], []
        for factor in expression.as_ordered_factors():
            if factor.is_Pow and factor.exp.is_Rational and factor.exp < 0:
                below.append(factor.base**-factor.exp)
            elif factor.is_Rational and not _is_float(factor):
                above.append(self._s.Integer(factor.p))
                below.append(self._s.Integer(factor.q))
            else:
                above.append(factor)
        above = [factor for factor in above if factor != 1 or len(above) == 1] or [self._s.Integer(1)]
        result = _multiplied([read(factor) for factor in above])
        return result / _multiplied([read(factor) for factor in below]) if below else result

    def _power(self, builder: ProgramBuilder, expression: Any, read: Callable[[Any], Term]) -> Term:
        base, exponent = expression.base, expression.exp
        if base == self._s.E:
            return builder.algebra("exp", read(exponent))
        if exponent == self._s.Rational(1, 2):
            return builder.algebra("sqrt", read(base))
        if exponent.is_Rational and exponent < 0:
            return 1 / read(base**-exponent)
        return read(base) ** read(exponent)

    def _function(self, builder: ProgramBuilder, expression: Any, read: Callable[[Any], Term]) -> Term:
        name = expression.func.__name__
        operator = self._operators.get(name) or _counterpart(name)
        if operator is None:
            raise Untranslatable(f"{name} has no counterpart")
        arguments = [read(part) for part in sorted(expression.args, key=self._s.default_sort_key)]
        if name in self._operators:
            arguments = [read(part) for part in expression.args]
        if operator.arity == len(arguments):
            return builder.term(builder.apply(operator, tuple(term.index for term in arguments)))
        if operator.associative and len(arguments) > operator.arity:
            result = arguments[0]
            for term in arguments[1:]:
                result = builder.term(builder.apply(operator, (result.index, term.index)))
            return result
        raise Untranslatable(f"{name} of {len(arguments)} operands has no counterpart")


def _multiplied(terms: list[Term]) -> Term:
    result = terms[0]
    for term in terms[1:]:
        result = result * term
    return result


def _is_float(ratio: Any) -> bool:
    """Whether a rational is a float64 exactly."""
    return bool(Fraction(float(ratio)) == Fraction(int(ratio.p), int(ratio.q)))


def _rational(builder: ProgramBuilder, ratio: Any) -> Term:
    if _is_float(ratio):
        return builder.term(builder.number(float(ratio)))
    return builder.term(builder.number(float(ratio.p))) / float(ratio.q)


@cache
def _counterpart(name: str) -> Operator | None:
    """The operator of a SymPy function."""
    return next((ours for ours, theirs in COUNTERPARTS.items() if theirs == name), None)


def _is_known(operator: Operator) -> bool:
    """Whether a composite is not to be expanded: all but those that are mere arithmetic."""
    return operator in COUNTERPARTS or not _is_arithmetic(operator)


@cache
def _is_arithmetic(operator: Operator) -> bool:
    """Whether a composite is written with the four arithmetics and literals alone, as square is."""
    if operator.is_primitive or operator.kinks is not None:
        return False
    builder = ProgramBuilder()
    operands = [builder.input(str(slot)) for slot in range(operator.arity)]
    expansion = builder.build([builder.expand(operator, operands).index])
    return all(node.is_leaf or node.operator in ARITHMETIC for node in expansion.nodes)
