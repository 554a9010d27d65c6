"""Other semivalues from the utilities of a run: right, with honest errors, refused where the utilities cannot say."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conformance import Runs, check_coverage, check_unbiased
from engine_worlds import blobs
from numpy.typing import NDArray
from oracles import LowOrderGame, semivalue_by_enumeration

from dvlwidgets import (
    BanzhafValuation,
    DeterministicUniformSampler,
    KNNShapleyValuation,
    LOOValuation,
    MaxUpdates,
    MSRSampler,
    PermutationSampler,
    RelativeTruncation,
    SemivalueValuation,
    ShapleyValuation,
    Utility,
)
from dvlwidgets.errors import InputError, InputTypeError, NotFittedError
from dvlwidgets.utility.function import FunctionUtility
from dvlwidgets.valuation.methods.beta_shapley import BetaShapleyValuation
from dvlwidgets.valuation.replay import variant
from dvlwidgets.valuation.result import Status, load_result, save_result
from dvlwidgets.valuation.reweight import reweightable
from dvlwidgets.valuation.samplers.strata import SizeStrata
from dvlwidgets.valuation.semivalue import (
    banzhaf_law,
    beta_law,
    inflation,
    loo_law,
    named_draw_law,
    shapley_law,
)
from dvlwidgets.valuation.subset_job import SubsetJob

DATA = blobs(24)[0]


def curved(masks: NDArray[np.bool_]) -> NDArray[np.float64]:
    return np.tanh(masks @ np.cos(np.arange(masks.shape[1])))


def fitted(sampler: Any, method: type = ShapleyValuation, rule: Any = None, data: Any = DATA) -> Any:
    return method(Utility.from_function(curved), sampler, rule or MaxUpdates(150)).fit(data)


def bits(result: Any) -> tuple[bytes, bytes, bytes]:
    return result.values.tobytes(), result.stderr.tobytes(), result.counts.tobytes()


UNIFORM = MSRSampler(seed=1, law="uniform-size", adjusted=False)


@pytest.mark.parametrize(
    ("asked", "method", "parameters"),
    [
        ("banzhaf", BanzhafValuation, {}),
        ("Beta(4, 1)", BetaShapleyValuation, {"alpha": 4, "beta": 1}),
        ("shapley", ShapleyValuation, {}),
    ],
)
@pytest.mark.parametrize(
    "sampler", [UNIFORM, MSRSampler(seed=1, law="uniform-size"), PermutationSampler(seed=1)]
)
@pytest.mark.filterwarnings("ignore:the subsets of this")
@pytest.mark.filterwarnings("ignore:MSRSampler draws sizes")
def test_it_equals_the_method_run_on_the_same_draws(
    asked: str, method: Any, parameters: Any, sampler: Any
) -> None:
    run = fitted(sampler)
    before = bits(run.result)
    direct = method(Utility.from_function(curved), sampler, MaxUpdates(150), **parameters).fit(DATA).result
    by_name = run.reweight(asked)
    by_class = run.reweight(method, **parameters)
    by_object = run.result.reweight(method(Utility.from_function(curved), **parameters))
    assert bits(by_name) == bits(by_class) == bits(by_object)
    # the rule of the other method may have stopped elsewhere: counts are the same under all laws
    assert bits(by_name) == bits(direct)
    assert by_name.algorithm == direct.algorithm
    assert by_name.provenance.keys["method"] == direct.provenance.keys["method"]
    assert by_name.ends == direct.ends
    assert bits(run.result) == before


def test_no_fit_is_done_and_the_provenance_is_that_of_the_run() -> None:
    run = fitted(UNIFORM)
    run.utility.function = None  # whoever calls it fails
    found = run.reweight("banzhaf")
    own = run.result.provenance
    assert found.provenance.seed == own.seed == 1
    assert found.provenance.steps == own.steps
    assert found.provenance.evaluations == own.evaluations
    assert "re-estimated from the utilities of Shapley" in found.provenance.stopped
    assert found.status is Status.Stopped
    assert found.verdict is None
    assert found.fingerprint == DATA.fingerprint
    assert bits(found.reweight("shapley")) == bits(run.result)  # and back again


def test_a_law_of_ones_own() -> None:
    law = lambda n: beta_law(n, 2, 1)
    run = fitted(UNIFORM)
    direct = SemivalueValuation(Utility.from_function(curved), UNIFORM, MaxUpdates(150), law=law).fit(DATA)
    assert bits(run.reweight(law=law)) == bits(run.reweight(law=law(24))) == bits(direct.result)


@pytest.mark.parametrize("law", [banzhaf_law, lambda n: beta_law(n, 4, 1), loo_law])
def test_an_enumeration_gives_every_semivalue_exactly(law: Any) -> None:
    game, n = LowOrderGame(7, 3), 7
    run = ShapleyValuation(FunctionUtility(game), DeterministicUniformSampler(), MaxUpdates(10**6)).fit(
        range(n)
    )
    found = run.reweight(law=law)
    np.testing.assert_allclose(found.values, semivalue_by_enumeration(game, law(n)), atol=1e-10)
    assert (found.stderr == 0).all()
    assert found.status is Status.Converged
    assert set(reweightable(run).values()) == {1.0}


@pytest.mark.parametrize("law", [banzhaf_law, lambda n: beta_law(n, 4, 1)])
def test_values_from_uniform_sizes_are_unbiased_and_cover(law: Any) -> None:
    n, runs = 12, 200
    game, found = LowOrderGame(n, 4), []
    for seed in range(runs):
        sampler = MSRSampler(adjusted=False).bind(n, shapley_law(n), seed, "Shapley")
        job = variant(SubsetJob(FunctionUtility(game).with_dataset(range(n)), sampler), law=law(n))
        found.append(steps(job, 8))
    r = Runs(np.array([v for v, _ in found]), np.array([e for _, e in found]), game.values(law(n)))
    check_unbiased(r)
    check_coverage(r)


def steps(job: Any, many: int) -> tuple[Any, Any]:
    folded = job.initial(job.first())
    for step in range(many):
        folded = job.fold(folded, step, job.task(job.plan(folded), step, 0, job.rows(step)))
    estimate = job.estimate(folded)
    return estimate.values, estimate.stderr


def additive_with_ten_bins(law: Any, *, weights: bool) -> Runs:
    """Runs of uniform sizes in 10 bins on an additive game of 100, re-weighted for a law."""
    n, found = 100, []
    worth = np.cos(np.arange(n)) + 0.5

    def additive(masks: NDArray[np.bool_]) -> NDArray[np.float64]:
        return masks @ worth

    cls = SizeStrata if weights else _NoWeights
    utility = FunctionUtility(additive).with_dataset(range(n))
    for seed in range(60):
        sampler: Any = cls(n, shapley_law(n), named_draw_law("uniform-size", n), seed, 1)
        sampler = variant(SubsetJob(utility, sampler), law=law(n)).sampler
        object.__setattr__(sampler, "bins", np.clip((np.arange(n + 1) - 1) * 10 // (n - 1), 0, 9))
        found.append(steps(SubsetJob(utility, sampler), 8))
    return Runs(np.array([v for v, _ in found]), np.array([e for _, e in found]), worth)


class _NoWeights(SizeStrata):
    """The broken twin: plain means of plain utilities in a bin."""

    def initial(self, first: Any) -> Any:
        return dataclasses.replace(super().initial(first), curve=np.zeros(self.n + 1))

    def observation_weights(self, sizes: Any) -> Any:
        return np.ones(len(sizes)), np.ones(len(sizes))


@pytest.mark.parametrize("law", [shapley_law, banzhaf_law])
def test_an_additive_game_with_ten_size_bins_is_unbiased(law: Any) -> None:
    r = additive_with_ten_bins(law, weights=True)
    check_unbiased(r)
    assert abs(excess_of_sum(r)) < 4.5


def test_the_check_rejects_plain_means_in_bins() -> None:
    assert excess_of_sum(additive_with_ten_bins(shapley_law, weights=False)) > 4.5


def excess_of_sum(r: Runs) -> float:
    """By how many standard errors the values sum to more than they should."""
    sums = r.values.sum(axis=1) - r.truth.sum()
    return float(sums.mean() / (sums.std(ddof=1) / np.sqrt(len(sums))))


def test_the_numbers_of_the_design() -> None:
    # uniform sizes, n = 100: Shapley 5, Banzhaf 11, Beta(4, 1) 45; not Beta(16, 1)
    uniform = named_draw_law("uniform-size", 100)
    laws = [shapley_law(100), banzhaf_law(100), beta_law(100, 4, 1), beta_law(100, 16, 1)]
    assert [round(inflation(law, uniform)) for law in laws] == [5, 11, 44, 354]


def test_what_a_run_can_say_beforehand() -> None:
    sampler = MSRSampler(seed=0, law="uniform-size", adjusted=False)
    run = fitted(sampler, data=blobs(100)[0], rule=MaxUpdates(20))
    can = reweightable(run)
    assert can == reweightable(run.result)
    assert next(iter(can)) == "Shapley"
    assert (
        can["Shapley"] < can["Banzhaf"] < can["Beta(4, 1)"] < 100 < can["Beta(16, 1)"] < can["Leave-one-out"]
    )
    for name, factor in can.items():
        if factor <= 10:
            assert run.reweight(name).algorithm.startswith(name)
        elif factor <= 100:
            with pytest.warns(UserWarning, match=f"inflation is {factor:,.3g}"):
                run.reweight(name)
        else:
            with pytest.raises(InputError, match=f"inflation is {factor:,.3g}".replace("+", "[+]")):
                run.reweight(name)


def test_binomial_sizes_say_nothing_of_shapley() -> None:
    run = fitted(MSRSampler(seed=0, law="binomial", adjusted=False), BanzhafValuation, data=blobs(100)[0])
    assert reweightable(run)["Shapley"] > 1e20
    with pytest.raises(InputError, match=r"Run Shapley itself"):
        run.reweight("shapley")


def test_cut_walks_are_not_reweighted_and_say_why() -> None:
    run = fitted(PermutationSampler(RelativeTruncation(0.05), seed=0), rule=MaxUpdates(10))
    can = reweightable(run)
    assert can["Shapley"] == 1.0
    assert set(can.values()) == {1.0, np.inf}
    with pytest.raises(InputError, match="cut short"):
        run.reweight("banzhaf")
    assert bits(run.reweight("shapley")) == bits(run.result)  # its own values are no re-weighting


def test_leave_one_out_knows_nothing_else() -> None:
    run = LOOValuation(Utility.from_function(curved)).fit(DATA)
    with pytest.raises(InputError, match="never drawn"):
        run.reweight("shapley")


def test_results_without_utilities_say_so(tmp_path: Path) -> None:
    from sklearn.neighbors import KNeighborsClassifier

    run = fitted(UNIFORM)
    save_result(run.result, tmp_path / "r")
    train, test = blobs(24)
    knn = KNNShapleyValuation(KNeighborsClassifier(3), test, progress=False).fit(train)
    for result in (load_result(tmp_path / "r"), run.result.copy(), run.result[:3], knn.result):
        with pytest.raises(InputError, match="no utilities to estimate from"):
            result.reweight("banzhaf")
    with pytest.raises(NotFittedError):
        ShapleyValuation(Utility.from_function(curved)).reweight("banzhaf")


@pytest.mark.parametrize(
    ("asked", "parameters", "error", "words"),
    [
        ("banzhav", {}, InputError, "'banzhav' is unknown"),
        (3, {}, InputTypeError, "no method with a size law"),
        (None, {}, InputTypeError, "no method with a size law"),
        (ShapleyValuation(Utility.from_function(curved)), {"alpha": 1}, InputError, "alpha"),
        (None, {"law": np.ones(3)}, InputError, "sum to 1"),
    ],
)
def test_what_is_no_method_is_refused(asked: Any, parameters: Any, error: type, words: str) -> None:
    with pytest.raises(error, match=words):
        fitted(UNIFORM, rule=MaxUpdates(20)).reweight(asked, **parameters)


def test_a_run_can_be_looked_at_another_way_while_it_goes_on() -> None:
    valuation = ShapleyValuation(Utility.from_function(curved), UNIFORM, MaxUpdates(900))
    seen = 0
    for frame in valuation.stream(DATA):
        if np.isfinite(frame.values).all() and not frame.final:
            with_it = valuation.reweight("banzhaf")
            assert with_it.status is Status.Pending
            assert with_it.provenance.evaluations == valuation.result.provenance.evaluations
            seen += 1
    assert seen
