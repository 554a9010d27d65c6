"""Data of the examples: what scikit-learn ships, split into three, with some training labels flipped on purpose.

Three parts, because one must not serve two ends: models are fitted on `train`, values are computed with `val`, and
whether the values were any good is judged on `test`, which neither model nor utility saw.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError, InputTypeError
from ..typing import Indices
from .dataset import Dataset
from .malaria import load_malaria_dataset
from .spotify import load_spotify_dataset

__all__ = ["NAMES", "Split", "flipped", "load_malaria_dataset", "load_split", "load_spotify_dataset"]

NAMES = ("breast_cancer", "digits", "wine", "iris")
"""Data sets that `load_split` knows; all come with scikit-learn."""


@dataclass(frozen=True)
class Split:
    """Three disjoint parts of one data set. Ids are row numbers of the original.

    Attributes:
        train: training set, some labels flipped; features standardised by its own mean and spread.
        val: what models are scored on while values are computed; clean labels.
        test: what the values are judged on; clean labels.
        flipped: (k,) positions in `train` whose label was changed, ascending.
        true_labels: (n_train,) labels before flipping.
        images: (n_train, 8, 8) uint8 pictures of the training points, for digits only.
    """

    train: Dataset
    val: Dataset
    test: Dataset
    flipped: Indices
    true_labels: NDArray[Any]
    images: NDArray[np.uint8] | None = None


def load_split(name: str, *, n_train: int = 300, flip: float = 0.1, seed: int = 0) -> Split:
    """A data set of scikit-learn in three stratified parts, with a share of the training labels flipped.

    Args:
        name: "breast_cancer", "digits", "wine" or "iris".
        n_train: size of the training set; the rest is halved into `val` and `test`.
        flip: share of the training labels that are changed, in [0, 1).
        seed: of the split and of the flips.

    Raises:
        InputError: for an unknown name, or parts that the data set is too small for.
    """
    from sklearn import datasets
    from sklearn.preprocessing import StandardScaler

    if name not in NAMES:
        raise InputError(f"there is no example {name!r}; expected one of {', '.join(NAMES)}.")
    bunch: Any = getattr(datasets, f"load_{name}")()
    x, y = np.asarray(bunch.data, dtype=np.float64), np.asarray(bunch.target)
    parts = _three_parts(y, name, n_train, seed)
    scaler = StandardScaler().fit(x[parts[0]])
    train, val, test = (
        Dataset(
            scaler.transform(x[rows]),
            y[rows],
            feature_names=list(bunch.feature_names),
            target_names=[str(c) for c in bunch.target_names],
            description=f"{name}: {part} part",
            ids=rows,
        )
        for part, rows in zip(("train", "val", "test"), parts, strict=True)
    )
    noisy, where = flipped(train, flip, seed) if flip else (train, np.empty(0, dtype=np.intp))
    images = None
    if (
        name == "digits"
    ):  # 17 grey levels, 0 to 16; ink is dark on screen whatever the theme, so no inversion here
        images = np.round(bunch.images[parts[0]] * (255 / 16)).astype(np.uint8)
    return Split(noisy, val, test, where, y[parts[0]], images)


def flipped(dataset: Dataset, share: float, seed: int = 0) -> tuple[Dataset, Indices]:
    """Changes the labels of a random share of the points to another class, drawn uniformly.

    Args:
        dataset: a classification data set.
        share: share of the points, in (0, 1); rounded to at least one point.
        seed: of the choice.

    Returns:
        The noisy data set, and the positions of the changed points, ascending.

    Raises:
        InputError: if the share is not in (0, 1), or there are no two classes to choose from.
    """
    if not 0.0 < share < 1.0:
        raise InputError(
            f"share={share!r} of the labels cannot be flipped; expected a number between 0 and 1."
        )
    labels = dataset.labels
    classes = np.unique(labels) if labels is not None and dataset.is_classification else np.empty(0)
    if labels is None or len(classes) < 2:
        raise InputTypeError(
            f"{dataset!r} has no class labels to flip; expected a Dataset with one label per point and at least two "
            f"classes."
        )
    # Generator's methods may change between numpy versions; RandomState is frozen, so examples look alike for years
    random = np.random.RandomState(seed)
    n_flips = max(1, round(share * len(dataset)))
    where = np.sort(random.permutation(len(dataset))[:n_flips]).astype(np.intp)
    codes = np.searchsorted(classes, labels[where])
    shift = random.randint(1, len(classes), size=n_flips)
    return dataset.relabel(where, classes[(codes + shift) % len(classes)]), where


def _three_parts(y: NDArray[Any], name: str, n_train: int, seed: int) -> tuple[Indices, Indices, Indices]:
    from sklearn.model_selection import train_test_split

    classes = len(np.unique(y))
    if not classes <= n_train <= len(y) - 2 * classes:
        raise InputError(
            f"n_train={n_train} of the {len(y)} points of {name}; expected {classes} to {len(y) - 2 * classes}, so "
            f"that each of the three parts has every class."
        )
    train, rest = train_test_split(np.arange(len(y)), train_size=n_train, random_state=seed, stratify=y)
    val, test = train_test_split(rest, train_size=0.5, random_state=seed, stratify=y[rest])
    return train, val, test
