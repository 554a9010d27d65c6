"""The public names, for type checkers and editors; `homes.py` is what `import dvlwidgets` goes by."""
# ruff: noqa: I001 -- names are handed on by "as", one block a module

from typing import Any

from . import influence as influence
from . import previews as previews
from . import reporting as reporting
from . import utils as utils
from . import valuation as valuation
from .data.dataset import Dataset as Dataset, RawData as RawData
from .data.edit_log import EditLog as EditLog
from .data.grouped import GroupedDataset as GroupedDataset
from .data.preview import register_preview as register_preview
from .data.shared_edits import Edits as Edits
from .engine.live import Run as Run
from .engine.records import Progress as Progress, Verdict as Verdict
from .engine.stopping import (
    AbsoluteStandardError as AbsoluteStandardError,
    History as History,
    HistoryDeviation as HistoryDeviation,
    MaxChecks as MaxChecks,
    MaxSamples as MaxSamples,
    MaxTime as MaxTime,
    MaxUpdates as MaxUpdates,
    MinUpdates as MinUpdates,
    NoStopping as NoStopping,
    RankCorrelation as RankCorrelation,
)
from .evaluation.experiment import run_removal_experiment as run_removal_experiment
from .evaluation.plots import (
    plot_ci_array as plot_ci_array,
    plot_ci_values as plot_ci_values,
    plot_influence_distribution as plot_influence_distribution,
    plot_influence_distribution_by_label as plot_influence_distribution_by_label,
    plot_result_errors as plot_result_errors,
)
from .evaluation.removal import compute_removal_score as compute_removal_score
from .influence import (
    ArnoldiInfluence as ArnoldiInfluence,
    BlockMode as BlockMode,
    CgInfluence as CgInfluence,
    DaskInfluenceCalculator as DaskInfluenceCalculator,
    DirectInfluence as DirectInfluence,
    DisableClientSingleThreadCheck as DisableClientSingleThreadCheck,
    EkfacInfluence as EkfacInfluence,
    EkfacPreconditioner as EkfacPreconditioner,
    EkfacRepresentation as EkfacRepresentation,
    EnsembleInfluence as EnsembleInfluence,
    Explorer as Explorer,
    GradCosInfluence as GradCosInfluence,
    GradDotInfluence as GradDotInfluence,
    GradientStore as GradientStore,
    InfluenceFunctionModel as InfluenceFunctionModel,
    InfluenceMode as InfluenceMode,
    InfluenceStatistics as InfluenceStatistics,
    InfluenceSummary as InfluenceSummary,
    InverseHarmonicMeanInfluence as InverseHarmonicMeanInfluence,
    JacobiPreconditioner as JacobiPreconditioner,
    LazyChunkSequence as LazyChunkSequence,
    LissaInfluence as LissaInfluence,
    ListAggregator as ListAggregator,
    LograInfluence as LograInfluence,
    NestedLazyChunkSequence as NestedLazyChunkSequence,
    NestedListAggregator as NestedListAggregator,
    NestedSequenceAggregator as NestedSequenceAggregator,
    NestedTorchCatAggregator as NestedTorchCatAggregator,
    NumpyConverter as NumpyConverter,
    NystroemPreconditioner as NystroemPreconditioner,
    NystroemSketchInfluence as NystroemSketchInfluence,
    SecondOrderMode as SecondOrderMode,
    SequenceAggregator as SequenceAggregator,
    SequentialInfluenceCalculator as SequentialInfluenceCalculator,
    TorchCatAggregator as TorchCatAggregator,
    TorchNumpyConverter as TorchNumpyConverter,
    TracInInfluence as TracInInfluence,
    TrakInfluence as TrakInfluence,
    torch_dataset_to_dask_array as torch_dataset_to_dask_array,
)
from .utility.averaged import CrossValidatedUtility as CrossValidatedUtility
from .utility.averaged_scorer import AveragedScorer as AveragedScorer
from .utility.caching import (
    CacheStats as CacheStats,
    CachedFuncConfig as CachedFuncConfig,
    DiskCacheBackend as DiskCacheBackend,
    InMemoryCacheBackend as InMemoryCacheBackend,
    MemcachedCacheBackend as MemcachedCacheBackend,
    MemcachedClientConfig as MemcachedClientConfig,
)
from .utility.classwise import ClasswiseModelUtility as ClasswiseModelUtility
from .utility.classwise_scorer import ClasswiseSupervisedScorer as ClasswiseSupervisedScorer
from .utility.closed_form import ClosedFormUtility as ClosedFormUtility
from .utility.fits.torch_ensemble import TorchClassifier as TorchClassifier, TorchRegressor as TorchRegressor
from .utility.knn import KNNClassifierUtility as KNNClassifierUtility
from .utility.learned import DataUtilityLearning as DataUtilityLearning
from .utility.learned_deep_set import DeepSetUtilityModel as DeepSetUtilityModel
from .utility.learned_models import IndicatorUtilityModel as IndicatorUtilityModel
from .utility.model import ModelUtility as ModelUtility, Utility as Utility
from .utility.scorer import (
    SupervisedScorer as SupervisedScorer,
    compose_score as compose_score,
    sigmoid as sigmoid,
)
from .utility.scorer_skorch import SkorchSupervisedScorer as SkorchSupervisedScorer
from .utility.wrapper import Model as Model
from .valuation.confident import Suggestion as Suggestion, suggested_labels as suggested_labels
from .valuation.games import (
    AirportGame as AirportGame,
    AsymmetricVotingGame as AsymmetricVotingGame,
    MinerGame as MinerGame,
    MinimumSpanningTreeGame as MinimumSpanningTreeGame,
    ShoesGame as ShoesGame,
    SymmetricVotingGame as SymmetricVotingGame,
)
from .valuation.merging import merge_journals as merge_journals
from .valuation.methods.beta_shapley import BetaShapleyValuation as BetaShapleyValuation
from .valuation.methods.classwise_shapley import ClasswiseShapleyValuation as ClasswiseShapleyValuation
from .valuation.methods.closed_form_loo import ClosedFormLOOValuation as ClosedFormLOOValuation
from .valuation.methods.data_oob import (
    DataOOBValuation as DataOOBValuation,
    neg_l2_distance as neg_l2_distance,
    point_wise_accuracy as point_wise_accuracy,
)
from .valuation.methods.delta_shapley import DeltaShapleyValuation as DeltaShapleyValuation
from .valuation.methods.gt_shapley import (
    GroupTestingShapleyValuation as GroupTestingShapleyValuation,
    compute_n_samples as compute_n_samples,
)
from .valuation.methods.knn_calibrated import CalibratedKNNShapleyValuation as CalibratedKNNShapleyValuation
from .valuation.methods.knn_regression import KNNRegressionShapleyValuation as KNNRegressionShapleyValuation
from .valuation.methods.knn_shapley import (
    KNNShapleyValuation as KNNShapleyValuation,
    SoftLabelKNNShapleyValuation as SoftLabelKNNShapleyValuation,
)
from .valuation.methods.knn_threshold import ThresholdKNNShapleyValuation as ThresholdKNNShapleyValuation
from .valuation.methods.knn_weighted import WeightedKNNShapleyValuation as WeightedKNNShapleyValuation
from .valuation.methods.least_core import (
    ExactLeastCoreValuation as ExactLeastCoreValuation,
    LeastCoreValuation as LeastCoreValuation,
    MonteCarloLeastCoreValuation as MonteCarloLeastCoreValuation,
)
from .valuation.methods.msr_banzhaf import MSRBanzhafValuation as MSRBanzhafValuation
from .valuation.methods.random import RandomValuation as RandomValuation
from .valuation.methods.residual import CrossValidatedResidualValuation as CrossValidatedResidualValuation
from .valuation.methods.self_confidence import SelfConfidenceValuation as SelfConfidenceValuation
from .valuation.methods.semivalues import (
    BanzhafValuation as BanzhafValuation,
    DataBanzhafValuation as DataBanzhafValuation,
    DataShapleyValuation as DataShapleyValuation,
    LOOValuation as LOOValuation,
    SemivalueValuation as SemivalueValuation,
    ShapleyValuation as ShapleyValuation,
)
from .valuation.methods.stratified_shapley import StratifiedShapleyValuation as StratifiedShapleyValuation
from .valuation.methods.tmc_shapley import TMCShapleyValuation as TMCShapleyValuation
from .valuation.methods.weighted_banzhaf import (
    WeightedBanzhafValuation as WeightedBanzhafValuation,
    weight_from_noise as weight_from_noise,
)
from .valuation.result import (
    Status as Status,
    ValuationResult as ValuationResult,
    ValueItem as ValueItem,
    load_result as load_result,
    save_result as save_result,
)
from .valuation.reweight import reweightable as reweightable
from .valuation.samplers import (
    AntitheticOwenSampler as AntitheticOwenSampler,
    AntitheticPermutationSampler as AntitheticPermutationSampler,
    AntitheticSampler as AntitheticSampler,
    ClasswiseSampler as ClasswiseSampler,
    ConstantSampleSize as ConstantSampleSize,
    DeltaShapleyNCSGDSampleSize as DeltaShapleyNCSGDSampleSize,
    DeterministicPermutationSampler as DeterministicPermutationSampler,
    DeterministicUniformSampler as DeterministicUniformSampler,
    DeviationTruncation as DeviationTruncation,
    FiniteSequentialSizeIteration as FiniteSequentialSizeIteration,
    FixedTruncation as FixedTruncation,
    GaussLegendreOwenStrategy as GaussLegendreOwenStrategy,
    GridOwenStrategy as GridOwenStrategy,
    GroupTestingSampleSize as GroupTestingSampleSize,
    HarmonicSampleSize as HarmonicSampleSize,
    LOOSampler as LOOSampler,
    LinearSampleSize as LinearSampleSize,
    MSRSampler as MSRSampler,
    NoTruncation as NoTruncation,
    NonConvexSGDConfig as NonConvexSGDConfig,
    OwenSampler as OwenSampler,
    PermutationSampler as PermutationSampler,
    PowerLawSampleSize as PowerLawSampleSize,
    RandomSizeIteration as RandomSizeIteration,
    RelativeTruncation as RelativeTruncation,
    RoundRobinSizeIteration as RoundRobinSizeIteration,
    StratifiedPermutationSampler as StratifiedPermutationSampler,
    StratifiedSampler as StratifiedSampler,
    UniformOwenStrategy as UniformOwenStrategy,
    UniformSampler as UniformSampler,
    VRDSSampler as VRDSSampler,
)
from .widgets.influence_panel import InfluencePanel as InfluencePanel
from .widgets.panel import ValuationPanel as ValuationPanel
from .widgets.sharing import static_page as static_page

__version__: str

def load_ipython_extension(ipython: Any) -> None: ...
def unload_ipython_extension(ipython: Any) -> None: ...
