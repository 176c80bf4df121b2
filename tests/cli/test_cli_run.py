"""`symkit run`: real training on real data."""

from __future__ import annotations

import json
import math
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from commands import Command

from symkit import parse
from symkit.analysis.measure import measure
from symkit.cli.data import DATASETS

SHORT = ["--epochs", "2", "--seeds", "2", "--width", "24"]


def without_times(facts: dict[str, Any]) -> dict[str, Any]:
    kept = {key: value for key, value in facts.items() if key != "seconds"}
    results = [{k: v for k, v in result.items() if k != "ms_per_step"} for result in facts["results"]]
    return {**kept, "results": results}


def result(facts: dict[str, Any], name: str) -> dict[str, Any]:
    (found,) = (entry for entry in facts["results"] if entry["name"] == name)
    assert isinstance(found, dict)
    return found


def scores(entry: dict[str, Any]) -> list[float]:
    return [run["test"] for run in entry["runs"]]


def test_an_activation_is_trained_and_compared(symkit: Command) -> None:
    text = "log(sigmoid(alpha*x)) * beta*arcsinh(x)"
    done = symkit("run", text, "--epochs", "4", "--json")
    assert (done.code, done.err) == (0, "")
    facts = done.json
    assert facts["digest"] == parse(text).digest
    assert facts["analysis"]["moments"]["variance"] == measure(text).moments.variance
    assert facts["metric"] == "accuracy"
    assert facts["settings"]["seeds"] == 3
    assert not facts["interrupted"]
    assert [entry["name"] for entry in facts["results"]] == ["this function", "ReLU", "Swish"]
    for entry in facts["results"]:
        values = scores(entry)
        assert [run["seed"] for run in entry["runs"]] == [0, 1, 2]
        assert all(value > 0.85 for value in values)
        assert entry["mean"] == pytest.approx(sum(values) / 3)
        assert entry["std"] == pytest.approx(math.sqrt(sum((v - entry["mean"]) ** 2 for v in values) / 2))
        assert entry["ms_per_step"] > 0
        assert 0 < entry["train_loss"] < math.log(10)
        assert all(run["validation"] > 0.8 for run in entry["runs"])
    learnt = result(facts, "this function")["runs"][0]["parameters"]
    assert set(learnt) == {"alpha", "beta"}
    assert all(len(layers) == 2 and all(value != 1.0 for value in layers) for layers in learnt.values())
    assert all(run["parameters"] == {} for run in result(facts, "ReLU")["runs"])


def test_the_card_and_the_table_are_printed(symkit: Command) -> None:
    done = symkit("run", "x*sigmoid(beta*x)", *SHORT)
    assert (done.code, done.err) == (0, "")
    found = measure("x*sigmoid(beta*x)")
    for shown in ("beta = 1 (one value a layer)", f"{found.moments.mean:.6g}", f"{found.backward_gain:.6g}", "pswish"):
        assert shown in done.out
    rows = [line.split("  ")[0] for line in done.out.splitlines()]
    assert {"this function", "ReLU", "Swish"} <= set(rows)
    assert "This function reaches" in done.out
    assert "1077 samples to train, 360 to validate, 360 to test" in done.out
    assert "\x1b" not in done.out
    assert "\r" not in done.out


def test_the_same_function_gives_the_same_networks(symkit: Command) -> None:
    facts = symkit("run", "max(x, 0)", *SHORT, "--json").json
    assert scores(result(facts, "this function")) == scores(result(facts, "ReLU"))
    assert "the same as ReLU" in facts["outcome"]


def test_a_loss_is_compared_with_cross_entropy(symkit: Command) -> None:
    facts = symkit("run", "-y*log(p)", *SHORT, "--json").json
    assert facts["analysis"] is None
    ours, usual = result(facts, "this loss"), result(facts, "cross-entropy")
    # The same loss by another way: equal up to rounding, which training hardly spreads in so few steps.
    assert ours["train_loss"] == pytest.approx(usual["train_loss"], rel=1e-3)
    assert scores(ours) == pytest.approx(scores(usual), abs=0.01)


@pytest.mark.parametrize(
    "text", ["taylor3", "taylor2", "sparse_lsr", "lsr(0.2)", "focal", "-(log(p) - y/p)", "bce_logits"]
)
def test_losses_learn_classes(symkit: Command, text: str) -> None:
    """By name or by formula; a guess is right once in ten."""
    facts = symkit("run", text, "--epochs", "5", "--seeds", "1", "--json").json
    ours = result(facts, "this loss")
    assert ours["diverged"] == 0
    assert ours["mean"] > 0.85


def test_a_name_is_its_formula(symkit: Command) -> None:
    by_name = symkit("run", "Mish", "--data", "wine", *SHORT, "--json").json
    assert by_name["zoo"][0] == "mish"
    assert without_times(by_name) == without_times(symkit("run", "mish(x)", "--data", "wine", *SHORT, "--json").json)
    swish = symkit("run", "swish", "--data", "wine", *SHORT, "--json").json
    assert scores(result(swish, "this function")) == scores(result(swish, "Swish"))


def test_values_in_brackets_are_used(symkit: Command) -> None:
    text = "f(y, p; xi = 0.2, C = 10) = -(y*(1 - xi) + xi/C)*log(p)"
    by_name = symkit("run", "label_smoothing(0.2)", *SHORT, "--json").json
    by_formula = symkit("run", text, *SHORT, "--json").json
    assert by_name["parameters"] == {"xi": 0.2}
    ours, theirs = result(by_name, "this loss"), result(by_formula, "this loss")
    assert ours["train_loss"] == pytest.approx(theirs["train_loss"], rel=1e-6)


def test_the_number_of_classes_is_that_of_the_data(symkit: Command) -> None:
    """Wine has three. The ten in the zoo's own entry are an example; what the user says is meant."""

    def loss(text: str) -> float:
        facts = symkit("run", text, "--data", "wine", *SHORT, "--json").json
        return float(result(facts, "this loss")["train_loss"])

    assert loss("lsr") == loss("lsr(C=3)")
    assert loss("-(0.9*y + 0.1/C)*log(p)") == pytest.approx(loss("lsr"), rel=1e-6)
    assert loss("lsr(C=10)") != pytest.approx(loss("lsr"), rel=1e-3)
    assert loss("f(y, p; C = 10) = -(0.9*y + 0.1/C)*log(p)") == pytest.approx(loss("lsr(C=10)"), rel=1e-6)


def test_a_loss_of_probabilities_near_0_is_no_divergence(symkit: Command) -> None:
    """Logits that a float32 softmax rounds to 0 and 1, by a high learning rate."""
    facts = symkit("run", "-(y*log(p) + (1 - y)*log(1 - p))", "--lr", "3", *SHORT, "--json").json
    assert result(facts, "this loss")["diverged"] == 0


def test_a_loss_may_take_logits(symkit: Command) -> None:
    facts = symkit("run", "softplus(z) - y*z", "--epochs", "6", "--seeds", "1", "--json").json
    assert result(facts, "this loss")["mean"] > 0.85


def test_a_loss_for_numbers_is_compared_with_squared_error(symkit: Command) -> None:
    facts = symkit("run", "(y - p)**2", "--data", "diabetes", *SHORT, "--json").json
    assert facts["metric"] == "rmse"
    ours, usual = result(facts, "this loss"), result(facts, "squared error")
    assert scores(ours) == pytest.approx(scores(usual), rel=1e-4)


def test_numbers_are_learnt_in_their_own_unit(symkit: Command) -> None:
    facts = symkit("run", "tanh(x)", "--data", "diabetes", "--epochs", "20", "--seeds", "2", "--json").json
    # The targets deviate by 77 from their mean.
    assert all(40 < score < 70 for entry in facts["results"] for score in scores(entry))


def test_parameters_of_a_loss_are_not_trained(symkit: Command) -> None:
    done = symkit("run", "alpha*(y - p)**2", *SHORT)
    assert "alpha = 1 (fixed)" in done.out
    assert "Learnt" not in done.out


@pytest.mark.parametrize("data", DATASETS)
def test_every_data_set_trains(symkit: Command, data: str) -> None:
    facts = symkit("run", "tanh(x)", "--data", data, *SHORT, "--json").json
    assert facts["data"]["name"] == data
    assert all(entry["diverged"] == 0 for entry in facts["results"])


@pytest.mark.parametrize(("granularity", "values"), [("channel", 24), ("neuron", 24)])
def test_parameters_that_are_not_shared(symkit: Command, granularity: str, values: int) -> None:
    facts = symkit("run", "alpha*tanh(x)", *SHORT, "--granularity", granularity, "--json").json
    layers = result(facts, "this function")["runs"][0]["parameters"]["alpha"]
    assert [len(layer) for layer in layers] == [values, values]


def test_parameters_may_be_fixed(symkit: Command) -> None:
    done = symkit("run", "alpha*tanh(x)", *SHORT, "--granularity", "none")
    assert "alpha = 1 (fixed)" in done.out
    assert "Learnt" not in done.out


def test_torchscript_trains_to_the_same_numbers(symkit: Command) -> None:
    eager = symkit("run", "alpha*tanh(x)", *SHORT, "--json").json
    script = symkit("run", "alpha*tanh(x)", *SHORT, "--backend", "torchscript", "--json").json
    for one, other in zip(eager["results"], script["results"], strict=True):
        assert one["train_loss"] == pytest.approx(other["train_loss"], rel=1e-4)


def test_divergence_is_said(symkit: Command) -> None:
    done = symkit("run", "log(x)", *SHORT, "--json")
    assert done.code == 0
    ours = result(done.json, "this function")
    assert (ours["mean"], ours["std"], ours["train_loss"], ours["diverged"]) == (None, None, None, 2)
    assert all(run["diverged_at"] == 1 and run["test"] is None for run in ours["runs"])
    assert "diverged with every seed" in done.json["outcome"]
    assert result(done.json, "ReLU")["diverged"] == 0
    text = symkit("run", "log(x)", *SHORT).out
    assert "diverged, 2 of 2" in text
    assert measure("log(x)").moments.reason in text


def test_the_same_seed_gives_the_same_numbers_in_any_process(symkit: Command, tmp_path: Path) -> None:
    command = ["run", "alpha*x*sigmoid(beta*x)", *SHORT, "--json"]
    here = without_times(symkit(*command).json)
    assert without_times(symkit(*command).json) == here
    environment = {**os.environ, "OMP_NUM_THREADS": "2", "PYTHONHASHSEED": "7"}
    there = subprocess.run(
        [sys.executable, "-m", "symkit", *command], env=environment, cwd=tmp_path, capture_output=True, check=True
    )
    assert without_times(json.loads(there.stdout)) == here


def test_all_numbers_are_saved(symkit: Command, tmp_path: Path) -> None:
    file = tmp_path / "run.json"
    done = symkit("run", "tanh(x)", *SHORT, "--save", str(file), "--json")
    assert json.loads(file.read_text(encoding="utf-8")) == done.json
    assert f"wrote {file}" in done.err


def test_an_interrupt_keeps_the_finished_seeds(tmp_path: Path) -> None:
    file = tmp_path / "run.json"
    # A child of a background job ignores interrupts unless told otherwise.
    start = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); import symkit.cli as c; c.main()"
    options = ["run", "tanh(x)", "--epochs", "1", "--seeds", "1000", "--save", str(file)]
    with subprocess.Popen(
        [sys.executable, "-c", start, *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        # The card ends with an empty line; training starts then.
        while process.stdout.readline().strip():
            pass
        time.sleep(1.5)
        process.send_signal(signal.SIGINT)
        out, err = process.stdout.read(), process.stderr.read()
        assert process.wait(timeout=30) == 130
    facts = json.loads(file.read_text(encoding="utf-8"))
    finished = len(facts["results"][0]["runs"])
    assert facts["interrupted"]
    assert 0 < finished < 1000
    assert {len(entry["runs"]) for entry in facts["results"]} == {finished}
    assert f"{finished} of 1000 seeds" in err
    assert f"over {finished} seeds" in out
    assert "Traceback" not in err
