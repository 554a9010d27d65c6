"""Properties of results for any content and any order: whatever is done, rows stay rows."""

from __future__ import annotations

import io

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from dvlwidgets.valuation.result import ValuationResult, load_result, save_result

NUMBERS = st.floats(-1e6, 1e6, allow_nan=False) | st.just(np.nan) | st.sampled_from([0.0, 1.0])
KEYS = st.sampled_from(["value", "variance", "index", "name"])


@st.composite
def results(draw, min_size=0):
    n = draw(st.integers(min_size, 12))
    column = lambda elements: draw(st.lists(elements, min_size=n, max_size=n))
    return ValuationResult(
        values=column(NUMBERS),
        variances=column(st.floats(0, 1e6) | st.just(np.nan)),
        counts=column(st.integers(0, 1000)),
        indices=draw(st.permutations(range(0, 2 * n, 2))),
        data_names=column(st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=4)),
        tag=np.arange(n),
        shared=draw(NUMBERS),
    )


def rows(result: ValuationResult) -> set[tuple[object, ...]]:
    """Every row as text, so that NaN equals NaN."""
    columns = (
        result.indices,
        result.values,
        result.variances,
        result.stderr,
        result.counts,
        result.names,
        result.tag,
    )
    return {tuple(map(repr, row)) for row in zip(*(c.tolist() for c in columns), strict=True)}


@given(results(), KEYS, st.booleans())
def test_sorting_keeps_every_row_and_equality(result, key, reverse):
    before = rows(result)
    same = result.sort(reverse=reverse, key=key, inplace=False)
    assert same == result
    assert rows(same) == before
    column = getattr(
        same, {"value": "values", "variance": "variances", "index": "indices", "name": "names"}[key]
    )
    known = [x for x in column.tolist() if x == x]  # noqa: PLR0124 - NaN
    assert known == sorted(known, reverse=reverse)
    assert not any(x != x for x in column.tolist()[: len(known)])  # noqa: PLR0124 - NaN


@given(results(), KEYS, st.data())
def test_slices_masks_and_lists_agree(result, key, data):
    result.sort(key=key)
    n = len(result)
    mask = np.array(data.draw(st.lists(st.booleans(), min_size=n, max_size=n)), bool)
    chosen = result[mask]
    assert chosen == result[np.flatnonzero(mask)] == result[np.flatnonzero(mask).tolist()]
    assert rows(chosen) <= rows(result)
    assert [item.idx for item in chosen] == chosen.indices.tolist()
    step = data.draw(st.slices(n))
    assert result[step].indices.tolist() == result.indices.tolist()[step]


@given(results(min_size=1), KEYS, st.data())
def test_points_are_found_where_they_are(result, key, data):
    result.sort(key=key)
    asked = data.draw(st.lists(st.sampled_from(result.indices.tolist()), unique=True))
    assert result.indices[result.positions(asked)].tolist() == asked
    for point in asked:
        assert result.get(point) == result[int(result.positions([point])[0])]


@given(results(), KEYS)
def test_a_copy_is_equal_in_order_and_independent(result, key):
    result.sort(key=key)
    copy = result.copy()
    assert copy == result
    assert copy.indices.tolist() == result.indices.tolist()
    copy.scale(2.0)
    copy.sort(key="index", reverse=True)
    assert rows(result) == rows(result.copy())


@given(results(), KEYS)
def test_files_round_trip(result, key):
    result.sort(key=key)
    buffer = io.BytesIO()
    save_result(result, buffer)
    buffer.seek(0)
    back = load_result(buffer)
    assert back == result
    assert back.indices.tolist() == result.indices.tolist()


@given(results(), st.data())
def test_another_value_is_another_result(result, data):
    if not len(result):
        return
    point = data.draw(st.sampled_from(result.indices.tolist()))
    item = result.get(point)
    other = result.copy()
    other.set(point, 1e7, item.variance, item.count)
    assert other != result
    other.set(point, item.value, item.variance, item.count)
    assert other == result


SAMPLES = st.lists(st.floats(-1e3, 1e3), max_size=8)


def of_samples(samples: list[list[float]]) -> ValuationResult:
    """The result that n lists of observations give."""
    return ValuationResult(
        values=[np.mean(s) if s else np.nan for s in samples],
        variances=[np.var(s, ddof=1) if len(s) > 1 else np.nan for s in samples],
        counts=[len(s) for s in samples],
    )


@given(st.lists(st.tuples(SAMPLES, SAMPLES), min_size=1, max_size=4), st.randoms(use_true_random=False))
def test_merging_equals_having_seen_all_observations_at_once(pairs, random):
    first, second = of_samples([a for a, _ in pairs]), of_samples([b for _, b in pairs])
    order = list(range(len(pairs)))
    random.shuffle(order)
    merged = first + second[order]
    expected = of_samples([a + b for a, b in pairs])
    assert merged.sort(key="index").counts.tolist() == expected.counts.tolist()
    scale = 1e-9 * (1 + max((abs(x) for a, b in pairs for x in a + b), default=0))
    np.testing.assert_allclose(merged.values, expected.values, rtol=1e-9, atol=scale)
    np.testing.assert_allclose(merged.variances, expected.variances, rtol=1e-9, atol=scale**2 * 1e9)


@given(results())
def test_repr_describe_and_table_never_fail(result):
    assert str(len(result)) in repr(result)
    assert result.describe()
    assert result._repr_html_().count("<tr>") >= min(len(result), 10)
