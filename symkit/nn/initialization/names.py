"""What functions of torch are called here."""

from __future__ import annotations

from typing import Any

PROPERTIES = {
    "T": "transpose",
    "mT": "transpose",
    "H": "transpose",
    "mH": "transpose",
    "data": "detach",
    "real": "alias",
}
"""Attributes of tensors that are tensors, as the functions that they are; others are no step."""

DUNDERS = {
    **{f"__{name}__": name for name in ("add", "sub", "mul", "pow", "neg", "abs", "matmul", "getitem", "setitem")},
    **{f"__r{name}__": f"r{name}" for name in ("sub", "div", "pow", "matmul")},
    **{f"__i{name}__": name for name in ("add", "sub", "mul", "pow")},
    **dict.fromkeys(("__radd__",), "add"),
    **dict.fromkeys(("__rmul__",), "mul"),
    **dict.fromkeys(("__truediv__", "__div__", "__idiv__", "__itruediv__"), "div"),
    "__rtruediv__": "rdiv",
    "__pos__": "positive",
    **{f"__{name}__": name for name in ("gt", "ge", "lt", "le", "eq", "ne")},
}
"""Operators as Python calls them."""


def short_name(function: Any) -> str:
    """`conv2d` of torch.nn.functional.conv2d, `add` of torch.Tensor.add_; of an attribute, the function that it is."""
    name = str(getattr(function, "__name__", function))
    if name == "__get__":
        owner = getattr(getattr(function, "__self__", None), "__name__", "")
        return PROPERTIES.get(owner, "attribute")
    return DUNDERS.get(name, name.rstrip("_") if not name.startswith("__") else name)
