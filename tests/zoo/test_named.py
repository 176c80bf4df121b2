"""Functions by name with values in brackets, or by formula."""

from __future__ import annotations

import time

import pytest

from symkit import zoo
from symkit.errors import DomainError, ParseError
from symkit.text import parse
from symkit.zoo.named import named, named_function, named_loss


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("ce", "-y*log(p)"),
        ("CE", "-y*log(p)"),
        ("mse", "(y - p)**2"),
        ("Cross Entropy", "-y*log(p)"),
        ("cross-entropy", "-y*log(p)"),
        ("label-smoothing(0.2)", "f(y, p; xi = 0.2, C = 10) = -(y*(1 - xi) + xi/C)*log(p)"),
        ("huber(delta=2)", "f(y, p; delta = 2) = 0.5*(y-p)**2 if abs(y-p) <= delta else delta*(abs(y-p) - 0.5*delta)"),
        ("y - p", "y - p"),
        ("log_cosh", "log(cosh(y - p))"),
        ("log_cosh(y - p)", "log_cosh(y - p)"),
        ("label_smoothing", str(zoo["lsr"])),
        ("lsr(0.2)", "f(y, p; xi = 0.2, C = 10) = -(y*(1 - xi) + xi/C)*log(p)"),
        ("lsr(0.2, 5)", "f(y, p; xi = 0.2, C = 5) = -(y*(1 - xi) + xi/C)*log(p)"),
        ("lsr(C = 100, xi = 1e-3)", "f(y, p; xi = 0.001, C = 100) = -(y*(1 - xi) + xi/C)*log(p)"),
        ("focal(γ = 3)", "f(y, p; gamma = 3) = -y*((1 - p)**gamma*log(p))"),
        ("focal()", str(zoo["focal"])),
        ("ace_param(phi1=1.3)", "f(y, p; phi1 = 1.3) = phi0*y*abs(log(phi1*p))"),
        ("(y - p)**2", "(y - p)**2"),
        ("abs(y-p)", "abs(y - p)"),
        ("max(y, p)", "max(y, p)"),
        ("f(y, p; a = 2) = a*(y - p)**2", "f(y, p; a = 2) = a*(y - p)**2"),
        ("p", "p"),
        ("evomal_e(eps=0.5)", "f(y, p; eps = 0.5) = abs(log((y*p)**2 + eps))"),
    ],
)
def test_reads(text: str, same: str) -> None:
    assert named_loss(text) == parse(same)


def test_every_loss_of_the_zoo_is_known() -> None:
    for name in zoo:
        if zoo.entry(name).kind in ("loss", "gan"):
            assert named_loss(name) == zoo[name]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("lsrr", "nearest name is 'lsr'"),
        ("sparselssr(0.1)", "nearest name is 'sparselsr'"),
        ("nope", "lists those that it has"),
        ("mish", "of kind activation in the zoo; here it must be of kind loss"),
        ("pswish(beta=0.5)", "of kind activation in the zoo"),
        ("lsgan", r"gan_lsgan_d_real, .*nn.GANLoss\(\*zoo.gan\(\"lsgan\"\)\)"),
        ("mish(p)*x", "of p, x|of x, p"),
        ("lsr(0.1, 2, 3)", "takes xi, C; '3' is one value too many"),
        ("ce(0.1)", "takes no values"),
        ("lsr(alpha = 1)", "no parameter 'alpha'; it takes xi, C"),
        ("lsr(xi = 0.1, xi = 0.2)", "given twice"),
        ("lsr(x)", "'x' is no finite number"),
        ("lsr(inf)", "'inf' is no finite number"),
        ("relu(x)", "function of x"),
    ],
)
def test_teaches(text: str, words: str) -> None:
    with pytest.raises(DomainError, match=words):
        named_loss(text)


@pytest.mark.parametrize("text", ["", "lsr(0.1", "y*", "-y*log(p", "nope(1)"])
def test_what_is_no_text(text: str) -> None:
    with pytest.raises(ParseError):
        named_loss(text)


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("mish", "mish(x)"),
        ("swish", "swish(x)"),
        ("SiLU", "swish(x)"),
        ("swish(x)", "swish(x)"),
        ("swish(0.5)", "swish(0.5)"),
        ("pswish(x, 0.5)", "pswish(x, 0.5)"),
        ("pswish(beta=0.5)", "f(x; beta: channel = 0.5) = pswish(x, beta)"),
        ("log_cosh(x)", "log_cosh(x)"),
        ("taylor3(t5=2)", str(zoo["taylor3"].with_values({"t5": 2.0}))),
        ("x*sigmoid(x)", "x*sigmoid(x)"),
        ("p - relu(2)", "p - relu(2)"),
        ("x", "x"),
        ("alpha", "alpha"),
        ("f(x) = x*(x + 1)", "x*(x + 1)"),
        ("gan_lsgan_d_real", "0.5*(p - 1)**2"),
    ],
)
def test_reads_any_function(text: str, same: str) -> None:
    assert named_function(text) == parse(same)


def test_a_function_of_another_kind_is_refused() -> None:
    assert named_function("ce", "loss") == zoo["ce"]
    assert named_function("y", "activation") == parse("y", kind="activation")
    with pytest.raises(DomainError, match="ce is of kind loss in the zoo, not activation"):
        named_function("ce", "activation")
    with pytest.raises(DomainError, match="must be of kind activation"):
        named("op_cafe_u_relu", ("activation",))


@pytest.mark.parametrize("text", ["lsrr(0.2)", "sparse_lssr(xi = 0.1, C = 5)"])
def test_values_after_an_unknown_name_say_the_nearest(text: str) -> None:
    with pytest.raises(DomainError, match="the nearest name is '(sparse_)?lsr'"):
        named_function(text)


def test_the_number_of_classes_of_an_entry_is_an_example() -> None:
    def classes(text: str) -> float | None:
        found = named(text)
        assert found is not None
        return found.for_any_classes.constants.get("C")

    assert zoo["lsr"].constants == {"C": 10.0}
    assert classes("lsr") is None
    assert classes("lsr(0.2)") is None
    assert classes("lsr(C=10)") == 10.0
    assert classes("evomal_e(eps=0.5)") is None


@pytest.mark.parametrize(
    "text", ["a(" + " " * 60_000 + ")", "a" * 60_000 + "(1)", "a(" + "1," * 30_000 + "x)", "- " * 30_000]
)
def test_hostile_text_is_quick(text: str) -> None:
    started = time.process_time()
    assert named(text) is None
    assert time.process_time() - started < 1
