"""replace: other activations throughout a model that is already built."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from types import UnionType
from typing import Any

import torch
from torch import Tensor, nn

from symkit.errors import DomainError
from symkit.nn.activation import Activation
from symkit.nn.functional import FLOATS
from symkit.nn.module import expression_of
from symkit.text import Expression

Which = type[nn.Module] | tuple[type[nn.Module], ...] | UnionType | Callable[[nn.Module], bool]
"""Which modules: those of a type or of several, or those that a function says yes to."""

Factory = Callable[[nn.Module, str], nn.Module]
"""What stands in the place of a module of that name."""


def replace(
    model: nn.Module, which: Which, e: Expression | str | Factory, *, example_input: object = None, **settings: Any
) -> list[str]:
    """Puts another activation in the place of all submodules of a type, in place.

    A module that stands in several places, or is called several times, is replaced by one module that does the same.
    Each new module is in training or evaluation mode like the one it replaces; hooks of that one are not kept. What a
    model calls as a function, such as `torch.nn.functional.relu`, is no submodule and stays.

    Args:
        model: any module. It is left as it was if anything is wrong.
        which: a type, as of `isinstance`, a tuple of types, or a function that is given each submodule and says
            whether to replace it. Submodules of what is replaced are not looked at.
        e: an activation or its text; or a function that is given the old module and its name, and returns the new one.
        example_input: what `model` is called with, a tuple for several arguments or a mapping for named ones. Where
            parameters of the expression are shared by channel or neuron, the model runs once, in evaluation mode and
            without gradients, to see how many there are in each place.
        settings: those of `Activation`. `device` and `dtype` are those of the nearest parameter before the place
            unless given; `num_channels` and `shape` need not be given.

    Returns:
        The names of the places, as in `model.named_modules(remove_duplicate=False)`; [] if nothing was replaced.

    Raises:
        DomainError: if the model itself is of that type; if an example input is needed and missing, does not lead to
            one of the places, or leads there with different numbers of channels; or see `Activation`.
    """
    matches = _matcher(which)
    if matches(model):
        raise DomainError(
            f"the model itself is one of those to replace, a {type(model).__name__}, and nothing holds it; "
            "replace works on the submodules of a model"
        )
    places = _places(model, matches)
    if isinstance(e, Expression | str):
        made = _activations(model, places, expression_of(e, "activation"), example_input, settings)
    else:
        if example_input is not None or settings:
            given = ", ".join([*(["example_input"] if example_input is not None else []), *settings])
            raise DomainError(f"{given}: for an expression only; a function makes modules as it sees fit")
        made = _by_factory(places, e)
    for place in places:
        place.put(made[place.old])
    return [place.name for place in places if made[place.old] is not place.old]


@dataclass(frozen=True)
class _Place:
    """Where a module stands: the attribute of its parent, its name in the model, and the nearest parameter."""

    parent: nn.Module
    attribute: str
    name: str
    old: nn.Module
    near: Tensor | None

    def put(self, module: nn.Module) -> None:
        module.train(self.old.training)
        self.parent.register_module(self.attribute, module)
        if isinstance(self.parent, nn.TransformerEncoderLayer) and self.attribute == "activation":
            # torch noted that this was ReLU or GELU, and would go on computing it in evaluation mode.
            self.parent.activation_relu_or_gelu = 0


def _matcher(which: Which) -> Callable[[nn.Module], bool]:
    if isinstance(which, type | tuple | UnionType):
        kinds = which
        return lambda module: isinstance(module, kinds)
    if not callable(which):
        raise DomainError(f"{which!r} says not which modules to replace; give a type, a tuple of types, or a function")
    says = which

    def matches(module: nn.Module) -> bool:
        answer = says(module)
        if not isinstance(answer, bool):
            raise DomainError(f"the function that says which modules to replace returned {answer!r}, not a bool")
        return answer

    return matches


def _places(model: nn.Module, matches: Callable[[nn.Module], bool]) -> list[_Place]:
    places: list[_Place] = []
    seen = {model}
    nearest = next(_floats(model, recurse=True), None)

    def walk(parent: nn.Module, prefix: str) -> None:
        nonlocal nearest
        nearest = [nearest, *_floats(parent, recurse=False)][-1]
        for attribute, child in parent._modules.items():
            if child is None:
                continue
            name = f"{prefix}{attribute}"
            if matches(child):
                places.append(_Place(parent, attribute, name, child, next(_floats(child, recurse=True), nearest)))
            elif child not in seen:
                seen.add(child)
                walk(child, f"{name}.")

    walk(model, "")
    return places


def _floats(module: nn.Module, *, recurse: bool) -> Iterator[Tensor]:
    tensors = chain(module.parameters(recurse), module.buffers(recurse))
    return (tensor for tensor in tensors if tensor.dtype in FLOATS)


def _by_factory(places: Sequence[_Place], factory: Factory) -> dict[nn.Module, nn.Module]:
    if isinstance(factory, nn.Module | type) or not callable(factory):
        raise DomainError(
            f"{factory!r} is no expression and no function of the old module and its name; "
            "for a module of your own write: lambda old, name: MyActivation()"
        )
    made: dict[nn.Module, nn.Module] = {}
    for place in places:
        if place.old not in made:
            made[place.old] = factory(place.old, place.name)
            if not isinstance(made[place.old], nn.Module):
                raise DomainError(f"for {place.name} the function returned {made[place.old]!r}, which is no module")
    return made


def _activations(
    model: nn.Module, places: Sequence[_Place], e: Expression, example_input: object, settings: dict[str, Any]
) -> dict[nn.Module, nn.Module]:
    sharing = {own or settings.get("granularity", "layer") for own in e.granularity.values()}
    by_channel = "channel" in sharing and settings.get("num_channels") is None
    by_neuron = "neuron" in sharing and settings.get("shape") is None
    sizes: dict[nn.Module, dict[str, Any]] = {place.old: {} for place in places}
    if places and (by_channel or by_neuron):
        if example_input is None:
            what, size = ("channel", "num_channels") if by_channel else ("neuron", "shape")
            raise DomainError(
                f"parameters of {e} are shared by {what}, and how many there are differs from place to place; pass "
                f"example_input, something that the model can be called with, or {size} if it is the same everywhere"
            )
        seen = _input_shapes(model, places, example_input)
        for place in places:
            shapes = seen[place.old]
            if by_channel:
                channels = {_channels(shape, settings.get("channel_dim", 1), place.name) for shape in shapes}
                sizes[place.old]["num_channels"] = _only(channels, "numbers of channels", place.name)
            if by_neuron:
                samples = {tuple(shape[1:]) for shape in shapes}
                sizes[place.old]["shape"] = _only(samples, "shapes of a sample", place.name)
    made: dict[nn.Module, nn.Module] = {}
    for place in places:
        if place.old not in made:
            where = {} if place.near is None else {"device": place.near.device, "dtype": place.near.dtype}
            made[place.old] = Activation(e, **{**where, **settings, **sizes[place.old]})
    return made


@torch.no_grad()
def _input_shapes(
    model: nn.Module, places: Sequence[_Place], example_input: object
) -> dict[nn.Module, list[torch.Size]]:
    """The shapes of what each of the modules is called with while the model runs."""
    shapes: dict[nn.Module, list[torch.Size]] = {place.old: [] for place in places}

    def note(module: nn.Module, args: tuple[Any, ...], named: dict[str, Any]) -> None:
        shapes[module].extend(given.shape for given in chain(args, named.values()) if isinstance(given, Tensor))

    modes = {module: module.training for module in model.modules()}
    handles = [module.register_forward_pre_hook(note, with_kwargs=True) for module in shapes]
    try:
        model.eval()
        if isinstance(example_input, Mapping):
            model(**example_input)
        elif isinstance(example_input, tuple):
            model(*example_input)
        else:
            model(example_input)
    finally:
        for handle in handles:
            handle.remove()
        for module, training in modes.items():
            module.training = training
    for place in places:
        if not shapes[place.old]:
            raise DomainError(
                f"{place.name} does not run when the model is called with the example input in evaluation mode, so "
                "the number of its channels is not known; give a function that makes each module, or another input"
            )
    return shapes


def _channels(shape: torch.Size, channel_dim: int, name: str) -> int:
    if not -len(shape) <= channel_dim < len(shape):
        raise DomainError(
            f"{name} is called with an input of shape {tuple(shape)}, which has no dimension {channel_dim} for "
            "channels; set channel_dim"
        )
    return shape[channel_dim]


def _only(found: set[Any], what: str, name: str) -> Any:
    if len(found) > 1:
        raise DomainError(
            f"{name} is one module called several times, with different {what}: "
            f"{', '.join(map(str, sorted(found)))}; parameters for each need a module of their own in each place"
        )
    return next(iter(found))
