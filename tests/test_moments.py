"""Running moments equal numpy's, in any grouping, and do not lose digits."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from dvlwidgets.engine.moments import Moments, add, add_rows, merge

NUMBERS = st.floats(-1e3, 1e3, allow_nan=False, width=32)


def _of(x: np.ndarray, w: np.ndarray) -> Moments:
    m = Moments.zeros(x.shape[1])
    for row, weight in zip(x, w, strict=True):
        m = add(m, row, weight)
    return m


def _close(a: Moments, b: Moments) -> None:
    assert (a.count == b.count).all()
    for name in ("weight", "squares", "mean", "m2"):
        np.testing.assert_allclose(getattr(a, name), getattr(b, name), rtol=1e-9, atol=1e-6)


@settings(deadline=None, max_examples=50)
@given(hnp.arrays(np.float64, (9, 4), elements=NUMBERS), st.integers(1, 8))
def test_merge_equals_one_pass_and_numpy(x: np.ndarray, cut: int) -> None:
    w = np.ones_like(x)
    whole = _of(x, w)
    _close(merge(_of(x[:cut], w[:cut]), _of(x[cut:], w[cut:])), whole)
    np.testing.assert_allclose(whole.mean, x.mean(axis=0), rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(whole.variance_of_mean(), x.var(axis=0, ddof=1) / 9, rtol=1e-6, atol=1e-6)


@settings(deadline=None, max_examples=50)
@given(
    hnp.arrays(np.float64, (8, 3), elements=NUMBERS), hnp.arrays(np.int8, (8, 3), elements=st.integers(0, 3))
)
def test_weights_of_zero_are_not_observations(x: np.ndarray, w: np.ndarray) -> None:
    weights = w.astype(float)
    m = _of(x, weights)
    assert (m.count == (w > 0).sum(axis=0)).all()
    for j in range(3):
        seen = w[:, j] > 0
        if seen.any():
            np.testing.assert_allclose(
                m.mean[j], np.average(x[seen, j], weights=weights[seen, j]), rtol=1e-9, atol=1e-6
            )
        else:
            assert m.mean[j] == 0.0


@settings(deadline=None, max_examples=50)
@given(st.integers(0, 10**6))
def test_rows_into_groups_equal_one_by_one(seed: int) -> None:
    rng = np.random.default_rng(seed)
    groups, x = rng.integers(0, 4, 20), rng.normal(size=20)
    weights = rng.integers(0, 3, (2, 20, 5)).astype(float)
    together = add_rows(Moments.zeros(2, 4, 5), groups, x, weights)
    for g in range(4):
        m = Moments.zeros(2, 5)
        for b in np.flatnonzero(groups == g):
            m = add(m, x[b], weights[:, b])
        _close(together.groups(np.array([g])), Moments(*(a[:, None] for a in m.arrays().values())))


def test_a_spread_of_1e_8_around_095_keeps_its_digits() -> None:
    # E[x^2] - mean^2 is 100 times off here (a defect of peers)
    x = 0.95 + 1e-8 * np.random.default_rng(1).normal(size=(2000, 1))
    m = _of(x, np.ones_like(x))
    np.testing.assert_allclose(m.variance_of_mean() * 2000, x.var(axis=0, ddof=1), rtol=1e-6)


def test_one_observation_has_no_standard_error() -> None:
    m = add(Moments.zeros(2), np.array([1.0, 2.0]), np.array([1.0, 0.0]))
    assert np.isnan(m.variance_of_mean()).all()
