"""Follows signals through a model while it runs: every call of a torch function passes here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode
from torch.utils.weak import WeakTensorKeyDictionary

from symkit.nn.autoinit.report import UNKNOWN, LayerReport
from symkit.nn.autoinit.signal import Signal

Rule: TypeAlias = "Callable[[Call], Any]"
"""Runs a call and says what comes out: returns the result, once `Call.finish` was told of its signal."""


@dataclass(frozen=True)
class Settings:
    """What the user wants.

    Attributes:
        variance: of the output of every layer of weights.
        distribution: of weights.
        center: whether means of activations are taken off.
        keep: whether weights stay as they are.
        overrides: by name of a module, other settings for its weights: "variance", "distribution", "keep".
    """

    variance: float = 1.0
    distribution: str = "truncated_normal"
    center: bool = False
    keep: bool = False
    overrides: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


class Recorder(TorchFunctionMode):
    """Holds the signal of every tensor.

    Attributes:
        layers: reports so far.
        means: what was taken off the activation of each module, by centring.
        set: standard deviations of the weights that were set, by name of the parameter.
    """

    def __init__(
        self,
        model: nn.Module,
        settings: Settings,
        generator: torch.Generator,
        rules: Mapping[str, Rule],
        whole: Mapping[type[nn.Module], Rule],
    ) -> None:
        super().__init__()
        self.settings = settings
        self.generator = generator
        self.layers: list[LayerReport] = []
        self.means: dict[nn.Module, float] = {}
        self.set: dict[str, float] = {}
        self._rules = rules
        self._whole_modules = whole
        self._signals: Any = WeakTensorKeyDictionary()
        self._modules = {module: name for name, module in model.named_modules()}
        self._parameters = {id(p): (name, p) for name, p in model.named_parameters()}
        self._buffers = {id(b) for b in model.buffers()}
        self._running: list[nn.Module] = []
        self._whole = 0

    # -- where we are --------------------------------------------------------------------------------------------

    @property
    def module(self) -> nn.Module | None:
        """The innermost module that is running."""
        return self._running[-1] if self._running else None

    @property
    def place(self) -> str:
        """Its name."""
        return self.name_of(self._running[-1]) if self._running else ""

    def enter(self, module: nn.Module, inputs: Any) -> None:
        """To be called before a module runs."""
        if module in self._modules:
            self._running.append(module)
            self._whole += type(module) in self._whole_modules

    def leave(self, module: nn.Module, inputs: Any, result: Any) -> Any:
        """To be called after it."""
        if module not in self._modules:
            return None
        if type(module) in self._whole_modules:
            # What the rule itself calls is no part of the model.
            if self._whole == 1:
                result = self._whole_modules[type(module)](Call.of_module(self, module, inputs, result))
            self._whole -= 1
        self._running.pop()
        return result

    def name_of(self, module: nn.Module) -> str:
        """The name of a module."""
        name: str = self._modules.get(module, "")
        return name

    # -- signals -------------------------------------------------------------------------------------------------

    def signal(self, value: Any) -> Signal:
        """What is known of a tensor or a number."""
        if not isinstance(value, Tensor):
            return Signal.constant(float(value))
        known = self._signals.get(value)
        if known is not None:
            return known  # type: ignore[no-any-return]
        found = measured(value)
        if not found.is_constant and id(value) not in self._parameters and id(value) not in self._buffers:
            found = found.noted(f"{UNKNOWN} where this comes from: measured")
            self.record("tensor", found, found, value)
        self._signals[value] = found
        return found

    def knows(self, value: Any) -> bool:
        """Whether a tensor has a signal."""
        return isinstance(value, Tensor) and value in self._signals

    def attach(self, value: Tensor, signal: Signal) -> None:
        """Says what is known of a tensor."""
        self._signals[value] = signal

    def parameter(self, value: Any) -> str | None:
        """The name of a parameter of the model, or None."""
        found = self._parameters.get(id(value))
        return found[0] if found is not None else None

    def record(self, kind: str, before: Signal, after: Signal, result: Tensor, weight_std: float | None = None) -> None:
        """Adds a step to the report."""
        now = measured(result)
        self.layers.append(
            LayerReport(
                self.place,
                kind,
                *(before.mean, before.variance, after.mean, after.variance),
                weight_std,
                after.assumption,
                after.certified,
                *(now.origin.mean, now.origin.variance),
            )
        )

    # -- calls ---------------------------------------------------------------------------------------------------

    def __torch_function__(
        self, function: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        named = dict(kwargs or {})
        if self._whole:
            return function(*args, **named)
        kind = short_name(function)
        rule = self._rules.get(kind)
        if rule is None and not any(self.knows(value) for value in (*args, *named.values())):
            return function(*args, **named)
        call = Call(self, function, kind, args, named)
        return call.unknown() if rule is None else rule(call)


@dataclass
class Call:
    """One call of a torch function, or of a module that is one step.

    Attributes:
        recorder: who asks.
        function, kind: what is called, and its name without `torch.` and a trailing `_`.
        args, named: with which arguments.
        result: what came of it, once it ran.
    """

    recorder: Recorder
    function: Callable[..., Any]
    kind: str
    args: tuple[Any, ...]
    named: dict[str, Any]
    result: Any = None

    @classmethod
    def of_module(cls, recorder: Recorder, module: nn.Module, inputs: Any, result: Any) -> Call:
        """A module that ran already."""
        return cls(recorder, module, type(module).__name__, tuple(inputs), {}, result)

    def argument(self, position: int, name: str, default: Any = None) -> Any:
        """An argument by its position or its name."""
        return self.args[position] if position < len(self.args) else self.named.get(name, default)

    def signal(self, position: int = 0, name: str = "input") -> Signal:
        """What is known of an argument."""
        return self.recorder.signal(self.argument(position, name))

    def run(self) -> Any:
        """Calls it."""
        self.result = self.function(*self.args, **self.named)
        return self.result

    def finish(self, signal: Signal, before: Signal | None = None, weight_std: float | None = None) -> Any:
        """Says what comes out, and adds the step to the report."""
        self.recorder.record(self.kind, before or self.signal(), signal, self.result, weight_std)
        return self.quietly(signal)

    def quietly(self, signal: Signal) -> Any:
        """Says what comes out, without a line in the report."""
        self.recorder.attach(self.result, signal)
        return self.result

    def unknown(self) -> Any:
        """A function without a rule: what comes out is measured, and named in the report."""
        result = self.run()
        for tensor in result if isinstance(result, tuple | list) else [result]:
            if isinstance(tensor, Tensor) and tensor.is_floating_point() and tensor.numel():
                inputs = [value for value in (*self.args, *self.named.values()) if self.recorder.knows(value)]
                found = measured(tensor).noted(f"{UNKNOWN}: measured")
                self.recorder.record(self.kind, self.recorder.signal(inputs[0]), found, tensor)
                self.recorder.attach(tensor, found)
        return result


def measured(value: Tensor) -> Signal:
    """The entries of a tensor, as they are."""
    if not value.numel():
        return Signal.constant(0.0)
    entries = value.detach().to(torch.float64)
    return Signal.normal(float(entries.mean()), float(entries.var(correction=0)))


def short_name(function: Any) -> str:
    """`conv2d` of torch.nn.functional.conv2d, `add` of torch.Tensor.add_."""
    name = str(getattr(function, "__name__", function))
    if name in ("__get__", "__set__"):
        owner = getattr(function, "__self__", None)
        return f"{getattr(owner, '__name__', '')}.{name}"
    return DUNDERS.get(name, name.rstrip("_") if not name.startswith("__") else name)


DUNDERS = {
    **{f"__{name}__": name for name in ("add", "sub", "mul", "div", "pow", "neg", "abs", "matmul", "getitem")},
    **{f"__r{name}__": f"r{name}" for name in ("sub", "div", "pow", "matmul")},
    "__radd__": "add", "__rmul__": "mul", "__iadd__": "add", "__imul__": "mul", "__isub__": "sub",
    "__truediv__": "div", "__rtruediv__": "rdiv", "__itruediv__": "div",
}
"""Operators as Python calls them."""
