"""Times of rival pieces of work, taken in turns: a machine that gets busy slows them all."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping

Work = Callable[[], object]

SHORTEST = 2e-4
"""Seconds that a sample lasts at least: quick work is called several times."""


def medians(works: Mapping[str, Work], seconds: float = 1.0, least: int = 7, most: int = 300) -> dict[str, float]:
    """Seconds of one call of each, by name: the median over many rounds, each of which runs all in another order.

    Args:
        works: what to time, by name.
        seconds: how long to go on, roughly.
        least, most: bounds of the number of rounds.
    """
    names = list(works)
    calls = {name: _calls(works[name]) for name in names}
    samples: dict[str, list[float]] = {name: [] for name in names}
    start = time.perf_counter()
    for turn in range(most):
        if turn >= least and time.perf_counter() - start > seconds:
            break
        # Each follows another one every time: what it finds in the caches is not always the same.
        step = turn % len(names)
        for name in names[step:] + names[:step]:
            samples[name].append(_seconds(works[name], calls[name]))
    return {name: statistics.median(found) for name, found in samples.items()}


def _calls(work: Work) -> int:
    """How many calls make a sample; warms up on the way."""
    work()
    once = min(_seconds(work, 1) for _ in range(3))
    return max(1, round(SHORTEST / max(once, 1e-7)))


def _seconds(work: Work, calls: int) -> float:
    start = time.perf_counter()
    for _ in range(calls):
        work()
    return (time.perf_counter() - start) / calls
