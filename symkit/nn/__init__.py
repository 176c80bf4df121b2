"""Layers and losses from expressions."""

from symkit.nn.activation import Activation, act_layer
from symkit.nn.compile import compile
from symkit.nn.export import FORMATS, export
from symkit.nn.functional import Function, functional
from symkit.nn.landscape import Landscape, landscape
from symkit.nn.loss import Loss

__all__ = [
    "FORMATS",
    "Activation",
    "Function",
    "Landscape",
    "Loss",
    "act_layer",
    "compile",
    "export",
    "functional",
    "landscape",
]
