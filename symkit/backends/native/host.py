"""The host target: kernels of Programs on the CPU."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from functools import partial
from struct import Struct

import numpy as np
import torch
from torch import Tensor

from symkit.backends.native.engine import Code
from symkit.backends.native.host_text import KernelText, Reduction
from symkit.backends.native.layout import Layout, RootLayout, plan
from symkit.backends.native.machine import FLOAT32, FLOAT64
from symkit.backends.native.prepare import Call, Prepared
from symkit.backends.native.threads import run_items
from symkit.backends.native.translate import translate
from symkit.ir import Program, fingerprint

FORMATS = {torch.float32: FLOAT32, torch.float64: FLOAT64}

PARALLEL_FROM = 8192
"""Elements from which a second thread pays."""

# Looked up once: a call of a small tensor costs little more than looking up names.
_empty_like = torch.empty_like
_pointer = Tensor.data_ptr


class HostTarget:
    """A Program compiled for the host, once for each layout and choice of dtypes it meets."""

    def __init__(self, program: Program, leaves: tuple[str, ...]) -> None:
        self._program = program
        self._leaves = leaves
        self._code: dict[object, Code] = {}

    def fused(self, call: Call) -> Prepared | None:
        """See `symkit.backends.native.prepare.Target`."""
        layout = plan(call.shape, call.strides, call.order, call.storages, call.summed)
        if layout is None:
            return None
        outputs = [
            _Output(layout, position, root, call.computed, call.leaves) for position, root in enumerate(call.roots)
        ]
        return _Fused(self._compiled(call.computed, layout), layout, outputs)

    def _compiled(self, dtype: torch.dtype, layout: Layout) -> Code:
        key = dtype, layout.box
        if key not in self._code:

            def source() -> str:
                machine, roots = translate(self._program, FORMATS[dtype])
                return KernelText(machine, self._leaves, roots, layout.box).text()

            self._code[key] = Code(f"{fingerprint(self._program)} {self._leaves} {dtype} {layout.box}", source)
        return self._code[key]


class _Fused:
    """One pass over memory."""

    def __init__(self, code: Code, layout: Layout, outputs: list[_Output]) -> None:
        self._code = code
        self._run = code.run
        self._outputs = outputs
        self._rooms = [(output.model, output.room) for output in outputs]
        sole = outputs[0]
        self._model = sole.model if len(outputs) == 1 and sole.room is None else None
        """Of the only result, in the usual case of one that lies like a leaf."""
        self._stored = all(output.is_stored for output in outputs)
        self._items = layout.groups * layout.blocks
        self._serial = layout.rows * layout.columns < PARALLEL_FROM or self._items == 1
        words = [layout.columns, layout.rows, layout.group, layout.block, layout.blocks, self._items, *layout.sizes]
        for strides in layout.strides:
            words += [strides[-1], *strides[:-1]]
        self._words = (ctypes.c_int64 * len(words))(*words)
        self._layout = ctypes.addressof(self._words)
        self._packed = Struct(f"={1 + len(layout.strides)}q").pack

    def __call__(self, leaves: Sequence[Tensor]) -> tuple[Tensor, ...]:
        if self._model is not None:
            results = [_empty_like(leaves[self._model])]
        else:
            results = [_empty_like(leaves[model]) if room is None else room() for model, room in self._rooms]
        arguments = self._packed(self._layout, *map(_pointer, (*leaves, *results)))
        if self._serial:
            self._run(arguments, 0, self._items)
        else:
            run_items(self._run, self._code.parallel, arguments, self._items, torch.get_num_threads())
        if self._stored:
            return tuple(results)
        return tuple([output.finished(room) for output, room in zip(self._outputs, results, strict=True)])


class _Output:
    """Where a root goes: its own tensor, or partials in the dtype of computation."""

    def __init__(
        self, layout: Layout, position: int, root: RootLayout, computed: torch.dtype, leaves: Sequence[Tensor]
    ) -> None:
        self._root = root
        self._axes: tuple[int, ...] = (0,)
        self._order: tuple[int, ...] = (0,)
        fate = layout.box.reductions[position]
        self.is_stored = fate is Reduction.STORE
        self.model = 0
        """The leaf whose memory the room is laid out like, if `room` is None: the quickest way to get some."""
        self.room: Callable[[], Tensor] | None
        """Makes memory for the kernel to write."""
        if fate is Reduction.STORE:
            models = (i for i, x in enumerate(leaves) if RootLayout(x.shape, x.stride(), x.dtype) == root)
            self.model = next(models, -1)
            self.room = None if self.model >= 0 else root.empty
        elif fate is Reduction.COLUMNS:
            own = layout.strides[len(layout.strides) - len(layout.box.reductions) + position]
            outer = range(len(layout.sizes))
            kept = [d for d in outer if own[d]]
            self._axes = (*(d for d in outer if not own[d]), len(outer))
            # What is left stands in storage order; the root wants its own.
            self._order = tuple(sorted(range(len(kept)), key=lambda i: -own[kept[i]]))
            self.room = partial(torch.empty, (*layout.sizes, layout.blocks), dtype=computed)
        else:
            self.room = partial(torch.zeros, (layout.groups, layout.columns), dtype=computed)

    def finished(self, room: Tensor) -> Tensor:
        """The root, its partials added up by numpy: in one order, whatever the number of threads."""
        if self.is_stored:
            return room
        if room.numel() == 1:
            return room.view(self._root.shape).to(self._root.dtype)
        with np.errstate(all="ignore"):  # infinities may cancel, and that is for the result to say
            total = room.numpy().sum(axis=self._axes, dtype="float64").transpose(self._order)
        return self._root.of(torch.as_tensor(total).to(self._root.dtype).reshape(self._root.shape))
