"""Functions that move, repeat or select entries: their distribution stays (B equation 5.25)."""

from __future__ import annotations

from typing import Any

import torch.nn.functional as F
from torch import Tensor

from symkit.nn.initialization import layout
from symkit.nn.initialization.measuring import measured
from symkit.nn.initialization.recorder import Call, Rule, tensors_in
from symkit.nn.initialization.report import UNKNOWN
from symkit.nn.initialization.signal import Signal

KEPT = (
    *("contiguous", "clone", "detach", "to", "type", "type_as", "float", "double", "half", "bfloat16", "cpu", "cuda"),
    *("alias", "positive", "requires_grad", "nan_to_num", "asarray", "as_tensor", "resolve_conj", "resolve_neg"),
)
"""Entries stay where they are."""

MOVED = (
    *("reshape", "view", "flatten", "unflatten", "permute", "transpose", "t", "swapaxes", "adjoint", "ravel"),
    *("swapdims", "movedim", "moveaxis", "squeeze", "unsqueeze", "expand", "expand_as", "repeat", "roll"),
    *("repeat_interleave", "tile", "split", "chunk", "unbind", "tensor_split", "narrow", "select", "getitem", "flip"),
    *("index_select", "gather", "pixel_shuffle", "pixel_unshuffle", "channel_shuffle", "native_channel_shuffle"),
    *("view_as", "reshape_as", "broadcast_to", "atleast_1d", "atleast_2d", "atleast_3d", "split_with_sizes", "rot90"),
    *("take", "take_along_dim", "masked_select", "fliplr", "flipud", "unsafe_chunk", "unsafe_split", "diagonal"),
    *("hsplit", "vsplit", "dsplit", "as_strided", "broadcast_tensors", "meshgrid", "_pack_padded_sequence"),
)
"""The same entries elsewhere."""


def kept(call: Call) -> Any:
    """The same entries in the same places."""
    before, channel = call.signal(), call.recorder.channel(call.given)
    result = call.run()
    if isinstance(result, Tensor):
        if result.is_floating_point() and not call.given.is_floating_point() and before.assumption:
            call.recorder.record(call.kind, before, before, result)
        call.recorder.attach(result, before, channel)
    return result


def moved(call: Call) -> Any:
    """The same entries elsewhere, or some of them."""
    tensors = [tensor for tensor in tensors_in(call.args[:1] or call.named) if call.recorder.knows(tensor)]
    signals = {id(tensor): call.recorder.signal(tensor) for tensor in tensors}
    result = call.run()
    if not tensors:
        call.recorder.made(result)
        return result
    for place, tensor in enumerate(tensors_in(result)):
        given = tensors[min(place, len(tensors) - 1)]
        if tensor is not given:
            before = signals[id(given)]
            same = tensor.shape == given.shape and tensor.stride() == given.stride() and tensor._is_view()
            after = before if same and tensor.data_ptr() == given.data_ptr() else before.elsewhere()
            channel = layout.moved(given, call.recorder.channel(given), tensor)
            call.recorder.attach(tensor, after, channel)
    return result


def unfolded(call: Call) -> Any:
    """Of torch.nn.functional: windows of an image, with zeros around; of a tensor: windows along a dimension."""
    if call.function is not F.unfold:
        return moved(call)
    if any(_entries(call.argument(3, "padding", default=0))):
        return call.unknown()
    return moved(call)


def _entries(value: Any) -> tuple[int, ...]:
    return tuple(value) if isinstance(value, tuple | list) else (value,)


def assigned(call: Call) -> Any:
    """x[where] = y and x.copy_(y): what the tensor holds then is measured."""
    target = call.args[0]
    result = call.run()
    if target.is_floating_point():
        own = measured(target).origin
        inputs = [call.recorder.signal(t) for t in tensors_in(call.args[1:]) if call.recorder.knows(t)]
        after = Signal.normal(own.mean, own.variance, 0.0, f"{UNKNOWN} of which parts: measured", of=inputs)
        call.recorder.record(call.kind, inputs[0] if inputs else after, after, target)
        call.recorder.attach(target, after)
    return result


def filled_up(call: Call) -> Any:
    """fill_ and zero_: a tensor of one number."""
    result = call.run()
    call.recorder.made(result)
    return result


RULES: dict[str, Rule] = {
    **dict.fromkeys(KEPT, kept),
    **dict.fromkeys(MOVED, moved),
    "unfold": unfolded,
    **dict.fromkeys(("setitem", "copy"), assigned),
    **dict.fromkeys(("empty", "empty_like", "new_empty"), Call.run),
    **dict.fromkeys(("fill", "zero", "zeros_like", "ones_like", "full_like", "rand_like"), filled_up),
    **dict.fromkeys(("zeros", "ones", "full", "arange", "linspace", "eye", "randn", "rand"), filled_up),
    **dict.fromkeys(("randn_like", "new_zeros", "new_ones", "new_full", "new_tensor"), filled_up),
}
