"""LLVM on the host: text to machine code, and the OpenMP threads that torch already has."""

from __future__ import annotations

import ctypes
import glob
import os
import threading
from functools import cache
from typing import Any

_lock = threading.RLock()
"""LLVM contexts are not safe to share while compiling."""


def _target_machine() -> Any:
    """A new target machine: an engine takes the one it is given as its own, and frees it."""
    import llvmlite.binding as llvm

    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    features = llvm.get_host_cpu_features().flatten()
    return llvm.Target.from_default_triple().create_target_machine(
        cpu=llvm.get_host_cpu_name(), features=features, opt=3
    )


class Code:
    """Compiled functions of one module; they live as long as this object."""

    def __init__(self, source: str) -> None:
        import llvmlite.binding as llvm

        with _lock:
            machine = _target_machine()
            openmp()
            module = llvm.parse_assembly(source)
            module.triple, module.data_layout = llvm.get_process_triple(), str(machine.target_data)
            builder = llvm.create_pass_builder(machine, llvm.create_pipeline_tuning_options(speed_level=3))
            builder.getModulePassManager().run(module, builder)
            code = llvm.ObjectFileRef.from_data(machine.emit_object(module))
            self._engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), machine)
            self._engine.add_object_file(code)
            self._engine.finalize_object()
            self.run = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64)(
                self._engine.get_function_address("run")
            )
            self.parallel = self._engine.get_function_address("parallel")


def start_threads(function: int, arguments: int, threads: int) -> None:
    """Runs `parallel(args)` on OpenMP's threads; in a forked child, whose threads are gone, on one."""
    openmp()(function, arguments, 1 if _forked else threads, 0)


@cache
def openmp() -> Any:
    """`GOMP_parallel` of the OpenMP runtime that torch has loaded."""
    import llvmlite.binding as llvm
    import torch

    folder = os.path.join(os.path.dirname(torch.__file__), "lib")
    library = ctypes.CDLL(glob.glob(os.path.join(folder, "libgomp*"))[0])
    for name in ("omp_get_thread_num", "omp_get_num_threads"):
        llvm.add_symbol(name, ctypes.cast(getattr(library, name), ctypes.c_void_p).value)
    start = library.GOMP_parallel
    start.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_uint, ctypes.c_uint]
    start.restype = None
    return start


_forked = False


def _after_fork() -> None:
    global _forked
    _forked = True


os.register_at_fork(after_in_child=_after_fork)
