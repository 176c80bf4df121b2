"""Learning rules of losses against values computed apart (mpmath), torch's autograd and closed forms."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
import torch

from symkit import zoo
from symkit.analysis.losses import LossAnalysis, logit_gradient, loss_analysis
from symkit.errors import DomainError, ParseError
from symkit.evaluation import evaluate_exact
from symkit.text import Expression, parse
from symkit.transform import gradient

DATA: dict[str, Any] = json.loads((Path(__file__).parent.parent / "data" / "loss_rules.json").read_text())

LOSSES = {
    "ce": "-y*log(p)",
    "ace_phi1.1": "f(y, p; phi0 = 1, phi1 = 1.1) = phi0*y*abs(log(phi1*p))",
    "sparselsr_xi0.1": str(zoo["sparselsr"]),
    "sparselsr": str(zoo["sparselsr"]),
    "sparselsr_stable": "f(y, p; xi = 0.1) = -y*((1 - xi + xi/C)*log(p) + xi*(C - 1)/C*log((1 - p + eps)/(C - 1)))",
}


def matches(value: float | None, text: str) -> bool:
    """To 1e-10 relative; what vanishes up to the rounding of a parameter such as 0.1 counts as 0."""
    return value is not None and math.isclose(value, float(text), rel_tol=1e-10, abs_tol=1e-15)


@pytest.mark.parametrize("row", DATA["learning_rule"], ids=lambda row: f"{row['loss']}-{row['C']}")
def test_learning_rule_rows(row: dict[str, Any]) -> None:
    found = loss_analysis(LOSSES[row["loss"]], classes=row["C"], timeout=0).rule
    assert matches(found.null_epoch.target, row["null_epoch"]["target"])
    assert matches(found.null_epoch.non_target, row["null_epoch"]["non_target"])
    for point, expected in zip(found.zero_error, row["zero_training_error"], strict=True):
        assert matches(point.p_target, expected["p_target"])
        assert matches(point.target, expected["target"])
        assert matches(point.non_target, expected["non_target"])
    for limit, expected in ((found.limits.target, "limit_target"), (found.limits.non_target, "limit_non_target")):
        assert limit.value is not None
        assert math.isclose(limit.value, float(row[expected]), rel_tol=1e-15)
        assert limit.how == "certified"


@pytest.mark.parametrize("row", DATA["logit_gradients"], ids=lambda row: f"{row['loss']}-{row['case']}")
def test_logit_gradient_rows(row: dict[str, Any]) -> None:
    found = logit_gradient(LOSSES[row["loss"]], [float(z) for z in row["logits"]], row["target"])
    for value, expected in zip(found, row["dLdz"], strict=True):
        assert value is not None
        assert math.isclose(value, float(expected), rel_tol=1e-10)
    assert math.fsum(value for value in found if value is not None) == pytest.approx(0, abs=1e-16)


@pytest.mark.parametrize("row", DATA["vectors"], ids=lambda row: row["id"])
def test_values_and_derivatives(row: dict[str, Any]) -> None:
    e = parse(row["expression"], kind="loss")
    slope = gradient(e.program, ["p"])
    for vector in row["vectors"]:
        at = {"y": float(vector["y"]), "p": float(vector["p"]), **e.constant_values(C=10.0)}
        for program, name in ((e.program, "value"), (slope, "dLdp")):
            value = float(evaluate_exact(program, at)[0])
            assert math.isclose(value, float(vector[name]), rel_tol=1e-10, abs_tol=1e-15), (vector, name, value)


def test_limits_through_the_softmax_differ_from_those_of_outputs() -> None:
    """ACE pushes an output down by 1 at zero error as label smoothing might, but its logit by nothing."""
    ace, smooth = (
        loss_analysis(LOSSES["ace_phi1.1"], classes=4, timeout=0),
        loss_analysis(zoo["lsr"], classes=4, timeout=0),
    )
    assert ace.rule.limits.target.value == -1
    assert ace.at_logits.limits.target.value == 0
    assert smooth.at_logits.limits.target.value == pytest.approx(0.1 * 3 / 4, rel=1e-15)
    assert smooth.rule.limits.non_target.value == math.inf


@pytest.mark.parametrize("classes", [2, 3, 10, 1000])
@pytest.mark.parametrize("name", ["lsr", "sparselsr"])
def test_target_logit_of_label_smoothing_and_its_sparse_form(name: str, classes: int) -> None:
    """For either it is p - (1 - xi + xi/C), exactly."""
    found = loss_analysis(zoo[name], classes=classes, parameters={"xi": 0.25}, timeout=0)
    aim = 1 - 0.25 + 0.25 / classes
    assert found.at_logits.null_epoch.target == pytest.approx(1 / classes - aim, rel=1e-15)
    assert found.at_logits.limits.target.value == pytest.approx(1 - aim, rel=1e-15)
    assert found.at_logits.limits.non_target.value == pytest.approx(-(1 - aim) / (classes - 1), rel=1e-15)


@pytest.mark.parametrize("name", ["lsr", "sparselsr"])
def test_the_two_are_one_at_the_logit_of_the_target(name: str) -> None:
    assert loss_analysis(zoo[name], timeout=30).at_logits.target_text == "p + xi - 1 - xi/C"


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.5])
def test_gradient_of_label_smoothing_is_torchs(smoothing: float) -> None:
    logits = [1.5, -0.5, 0.25, 3.0]
    z = torch.tensor(logits, dtype=torch.float64, requires_grad=True)
    torch.nn.functional.cross_entropy(z, torch.tensor(1), label_smoothing=smoothing).backward()
    assert z.grad is not None
    found = logit_gradient(zoo["lsr"], logits, 1, parameters={"xi": smoothing})
    assert found == pytest.approx(tuple(z.grad.tolist()), rel=1e-13)


def test_logits_far_apart() -> None:
    """Sparse label smoothing still holds back a target that is certain to 260 digits; cross-entropy fades."""
    logits = [600.0, 0.0, 0.0, 0.0]
    assert logit_gradient(zoo["sparselsr"], logits) == pytest.approx((0.075, -0.025, -0.025, -0.025), rel=1e-15)
    target, *others = logit_gradient("-y*log(p)", logits)
    assert target == pytest.approx(-3 * math.exp(-600), rel=1e-14)
    assert others == pytest.approx([math.exp(-600)] * 3, rel=1e-14)


def test_no_gradient_where_the_loss_is_not_defined() -> None:
    assert logit_gradient(zoo["evomal_b"], [1.0, 2.0]) == (None, None)


def test_a_loss_of_the_logit_is_that_of_its_sigmoid() -> None:
    e = "softplus(z) - y*z"
    z = torch.tensor([2.0, -1.0, 0.5], dtype=torch.float64, requires_grad=True)
    aims = torch.tensor([0.0, 1.0, 0.0], dtype=torch.float64)
    torch.nn.functional.binary_cross_entropy_with_logits(z, aims, reduction="sum").backward()
    assert z.grad is not None
    assert logit_gradient(e, [2.0, -1.0, 0.5], 1) == pytest.approx(tuple(z.grad.tolist()), rel=1e-14)
    found = loss_analysis(e, classes=3, timeout=0)
    assert found.reading == "logit"
    assert found.at_logits.link == "sigmoid"
    assert found.at_logits.null_epoch.target == pytest.approx(1 / 3 - 1, rel=1e-15)
    assert found.at_logits.null_epoch.non_target == pytest.approx(1 / 3, rel=1e-15)
    assert found.at_logits.limits.target.value == 0
    assert found.rule.limits.target.value == 1
    assert found.rule.limits.non_target.value == -1


@pytest.mark.parametrize(
    ("name", "rule", "target", "other"),
    [
        ("ce", "y/p", "1/p", "0"),
        ("lsr", "(y*(1 - xi) + xi/C)/p", None, "xi/(C*p)"),
        ("sparselsr", "y*(C*p + C*xi - C - xi)/(C*p*(p - 1))", None, "0"),
        ("ace", "y/p", "1/p", "0"),
        ("squared", "2*(y - p)", "2 - 2*p", "-2*p"),
        ("evomal_b", "0", "0", None),
    ],
)
def test_texts(name: str, rule: str, target: str | None, other: str | None) -> None:
    found = loss_analysis(zoo[name], timeout=30).rule
    assert found.text == rule
    assert found.non_target_text == other
    if target is not None:
        assert found.target_text == target


TEXTS = ["focal", "baikal", "pseudo_huber", "ace_param", "evomal_j", "focal_sparselsr"]


@pytest.mark.parametrize("name", TEXTS)
def test_texts_are_the_derivative(name: str) -> None:
    e = zoo[name]
    found = loss_analysis(e, timeout=30).rule
    for y in (1.0, 0.0):
        own = found.target_text if y else found.non_target_text
        assert own is not None
        for text in (found.text, own):
            rule = read(e, text)
            for p in (0.07, 0.45, 0.83):
                at = {"y": y, "p": p, **e.constant_values(C=10.0), **e.parameters}
                slope = float(evaluate_exact(gradient(e.program, ["p"]), at)[0])
                assert float(evaluate_exact(rule.program, at)[0]) == pytest.approx(-slope, rel=1e-12, abs=1e-300)


@pytest.mark.parametrize(
    ("loss", "text"),
    [
        ("max(p - 0.999, 0)", "-where(p - 0.999 > 0, 1, 0)"),
        ("where(p < 0.001, y*p, 0)", "-where(p < 0.001, y, 0)"),
    ],
)
def test_what_counts_on_a_small_part_is_kept(loss: str, text: str) -> None:
    rule = parse(loss_analysis(loss, timeout=30).rule.text, kind="loss")
    for p in (0.0005, 0.5, 0.9995):
        for y in (0.0, 1.0):
            expected = evaluate_exact(parse(text, kind="loss").program, {"y": y, "p": p})[0]
            assert evaluate_exact(rule.program, {"y": y, "p": p})[0] == expected


def read(e: Expression, text: str) -> Expression:
    return parse(text, kind="loss", table=e.table)


def test_where_the_push_jumps() -> None:
    found = loss_analysis(zoo["ace_param"], parameters={"phi1": 1.25}, timeout=0).rule
    (jump,) = found.jumps
    assert jump.y == 1
    assert jump.p == pytest.approx(0.8, rel=1e-14)
    assert (jump.left, jump.right) == pytest.approx((1.25, -1.25), rel=1e-9)
    assert loss_analysis("abs(y - p)", timeout=0).rule.jumps == ()
    assert loss_analysis(zoo["sparselsr"], timeout=0).rule.jumps == ()


def test_what_has_no_value_says_why() -> None:
    found = loss_analysis(zoo["evomal_b"], timeout=0)
    assert found.rule.null_epoch.target == 0
    assert found.rule.null_epoch.non_target is None
    assert "not defined for y = 0" in found.rule.null_epoch.reason
    assert found.at_logits.limits.target.value is None
    crowded = loss_analysis("-y*log(p)", classes=1000, timeout=0).rule.zero_error[0]
    assert (crowded.target, crowded.non_target) == (None, None)
    assert "999" in crowded.reason


def test_classes() -> None:
    assert loss_analysis("-y*log(p)", timeout=0).classes == 10
    assert loss_analysis("f(y, p; C = 7) = -y*log(p)/C", timeout=0).classes == 7
    assert loss_analysis("f(y, p; C = 7) = -y*log(p)/C", classes=5, timeout=0).rule.null_epoch.target == 1
    big = loss_analysis("-y*log(p)", classes=10**6, timeout=0)
    assert big.rule.null_epoch.target == pytest.approx(1e6, rel=1e-15)
    assert big.at_logits.null_epoch.target == pytest.approx(1e-6 - 1, rel=1e-15)


@pytest.mark.parametrize(
    ("loss", "arguments", "words"),
    [
        ("x**2", {}, "kind activation"),
        ("f(y, ftilde) = -y*ftilde", {}, "write log\\(p\\)"),
        ("y*p + z", {}, "write one by the other"),
        ("-y*log(p)", {"classes": 1}, "number of classes"),
        ("-y*log(p)", {"classes": 2.5}, "number of classes"),
        ("-y*log(p)", {"parameters": {"xi": 0.1}}, "'xi' is no parameter"),
        ("-y*log(p)/C", {"parameters": {"C": 3}}, "`classes`"),
        ("-a*y*log(p)", {"parameters": {"a": math.inf}}, "not finite"),
        ("-y*log(p)", {"against": "x"}, "kind activation"),
        ("-y*log(p)", {"timeout": -1}, "number of seconds"),
    ],
)
def test_bad_arguments(loss: str, arguments: dict[str, Any], words: str) -> None:
    with pytest.raises(DomainError, match=words):
        loss_analysis(loss, **arguments)


def test_bad_text_and_logits() -> None:
    with pytest.raises(ParseError):
        loss_analysis("-y*log(")
    with pytest.raises(DomainError, match="two or more"):
        logit_gradient("-y*log(p)", [1.0])
    with pytest.raises(DomainError, match="0 to 1"):
        logit_gradient("-y*log(p)", [1.0, 2.0], 2)


def test_eps_can_be_set() -> None:
    found: LossAnalysis = loss_analysis(zoo["evomal_e_eq42"], parameters={"eps": 0.5}, timeout=0)
    # 2*|log(p + 1/2)| at p = 1/10: the slope of 2*log is 2/(p + 1/2).
    assert found.rule.null_epoch.target == pytest.approx(2 / 0.6, rel=1e-14)
