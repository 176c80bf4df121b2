"""`symkit analyze`."""

from __future__ import annotations

import dataclasses
import math
import re

import pytest
from commands import Command

from symkit.analysis import Moments, analyze
from symkit.analysis.losses import loss_analysis
from symkit.zoo.named import named_loss


@pytest.mark.parametrize(
    ("text", "mean", "variance"), [("relu(x)", 0.0, 1.0), ("exp(x)", -1.0, 0.25), ("1/x", 0.0, 1.0)]
)
def test_analyze_json_has_the_attributes(symkit: Command, text: str, mean: float, variance: float) -> None:
    done = symkit("analyze", text, "--mean", str(mean), "--variance", str(variance), "--json")
    assert (done.code, done.err) == (0, "")
    found, facts = analyze(text, mean=mean, variance=variance), done.json
    assert facts["input"] == {"mean": mean, "variance": variance}
    assert facts["moments"] == {field.name: getattr(found.moments, field.name) for field in dataclasses.fields(Moments)}
    assert facts["backward_gain"] == found.backward_gain
    assert tuple(facts["kinks"]) == found.kinks
    assert tuple(facts["poles"]) == found.poles


def test_analyze_prints_known_numbers(symkit: Command) -> None:
    out = symkit("analyze", "relu(x)").out
    assert f"{1 / math.sqrt(2 * math.pi):.6g}" in out
    assert f"{0.5 - 0.5 / math.pi:.6g}" in out
    assert "x = 0" in out


def test_analyze_gives_the_reason_instead_of_a_number(symkit: Command) -> None:
    done = symkit("analyze", "1/x")
    found = analyze("1/x")
    assert done.code == 0
    assert found.moments.mean is None
    assert found.moments.reason in done.out
    assert found.backward_reason in done.out


def test_analyze_shows_zero_for_less_than_its_error(symkit: Command) -> None:
    assert re.search(r"^mean of f\(X\) +0$", symkit("analyze", "x").out, re.MULTILINE)


def test_a_mean_that_lives_far_out_is_within_its_certificate(symkit: Command) -> None:
    # By mpmath; the second moment lives near 18 deviations.
    facts = symkit("analyze", "abs(x)**x", "--mean", "0.5", "--variance", "4", "--json").json
    assert facts["moments"]["certified"] is True
    assert abs(facts["moments"]["mean"] - 2004335.82474716909) <= facts["moments"]["mean_error"] < 1e-9


def test_infinities_are_told_from_what_is_missing(symkit: Command) -> None:
    facts = symkit("analyze", "x", "--json").json
    assert facts["shape"]["range"] == ["-inf", "inf"]
    assert symkit("analyze", "1/x", "--json").json["moments"]["mean"] is None


def test_shape_and_depth_are_on_the_card(symkit: Command) -> None:
    out = symkit("analyze", "x*sigmoid(x)").out
    assert re.search(r"^extrema +minimum -0\.278465 at x = -1\.27846$", out, re.MULTILINE)
    assert re.search(r"^as x -> inf +like x$", out, re.MULTILINE)
    assert re.search(r"^edge of chaos +at a weight variance of 4$", out, re.MULTILINE)
    assert re.search(r"^known as +swish, ", out, re.MULTILINE)
    assert re.search(r"^dead +\(-inf, 0\], 50 % of X$", symkit("analyze", "relu(x)").out, re.MULTILINE)


def test_values_of_parameters_can_be_set(symkit: Command) -> None:
    facts = symkit("analyze", "x*sigmoid(beta*x)", "--set", "beta=1.5", "--json").json
    assert facts["moments"]["mean"] == analyze("x*sigmoid(1.5*x)").moments.mean
    assert "beta = 1.5" in facts["text"]


def test_a_box_gives_the_range_of_the_moments(symkit: Command) -> None:
    # E[x*relu-like] of a leaky relu is linear in its slope.
    facts = symkit("analyze", "max(x, 0) + a*min(x, 0)", "--box", "a=0:0.5", "--json").json
    lowest, highest = facts["over"]["mean"]["lowest"], facts["over"]["mean"]["highest"]
    assert (lowest["at"], highest["at"]) == ({"a": 0.5}, {"a": 0.0})
    assert highest["value"] == pytest.approx(1 / math.sqrt(2 * math.pi), rel=1e-12)
    assert lowest["value"] == pytest.approx(0.5 / math.sqrt(2 * math.pi), rel=1e-12)


def test_a_loss_shows_its_learning_rule(symkit: Command) -> None:
    out = symkit("analyze", "-y*log(p)", "--classes", "100").out
    assert re.search(r"^learning rule +-dL/dp = y/p$", out, re.MULTILINE)
    assert "target 100, others 0 at p = 0.01" in out
    facts = symkit("analyze", "-y*log(p)", "--classes", "100", "--json").json
    assert facts["rule"]["null_epoch"]["target"] == 100.0
    assert facts["at_logits"]["null_epoch"]["target"] == pytest.approx(-0.99, rel=1e-12)


def test_a_loss_is_compared_with_another_by_name(symkit: Command) -> None:
    facts = symkit("analyze", "y*abs(log(1.1*p))", "--against", "lsr(0.1)", "--json").json
    rows = {row["quantity"]: row for row in facts["comparison"]["rows"]}
    found = loss_analysis(named_loss("lsr(0.1)"), classes=10)
    assert rows["-dL/dp of the target, limit at zero error"]["this"] == -1.0
    assert rows["-dL/dp of the target, limit at zero error"]["other"] == found.rule.limits.target.value
    assert rows["-dL/dp of the others, limit at zero error"]["other"] == "inf"
    assert "lsr(0.1)" in symkit("analyze", "y*abs(log(1.1*p))", "--against", "lsr(0.1)").out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["x", "--set", "beta=2"], "'beta' is no parameter of x; there are none"),
        (["a*x", "--set", "a"], '--set takes values such as "beta=2, alpha=0.1"'),
        (["a*x", "--set", "a=1, a=2"], "two values for 'a'"),
        (["a*x", "--set", "a=inf"], "finite"),
        (["x", "--classes", "3"], "--classes is for losses"),
        (["x", "--against", "ce"], "--against is for losses"),
        (["-y*log(p)", "--box", "p=0:1"], "--box is for the parameters of an activation"),
        (["-y*log(p)", "--classes", "1"], "2"),
        (["-y*log(p)", "--against", "nonsuch"], "nonsuch"),
    ],
)
def test_bad_input_is_told(symkit: Command, arguments: list[str], said: str) -> None:
    done = symkit("analyze", *arguments)
    assert (done.code, done.out) == (2, "")
    assert said in done.err
