"""Gaussian moments of thousands of functions at once."""

from symkit.analysis.batch.many import Batch, moments_many

__all__ = ["Batch", "moments_many"]
