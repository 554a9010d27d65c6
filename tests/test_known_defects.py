"""Defects that were measured in other engines, and things known to go wrong: each has a regression test by name.

D1 to D20 are what was found in pyDVL (our notes on valuation, section 2), the sentences what our first design warned
of (section 5). `HELD_BY` says which test holds each of them; those whose names begin with `test_d` are in this file,
or where their subject is tested.
"""

from __future__ import annotations

import ast
import pickle
import re
import subprocess
import sys
import tracemalloc
from functools import cache
from pathlib import Path
from typing import Any

import joblib
import nbformat
import numpy as np
import pytest
from oracles import LowOrderGame
from sklearn.linear_model import LogisticRegression

from dvlwidgets import (
    AntitheticPermutationSampler,
    Dataset,
    DeterministicUniformSampler,
    MaxChecks,
    MaxTime,
    MaxUpdates,
    MSRSampler,
    NoStopping,
    PermutationSampler,
    RankCorrelation,
    ShapleyValuation,
    SupervisedScorer,
    Utility,
)
from dvlwidgets.engine.parallel import Workers
from dvlwidgets.engine.rules import RuleView
from dvlwidgets.errors import InputError
from dvlwidgets.utility.function import FunctionUtility
from dvlwidgets.valuation.semivalue import shapley_law
from dvlwidgets.valuation.subset_job import SubsetJob

TESTS = Path(__file__).resolve().parent

HERE = "test_known_defects.py"

HELD_BY: dict[str, list[str]] = {
    "D1: the table of a sorted result has wrong variances and counts": [
        "test_result.py::TestElsewhere::test_d1_a_table_of_a_sorted_result_pairs_right",
    ],
    "D2: equality depends on the order and misses differences": [
        "test_result.py::TestEquality::test_d2_same_content_in_another_order_is_equal",
        "test_result.py::TestEquality::test_d2_other_content_is_not",
        "test_result.py::TestEquality::test_d2_permuted_values_with_unpermuted_indices_are_not_equal",
    ],
    "D3: a copy of a sorted result is sorted anew": [
        "test_result.py::TestEditing::test_d3_a_copy_keeps_its_order",
    ],
    "D4: continuing inflates variances n-fold": [
        f"{HERE}::test_d04_continuing_keeps_the_variances",
        "test_result.py::TestMerging::test_d4_two_runs_of_the_same_spread_keep_it",
    ],
    "D5: continuing with subsets silently discards the previous result": [
        f"{HERE}::test_d05_continuing_with_subsets_keeps_what_was_paid_for",
        "test_resume.py::test_continue_from_a_result_equals_one_long_run",
    ],
    "D6: reset of a composed rule leaves its parts": [
        f"{HERE}::test_d06_a_composed_rule_begins_anew_with_every_run",
        "test_stopping.py::test_reset_of_a_composed_rule_resets_its_parts",
        "test_more_stopping.py::test_parts_of_composed_rules_are_reset_by_every_run",
    ],
    "D7: RankCorrelation(fraction < 1) raises once a part is burnt in": [
        f"{HERE}::test_d07_a_part_that_is_burnt_in_is_no_error",
        "test_stopping.py::test_rank_correlation_judges_only_the_points_that_are_ready",
    ],
    "D8: RankCorrelation stops on pure noise": [
        f"{HERE}::test_d08_pure_noise_never_stops_rank_correlation",
        "test_stopping.py::test_rank_correlation_never_stops_on_pure_noise",
    ],
    "D9: the same seed and two workers give other values": [
        f"{HERE}::test_d09_two_workers_give_the_same_bits_twice",
        "test_same_bits.py::test_serial_threads_and_loky_give_the_same_bits",
    ],
    "D10: the bookkeeping of subsets takes n squared": [
        f"{HERE}::test_d10_folding_a_step_takes_as_many_calls_for_any_number_of_points",
        f"{HERE}::test_d10_folding_a_step_takes_memory_in_proportion_to_its_masks",
    ],
    "D11: the KNN utility knows the neighbours of the full set only": [
        "test_knn_family.py::test_d11_the_shapley_value_of_the_utility_is_knn_shapley",
        "test_knn_family.py::test_d11_a_utility_that_knows_the_neighbours_of_all_points_only_is_rejected",
    ],
    "D12: KNN-Shapley loops in Python and holds all distances": [
        "test_knn_family.py::test_no_matrix_of_all_distances_is_made",
        "bench/test_knn_speed.py::test_the_closed_form_is_no_slower_than_a_plain_cumulative_sum",
    ],
    "D13: the import fails without torch": [
        f"{HERE}::test_d13_everything_but_nets_works_without_torch",
        "test_core_only.py::test_nothing_optional_was_there",
    ],
    "D14: several outputs cannot be sliced, and slices forget the memory map": [
        "test_dataset.py::test_several_outputs_can_be_sliced",
        "test_dataset.py::test_memory_mapped_data_stay_mapped_when_sliced",
    ],
    "D15: Data-OOB crashes on bags of everything": [
        "test_data_oob.py::test_bags_of_everything_are_refused_before_any_work",
        "test_data_oob.py::test_bags_of_all_rows_by_number_are_refused",
        "test_data_oob.py::test_a_point_in_every_bag_has_no_value_and_a_note",
    ],
    "D16: the Owen grid is biased by its end points": [
        "test_more_samplers.py::test_defect_16_five_nodes_have_no_end_point_bias",
    ],
    "D17: joblib's sequential backend is not supported": [
        f"{HERE}::test_d17_the_sequential_backend_is_a_backend",
    ],
    "D18: an item is greater than its equal": [
        "test_result.py::TestItems::test_d18_an_item_is_not_greater_than_itself",
    ],
    "D19: duck-typed models fail with a newer scikit-learn": [
        f"{HERE}::test_d19_a_model_needs_fit_and_predict_and_nothing_of_scikit_learn",
        "test_model_utility.py::test_fit_and_predict_are_enough",
        "test_scorer.py::test_duck_typed_models",
    ],
    # A stale object compared with itself; values in another order than their points; text that its output belies. Our
    # notebooks end in a cell that asserts what the text claims, and a result carries its indices through every plot.
    "D20: notebooks compare a method with itself, pair values with other points, and claim what is not so": [
        f"{HERE}::test_d20_no_example_uses_one_name_for_two_valuations",
        "test_notebooks.py::test_example",
        "test_reporting.py::test_values_are_drawn_in_their_present_order_with_their_intervals",
    ],
    "composed rules that are not reset": ["test_stopping.py::test_reset_of_a_composed_rule_resets_its_parts"],
    "rules that mutate results": [
        f"{HERE}::test_rules_and_readers_of_frames_cannot_write_to_what_they_look_at",
        "test_stopping.py::test_init_twice_is_equal_and_update_leaves_the_old_state_alone",
    ],
    "a completion that runs backwards": [
        "test_stopping.py::test_completion_runs_forward_as_the_error_falls",
    ],
    "resuming that corrupts variances": [
        f"{HERE}::test_d04_continuing_keeps_the_variances",
        "test_result_properties.py::test_merging_equals_having_seen_all_observations_at_once",
    ],
    "resuming that silently starts again": [
        "test_resume.py::test_a_finished_checkpoint_costs_no_evaluation",
        "test_resume.py::test_resuming_onto_something_else_is_refused",
    ],
    "tables of a sorted result; equality that depends on order": [
        "test_result.py::TestElsewhere::test_d1_a_table_of_a_sorted_result_pairs_right",
        "test_sharing.py::test_a_sorted_result_keeps_each_value_with_its_point",
        "test_result_properties.py::test_sorting_keeps_every_row_and_equality",
    ],
    "Shapley weights on uniform subsets": [
        f"{HERE}::test_shapley_weights_on_uniform_subsets_are_refused_or_right",
        "test_samplers.py::test_shapley_weights_on_binomial_sizes_are_refused_where_they_cannot_work",
    ],
    "the variance as the mean square minus the squared mean": [
        f"{HERE}::test_utilities_near_one_keep_the_digits_of_their_spread",
        "test_moments.py::test_a_spread_of_1e_8_around_095_keeps_its_digits",
    ],
    "inner threads times worker processes": [
        "test_same_bits.py::test_inner_threads_are_capped_while_running_and_given_back",
        "test_same_bits.py::test_overlapping_runs_give_the_threads_back",
    ],
    "a utility pickled with its data for each task": [
        f"{HERE}::test_the_data_travel_once_and_not_with_every_task",
        "test_data_kinds.py::test_mapped_arrays_are_shipped_by_their_place",
    ],
    "a notebook whose stored output is from the beginning of the run": [
        "test_panel.py::test_the_output_is_written_again_at_the_end",
        "test_panel_stored.py::test_an_executed_notebook_holds_the_final_copy_and_no_blank_view",
        "ui/test_run.py::test_the_saved_notebook_tells_how_the_run_ended",
    ],
    "fits that fail or warn on a degenerate subset": [
        "test_model_utility.py::test_failing_fits_are_data",
        "test_model_utility.py::test_the_first_traceback_is_kept",
        "test_model_utility.py::test_warnings_are_counted_and_not_printed",
        "test_scorer.py::test_one_class_alone_can_be_scored",
    ],
    "tests that cannot fail": [
        "test_samplers.py::test_the_suite_rejects_broken_strata",
        "test_samplers.py::test_the_suite_rejects_folding_what_finishes_first",
        "test_samplers.py::test_the_suite_rejects_walks_without_the_semivalues_weights",
        "test_core_methods.py::test_a_broken_twin_is_rejected",
        "test_more_samplers.py::test_the_suite_rejects_broken_twins",
        "test_knn_shapley.py::test_a_dishonest_twin_is_rejected",
    ],
    "a curvature that is factorised again for every block": [
        "influence/test_direct.py::test_one_cholesky_serves_the_first_damping_and_one_decomposition_all_others",
        "influence/test_calculators.py::test_each_gradient_and_each_solve_is_computed_once_however_the_result_is_read",
    ],
    # influence, numbered as the defects of pyDVL 0.10 that were measured before the engine was written
    "I1: Gauss-Newton is not finite with one batch": [
        "influence/test_direct.py::test_defect_1_gauss_newton_works_with_one_batch",
        "influence/test_curvature.py::test_defect_1_gauss_newton_has_its_own_scale_with_any_number_of_batches",
    ],
    "I2: averages over right-hand sides instead of data points": [
        "influence/test_curvature.py::test_defect_2_products_are_means_over_data_points_however_many_vectors_there_are",
        "influence/test_harmonic.py::test_defect_2_the_mean_is_over_data_points_whatever_the_batches",
    ],
    "I3: unequal batches weigh the same": [
        "influence/test_curvature.py::test_defect_3_unequal_batches_weigh_by_their_points",
        "influence/test_direct.py::test_defect_3_unequal_batches_give_the_influences_of_equal_ones",
    ],
    "I4: valid regularizations by block are refused and bogus ones taken": [
        "influence/test_direct.py::test_defect_4_regularization_may_be_any_number",
        "influence/test_direct.py::test_defect_4_regularization_by_block_takes_the_blocks_and_nothing_else",
    ],
    "I5: EKFAC's Fisher matrix is none": [
        "influence/test_ekfac.py::test_defect_5_the_fisher_is_exact_and_not_a_pseudo_fisher",
    ],
    "I6: EKFAC assumes a bias, float32 and linear layers, and leaves gradients behind": [
        "influence/test_ekfac.py::test_defect_6_no_bias_float64_convolutions_and_no_gradients_left_behind",
    ],
    "I7: EKFAC by layer is transposed, knows no perturbation and loses what was moved": [
        "influence/test_ekfac.py::test_defect_7_layers_have_tests_as_rows_add_up_and_know_perturbation",
        "influence/test_ekfac.py::test_defect_7_moving_keeps_what_was_moved",
    ],
    "I8: CG runs far past its tolerance": [
        "influence/test_cg.py::test_defect_8_the_tolerance_is_of_the_residual_and_is_not_run_far_past",
    ],
    "I9: dask chunks of one row crash, and integer inputs truncate scores": [
        "influence/test_dask_calculator.py::test_defect_9_chunks_of_one_row_and_unequal_chunks_work",
        "influence/test_dask_calculator.py::test_defect_9_integer_inputs_keep_scores_in_floats",
    ],
    "I10: another damping is an error before the fit, and EKFAC has none": [
        "influence/test_direct.py::test_defect_10_regularization_may_be_set_before_fit",
        "influence/test_ekfac.py::test_defect_10_another_damping_needs_no_refit_and_layers_are_blocks",
    ],
    "I11: LiSSA divides by the solution and reads the loader anew in each iteration": [
        "influence/test_lissa.py::test_defect_11_zeros_in_the_solution_are_no_trouble",
    ],
}


@cache
def defined(path: str) -> set[str]:
    """Names of the tests in a file, those of classes as Class::test."""
    tree = ast.parse((TESTS / path).read_text(encoding="utf-8"))
    names = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    for klass in [node for node in tree.body if isinstance(node, ast.ClassDef)]:
        names |= {f"{klass.name}::{node.name}" for node in klass.body if isinstance(node, ast.FunctionDef)}
    return {name for name in names if name.rsplit("::", maxsplit=1)[-1].startswith("test_")}


@pytest.mark.parametrize("defect", HELD_BY)
def test_every_defect_is_held_by_a_test_that_exists(defect: str) -> None:
    for test in HELD_BY[defect]:
        path, _, name = test.partition("::")
        assert name in defined(path), f"{test}: rename it here too"


def test_all_of_them_are_there() -> None:
    assert [key.split(":")[0] for key in list(HELD_BY)[:20]] == [f"D{k}" for k in range(1, 21)]
    assert [key.split(":")[0] for key in list(HELD_BY)[-11:]] == [f"I{k}" for k in range(1, 12)]


# --- what has no better place ---------------------------------------------------------------------------------


class Salted:
    """A set function without structure: as good as noise, and the same for the same subset."""

    def __init__(self, n: int) -> None:
        self.n, self.salt = n, np.random.default_rng(0).random(n) * 1e6

    def __call__(self, masks: Any) -> Any:
        return (masks @ self.salt) % 1.0


def shapley(game: Any, sampler: Any, rule: Any) -> ShapleyValuation:
    return ShapleyValuation(Utility.from_function(game), sampler, rule, show_warnings=False)


@pytest.mark.parametrize("sampler", [PermutationSampler, AntitheticPermutationSampler])
def test_d04_continuing_keeps_the_variances(sampler: Any) -> None:
    game, n = LowOrderGame(10, seed=1), 10
    first = shapley(game, sampler(seed=1), MaxUpdates(16)).fit(range(n)).values()
    longer = shapley(game, sampler(seed=1), MaxUpdates(80)).fit(range(n), continue_from=first).values()
    once = shapley(game, sampler(seed=1), MaxUpdates(80)).fit(range(n)).values()
    assert longer.variances.tobytes() == once.variances.tobytes()
    assert (longer.counts == once.counts).all()


def test_d05_continuing_with_subsets_keeps_what_was_paid_for() -> None:
    game, n, asked = LowOrderGame(10, seed=1), 10, 0

    def counted(masks: Any) -> Any:
        nonlocal asked
        asked += len(masks)
        return game(masks)

    def run(updates: int, earlier: Any = None) -> Any:
        utility = Utility.from_function(counted, key="game")
        valuation = ShapleyValuation(utility, MSRSampler(seed=1), MaxUpdates(updates))
        return valuation.fit(range(n), continue_from=earlier).values()

    first = run(200)
    paid = asked
    longer = run(600, first)
    assert (longer.counts > first.counts).all()
    assert asked == longer.provenance.evaluations + 2  # the first run's are among them, and both ends
    assert paid < asked


def test_d06_a_composed_rule_begins_anew_with_every_run() -> None:
    rule = MaxChecks(3) | (MaxTime(1000) & MaxUpdates(10**6))
    game = LowOrderGame(10, seed=1)
    runs = [shapley(game, PermutationSampler(seed=1), rule).fit(range(10)).values() for _ in range(2)]
    assert runs[0].counts.tolist() == runs[1].counts.tolist() == [3 * 8] * 10


def test_d07_a_part_that_is_burnt_in_is_no_error() -> None:
    rule = RankCorrelation(rtol=0.1, burn_in=8, fraction=0.5)
    state = rule.init(4)
    values, stderr = np.array([3.0, 1.0, 2.0, 5.0]), np.full(4, 1e-3)
    for counts in ([9, 1, 1, 1], [9, 9, 1, 1], [9, 9, 9, 1], [9, 9, 9, 9]):
        state, verdict = rule.update(state, RuleView(values, stderr, np.array(counts), 1.0))
    assert verdict.done


def test_d08_pure_noise_never_stops_rank_correlation() -> None:
    rule = RankCorrelation(rtol=0.5) | MaxChecks(100)
    valuation = shapley(Salted(40), PermutationSampler(seed=1), rule).fit(range(40))
    assert (valuation.values().counts == 100 * 8).all()  # all checks were needed
    assert valuation.values().certainty < 0.5


def test_d09_two_workers_give_the_same_bits_twice() -> None:
    def bits() -> bytes:
        rule = MaxUpdates(40)
        result = shapley(LowOrderGame(12, seed=2), PermutationSampler(seed=4), rule).fit(range(12)).values()
        return result.values.tobytes() + result.stderr.tobytes()

    serial = bits()
    for _ in range(2):
        with joblib.parallel_config(backend="threading", n_jobs=2):
            assert bits() == serial


def folded_step(n: int) -> tuple[Any, Any]:
    """A function that folds one step of 64 subsets of n points, and the masks of the step."""
    bound = MSRSampler(adjusted=False).bind(n, shapley_law(n), 0, "Shapley")
    weights = np.ones(n)
    job = SubsetJob(FunctionUtility(lambda masks: masks @ weights).with_dataset(range(n)), bound)
    stats = job.initial(job.first())
    payloads = [job.task(job.plan(stats), step, 0, 64) for step in range(3)]
    stats = job.fold(job.fold(stats, 0, payloads[0]), 1, payloads[1])
    bound.masks(2)
    return (lambda: job.fold(stats, 2, payloads[2])), bound.masks(2)


def test_d10_folding_a_step_takes_as_many_calls_for_any_number_of_points() -> None:
    def calls(n: int) -> int:
        fold, _ = folded_step(n)
        made = 0

        def count(frame: Any, event: str, argument: Any) -> None:
            nonlocal made
            made += event in ("call", "c_call")

        sys.setprofile(count)
        try:
            fold()
        finally:
            sys.setprofile(None)
        return made

    assert calls(100) <= calls(400) <= 1.2 * calls(100)
    assert calls(100) < 64 * 10  # for 64 subsets at once, not for each of them and each point


def test_d10_folding_a_step_takes_memory_in_proportion_to_its_masks() -> None:
    for n in (100, 800):
        fold, masks = folded_step(n)
        tracemalloc.start()
        try:
            fold()
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        # a few arrays of floats in the shape of the masks and of the 32 bins; one of n x n would be 80 n times more
        assert peak < 40 * 8 * masks.size, n


def test_d13_everything_but_nets_works_without_torch() -> None:
    code = """
import importlib, importlib.abc, pkgutil, sys

class Absent(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {"torch", "dask", "distributed", "zarr", "pandas", "matplotlib", "skorch", "ray"}:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Absent())
import dvlwidgets, dvlwidgets.valuation
for module in pkgutil.walk_packages(dvlwidgets.valuation.__path__, "dvlwidgets.valuation."):
    importlib.import_module(module.name)
for name in dvlwidgets.__all__:
    getattr(dvlwidgets, name)
data = dvlwidgets.Dataset([[0.0], [1.0]], [0, 1])
valuation = dvlwidgets.ShapleyValuation(
    dvlwidgets.Utility.from_function(lambda masks: masks.sum(axis=1) * 1.0),
    dvlwidgets.DeterministicUniformSampler(), dvlwidgets.NoStopping(),
)
print(valuation.fit(data).values().values.tolist())
"""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False
    )
    assert done.stdout.strip() == "[1.0, 1.0]", done.stderr


def test_d17_the_sequential_backend_is_a_backend() -> None:
    def values() -> bytes:
        valuation = shapley(LowOrderGame(8, seed=2), PermutationSampler(seed=4), MaxUpdates(20))
        return valuation.fit(range(8)).values().values.tobytes()

    plain = values()
    with joblib.parallel_config("sequential"):
        assert values() == plain


def test_d19_a_model_needs_fit_and_predict_and_nothing_of_scikit_learn() -> None:
    class Nearest:
        def fit(self, x: Any, y: Any) -> None:
            self.x, self.y = x, y

        def predict(self, x: Any) -> Any:
            return self.y[np.abs(x[:, None, 0] - self.x[None, :, 0]).argmin(axis=1)]

    x = np.array([[0.0], [0.1], [0.9], [1.0]])
    train, test = Dataset(x, [0, 0, 1, 1]), Dataset(x + 0.01, [0, 0, 1, 1])
    utility = Utility(Nearest(), SupervisedScorer("accuracy", test))
    result = ShapleyValuation(utility, DeterministicUniformSampler(), NoStopping()).fit(train).values()
    assert result.values == pytest.approx([0.25] * 4)  # the points of a class are interchangeable


def test_d20_no_example_uses_one_name_for_two_valuations() -> None:
    for path in sorted(TESTS.parent.glob("examples/*.ipynb")):
        cells = nbformat.read(path, as_version=4).cells
        code = "\n".join(c.source for c in cells if c.cell_type == "code")
        assigned = [
            target.id
            for node in ast.walk(
                compile(code, path.name, "exec", ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
            )
            if isinstance(node, ast.Assign) and re.search(r"(Valuation|Influence)\(", ast.unparse(node.value))
            for target in node.targets
            if isinstance(target, ast.Name)
        ]
        assert assigned, path.name
        assert len(assigned) == len(set(assigned)), (
            f"{path.name}: a cell that is run later would use the other one"
        )


def test_rules_and_readers_of_frames_cannot_write_to_what_they_look_at() -> None:
    refused = 0

    def meddle(seen: Any) -> None:
        nonlocal refused
        for array in (seen.values, seen.stderr, seen.counts):
            with pytest.raises(ValueError, match="read-only"):
                array[:] = 0
            refused += 1

    class Meddler(MaxUpdates):
        def update(self, state: Any, view: RuleView) -> Any:
            meddle(view)
            return super().update(state, view)

    game = LowOrderGame(6, seed=1)
    meddled = shapley(game, PermutationSampler(seed=1), Meddler(16))
    for frame in meddled.stream(range(6)):
        meddle(frame)
    assert refused >= 2 * 3 * 2
    honest = shapley(game, PermutationSampler(seed=1), MaxUpdates(16)).fit(range(6)).values()
    assert meddled.values().values.tobytes() == honest.values.tobytes()


def test_shapley_weights_on_uniform_subsets_are_refused_or_right() -> None:
    n = 90
    weights = np.linspace(0.5, 1.5, n)
    game = LowOrderGame(n, seed=0)
    with pytest.raises(InputError, match="the variance grows"):
        shapley(game, MSRSampler(law="binomial", seed=0), MaxUpdates(10)).fit(range(n))
    additive = (
        shapley(lambda masks: masks @ weights, MSRSampler(seed=0), MaxUpdates(400)).fit(range(n)).values()
    )
    t = (additive.values - weights) / np.maximum(additive.stderr, 1e-12)
    assert additive.values.sum() == pytest.approx(weights.sum(), rel=0.02)
    assert np.abs(t[additive.stderr > 1e-9]).max(initial=0.0) < 5


def test_utilities_near_one_keep_the_digits_of_their_spread() -> None:
    n = 20
    game = LowOrderGame(n, seed=5)
    tiny = (
        shapley(lambda m: 0.95 + 1e-8 * game(m), PermutationSampler(seed=0), MaxUpdates(40))
        .fit(range(n))
        .values()
    )
    plain = shapley(game, PermutationSampler(seed=0), MaxUpdates(40)).fit(range(n)).values()
    # float64 leaves seven digits of numbers of 1e-8 beside 0.95
    assert tiny.stderr == pytest.approx(1e-8 * plain.stderr, rel=1e-4)


def test_the_data_travel_once_and_not_with_every_task() -> None:
    x = np.zeros((20_000, 20))  # 3.2 MB
    y = np.arange(20_000) % 2
    utility = Utility(LogisticRegression(), SupervisedScorer("accuracy", Dataset(x[:50], y[:50])))
    bound = MSRSampler(adjusted=False).bind(20_000, shapley_law(20_000), 0, "Shapley")
    job = SubsetJob(utility.with_dataset(Dataset(x, y)), bound)
    assert len(pickle.dumps(job)) > 3_000_000
    with joblib.parallel_config("loky", n_jobs=2):
        workers = Workers.capture()
    try:
        sent = workers._ship(job)
        assert workers._ship(job) is sent
        assert len(pickle.dumps((sent, ((0, 0, 64),)))) < 2_000  # what travels with a task
    finally:
        workers.close()
