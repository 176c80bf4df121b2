"""Sparse losses by the redistributed-loss trick, against the sums they stand for, the zoo and values computed apart."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import mpmath
import pytest
import torch

from symkit import equal, parse, redistribute, zoo
from symkit.analysis.losses import Redistribution, logit_gradient, redistribution, sparse
from symkit.errors import DomainError, ParseError, SymkitError
from symkit.evaluation import evaluate_exact
from symkit.ir import Kind, Node, Program
from symkit.nn import Loss
from symkit.text import Expression

DATA: dict[str, Any] = json.loads((Path(__file__).parent.parent / "data" / "loss_rules.json").read_text())

FOCUS = "(1 - p)**gamma"

EVEN = [(0.25, 4), (0.5, 3), (0.125, 8), (0.625, 4), (0.75, 2), (0.5, 65)]
"""Predictions of the target and numbers of classes for which floats have what is left to each other output."""


def value(e: Expression, y: float, p: float, classes: int, **parameters: float) -> mpmath.mpf:
    """The exact value of a loss of one output."""
    at = {**e.constant_values(C=float(classes)), **e.parameters, **parameters, "y": y, "p": p}
    return evaluate_exact(e.program, at)[0]


def the_sum(e: Expression, p: float, classes: int, **parameters: float) -> mpmath.mpf:
    """What all outputs add, those but the target being equal."""
    other = (1 - p) / (classes - 1)
    assert p + (classes - 1) * other == 1
    return value(e, 1.0, p, classes, **parameters) + (classes - 1) * value(e, 0.0, other, classes, **parameters)


# -- the formulas of the source ----------------------------------------------------------------------------


def test_label_smoothing_gives_its_sparse_form_to_the_letter() -> None:
    found = redistribute(zoo["lsr"])
    assert str(found) == str(zoo["sparselsr"])
    assert found == zoo["sparselsr"]
    assert equal(found, zoo["sparselsr"]).is_proved


def test_cross_entropy_smoothed_on_the_way_gives_it_as_well() -> None:
    found = redistribute("-y*log(p)", smoothing="xi")
    assert found.program == zoo["sparselsr"].program
    assert found.parameters == {"xi": 0.1}
    assert found.with_values({"xi": 0.1, "C": 10}) == zoo["sparselsr"]


@pytest.mark.parametrize("smoothing", [0.25, "0.25", "xi = 0.25"])
def test_smoothing_by_a_number_or_a_parameter(smoothing: float | str) -> None:
    found = redistribute("-y*log(p)", smoothing=smoothing)
    for p, classes in EVEN:
        expected = value(zoo["sparselsr"], 1.0, p, classes, xi=0.25)
        assert abs(value(found, 1.0, p, classes) - expected) <= 1e-27 * abs(expected)
        assert value(found, 0.0, p, classes) == 0


def test_focal_loss_gives_focal_sparselsr_with_the_reflection() -> None:
    found = redistribute(zoo["focal"], smoothing="xi = 0.2", reflect=FOCUS)
    printed = zoo["focal_sparselsr"]
    assert str(found) == (
        "f(y, p; xi = 0.2, gamma = 2) = "
        "-y*((1 - xi + xi/C)*(1 - p)**gamma*log(p) + xi*(C - 1)/C*p**gamma*log((1 - p)/(C - 1)))"
    )
    assert found.parameters == printed.parameters
    for gamma in (0.0, 0.5, 2.0, 3.25):
        for xi in (0.01, 0.2, 0.9):
            for p, classes in EVEN:
                mine, theirs = (value(e, 1.0, p, classes, gamma=gamma, xi=xi) for e in (found, printed))
                assert abs(mine - theirs) <= 1e-27 * abs(theirs)
    # Powers of an unknown exponent have a domain that is not compared; with a number they are proved.
    with_number = [str(e).partition(" = -")[2].replace("gamma", "3") for e in (found, printed)]
    assert equal(*(f"f(y, p; xi) = -{text}" for text in with_number)).is_proved


def test_a_part_of_the_term_may_be_reflected_as_well() -> None:
    one, other = (redistribute(zoo["focal"], smoothing="xi", reflect=term) for term in (FOCUS, "1 - p"))
    assert one == other


def test_the_trick_itself_on_smoothed_focal_loss() -> None:
    found = redistribute(zoo["focal"], smoothing="xi = 0.2")
    with mpmath.workdps(60):
        for p, classes in EVEN:
            q, xi = mpmath.mpf(1 - p) / (classes - 1), mpmath.mpf(0.2)
            target = (1 - xi + xi / classes) * mpmath.mpf(1 - p) ** 2 * mpmath.log(p)
            others = (classes - 1) * xi / classes * (1 - q) ** 2 * mpmath.log(q)
            assert abs(value(found, 1.0, p, classes) + target + others) <= 1e-27 * abs(target + others)


def test_trick_and_reflection_are_the_same_for_two_classes_alone() -> None:
    """The trick weighs the others by 1 - (1 - p)/(C - 1) and the reflection by p, which is less if C > 2."""
    plain, reflected = (redistribute(zoo["focal"], smoothing="xi", reflect=term) for term in (None, FOCUS))
    for p in (0.125, 0.5, 0.875):
        here, there = (value(e, 1.0, p, 2) for e in (plain, reflected))
        assert abs(here - there) <= 1e-27 * abs(here)
        for classes in (3, 9):
            q = (1 - p) / (classes - 1)
            gap = -0.1 * (classes - 1) / classes * ((1 - q) ** 2 - p**2) * math.log(q)
            assert gap > 0
            measured = float(value(plain, 1.0, p, classes) - value(reflected, 1.0, p, classes))
            assert math.isclose(measured, gap, rel_tol=1e-12)


@pytest.mark.parametrize("reflect", [None, FOCUS])
def test_without_focus_it_is_sparselsr(reflect: str | None) -> None:
    found = redistribute(zoo["focal"], smoothing="xi", reflect=reflect)
    for p, classes in EVEN:
        here, there = value(found, 1.0, p, classes, gamma=0.0), value(zoo["sparselsr"], 1.0, p, classes)
        assert abs(here - there) <= 1e-27 * abs(there)


# -- any loss ----------------------------------------------------------------------------------------------

LOSSES = [
    *("squared", "absolute", "huber", "pseudo_huber", "cauchy", "welsch", "log_cosh", "bce", "lsr", "baikal"),
    *("baikal_tuned", "taylorglo_3", "cubic_tp"),
    *("evomal_a", "evomal_c", "evomal_d", "evomal_f", "evomal_h", "evomal_j"),
]


@pytest.mark.parametrize("name", LOSSES)
def test_it_is_the_sum_where_the_others_are_equal(name: str) -> None:
    e = zoo[name]
    found = redistribute(e)
    assert found.kind == "loss"
    assert found.inputs == ("y", "p")
    assert dict(found.parameters) == dict(e.parameters)
    assert str(parse(str(found))) == str(found)
    for p, classes in EVEN:
        expected = the_sum(e, p, classes)
        assert abs(value(found, 1.0, p, classes) - expected) <= 1e-27 * (1 + abs(expected))
        assert value(found, 0.0, p, classes) == 0


@pytest.mark.parametrize("name", ["squared", "lsr", "bce", "baikal", "evomal_j", "log_cosh"])
@pytest.mark.parametrize("target", [0, 2])
def test_all_logits_keep_their_gradient_where_the_others_are_equal(name: str, target: int) -> None:
    logits = [0.5] * 4
    logits[target] = 2.25
    one, other = (logit_gradient(e, logits, target) for e in (zoo[name], redistribute(zoo[name])))
    assert other == pytest.approx(one, rel=1e-14)


TEXTS = [
    ("(y - p)**2", "y*((1 - p)**2 + (1 - p)**2/(C - 1))"),
    ("-(y*log(p) + (1 - y)*log(1 - p))", "-y*(log(p) + (C - 1)*log(1 - (1 - p)/(C - 1)))"),
    ("-(log(p) - y/p)", "y*(1/p - log(p) - (C - 1)*log((1 - p)/(C - 1)))"),
    ("-(1 - y)*log(1 - p)", "-y*((C - 1)*log(1 - (1 - p)/(C - 1)))"),
    ("((y - p)/p)**4", "y*(((1 - p)/p)**4 + (C - 1))"),
    ("f(p) = -log(1 - p)", "-y*(log(1 - p) + (C - 1)*log(1 - (1 - p)/(C - 1)))"),
    ("0.5*y*p + 0.5*p**3", "y*(0.5*p + 0.5*p**3 + 0.5*(C - 1)*((1 - p)/(C - 1))**3)"),
    ("where(y > 0.5, -log(p), p**2)", "y*((1 - p)**2/(C - 1) - log(p))"),
    ("y - p", "0"),
]


@pytest.mark.parametrize(("loss", "text"), TEXTS)
def test_texts_are_short(loss: str, text: str) -> None:
    assert str(redistribute(loss)).removeprefix("f(y, p) = ") == text


def test_parameters_keep_what_the_header_says() -> None:
    e = parse("f(y, p; a: layer = 0.5, b = 3, C = 7) = a*p**2 - y*log(p)*b")
    found = redistribute(e, smoothing="xi = 0.3")
    assert dict(found.settings) == {**e.settings, "xi": parse("f(x; xi = 0.3) = xi*x").settings["xi"]}
    assert dict(found.constants) == {"C": 7}


@pytest.mark.parametrize("name", ["ce", "focal", "sparselsr", "focal_sparselsr", "ace_param", "evomal_g", "evomal_i"])
def test_sparse_losses_are_left_alone(name: str) -> None:
    found = redistribution(zoo[name])
    assert found.expression is zoo[name] is found.original
    assert str(found.other).endswith("0")
    assert found.total.is_proved
    assert "sparse" in found.total.reason
    assert (found.kept.status, found.kept_everywhere.status, found.error) == ("proved", "proved", "none")


def test_an_operator_of_the_user() -> None:
    from symkit import define

    table = define("dent", "f(a) = a**2*(1 - a)")
    found = redistribute(parse("dent(y - p)", kind="loss", table=table))
    for p, classes in EVEN:
        q = (1 - p) / (classes - 1)
        assert float(value(found, 1.0, p, classes)) == pytest.approx((1 - p) ** 2 * p + (classes - 1) * q**2 * (1 + q))


@pytest.mark.parametrize("gap", [1.0, 20.0, 90.0])
def test_it_trains_in_float32_from_logits_far_apart(gap: float) -> None:
    """The logarithm of 1 - p stands in the formula, so none of it is rounded away."""
    z = torch.tensor([[gap, 0.0, -1.0, 0.5]], requires_grad=True)
    loss = Loss(redistribute("-y*log(p)", smoothing=0.1), link="softmax")
    loss(z, torch.tensor([0])).backward()
    assert z.grad is not None
    exact = logit_gradient(zoo["sparselsr"], z[0].tolist(), 0)
    assert z.grad[0].tolist() == pytest.approx(exact, rel=2e-6)


# -- what is proved ----------------------------------------------------------------------------------------


def facts(found: Redistribution) -> tuple[str, str, str, str]:
    return found.total.status, found.kept.status, found.kept_everywhere.status, found.error


FACTS: list[tuple[str, Mapping[str, Any], tuple[str, str, str, str]]] = [
    ("lsr", {}, ("proved", "proved", "proved", "underestimates")),
    ("ce", {"smoothing": "xi"}, ("proved", "proved", "proved", "underestimates")),
    ("baikal", {}, ("proved", "proved", "proved", "underestimates")),
    ("focal", {"smoothing": 0.1}, ("proved", "proved", "refuted", "underestimates")),
    ("focal", {"smoothing": 0.1, "reflect": FOCUS}, ("proved", "refuted", "refuted", "unknown")),
    ("squared", {}, ("proved", "proved", "refuted", "underestimates")),
    ("absolute", {}, ("proved", "proved", "proved", "none")),
    ("evomal_c", {}, ("proved", "proved", "proved", "none")),
    ("evomal_j", {}, ("proved", "proved", "refuted", "overestimates")),
    ("geman_mcclure", {}, ("proved", "proved", "refuted", "unknown")),
]


@pytest.mark.parametrize(("name", "settings", "expected"), FACTS)
def test_what_is_proved(name: str, settings: Mapping[str, Any], expected: tuple[str, str, str, str]) -> None:
    # Proofs are quick, but not on a machine that does much else.
    assert facts(redistribution(zoo[name], timeout=60, **settings)) == expected


SHARES = [(0.5, 0.25, 0.125, 0.125), (0.125, 0.75, 0.0625, 0.0625)]
"""Predictions, the target's first."""


@pytest.mark.parametrize(
    ("name", "error"),
    [("lsr", "underestimates"), ("squared", "underestimates"), ("evomal_j", "overestimates"), ("absolute", "none")],
)
def test_which_way_it_errs(name: str, error: str) -> None:
    found = redistribution(zoo[name], timeout=60)
    assert found.error == error
    for p, *others in SHARES:
        all_outputs = value(zoo[name], 1.0, p, 4) + sum(value(zoo[name], 0.0, q, 4) for q in others)
        miss = value(found.expression, 1.0, p, 4) - all_outputs
        if error == "none":
            assert abs(miss) < 1e-28
        else:
            assert (miss < -1e-6) if error == "underestimates" else (miss > 1e-6)


def test_a_loss_that_errs_either_way() -> None:
    """l(0, p) is p**2/(1 + p**2), convex near 0 and concave near 1."""
    e = zoo["geman_mcclure"].with_values({"delta": 0.01})
    found = redistribution(e)
    assert found.error == "unknown"
    assert "neither convex nor concave" in found.reason
    misses = []
    for p, *others in [(0.96875, 0.03125, 0.0), (0.25, 0.5, 0.25)]:
        all_outputs = value(e, 1.0, p, 3) + sum(value(e, 0.0, q, 3) for q in others)
        misses.append(value(found.expression, 1.0, p, 3) - all_outputs)
    assert misses[0] < 0 < misses[1]


ROWS = [row for row in DATA["logit_gradients"] if row["loss"] == "sparselsr"]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["case"])
def test_gradients_by_logits_computed_apart(row: dict[str, Any]) -> None:
    logits, target = [float(z) for z in row["logits"]], row["target"]
    found = logit_gradient(redistribute(zoo["lsr"]), logits, target)
    for mine, expected in zip(found, row["dLdz"], strict=True):
        assert mine is not None
        assert math.isclose(mine, float(expected), rel_tol=1e-10)
    # The target's is that of label smoothing, whatever the others are.
    original = logit_gradient(zoo["lsr"], logits, target)[target]
    assert original is not None
    assert found[target] == pytest.approx(original, rel=1e-15)


@pytest.mark.parametrize(
    ("name", "settings", "keeps"),
    [
        ("lsr", {}, True),
        ("baikal", {}, True),
        ("absolute", {}, True),
        ("squared", {}, False),
        ("bce", {}, False),
        ("focal", {"smoothing": 0.2}, False),
    ],
)
def test_kept_everywhere_is_so_for_other_predictions_of_all_sorts(
    name: str, settings: Mapping[str, Any], keeps: bool
) -> None:
    found = redistribution(zoo[name], timeout=60, **settings)
    assert found.kept.is_proved
    assert found.kept_everywhere.status == ("proved" if keeps else "refuted")
    logits = [1.5, -0.5, 0.25, 1.0]
    one, other = (logit_gradient(e, logits, 0)[0] for e in (found.original, found.expression))
    assert one is not None
    assert other is not None
    assert math.isclose(one, other, rel_tol=1e-14) is keeps


def test_a_refuted_gradient_has_a_witness() -> None:
    found = redistribution(zoo["focal"], smoothing=0.2, reflect=FOCUS)
    witness = found.kept.witness
    assert witness is not None
    p = witness["p"]
    logits = [math.log(p), *[math.log((1 - p) / 9)] * 9]
    one, other = (logit_gradient(e, logits, 0)[0] for e in (found.expression, found.original))
    assert f"it is {one:.6g}, and {other:.6g} for the original" in found.kept.reason


@pytest.mark.parametrize("reflect", [None, FOCUS])
def test_two_classes_leave_nothing_to_spread(reflect: str | None) -> None:
    e = parse("f(y, p; gamma = 2, C = 2) = -y*(1 - p)**gamma*log(p)")
    found = redistribution(e, smoothing="xi", reflect=reflect, timeout=60)
    assert facts(found) == ("proved", "proved", "proved", "none")
    one, other = (logit_gradient(x, [0.75, -1.25], 1) for x in (found.original, found.expression))
    assert other == pytest.approx(one, rel=1e-14)


# -- what cannot be ----------------------------------------------------------------------------------------

REFUSED: list[tuple[str, Mapping[str, Any], str]] = [
    ("softplus(z) - y*z", {}, "do not sum to 1"),
    ("y*p*z", {}, "at once"),
    ("tanh(x)", {}, "kind activation"),
    ("f(y, p) = y**2", {}, "does not depend on the prediction"),
    ("log(y*p)", {}, "not defined for y = 0"),
    ("log(p/(1 - y))*0 + sqrt(-y)", {}, "not defined for y = 1"),
    ("-log(p)", {"smoothing": 0.1}, "does not depend on the target"),
    ("-y*log(p)", {"smoothing": 0}, "above 0 and below 1"),
    ("-y*log(p)", {"smoothing": 1.0}, "above 0 and below 1"),
    ("-y*log(p)", {"smoothing": "nan"}, "above 0 and below 1"),
    ("-y*log(p)", {"smoothing": "xi = 2"}, "above 0 and below 1"),
    ("-y*log(p)", {"smoothing": "xi ="}, "write a number"),
    ("-y*log(p)", {"smoothing": "p"}, "'p' is neither"),
    ("-y*log(p)", {"smoothing": "C"}, "'C' is neither"),
    ("-y*log(p)", {"smoothing": "1x"}, "'1x' is neither"),
    ("-y*log(p)*xi", {"smoothing": "xi"}, "take another name"),
    ("-y*log(p)", {"reflect": "1 - p"}, "no term 1 - p"),
    ("-y*(1 - p)*log(p)", {"reflect": "y*(1 - p)"}, "has the target y"),
]


@pytest.mark.parametrize(("loss", "settings", "said"), REFUSED)
def test_refused(loss: str, settings: Mapping[str, Any], said: str) -> None:
    for function in (redistribute, redistribution):
        with pytest.raises(DomainError) as raised:
            function(loss, **settings)
        assert said in str(raised.value)


@pytest.mark.parametrize("timeout", [0, -1.0, math.nan])
def test_a_timeout_is_positive(timeout: float) -> None:
    with pytest.raises(DomainError, match="positive number of seconds"):
        redistribution("(y - p)**2", timeout=timeout)


def test_text_that_does_not_parse() -> None:
    with pytest.raises(ParseError):
        redistribute("-y*log(p")
    with pytest.raises(ParseError):
        redistribute("-y*(1 - p)*log(p)", reflect="(1 - p")


def test_a_form_that_is_not_the_sum_is_not_returned(monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(neat: object, shares: object) -> Program:
        return Program([Node(Kind.INPUT, "y")], [0])

    monkeypatch.setattr(sparse, "sparse_program", wrong)
    with pytest.raises(SymkitError, match="for y = 1 it is 1, not"):
        redistribute("(y - p)**2")


def test_without_time_for_proofs_it_is_unknown_and_still_right() -> None:
    found = redistribution(zoo["lsr"], timeout=1e-6)
    assert found.expression == zoo["sparselsr"]
    assert "refuted" not in facts(found)
