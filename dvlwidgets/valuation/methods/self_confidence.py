"""Self-confidence: what a cross-validated classifier thinks of each given label. Low is suspicious.

Also the normalised margin, the same minus the probability of the likeliest other label, in which 0 means something.
Points get a suggested label by the confident joint.
Northcutt, Jiang & Chuang, Confident learning: estimating uncertainty in dataset labels (JAIR 2021).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...arguments import whole
from ...data.arrays import as_numpy, take_rows
from ...data.dataset import Dataset
from ...data.identity import digest
from ...engine.records import Estimate
from ...engine.stopping import StoppingRule
from ...errors import InputError, InputTypeError
from ...utility.answers import Answers, TestSet, is_continuous
from ..confident import confident_labels
from ..cross_validation import CrossValidationJob, means
from ..samplers.checks import check_seed
from ..valuation import Valuation

SCORES = {
    "self_confidence": "the predicted probability of the given label",
    "margin": "the predicted probability of the given label minus that of the likeliest other",
}


class SelfConfidenceJob(CrossValidationJob):
    """Cross-validated probabilities; the score of a row is that of its given label, or its margin."""

    def __init__(self, model: Any, data: Dataset, score: str, cv: int, repetitions: int, seed: int) -> None:
        self.labels, codes = np.unique(as_numpy(data.y), return_inverse=True)
        self.codes = codes.astype(np.intp)
        self.columns, self.score = len(self.labels), score
        self.metrics, self.value_unit = (score,), SCORES[score]
        if self.columns < 2:
            raise InputError(
                f"all labels are {self.labels[0]}, so that there is no other one. Pass two classes or more."
            )
        super().__init__(model, data, cv, repetitions, seed, self.codes)
        alone = self.labels[np.bincount(self.codes) == 1]
        if len(alone):
            which = ", ".join(map(str, alone[:3])) + (", ..." if len(alone) > 3 else "")
            note = f"only one point is of class {which}: a model that has not seen it cannot know its label, so that "
            self.notes += (note + "it has no value (NaN)",)

    def look(
        self, model: Any, held: NDArray[np.intp], trained: NDArray[np.bool_]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        own = self.codes[held]
        test = TestSet(take_rows(self.data.x, held), self.y[held], self.labels, own, np.nan)
        proba = Answers(model, test).proba().astype(np.float64)
        mine = proba[np.arange(len(held)), own]
        if self.score == "margin":
            others = proba.copy()
            others[np.arange(len(held)), own] = -np.inf
            mine = mine - others.max(axis=1)
        # a label that the model has never seen: its probability of 0 says nothing
        unseen = np.bincount(self.codes[trained], minlength=self.columns)[own] == 0
        proba[unseen], mine[unseen] = np.nan, np.nan
        return proba, mine

    def estimate(self, stats: Mapping[str, NDArray[Any]]) -> Estimate:
        values, stderr, counts = means(stats)
        seen = stats["asked"] > 0
        proba = np.where(seen[:, None], stats["said"], np.nan)
        confident = confident_labels(proba, self.codes)
        if self.grouped:
            share = np.bincount(self.points, weights=confident != self.codes, minlength=self.n)
            rows = np.bincount(self.points, minlength=self.n)
            return Estimate(values, stderr, counts, {"suspicious_share": share / rows})
        likeliest = np.where(seen, stats["said"].argmax(axis=1), self.codes)
        every, names = np.arange(self.n), plain_labels(self.labels)
        extra = {
            "given_label": names[self.codes],
            "predicted_label": names[likeliest],
            "suggested_label": names[confident],
            "suggested_probability": proba[every, confident],
            "suspicious": confident != self.codes,
        }
        return Estimate(values, stderr, counts, extra)


def plain_labels(labels: NDArray[Any]) -> NDArray[Any]:
    """Labels without Python objects among them, as result files want them."""
    if labels.dtype.kind != "O":
        return labels
    made = np.asarray(labels.tolist())
    return made if made.dtype.kind != "O" else labels.astype(np.str_)


class SelfConfidenceValuation(Valuation):
    """How likely a cross-validated classifier finds each point's label. Low is suspicious; needs no test data.

    The result has further columns: `given_label`, `predicted_label` (the likeliest), `suggested_label` and
    `suggested_probability` (another label where the point is off the diagonal of the confident joint), `suspicious`;
    `suggested_labels(result)` lists the suspicious points. Groups are held out as a whole and worth the mean of their
    rows; they have `suspicious_share`. A standard error is over repetitions: how much the folds matter.

    Args:
        model: a classifier with `predict_proba`; only copies of it are fitted.
        cv: number of folds, stratified by class.
        score: "self_confidence", the probability of the given label, or "margin", that minus the probability of the
            likeliest other label: below 0 another label is likelier.
        seed: what folds and stochastic models are drawn from.
        repetitions: how often new folds are drawn; with one there is no standard error.
        is_done: a stopping rule that may end the run after a repetition.
        progress: draw a progress bar.

    Raises:
        InputTypeError: if the model gives no probabilities, or an argument has another type.
        InputError: for another score, or fewer than two folds.

    References:
        Northcutt, Jiang & Chuang, Confident learning: estimating uncertainty in dataset labels (JAIR 2021).
    """

    references = (
        "Northcutt, Jiang & Chuang, Confident learning: estimating uncertainty in dataset labels, JAIR 2021",
    )
    keeps_utilities = False

    def __init__(
        self,
        model: Any,
        cv: int = 5,
        score: str = "self_confidence",
        seed: int | None = 0,
        *,
        repetitions: int = 1,
        is_done: StoppingRule | None = None,
        progress: bool = False,
    ) -> None:
        check_learner(model)
        if not callable(getattr(model, "predict_proba", None)):
            raise InputTypeError(
                f"{type(model).__name__} has no predict_proba, but self-confidence is a probability. Pass a classifier "
                "that has it, for example CalibratedClassifierCV(model); for numbers use "
                "CrossValidatedResidualValuation(model)."
            )
        if score not in tuple(SCORES):
            raise InputError(f"score={score!r} is unknown. Pass 'self_confidence' or 'margin'.")
        self.cv, self.repetitions = check_folds(cv, repetitions)
        super().__init__(None, is_done, progress=progress)
        check_seed(seed)
        self.model, self.score, self.seed = model, score, seed
        self.algorithm_name = "Self-confidence" if score == "self_confidence" else "Margin"
        self.threshold = None if score == "self_confidence" else 0.0

    def _job(self, data: Any, seed: int) -> SelfConfidenceJob:
        y = check_one_target(data)
        if is_continuous(y):
            raise InputError(
                "the labels are numbers with fractions, no classes. Use CrossValidatedResidualValuation(model)."
            )
        return SelfConfidenceJob(self.model, data, self.score, self.cv, self.repetitions, seed)

    def _parts(self, data: Dataset, job: Any) -> tuple[dict[str, str], dict[str, Any]]:
        parts = {"training data": data.fingerprint, "model": digest(self.model), "score": self.score}
        return parts, {"folds": self.cv, "repetitions": self.repetitions}

    def _seed(self) -> int | None:
        return self.seed

    def __repr__(self) -> str:
        return f"SelfConfidenceValuation({self.model!r}, {self.cv}, {self.score!r})"


def check_learner(model: Any) -> None:
    """Refuse what cannot be fitted.

    Raises:
        InputTypeError: for a class instead of an instance, or something without `fit`.
    """
    if isinstance(model, type):
        raise InputTypeError(f"model is the class {model.__name__}; pass an instance: {model.__name__}().")
    if not callable(getattr(model, "fit", None)):
        raise InputTypeError(
            f"model must have fit(x, y); {type(model).__name__} has none. Pass a scikit-learn style model."
        )


def check_folds(cv: Any, repetitions: Any) -> tuple[int, int]:
    """The numbers of folds and repetitions, or a refusal.

    Raises:
        InputTypeError, InputError: unless they are integers of at least 2 and 1.
    """
    hint = "cv=5 holds out a fifth of the points at a time."
    return whole("cv", cv, 2, hint), whole("repetitions", repetitions, 1, "Pass repetitions=1 or more.")


def check_one_target(data: Any) -> NDArray[Any]:
    """The labels of a data set with one target, or a refusal.

    Raises:
        InputTypeError: if it is no data set.
        InputError: if its points have several targets.
    """
    if not isinstance(data, Dataset):
        raise InputTypeError(
            f"training data must be a Dataset, not {type(data).__name__}. Write Dataset(x, y)."
        )
    y = as_numpy(data.y)
    if y.ndim > 1:
        raise InputError(
            f"the points have {data.n_targets} targets, and confidence in which of them? Pass one target at a time: "
            "Dataset(x, y[:, 0])."
        )
    return y
