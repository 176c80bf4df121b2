"""Functions that move, repeat or select entries: their distribution stays (B equation 5.25)."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from symkit.nn.autoinit.recorder import Call, Rule

NAMES = (
    *("reshape", "view", "flatten", "unflatten", "permute", "transpose", "t", "T.__get__", "mT.__get__", "swapaxes"),
    *("swapdims", "movedim", "moveaxis", "contiguous", "squeeze", "unsqueeze", "expand", "expand_as", "repeat", "roll"),
    *("repeat_interleave", "tile", "split", "chunk", "unbind", "tensor_split", "narrow", "select", "getitem", "flip"),
    *(
        "index_select",
        "gather",
        "pixel_shuffle",
        "pixel_unshuffle",
        "channel_shuffle",
        "unfold",
        "detach",
        "to",
        "type",
    ),
    *("half", "bfloat16", "cpu", "cuda", "view_as", "reshape_as", "data.__get__", "requires_grad", "broadcast_to"),
    *("atleast_1d", "atleast_2d", "atleast_3d", "ravel", "split_with_sizes", "rot90", "take", "masked_select"),
)


def moved(call: Call) -> Any:
    """The same entries elsewhere."""
    before = call.signal() if call.recorder.knows(call.argument(0, "input")) else None
    result = call.run()
    if before is not None:
        for tensor in result if isinstance(result, tuple | list) else [result]:
            if isinstance(tensor, Tensor) and tensor.is_floating_point():
                call.recorder.attach(tensor, before)
    return result


def scaled_up(call: Call) -> Any:
    """Interpolation: entries are repeated, or averaged with weights."""
    if call.argument(3, "mode", "nearest") in ("nearest", "nearest-exact"):
        return moved(call)
    return call.unknown()


RULES: dict[str, Rule] = {
    **dict.fromkeys(NAMES, moved),
    **dict.fromkeys(("interpolate", "upsample"), scaled_up),
}
