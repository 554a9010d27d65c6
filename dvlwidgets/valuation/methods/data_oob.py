"""Data-OOB: a point is worth how well the estimators of a bagging model that have not seen it predict it.

A model that is not fitted yet is fitted in the steps of the run, a few estimators at a time, so that its values stream
and spread over workers.
Kwon & Zou, Data-OOB: out-of-bag estimate as a simple and efficient data value (ICML 2023).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...data.arrays import as_numpy
from ...data.dataset import Dataset
from ...data.identity import digest
from ...engine.stopping import StoppingRule
from ...errors import InputError, InputTypeError
from ...utility.match import kind
from .. import bags
from ..samplers.checks import check_seed
from ..valuation import Valuation
from .oob_job import OobJob
from .oob_scores import Score, neg_l2_distance, point_wise_accuracy

__all__ = ["DataOOBValuation", "neg_l2_distance", "point_wise_accuracy"]


class DataOOBValuation(Valuation):
    """The mean score of a point by those estimators of a bagging model that were not fitted on it. Low is suspicious.

    Needs no test data. The value of a group is the mean over estimators of the mean score of its rows out of bag, so
    that large and small groups compare. A point that is in every bag has no value: NaN, and a note.

    Args:
        model: a bagging classifier or regressor of scikit-learn (random forest, extra trees, BaggingClassifier, ...).
            Fitted: on the very data to be valued, in their order. Unfitted: its estimators are fitted on the data
            during the run, a few at a time from our seeds, and the model itself stays unfitted.
        score: function (y_true, y_pred) -> one number a point, larger is better. None: `point_wise_accuracy` for
            classifiers (a value is a share of right estimators), `neg_l2_distance` for regressors.
        is_done: a stopping rule that may end the run before the last estimator.
        progress: draw a progress bar.
        seed: what an unfitted model is seeded from; an integer `random_state` of the model shifts it.

    Raises:
        InputTypeError: if the model is no bagging model, or the score cannot be called.
        InputError: if every bag holds every point (`bootstrap=False` and `max_samples=1.0`), or if a regressor is
            scored by `point_wise_accuracy`.

    References:
        Kwon & Zou, Data-OOB: out-of-bag estimate as a simple and efficient data value (ICML 2023).
    """

    algorithm_name = "Data-OOB"
    threshold = None
    references = (
        "Kwon & Zou, Data-OOB: out-of-bag estimate as a simple and efficient data value, ICML 2023",
    )
    keeps_utilities = False

    def __init__(
        self,
        model: Any,
        score: Score | None = None,
        *,
        is_done: StoppingRule | None = None,
        progress: bool = False,
        seed: int | None = 0,
    ) -> None:
        bags.check_bagging(model)
        if score is not None and (isinstance(score, type) or not callable(score)):
            raise InputTypeError(
                f"score must be a function (y_true, y_pred) -> one number a point, not {score!r}. "
                "Pass point_wise_accuracy or neg_l2_distance, or leave it out."
            )
        if score is point_wise_accuracy and kind(model) == "regressor":
            raise InputError(
                f"{type(model).__name__} predicts numbers, which point_wise_accuracy would all call wrong. Use "
                "score=neg_l2_distance, or leave it out."
            )
        super().__init__(None, is_done, progress=progress)
        check_seed(seed)
        self.model, self.seed = model, seed
        usual = point_wise_accuracy if kind(model) == "classifier" else neg_l2_distance
        self.score: Score = usual if score is None else score

    def _job(self, data: Any, seed: int) -> OobJob:
        if not isinstance(data, Dataset):
            raise InputTypeError(
                f"training data must be a Dataset, not {type(data).__name__}. Write Dataset(x, y)."
            )
        if bags.is_fitted(self.model):
            bags.check_same_data(self.model, data)
        if self.score is neg_l2_distance:
            neg_l2_distance(as_numpy(data.y), as_numpy(data.y))  # refuses labels that are no numbers
        return OobJob(self.model, data, self.score, seed)

    def _parts(self, data: Dataset, job: OobJob) -> tuple[dict[str, str], dict[str, Any]]:
        bag = digest(np.packbits(job.outside, axis=1)) if job.fitted else "drawn during the run"
        parts = {"training data": data.fingerprint, "model": digest(self.model), "bags": bag}
        return {**parts, "score": digest(self.score)}, {"chunk": job.chunk, "estimators": job.total}

    def _seed(self) -> int | None:
        return self.seed

    def __repr__(self) -> str:
        return f"DataOOBValuation({self.model!r}, {getattr(self.score, '__name__', self.score)})"
