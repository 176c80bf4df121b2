"""Layers and losses from expressions."""

from symkit.nn.activation import Activation, act_layer
from symkit.nn.compile import compile
from symkit.nn.functional import Function, functional
from symkit.nn.loss import Loss

__all__ = ["Activation", "Function", "Loss", "act_layer", "compile", "functional"]
