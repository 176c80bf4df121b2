"""Passes over Programs: derivatives, named rules, stabilising."""

from symkit.transform.derive import cotangent, derivative, gradient, jvp, tangent, vjp
from symkit.transform.rewrite import Rule, rewrite
from symkit.transform.stabilise import RULES, stabilise, stabilised

__all__ = [
    "RULES",
    "Rule",
    "cotangent",
    "derivative",
    "gradient",
    "jvp",
    "rewrite",
    "stabilise",
    "stabilised",
    "tangent",
    "vjp",
]
