"""ValuationResult: order, pairing, merging, files, words. D1-D5 and D18 are pyDVL's defects that must not be ours."""

from __future__ import annotations

import builtins
import copy
import csv
import dataclasses
import io
import json
import pickle

import numpy as np
import pytest

from dvlwidgets.data.dataset import Dataset
from dvlwidgets.engine.records import Estimate, Provenance, Verdict
from dvlwidgets.errors import IdentityError, InputError, InputTypeError
from dvlwidgets.valuation.result import Status, ValuationResult, ValueItem, load_result, save_result

NAN = np.nan


def small(**kwargs) -> ValuationResult:
    given = {
        "values": [0.3, -0.1, NAN, 0.2],
        "variances": [0.4, 0.1, NAN, 0.9],
        "counts": [10, 10, 0, 10],
        "data_names": ["c", "a", "d", "b"],
        "per_point": np.array([30, -10, 0, 20]),
        "subsidy": 0.5,
    }
    return ValuationResult(**{**given, **kwargs})


def from_run(
    seed: int = 1, *, steps=((0, 0, 10),), n: int = 12, fingerprint: str = "f", **about
) -> ValuationResult:
    values = np.random.default_rng(seed).normal(size=n)
    provenance = Provenance(
        algorithm="Data Shapley", seed=seed, seconds=2.0, evaluations=80, steps=steps, keys={"utility": "u"},
        notes=("labels are noisy",),
    )  # fmt: skip
    given = {
        "ids": np.arange(100, 100 + n),
        "names": np.array([f"p{i}" for i in range(n)]),
        "fingerprint": fingerprint,
        "algorithm": "Data Shapley",
        "status": Status.Converged,
        "provenance": provenance,
        "threshold": 0.0,
        "verdict": Verdict(True, 1.0, values > 0, "certain enough"),
    }
    return ValuationResult.from_estimate(
        Estimate(values, np.full(n, 0.1), np.full(n, 8, np.int64)), **{**given, **about}
    )


class TestColumns:
    def test_standard_errors_follow_from_variances_of_the_observations(self):
        np.testing.assert_allclose(small().stderr, [0.2, 0.1, NAN, 0.3])

    def test_a_run_keeps_its_standard_errors_to_the_bit(self):
        r = from_run()
        assert (r.stderr == 0.1).all()
        np.testing.assert_allclose(np.sqrt(r.variances / r.counts), r.stderr)
        assert (r.converged == (r.values > 0)).all()
        assert r.ids.tolist() == list(range(100, 112))
        assert r.indices.tolist() == list(range(12))

    def test_what_is_not_known_is_nan_and_never_zero(self):
        assert np.isnan(ValuationResult(values=[1.0]).stderr).all()
        one_seen = Estimate(np.array([1.0, NAN]), np.array([NAN, NAN]), np.array([1, 0]))
        r = ValuationResult.from_estimate(
            one_seen, ids=np.arange(2), names=np.arange(2), fingerprint="", algorithm="", status=Status.Pending,
            provenance=None,
        )  # fmt: skip
        assert np.isnan(r.stderr).all()
        assert np.isnan(r[0].stderr)

    def test_an_exact_value_has_no_error_however_few_observations(self):
        r = ValuationResult(values=[1.0], variances=[0.0], counts=[0])
        assert r.stderr[0] == r[0].stderr == 0.0

    @pytest.mark.parametrize("name", ["values", "variances", "stderr", "counts", "indices", "ids", "names"])
    def test_arrays_are_read_only(self, name):
        for r in (
            small(),
            small().sort(),
            small()[:2],
            small().copy(),
            small() + small(),
            small().scale(2.0),
        ):
            with pytest.raises(ValueError, match="read-only"):
                getattr(r, name)[0] = getattr(r, name)[0]

    def test_the_callers_arrays_stay_the_callers(self):
        values = np.array([1.0, 2.0])
        r = ValuationResult(values=values)
        values[0] = 9.0
        assert r.values[0] == 1.0
        assert values.flags.writeable

    @pytest.mark.parametrize(
        ("wrong", "error", "words"),
        [
            ({"values": [[1.0, 2.0]]}, InputError, "shape"),
            ({"values": ["a", "b", "c", "d"]}, InputTypeError, "numbers"),
            ({"variances": [1.0]}, InputError, "like values"),
            ({"variances": [1, 1, 1, -1]}, InputError, "negative"),
            ({"counts": [1, 1, 1, -1]}, InputError, "negative"),
            ({"counts": [1, 1, 1, 0.5]}, InputTypeError, "whole"),
            ({"counts": [1, 1, 1, NAN]}, InputTypeError, "whole"),
            ({"indices": [0, 1, 2, 2]}, InputError, "2 twice"),
            ({"data_names": ["a"]}, InputError, "data_names"),
            ({"status": "no such"}, ValueError, "Status"),
        ],
    )
    def test_wrong_columns_are_refused(self, wrong, error, words):
        with pytest.raises(error, match=words):
            small(**wrong)

    def test_extra_values_are_attributes_and_follow_their_points(self):
        r = small().sort(key="name")
        assert r.subsidy == 0.5
        assert r.per_point.tolist() == [-10, 20, 30, 0]
        assert set(r.extra_values) == {"subsidy", "per_point"}
        with pytest.raises(AttributeError, match="no attribute or extra value 'valeus'"):
            r.valeus  # noqa: B018


class TestOrder:
    def test_sort_works_in_place_and_returns_the_result(self):
        r = small()
        assert r.sort() is r
        assert r.indices.tolist() == [1, 3, 0, 2]
        assert r.names.tolist() == ["a", "b", "c", "d"]
        assert r[:2].indices.tolist() == [1, 3]

    def test_a_sorted_copy_leaves_the_original(self):
        r = small()
        assert r.sort(inplace=False).indices.tolist() == [1, 3, 0, 2]
        assert r.indices.tolist() == [0, 1, 2, 3]

    @pytest.mark.parametrize(
        ("key", "up", "down"),
        [
            ("value", [1, 3, 0, 2], [0, 3, 1, 2]),
            ("variance", [1, 0, 3, 2], [3, 0, 1, 2]),
            ("index", [0, 1, 2, 3], [3, 2, 1, 0]),
            ("name", [1, 3, 0, 2], [2, 0, 3, 1]),
        ],
    )
    def test_keys_and_nan_last_either_way(self, key, up, down):
        assert small().sort(key=key).indices.tolist() == up
        assert small().sort(reverse=True, key=key).indices.tolist() == down

    def test_ties_are_in_index_order_either_way(self):
        r = ValuationResult(values=[1.0, 0.0, 1.0, 1.0], indices=[7, 5, 3, 9])
        assert r.sort().indices.tolist() == [5, 3, 7, 9]
        assert r.sort(reverse=True).indices.tolist() == [3, 7, 9, 5]

    def test_an_unknown_key_is_refused(self):
        with pytest.raises(InputError, match="'value', 'variance', 'index' or 'name'"):
            small().sort(key="values")

    def test_the_constructor_sorts_as_asked(self):
        assert small(sort=True).indices.tolist() == [1, 3, 0, 2]
        assert small(sort=False).indices.tolist() == [0, 3, 1, 2]

    def test_the_sentence_of_the_talk(self):
        data = Dataset(np.arange(300.0)[:, None], np.arange(300) % 2)
        random = ValuationResult.from_random(300, seed=3)
        values = ValuationResult.from_estimate(
            Estimate(random.values, np.full(300, 0.1), np.full(300, 8)), ids=data.ids, names=data.names,
            fingerprint=data.fingerprint, algorithm="", status=Status.Converged, provenance=None,
        )  # fmt: skip
        values.sort()
        clean = data.drop_indices(values[:100].indices)
        assert clean.fingerprint == data.drop(values[:100]).fingerprint
        assert set(clean.ids) == set(np.argsort(random.values)[100:])
        with pytest.raises(InputError, match="other data"):
            clean.drop(values[:100])


class TestRows:
    @pytest.mark.parametrize(
        ("index", "indices"),
        [
            (slice(1, None, 2), [1, 3]),
            ([3, 0], [3, 0]),
            ([-1], [3]),
            (np.array([2, 1]), [2, 1]),
            (np.array([True, False, False, True]), [0, 3]),
            ([False, False, True, False], [2]),
            ([], []),
            (slice(0, 0), []),
            ((1, 2), [1, 2]),
        ],
    )
    def test_rows_stay_paired(self, index, indices):
        r = small()[index]
        assert isinstance(r, ValuationResult)
        assert r.indices.tolist() == indices
        np.testing.assert_array_equal(r.values, small().values[indices])
        np.testing.assert_array_equal(r.variances, small().variances[indices])
        np.testing.assert_array_equal(r.per_point, small().per_point[indices])
        assert r.subsidy == 0.5

    def test_one_row_is_an_item(self):
        r = small().sort()
        assert r[0] == ValueItem(1, "a", -0.1, 0.1, 10)
        assert r[np.int64(-1)].idx == 2
        assert [item.idx for item in r] == [1, 3, 0, 2]
        assert r.index(r[2]) == 2
        assert r[1] in r

    @pytest.mark.parametrize(
        ("index", "error", "words"),
        [
            (4, IndexError, "4 rows"),
            (-5, IndexError, "4 rows"),
            ([0, 9], IndexError, "row 9"),
            ([0, 0], InputError, "twice"),
            ([0, -4], InputError, "twice"),
            (np.array([True]), InputError, "mask has 1"),
            ("a", InputTypeError, "get"),
            (True, InputTypeError, "True"),
            (1.5, InputTypeError, "float64"),
            ([[0, 1]], InputTypeError, "shape"),
            (None, InputTypeError, "object"),
        ],
    )
    def test_what_is_no_row_is_refused(self, index, error, words):
        with pytest.raises(error, match=words):
            small()[index]

    def test_points_are_found_in_any_order(self):
        r = small(indices=[5, 2, 9, 4]).sort()
        assert r.positions([9, 5]).tolist() == [3, 2]
        assert r.positions(np.array([], int)).tolist() == []
        assert r.positions(slice(1, 3)).tolist() == [1, 2]  # the second and third point by index: 4 and 5
        assert r.get(4).name == "b"
        for missing in ([5, 3], [10], [-1]):
            with pytest.raises(IndexError, match="not in this result"):
                r.positions(missing)
        with pytest.raises(InputTypeError, match="integers"):
            r.positions(["a"])
        with pytest.raises(IndexError, match="not in this result"):
            ValuationResult.empty().positions([0])


class TestItems:
    def test_d18_an_item_is_not_greater_than_itself(self):
        item = ValueItem(0, "a", 1.0, 0.1, 3)
        same = ValueItem(0, "a", 1.0, 0.1, 3)
        assert item == same
        assert hash(item) == hash(same)
        assert not item > same
        assert not item < same
        assert item >= same
        assert item <= same

    def test_items_are_ordered_by_value_with_nan_last(self):
        items = [ValueItem(i, str(i), v) for i, v in enumerate([0.5, NAN, -1.0, np.inf])]
        assert [item.idx for item in sorted(items)] == [2, 0, 3, 1]
        assert ValueItem(0, "a", NAN) == ValueItem(0, "a", NAN)
        assert ValueItem(0, "a", 1.0) != "a"
        with pytest.raises(TypeError):
            assert ValueItem(0, "a", 1.0) < 2.0


class TestEditing:
    def test_set_replaces_one_point_and_no_array_handed_out(self):
        r = small().sort()
        before = r.values
        assert r.set(2, 0.7, variance=0.4, count=10) is None
        assert np.isnan(before[3])
        assert r.get(2) == ValueItem(2, "d", 0.7, 0.4, 10)
        assert r.stderr[3] == pytest.approx(0.2)
        r.set(0, 1.0)
        assert np.isnan(r.get(0).stderr)
        with pytest.raises(IndexError):
            r.set(17, 1.0)
        with pytest.raises(InputError, match="negative"):
            r.set(0, 1.0, variance=-1.0)

    def test_scale_moves_errors_with_the_values(self):
        r = from_run()
        before = r.copy()
        assert r.scale(-2.0) is r
        np.testing.assert_allclose(r.values, -2 * before.values)
        np.testing.assert_allclose(r.stderr, 2 * before.stderr)
        np.testing.assert_allclose(r.variances, 4 * before.variances)
        part = before.copy().sort().scale(3.0, data_indices=[4, 7])
        expected = before.values * np.where(np.isin(before.indices, [4, 7]), 3.0, 1.0)
        np.testing.assert_allclose(part.sort(key="index").values, expected)
        with pytest.raises(InputError, match="finite"):
            r.scale(NAN)

    def test_a_threshold_scales_with_all_values_and_is_lost_with_some(self):
        assert from_run(threshold=0.2).scale(2.0).threshold == pytest.approx(0.4)
        assert from_run(threshold=0.2).scale(2.0, [0]).threshold is None
        assert from_run(threshold=0.0).scale(2.0, [0]).threshold == 0.0

    @pytest.mark.parametrize("key", ["value", "variance", "index", "name"])
    def test_d3_a_copy_keeps_its_order(self, key):
        r = small().sort(reverse=True, key=key)
        c = r.copy()
        assert c.indices.tolist() == r.indices.tolist()
        assert c == r
        c.scale(2.0)
        c.sort(key="index")
        assert r.indices.tolist() != c.indices.tolist() or key == "index"
        assert r.get(0).value == 0.3

    def test_results_survive_copying_and_pickling(self):
        for r in (small().sort(), from_run()):
            for other in (pickle.loads(pickle.dumps(r)), copy.copy(r), copy.deepcopy(r)):
                assert other == r
                assert other.indices.tolist() == r.indices.tolist()


class TestEquality:
    def test_d2_same_content_in_another_order_is_equal(self):
        assert small() == small().sort() == small()[[2, 0, 3, 1]]

    @pytest.mark.parametrize(
        "other",
        [
            {"values": [0.3, -0.1, NAN, 0.21]},
            {"values": [0.3, -0.1, 0.0, 0.2]},
            {"variances": [0.4, 0.1, NAN, 0.8]},
            {"counts": [10, 10, 1, 10]},
            {"indices": [1, 0, 2, 3]},
            {"data_names": ["c", "a", "d", "e"]},
            {"subsidy": 0.6},
            {"per_point": np.array([30, -10, 1, 20])},
            {"another": 1},
            {"algorithm": "x"},
            {"status": Status.Failed},
        ],
    )
    def test_d2_other_content_is_not(self, other):
        assert small() != small(**other)

    def test_d2_permuted_values_with_unpermuted_indices_are_not_equal(self):
        assert ValuationResult(values=[1.0, 2.0]) != ValuationResult(values=[1.0, 2.0], indices=[1, 0])

    def test_other_data_another_length_and_another_type_are_not_equal(self):
        assert from_run() != from_run(fingerprint="g")
        assert small() != small()[:3]
        assert small() != "small"
        with pytest.raises(TypeError, match="unhashable"):
            hash(small())


class TestMerging:
    def test_counts_weight_the_values(self):
        a = ValuationResult(values=[1.0], variances=[2.0], counts=[4])
        b = ValuationResult(values=[4.0], variances=[0.5], counts=[2])
        merged = a + b
        pooled = (3 * 2.0 + 1 * 0.5 + 9.0 * 4 * 2 / 6) / 5
        assert merged.values[0] == pytest.approx(2.0)
        assert merged.variances[0] == pytest.approx(pooled)
        assert merged.stderr[0] == pytest.approx(np.sqrt(pooled / 6))
        assert merged.counts[0] == 6

    def test_d4_two_runs_of_the_same_spread_keep_it(self):
        rng = np.random.default_rng(0)
        x, y = rng.normal(size=(2, 50))
        a, b = (ValuationResult(values=[z.mean()], variances=[z.var(ddof=1)], counts=[50]) for z in (x, y))
        assert (a + b).variances[0] == pytest.approx(np.r_[x, y].var(ddof=1), rel=1e-12)

    def test_the_other_run_may_be_sorted(self):
        a, b = from_run(1), from_run(2)
        expected = (a.values + b.values) / 2
        merged = a + b.copy().sort()
        np.testing.assert_allclose(merged.values, expected)
        assert merged.indices.tolist() == a.indices.tolist()
        np.testing.assert_allclose((a.copy().sort() + b).sort(key="index").values, expected)

    def test_points_known_to_one_run_only(self):
        a = ValuationResult(values=[1.0, NAN, NAN], variances=[1.0, NAN, NAN], counts=[5, 3, 3])
        b = ValuationResult(values=[NAN, 2.0, NAN, 8.0], variances=[NAN, 2.0, NAN, 3.0], counts=[3, 5, 2, 5])
        merged = a + b
        np.testing.assert_array_equal(merged.values, [1.0, 2.0, NAN, 8.0])
        np.testing.assert_array_equal(merged.variances, [1.0, 2.0, NAN, 3.0])
        assert merged.counts.tolist() == [5, 5, 3, 5]

    def test_a_single_observation_has_a_value_but_no_spread(self):
        one = ValuationResult(values=[1.0], counts=[1])
        two = one + ValuationResult(values=[3.0], counts=[1])
        assert two.values[0] == 2.0
        assert two.variances[0] == pytest.approx(2.0)

    def test_nothing_is_neutral(self):
        for r in (small(), from_run()):
            for nothing in (ValuationResult.empty(), ValuationResult.zeros(size=len(r))):
                assert r + nothing == r
                assert nothing + r == r
        assert ValuationResult.zeros(size=2) + ValuationResult.zeros(size=2) == ValuationResult.zeros(size=2)

    def test_the_same_draws_are_refused(self):
        a = from_run(1, steps=((0, 0, 10), (2, 5, 6)))
        for steps in (((0, 9, 12),), ((2, 0, 8),)):
            with pytest.raises(IdentityError, match="count twice"):
                a + from_run(1, steps=steps)
        for other in (from_run(1, steps=((0, 10, 20),)), from_run(1, steps=((1, 0, 10),)), from_run(2)):
            assert len((a + other).runs) == 2
        assert len(a[:5] + a[5:]) == 12, "no point is shared, so no draw counts twice"

    def test_a_merged_run_cannot_be_merged_again(self):
        with pytest.raises(IdentityError, match="count twice"):
            from_run(1) + (from_run(2) + from_run(1, steps=((0, 10, 20),))) + from_run(2)

    @pytest.mark.parametrize(
        ("other", "words"),
        [
            ({"fingerprint": "g"}, "fingerprints"),
            ({"algorithm": "Banzhaf"}, "methods"),
            ({"unit": "probability"}, "units"),
            ({"provenance": Provenance(seed=2, keys={"utility": "v"})}, "utilities"),
            ({"fingerprint": "", "ids": np.arange(12)}, "position 0"),
        ],
    )
    def test_other_questions_are_refused(self, other, words):
        with pytest.raises(IdentityError, match=words):
            from_run(1) + from_run(2, **other)

    def test_provenance_sums_up_what_was_merged(self):
        merged = from_run(1) + from_run(2) + from_run(1, steps=((0, 10, 15),))
        assert [run.seed for run in merged.runs] == [1, 2, 1]
        provenance = merged.provenance
        assert provenance.evaluations == 240
        assert provenance.seconds == 6.0
        assert provenance.steps == ((0, 0, 10), (0, 10, 15))
        assert provenance.notes == ("labels are noisy", "merged from 3 runs with the seeds 1, 2, 1")
        assert merged.status is Status.Converged
        assert merged.threshold == 0.0
        assert merged.verdict is None

    def test_status_of_unequal_runs(self):
        assert (from_run(1) + from_run(2, status=Status.Stopped)).status is Status.Stopped
        assert (from_run(1) + from_run(2, status=Status.Failed)).status is Status.Failed

    def test_extra_values_that_agree_are_kept_and_others_named(self):
        merged = small(algorithm="") + small(subsidy=0.7, more="x").sort()
        assert merged.more == "x"
        assert merged.per_point.tolist() == [30, -10, 0, 20]
        assert "subsidy" not in merged.extra_values
        assert "'subsidy' could not be merged" in merged.describe()

    def test_only_results_can_be_added(self):
        with pytest.raises(TypeError):
            small() + 1


class TestMaking:
    def test_random_values_sum_to_the_total(self):
        r = ValuationResult.from_random(50, total=3.0, seed=1)
        assert r.values.sum() == pytest.approx(3.0)
        assert r == ValuationResult.from_random(50, total=3.0, seed=1)
        assert r != ValuationResult.from_random(50, total=3.0, seed=2)
        assert np.abs(ValuationResult.from_random(100, seed=0).values).max() <= 1.0
        with pytest.raises(InputError, match="at least 1"):
            ValuationResult.from_random(0)

    def test_zeros_and_nothing(self):
        assert len(ValuationResult.empty()) == 0
        zeros = ValuationResult.zeros("x", indices=[4, 2], data_names=["a", "b"])
        assert zeros.values.tolist() == [0.0, 0.0]
        assert zeros.counts.tolist() == [0, 0]
        assert zeros.get(2).name == "b"
        assert zeros.algorithm == "x"

    def test_certainty_is_that_of_the_ranking(self):
        assert 0.5 < from_run().certainty < 1.0
        assert np.isnan(small().certainty)


class TestElsewhere:
    def test_d1_a_table_of_a_sorted_result_pairs_right(self):
        pytest.importorskip("pandas")
        r = ValuationResult(
            values=[2.0, 0.0, 1.0, 3.0], variances=[0.2, 0.0, 0.1, 0.3], counts=[3, 1, 2, 4]
        ).sort()
        table = r.to_dataframe("v")
        assert table.index.tolist() == [1, 2, 0, 3]
        assert table["v"].tolist() == [0.0, 1.0, 2.0, 3.0]
        assert table["v_variances"].tolist() == [0.0, 0.1, 0.2, 0.3]
        assert table["v_counts"].tolist() == [1, 2, 3, 4]
        np.testing.assert_array_equal(table["v_stderr"], r.stderr)
        assert small().to_dataframe(use_names=True).index.tolist() == ["c", "a", "d", "b"]
        assert from_run().to_dataframe().columns[0] == "Data Shapley"

    def test_a_table_without_pandas_names_the_extra(self, monkeypatch):
        real = builtins.__import__

        def without_pandas(name, *args, **kwargs):
            if name.partition(".")[0] == "pandas":
                raise ImportError(name)
            return real(name, *args, **kwargs)

        monkeypatch.setattr(builtins, "__import__", without_pandas)
        with pytest.raises(InputError, match=r"dvlwidgets\[frames\].*to_csv"):
            small().to_dataframe()

    def test_csv_holds_every_digit_in_the_present_order(self, tmp_path):
        r = small(values=[1 / 3, -0.1, NAN, 0.2]).sort()
        r.to_csv(tmp_path / "values.csv")
        with (tmp_path / "values.csv").open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        assert [int(row["index"]) for row in rows] == [1, 3, 0, 2]
        np.testing.assert_array_equal([float(row["value"]) for row in rows], r.values)
        np.testing.assert_array_equal([float(row["stderr"]) for row in rows], r.stderr)
        assert rows[2] == {**rows[2], "name": "c", "count": "10", "id": "0"}

    def test_files_keep_content_order_and_provenance(self, tmp_path):
        path = tmp_path / "values.dvl"
        for r in (from_run().sort(key="variance", reverse=True), small().sort(), ValuationResult.empty("x")):
            save_result(r, path)
            back = load_result(path)
            assert back == r
            assert back.indices.tolist() == r.indices.tolist()
            assert back.runs == r.runs
            assert back.verdict is r.verdict is None or back.verdict.reason == r.verdict.reason
            assert back.describe() == r.describe()
        assert [p.name for p in tmp_path.iterdir()] == ["values.dvl"]

    def test_open_files_work_too(self):
        buffer = io.BytesIO()
        save_result(small(matrix=np.eye(3), plan={"sizes": [1, 2], "n": np.int64(3)}), buffer)
        buffer.seek(0)
        back = load_result(buffer)
        assert back.plan == {"sizes": [1, 2], "n": 3}
        assert (back.matrix == np.eye(3)).all()

    def test_a_loaded_result_still_refuses_its_own_draws(self, tmp_path):
        save_result(from_run(), tmp_path / "r")
        with pytest.raises(IdentityError, match="count twice"):
            load_result(tmp_path / "r") + from_run()

    def test_what_cannot_be_kept_is_refused_and_leaves_no_file(self, tmp_path):
        for extra in (object(), np.array([None])):
            with pytest.raises(InputTypeError, match=r"thing.*(object|Objects|objects)"):
                save_result(small(thing=extra), tmp_path / "r")
        assert list(tmp_path.iterdir()) == []

    def test_missing_and_foreign_files(self, tmp_path):
        with pytest.raises(FileNotFoundError):
            load_result(tmp_path / "none")
        assert len(load_result(tmp_path / "none", ignore_missing=True)) == 0
        foreign = tmp_path / "foreign"
        for content in (b"", b"hello", pickle.dumps({"a": 1})):
            foreign.write_bytes(content)
            with pytest.raises(InputError, match="not a result file") as refusal:
                load_result(foreign)
            assert "pickle" not in str(refusal.value)
        with pytest.raises(FileNotFoundError, match="there is no folder"):
            save_result(small(), tmp_path / "none" / "r")
        with pytest.raises(InputError, match=r"cannot be written.*folder that exists"):
            small().to_csv(tmp_path / "none" / "r.csv")
        np.savez(tmp_path / "arrays.npz", a=np.zeros(3))
        with pytest.raises(InputError, match="not a result file"):
            load_result(tmp_path / "arrays.npz")

    def test_a_later_format_is_refused_with_both_versions(self, tmp_path):
        text = json.dumps({"format": "dvlwidgets result", "version": 99}).encode()
        with (tmp_path / "r").open("wb") as file:
            np.savez(file, json=np.frombuffer(text, np.uint8))
        with pytest.raises(InputError, match=r"version 99.*version 1"):
            load_result(tmp_path / "r")

    def test_a_torn_file_is_refused(self, tmp_path):
        save_result(from_run(), tmp_path / "r")
        whole = (tmp_path / "r").read_bytes()
        (tmp_path / "r").write_bytes(whole[: len(whole) // 2])
        with pytest.raises(InputError, match="damaged"):
            load_result(tmp_path / "r")


class TestWords:
    def test_repr_shows_both_ends(self):
        r = ValuationResult(values=np.arange(1000.0), algorithm="Data Shapley")
        text = repr(r[np.random.default_rng(0).permutation(1000)])
        assert text.splitlines()[0] == "ValuationResult: Data Shapley of 1,000 points, pending"
        shown = [int(line.split()[0]) for line in text.splitlines()[2:] if "more" not in line]
        assert shown == [0, 1, 2, 3, 4, 995, 996, 997, 998, 999]
        assert "990 more" in text

    def test_repr_of_few_none_and_unknown(self):
        assert len(repr(small()).splitlines()) == 6
        assert repr(ValuationResult.empty()) == "ValuationResult: values of 0 points, pending"
        many = ValuationResult(values=np.r_[np.full(50, NAN), np.arange(30.0)])
        assert "nan" not in repr(many).lower().replace("nan      1", "")
        assert "29" in repr(many)

    def test_html_escapes_names(self):
        text = small(data_names=["<b>", "a", "d", "b"])._repr_html_()
        assert "&lt;b&gt;" in text
        assert "<b>" not in text

    def test_describe_says_what_a_reader_must_know(self):
        text = from_run().describe()
        for words in (
            "Data Shapley of 12 points, in points of the score", "sum to", "expected correlation of 0.9",
            "80 evaluations in 2.0 s, then: certain enough", "Points below 0 hurt", "Note: labels are noisy.",
        ):  # fmt: skip
            assert words in text
        assert "\n" not in text

    def test_describe_of_one_point(self):
        assert " of 1 point, in " in ValuationResult(values=[1.0]).describe()

    def test_describe_without_threshold_errors_or_values(self):
        text = small().describe()
        assert "1 value is not known yet" in text
        assert "0 included" in text
        assert "nothing is said of how sure" in text
        exact = ValuationResult(values=[1.0, -1.0], variances=[0.0, 0.0], status=Status.Converged).describe()
        assert "exact" in exact
        assert "sum to 0;" in exact
        assert "0 points" in ValuationResult.empty().describe()

    def test_status_is_minimal_and_knows_pydvls_name(self):
        assert [s.name for s in Status] == ["Pending", "Converged", "Stopped", "Failed"]
        assert Status.MaxIterations is Status.Stopped

    def test_provenance_is_the_runs_own(self):
        r = from_run(7)
        assert r.provenance is r.runs[0]
        assert r.provenance.seed == 7
        assert r.verdict.reason == "certain enough"
        assert ValuationResult.empty().provenance is None
        assert dataclasses.replace(r.provenance).references == ()
