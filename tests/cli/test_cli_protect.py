"""`symkit protect` and `symkit enforce`."""

from __future__ import annotations

import pytest
from commands import Command

from symkit import enforce, parse, protect
from symkit.checking import unprotected

FORMULAS = [
    "y*log(p)/p",
    "x/(1 + exp(x))",
    "sqrt(x) + x**-2",
    "-x**2",
    "-log(p)",
    "f(x; alpha: channel = 0.5, eps = 0.25) = log(alpha*x)",
    "3",
]


@pytest.mark.parametrize("division", ["aq", "divide_no_nan"])
@pytest.mark.parametrize("text", FORMULAS)
def test_protect_json(symkit: Command, text: str, division: str) -> None:
    done = symkit("protect", text, "--division", division, "--json")
    assert (done.code, done.err) == (0, "")
    e = parse(text)
    found = protect(e, division=division)
    assert done.json == {
        "text": str(found),
        "original": str(e),
        "division": division,
        "unprotected": list(unprotected(found)),
        "changed": found != e,
    }


def test_protect_prints_a_card(symkit: Command) -> None:
    assert symkit("protect", "y*log(p)/exp(p)").out.splitlines() == [
        "aq(y*log_abs_eps(p), exp(p))",
        "was          y*log(p)/exp(p)",
        "unprotected  exp: may overflow",
    ]
    assert symkit("protect", "x**2").out.splitlines() == [
        "x**2",
        "was          the same: nothing needs protection",
        "unprotected  none",
    ]


@pytest.mark.parametrize("text", ["p**2 + (y - y)", "y - p", "abs(y - p)", "-p", "f(z; a = 0.5) = a*z"])
def test_enforce_json(symkit: Command, text: str) -> None:
    done = symkit("enforce", text, "--seed", "5", "--json")
    assert (done.code, done.err) == (0, "")
    e = parse(text)
    found = enforce(e, rng=5)
    assert done.json == {"text": str(found), "original": str(e), "seed": 5, "changed": found != e}
    assert symkit("enforce", text, "--seed", "5", "--json").out == done.out


def test_enforce_prints_a_card(symkit: Command) -> None:
    assert symkit("enforce", "y*log(p)", "--seed", "1").out == "softplus(y*log(p))\nwas  y*log(p)\n"
    assert symkit("enforce", "abs(y - p)", "--seed", "1").out == "abs(y - p)\nwas  the same: it is legal\n"


def test_seeds_differ(symkit: Command) -> None:
    assert len({symkit("enforce", "p", "--seed", str(seed)).out for seed in range(10)}) > 3


def test_kind_may_be_given(symkit: Command) -> None:
    assert symkit("enforce", "1", "--kind", "loss", "--seed", "2").code == 0


def test_formulas_from_standard_input(symkit: Command) -> None:
    assert symkit("protect", "-", stdin="1/x\n").out.startswith("aq(1, x)\n")
    assert symkit("enforce", "-", "--seed", "1", stdin="exp(y - p)\n").out.startswith("exp(y - p)\n")


BAD = [
    (["protect"], "EXPR"),
    (["protect", "x +"], "line 1, column"),
    (["protect", "x", "--division", "fast"], "division 'fast' is not one of aq, divide_no_nan"),
    (["protect", "x", "--kind", "cat"], "activation, loss, plain"),
    (["protect", "f(x; eps = 0) = log(x)"], "keeps no operand away from 0"),
    (["protect", "-foo(x)"], "unknown function 'foo'"),
    (["enforce", "p"], "--seed"),
    (["enforce", "p", "--seed", "one"], "integer"),
    (["enforce", "x", "--seed", "1"], "enforce is for losses; x has kind activation"),
    (["enforce", "3", "--seed", "1"], 'kind="loss"'),
    (["enforce", "p +", "--seed", "1"], "ends too early"),
    (["enforce", "f(p; y = 2) = p*y", "--seed", "1"], "y is a parameter"),
]


@pytest.mark.parametrize(("arguments", "said"), BAD, ids=[" ".join(arguments) for arguments, _ in BAD])
@pytest.mark.parametrize("as_json", [False, True], ids=["text", "json"])
def test_bad_input(symkit: Command, arguments: list[str], said: str, as_json: bool) -> None:
    done = symkit(*arguments, *(["--json"] if as_json else []))
    assert (done.code, done.out) == (2, "")
    assert said in done.err
