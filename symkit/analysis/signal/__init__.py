"""Signal through depth, and moments along parameters."""

from symkit.analysis.signal.along import Along, along
from symkit.analysis.signal.correlation import correlation_map
from symkit.analysis.signal.depth import Signal, signal
from symkit.analysis.signal.fixed_points import FixedPoint
from symkit.analysis.signal.over import Extreme, Over, Range, over
from symkit.analysis.signal.variance import variance_map

__all__ = [
    "Along",
    "Extreme",
    "FixedPoint",
    "Over",
    "Range",
    "Signal",
    "along",
    "correlation_map",
    "over",
    "signal",
    "variance_map",
]
