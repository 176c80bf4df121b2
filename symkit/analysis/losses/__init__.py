"""What a loss does to learning: its learning rule, its minima, and how it treats examples of all sorts."""

from symkit.analysis.losses.analysis import loss_analysis
from symkit.analysis.losses.behaviour import Asymmetry, EasyHard, EffectiveRate, Miss, Push, Rates
from symkit.analysis.losses.jumps import Jump
from symkit.analysis.losses.limits import Limit
from symkit.analysis.losses.minima import Minimum
from symkit.analysis.losses.points import LimitPair, TrainingPoint
from symkit.analysis.losses.report import Comparison, LossAnalysis, Row
from symkit.analysis.losses.robustness import Growth, Robustness
from symkit.analysis.losses.rule import LearningRule, LogitRule, logit_gradient
from symkit.analysis.losses.sparse import Redistribution, redistribute, redistribution

__all__ = [
    "Asymmetry",
    "Comparison",
    "EasyHard",
    "EffectiveRate",
    "Growth",
    "Jump",
    "LearningRule",
    "Limit",
    "LimitPair",
    "LogitRule",
    "LossAnalysis",
    "Minimum",
    "Miss",
    "Push",
    "Rates",
    "Redistribution",
    "Robustness",
    "Row",
    "TrainingPoint",
    "logit_gradient",
    "loss_analysis",
    "redistribute",
    "redistribution",
]
