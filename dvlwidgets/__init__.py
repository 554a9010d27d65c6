"""dvlwidgets: find the training points that help, hurt or are mislabelled, and fix them, live in a notebook.

Public names are loaded when they are first used, so that `import dvlwidgets` costs next to nothing.
"""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .data.dataset import Dataset, RawData
    from .data.edit_log import EditLog
    from .data.grouped import GroupedDataset
    from .data.shared_edits import Edits
    from .engine.live import Run
    from .engine.records import Progress, Verdict
    from .engine.stopping import (
        AbsoluteStandardError,
        History,
        HistoryDeviation,
        MaxChecks,
        MaxSamples,
        MaxTime,
        MaxUpdates,
        MinUpdates,
        NoStopping,
        RankCorrelation,
    )
    from .evaluation.experiment import run_removal_experiment
    from .evaluation.plots import (
        plot_ci_array,
        plot_ci_values,
        plot_influence_distribution,
        plot_influence_distribution_by_label,
        plot_result_errors,
    )
    from .evaluation.removal import compute_removal_score
    from .influence import (
        ArnoldiInfluence,
        BlockMode,
        CgInfluence,
        DaskInfluenceCalculator,
        DirectInfluence,
        DisableClientSingleThreadCheck,
        EkfacInfluence,
        EkfacPreconditioner,
        EkfacRepresentation,
        EnsembleInfluence,
        Explorer,
        GradCosInfluence,
        GradDotInfluence,
        GradientStore,
        InfluenceFunctionModel,
        InfluenceMode,
        InfluenceStatistics,
        InfluenceSummary,
        InverseHarmonicMeanInfluence,
        JacobiPreconditioner,
        LazyChunkSequence,
        LissaInfluence,
        ListAggregator,
        NestedLazyChunkSequence,
        NestedListAggregator,
        NestedSequenceAggregator,
        NestedTorchCatAggregator,
        NumpyConverter,
        NystroemPreconditioner,
        NystroemSketchInfluence,
        SecondOrderMode,
        SequenceAggregator,
        SequentialInfluenceCalculator,
        TorchCatAggregator,
        TorchNumpyConverter,
        TracInInfluence,
        TrakInfluence,
        torch_dataset_to_dask_array,
    )
    from .utility.averaged import CrossValidatedUtility
    from .utility.averaged_scorer import AveragedScorer
    from .utility.caching import (
        CachedFuncConfig,
        CacheStats,
        DiskCacheBackend,
        InMemoryCacheBackend,
        MemcachedCacheBackend,
        MemcachedClientConfig,
    )
    from .utility.classwise import ClasswiseModelUtility
    from .utility.classwise_scorer import ClasswiseSupervisedScorer
    from .utility.closed_form import ClosedFormUtility
    from .utility.fits.torch_ensemble import TorchClassifier, TorchRegressor
    from .utility.knn import KNNClassifierUtility
    from .utility.learned import DataUtilityLearning
    from .utility.learned_deep_set import DeepSetUtilityModel
    from .utility.learned_models import IndicatorUtilityModel
    from .utility.model import ModelUtility, Utility
    from .utility.scorer import SupervisedScorer, compose_score, sigmoid
    from .utility.scorer_skorch import SkorchSupervisedScorer
    from .utility.wrapper import Model
    from .valuation.confident import Suggestion, suggested_labels
    from .valuation.games import (
        AirportGame,
        AsymmetricVotingGame,
        MinerGame,
        MinimumSpanningTreeGame,
        ShoesGame,
        SymmetricVotingGame,
    )
    from .valuation.merging import merge_journals
    from .valuation.methods.beta_shapley import BetaShapleyValuation
    from .valuation.methods.classwise_shapley import ClasswiseShapleyValuation
    from .valuation.methods.closed_form_loo import ClosedFormLOOValuation
    from .valuation.methods.data_oob import DataOOBValuation, neg_l2_distance, point_wise_accuracy
    from .valuation.methods.delta_shapley import DeltaShapleyValuation
    from .valuation.methods.gt_shapley import GroupTestingShapleyValuation, compute_n_samples
    from .valuation.methods.knn_calibrated import CalibratedKNNShapleyValuation
    from .valuation.methods.knn_regression import KNNRegressionShapleyValuation
    from .valuation.methods.knn_shapley import KNNShapleyValuation, SoftLabelKNNShapleyValuation
    from .valuation.methods.knn_threshold import ThresholdKNNShapleyValuation
    from .valuation.methods.knn_weighted import WeightedKNNShapleyValuation
    from .valuation.methods.least_core import (
        ExactLeastCoreValuation,
        LeastCoreValuation,
        MonteCarloLeastCoreValuation,
    )
    from .valuation.methods.msr_banzhaf import MSRBanzhafValuation
    from .valuation.methods.random import RandomValuation
    from .valuation.methods.residual import CrossValidatedResidualValuation
    from .valuation.methods.self_confidence import SelfConfidenceValuation
    from .valuation.methods.semivalues import (
        BanzhafValuation,
        DataBanzhafValuation,
        DataShapleyValuation,
        LOOValuation,
        SemivalueValuation,
        ShapleyValuation,
    )
    from .valuation.methods.stratified_shapley import StratifiedShapleyValuation
    from .valuation.methods.tmc_shapley import TMCShapleyValuation
    from .valuation.methods.weighted_banzhaf import WeightedBanzhafValuation, weight_from_noise
    from .valuation.result import Status, ValuationResult, ValueItem, load_result, save_result
    from .valuation.reweight import reweightable
    from .valuation.samplers import (
        AntitheticOwenSampler,
        AntitheticPermutationSampler,
        AntitheticSampler,
        ClasswiseSampler,
        ConstantSampleSize,
        DeltaShapleyNCSGDSampleSize,
        DeterministicPermutationSampler,
        DeterministicUniformSampler,
        DeviationTruncation,
        FiniteSequentialSizeIteration,
        FixedTruncation,
        GaussLegendreOwenStrategy,
        GridOwenStrategy,
        GroupTestingSampleSize,
        HarmonicSampleSize,
        LinearSampleSize,
        LOOSampler,
        MSRSampler,
        NonConvexSGDConfig,
        NoTruncation,
        OwenSampler,
        PermutationSampler,
        PowerLawSampleSize,
        RandomSizeIteration,
        RelativeTruncation,
        RoundRobinSizeIteration,
        StratifiedPermutationSampler,
        StratifiedSampler,
        UniformOwenStrategy,
        UniformSampler,
        VRDSSampler,
    )
    from .widgets.influence_panel import InfluencePanel
    from .widgets.panel import ValuationPanel
    from .widgets.sharing import static_page

_HOMES = {
    "data.dataset": ("Dataset", "RawData"),
    "data.grouped": ("GroupedDataset",),
    "data.edit_log": ("EditLog",),
    "data.preview": ("register_preview",),
    "data.shared_edits": ("Edits",),
    "engine.live": ("Run",),
    "engine.records": ("Progress", "Verdict"),
    "engine.stopping": (
        "AbsoluteStandardError",
        "History",
        "HistoryDeviation",
        "MaxChecks",
        "MaxSamples",
        "MaxTime",
        "MaxUpdates",
        "MinUpdates",
        "NoStopping",
        "RankCorrelation",
    ),
    "evaluation.experiment": ("run_removal_experiment",),
    "evaluation.plots": (
        "plot_ci_array",
        "plot_ci_values",
        "plot_influence_distribution",
        "plot_influence_distribution_by_label",
        "plot_result_errors",
    ),
    "evaluation.removal": ("compute_removal_score",),
    "utility.averaged": ("CrossValidatedUtility",),
    "utility.averaged_scorer": ("AveragedScorer",),
    "utility.caching": (
        "CacheStats",
        "CachedFuncConfig",
        "DiskCacheBackend",
        "InMemoryCacheBackend",
        "MemcachedCacheBackend",
        "MemcachedClientConfig",
    ),
    "utility.classwise": ("ClasswiseModelUtility",),
    "utility.classwise_scorer": ("ClasswiseSupervisedScorer",),
    "utility.knn": ("KNNClassifierUtility",),
    "utility.learned": ("DataUtilityLearning",),
    "utility.learned_deep_set": ("DeepSetUtilityModel",),
    "utility.learned_models": ("IndicatorUtilityModel",),
    "utility.model": ("ModelUtility", "Utility"),
    "utility.scorer": ("SupervisedScorer", "compose_score", "sigmoid"),
    "utility.scorer_skorch": ("SkorchSupervisedScorer",),
    "utility.wrapper": ("Model",),
    "valuation.methods.classwise_shapley": ("ClasswiseShapleyValuation",),
    "valuation.methods.data_oob": (
        "DataOOBValuation",
        "neg_l2_distance",
        "point_wise_accuracy",
    ),
    "valuation.methods.knn_calibrated": ("CalibratedKNNShapleyValuation",),
    "valuation.methods.knn_regression": ("KNNRegressionShapleyValuation",),
    "valuation.methods.self_confidence": ("SelfConfidenceValuation",),
    "valuation.methods.residual": ("CrossValidatedResidualValuation",),
    "valuation.methods.closed_form_loo": ("ClosedFormLOOValuation",),
    "valuation.confident": ("Suggestion", "suggested_labels"),
    "utility.closed_form": ("ClosedFormUtility",),
    "valuation.methods.knn_shapley": ("KNNShapleyValuation", "SoftLabelKNNShapleyValuation"),
    "valuation.methods.knn_threshold": ("ThresholdKNNShapleyValuation",),
    "valuation.methods.knn_weighted": ("WeightedKNNShapleyValuation",),
    "valuation.methods.semivalues": (
        "BanzhafValuation",
        "DataBanzhafValuation",
        "DataShapleyValuation",
        "LOOValuation",
        "SemivalueValuation",
        "ShapleyValuation",
    ),
    "valuation.methods.beta_shapley": ("BetaShapleyValuation",),
    "valuation.methods.gt_shapley": ("GroupTestingShapleyValuation", "compute_n_samples"),
    "valuation.methods.msr_banzhaf": ("MSRBanzhafValuation",),
    "valuation.methods.random": ("RandomValuation",),
    "valuation.methods.tmc_shapley": ("TMCShapleyValuation",),
    "valuation.methods.stratified_shapley": ("StratifiedShapleyValuation",),
    "valuation.methods.delta_shapley": ("DeltaShapleyValuation",),
    "valuation.methods.weighted_banzhaf": ("WeightedBanzhafValuation", "weight_from_noise"),
    "valuation.methods.least_core": (
        "ExactLeastCoreValuation",
        "LeastCoreValuation",
        "MonteCarloLeastCoreValuation",
    ),
    "valuation.games": (
        "AirportGame",
        "AsymmetricVotingGame",
        "MinerGame",
        "MinimumSpanningTreeGame",
        "ShoesGame",
        "SymmetricVotingGame",
    ),
    "valuation.merging": ("merge_journals",),
    "valuation.reweight": ("reweightable",),
    "valuation.result": ("Status", "ValuationResult", "ValueItem", "load_result", "save_result"),
    "valuation.samplers": (
        "AntitheticOwenSampler",
        "AntitheticPermutationSampler",
        "AntitheticSampler",
        "ClasswiseSampler",
        "ConstantSampleSize",
        "DeltaShapleyNCSGDSampleSize",
        "DeterministicPermutationSampler",
        "DeterministicUniformSampler",
        "DeviationTruncation",
        "FiniteSequentialSizeIteration",
        "FixedTruncation",
        "GaussLegendreOwenStrategy",
        "GridOwenStrategy",
        "GroupTestingSampleSize",
        "HarmonicSampleSize",
        "LOOSampler",
        "LinearSampleSize",
        "MSRSampler",
        "NoTruncation",
        "NonConvexSGDConfig",
        "OwenSampler",
        "PermutationSampler",
        "PowerLawSampleSize",
        "RandomSizeIteration",
        "RelativeTruncation",
        "RoundRobinSizeIteration",
        "StratifiedPermutationSampler",
        "StratifiedSampler",
        "UniformOwenStrategy",
        "UniformSampler",
        "VRDSSampler",
    ),
    "widgets.influence_panel": ("InfluencePanel",),
    "widgets.panel": ("ValuationPanel",),
    "widgets.sharing": ("static_page",),
}
_WITH_TORCH = {
    "influence": (
        "ArnoldiInfluence",
        "BlockMode",
        "CgInfluence",
        "DaskInfluenceCalculator",
        "DirectInfluence",
        "DisableClientSingleThreadCheck",
        "EkfacInfluence",
        "EkfacPreconditioner",
        "EkfacRepresentation",
        "EnsembleInfluence",
        "Explorer",
        "GradCosInfluence",
        "GradDotInfluence",
        "GradientStore",
        "InfluenceFunctionModel",
        "InfluenceMode",
        "InfluenceStatistics",
        "InfluenceSummary",
        "InverseHarmonicMeanInfluence",
        "JacobiPreconditioner",
        "LazyChunkSequence",
        "LissaInfluence",
        "ListAggregator",
        "LograInfluence",
        "NestedLazyChunkSequence",
        "NestedListAggregator",
        "NestedSequenceAggregator",
        "NestedTorchCatAggregator",
        "NumpyConverter",
        "NystroemPreconditioner",
        "NystroemSketchInfluence",
        "SecondOrderMode",
        "SequenceAggregator",
        "SequentialInfluenceCalculator",
        "TorchCatAggregator",
        "TorchNumpyConverter",
        "TracInInfluence",
        "TrakInfluence",
        "torch_dataset_to_dask_array",
    ),
    "utility.fits.torch_ensemble": ("TorchClassifier", "TorchRegressor"),
}
"""Names that need the extra "torch"; they are no part of `from dvlwidgets import *`, which works without it."""

_HOME_OF = {name: home for homes in (_HOMES, _WITH_TORCH) for home, names in homes.items() for name in names}
_PARTS = ("influence", "previews", "reporting", "utils", "valuation")

__all__ = [
    "AbsoluteStandardError",
    "AirportGame",
    "AntitheticOwenSampler",
    "AntitheticPermutationSampler",
    "AntitheticSampler",
    "AsymmetricVotingGame",
    "AveragedScorer",
    "BanzhafValuation",
    "BetaShapleyValuation",
    "CacheStats",
    "CachedFuncConfig",
    "CalibratedKNNShapleyValuation",
    "ClasswiseModelUtility",
    "ClasswiseSampler",
    "ClasswiseShapleyValuation",
    "ClasswiseSupervisedScorer",
    "ClosedFormLOOValuation",
    "ClosedFormUtility",
    "ConstantSampleSize",
    "CrossValidatedResidualValuation",
    "CrossValidatedUtility",
    "DataBanzhafValuation",
    "DataOOBValuation",
    "DataShapleyValuation",
    "DataUtilityLearning",
    "Dataset",
    "DeepSetUtilityModel",
    "DeltaShapleyNCSGDSampleSize",
    "DeltaShapleyValuation",
    "DeterministicPermutationSampler",
    "DeterministicUniformSampler",
    "DeviationTruncation",
    "DiskCacheBackend",
    "EditLog",
    "Edits",
    "ExactLeastCoreValuation",
    "FiniteSequentialSizeIteration",
    "FixedTruncation",
    "GaussLegendreOwenStrategy",
    "GridOwenStrategy",
    "GroupTestingSampleSize",
    "GroupTestingShapleyValuation",
    "GroupedDataset",
    "HarmonicSampleSize",
    "History",
    "HistoryDeviation",
    "InMemoryCacheBackend",
    "IndicatorUtilityModel",
    "InfluencePanel",
    "KNNClassifierUtility",
    "KNNRegressionShapleyValuation",
    "KNNShapleyValuation",
    "LOOSampler",
    "LOOValuation",
    "LeastCoreValuation",
    "LinearSampleSize",
    "MSRBanzhafValuation",
    "MSRSampler",
    "MaxChecks",
    "MaxSamples",
    "MaxTime",
    "MaxUpdates",
    "MemcachedCacheBackend",
    "MemcachedClientConfig",
    "MinUpdates",
    "MinerGame",
    "MinimumSpanningTreeGame",
    "Model",
    "ModelUtility",
    "MonteCarloLeastCoreValuation",
    "NoStopping",
    "NoTruncation",
    "NonConvexSGDConfig",
    "OwenSampler",
    "PermutationSampler",
    "PowerLawSampleSize",
    "Progress",
    "RandomSizeIteration",
    "RandomValuation",
    "RankCorrelation",
    "RawData",
    "RelativeTruncation",
    "RoundRobinSizeIteration",
    "Run",
    "SelfConfidenceValuation",
    "SemivalueValuation",
    "ShapleyValuation",
    "ShoesGame",
    "SkorchSupervisedScorer",
    "SoftLabelKNNShapleyValuation",
    "Status",
    "StratifiedPermutationSampler",
    "StratifiedSampler",
    "StratifiedShapleyValuation",
    "Suggestion",
    "SupervisedScorer",
    "SymmetricVotingGame",
    "TMCShapleyValuation",
    "ThresholdKNNShapleyValuation",
    "UniformOwenStrategy",
    "UniformSampler",
    "Utility",
    "VRDSSampler",
    "ValuationPanel",
    "ValuationResult",
    "ValueItem",
    "Verdict",
    "WeightedBanzhafValuation",
    "WeightedKNNShapleyValuation",
    "compose_score",
    "compute_n_samples",
    "compute_removal_score",
    "load_result",
    "merge_journals",
    "neg_l2_distance",
    "plot_ci_array",
    "plot_ci_values",
    "plot_influence_distribution",
    "plot_influence_distribution_by_label",
    "plot_result_errors",
    "point_wise_accuracy",
    "register_preview",
    "reweightable",
    "run_removal_experiment",
    "save_result",
    "sigmoid",
    "static_page",
    "suggested_labels",
    "weight_from_noise",
]

if TYPE_CHECKING:
    __all__ += [  # for those who read types; a star does not bring them
        "ArnoldiInfluence",
        "BlockMode",
        "CgInfluence",
        "DaskInfluenceCalculator",
        "DirectInfluence",
        "DisableClientSingleThreadCheck",
        "EkfacInfluence",
        "EkfacPreconditioner",
        "EkfacRepresentation",
        "EnsembleInfluence",
        "Explorer",
        "GradCosInfluence",
        "GradDotInfluence",
        "GradientStore",
        "InfluenceFunctionModel",
        "InfluenceMode",
        "InfluenceStatistics",
        "InfluenceSummary",
        "InverseHarmonicMeanInfluence",
        "JacobiPreconditioner",
        "LazyChunkSequence",
        "LissaInfluence",
        "ListAggregator",
        "NestedLazyChunkSequence",
        "NestedListAggregator",
        "NestedSequenceAggregator",
        "NestedTorchCatAggregator",
        "NumpyConverter",
        "NystroemPreconditioner",
        "NystroemSketchInfluence",
        "SecondOrderMode",
        "SequenceAggregator",
        "SequentialInfluenceCalculator",
        "TorchCatAggregator",
        "TorchClassifier",
        "TorchNumpyConverter",
        "TorchRegressor",
        "TracInInfluence",
        "TrakInfluence",
        "torch_dataset_to_dask_array",
    ]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib import metadata

        return metadata.version("dvlwidgets")
    if name in _PARTS:
        return importlib.import_module(f"{__name__}.{name}")
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{_HOME_OF[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*__all__, *_HOME_OF, "__version__"})


def _jupyter_labextension_paths() -> list[dict[str, str]]:
    return [{"src": "labextension", "dest": "dvlwidgets"}]


def load_ipython_extension(ipython: Any) -> None:
    """`%load_ext dvlwidgets`: the magics %%valuation, %%influence and %dvl."""
    from .magics.extension import load

    load(ipython)


def unload_ipython_extension(ipython: Any) -> None:
    """`%unload_ext dvlwidgets`."""
    from .magics.extension import unload

    unload(ipython)


if "ipykernel" in sys.modules:  # a front-end may ask for the runs of this kernel from now on
    from .widgets import control

    control.register()
