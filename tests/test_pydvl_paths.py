"""A notebook written for pyDVL needs no more than `pydvl` -> `dvlwidgets` in its imports (what exists so far)."""

from __future__ import annotations

import importlib
import subprocess
import sys

import pytest

PATHS = {
    "valuation": [
        "Dataset",
        "ShapleyValuation",
        "MSRSampler",
        "ModelUtility",
        "SupervisedScorer",
        "ValuationResult",
    ],
    "valuation.dataset": ["Dataset", "GroupedDataset", "RawData"],
    "valuation.stopping": [
        "MaxUpdates",
        "MinUpdates",
        "MaxChecks",
        "MaxSamples",
        "MaxTime",
        "AbsoluteStandardError",
        "History",
        "HistoryDeviation",
        "RankCorrelation",
    ],
    "valuation.scorers": [
        "SupervisedScorer",
        "ClasswiseSupervisedScorer",
        "SkorchSupervisedScorer",
        "compose_score",
        "sigmoid",
    ],
    "valuation.utility": [
        "ModelUtility",
        "Utility",
        "ClasswiseModelUtility",
        "KNNClassifierUtility",
        "DataUtilityLearning",
        "IndicatorUtilityModel",
        "DeepSetUtilityModel",
    ],
    "valuation.samplers": [
        "PermutationSampler",
        "MSRSampler",
        "RelativeTruncation",
        "DeterministicUniformSampler",
        "AntitheticOwenSampler",
        "AntitheticSampler",
        "ConstantSampleSize",
        "DeltaShapleyNCSGDSampleSize",
        "DeviationTruncation",
        "FiniteSequentialSizeIteration",
        "FixedTruncation",
        "GaussLegendreOwenStrategy",
        "GridOwenStrategy",
        "GroupTestingSampleSize",
        "HarmonicSampleSize",
        "LinearSampleSize",
        "NonConvexSGDConfig",
        "OwenSampler",
        "PowerLawSampleSize",
        "RandomSizeIteration",
        "RoundRobinSizeIteration",
        "StratifiedPermutationSampler",
        "StratifiedSampler",
        "UniformOwenStrategy",
        "UniformSampler",
        "VRDSSampler",
        "ClasswiseSampler",
    ],
    "valuation.result": ["ValuationResult", "load_result", "save_result"],
    "valuation.games": [
        "SymmetricVotingGame",
        "AsymmetricVotingGame",
        "ShoesGame",
        "AirportGame",
        "MinimumSpanningTreeGame",
        "MinerGame",
    ],
    "valuation.methods.shapley": ["ShapleyValuation", "TMCShapleyValuation", "StratifiedShapleyValuation"],
    "valuation.methods.banzhaf": ["BanzhafValuation", "MSRBanzhafValuation"],
    "valuation.methods.semivalue": ["SemivalueValuation"],
    "valuation.methods.loo": ["LOOValuation"],
    "valuation.methods.knn_shapley": ["KNNShapleyValuation"],
    "valuation.methods.delta_shapley": ["DeltaShapleyValuation"],
    "valuation.methods.classwise_shapley": ["ClasswiseShapleyValuation"],
    "valuation.methods.data_oob": ["DataOOBValuation", "point_wise_accuracy", "neg_l2_distance"],
    "valuation.methods.beta_shapley": ["BetaShapleyValuation"],
    "valuation.methods.gt_shapley": ["GroupTestingShapleyValuation", "compute_n_samples"],
    "valuation.methods.random": ["RandomValuation"],
    "valuation.methods.least_core": [
        "ExactLeastCoreValuation",
        "LeastCoreValuation",
        "MonteCarloLeastCoreValuation",
    ],
    "valuation.methods": [
        "LeastCoreValuation",
        "TMCShapleyValuation",
        "StratifiedShapleyValuation",
        "DeltaShapleyValuation",
        "BetaShapleyValuation",
        "GroupTestingShapleyValuation",
        "MSRBanzhafValuation",
        "RandomValuation",
        "ShapleyValuation",
        "BanzhafValuation",
        "LOOValuation",
        "KNNShapleyValuation",
        "DataOOBValuation",
    ],
    "reporting": ["compute_removal_score", "run_removal_experiment", "plot_ci_array"],
    "reporting.plots": [
        "plot_ci_array",
        "plot_ci_values",
        "plot_result_errors",
        "plot_influence_distribution",
        "plot_influence_distribution_by_label",
    ],
    "reporting.scores": ["compute_removal_score"],
    "reporting.point_removal": ["run_removal_experiment"],
    "utils.caching": [
        "CachedFuncConfig",
        "DiskCacheBackend",
        "InMemoryCacheBackend",
        "MemcachedCacheBackend",
        "MemcachedClientConfig",
    ],
}


@pytest.mark.parametrize("path", PATHS)
def test_names_are_where_users_of_pydvl_look(path: str) -> None:
    module = importlib.import_module(f"dvlwidgets.{path}")
    top = importlib.import_module("dvlwidgets")
    for name in PATHS[path]:
        assert getattr(module, name) is getattr(top, name), f"{name} is not importable from dvlwidgets itself"


def test_a_wrong_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Nonsense'"):
        importlib.import_module("dvlwidgets.valuation").Nonsense  # noqa: B018


def test_parts_are_attributes_and_stars_bring_names_without_widgets() -> None:
    code = (
        "import sys, dvlwidgets\n"
        "assert dvlwidgets.valuation.methods and dvlwidgets.reporting and dvlwidgets.utils\n"
        "from dvlwidgets.valuation import *\n"
        "assert MSRSampler is dvlwidgets.MSRSampler and 'ShapleyValuation' in dir(dvlwidgets.valuation)\n"
        "assert 'ValuationPanel' not in globals() and 'anywidget' not in sys.modules\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
