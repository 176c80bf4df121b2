"""Layers and losses from expressions."""

from symkit.nn.activation import Activation, act_layer
from symkit.nn.compile import compile
from symkit.nn.export import FORMATS, export
from symkit.nn.functional import Function, functional
from symkit.nn.gan import GANLoss
from symkit.nn.landscape import Landscape, landscape
from symkit.nn.learned_loss import LearnedLoss
from symkit.nn.loss import Loss
from symkit.nn.loss_function import LossFunction, loss_function
from symkit.nn.loss_network import LossNetwork, loss_network
from symkit.nn.neural_loss import NeuralLoss
from symkit.nn.replace import replace

__all__ = [
    "FORMATS",
    "Activation",
    "Function",
    "GANLoss",
    "Landscape",
    "LearnedLoss",
    "Loss",
    "LossFunction",
    "LossNetwork",
    "NeuralLoss",
    "act_layer",
    "compile",
    "export",
    "functional",
    "landscape",
    "loss_function",
    "loss_network",
    "replace",
]
