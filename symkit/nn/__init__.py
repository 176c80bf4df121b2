"""Layers and losses from expressions."""

from symkit.nn.activation import Activation, act_layer
from symkit.nn.compile import compile
from symkit.nn.export import FORMATS, export
from symkit.nn.functional import Function, functional
from symkit.nn.landscape import Landscape, landscape
from symkit.nn.loss import Loss
from symkit.nn.loss_function import LossFunction, loss_function

__all__ = [
    "FORMATS",
    "Activation",
    "Function",
    "Landscape",
    "Loss",
    "LossFunction",
    "act_layer",
    "compile",
    "export",
    "functional",
    "landscape",
    "loss_function",
]
