"""LLVM on the host: text to machine code, kept on disk, and the threads to run it on."""

from __future__ import annotations

import ctypes
import hashlib
import os
import threading
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from symkit.backends.native.threads import thread_symbols
from symkit.disk_cache import KERNELS

lock = threading.RLock()
"""LLVM's global context is not safe to share while compiling; a fork waits, or the child would find it taken."""

os.register_at_fork(before=lock.acquire, after_in_parent=lock.release, after_in_child=lock.release)


@cache
def host_target() -> tuple[str, str]:
    """(CPU name, features) of this machine."""
    import llvmlite.binding as llvm

    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    features = llvm.get_host_cpu_features()
    # LLVM holds back from the widest registers for the sake of code that seldom uses them; kernels use nothing else,
    # and run up to 1.8 times as fast.
    wide = ",-prefer-256-bit" if features.get("avx512f") else ""
    return llvm.get_host_cpu_name(), features.flatten() + wide


def target_machine(level: int = 3) -> Any:
    """A new target machine: an engine takes the one it is given as its own, and frees it.

    Args:
        level: how hard it tries to make good machine code of what passes have made, 0 to 3.
    """
    import llvmlite.binding as llvm

    cpu, features = host_target()
    return llvm.Target.from_default_triple().create_target_machine(cpu=cpu, features=features, opt=level)


@cache
def _compiler() -> Any:
    """The machine that makes code. It keeps much of what it worked on, so it is not given to engines."""
    return target_machine()


def optimised(source: str, machine: Any, triple: str) -> Any:
    """The parsed and optimised module of a text for a target."""
    import llvmlite.binding as llvm

    module = llvm.parse_assembly(source)
    module.triple, module.data_layout = triple, str(machine.target_data)
    builder = llvm.create_pass_builder(machine, llvm.create_pipeline_tuning_options(speed_level=3))
    builder.getModulePassManager().run(module, builder)
    return module


class Code:
    """Compiled functions of one kernel; they live as long as this object.

    Args:
        fingerprint: says which kernel it is, without its text.
        source: makes the LLVM IR, if it is not on disk.
    """

    def __init__(self, fingerprint: str, source: Callable[[], str]) -> None:
        import llvmlite.binding as llvm

        with lock:
            for name, address in thread_symbols().items():
                llvm.add_symbol(name, address)
            key = cache_key(fingerprint, *host_target())
            code = KERNELS.read(key)
            if code is None:
                compiler = _compiler()
                code = compiler.emit_object(optimised(source(), compiler, llvm.get_process_triple()))
                KERNELS.write(key, code)
            self._engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), target_machine())
            self._engine.add_object_file(llvm.ObjectFileRef.from_data(code))
            self._engine.finalize_object()
            signature = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64)
            self.run = signature(self._engine.get_function_address("run"))
            self.parallel = self._engine.get_function_address("parallel")

    def function(self, name: str) -> Callable[[bytes], None]:
        """Another function of the kernel, of its arguments alone."""
        return ctypes.CFUNCTYPE(None, ctypes.c_void_p)(self._engine.get_function_address(name))


def cache_key(fingerprint: str, *target: str) -> str:
    """Kernels for another target, or of another compiler or version of this package, are other kernels."""
    import llvmlite

    parts = (_sources(), llvmlite.__version__, *target, fingerprint)
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


@cache
def _sources() -> str:
    """Digest of the compiler's own code, so that nobody has to remember to raise a number."""
    found = hashlib.sha256()
    folder = Path(__file__).parent
    for path in sorted(folder.rglob("*.py")):
        found.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return found.hexdigest()
