"""Interpreters of a Program: exact (mpmath), balls (python-flint), numpy in a dtype; `intervals` is imported apart."""

from symkit.evaluation.ball import evaluate_balls
from symkit.evaluation.exact import evaluate_exact
from symkit.evaluation.numeric import evaluate_numpy

__all__ = ["evaluate_balls", "evaluate_exact", "evaluate_numpy"]
