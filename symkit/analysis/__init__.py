"""What a function does to a network before any training: moments, shape, signal through depth, learning rules."""

from symkit.analysis.analysis import Analysis, analyze
from symkit.analysis.measure import Moments
from symkit.analysis.moments import backward_gain, moments

__all__ = ["Analysis", "Moments", "analyze", "backward_gain", "moments"]
