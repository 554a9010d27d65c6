"""The examples' data: three disjoint parts, scaled by the training part, with known flips."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.datasets import load_digits, load_wine

from dvlwidgets.data import Dataset, GroupedDataset
from dvlwidgets.data.examples import NAMES, flipped, load_split
from dvlwidgets.errors import DvlError

SIZES = {"breast_cancer": 300, "digits": 300, "wine": 90, "iris": 75}


@pytest.mark.parametrize("name", NAMES)
def test_three_disjoint_stratified_parts(name: str) -> None:
    split = load_split(name, n_train=SIZES[name], flip=0.1, seed=1)
    parts = (split.train, split.val, split.test)
    ids = np.concatenate([part.ids for part in parts])
    assert len(np.unique(ids)) == len(ids)
    assert len(split.train) == SIZES[name]
    assert abs(len(split.val) - len(split.test)) <= 1
    shares = [np.bincount(y) / len(y) for y in (split.true_labels, split.val.y, split.test.y)]
    assert np.ptp(shares, axis=0).max() < 0.05
    assert split.train.class_names is not None


def test_only_the_training_set_is_scaled_to_unit_spread() -> None:
    split = load_split("breast_cancer")
    assert split.train.x.mean(axis=0) == pytest.approx(0, abs=1e-9)
    assert split.train.x.std(axis=0) == pytest.approx(1)
    assert np.abs(split.val.x.mean(axis=0)).max() > 1e-3


def test_flips_are_known_and_only_in_the_training_set() -> None:
    noisy, clean = load_split("digits", flip=0.2, seed=3), load_split("digits", flip=0.0, seed=3)
    assert len(noisy.flipped) == 60
    assert len(clean.flipped) == 0
    assert np.flatnonzero(noisy.train.y != noisy.true_labels).tolist() == noisy.flipped.tolist()
    assert clean.train.y.tolist() == clean.true_labels.tolist() == noisy.true_labels.tolist()
    assert noisy.val.fingerprint == clean.val.fingerprint
    assert noisy.test.fingerprint == clean.test.fingerprint


def test_seeds_decide_everything() -> None:
    first, again, other = (load_split("wine", n_train=90, seed=seed) for seed in (0, 0, 1))
    assert first.train.fingerprint == again.train.fingerprint
    assert first.flipped.tolist() == again.flipped.tolist()
    assert first.train.fingerprint != other.train.fingerprint


def test_digits_come_with_pictures_of_the_training_points() -> None:
    split = load_split("digits")
    assert split.images is not None
    assert split.images.shape == (300, 8, 8)
    assert split.images.dtype == np.uint8
    original = load_digits().images[split.train.ids]
    assert np.abs(split.images / 255 - original / 16).max() < 1 / 255
    assert load_split("iris", n_train=75).images is None


@given(st.integers(2, 6), st.integers(20, 60), st.floats(0.05, 0.9), st.integers(0, 1000))
def test_flipping_moves_exactly_a_share_to_other_classes(
    classes: int, n: int, share: float, seed: int
) -> None:
    d = Dataset(np.zeros((n, 1)), np.array(list("abcdef"))[np.arange(n) % classes])
    noisy, where = flipped(d, share, seed)
    assert np.flatnonzero(noisy.y != d.y).tolist() == where.tolist()
    assert len(where) == max(1, round(share * n))
    assert set(noisy.y) <= set(d.y)


def test_every_other_class_is_as_likely() -> None:
    n = 30_000
    d = Dataset(np.zeros((n, 1)), np.arange(n) % 3)
    noisy, where = flipped(d, 0.5, seed=0)
    shift = (noisy.y[where] - d.y[where]) % 3
    # 15,000 draws: 4 standard deviations of a fair coin are 245
    assert abs(int((shift == 1).sum()) - 7_500) < 245


@pytest.mark.parametrize("share", [0.0, 1.0, -0.1])
def test_shares_that_mean_nothing_are_refused(share: float) -> None:
    with pytest.raises(DvlError, match="share="):
        flipped(Dataset(np.zeros((4, 1)), [0, 1, 0, 1]), share)


def test_what_has_no_classes_cannot_be_flipped() -> None:
    one_class = Dataset(np.zeros((4, 1)), [1, 1, 1, 1])
    numbers = Dataset(np.zeros((4, 1)), [0.1, 0.2, 0.3, 0.4])
    groups = GroupedDataset(np.zeros((4, 1)), [0, 1, 0, 1], [0, 0, 1, 1])
    for d in (one_class, numbers, groups):
        with pytest.raises(DvlError, match="class labels"):
            flipped(d, 0.1)


def test_unknown_names_and_sizes_are_refused() -> None:
    with pytest.raises(DvlError, match="expected one of breast_cancer"):
        load_split("mnist")
    n = len(load_wine().target)
    for size in (2, n):
        with pytest.raises(DvlError, match=f"n_train={size}"):
            load_split("wine", n_train=size)
    with pytest.raises(DvlError, match="share="):
        load_split("wine", n_train=90, flip=1.5)
