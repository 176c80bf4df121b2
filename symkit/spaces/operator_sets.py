"""The sets of operators that published searches choose from."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from symkit.errors import DomainError
from symkit.ops import OperatorTable
from symkit.spaces.forms import OperatorSet, operators

_PANGAEA_UNARY = (
    *("zero", "one", "identity", "neg", "abs", "reciprocal", "square", "exp", "erf", "erfc", "sinh", "cosh", "tanh"),
    *("expm1", "sigmoid", "log_sigmoid", "arcsinh", "arctan", "i0e", "i1e", "relu", "elu", "selu", "swish", "softplus"),
    *("softsign", "hard_sigmoid"),
)

PUBLISHED: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    # B section 3.1.1, 24 and 6. The list prints arctanh; figure 3.1 and every function found use arctan.
    "cafe": {
        "unary": (
            *("zero", "one", "identity", "neg", "abs", "square", "cube", "sqrt", "exp", "gaussian", "softplus"),
            *("log_abs_shift", "sin", "sinh", "arcsinh", "cos", "cosh", "tanh", "arctan", "relu", "min(x, 0)"),
            *("sigmoid", "erf", "sinc"),
        ),
        "binary": ("add", "sub", "mul", "divide_eps", "max", "min"),
    },
    # B table 4.1, 27 and 7; a quotient by 0 is 0 (section 4.1.1).
    "pangaea": {
        "unary": _PANGAEA_UNARY,
        "binary": ("add", "sub", "mul", "divide_no_nan", "pow", "max", "min"),
    },
    # B table A.3 and appendix A.4.3: PANGAEA's, and four operators of three operands.
    "aquasurf": {
        "unary": _PANGAEA_UNARY,
        "binary": ("add", "sub", "mul", "div", "pow", "max", "min"),
        "nary": (
            "f(a, b, c) = a + b + c",
            "f(a, b, c) = a*b*c",
            "f(a, b, c) = max(a, b, c)",
            "f(a, b, c) = min(a, b, c)",
        ),
    },
    # R table 3.1, 6 and 6.
    "evomal": {
        "unary": ("sign", "square", "abs", "log_abs_eps", "sqrt_abs_eps", "tanh"),
        "binary": ("add", "sub", "mul", "aq", "min", "max"),
    },
    # Gonzalez and Miikkulainen, arXiv:1905.11528; R section 3.2.2 names what EvoMAL replaced: log, sqrt and division.
    "glo": {
        "unary": ("log", "square", "sqrt"),
        "binary": ("add", "sub", "mul", "div"),
    },
}

DIVISIONS = {"ieee": "div", "no_nan": "divide_no_nan"}
"""How AQuaSurF's x1/x2 is read: 1/0 is infinite, or 0."""


@cache
def published(name: str, division: str | None = None) -> Mapping[str, OperatorSet]:
    """The sets of a published search by their names: "unary", "binary" and, for AQuaSurF, "nary".

    Raises DomainError for another name, or another division than "ieee" and "no_nan".
    """
    if name not in PUBLISHED:
        raise DomainError(f"there are no operators {name!r}; there are {', '.join(PUBLISHED)}")
    if division is not None and division not in DIVISIONS:
        raise DomainError(f"division {division!r} is not one of {', '.join(DIVISIONS)}")
    quotients = set(DIVISIONS.values())
    replaced = {} if division is None else dict.fromkeys(quotients, DIVISIONS[division])
    return {key: operators(key, [replaced.get(text, text) for text in texts]) for key, texts in PUBLISHED[name].items()}


def chosen(sets: str | Mapping[str, object], table: OperatorTable | None = None) -> Mapping[str, OperatorSet]:
    """Sets of operators: the name of published ones, or lists of formulas by name.

    Raises DomainError for another name, for what is no mapping of names, and for lists of no formulas.
    """
    if isinstance(sets, str):
        return published(sets)
    if not isinstance(sets, Mapping) or not all(isinstance(name, str) for name in sets):
        known = ", ".join(PUBLISHED)
        raise DomainError(f"operators are {known}, or lists by name such as {{'unary': ['relu', 'min(x, 0)']}}")
    found: dict[str, OperatorSet] = {}
    for name, texts in sets.items():
        if isinstance(texts, str) or not isinstance(texts, (list, tuple)):
            raise DomainError(f"operators {name!r} must be a list of names or formulas, such as ['relu', 'min(x, 0)']")
        found[name] = operators(name, [str(text) for text in texts], table)
    return found
