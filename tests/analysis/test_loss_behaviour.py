"""Minima, easy and hard examples, asymmetry, growth and rates of losses against closed forms."""

from __future__ import annotations

import dataclasses
import functools
import json
import math
import time

import pytest
from scipy.optimize import minimize_scalar

from symkit import zoo
from symkit.analysis import losses
from symkit.analysis.losses.limits import limit
from symkit.analysis.losses.subject import SIZE, Subject, along
from symkit.errors import DomainError
from symkit.evaluation import evaluate_exact
from symkit.spaces.generate import Recipe, generate
from symkit.zoo.named import named_loss

SKIPPED = ("sparselsr_stable", "evomal_softplus_wrap")
"""Entries that are no functions of y and p."""


loss_analysis = functools.partial(losses.loss_analysis, timeout=0)
"""No text is looked at here."""


@pytest.mark.parametrize(("xi", "classes"), [(0.1, 10), (0.1, 100), (0.3, 4)])
def test_least_loss_of_sparse_label_smoothing(xi: float, classes: int) -> None:
    """At a = 1 - xi + xi/C, with curvature a/a**2 + (1 - a)/(1 - a)**2."""
    found = loss_analysis(zoo["sparselsr"], classes=classes, parameters={"xi": xi})
    a = 1 - xi + xi / classes
    least = found.minimum_target
    assert least.p == pytest.approx(a, rel=1e-14)
    assert least.curvature == pytest.approx(1 / a + 1 / (1 - a), rel=1e-12)
    assert least.value == pytest.approx(-(a * math.log(a) + (1 - a) * math.log((1 - a) / (classes - 1))), rel=1e-14)
    assert (least.place, least.attained) == ("inside", True)
    assert found.minimum_non_target.place == "everywhere"


def test_its_short_form_is_least_elsewhere() -> None:
    found = loss_analysis(zoo["sparselsr_simplified"]).minimum_target
    assert found.p == pytest.approx(1 / 1.1, rel=1e-14)


def test_least_loss_against_scipy() -> None:
    e = zoo["focal_sparselsr"]
    values = {**e.constant_values(), **e.parameters, "y": 1.0}

    def loss(p: float) -> float:
        return float(evaluate_exact(e.program, {**values, "p": p})[0])

    best = minimize_scalar(loss, bounds=(0.01, 0.99), method="bounded", options={"xatol": 1e-10})
    found = loss_analysis(e).minimum_target
    assert found.p == pytest.approx(best.x, abs=1e-6)
    assert found.value == pytest.approx(best.fun, rel=1e-12)


@pytest.mark.parametrize(
    ("loss", "p", "value", "place", "attained", "words"),
    [
        ("-y*log(p)", 1, 0, "end", True, "least at p = 1"),
        ("y*log(1 - p)", 1, -math.inf, "end", False, "without bound"),
        ("softplus(z) - y*z", 1, 0, "end", False, "no value"),
        ("abs(p - 0.25)", 0.25, 0, "inside", True, "kink"),
        ("max(p - 0.25, 0)", None, None, "", True, ""),
        ("y*3", None, 3, "everywhere", True, "same for every"),
        ("(p - 0.5)**2*-1", 0, -0.25, "end", True, "and no less towards 1"),
        ("1/(p - 0.5)", None, None, "unknown", False, "next to a pole"),
        ("-1/z", None, None, "unknown", False, "next to a pole"),
        ("where(p < 0.05, y, 2)", 0, 1, "end", True, "least at p = 0"),
        ("y*sin(1/p)", None, None, "unknown", False, "do not settle"),
        ("log(-y)*p", None, None, "unknown", False, "not defined for y = 1"),
    ],
)
def test_minima(loss: str, p: float | None, value: float | None, place: str, attained: bool, words: str) -> None:
    found = loss_analysis(loss).minimum_target
    if not place:
        # Flat up to 1/4: any of these predictions will do.
        assert found.value == 0
        assert found.p is not None
        assert 0 <= found.p <= 0.25 + 1e-12
        return
    assert found.p == (None if p is None else pytest.approx(p, rel=1e-14))
    assert found.value == value
    assert (found.place, found.attained) == (place, attained)
    assert words in found.reason


def test_a_kink_has_no_curvature() -> None:
    assert loss_analysis(zoo["ace_param"]).minimum_target.curvature is None
    assert loss_analysis(zoo["evomal_e"]).minimum_target.curvature is None


@pytest.mark.parametrize("gamma", [0.5, 2.0, 5.0])
def test_focusing_of_the_focal_loss(gamma: float) -> None:
    """Its push relative to cross-entropy is (1 - p)**gamma - gamma*p*(1 - p)**(gamma - 1)*log(p)."""
    found = loss_analysis(zoo["focal"], parameters={"gamma": gamma}).easy_hard

    def relative(p: float) -> float:
        return (1 - p) ** gamma - gamma * p * (1 - p) ** (gamma - 1) * math.log(p)

    for push in found.pushes:
        assert push.relative_logit == pytest.approx(relative(push.p), rel=1e-12)
        assert push.relative_output == pytest.approx(relative(push.p), rel=1e-12)
    assert found.focusing_ratio == pytest.approx(relative(0.9) / relative(0.1), rel=1e-12)
    assert found.summary.startswith("Hard examples count for more")


def test_cross_entropy_is_its_own_measure() -> None:
    found = loss_analysis("-y*log(p)")
    assert found.easy_hard.focusing_ratio == 1
    assert found.easy_hard.summary == "Every example gets the push of cross-entropy."
    assert dataclasses.astuple(found.effective_rate.at_logit) == pytest.approx((1, 1, 1), rel=1e-15)
    assert found.effective_rate.regression is None


def test_the_scale_of_a_loss_is_a_learning_rate() -> None:
    """phi0 of R equation 4.6."""
    found = loss_analysis(zoo["ace_param"], parameters={"phi0": 3.0, "phi1": 1.0}).effective_rate
    assert dataclasses.astuple(found.at_output) == pytest.approx((3, 3, 3), rel=1e-14)
    assert dataclasses.astuple(found.at_logit) == pytest.approx((3, 3, 3), rel=1e-14)


def test_pushing_back() -> None:
    found = loss_analysis(zoo["sparselsr"]).easy_hard
    assert "pushed down at p = 0.95 to 0.99" in found.summary
    assert "raising one output raises all alike" in loss_analysis("-p").easy_hard.summary


@pytest.mark.parametrize(
    ("loss", "symmetric", "ratios", "words"),
    [
        ("(y - p)**2", True, (1, 1, 1), "alike"),
        ("-y*log(p) - (1 - y)*log(1 - p)", True, (1, 1, 1), "alike"),
        ("-y*log(p)", False, (0, 0, 0), "no push of their own"),
        ("-y*log(p) - 3*(1 - y)*log(1 - p)", False, (3, 3, 3), "False positives are pushed more: 3 to 3 times"),
        ("(1 + y)*(y - p)**2", False, (0.5, 0.5, 0.5), "False positives are pushed less: 0.5 to 0.5"),
        ("-p", False, (-1, -1, -1), "pushed further up"),
        ("p", False, (-1, -1, -1), "pushed further down"),
        ("log(-y)*p", False, (None, None, None), "not defined for y = 1"),
    ],
)
def test_asymmetry(loss: str, symmetric: bool, ratios: tuple[float | None, ...], words: str) -> None:
    found = loss_analysis(loss).asymmetry
    assert found.symmetric == symmetric
    assert words in found.summary
    for miss, ratio in zip(found.misses, ratios, strict=True):
        assert miss.ratio == (None if ratio is None else pytest.approx(ratio, rel=1e-12))


@pytest.mark.parametrize(
    ("loss", "kind", "exponent", "slope", "slope_limit"),
    [
        ("(y - p)**2", "power", 2, "unbounded", math.inf),
        ("f(y, p; delta = 2.5) = delta**2*(sqrt(1 + ((y - p)/delta)**2) - 1)", "power", 1, "bounded", 2.5),
        (str(zoo["cauchy"]), "logarithmic", 1, "redescending", 0),
        (str(zoo["geman_mcclure"]), "bounded", None, "redescending", 0),
        (str(zoo["welsch"]), "bounded", None, "redescending", 0),
        ("sqrt(abs(y - p))", "power", 0.5, "redescending", 0),
        ("abs(y - p)**3", "power", 3, "unbounded", math.inf),
        ("log_cosh(y - p)", "power", 1, "bounded", 1),
        ("log(1 + (y - p)**2)**2", "logarithmic", 2, "redescending", 0),
        ("where(abs(y - p) < 1, 0.5*(y - p)**2, abs(y - p) - 0.5)", "power", 1, "bounded", 1),
        ("arctan((y - p)**2)", "bounded", None, "redescending", 0),
    ],
)
def test_growth_with_the_residual(loss: str, kind: str, exponent: float | None, slope: str, slope_limit: float) -> None:
    found = loss_analysis(loss).robustness.regression
    assert [growth.towards for growth in found] == ["r -> inf", "r -> -inf"]
    for growth in found:
        assert (growth.kind, growth.exponent, growth.slope) == (kind, exponent, slope)
        assert growth.slope_limit.value == pytest.approx(slope_limit, rel=1e-14)
        assert growth.slope_limit.how == "certified"


@pytest.mark.parametrize(
    ("name", "kind", "exponent", "limit"),
    [("ce", "logarithmic", 1, math.inf), ("baikal", "power", 1, math.inf), ("squared", "bounded", None, 1.0)],
)
def test_growth_for_a_wrong_label(name: str, kind: str, exponent: float | None, limit: float) -> None:
    found = loss_analysis(zoo[name]).robustness.classification
    assert found is not None
    assert (found.kind, found.exponent, found.limit.value) == (kind, exponent, limit)


def test_bounded_loss_of_a_wrong_label() -> None:
    """(1 - p**q)/q is no more than 1/q."""
    found = loss_analysis("f(y, p; q = 0.7) = y*(1 - p**q)/q").robustness.classification
    assert found is not None
    assert found.limit.value == pytest.approx(1 / 0.7, rel=1e-15)
    assert found.slope == "unbounded"


def test_readings() -> None:
    known = {"ce": "probability", "welsch": "residual", "evomal_d": "real", "squared": "residual"}
    assert {name: loss_analysis(zoo[name]).reading for name in known} == known
    assert loss_analysis("softplus(z) - y*z").reading == "logit"
    assert loss_analysis("-log(p)").uses_target is False
    assert loss_analysis("-y*log(p)").uses_target is True


def test_beside_another_loss() -> None:
    found = loss_analysis(zoo["lsr"], against=named_loss("ce"))
    assert found.comparison is not None
    assert found.comparison.against == "-y*log(p)"
    assert found.comparison.analysis == loss_analysis("-y*log(p)")
    rows = {row.quantity: row for row in found.comparison.rows}
    null = rows["-dL/dp of the target, null epoch"]
    assert (null.this, null.other) == pytest.approx((9.1, 10), rel=1e-15)
    assert null.ratio == pytest.approx(0.91, rel=1e-15)
    assert rows["-dL/dp of the others, limit at zero error"].ratio is None
    assert rows["-dL/dp of the others, limit at zero error"].this == math.inf


EVERY = {str(zoo[name]): name for name in zoo if zoo.entry(name).kind in ("loss", "gan")}


@pytest.mark.parametrize("name", EVERY.values())
def test_every_loss_of_the_zoo(name: str) -> None:
    if name in SKIPPED:
        with pytest.raises(DomainError, match="target y and the prediction p"):
            loss_analysis(zoo[name])
        return
    started = time.process_time()
    found = loss_analysis(zoo[name])
    assert time.process_time() - started < 1.5
    assert json.loads(json.dumps(dataclasses.asdict(found)))["classes"] == 10
    for point in (found.at_logits.null_epoch, *found.at_logits.zero_error):
        if point.target is not None and point.non_target is not None:
            total = point.target + 9 * point.non_target
            assert abs(total) <= 1e-13 * abs(point.target)


@pytest.mark.parametrize("seed", range(12))
def test_random_losses(seed: int) -> None:
    """Nothing raises, no sample is below the least loss, and values ever closer agree with certified limits."""
    e = generate(seed, Recipe(inputs=("y", "p"), kind="loss", max_size=10, constants=("eps", "C")))
    found = loss_analysis(e)
    subject = Subject.of(e)
    least = found.minimum_target
    if least.value is not None:
        samples = [subject.exact(subject.curve(1.0), p=k / 40) for k in range(1, 40)]
        assert all(value >= least.value - 1e-9 * abs(least.value) for value in samples if value is not None)
    curve = subject.curve(1.0)
    for end in (lambda t, _: t, lambda t, _: 1 - t):
        path = along(curve, {"p": end})
        known = limit(path, subject.values, SIZE)
        if known.how == "certified" and known.value is not None and not subject.undefined(1.0):
            value = float(evaluate_exact(path, {**subject.values, SIZE: 2.0**-900})[0])
            assert value == pytest.approx(known.value, rel=1e-2) if math.isfinite(known.value) else abs(value) > 20
