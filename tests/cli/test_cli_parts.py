"""The parts of `symkit run`: data, divergence of single seeds, and the words of the outcome."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import ttest_rel

from symkit.cli.data import DATASETS, Dataset, split
from symkit.cli.outcome import METRICS, outcome
from symkit.cli.train import Comparison, Result, Trained


@pytest.mark.parametrize("name", DATASETS)
def test_a_split_is_standardised_by_its_training_part_and_always_the_same(name: str) -> None:
    data, again = split(DATASETS[name]), split(DATASETS[name])
    features, _ = DATASETS[name].load()
    parts = (data.train, data.validation, data.test)
    assert sum(map(len, parts)) == len(features)
    assert len(data.test) == pytest.approx(0.2 * len(features), abs=1)
    assert len(data.validation) == pytest.approx(0.2 * len(features), abs=1)
    np.testing.assert_allclose(data.train.features.mean(0), 0, atol=1e-4)
    deviations = data.train.features.std(0)
    # Some pixels of the digits are always white.
    np.testing.assert_allclose(deviations[deviations > 0], 1, rtol=1e-3)
    for part, same in zip(parts, (again.train, again.validation, again.test), strict=True):
        np.testing.assert_array_equal(part.features, same.features)
        np.testing.assert_array_equal(part.targets, same.targets)


def test_every_sample_is_in_one_part_with_its_own_target() -> None:
    numbers = np.arange(100.0)
    data = split(Dataset("made", "", "regression", lambda: (np.stack([numbers, -numbers], axis=1), 3 * numbers)))
    targets = np.concatenate([part.targets[:, 0] for part in (data.train, data.validation, data.test)])
    features = np.concatenate([part.features for part in (data.train, data.validation, data.test)])
    np.testing.assert_allclose(np.diff(np.sort(targets)) * data.scale, 3, rtol=1e-4)
    np.testing.assert_allclose(features[:, 0], targets, atol=1e-5)
    np.testing.assert_allclose(features[:, 1], -targets, atol=1e-5)


def test_classes_are_divided_alike() -> None:
    data = split(DATASETS["digits"])
    for part in (data.train, data.validation, data.test):
        shares = np.bincount(part.targets, minlength=10) / len(part)
        np.testing.assert_allclose(shares, 0.1, atol=0.01)


def trained(seed: int, score: float | None) -> Trained:
    return Trained(seed, score, score, None if score is None else 0.1, {}, 7 if score is None else None)


def comparison(*scores: list[float | None]) -> Comparison:
    names = ["this function", "ReLU", "Swish"][: len(scores)]
    return Comparison(
        [
            Result(name, "", [trained(seed, score) for seed, score in enumerate(values)])
            for name, values in zip(names, scores, strict=True)
        ]
    )


CASES = [
    ([0.90, 0.91, 0.92], [0.80, 0.82, 0.81]),
    ([0.90, 0.91, 0.92], [0.91, 0.90, 0.925]),
    ([0.90, 0.95, 0.92], [0.91, 0.90, 0.90]),
    ([0.5, 0.6, 0.7, 0.8], [0.52, 0.61, 0.73, 0.82]),
]


@pytest.mark.parametrize(("ours", "theirs"), CASES)
def test_a_difference_counts_if_a_paired_test_says_so(ours: list[float | None], theirs: list[float | None]) -> None:
    said = outcome(comparison(ours, theirs), METRICS["classification"], "This function")
    significant = ttest_rel(ours, theirs).pvalue < 0.05
    assert ("more than seeds explain" in said) == significant
    assert ("within what seeds vary" in said) != significant
    assert ("better than ReLU" in said) == (np.mean(np.array(ours)) > np.mean(np.array(theirs)))


def test_less_is_better_for_errors() -> None:
    said = outcome(comparison([50.0, 51.0, 52.5], [60.0, 61.0, 62.0]), METRICS["regression"], "This loss")
    assert said == "This loss reaches 51.17 ± 1.26 over 3 seeds: 9.83 better than ReLU, more than seeds explain."


def test_diverged_seeds_do_not_count_and_are_said() -> None:
    said = outcome(comparison([0.9, None, 0.8], [0.7, 0.1, 0.6]), METRICS["classification"], "This function")
    assert said.startswith(
        "This function reaches 85.00 ± 7.07 % over 3 seeds, of which 1 diverged and do not count: "
        "20.00 points better than ReLU"
    )


def test_a_rival_that_diverged_is_no_rival() -> None:
    said = outcome(comparison([0.9, 0.9], [None, None], [0.8, 0.8]), METRICS["classification"], "This function")
    assert "ReLU diverged; 10.00 points better than Swish" in said


def test_all_diverged() -> None:
    said = outcome(comparison([None, None], [0.9, 0.9]), METRICS["classification"], "This function")
    assert said == "This function diverged with every seed: the loss stopped being a finite number, first at step 7."


def test_one_seed_proves_nothing() -> None:
    said = outcome(comparison([0.9], [0.8]), METRICS["classification"], "This function")
    assert "one seed cannot tell that from chance" in said


def test_no_seed_says_nothing() -> None:
    assert "nothing is known" in outcome(comparison([], []), METRICS["classification"], "This function")
