"""`symkit space`."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
from commands import Command

from symkit import spaces

SPACES = [
    (["pangaea"], spaces.pangaea),
    (["pangaea", "--nodes", "4", "--parameters", "1"], lambda: spaces.pangaea(4, 1)),
    (["cafe"], spaces.cafe),
    (["cafe", "--depth", "1"], lambda: spaces.cafe(1)),
    (["aquasurf", "--nodes", "4", "--division", "no_nan"], lambda: spaces.aquasurf(4, division="no_nan")),
    (["evomal", "--depth", "2"], lambda: spaces.evomal(2)),
    (["GLO"], spaces.glo),
    (["n-ary(unary(x), x, x)"], lambda: spaces.schema("n-ary(unary(x), x, x)")),
    (["binary(unary(x), x)", "--operators", "cafe"], lambda: spaces.schema("binary(unary(x), x)", "cafe")),
]


@pytest.mark.parametrize(("arguments", "make"), SPACES)
def test_count(symkit: Command, arguments: list[str], make: object) -> None:
    space = make()  # type: ignore[operator]
    done = symkit("space", *arguments, "--count", "--json")
    assert (done.code, done.err) == (0, "")
    sets = {name: [form.text for form in chosen.forms] for name, chosen in space.operators.items()}
    assert done.json == {
        "space": space.name,
        "schema": space.schema.text,
        "kind": space.kind,
        "count": space.count(),
        "published_count": space.count(published=True),
        "published_unique": space.printed_unique,
        "operators": sets,
    }
    shown = symkit("space", *arguments, "--count")
    assert shown.code == 0
    assert f"{space.name}: {space.count():,} functions" in shown.out


def test_both_counts_of_pangaea(symkit: Command) -> None:
    shown = symkit("space", "pangaea", "--count").out
    assert "10,339,202,744,514" in shown
    assert "10,170,042,948,450" in shown


def test_examples_if_nothing_is_asked(symkit: Command) -> None:
    examples = symkit("space", "glo", "--json").json["examples"]
    assert examples == [str(e) for e in spaces.glo().sample(0, 5)]
    assert examples[0] in symkit("space", "glo").out


@pytest.mark.parametrize("how", ["uniform", "initial"])
def test_sample(symkit: Command, how: str) -> None:
    done = symkit("space", "cafe", "--depth", "2", "--sample", "5", "--seed", "1", "--how", how)
    wanted = [str(e) for e in spaces.cafe(2).sample(random.Random(1), 5, how=how)]  # type: ignore[arg-type]
    assert (done.code, done.out.splitlines(), done.err) == (0, wanted, "")
    found = symkit("space", "cafe", "--depth", "2", "--sample", "5", "--seed", "1", "--how", how, "--json").json
    assert found == {"space": "CAFE S_2", "count": spaces.cafe(2).count(), "functions": wanted}


def test_list_and_rank(symkit: Command) -> None:
    space = spaces.aquasurf()
    done = symkit("space", "aquasurf", "--list", "1788:1791", "--json")
    assert done.json["functions"] == [str(space[rank]) for rank in range(1788, 1791)]
    assert done.json["start"] == 1788
    assert "1790  tanh(x)*erf(x)" in symkit("space", "aquasurf", "--list", "1788:1791").out
    assert symkit("space", "aquasurf", "--list", "1790", "--json").json["functions"] == ["tanh(x)*erf(x)"]
    ranked = symkit("space", "aquasurf", "--rank", "tanh(x)*erf(x)", "--json")
    assert ranked.json == {"space": "AQuaSurF, 3 nodes", "rank": 1790, "text": "tanh(x)*erf(x)"}
    assert "1,790 of 5,103" in symkit("space", "aquasurf", "--rank", "tanh(x)*erf(x)").out


def test_contains_tells_by_the_exit_status(symkit: Command) -> None:
    inside = symkit("space", "aquasurf", "--contains", "-x + erf(x)")
    assert (inside.code, inside.out) == (0, "-x + erf(x) is a member of AQuaSurF, 3 nodes.\n")
    outside = symkit("space", "aquasurf", "--contains", "gelu(x)", "--json")
    assert (outside.code, outside.json["contains"]) == (1, False)


def test_mutate(symkit: Command) -> None:
    done = symkit("space", "pangaea", "--mutate", "tanh(x)*erf(x)", "--seed", "3")
    assert (done.code, done.out.strip()) == (0, str(spaces.pangaea().mutate("tanh(x)*erf(x)", 3)))


@pytest.mark.parametrize("level", ["program", "values"])
def test_unique(symkit: Command, level: str) -> None:
    arguments = ["space", "aquasurf", "--unique", "--level", level, "--points", "200", "--seed", "4", "--groups", "2"]
    wanted = spaces.aquasurf().unique(level, points=200, seed=4)  # type: ignore[arg-type]
    groups = [[str(e) for e in group] for group, _ in zip(wanted.groups(), range(2), strict=False)]
    found = symkit(*arguments, "--json").json
    assert found == {
        "space": "AQuaSurF, 3 nodes",
        "level": level,
        "total": 5103,
        "distinct": wanted.distinct,
        "points": 200 if level == "values" else None,
        "digits": None,
        "published_unique": 2913,
        "groups": [{"size": len(group), "functions": group[:5]} for group in groups],
    }
    shown = symkit(*arguments).out
    assert f"{wanted.distinct:,} of 5,103 functions are different" in shown
    assert groups[0][0] in shown


def test_really_different_ones(symkit: Command) -> None:
    found = symkit("space", "aquasurf", "--unique", "--level", "function", "--json").json
    assert (found["distinct"], found["groups"][0]["size"]) == (2791, 142)


@pytest.mark.parametrize("chosen", [[], ["--unique", "--digits", "2"], ["--unique", "--level", "program"]])
def test_what_is_saved(symkit: Command, chosen: list[str], tmp_path: Path) -> None:
    path = tmp_path / "values.npy"
    done = symkit("space", "aquasurf", "--save", str(path), "--points", "20", "--seed", "3", *chosen, "--json")
    population = spaces.Population(spaces.aquasurf(), points=20, seed=3)
    level = "program" if "program" in chosen else "values"
    same = population.unique(level, 2 if "--digits" in chosen else None)  # type: ignore[arg-type]
    wanted = population.values(same.first if chosen else None)
    np.testing.assert_array_equal(np.load(path), wanted)
    assert done.json == {"space": "AQuaSurF, 3 nodes", "file": str(path), "functions": len(wanted)}
    assert done.err == ""


def test_crossover_and_path(symkit: Command) -> None:
    space, parents = spaces.cafe(1), ("tanh(x) + erf(x)", "sin(x)*erf(x)")
    for option, child in (("--crossover", space.crossover(*parents, 5)), ("--path", space.between(*parents, 5))):
        done = symkit("space", "cafe", "--depth", "1", option, *parents, "--seed", "5")
        assert (done.code, done.out, done.err) == (0, f"{child}\n", "")
