"""Draws are functions of (seed, stream, step) and have the laws that they claim."""

from __future__ import annotations

from math import comb

import numpy as np
import pytest
from scipy import stats

from dvlwidgets.engine.draws import (
    PERMUTATIONS,
    SUBSETS,
    Memo,
    checksum,
    permutation,
    random_subsets,
    resolve_seed,
    sizes_from_law,
    subsets_of_sizes,
    uniforms,
    words,
)
from dvlwidgets.errors import InputError, InputTypeError
from dvlwidgets.valuation.semivalue import named_draw_law


def test_words_are_a_function_of_seed_stream_and_step() -> None:
    a = words(7, SUBSETS, 3, 16)
    assert (a == words(7, SUBSETS, 3, 16)).all()
    for other in (words(8, SUBSETS, 3, 16), words(7, PERMUTATIONS, 3, 16), words(7, SUBSETS, 4, 16)):
        assert not (a == other).any()


def test_raw_words_are_those_of_philox_4x64_10() -> None:
    # the known answer of Random123 for a counter and a key of zeros; NumPy counts up before it draws
    known = [0x16554D9ECA36314C, 0xDB20FE9D672D0FDC, 0xD7E772CEE186176B, 0x7E68B68AEC7BA23B]
    key = np.zeros(2, np.uint64)
    assert np.random.Philox(key=key, counter=2**256 - 1).random_raw(4).tolist() == known
    for seed, stream, step in [(0, 0, 0), (5, SUBSETS, 7)]:  # a rewound generator equals a new one
        key = np.array([seed, stream * 2**40 + step], np.uint64)
        assert (words(seed, stream, step, 9) == np.random.Philox(key=key).random_raw(9)).all()


def test_uniforms_are_uniform() -> None:
    x = uniforms(words(1, SUBSETS, 0, 20_000))
    assert x.min() >= 0
    assert x.max() < 1
    assert stats.kstest(x, "uniform").pvalue > 1e-4


@pytest.mark.parametrize("name", ["uniform-size", "binomial"])
def test_sizes_follow_their_law(name: str) -> None:
    n = 12
    law = named_draw_law(name, n)
    sizes = sizes_from_law(words(2, SUBSETS, 0, 20_000), law)
    inner = np.arange(1, n)
    seen = np.bincount(sizes, minlength=n + 1)
    assert seen[0] == seen[n] == 0
    assert stats.chisquare(seen[inner], law[inner] * len(sizes)).pvalue > 1e-4


def test_subsets_have_their_sizes_and_are_uniform() -> None:
    sizes = np.tile(np.arange(7), 3000)
    masks = subsets_of_sizes(words(3, SUBSETS, 0, 6 * len(sizes)).reshape(-1, 6), sizes)
    assert (masks.sum(axis=1) == sizes).all()
    triples = masks[sizes == 3] @ (1 << np.arange(6))
    _, seen = np.unique(triples, return_counts=True)
    assert len(seen) == 20
    assert stats.chisquare(seen).pvalue > 1e-4


def test_words_that_tie_where_a_subset_ends_change_no_size() -> None:
    rng = np.random.default_rng(0)
    raw, sizes = rng.integers(0, 4, (500, 9)).astype(np.uint8), rng.integers(0, 10, 500)
    masks = subsets_of_sizes(raw, sizes)
    assert (masks.sum(axis=1) == sizes).all()
    for words_, mask in zip(raw, masks, strict=True):  # whoever is in has no larger word than whoever is out
        assert not mask.any() or mask.all() or words_[mask].max() <= words_[~mask].min()


@pytest.mark.parametrize("n", [5, 6])  # an odd number of halves of words, and an even one
def test_random_subsets_have_the_law_of_sizes_and_are_uniform_within_each(n: int) -> None:
    law, rows = named_draw_law("uniform-size", n), 4001
    masks = np.concatenate([random_subsets(9, SUBSETS, step, rows, law) for step in range(3)])
    _, seen = np.unique(masks @ (1 << np.arange(n)), return_counts=True)
    assert len(seen) == 2**n - 2
    sizes = np.array([code.bit_count() for code in range(1, 2**n - 1)])
    expected = law[sizes] / np.array([comb(n, s) for s in sizes]) * len(masks)
    assert stats.chisquare(seen, expected).pvalue > 1e-4
    assert not (random_subsets(9, SUBSETS, 0, 20, law) == random_subsets(9, SUBSETS, 1, 20, law)).all()


def test_permutations_are_uniform() -> None:
    codes = [int(permutation(words(4, PERMUTATIONS, s, 4)) @ [64, 16, 4, 1]) for s in range(4800)]
    _, seen = np.unique(codes, return_counts=True)
    assert len(seen) == 24
    assert stats.chisquare(seen).pvalue > 1e-4


def test_checksums_tell_masks_apart() -> None:
    masks = np.eye(9, dtype=bool)
    other = masks.copy()
    other[3, 4] = True
    assert checksum(masks) != checksum(other)
    assert checksum(masks[4:], checksum(masks[:4])) == checksum(masks)
    orders = np.arange(12).reshape(2, 6)
    assert checksum(orders) != checksum(orders[:, ::-1])
    assert checksum(orders[1:], checksum(orders[:1])) == checksum(orders)


def test_seeds_are_integers_in_words() -> None:
    assert resolve_seed(5) == 5
    assert resolve_seed(None) != resolve_seed(None)
    with pytest.raises(InputTypeError, match="seed must be None or an integer"):
        resolve_seed(0.5)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="non-negative"):
        resolve_seed(-1)


def test_the_last_draws_are_kept_within_bytes_and_entries() -> None:
    drawn: list[int] = []

    def draw(step: int) -> np.ndarray:
        drawn.append(step)
        return np.full((10, 10), step % 2 == 0)

    memo = Memo(most=350, entries=100)  # room for three
    for step in (0, 1, 2, 0, 1, 2, 3, 1, 2, 3, 0):
        assert memo.get(step, draw)[0, 0] == (step % 2 == 0)
    assert drawn == [0, 1, 2, 3, 0]
    few = Memo(entries=2)
    for step in (0, 1, 2, 1, 2, 0):
        few.get(step, draw)
    assert drawn[5:] == [0, 1, 2, 0]
    large = Memo(most=1)  # one draw is kept however large it is
    assert large.get(5, draw) is large.get(5, draw)
