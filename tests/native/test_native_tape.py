"""Tapes of native kernels: every operator against exact values, and what a tape does with rows, jobs and factors."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from kernels import SUBJECTS, Subject, name_of

from symkit.backends.native.tape import BLOCK, MASK, Field, Job, Words, run
from symkit.evaluation import evaluate_exact
from symkit.ops import Operator, standard

UNITS = 8.0
FACTORS = 1.0 + 2.0**-34 * (np.random.default_rng(3).integers(0, 2, MASK + 1 + BLOCK) * 2.0 - 1.0)
NUMBERS = np.repeat([[2.0], [-3.0]], BLOCK, axis=1)


def step(kernel: int, result: int, *operands: int, noisy: bool = False) -> list[int]:
    """An instruction as words."""
    words = [0] * Field.WORDS
    words[Field.KERNEL], words[Field.RESULT] = kernel, result
    words[Field.OPERAND : Field.OPERAND + len(operands)] = operands
    words[Field.ARITY], words[Field.NOISY] = len(operands), noisy
    return words


def job(row: int, column: int, count: int, first: int, last: int, factors: int = -1) -> list[int]:
    words = [0] * Job.WORDS
    for place, word in zip(Job, (row, column, count, first, last, factors), strict=False):
        words[place] = word
    return words


def ran(rows: np.ndarray, tape: list[list[int]], jobs: list[list[int]], *names: str | Operator) -> np.ndarray:
    """A copy of the rows after the tape."""
    after = np.ascontiguousarray(rows, dtype=np.float64).copy()
    operators = [standard()[name] if isinstance(name, str) else name for name in names]
    run(after, words(tape), words(jobs), operators, NUMBERS, FACTORS)
    return after


def words(lists: list[list[int]]) -> Words:
    return np.array(lists, dtype=np.int64)


@pytest.mark.parametrize("subject", SUBJECTS, ids=name_of)
def test_every_operator_is_near_its_exact_value(subject: Subject) -> None:
    operator = standard()[subject.name]
    rng = np.random.default_rng(len(subject.name))
    points = np.concatenate([rng.normal(0, 1, 20), rng.uniform(-30, 30, 12)])
    rows = np.stack([*(rng.permutation(points) for _ in range(operator.arity)), np.full(32, math.nan)])
    place = operator.arity
    after = ran(rows, [step(0, place, *range(place))], [job(0, 0, 32, 0, 1)], operator)
    names = subject.program.inputs
    for column in range(32):
        values = dict(zip(names, rows[:place, column].tolist(), strict=True))
        (exact,) = evaluate_exact(subject.program, values)
        rounded, got = float(exact), float(after[place, column])
        if math.isfinite(rounded) and math.isfinite(got):
            assert float(abs(exact - got)) <= UNITS * math.ulp(rounded), values
        else:
            assert got == rounded or math.isnan(got) and math.isnan(rounded), values


def test_rows_numbers_and_many_columns() -> None:
    x = np.linspace(-4, 4, 3 * BLOCK + 17)
    rows = np.stack([x, np.zeros_like(x), np.zeros_like(x)])
    tape = [step(0, 1, 0, 0), step(1, 2, 1, -1), step(1, 1, 2, -2)]
    after = ran(rows, tape, [job(0, 0, len(x), 0, 3)], "mul", "add")
    assert after[0].tolist() == x.tolist()
    assert after[2].tolist() == (x * x + 2).tolist()
    assert after[1].tolist() == (x * x + 2 - 3).tolist()


def test_a_job_keeps_to_its_rows_columns_and_part_of_the_tape() -> None:
    rows = np.arange(6.0)[:, None] + np.zeros(200)
    tape = [step(0, 1, 0, 0), step(0, 2, 1, 1)]
    after = ran(rows, tape, [job(0, 10, 50, 0, 1), job(3, 60, 140, 1, 2), job(3, 0, 10, 1, 1)], "add")
    expected = rows.copy()
    expected[1, 10:60] = 0.0
    expected[5, 60:] = 8.0
    assert np.array_equal(after, expected)


def test_only_noisy_results_of_jobs_with_factors_are_spoilt() -> None:
    width = 100 + BLOCK + 72
    rows = np.stack([np.full(width, 3.0), *np.zeros((3, width))])
    tape = [step(0, 1, 0, -1, noisy=True), step(0, 2, 0, -1), step(0, 3, 0, -1, noisy=True)]
    after = ran(rows, tape, [job(0, 0, 100, 0, 3), job(0, 100, BLOCK + 72, 0, 3, factors=0)], "mul")
    assert np.all(after[1:, :100] == 6.0)
    assert np.all(after[2] == 6.0)
    for row in (1, 3):
        off = after[row, 100:] / 6.0 - 1
        assert np.all(np.abs(off) == 2.0**-34)
        assert 0.3 < np.mean(off > 0) < 0.7
    assert not np.array_equal(after[1], after[3])
    assert not np.array_equal(after[1, 100 : 100 + 72], after[1, 100 + BLOCK :])


def test_threads_change_no_bit() -> None:
    rows = np.zeros((40, 2**17))
    rows[0] = np.linspace(-5, 5, 2**17)
    tape = [step(k % 3, k + 1, k, noisy=True) for k in range(39)]
    jobs = [job(0, 0, 2**16, 0, 39), job(0, 2**16, 2**16, 0, 39, factors=0)]
    before = torch.get_num_threads()
    found = []
    try:
        for threads in (1, 2, 3):
            torch.set_num_threads(threads)
            found.append(ran(rows, tape, jobs, "sin", "exp", "tanh"))
    finally:
        torch.set_num_threads(before)
    assert all(np.array_equal(found[0], other) for other in found[1:])
