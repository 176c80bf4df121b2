"""Real data to train on. A data set is a name, a task and a function that loads it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from symkit.errors import DomainError

Task = Literal["classification", "regression"]
Arrays = tuple[NDArray[Any], NDArray[Any]]
"""Features (samples, features) and targets (samples,): class numbers from 0, or real numbers."""

TEST, VALIDATION = 0.2, 0.2
SPLIT_SEED = 0
"""The split is the same in every run; seeds of a comparison change weights and batches only."""


@dataclass(frozen=True)
class Dataset:
    """A data set.

    Attributes:
        name: what the command line calls it.
        title: what it holds, in a few words.
        task: whether targets are classes or numbers.
        load: gives all of it.
    """

    name: str
    title: str
    task: Task
    load: Callable[[], Arrays]


def _bundled(name: str) -> Callable[[], Arrays]:
    """A loader of what comes with scikit-learn."""

    def load() -> Arrays:
        from sklearn import datasets

        return getattr(datasets, f"load_{name}")(return_X_y=True)  # type: ignore[no-any-return]

    return load


DATASETS: Mapping[str, Dataset] = {
    dataset.name: dataset
    for dataset in (
        Dataset("digits", "8x8 images of handwritten digits, 10 classes", "classification", _bundled("digits")),
        Dataset("diabetes", "progress of diabetes after a year", "regression", _bundled("diabetes")),
        Dataset("breast_cancer", "cell nuclei, benign or malignant", "classification", _bundled("breast_cancer")),
        Dataset("wine", "chemistry of wines of 3 growers", "classification", _bundled("wine")),
    )
}


@dataclass(frozen=True)
class Part:
    """Features as float32, standardised; targets as int64 classes, or float32 (samples, 1), standardised."""

    features: NDArray[np.float32]
    targets: NDArray[Any]

    def __len__(self) -> int:
        return len(self.targets)


@dataclass(frozen=True)
class Split:
    """A data set ready for training.

    Attributes:
        dataset: where it comes from.
        train, validation, test: its parts; means and deviations are those of the training part.
        outputs: what a network has to put out: one number, or one a class.
        scale: the standard deviation that targets were divided by; 1 for classes.
    """

    dataset: Dataset
    train: Part
    validation: Part
    test: Part
    outputs: int
    scale: float = 1.0

    @property
    def inputs(self) -> int:
        """Number of features."""
        return int(self.train.features.shape[1])


def get_dataset(name: str) -> Dataset:
    """The data set called `name`. Raises DomainError with what there is."""
    if name not in DATASETS:
        raise DomainError(f"data {name!r} is not one of {', '.join(DATASETS)}")
    return DATASETS[name]


def split(dataset: Dataset) -> Split:
    """The data set, divided 3:1:1 and standardised; classes are divided alike."""
    from sklearn.model_selection import train_test_split
    from sklearn.preprocessing import StandardScaler

    features, targets = dataset.load()
    classes = dataset.task == "classification"

    def divided(x: Any, y: Any, share: float) -> Any:
        return train_test_split(x, y, test_size=share, random_state=SPLIT_SEED, stratify=y if classes else None)

    rest, test, rest_targets, test_targets = divided(features, targets, TEST)
    train, validation, train_targets, validation_targets = divided(rest, rest_targets, VALIDATION / (1 - TEST))
    scaler = StandardScaler().fit(train)
    mean, scale = (0.0, 1.0) if classes else (float(train_targets.mean()), float(train_targets.std()))

    def part(x: NDArray[Any], y: NDArray[Any]) -> Part:
        scaled = scaler.transform(x).astype(np.float32)
        return Part(scaled, y.astype(np.int64) if classes else ((y - mean) / scale).astype(np.float32)[:, None])

    outputs = int(targets.max()) + 1 if classes else 1
    parts = part(train, train_targets), part(validation, validation_targets), part(test, test_targets)
    return Split(dataset, *parts, outputs, scale)
