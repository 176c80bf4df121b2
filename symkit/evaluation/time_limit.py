"""A limit of time for work that has no natural end, kept wherever the work happens to be."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_deadline: ContextVar[float] = ContextVar("deadline", default=math.inf)


class OutOfTime(Exception):
    """The limit was reached; caught where it was set."""


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """What is done inside may take so many seconds; a limit around it stays in force."""
    token = _deadline.set(min(_deadline.get(), time.monotonic() + seconds))
    try:
        yield
    finally:
        _deadline.reset(token)


def check_time() -> None:
    """Raises OutOfTime past the limit."""
    if is_time_over():
        raise OutOfTime


def is_time_over() -> bool:
    return time.monotonic() > _deadline.get()
