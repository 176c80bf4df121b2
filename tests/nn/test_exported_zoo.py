"""Every known function exported: its values and gradients in a process without symkit, and how its source reads."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import torch
from torch import Tensor

import symkit
from symkit import zoo
from symkit.nn import export
from symkit.text import Expression

ENTRIES = {name: zoo.entry(name).expression for name in zoo if zoo.entry(name).kind in ("activation", "loss", "gan")}
each_entry = pytest.mark.parametrize("name", ENTRIES)

CLASSES = 10.0
"""For the losses that need the number of classes and do not set it."""

LONGEST_LINE = 110


def with_classes(e: Expression) -> Expression:
    """The expression with a value for C, if it needs one."""
    header = f"f({', '.join(e.inputs)}; C = {CLASSES:g}) = "
    return symkit.parse(header + str(e)) if "C" in symkit.functional(e).constants and "C" not in e.constants else e


def points(e: Expression) -> list[Tensor]:
    """Inputs in float64: of an activation moderate numbers and where pieces meet, of a loss pairs."""
    if len(e.inputs) == 1:
        special = [-30.0, -3.0, -2.5, -1.0, -0.0, 0.0, 1.0, 2.5, 3.0, 30.0]
        return [torch.cat([torch.linspace(-6.1, 6.2, 50), torch.tensor(special)]).double()]
    target = torch.tensor([0.0, 0.3, 1.0]).double()
    prediction = torch.tensor([-0.5, 0.0, 0.01, 0.3, 0.5, 0.9, 1.0, 1.7, 6.0]).double()
    return [grid.flatten() for grid in torch.meshgrid(target, prediction, indexing="ij")]


def derivatives(of: Callable[..., Tensor], inputs: list[Tensor], values: list[Tensor]) -> list[Tensor]:
    """The value, and the gradient by each input and parameter; zeros where nothing depends on it."""
    leaves = [tensor.detach().clone().requires_grad_() for tensor in (*inputs, *values)]
    value = of(*leaves)
    found = torch.autograd.grad(value.sum(), leaves, allow_unused=True) if value.requires_grad else [None] * len(leaves)
    return [value.detach(), *(torch.zeros_like(x) if g is None else g for g, x in zip(found, leaves, strict=True))]


def call(e: Expression, *leaves: Tensor) -> Tensor:
    inputs = len(e.inputs)
    return symkit.functional(e)(*leaves[:inputs], **dict(zip(e.parameters, leaves[inputs:], strict=True)))


def settings_away_from_start(e: Expression) -> dict[str, Tensor]:
    return {n: torch.tensor(0.9 * v + 0.2 + 0.01 * i).double() for i, (n, v) in enumerate(e.parameters.items())}


# What the other process does with all of the exports at once.
OTHER_PROCESS = """
import inspect, json, sys
from pathlib import Path
sys.modules["symkit"] = None
import torch

def derivatives(of, inputs, values):
    leaves = [tensor.detach().clone().requires_grad_() for tensor in inputs] + values
    value = of(*leaves[:len(inputs)])
    found = torch.autograd.grad(value.sum(), leaves, allow_unused=True) if value.requires_grad else [None] * len(leaves)
    found = [torch.zeros_like(x) if g is None else g for g, x in zip(found, leaves)]
    # One value a channel takes its share of the gradient of a single value.
    return [value.detach(), *found[:len(inputs)], *(gradient.sum() for gradient in found[len(inputs):])]

def fault(found, expected):
    try:
        for which, (one, other) in enumerate(zip(found, expected, strict=True)):
            torch.testing.assert_close(one, other, rtol=1e-8, atol=1e-10, equal_nan=True)
    except Exception as error:
        return f"{which}: {error}"

folder, faults = Path(sys.argv[1]), {}
for name, (source, inputs, values, expected) in torch.load(folder / "all.pt").items():
    namespace = {}
    exec(source, namespace)
    (function,) = [f for f in namespace.values() if inspect.isfunction(f)]
    values = [value.requires_grad_() for value in values]
    text = fault(derivatives(lambda *inputs: function(*inputs, *values), inputs, values), expected)
    faults[name] = {"python": text}
    if (file := folder / f"{name}.ts").exists():
        scripted = torch.jit.load(file)
        # A module takes the prediction first.
        inputs = inputs[::-1]
        expected = [expected[0], *expected[1:1 + len(inputs)][::-1], *expected[1 + len(inputs):]]
        faults[name]["torchscript"] = fault(derivatives(scripted, inputs, list(scripted.parameters())), expected)
print(json.dumps(faults))
"""


@pytest.fixture(scope="module")
def faults(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, str | None]]:
    """By name and format, how an export differs in a process that has no symkit."""
    folder = tmp_path_factory.mktemp("exports")
    everything: dict[str, Any] = {}
    for name, entry in ENTRIES.items():
        e = with_classes(entry)
        values = settings_away_from_start(e)
        # Where the value is NaN, so may be the gradients, or not.
        defined = ~call(e, *points(e), *values.values()).isnan()
        inputs = [column[defined] for column in points(e)]
        expected = derivatives(partial(call, e), inputs, list(values.values()))
        everything[name] = (export(e, "python"), inputs, list(values.values()), expected)
        if e.kind == "plain":
            continue
        settings: Any = {"reduction": "none"} if e.kind == "loss" else {"granularity": "layer"}
        if any(own in ("channel", "neuron") for own in e.granularity.values()):
            settings |= {"num_channels": len(inputs[0]), "channel_dim": -1, "shape": inputs[0].shape}
        module = symkit.compile(e, init=values, dtype=torch.float64, **settings)
        scripted = export(module, "torchscript")
        assert isinstance(scripted, torch.jit.ScriptModule)
        scripted.save(str(folder / f"{name}.ts"))
    torch.save(everything, folder / "all.pt")
    done = subprocess.run([sys.executable, "-c", OTHER_PROCESS, folder], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, dict[str, str | None]] = json.loads(done.stdout)
    return found


@each_entry
def test_values_and_gradients_where_symkit_is_not(name: str, faults: dict[str, dict[str, str | None]]) -> None:
    formats = ["python"] if ENTRIES[name].kind == "plain" else ["python", "torchscript"]
    assert faults[name] == dict.fromkeys(formats)


@each_entry
def test_python_source_reads_well(name: str) -> None:
    source = export(with_classes(ENTRIES[name]), "python")
    assert isinstance(source, str)
    assert max(len(line) for line in source.splitlines()) <= LONGEST_LINE
    assert re.findall(r"^import .*|^from .*", source, re.MULTILINE) == ["import torch", "from torch import Tensor"]
    assert not re.search(r"where\((\w+), [^()]*, torch.where\(\1,", source), "a select inside one of the same condition"
    assert " 1.0 * " not in source
