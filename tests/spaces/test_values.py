"""Functions told apart by their values: against the backend, against comparing all, and against published counts."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

import numpy as np
import pytest
import torch

from symkit.errors import DomainError, LimitError
from symkit.nn import functional
from symkit.spaces.forms import form, leaf
from symkit.spaces.populations.numbering import Numbering, Numbers
from symkit.spaces.populations.values import Values, first_places
from symkit.spaces.published import aquasurf, schema
from symkit.spaces.space import Space

DTYPES = ("float32", "float64")
POINTS = np.random.default_rng(5).normal(size=100)

UNARY = ["exp", "elu", "neg", "i1e", "min(x, 0)", "x**2 - x", "reciprocal", "relu"]
SPACES = (
    schema("unary(binary(unary(x), unary(x)))", {"unary": UNARY, "binary": ["pow", "sub", "max"]}),
    schema(
        "tri(unary(p), unary(y), 1) | binary(binary(p, y), binary(y, -1))",
        {"unary": UNARY, "binary": ["div", "mul"], "tri": ["f(a, b, c) = a*b + c", "f(a, b, c) = max(a, b, c)"]},
    ),
)


@pytest.fixture(autouse=True)
def threads() -> Iterator[None]:
    """As many threads afterwards as before."""
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def points_of(space: Space) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(2)
    return {name: rng.normal(size=100) for name in space.inputs}


def by_backend(space: Space, rank: int, dtype: str) -> np.ndarray:
    """The values of a member as users get them."""
    function = functional(space[rank], backend="cpu", stabilise=False)
    return function(*(torch.from_numpy(values.astype(dtype)) for values in points_of(space).values())).numpy()


def plain(values: np.ndarray) -> bytes:
    """Bits, with -0 as +0 and all NaNs alike."""
    values = np.where(np.isnan(values), values.dtype.type(np.nan), values)
    return np.where(values == 0, values.dtype.type(0), values).tobytes()


def evaluated(space: Space, dtype: str = "float32") -> tuple[Values, Numbers]:
    evaluator = Values(points_of(space), dtype)
    return evaluator, Numbering(evaluator).of(space.members)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("space", SPACES, ids=["activations", "losses"])
def test_values_are_those_of_the_backend_to_the_bit(space: Space, dtype: str) -> None:
    evaluator, numbers = evaluated(space, dtype)
    chosen = Random(1).sample(range(space.count()), 30)
    blocks = list(evaluator.values(numbers[chosen], block=7))
    assert [block.shape for block in blocks] == [(7, 100)] * 4 + [(2, 100)]
    for row, rank in zip(np.concatenate(blocks), chosen, strict=True):
        assert row.dtype == dtype
        assert plain(row) == plain(by_backend(space, rank, dtype)), space[rank]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("space", SPACES, ids=["activations", "losses"])
def test_prints_are_equal_where_values_are(space: Space, dtype: str) -> None:
    evaluator, numbers = evaluated(space, dtype)
    prints = evaluator.prints(numbers)
    values = [plain(row) for block in evaluator.values(numbers) for row in block]
    pairs = set(zip(prints.tolist(), values, strict=True))
    assert len(pairs) == len(set(prints.tolist())) == len(set(values))
    assert 1 < len(pairs) < space.count()


# torch finds 2,893 to 2,918 by dtype, points and division; B appendix A.4.3 prints 2,913.
@pytest.mark.parametrize(("dtype", "division"), [("float32", "ieee"), ("float64", "no_nan")])
def test_count_of_the_benchmark(dtype: str, division: str) -> None:
    space = aquasurf(3, division=division)
    counts = []
    for seed in range(2):
        evaluator = Values(np.random.default_rng(seed).normal(size=1000).clip(-5, 5), dtype)
        prints = evaluator.prints(Numbering(evaluator).of(space.members))
        assert prints.shape == (5103,)
        counts.append(len(np.unique(prints)))
    assert all(2890 <= count <= 2920 for count in counts)
    assert abs(counts[0] - counts[1]) <= 3


def test_threads_change_nothing() -> None:
    found = []
    for threads in (1, 2):
        torch.set_num_threads(threads)
        evaluator, numbers = evaluated(SPACES[0])
        found.append((numbers, evaluator.prints(numbers)))
    assert np.array_equal(found[0][0], found[1][0])
    assert np.array_equal(found[0][1], found[1][1])


def test_zeros_of_either_sign_are_one_function_but_two_operands() -> None:
    evaluator = Values(POINTS)
    forms = [form("x*0"), form("abs(x)*0"), form("reciprocal"), form("x - x"), form("neg")]
    x = np.full((3, 1), evaluator.leaf(leaf("x")))
    signed, plus, zero = evaluator.apply(forms, np.array([0, 1, 3]), x, keep=True)
    assert signed != plus == zero
    assert len(set(evaluator.prints(np.array([signed, plus, zero])))) == 1
    over = evaluator.apply(forms, np.array([2, 2]), np.array([[signed], [plus]]), keep=False)
    assert len(set(evaluator.prints(over))) == 2
    (same,) = evaluator.apply(forms, np.array([0]), x[:1], keep=False)
    assert same < 0
    assert evaluator.prints(np.array([same])) == evaluator.prints(np.array([plus]))


def test_numbers_of_results_that_are_kept() -> None:
    evaluator = Values(POINTS)
    forms = [form("exp"), form("tanh"), form("f(x) = exp(x*1)"), form("identity")]
    x = evaluator.leaf(leaf("x"))
    first = evaluator.apply(forms, np.array([1, 0, 2, 3]), np.full((4, 1), x), keep=True)
    assert first.tolist() == [1, 2, 2, x]
    again = evaluator.apply(forms, np.array([0, 0, 1]), np.array([[x], [1], [x]]), keep=True)
    assert again.tolist() == [2, 3, 1]
    (values,) = evaluator.values(again)
    assert np.allclose(values[1], np.exp(np.tanh(POINTS)), rtol=1e-6)


def test_leaves() -> None:
    evaluator = Values({"y": POINTS, "p": POINTS + 1}, "float64")
    numbers = [evaluator.leaf(leaf(value)) for value in ("p", "y", 1, "p", 1.0)]
    assert numbers == [0, 1, 2, 0, 2]
    (values,) = evaluator.values(np.array(numbers[:3]))
    assert np.array_equal(values, [POINTS + 1, POINTS, np.ones(100)])
    with pytest.raises(DomainError, match="no points for the input 'x', only for y, p"):
        evaluator.leaf(leaf("x"))


def test_nothing_to_apply() -> None:
    evaluator = Values([0.5])
    evaluator.leaf(leaf("x"))
    for keep in (False, True):
        found = evaluator.apply([form("exp")], np.empty(0, np.int64), np.empty((0, 1), np.int64), keep=keep)
        assert found.shape == (0,)
        assert evaluator.prints(found).shape == (0,)
    assert list(evaluator.values(np.empty(0, np.int64))) == []


def test_room_for_rows_grows() -> None:
    evaluator = Values(POINTS, "float64")
    double = [form("f(x) = 1.25*x")]
    numbers = [evaluator.leaf(leaf("x"))]
    for _ in range(700):
        numbers += evaluator.apply(double, np.zeros(1, np.int64), np.array([numbers[-1:]]), keep=True).tolist()
    assert numbers == list(range(701))
    (values,) = evaluator.values(np.array([0, 700]))
    assert np.array_equal(values[0], POINTS)
    assert np.allclose(values[1], POINTS * 1.25**700, rtol=1e-12)


def test_what_cannot_be() -> None:
    with pytest.raises(DomainError, match="got shapes y: \\(3,\\), p: \\(2,\\)"):
        Values({"y": [1, 2, 3], "p": [1, 2]})
    for points in ([], {}, [[1.0]], 1.0):
        with pytest.raises(DomainError, match="points must be"):
            Values(points)
    with pytest.raises(DomainError, match="dtype 'float16' is not"):
        Values([1.0], "float16")  # type: ignore[arg-type]
    evaluator = Values(POINTS)
    x = np.array([[evaluator.leaf(leaf("x"))]])
    lost = evaluator.apply([form("exp")], np.zeros(1, np.int64), x, keep=False)
    with pytest.raises(DomainError, match="are asked for"):
        evaluator.apply([form("exp")], np.zeros(1, np.int64), lost[:, None], keep=False)
    for stranger in (3, -5):
        with pytest.raises(DomainError, match="there is no function"):
            list(evaluator.values(np.array([stranger])))


def test_a_limit_on_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("symkit.spaces.populations.values.MOST_BYTES", 2**20)
    evaluator = Values(np.linspace(-1, 1, 2**17))
    x = np.array([[evaluator.leaf(leaf("x"))]])
    evaluator.apply([form("exp")], np.zeros(1, np.int64), x, keep=True)
    with pytest.raises(LimitError, match="3 different operands at 131072 points take more than 0.000976562 GiB"):
        evaluator.apply([form("sinh")], np.zeros(1, np.int64), x, keep=True)


def test_first_places_are_those_of_numpy() -> None:
    prints = np.random.default_rng(0).integers(0, 900, 2000).astype(np.uint64) << np.uint64(50)
    for given in (prints, prints[:1], prints[:0]):
        for found, expected in zip(first_places(given), np.unique(given, True, True), strict=True):
            assert np.array_equal(found, expected)
