"""AutoInit: weights scaled so that signals keep their variance through any network (B chapter 5)."""

from __future__ import annotations

import copy
import sys
import time
import warnings
from collections.abc import Mapping
from contextlib import ExitStack
from difflib import get_close_matches
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn.modules.module import register_module_forward_hook, register_module_forward_pre_hook

from symkit.errors import DomainError
from symkit.nn.initialization import layout
from symkit.nn.initialization.centred import centred
from symkit.nn.initialization.measuring import measured_with_positions
from symkit.nn.initialization.recorder import Recorder, tensors_in
from symkit.nn.initialization.report import InitReport
from symkit.nn.initialization.rules import RULES, STARTING, WHOLE
from symkit.nn.initialization.settings import Settings
from symkit.nn.initialization.signal import Signal
from symkit.nn.initialization.weights import DISTRIBUTIONS

Data = Literal["normal", "batch"]


def autoinit(
    model: nn.Module,
    example_input: Any,
    *,
    variance: float = 1.0,
    distribution: str = "truncated_normal",
    center: bool = False,
    seed: int = 0,
    dry_run: bool = False,
    keep: bool = False,
    calibrate: bool = True,
    data: Data = "normal",
    overrides: Mapping[str, Mapping[str, Any]] | None = None,
) -> InitReport:
    """Initialises a model, in place, so that every layer of weights puts out mean 0 and the wanted variance.

    The model is run once on the example input, without gradients. On the way every tensor is followed by the mean and
    variance of its entries (B section 5.4, its formulas corrected), and every weight is drawn just before it is used,
    with standard deviation sqrt(variance/(n*E[x**2])) for a sum of n terms (B equation 5.6). Biases become 0. So
    functional calls, shared and nested modules and any Python code work, and what is predicted is measured as well.

    Activations are integrated over a normal variable: those of symkit, those of torch, and what is made of them by
    arithmetic on one tensor, such as x + f(x), as one function. Steps that no rule knows are measured, and named in
    the report. Recurrent layers, weights that do not train or are computed, and normalisation keep their parameters.

    Args:
        model: any torch model.
        example_input: its input, or a tuple of positional or a dict of named inputs. Of floats the shape counts, and
            they are replaced by samples of N(0, 1), but with `data="batch"`. More samples measure more precisely.
        variance: wanted of the outputs of layers of weights.
        distribution: of weights: "truncated_normal", "normal", "uniform" or "orthogonal".
        center: also take the mean off every activation that is a module (AutoInit++, B section 5.11): activations of
            symkit get another expression, others stand in a `Centred`. Modules that run twice have one mean.
        seed: of weights and samples.
        dry_run: leave the model as it is; only report. A copy is initialised.
        keep: follow the signals with the weights as they are: how the model stands now.
        calibrate: where a mean or a variance turns out to be off by more than a tenth, scale the layer's weights, or go
            on from what was measured. Predictions take layers as wide, sums as normal and padding as spread evenly;
            what is left over adds up in deep networks. Outputs of fewer than 1000 numbers tell too little. False is
            analysis alone.
        data: "normal", or "batch": mean and variance of float inputs are those of the example.
        overrides: by name of a module, settings for its weights: "variance", "distribution" or "keep".

    Raises:
        DomainError: for settings that cannot be, and names in `overrides` that no module has.
    """
    settings = Settings(variance, distribution, center, keep, calibrate, dict(overrides or {}))
    _check(model, settings, data)
    chosen = copy.deepcopy(model) if dry_run else model
    start = time.perf_counter()
    recorder = _followed(chosen, example_input, settings, seed, data)
    if center:
        _centre(chosen, recorder)
    touched = {name.partition("[")[0] for name in recorder.set}
    untouched = [name for name, p in chosen.named_parameters() if p.dim() > 1 and name not in touched]
    return InitReport(
        tuple(recorder.layers),
        variance,
        distribution,
        seed,
        tuple(recorder.name_of(module) for module in recorder.means),
        tuple(untouched),
        time.perf_counter() - start,
    )


def _followed(model: nn.Module, example: Any, settings: Settings, seed: int, data: Data) -> Recorder:
    """The recorder after a run of the model; buffers and the state of chance are as they were."""
    generator = torch.Generator().manual_seed(seed)
    recorder = Recorder(model, settings, generator, RULES, WHOLE, STARTING)
    args, named = _inputs(example, recorder, generator, data)
    buffers = {name: buffer.clone() for name, buffer in model.named_buffers()}
    with ExitStack() as stack:
        devices = range(torch.cuda.device_count()) if torch.cuda.is_initialized() else ()
        stack.enter_context(torch.random.fork_rng(devices=devices))
        # Chance of the model itself must not repeat the numbers of weights and samples.
        torch.manual_seed(int(torch.randint(2**62, (), generator=generator)))
        stack.enter_context(torch.no_grad())
        # Fused paths hide the layers that they are made of, and so does compiled code.
        fast = torch.backends.mha.get_fastpath_enabled()
        torch.backends.mha.set_fastpath_enabled(False)
        stack.callback(torch.backends.mha.set_fastpath_enabled, fast)
        if "torch._dynamo" in sys.modules:
            stack.enter_context(torch.compiler.set_stance("force_eager"))
            stack.enter_context(warnings.catch_warnings())
            warnings.filterwarnings("ignore", "Using `torch.compile", UserWarning)
        for hook in (
            register_module_forward_pre_hook(recorder.enter),
            register_module_forward_hook(recorder.leave),
        ):
            stack.callback(hook.remove)
        stack.callback(_restore, model, buffers)
        try:
            with recorder:
                model(*args, **named)
        except Exception as error:
            for parameter, original in recorder.originals.values():
                parameter.copy_(original)
            error.add_note(_hint(recorder, args, named))
            raise
    return recorder


def _hint(recorder: Recorder, args: list[Any], named: dict[str, Any]) -> str:
    """Where a model failed, and on what."""
    shapes = [tuple(tensor.shape) for tensor in tensors_in((*args, *named.values()))]
    where = f" in {recorder.place!r}" if recorder.place else ""
    return (
        f"autoinit ran the model on its example input, tensors of shape {', '.join(map(str, shapes))}, and it "
        f"failed{where}; the weights are as they were. The example must be what the model is called with: a tensor, "
        "a tuple of positional or a dict of named inputs"
    )


def _restore(model: nn.Module, buffers: Mapping[str, Tensor]) -> None:
    for name, buffer in model.named_buffers():
        if name in buffers:
            buffer.copy_(buffers[name])


def _inputs(
    example: Any, recorder: Recorder, generator: torch.Generator, data: Data
) -> tuple[list[Any], dict[str, Any]]:
    """Inputs to run on, with their signals."""

    def made(value: Any) -> Any:
        if isinstance(value, Mapping):
            return {name: made(part) for name, part in value.items()}
        if isinstance(value, tuple | list) and type(value) in (tuple, list):
            return type(value)(made(part) for part in value)
        if not isinstance(value, Tensor):
            return value
        if data == "batch" or not value.is_floating_point():
            # A copy: the model may write on it.
            sample = value.detach().clone()
            recorder.attach(sample, measured_with_positions(sample, layout.usual(sample)))
        else:
            sample = torch.randn(value.shape, generator=generator).to(value)
            recorder.attach(sample, Signal.normal(0.0, 1.0))
        return sample

    if isinstance(example, Mapping):
        return [], {name: made(value) for name, value in example.items()}
    return [made(value) for value in (example if isinstance(example, tuple | list) else [example])], {}


def _centre(model: nn.Module, recorder: Recorder) -> None:
    """Puts centred activations in the places of those whose mean was taken off."""
    new = {module: centred(module, mean) for module, mean in recorder.means.items()}
    for parent in list(model.modules()):
        # Modules that stand in several places of one parent count in each.
        for name, child in list(parent._modules.items()):
            if child in new:
                setattr(parent, name, new[child])


def _check(model: nn.Module, settings: Settings, data: str) -> None:
    if not isinstance(model, nn.Module):
        raise DomainError(f"a model is a torch.nn.Module, not {type(model).__name__}")
    _check_values({"variance": settings.variance, "distribution": settings.distribution}, "")
    if data not in ("normal", "batch"):
        raise DomainError(f'data is "normal" or "batch", not {data!r}')
    names = [name for name, _ in model.named_modules()]
    for name, own in settings.overrides.items():
        if name not in names:
            close = ", ".join(map(repr, get_close_matches(str(name), names))) or "model.named_modules() has the names"
            raise DomainError(f"overrides names {name!r}, and the model has no such module; close: {close}")
        if not isinstance(own, Mapping):
            raise DomainError(f'overrides of {name!r} must be a dict such as {{"variance": 0.5}}, not {own!r}')
        for key in own:
            if key not in ("variance", "distribution", "keep"):
                raise DomainError(f'overrides of {name!r} may be "variance", "distribution" and "keep", not {key!r}')
        _check_values(own, f" of {name!r}")


def _check_values(settings: Mapping[str, Any], where: str) -> None:
    variance, distribution = settings.get("variance", 1.0), settings.get("distribution", "normal")
    if not isinstance(variance, int | float) or not 0 < variance < float("inf"):
        raise DomainError(f"variance{where} must be a positive and finite number, not {variance!r}")
    if distribution not in DISTRIBUTIONS:
        raise DomainError(f"distribution{where} {distribution!r} is not one of {', '.join(DISTRIBUTIONS)}")
