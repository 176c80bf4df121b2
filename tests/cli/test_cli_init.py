"""`symkit init`, on models of a module in the current folder."""

from __future__ import annotations

import math
import sys
from pathlib import Path

import pytest
import torch
from commands import Command
from torch import nn

from symkit.cli.init import read_overrides
from symkit.cli.model_source import read_input, read_source
from symkit.errors import DomainError
from symkit.nn import autoinit

MODULE = """
import torch
from torch import nn

print("imported")

class Net(nn.Module):
    def __init__(self, width=64):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(8, width), nn.ReLU(), nn.Linear(width, width), nn.Tanh())
        self.head = nn.Linear(width, 4)

    def forward(self, x):
        print("running")
        return self.head(torch.cumsum(self.body(x), 1))

class Words(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding, self.out = nn.Embedding(50, 32), nn.Linear(32, 2)

    def forward(self, ids, x):
        return self.out(self.embedding(ids)) * x

ready = Net()
double = nn.Linear(3, 4, dtype=torch.float64)
number = 3

def fails():
    raise ValueError("the weights of Mars are not there")

def other():
    return {"a": 1}

class namespace:
    Net = Net
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a module of models, the current one."""
    monkeypatch.chdir(tmp_path)
    for name in ("own_models", "broken_models", "needy_models", "leaving_models"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    (tmp_path / "own_models.py").write_text(MODULE)
    return tmp_path


def test_a_model_of_the_current_folder_is_initialised(symkit: Command) -> None:
    path = list(sys.path)
    done = symkit("init", "own_models:Net(128)", "--input", "256,8")
    assert done.code == 0
    head, names, *rows = done.out.splitlines()
    assert head == "Net: 6 steps, 3 layers of weights set"
    assert names.split() == ["layer", "kind", "mean", "variance", "measured", "weight", "std"]
    cells = rows[0].split()
    assert cells[:4] == ["body.0", "linear", "0", "1"]
    assert float(cells[4]) == pytest.approx(1, abs=0.3)
    assert float(cells[5]) == pytest.approx(1 / math.sqrt(8), abs=1e-4)
    assert float(rows[2].split()[5]) == pytest.approx(1 / math.sqrt(128 / 2), abs=1e-4)
    assert "not known: measured, at (model) (cumsum)" in done.out
    # What the user's code prints is no part of the answer.
    assert {"imported", "running"} <= set(done.err.split())
    assert sys.path == path


def test_json_is_the_report(symkit: Command) -> None:
    found = symkit("init", "own_models:Net", "-i", "64,8", "--variance", "2", "--seed", "3", "--json").json
    torch.manual_seed(3)
    model = sys.modules["own_models"].Net()
    report = autoinit(model, torch.zeros(64, 8), variance=2, seed=3)
    assert [layer["weight_std"] for layer in found["layers"]] == [layer.weight_std for layer in report.layers]
    assert [layer["measured_variance"] for layer in found["layers"]] == [
        layer.measured_variance for layer in report.layers
    ]
    assert (found["model"], found["target"], found["seed"], found["distribution"]) == (
        *("own_models:Net", 2, 3, "truncated_normal"),
    )
    assert [name.endswith("(cumsum)") for name in found["unknown"]] == [True]
    assert (found["saved"], found["plot"]) == (None, None)


def test_nothing_is_written_unless_asked_for(symkit: Command, folder: Path) -> None:
    before = {path.name for path in folder.iterdir()} | {"__pycache__"}
    assert symkit("init", "own_models:Net", "-i", "64,8").code == 0
    assert {path.name for path in folder.iterdir()} <= before


def test_saved_weights_are_those_of_the_report(symkit: Command, folder: Path) -> None:
    arguments = ("init", "own_models:Net", "-i", "64,8", "--distribution", "uniform", "--json")
    found = symkit(*arguments, "--save", "weights.pt").json
    state = torch.load(folder / "weights.pt")
    model = sys.modules["own_models"].Net()
    model.load_state_dict(state)
    limit = math.sqrt(3) * found["layers"][0]["weight_std"]
    largest = float(state["body.0.weight"].abs().max())
    assert 0.95 * limit < largest <= limit * (1 + 1e-6)
    assert not model.head.bias.any()
    assert found["saved"] == "weights.pt"
    again = symkit(*arguments, "--save", "again.pt")
    assert again.code == 0
    assert all(torch.equal(state[name], value) for name, value in torch.load(folder / "again.pt").items())


def test_keep_follows_the_weights_as_they_are(symkit: Command) -> None:
    found = symkit("init", "own_models:Net", "-i", "4096,8", "--keep", "--json").json
    assert [layer["weight_std"] for layer in found["layers"]] == [None] * 6
    first = found["layers"][0]
    # torch draws weights and biases from U(-1/sqrt(8), 1/sqrt(8)).
    assert first["variance"] == pytest.approx(1 / 3 + 1 / 24, rel=0.25)
    assert first["measured_variance"] == pytest.approx(first["variance"], rel=0.1)


def test_overrides_and_centring(symkit: Command) -> None:
    options = ("--override", "head:variance=0.01", "--override", "body.2:keep", "--center")
    found = symkit("init", "own_models:Net", "-i", "64,8", *options, "--json").json
    by_name = {layer["name"]: layer for layer in found["layers"]}
    assert by_name["head"]["variance"] == pytest.approx(0.01)
    assert by_name["body.2"]["weight_std"] is None
    # tanh has no mean to take off once its input has none.
    assert "body.1" in found["centred"]
    assert by_name["body.1"]["mean"] == pytest.approx(0, abs=1e-12)


def test_several_inputs_and_ids(symkit: Command) -> None:
    found = symkit("init", "own_models:Words", "-i", "int50:16,7", "-i", "16,7,2", "--json").json
    assert [layer["kind"] for layer in found["layers"]] == ["embedding", "linear", "mul"]


def test_a_picture_compares_with_the_weights_of_the_model(symkit: Command, folder: Path) -> None:
    done = symkit("init", "own_models:Net", "-i", "64,8", "--plot", "net.svg")
    assert (done.code, done.err.splitlines()[-1]) == (0, "wrote net.svg")
    svg = (folder / "net.svg").read_text(encoding="utf-8")
    assert "own weights, measured" in svg
    assert "AutoInit, predicted" in svg
    assert symkit("init", "own_models:Net", "-i", "64,8", "--keep", "--plot", "kept.svg").code == 0
    assert "AutoInit" not in (folder / "kept.svg").read_text(encoding="utf-8")


@pytest.mark.parametrize("columns", [60, 80])
def test_lines_fit_the_terminal_and_ends_of_names_are_kept(symkit: Command, columns: int) -> None:
    done = symkit(
        *("init", "torch.nn:Transformer(16, 2, 1, 1, 32, batch_first=True)", "-i", "2,3,16", "-i", "2,3,16"),
        columns=columns,
    )
    assert done.code == 0
    assert [line for line in done.out.splitlines() if len(line) > columns] == []
    rows = done.out.splitlines()[2:30]
    assert any(row.split()[0].endswith("linear2") for row in rows)
    assert all(row.split()[0].startswith(("…", "encoder.", "decoder.")) for row in rows)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["own_models:Net", "-i", "4,9"], "the model could not run on (4, 9): RuntimeError: mat1 and mat2"),
        (["own_models:Net", "-i", "4,8", "-i", "3"], "the model could not run on (4, 8) and (3,): TypeError"),
        (["own_models:Net", "-i", "4,8", "--variance", "0"], "variance must be a positive and finite number"),
        (["own_models:Net", "-i", "4,8", "--distribution", "flat"], "'flat' is not one of truncated_normal"),
        (["own_models:Net", "-i", "4,8", "--override", "tail:keep"], "the model has no such module"),
        (["own_models:Net", "-i", "4,8", "--override", "head:variance=-1"], "--override takes"),
        (["own_models:Net", "-i", "4;8"], "write numbers such as 8,3,32,32"),
        (["own_models:Net", "-i", "int:4,8"], "int100:4,8 for those below 100"),
        (["own_models:Net", "-i", "float8:4,8"], "float32, float64"),
        (["own_models:Net", "-i", "4,8", "--save", "no/w.pt"], "no/w.pt cannot be written"),
        (["own_models:Net", "-i", "4,8", "--save", "w.pt", "--center"], "use symkit.nn.autoinit in Python"),
        (["own_models:Net", "-i", "4,8", "--save", "w.pt", "--keep"], "give one of the two"),
        (["own_models:Net", "-i", "4,8", "--plot", "a.gif"], "must end in .svg or .png"),
        (["own_models:Nett", "-i", "4,8"], "module own_models has no 'Nett'; did you mean 'Net'?"),
        (["own_models:fails", "-i", "4,8"], "ValueError: the weights of Mars are not there (own_models.py, line 30)"),
        (["own_models:other", "-i", "4,8"], "made a value of type dict, not a torch model"),
        (["own_models:number", "-i", "4,8"], "is a value of type int"),
        (["own_models:ready(3)", "-i", "4,8"], "write it without brackets"),
        (["torch.nn:Linear", "-i", "4,8"], 'arguments go in brackets, such as "torch.nn:Linear(10'),
        (["no_such_models:Net", "-i", "4,8"], "there is no module 'no_such_models'"),
        (["own_models.py:Net", "-i", "4,8"], "write its module, such as own_models:Net"),
        (["own_models", "-i", "4,8"], "write MODULE:NAME"),
    ],
)
def test_bad_input_is_answered_in_words(symkit: Command, folder: Path, arguments: list[str], said: str) -> None:
    done = symkit("init", *arguments)
    assert (done.code, done.out) == (2, "")
    message = " ".join(done.err.split())
    assert said in message
    assert "Traceback" not in message
    assert {path.name for path in folder.iterdir()} <= {"own_models.py", "__pycache__"}


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("broken_models", "def (", "could not be imported: SyntaxError"),
        ("needy_models", "import no_such_library", "No module named 'no_such_library' (needy_models.py, line 1)"),
        ("leaving_models", "raise SystemExit(3)", "could not be imported: SystemExit: 3"),
    ],
)
def test_modules_that_cannot_be_imported(symkit: Command, folder: Path, name: str, text: str, said: str) -> None:
    (folder / f"{name}.py").write_text(text)
    done = symkit("init", f"{name}:Net", "-i", "4,8")
    assert done.code == 2
    assert said in done.err


def test_sources_are_read() -> None:
    source = read_source(" pack.net:make.big(3, [1, -2.5], norm=False, act='relu') ")
    assert (source.module, source.name) == ("pack.net", "make.big")
    assert source.args == (3, [1, -2.5])
    assert source.named == {"norm": False, "act": "relu"}
    assert read_source("net:Net").args is None
    assert read_source("net:Net()").args == ()


@pytest.mark.parametrize(
    "text",
    [
        "",
        ":",
        "net:",
        ":Net",
        "net:3",
        "net:a+b",
        "net:Net(3)(4)",
        "net:Net(x)",
        "net:Net(**a)",
        "net:Net(*[1])",
        "a b:Net",
    ],
)
def test_what_is_no_source_is_refused(text: str) -> None:
    with pytest.raises(DomainError):
        read_source(text)


def test_inputs_are_made() -> None:
    model = nn.Linear(3, 4, dtype=torch.float64)
    own = read_input("1000, 3", model, 0)
    assert (own.dtype, own.shape) == (torch.float64, (1000, 3))
    assert abs(float(own.mean())) < 0.1
    assert torch.equal(own, read_input("1000,3", model, 0))
    assert not torch.equal(own, read_input("1000,3", model, 1))
    assert read_input("bfloat16:5", model, 0).dtype == torch.bfloat16
    ids = read_input("int7:1000", nn.ReLU(), 0)
    assert set(ids.tolist()) == set(range(7))


def test_overrides_are_read() -> None:
    found = read_overrides(["a.b:variance=2", "a.b:distribution=normal", ":keep"])
    assert found == {"a.b": {"variance": 2.0, "distribution": "normal"}, "": {"keep": True}}
