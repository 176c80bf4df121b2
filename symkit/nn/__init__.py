"""Layers and losses from expressions."""

from symkit.nn.activation import Activation, act_layer
from symkit.nn.compile import compile
from symkit.nn.export import FORMATS, export
from symkit.nn.functional import Function, functional
from symkit.nn.gan import GANLoss
from symkit.nn.initialization.centred import Centred
from symkit.nn.initialization.report import InitReport, LayerReport
from symkit.nn.initialization.run import autoinit
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
    "Centred",
    "Function",
    "GANLoss",
    "InitReport",
    "Landscape",
    "LayerReport",
    "LearnedLoss",
    "Loss",
    "LossFunction",
    "LossNetwork",
    "NeuralLoss",
    "act_layer",
    "autoinit",
    "compile",
    "export",
    "functional",
    "landscape",
    "loss_function",
    "loss_network",
    "replace",
]
