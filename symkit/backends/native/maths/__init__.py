"""The maths library: every native form by the name that operator records give it.

A form takes the machine and its operands and gives the result. `python -m bench maths` measures the largest errors over
all float32 inputs; docs/native.md states them.
"""

from __future__ import annotations

import operator as python
from collections.abc import Callable, Mapping
from types import MappingProxyType

from symkit.backends.native.machine import Machine, Value
from symkit.backends.native.maths import basic, exponential, logarithm, power, special, trigonometric

Form = Callable[..., Value]


def _on_values(function: Callable[..., Value]) -> Form:
    """A form that Python's own operator on Values already is."""

    def form(m: Machine, *operands: Value) -> Value:
        return function(*operands)

    return form


FORMS: Mapping[str, Form] = MappingProxyType(
    {
        "add": _on_values(python.add),
        "sub": _on_values(python.sub),
        "mul": _on_values(python.mul),
        "div": basic.divide,
        "neg": _on_values(python.neg),
        "abs": _on_values(python.abs),
        "lt": _on_values(python.lt),
        "le": _on_values(python.le),
        "gt": _on_values(python.gt),
        "ge": _on_values(python.ge),
        "eq": _on_values(Value.equals),
        "ne": _on_values(Value.differs),
        "logical_and": _on_values(python.and_),
        "logical_or": _on_values(python.or_),
        "logical_not": _on_values(python.invert),
        "where": basic.where,
        "sign": basic.sign,
        "max": basic.maximum,
        "min": basic.minimum,
        "relu": basic.relu,
        "sqrt": basic.sqrt,
        "exp": exponential.exp,
        "expm1": exponential.expm1,
        "sigmoid": exponential.sigmoid,
        "sinh": exponential.sinh,
        "cosh": exponential.cosh,
        "tanh": exponential.tanh,
        "tanhshrink": exponential.tanhshrink,
        "tanh_softplus": exponential.tanh_softplus,
        "log": logarithm.log,
        "log1p": logarithm.log1p,
        "log_sigmoid": logarithm.log_sigmoid,
        "arcsinh": logarithm.asinh,
        "sin": trigonometric.sin,
        "cos": trigonometric.cos,
        "tan": trigonometric.tan,
        "arctan": trigonometric.atan,
        "gaussian": special.gaussian,
        "erf": special.erf,
        "erfc": special.erfc,
        "normal_cdf": special.normal_cdf,
        "normal_pdf": special.normal_pdf,
        "i0e": special.i0e,
        "i1e": special.i1e,
        "pow": power.pow,
        "hypot": power.hypot,
    }
)
