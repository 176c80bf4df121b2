"""Passes over Programs: derivatives, named rules, stabilising."""

from symkit.transform.algebra import shared
from symkit.transform.derive import cotangents, derivative, gradient, jvp, tangents, vjp, with_gradient
from symkit.transform.guard import guarded
from symkit.transform.rewrite import Rule, rewrite
from symkit.transform.stabilise import RULES, stabilise, stabilised
from symkit.transform.torch_chain import torch_gradient_program
from symkit.transform.weights import weighted, with_numbers

__all__ = [
    "RULES",
    "Rule",
    "cotangents",
    "derivative",
    "gradient",
    "guarded",
    "jvp",
    "rewrite",
    "shared",
    "stabilise",
    "stabilised",
    "tangents",
    "torch_gradient_program",
    "vjp",
    "weighted",
    "with_gradient",
    "with_numbers",
]
