"""NVIDIA's assembler: what a kernel needs of a device, known without one."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

USED = re.compile(r"Used (\d+) registers")
SPILLED = re.compile(r"(\d+) bytes stack frame, (\d+) bytes spill stores, (\d+) bytes spill loads")
ENTRY = re.compile(r"\bkernel\b|\bkernel(?=_param_)")
HEADER = re.compile(r"^\.(version|target|address_size) .*$", re.MULTILINE)


@dataclass(frozen=True)
class Needs:
    """What one thread of a kernel needs: registers, and bytes of stack, the part that registers spill into among it."""

    registers: int
    stack: int
    spilled: int


def assembled(kernels: Sequence[str], architecture: str) -> list[Needs]:
    """Assembles the PTX of kernels for `sm_XX`, all at once.

    Raises:
        FileNotFoundError: there is no `ptxas`, neither on the path nor from the package nvidia-cuda-nvcc-cu12.
        ValueError: with what `ptxas` says of PTX that is not well formed.
    """
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "kernels.ptx"
        source.write_text(_one_module(kernels))
        command = [_ptxas(), "-v", f"-arch={architecture}", str(source), "-o", str(Path(folder) / "kernels.cubin")]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    said = done.stdout + done.stderr
    if done.returncode:
        raise ValueError(f"ptxas refuses a kernel: {said.strip()}")
    return _needs(said, len(kernels))


def _ptxas() -> str:
    found = shutil.which("ptxas")
    package = find_spec("nvidia")
    for folder in package.submodule_search_locations or [] if package else []:
        own = Path(folder) / "cuda_nvcc" / "bin" / "ptxas"
        if own.exists():
            found = str(own)
    if found is None:
        raise FileNotFoundError("no ptxas here; pip install nvidia-cuda-nvcc-cu12")
    return found


def _one_module(kernels: Sequence[str]) -> str:
    """One header, and every kernel under a name of its own."""
    header = "\n".join(match.group() for match in HEADER.finditer(kernels[0]))
    bodies = [ENTRY.sub(f"kernel_{i}", HEADER.sub("", kernel)) for i, kernel in enumerate(kernels)]
    # Functions of the same name beside an entry belong to it.
    return "\n".join([header, *bodies])


def _needs(said: str, count: int) -> list[Needs]:
    """ptxas speaks of every entry in a paragraph, in an order of its own."""
    found = {}
    for paragraph in said.split("Compiling entry function '")[1:]:
        number = int(paragraph.split("'")[0].removeprefix("kernel_"))
        spilled, used = SPILLED.search(paragraph), USED.search(paragraph)
        assert spilled
        assert used
        found[number] = Needs(int(used[1]), int(spilled[1]), int(spilled[2]))
    return [found[i] for i in range(count)]
