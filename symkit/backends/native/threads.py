"""Threads for kernels: the OpenMP runtime that torch has loaded, so that both share one set of them.

Where torch has another runtime or none, a thread pool takes its place; ctypes lets go of the interpreter's lock while
a kernel runs. OpenMP's threads do not survive a fork, so a forked child runs on one thread.
"""

from __future__ import annotations

import ctypes
import glob
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

SYMBOLS = ("omp_get_thread_num", "omp_get_num_threads")

_NEVER_CALLED = ctypes.CFUNCTYPE(ctypes.c_int)(lambda: 0)
"""Something to link against where there is no OpenMP."""

Run = Callable[[bytes, int, int], None]
"""`run(arguments, first item, last item)`."""

_forked = False


def _after_fork() -> None:
    global _forked
    _forked = True


os.register_at_fork(after_in_child=_after_fork)


@cache
def _openmp() -> Any:
    """The library that torch's own threads come from, if it is GNU's."""
    import torch

    folder = os.path.join(os.path.dirname(torch.__file__), "lib")
    for path in sorted(glob.glob(os.path.join(folder, "libgomp*"))):
        try:
            library = ctypes.CDLL(path)
            library.GOMP_parallel.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_uint, ctypes.c_uint]
            library.GOMP_parallel.restype = None
            if all(hasattr(library, name) for name in SYMBOLS):
                return library
        except (OSError, AttributeError):
            continue
    return None


@cache
def thread_symbols() -> dict[str, int]:
    """Addresses that kernels link against; without OpenMP a kernel's own `parallel` is never called."""
    library = _openmp()
    if library is None:
        return dict.fromkeys(SYMBOLS, _address(_NEVER_CALLED))
    return {name: _address(getattr(library, name)) for name in SYMBOLS}


def _address(function: Any) -> int:
    address = ctypes.cast(function, ctypes.c_void_p).value
    assert address is not None
    return address


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=os.cpu_count() or 1, thread_name_prefix="symkit")


def run_items(run: Run, parallel: int, arguments: bytes, items: int, threads: int) -> None:
    """Runs a kernel's items on up to `threads` threads; which thread runs an item changes no result."""
    threads = min(threads, items)
    if threads <= 1 or _forked:
        run(arguments, 0, items)
        return
    library = _openmp()
    if library is not None:
        library.GOMP_parallel(parallel, arguments, threads, 0)
        return
    bounds = [items * thread // threads for thread in range(threads + 1)]
    futures = [_pool().submit(run, arguments, a, b) for a, b in zip(bounds[:-1], bounds[1:], strict=True)]
    for future in futures:
        future.result()
