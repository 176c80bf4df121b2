"""Lists of expressions as one graph: each term is looked at once, and every list has the numbers of its expressions."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

import numpy as np
import pytest

from symkit import parse
from symkit.errors import DomainError, LimitError
from symkit.nn import functional
from symkit.spaces import Recipe, aquasurf, generated, schema, unique
from symkit.spaces.forms import Form
from symkit.spaces.populations import programs as programs_module
from symkit.spaces.populations.listing import numbered
from symkit.spaces.populations.numbering import Numbers
from symkit.spaces.populations.programs import Programs
from symkit.spaces.populations.values import Values


class Recorder:
    """An evaluator that numbers terms by their text, and notes what it is asked."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.asked: list[str] = []
        self.kept: set[int] = set()

    def leaf(self, form: Form) -> int:
        return self._number(form.text, True)

    def apply(self, forms: Sequence[Form], which: Numbers, operands: Numbers, *, keep: bool) -> Numbers:
        assert set(operands.ravel().tolist()) <= self.kept
        assert operands.shape == (len(which), forms[0].arity)
        texts = [
            f"{forms[w].text}({', '.join(self.texts[i] for i in row)})"
            for w, row in zip(which.tolist(), operands.tolist(), strict=True)
        ]
        return np.array([self._number(text, keep) for text in texts], np.int64)

    def _number(self, text: str, keep: bool) -> int:
        self.asked.append(text)
        if text not in self.texts:
            self.texts.append(text)
        number = self.texts.index(text)
        if keep:
            self.kept.add(number)
        return number


def test_each_term_is_looked_at_once() -> None:
    recorder = Recorder()
    texts = ["tanh(x)*exp(x)", "tanh(x) + exp(x)", "exp(tanh(x))", "tanh(x)"]
    found = numbered([parse(text) for text in texts], recorder)
    assert [recorder.texts[i] for i in found] == [
        "mul(tanh(x), exp(x))",
        "add(tanh(x), exp(x))",
        "exp(tanh(x))",
        "tanh(x)",
    ]
    assert len(recorder.asked) == len(set(recorder.asked)) == 6


def test_only_operands_are_kept() -> None:
    recorder = Recorder()
    found = numbered([parse("exp(tanh(x))"), parse("tanh(x)"), parse("sin(x)")], recorder)
    assert [number in recorder.kept for number in found.tolist()] == [False, True, False]


def test_parameters_are_their_values_or_names_by_place() -> None:
    e = parse("f(x; beta = 2, alpha = 0.5) = alpha*x + beta")
    recorder = Recorder()
    numbered([e], recorder)
    assert {"0.5", "2.0"} <= set(recorder.texts)
    recorder = Recorder()
    found = numbered([e, parse("u*x + v"), parse("u*x + u")], recorder, families=True)
    assert found[0] == found[1] != found[2]
    assert not {"alpha", "beta", "u"} & set(recorder.texts)


def test_constants_are_numbers() -> None:
    found = numbered([parse("pi*x"), parse("3.141592653589793*x"), parse("e*x")], Recorder())
    assert found[0] == found[1] != found[2]
    losses = [parse("L(y, p; C = 10) = p/C"), parse("L(y, p) = p/10"), parse("L(y, p; C = 3) = p/C")]
    values = Values({"y": [0.5], "p": [0.25]}, "float64")
    numbers = numbered(losses, values)
    rows = np.concatenate(list(values.values(numbers)))
    assert rows[:, 0].tolist() == [0.025, 0.025, 0.25 / 3]
    with pytest.raises(DomainError, match="number of classes"):
        numbered([parse("L(y, p) = p/C")], Recorder())


def test_families_have_constants_as_spaces_have_them() -> None:
    space = schema("binary(binary(p, y), unary(p | 1 | 0))", "evomal")
    in_space, in_list = (unique(f, "function") for f in (space, list(space)))
    np.testing.assert_array_equal(in_space.labels, in_list.labels)
    texts = ["p/C", "f(y, p; C = 10) = p/C", "p/10", "log_abs_eps(p)", "log(abs(p) + eps)", "log(abs(p) + 1e-7)"]
    texts += ["f(y, p; eps = 1e-7) = log_abs_eps(p)", "f(y, p; eps = 1e-3) = log_abs_eps(p)", "log(abs(p) + 1e-3)"]
    assert unique(["y*0 + p", *texts], "function").labels.tolist() == [0, 1, 2, 2, 3, 3, 4, 3, 5, 5]


def test_the_same_expression_twice_has_one_number() -> None:
    expressions = [parse("x"), parse("relu(x)"), parse("x"), parse("2"), parse("relu(x)"), parse("2.0")]
    found = numbered(expressions, Recorder()).tolist()
    assert found == [found[0], found[1], found[0], found[3], found[1], found[3]]
    assert len(set(found)) == 3


def test_no_expressions_have_no_numbers() -> None:
    assert numbered([], Recorder()).shape == (0,)


def test_programs_of_random_expressions_are_told_apart_as_digests_are() -> None:
    recipe = Recipe(max_size=6, parameters=("alpha", "beta"), constants=(), literals=(0.5, 1.0))
    expressions = list(islice(generated(4, recipe), 2000))
    first: dict[str, int] = {}
    by_digest = [first.setdefault(e.digest, place) for place, e in enumerate(expressions)]
    assert len(first) < len(expressions) - 50
    numbers = numbered(expressions, Programs(), families=True)
    _, places, inverse = np.unique(numbers, return_index=True, return_inverse=True)
    np.testing.assert_array_equal(places[inverse], by_digest)


def test_values_of_a_list_are_those_of_layers() -> None:
    import torch

    x = np.random.default_rng(3).normal(size=64).astype(np.float32)
    expressions = list(aquasurf(3).enumerate(0, None, 97))
    values = Values(x)
    rows = np.concatenate(list(values.values(numbered(expressions, values))))
    for e, row in zip(expressions, rows, strict=True):
        expected = functional(e, backend="cpu", stabilise=False)(torch.from_numpy(x)).numpy()
        np.testing.assert_array_equal(row, expected, err_msg=str(e))


def test_too_many_terms_are_an_error_and_no_wrong_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    space = schema("binary(unary(x), unary(x))", {"unary": ["exp", "tanh"], "binary": ["add", "f(a, b) = a*b - a/b"]})
    assert space.unique("program").distinct == 7
    monkeypatch.setattr(programs_module, "SHIFT", 4)
    with pytest.raises(LimitError, match="more than 16 different terms"):
        space.unique("program")
