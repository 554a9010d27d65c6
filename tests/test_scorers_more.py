"""One-word scorers that change with every point, and scores of networks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from scipy import sparse
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, log_loss

from dvlwidgets import (
    Dataset,
    GroupedDataset,
    MaxUpdates,
    PermutationSampler,
    ShapleyValuation,
    SupervisedScorer,
    Utility,
)
from dvlwidgets.data.identity import digest
from dvlwidgets.errors import InputError, InputTypeError
from dvlwidgets.utility.scorer_skorch import SkorchSupervisedScorer

X, Y = load_iris(return_X_y=True)
TRAIN, TEST = Dataset(X[::2], Y[::2]), Dataset(X[1::2], Y[1::2])
MODEL = LogisticRegression(max_iter=1000).fit(TRAIN.x, TRAIN.y)
PROBA = MODEL.predict_proba(TEST.x)
ROWS = np.arange(len(TEST))


# --- words ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("probability", PROBA[ROWS, TEST.y].mean()),
        ("margin", (PROBA[ROWS, TEST.y] - np.where(np.eye(3)[TEST.y] == 1, -1, PROBA).max(axis=1)).mean()),
        ("log_loss", -log_loss(TEST.y, PROBA)),
        ("neg_log_loss", -log_loss(TEST.y, PROBA)),
        ("accuracy", accuracy_score(TEST.y, MODEL.predict(TEST.x))),
    ],
)
def test_words(word: str, expected: float) -> None:
    np.testing.assert_allclose(SupervisedScorer(word, TEST)(MODEL), [expected])


def test_log_loss_is_the_same_metric_with_its_sign_turned() -> None:
    word, name = SupervisedScorer("log_loss", TEST), SupervisedScorer("neg_log_loss", TEST)
    assert word.names == ("neg_log_loss",)  # the unit that values are shown in
    assert digest(word) == digest(name)
    bound = word.bind(LogisticRegression(), TRAIN)
    assert bound.default[0] < -0.5  # of guessing the class shares, where 0.0 would be perfect
    assert SupervisedScorer({"loss": "log_loss"}, TEST).names == ("loss",)


def test_margin_is_half_right_where_accuracy_is_and_has_no_default_of_its_own() -> None:
    scorer = SupervisedScorer("margin", TEST)
    assert -1.0 <= scorer(MODEL)[0] <= 1.0
    np.testing.assert_array_equal(scorer.bind(MODEL, TRAIN).default, [0.0])

    class Even:
        classes_ = np.array([0, 1, 2])

        def predict_proba(self, x: Any) -> NDArray[np.float64]:
            return np.full((len(x), 3), 1 / 3)

    np.testing.assert_allclose(scorer(Even()), [0.0], atol=1e-15)


def test_a_missing_class_has_the_smallest_margin() -> None:
    two = TRAIN.y != 2
    model = LogisticRegression(max_iter=1000).fit(TRAIN.x[two], TRAIN.y[two])
    of_missing = SupervisedScorer("margin", TEST[np.flatnonzero(TEST.y == 2)])
    proba = model.predict_proba(TEST.x[TEST.y == 2])
    np.testing.assert_allclose(of_missing.bind(model, TRAIN)(model), [-proba.max(axis=1).mean()])


def test_a_near_word_is_suggested() -> None:
    with pytest.raises(InputError, match="Did you mean 'log_loss'"):
        SupervisedScorer("logloss", TEST)
    with pytest.raises(InputError, match="Did you mean 'margin'"):
        SupervisedScorer("margins", TEST)


# --- networks ---------------------------------------------------------------------------------------------------


class Net:
    """A linear network with float32 weights that is as particular as torch's, behind skorch's interface."""

    def __init__(self, lr: float = 0.1, max_epochs: int = 20) -> None:
        self.lr, self.max_epochs = lr, max_epochs

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        return {"lr": self.lr, "max_epochs": self.max_epochs}

    def set_params(self, **params: Any) -> Net:
        self.__dict__.update(params)
        return self

    def _forward(self, x: Any) -> Any:
        import torch

        return torch.as_tensor(x) @ self.weights  # raises for float64, as every layer does

    def fit(self, x: Any, y: Any) -> Net:
        import torch

        self.classes_ = np.arange(3)
        self.weights = torch.zeros((4, 3))
        hot = torch.eye(3)[torch.as_tensor(np.array(y))]
        for _ in range(self.max_epochs):
            error = torch.softmax(self._forward(x), dim=1) - hot
            self.weights = self.weights - self.lr * torch.as_tensor(x).T @ error / len(x)
        return self

    def predict_proba(self, x: Any) -> Any:
        import torch

        return torch.softmax(self._forward(x), dim=1)

    def predict(self, x: Any) -> Any:
        return self.predict_proba(x).argmax(dim=1)


def test_networks_get_float32() -> None:
    train = Dataset(TRAIN.x.astype(np.float32), TRAIN.y)
    net = Net().fit(np.array(train.x), train.y)
    with pytest.raises(RuntimeError, match="same dtype"):
        net.predict(np.array(TEST.x))
    found = SkorchSupervisedScorer(["accuracy", "log_loss", "probability"], TEST)(net)
    proba = net.predict_proba(TEST.x.astype(np.float32)).numpy()
    np.testing.assert_allclose(found[0], (proba.argmax(axis=1) == TEST.y).mean())
    np.testing.assert_allclose(
        found[1:], [np.log(proba[ROWS, TEST.y]).mean(), proba[ROWS, TEST.y].mean()], rtol=1e-5
    )


def test_networks_are_valued() -> None:
    at = np.random.default_rng(0).permutation(len(TRAIN))[:10]
    train = Dataset(TRAIN.x.astype(np.float32), TRAIN.y)[at]
    utility = Utility(Net(max_epochs=5), SkorchSupervisedScorer("probability", TEST))
    result = ShapleyValuation(utility, PermutationSampler(seed=0), MaxUpdates(8)).fit(train).result
    assert np.isfinite(result.values).all()
    assert not any("failed" in note for note in result.provenance.notes)


def test_every_kind_of_test_data() -> None:
    import torch

    scorers = [
        SkorchSupervisedScorer("probability", test)
        for test in (
            TEST,
            (TEST.x, TEST.y),
            Dataset(pd.DataFrame(TEST.x), pd.Series(TEST.y)),
            Dataset(sparse.csr_matrix(TEST.x), TEST.y),
            Dataset(torch.tensor(TEST.x), torch.tensor(TEST.y)),
            GroupedDataset.from_dataset(TEST, ROWS % 5),
            Dataset(TEST.x.astype(object), TEST.y),
        )
    ]
    net = Net().fit(np.array(TRAIN.x, np.float32), TRAIN.y)
    first = scorers[0](net)
    for scorer in scorers[1:]:
        np.testing.assert_allclose(scorer(net), first)
    assert torch.is_tensor(scorers[4].test_data.x)
    assert scorers[0].test_data.x.dtype == np.float32
    assert scorers[0].test_data.y.dtype == np.int64
    assert TEST.x.dtype == np.float64  # the user's data stay as they are
    tokens = SkorchSupervisedScorer("accuracy", (np.array([[1, 2], [3, 4]]), [0, 1])).test_data.x
    assert tokens.dtype.kind == "i"


def test_regression_networks() -> None:
    class Line:
        def predict(self, x: Any) -> Any:
            import torch

            return torch.as_tensor(x) @ torch.ones((4, 1))  # (n, 1), as skorch's regressors answer

    y = TEST.x.sum(axis=1) + 0.25
    scorer = SkorchSupervisedScorer("neg_mean_absolute_error", (TEST.x, y))
    assert scorer.test_data.y.dtype == np.float32
    np.testing.assert_allclose(scorer(Line()), [-0.25], rtol=1e-4)


def test_text_is_refused() -> None:
    with pytest.raises(InputTypeError, match="must be numbers for a network"):
        SkorchSupervisedScorer("accuracy", (np.array([["a"], ["b"]]), [0, 1]))
    with pytest.raises(InputTypeError, match="must be numbers for a network"):
        SkorchSupervisedScorer("accuracy", (np.array([["a"], [1.0]], object), [0, 1]))
