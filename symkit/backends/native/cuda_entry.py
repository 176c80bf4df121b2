"""What every CUDA kernel is to a device and to the host: one function of one array of 64-bit words.

On the device the words are the kernel's parameter. For the host it has the thread's and the block's number as arguments
too, and `blocks(args, first, last)` runs it for all threads of some blocks, one after the other.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from symkit.backends.native.cuda_layout import THREADS
from symkit.backends.native.cuda_memory import CudaTarget


class KernelText(Protocol):
    """A kernel as LLVM IR."""

    def text(self, target: CudaTarget) -> str: ...


def head(target: CudaTarget, words: int) -> str:
    """The first line of a kernel with so many words as `%args`."""
    if target is CudaTarget.HOST:
        return "define internal void @kernel(ptr %args, i32 %thread, i32 %block) noinline {"
    return f"define ptx_kernel void @kernel(ptr byval([{words} x i64]) align 8 %args) {{"


def numbers(target: CudaTarget) -> list[str]:
    """What makes `%thread` and `%block` of the device's registers."""
    if target is CudaTarget.HOST:
        return []
    return [
        "  %thread = call i32 @llvm.nvvm.read.ptx.sreg.tid.x()",
        "  %block = call i32 @llvm.nvvm.read.ptx.sreg.ctaid.x()",
    ]


# The size of a block is not stated: ptxas would give up registers for more blocks, and spill.
_NVPTX_END = """\
declare i32 @llvm.nvvm.read.ptx.sreg.tid.x()
declare i32 @llvm.nvvm.read.ptx.sreg.ctaid.x()"""

_HOST_END = f"""\
define void @blocks(ptr %args, i32 %first, i32 %last) {{
entry:
  %none = icmp uge i32 %first, %last
  br i1 %none, label %done, label %blocks
blocks:
  %block = phi i32 [ %first, %entry ], [ %block.next, %after ]
  br label %threads
threads:
  %thread = phi i32 [ 0, %blocks ], [ %thread.next, %threads ]
  call void @kernel(ptr %args, i32 %thread, i32 %block)
  %thread.next = add i32 %thread, 1
  %more = icmp ult i32 %thread.next, {THREADS}
  br i1 %more, label %threads, label %after
after:
  %block.next = add i32 %block, 1
  %others = icmp ult i32 %block.next, %last
  br i1 %others, label %blocks, label %done
done:
  ret void
}}"""

END: Mapping[CudaTarget, str] = {CudaTarget.NVPTX: _NVPTX_END, CudaTarget.HOST: _HOST_END}
"""What stands behind a kernel."""
