"""Follows signals through a model while it runs: every call of a torch function passes here."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias
from weakref import ref

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from symkit.nn.initialization import layout
from symkit.nn.initialization.measuring import contradicts, measured, measured_with_positions
from symkit.nn.initialization.names import short_name
from symkit.nn.initialization.report import UNKNOWN, LayerReport
from symkit.nn.initialization.settings import Settings
from symkit.nn.initialization.signal import Signal

Rule: TypeAlias = "Callable[[Call], Any]"
"""Runs a call and says what comes out: returns the result, once `Call.finish` was told of its signal."""


class Known(NamedTuple):
    """What is known of a tensor.

    Attributes:
        tensor: a weak reference to it.
        signal: None for one that is measured when it is needed.
        channel: the dimension of channels, None for the usual one.
        from_inputs: whether it depends on the inputs, and is not made of parameters and numbers alone.
    """

    tensor: ref[Tensor]
    signal: Signal | None
    channel: int | None = None
    from_inputs: bool = True


class Part(NamedTuple):
    """A parameter, or a part of one that a view of it shows."""

    name: str
    parameter: nn.Parameter
    where: str


class Recorder(TorchFunctionMode):
    """Holds the signal of every tensor.

    Attributes:
        layers: reports so far.
        means: what was taken off the activation of each module, by centring.
        set: standard deviations of the weights that were set, by name of the parameter.
        originals: parameters as they were before they were set, by name.
    """

    def __init__(
        self,
        model: nn.Module,
        settings: Settings,
        generator: torch.Generator,
        rules: Mapping[str, Rule],
        whole: Mapping[type[nn.Module], Rule],
        starting: frozenset[str],
    ) -> None:
        super().__init__()
        self.settings = settings
        self.generator = generator
        self.layers: list[LayerReport] = []
        self.means: dict[nn.Module, float] = {}
        self.set: dict[str, float] = {}
        self.originals: dict[str, tuple[nn.Parameter, Tensor]] = {}
        self._rules = rules
        self._whole_modules = whole
        self._starting = starting
        self._known: dict[int, Known] = {}
        self._modules = {module: name for name, module in model.named_modules()}
        self._parameters = {id(p): Part(name, p, "") for name, p in model.named_parameters()}
        for held in _held(model):
            if id(held) not in self._parameters:
                self.made(held)
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
        elif not self._whole:
            self._check_known(module, result)
        self._running.pop()
        return result

    def _check_known(self, module: nn.Module, result: Any) -> None:
        """What a module puts out of which no call was seen, as of code that is not Python's, is measured and named."""
        for tensor in tensors_in(result):
            if tensor.is_floating_point() and id(tensor) not in self._parameters and self._entry(tensor) is None:
                with torch._C.DisableTorchFunction():
                    found = measured(tensor).noted(f"{UNKNOWN}: measured")
                    self.record(type(module).__name__, found, found, tensor)
                self.attach(tensor, found)

    def name_of(self, module: nn.Module) -> str:
        """The name of a module."""
        name: str = self._modules.get(module, "")
        return name

    # -- signals -------------------------------------------------------------------------------------------------

    def _entry(self, value: Tensor) -> Known | None:
        found = self._known.get(id(value))
        return found if found is not None and found.tensor() is value else None

    def signal(self, value: Any) -> Signal:
        """What is known of a tensor or a number."""
        if not isinstance(value, Tensor):
            return Signal.constant(float(value))
        known = self._entry(value)
        if known is not None and known.signal is not None:
            return known.signal
        found = measured(value)
        if known is None and not found.is_constant and id(value) not in self._parameters:
            found = found.noted(f"{UNKNOWN} where this comes from: measured")
            self.record("tensor", found, found, value)
        depends = known is None and id(value) not in self._parameters
        self._known[id(value)] = Known(ref(value), found, known.channel if known is not None else None, depends)
        return found

    def channel(self, value: Tensor) -> int:
        """The dimension of channels of a tensor."""
        known = self._entry(value)
        return known.channel if known is not None and known.channel is not None else layout.usual(value)

    def knows(self, value: Any) -> bool:
        """Whether a tensor has a signal: it comes from the inputs."""
        known = self._entry(value) if isinstance(value, Tensor) else None
        return known is not None and known.from_inputs

    def attach(self, value: Tensor, signal: Signal, channel: int | None = None) -> None:
        """Says what is known of a tensor."""
        self._known[id(value)] = Known(ref(value), signal, channel)

    def made(self, result: Any) -> None:
        """Of a tensor that does not come from the inputs."""
        for tensor in tensors_in(result):
            self._known[id(tensor)] = Known(ref(tensor), None, None, from_inputs=False)

    def forget(self, value: Tensor) -> None:
        """Of a tensor whose entries were changed."""
        self._known.pop(id(value), None)

    def parameter(self, value: Any) -> Part | None:
        """The parameter of the model that a tensor is, or is a view of."""
        found = self._parameters.get(id(value))
        if found is not None or not isinstance(value, Tensor) or not value._is_view():
            return found
        base = self._parameters.get(id(value._base))
        if base is None:
            return None
        if value.numel() == base.parameter.numel():
            return base
        steps = sorted(zip(value.stride(), value.shape, strict=True), reverse=True)
        sizes = ", ".join(f"{size}" for _, size in steps)
        return Part(base.name, base.parameter, f"[{value.storage_offset()}: {sizes}]")

    def record(
        self, kind: str, before: Signal, after: Signal, result: Tensor, weight_std: float | None = None
    ) -> Signal:
        """Adds a step to the report; returns what was measured."""
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
        return now

    # -- calls ---------------------------------------------------------------------------------------------------

    def __torch_function__(
        self, function: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        named = dict(kwargs) if kwargs else {}
        if self._whole:
            return function(*args, **named)
        kind = short_name(function)
        inputs = [value for value in tensors_in((*args, *named.values())) if self.knows(value)]
        if kind in self._starting or inputs:
            call = Call(self, function, kind, args, named)
            rule = None if any(value.is_complex() for value in inputs) else self._rules.get(kind)
            return call.unknown() if rule is None else rule(call)
        result = function(*args, **named)
        # What is written to a tensor without entries is not seen here, where other code than torch's does.
        if not kind.startswith(("empty", "new_empty")):
            self.made(result)
        return result


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

    def argument(self, position: int, *names: str, default: Any = None) -> Any:
        """An argument by its position or one of its names."""
        if position < len(self.args):
            return self.args[position]
        return next((self.named[name] for name in names if name in self.named), default)

    @property
    def given(self) -> Tensor:
        """The first argument."""
        found = self.argument(0, "input", "self")
        assert isinstance(found, Tensor), self.kind
        return found

    def signal(self) -> Signal:
        """What is known of the first argument."""
        return self.recorder.signal(self.given)

    def run(self) -> Any:
        """Calls it."""
        self.result = self.function(*self.args, **self.named)
        return self.result

    def finish(
        self, signal: Signal, before: Signal | None = None, weight_std: float | None = None, channel: int | None = None
    ) -> Any:
        """Says what comes out, and adds the step to the report. Channels stay where they are unless given."""
        found = self.recorder.record(self.kind, before or self.signal(), signal, self.result, weight_std)
        if self.recorder.settings.calibrate and contradicts(self.result, found, signal):
            place = channel if channel is not None else self.recorder.channel(self.result)
            signal = signal.rebased(measured_with_positions(self.result, place))
        return self.quietly(signal, channel)

    def quietly(self, signal: Signal, channel: int | None = None) -> Any:
        """Says what comes out, without a line in the report."""
        if channel is None:
            channel = self._channel_of_equals()
        self.recorder.attach(self.result, signal, channel)
        return self.result

    def _channel_of_equals(self) -> int | None:
        """Of an argument with as many dimensions as the result."""
        for value in tensors_in((*self.args, *self.named.values())):
            if self.recorder.knows(value) and value.dim() == self.result.dim():
                return self.recorder.channel(value)
        return None

    def unknown(self, reason: str = "") -> Any:
        """A function without a rule: what comes out is measured, and named in the report."""
        inputs = [v for v in tensors_in((*self.args, *self.named.values())) if self.recorder.knows(v)]
        before = [self.recorder.signal(value) for value in inputs]
        result = self.result if self.result is not None else self.run()
        for tensor in tensors_in(result):
            if not tensor.numel():
                continue
            own = measured(tensor).origin
            found = Signal.normal(own.mean, own.variance, 0.0, f"{UNKNOWN}: measured{reason}", of=before)
            # Integers and truth values count once they become floats.
            if tensor.is_floating_point() or tensor.is_complex():
                self.recorder.record(self.kind, before[0] if before else found, found, tensor)
            self.recorder.attach(tensor, found)
        return result


def tensors_in(value: Any) -> Iterator[Tensor]:
    """The tensors of nested tuples, lists and dicts."""
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, tuple | list):
        for part in value:
            yield from tensors_in(part)
    elif isinstance(value, Mapping):
        for part in value.values():
            yield from tensors_in(part)


def _held(model: nn.Module) -> Iterator[Tensor]:
    """Buffers, and tensors that are plain attributes of modules."""
    yield from model.buffers()
    for module in model.modules():
        yield from (value for value in vars(module).values() if isinstance(value, Tensor))
