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
    "influence": [
        "DaskInfluenceCalculator",
        "DisableClientSingleThreadCheck",
        "SequentialInfluenceCalculator",
        "InfluenceMode",
        "Explorer",
        "InfluenceSummary",
        "GradCosInfluence",
        "GradDotInfluence",
        "TracInInfluence",
        "TrakInfluence",
        "EnsembleInfluence",
        "GradientStore",
        "InfluenceFunctionModel",
    ],
    "influence.torch": [
        "ArnoldiInfluence",
        "CgInfluence",
        "DirectInfluence",
        "EkfacInfluence",
        "InverseHarmonicMeanInfluence",
        "LissaInfluence",
        "NystroemSketchInfluence",
        "JacobiPreconditioner",
        "NystroemPreconditioner",
        "EkfacPreconditioner",
        "BlockMode",
        "SecondOrderMode",
    ],
    "influence.torch.util": [
        "TorchNumpyConverter",
        "TorchCatAggregator",
        "NestedTorchCatAggregator",
        "EkfacRepresentation",
        "torch_dataset_to_dask_array",
        "BlockMode",
        "SecondOrderMode",
    ],
    "influence.influence_calculator": [
        "DaskInfluenceCalculator",
        "DisableClientSingleThreadCheck",
        "SequentialInfluenceCalculator",
    ],
    "influence.array": [
        "NumpyConverter",
        "SequenceAggregator",
        "ListAggregator",
        "NestedSequenceAggregator",
        "NestedListAggregator",
        "LazyChunkSequence",
        "NestedLazyChunkSequence",
    ],
    "influence.types": ["InfluenceMode"],
    "influence.base_influence_function_model": ["InfluenceFunctionModel"],
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


# Names of pyDVL's that are not at the top, since they are nobody's first word.
DEEPER = {
    "influence.influence_calculator": [
        "InvalidDimensionChunksError",
        "UnalignedChunksError",
        "ThreadSafetyViolationError",
    ],
    "influence.torch.util": ["LossType"],
    "influence.types": ["UnsupportedInfluenceModeException"],
    "influence.base_influence_function_model": [
        "ComposableInfluence",
        "NotImplementedLayerRepresentationException",
    ],
    "utils.exceptions": ["NotFittedException"],
}


@pytest.mark.parametrize("path", DEEPER)
def test_names_that_are_deeper_down_are_where_users_of_pydvl_look(path: str) -> None:
    module = importlib.import_module(f"dvlwidgets.{path}")
    for name in DEEPER[path]:
        assert getattr(module, name) is not None


def test_exceptions_of_pydvl_catch_what_is_raised_here() -> None:
    import torch

    from dvlwidgets.influence.torch import DirectInfluence
    from dvlwidgets.influence.types import InfluenceMode, UnsupportedInfluenceModeException
    from dvlwidgets.utils.exceptions import NotFittedException

    influence = DirectInfluence(torch.nn.Linear(2, 1), torch.nn.MSELoss())
    x, y = torch.ones(3, 2), torch.ones(3, 1)
    with pytest.raises(NotFittedException):
        influence.influences(x, y)
    influence = influence.with_regularization(1.0).fit([(x, y)])
    with pytest.raises(UnsupportedInfluenceModeException):
        influence.influences(x, y, mode="sideways")
    assert influence.influences(x, y, mode=InfluenceMode.Up).shape == (3, 3)


def test_a_wrong_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Nonsense'"):
        importlib.import_module("dvlwidgets.valuation").Nonsense  # noqa: B018
    for path in ("influence", "influence.torch", "influence.torch.util"):
        with pytest.raises(AttributeError, match="no attribute 'Nonsense'"):
            importlib.import_module(f"dvlwidgets.{path}").Nonsense  # noqa: B018


def test_stars_and_completion_bring_the_names_of_influence() -> None:
    code = (
        "import dvlwidgets, sys\n"
        "assert {'DirectInfluence', 'SequentialInfluenceCalculator'} <= set(dir(dvlwidgets))\n"
        "assert 'torch' not in sys.modules\n"
        "from dvlwidgets.influence.torch import *\n"
        "assert DirectInfluence is dvlwidgets.DirectInfluence\n"
        "assert {'torch', 'DirectInfluence', 'array'} <= set(dir(dvlwidgets.influence))\n"
        "assert dvlwidgets.influence.torch.util.TorchNumpyConverter is dvlwidgets.TorchNumpyConverter\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


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
