"""`symkit zoo`."""

from __future__ import annotations

import pytest
from commands import Command

from symkit.zoo.catalogue import catalogue
from symkit.zoo.entries import KINDS

GANS = [triple.name for triple in catalogue.gans()]


def test_the_list_has_every_function_on_a_line(symkit: Command) -> None:
    done = symkit("zoo")
    assert done.code == 0
    others = [name for name in catalogue if catalogue.entry(name).kind != "gan"]
    listed = [line.split()[0] for line in done.out.splitlines()[1:]]
    assert listed == sorted([*others, *GANS], key=listed.index)
    assert len(listed) == len(others) + len(GANS)
    facts = symkit("zoo", "--json").json
    assert facts["count"] == len(catalogue)
    assert [entry["name"] for entry in facts["entries"]] == list(catalogue)


@pytest.mark.parametrize("kind", KINDS)
def test_the_list_may_be_of_one_kind(symkit: Command, kind: str) -> None:
    entries = symkit("zoo", "--kind", kind, "--json").json["entries"]
    assert [entry["name"] for entry in entries] == [name for name in catalogue if catalogue.entry(name).kind == kind]


def test_search_looks_at_names_titles_formulas_and_sources(symkit: Command) -> None:
    def names(*options: str) -> set[str]:
        return {entry["name"] for entry in symkit("zoo", *options, "--json").json["entries"]}

    assert names("--search", "Huber") == {"huber", "pseudo_huber", "smooth_l1"}
    assert names("--search", "huber", "--kind", "loss") == {"huber", "pseudo_huber", "smooth_l1"}
    assert names("--search", "label_smoothing") == {"lsr", "sparselsr"}
    assert "elish" in names("--search", "elish(x)")
    sourced = names("--search", "B table 4.2")
    assert "pangaea_logsig_b_asinh" in sourced
    assert "relu" not in sourced


def test_search_without_a_hit_is_a_no(symkit: Command) -> None:
    done = symkit("zoo", "--search", "no such word")
    assert (done.code, done.out) == (1, "")
    assert "no such word" in done.err
    done = symkit("zoo", "--search", "no such word", "--json")
    assert done.code == 1
    assert done.json == {"count": 0, "entries": []}


def test_one_function_with_its_formula_source_and_figures(symkit: Command) -> None:
    entry = catalogue.entry("pangaea_logsig_b_asinh")
    out = symkit("zoo", entry.name).out
    assert entry.text in out
    assert all(source in out for source in entry.sources)
    assert all(str(figure) in out for figure in entry.published)
    assert "Bingham" in out
    facts = symkit("zoo", entry.name.upper(), "--json").json
    for name in ("name", "title", "kind", "family", "text", "note", "equals", "initially"):
        assert facts[name] == getattr(entry, name)
    assert facts["published"][0]["value"] == entry.published[0].value
    assert facts["expression"]["digest"] == entry.expression.digest


@pytest.mark.parametrize("kind", KINDS)
def test_the_kind_of_each_is_listed(symkit: Command, kind: str) -> None:
    assert {line.split()[1] for line in symkit("zoo", "--kind", kind).out.splitlines()[1:]} == {kind}


def test_the_losses_of_a_gan_are_shown_together(symkit: Command) -> None:
    done = symkit("zoo", "gan_lsgan")
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("lsgan: LSGAN\n")
    for role in ("d_real", "d_fake", "g_fake"):
        entry = catalogue.entry(f"gan_lsgan_{role}")
        assert f"{entry.text} ({entry.name})" in done.out
    assert 'GANLoss(*symkit.zoo.gan("lsgan"))' in done.out
    assert "slides, November 2024" in done.out
    facts = symkit("zoo", "lsgan", "--json").json
    assert [facts[role]["text"] for role in ("d_real", "d_fake", "g_fake")] == [str(e) for e in catalogue.gan("lsgan")]


def test_other_names_are_shown_and_known(symkit: Command) -> None:
    assert symkit("zoo", "Sparse-LSR").out == symkit("zoo", "sparselsr").out
    assert "sparse_lsr" in symkit("zoo", "sparselsr").out


def test_the_usage_writes_the_name_in_one_pair_of_brackets(symkit: Command) -> None:
    assert "[OPTIONS] [NAME]" in symkit("zoo", "--help").out


@pytest.mark.parametrize("name", ["smooth_leaky_relu", "pau", "minimax", "gan_minimax_d_real", "ace_param"])
def test_cards_of_all_sorts_are_printed(symkit: Command, name: str) -> None:
    done = symkit("zoo", name)
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith(f"{name}: ")


def test_find_says_what_a_formula_is(symkit: Command) -> None:
    matches = symkit("zoo", "--find", "log(sigmoid(b*x))*a*arcsinh(x)", "--json").json["matches"]
    assert matches[0]["name"] == "pangaea_logsig_b_asinh"
    assert matches[0]["parameters"] == {"alpha": "b", "beta": "a"}
    out = symkit("zoo", "--find", "x/(1 + exp(-x))").out
    assert out.splitlines()[0] == "swish                swish(x) (by value)"
    assert "pswish(x, beta) (by value, at beta = 1)" in out


def test_find_without_a_match_is_a_no(symkit: Command) -> None:
    done = symkit("zoo", "--find", "x + 3.25*sin(x)")
    assert (done.code, done.out) == (1, "")
    assert "no function of the zoo is x + 3.25*sin(x)" in done.err
    done = symkit("zoo", "--find", "x + 3.25*sin(x)", "--json")
    assert done.code == 1
    assert done.json["matches"] == []
