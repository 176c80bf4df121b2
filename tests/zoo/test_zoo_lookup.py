"""Looking functions up: by name, and by what an expression is."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping

import pytest

import symkit
from symkit import zoo
from symkit.errors import ParseError, SymkitError
from symkit.text import Expression, parse

FIRST = [
    ("mish(x)", "mish", "digest"),
    ("x*tanh(log(1 + exp(x)))", "mish", "value"),
    ("max(x, 0)", "relu", "value"),
    ("x*sigmoid(x)", "swish", "value"),
    ("f(t) = t*sigmoid(t)", "swish", "value"),
    ("log(exp(x) + 1)", "softplus", "value"),
    ("x - log_sigmoid(x)", "pangaea_x_minus_logsig", "digest"),
    ("1.05070098*x if x >= 0 else 1.05070098*1.67326324*(exp(x) - 1)", "selu", "value"),
    ("0.5*x*(1 + tanh(sqrt(2/pi)*(x + 0.044715*x**3)))", "gelu_tanh", "value"),
    ("x*(1 + erf(x/sqrt(2)))/2", "gelu", "value"),
    ("x*sigmoid(b*x)", "pswish", "value"),
    ("b*x - a*log_sigmoid(c*x)", "pangaea_ax_b_logsig", "digest"),
    ("a*x + b*softplus(-c*x)", "pangaea_ax_b_logsig", "value"),
    ("min(arcsinh(x), 0)", "cafe_s2_acc_1", "value"),
    ("min(0.7*x, 0) + max(x, 0)", None, ""),
    ("y*abs(log(1.1*p))", "ace_param", "value"),
    ("log(p)*(-y)", "ce", "digest"),
    ("(p - y)**2", "squared", "value"),
    ("(y + p)*(y*y + p*p)", "evomal_d", "value"),
    ("log(1 - p)", "gan_minimax_g_fake", "digest"),
    ("-(y*(1 - a) + a/C)*log(p)", "lsr", "digest"),
    ("sin(x)", None, ""),
    ("log(abs(x))", None, ""),
    ("max(x, 0) + 1e-6", None, ""),
    ("abs(log((y*p)**2 + 1e-6))", None, ""),
]


@pytest.mark.parametrize(("text", "name", "by"), FIRST)
def test_find_puts_the_best_match_first(text: str, name: str | None, by: str) -> None:
    found = zoo.find(text)
    if name is None:
        assert found == []
    else:
        assert (found[0].name, found[0].by) == (name, by)


def test_find_lists_every_function_of_the_same_values() -> None:
    assert [m.name for m in zoo.find("x - log_sigmoid(x)")][:2] == ["pangaea_x_minus_logsig", "softplus"]
    assert [m.name for m in zoo.find("max(swish(x), 0)")] == ["pangaea_max_swish_0", "pangaea_ne_relu_swish"]
    assert [m.name for m in zoo.find("-y*log(p)")] == ["ce", "log_loss_slide"]


def test_find_tells_at_which_initial_values_a_family_is_the_function() -> None:
    found = {m.name: m.parameters for m in zoo.find("swish(x)")}
    assert found["swish"] == {}
    assert found["pswish"] == {"beta": 1.0}
    assert found["pangaea_gen_min"] == {"alpha": 1.0, "beta": 1.0}


@pytest.mark.parametrize("text", ["b*x - a*log_sigmoid(c*x)", "b*x + a*softplus(-c*x)"])
def test_find_maps_the_parameters(text: str) -> None:
    assert zoo.find(text)[0].parameters == {"alpha": "b", "beta": "a", "gamma": "c"}


def test_find_knows_the_difference_of_rounded_constants() -> None:
    (match,) = zoo.find("1.05070098*(x if x >= 0 else 1.67326324*(exp(x) - 1))")[:1]
    assert match.name == "selu"
    assert 1e-9 < match.difference < 1e-8


@pytest.mark.parametrize("name", list(zoo))
def test_every_entry_finds_itself_or_a_twin(name: str) -> None:
    found = zoo.find(zoo[name], operators=True)
    same = [match for match in found if match.by == "digest"]
    assert found[0] is same[0]
    assert found[0].entry.expression.digest == zoo[name].digest
    assert name in [match.name for match in same]


def test_find_leaves_operators_out_unless_asked() -> None:
    assert all(match.entry.kind != "constraint-op" for match in zoo.find("max(x, 0)"))
    assert zoo.find("max(x, 0)", operators=True)[0].name == "op_cafe_u_relu"


def test_find_needs_text_that_parses() -> None:
    with pytest.raises(ParseError):
        zoo.find("max(x")


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("mihs", "'mish'"),
        ("leaky_rleu", "'leaky_relu'"),
        ("cros entropy", "'cross_entropy'"),
        ("qqqqq", r"list\(zoo\)"),
    ],
)
def test_unknown_name_says_the_nearest(name: str, hint: str) -> None:
    with pytest.raises(KeyError, match=hint) as caught:
        zoo[name]
    assert isinstance(caught.value, SymkitError)
    assert str(caught.value).startswith(f"the zoo holds no {name!r}")


def test_it_is_a_mapping() -> None:
    assert isinstance(zoo, Mapping)
    assert isinstance(zoo["mish"], Expression)
    assert zoo["mish"] == parse("mish(x)")
    assert zoo["MISH"] is zoo["mish"]
    assert zoo["cross entropy"] is zoo["Cross-Entropy"] is zoo["ce"]
    assert zoo["silu"] is zoo["swish"]
    assert "cross_entropy" in zoo
    assert "cross_entropy" not in list(zoo)
    assert len(zoo) == len(list(zoo)) == len(zoo.items())
    assert "mish" in zoo
    assert "nothing" not in zoo
    assert 3 not in zoo
    assert zoo.get("nothing") is None


def test_it_is_still_a_module() -> None:
    assert zoo is sys.modules["symkit.zoo"]
    assert zoo is symkit.zoo
    assert zoo == symkit.zoo
    assert zoo in {zoo}


@pytest.mark.parametrize("first", ["symkit.zoo", "symkit.zoo.entries", "symkit"])
def test_it_works_whatever_was_imported_first(first: str) -> None:
    code = f"import {first}; from symkit import zoo; import symkit; print(zoo['mish'], symkit.zoo['mish'])"
    assert _run(code) == "mish(x) mish(x)"


def test_nothing_is_read_or_parsed_before_it_is_needed() -> None:
    code = (
        "import sys; from symkit import zoo; from symkit.zoo.entries import read_entries;"
        "before = read_entries.cache_info().currsize; zoo['mish'];"
        "parsed = [e.name for e in read_entries().values() if 'expression' in vars(e)];"
        "print(before, parsed, 'numpy' in sys.modules)"
    )
    assert _run(code) == "0 ['mish'] False"


def _run(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.strip()
