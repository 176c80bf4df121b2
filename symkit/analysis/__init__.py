"""What a function does to a network before any training: moments, gain, kinks and poles."""

from symkit.analysis.moments import Analysis, Moments, analyze, backward_gain, moments

__all__ = ["Analysis", "Moments", "analyze", "backward_gain", "moments"]
