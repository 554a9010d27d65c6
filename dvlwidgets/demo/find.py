"""The demo's work: value the points of a data set with flipped labels, and judge what the values found."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from sklearn.linear_model import LogisticRegression

from ..data.examples import Split, load_split
from ..engine.stopping import StoppingRule
from ..evaluation.detection import Detection, precision_among_lowest
from ..evaluation.judging import DropJudgement, judge_dropping
from ..typing import Indices
from ..utility.model import ModelUtility
from ..utility.scorer import SupervisedScorer
from ..valuation.methods.semivalues import ShapleyValuation
from ..valuation.result import ValuationResult
from ..valuation.samplers.permutation import PermutationSampler

SCORING = "probability"
"""Mean probability of the right class: it moves with every point, where accuracy moves by whole test points, and it
is bounded, where one class that a small subset lacks makes a log-loss infinite. So few fits tell the points apart."""


@dataclass(frozen=True)
class Question:
    """One data set with a share of flipped training labels, and a valuation of its training points.

    Attributes:
        name: of the data set.
        split: training, validation and judging part, and which labels were flipped.
        model: what is fitted on the subsets.
        valuation: not fitted yet.
    """

    name: str
    split: Split
    model: LogisticRegression
    valuation: ShapleyValuation


@dataclass(frozen=True)
class Findings:
    """What the values of a question's points found.

    Attributes:
        result: values of all training points.
        detection: how many of the lowest values have a flipped label.
        judgements: what dropping the lowest does on the third split, to the utility's own score and to accuracy.
    """

    result: ValuationResult
    detection: Detection
    judgements: tuple[DropJudgement, ...]


def ask(
    name: str,
    rule: StoppingRule,
    *,
    seed: int = 0,
    flip: float = 0.1,
    n_train: int = 300,
    progress: bool = False,
) -> Question:
    """Prepare a data set, a model and the Shapley values of its training points by permutation sampling."""
    split = load_split(name, n_train=n_train, flip=flip, seed=seed)
    model = LogisticRegression(C=0.1, max_iter=500)  # the features are standardised: a strong, plain penalty
    guess = 1 / len(
        np.unique(split.val.y)
    )  # what no points, or points of one class, know about the right class
    utility = ModelUtility(model, SupervisedScorer(SCORING, split.val, default=guess))
    valuation = ShapleyValuation(utility, PermutationSampler(seed=seed), rule, progress=progress)
    return Question(name, split, model, valuation)


def judge(question: Question) -> Findings | None:
    """Look at as many of the lowest values as labels were flipped; None while too few values are known.

    The third split decides: neither the model nor the utility has seen it.
    """
    split, result = question.split, question.valuation.values()
    k = len(split.flipped)
    if np.isfinite(result.values).sum() < k:
        return None
    detection = precision_among_lowest(result.values, split.flipped, k)
    drop: Indices = detection.lowest
    scorer = SupervisedScorer([SCORING, "accuracy"], split.test)
    return Findings(result, detection, judge_dropping(question.model, scorer, split.train, drop, repeats=5))
