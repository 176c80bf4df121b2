"""Interpreters of a Program: exact (mpmath), balls (python-flint), numpy in a dtype, intervals."""

from symkit.evaluation.ball import evaluate_balls
from symkit.evaluation.exact import evaluate_exact
from symkit.evaluation.intervals import IntervalEvaluator
from symkit.evaluation.numeric import evaluate_numpy

__all__ = ["IntervalEvaluator", "evaluate_balls", "evaluate_exact", "evaluate_numpy"]
