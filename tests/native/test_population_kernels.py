"""Many Programs on rows of numbers: their values against the backend's, and fingerprints against their definition."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from kernels import CPU, assorted

from symkit.backends import prepared
from symkit.backends.native.population import BLOCK, WIDTH, Rows, Words, run
from symkit.backends.native.population_prints import SHIFT, Prints, key_words, mixed
from symkit.errors import DomainError
from symkit.ir import Program, renamed
from symkit.text import parse

TEXTS = ("exp(x)", "elu(x)", "sin(x)", "x/y", "max(x, y)", "x*y*z", "x - 2*y + z*z", "tanh(x)", "i1e(x)", "x**y")
DTYPES = (np.float32, np.float64)


def program(text: str) -> Program:
    """Its inputs named by slot, lowered to what has a native form."""
    parsed = parse(text).program
    return prepared(CPU, renamed(parsed, {name: str(slot) for slot, name in enumerate(parsed.inputs)}), {})


PROGRAMS = [program(text) for text in TEXTS]


def rows_of(count: int, width: int, dtype: type, seed: int = 0) -> Rows:
    tensor = assorted(count * width, torch.float32 if dtype is np.float32 else torch.float64, seed)
    return tensor.reshape(count, width).numpy()


def items(count: int, rows: int, seed: int = 0) -> tuple[Words, Words]:
    rng = np.random.default_rng(seed)
    return rng.integers(0, len(PROGRAMS), count), rng.integers(0, rows, (count, 3))


def words_of(rows: Rows, zeros_alike: bool) -> np.ndarray:
    """Bits as 32-bit words, all NaNs alike."""
    plain = np.where(np.isnan(rows), rows.dtype.type(np.nan), rows)
    if zeros_alike:
        plain = np.where(plain == 0, rows.dtype.type(0), plain)
    return np.ascontiguousarray(plain).view(np.uint32)


def prints_of(rows: Rows, zeros_alike: bool) -> Prints:
    """Fingerprints by their definition."""
    words = words_of(rows, zeros_alike)
    keys = key_words(words.shape[1])
    sums = []
    for start in (0, SHIFT):
        moved = (words + keys[start : start + words.shape[1]]).astype(np.uint64)
        sums.append((moved[:, 0::2] * moved[:, 1::2]).sum(axis=1, dtype=np.uint64))
    return mixed(mixed(sums[0]) ^ sums[1])


def copied(rows: Rows) -> tuple[Prints, Prints]:
    """(exact, equal) prints of rows as they are: of the product of each with 1."""
    one = prepared(CPU, renamed(parse("x*1").program, {"x": "0"}), {})
    count = len(rows)
    return run([one], np.zeros(count, np.int64), np.arange(count)[:, None], np.ascontiguousarray(rows))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("width", [WIDTH, BLOCK, 2 * BLOCK + 3 * WIDTH])
def test_values_are_those_of_the_backend_to_the_bit(dtype: type, width: int) -> None:
    rows = rows_of(9, width, dtype)
    which, operands = items(60, len(rows))
    results = np.empty((60, width), dtype)
    exact, equal = run(PROGRAMS, which, operands, rows, results)
    for i in range(60):
        names = PROGRAMS[which[i]].inputs
        kernel = CPU.kernel(PROGRAMS[which[i]], names)
        (wanted,) = kernel([torch.from_numpy(rows[operands[i, int(name)]]) for name in names])
        found, expected = (words_of(row[None], False) for row in (results[i], wanted.numpy()))
        assert np.array_equal(found, expected), TEXTS[which[i]]
    assert np.array_equal(exact, prints_of(results, False))
    assert np.array_equal(equal, prints_of(results, True))


@pytest.mark.parametrize("dtype", DTYPES)
def test_prints_need_no_results_and_threads_change_no_bit(dtype: type) -> None:
    rows = rows_of(300, 2 * BLOCK, dtype)
    which, operands = items(3000, len(rows))
    found = []
    for threads in (1, 2, 3):
        torch.set_num_threads(threads)
        results = np.empty((3000, 2 * BLOCK), dtype)
        found.append((*run(PROGRAMS, which, operands, rows, results), *run(PROGRAMS, which, operands, rows)))
        assert np.array_equal(found[-1][0], prints_of(results, False))
    for exact, equal, exact_alone, equal_alone in found:
        assert np.array_equal(exact, found[0][0])
        assert np.array_equal(equal, found[0][1])
        assert np.array_equal(exact, exact_alone)
        assert np.array_equal(equal, equal_alone)


def test_threads_without_openmp_change_no_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = rows_of(30, BLOCK, np.float32)
    which, operands = items(700, len(rows))
    torch.set_num_threads(2)
    expected = run(PROGRAMS, which, operands, rows)
    monkeypatch.setattr("symkit.backends.native.threads._openmp", lambda: None)
    assert np.array_equal(run(PROGRAMS, which, operands, rows), expected)


@pytest.mark.parametrize("count", [0, 1])
def test_few_items(count: int) -> None:
    exact, equal = run(PROGRAMS, *items(count, 4), rows_of(4, WIDTH, np.float32))
    assert exact.shape == equal.shape == (count,)
    assert exact.dtype == np.uint64


@pytest.mark.parametrize("dtype", DTYPES)
def test_prints_of_rows_that_differ_in_little(dtype: type) -> None:
    width = 2 * WIDTH
    row = np.random.default_rng(1).normal(size=width).astype(dtype)
    changed = [row]
    for place in range(width):
        for value in (np.nextafter(row[place], dtype(9)), -row[place], row[place] * 2, dtype(0), dtype(np.nan)):
            other = row.copy()
            other[place] = value
            changed.append(other)
    changed += [row * dtype(2.0) ** k for k in range(-60, 60) if k]
    changed += [np.roll(row, k) for k in range(1, width)]
    exact, equal = copied(np.stack(changed))
    assert len(set(exact.tolist())) == len(set(equal.tolist())) == len(changed)


def test_prints_spread_over_all_bits() -> None:
    exact, _ = copied(np.arange(4096 * WIDTH, dtype=np.float32).reshape(4096, WIDTH))
    ones = (exact[:, None] >> np.arange(64, dtype=np.uint64) & np.uint64(1)).mean(axis=0)
    assert np.all(abs(ones - 0.5) < 5 * 0.5 / np.sqrt(4096))


@pytest.mark.parametrize("dtype", DTYPES)
def test_zeros_of_either_sign_and_all_nans(dtype: type) -> None:
    integer = np.uint32 if dtype is np.float32 else np.uint64
    quiet = np.array([np.nan], dtype).view(integer)[0]
    sign = np.array([-0.0], dtype).view(integer)[0]
    row = np.ones((5, WIDTH), dtype)
    row[:, 7] = 0.0
    row[1, 7] = -0.0
    row[2:, 7].view(integer)[:] = [quiet, quiet | sign, quiet | integer(5)]
    exact, equal = copied(row)
    assert exact[0] == equal[0] == equal[1] != exact[1]
    assert len({*exact[2:].tolist(), *equal[2:].tolist()}) == 1
    assert exact[2] not in (exact[0], exact[1])


def test_keys_are_those_of_splitmix() -> None:
    """The first numbers of SplitMix64 from seed 0, as its authors' program prints them."""
    known = [0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4, 0x06C45D188009454F]
    assert key_words(6)[:6].view(np.uint64).tolist() == known
    assert np.array_equal(key_words(64)[:64], key_words(999)[:64])


def test_what_does_not_fit_is_refused() -> None:
    which, operands = items(5, 4)
    rows = rows_of(4, WIDTH, np.float32)
    with pytest.raises(DomainError, match="a width that 64 divides"):
        run(PROGRAMS, which, operands, np.ascontiguousarray(rows[:, :-1]))
    with pytest.raises(DomainError, match="not float16"):
        run(PROGRAMS, which, operands, np.zeros((4, WIDTH), np.float16))
    with pytest.raises(DomainError, match="there are 4 rows"):
        run(PROGRAMS, which, operands + 4, rows)
    with pytest.raises(DomainError, match="there are 10 programs"):
        run(PROGRAMS, which + 10, operands, rows)
    with pytest.raises(DomainError, match="more inputs than the 2 operands"):
        run(PROGRAMS, which, operands[:, :2], rows)
    with pytest.raises(DomainError, match="results must be contiguous"):
        run(PROGRAMS, which, operands, rows, np.empty((5, WIDTH), np.float64))
    results = np.empty((5, WIDTH), np.float32)
    with pytest.raises(DomainError, match="there are 4 rows for results"):
        run(PROGRAMS, which, operands, rows, results[:4])
    with pytest.raises(DomainError, match="places must be 5 different rows, not 2"):
        run(PROGRAMS, which, operands, rows, results, np.array([0, 1, 0, 1, 0]))


def test_results_go_to_their_places() -> None:
    rows = rows_of(6, 2 * BLOCK, np.float32)
    which, operands = items(20, len(rows))
    results, chosen = np.empty((20, 2 * BLOCK), np.float32), np.full((50, 2 * BLOCK), 7.0, np.float32)
    places = np.random.default_rng(0).permutation(50)[:20]
    prints = run(PROGRAMS, which, operands, rows, results)
    assert np.array_equal(run(PROGRAMS, which, operands, rows, chosen, places), prints)
    assert np.array_equal(chosen[places], results, equal_nan=True)
    assert np.all(np.delete(chosen, places, axis=0) == 7.0)
