"""A model that can be fitted on a `Dataset` and scored on one."""

from __future__ import annotations

from typing import Any, Self

from ..data.dataset import Dataset
from ..errors import InputTypeError


class Model:
    """Any model, with `fit(data)` and `score(data)` for a `Dataset`; otherwise the model itself.

    `predict`, parameters and everything else are the model's own. `fit(x, y)` and `score(x, y)` work as before. As an
    argument of `Utility` a wrapped model is the model itself: the same values, the same keys.

    Args:
        model: an object with `fit`; it is this very object that is fitted.

    Raises:
        InputTypeError: if the model is a class or has no `fit`.

    Example:
        >>> from sklearn.linear_model import LogisticRegression
        >>> data = Dataset([[0.0], [1.0]], [0, 1])
        >>> Model(LogisticRegression()).fit(data).score(data)
        1.0
    """

    model: Any

    def __init__(self, model: Any) -> None:
        if isinstance(model, type):
            raise InputTypeError(
                f"model is the class {model.__name__}; pass an instance: Model({model.__name__}())."
            )
        if not callable(getattr(model, "fit", None)):
            raise InputTypeError(
                f"model must have fit(x, y); {type(model).__name__} has none. Pass a scikit-learn style model."
            )
        self.model = unwrapped(model)

    def fit(self, x: Any, y: Any = None, **kwargs: Any) -> Self:
        """Fit on a `Dataset`, or on x and y; further arguments go to the model."""
        self.model.fit(*_pair("fit", x, y), **kwargs)
        return self

    def score(self, x: Any, y: Any = None, **kwargs: Any) -> Any:
        """The model's own score on a `Dataset`, or on x and y.

        Raises:
            InputTypeError: if the model has no `score`.
        """
        score = getattr(self.model, "score", None)
        if score is None:
            raise InputTypeError(
                f"{type(self.model).__name__} has no score(x, y). Use SupervisedScorer('accuracy', test)(model)."
            )
        return score(*_pair("score", x, y), **kwargs)

    def predict(self, x: Any, **kwargs: Any) -> Any:
        """The model's predictions for a `Dataset` or for x."""
        return self.model.predict(x.x if isinstance(x, Dataset) else x, **kwargs)

    def set_params(self, **params: Any) -> Self:
        """Set parameters of the model."""
        self.model.set_params(**params)
        return self

    def __getattr__(self, name: str) -> Any:
        if name == "model":  # while it is copied or unpickled there is none yet
            raise AttributeError(name)
        return getattr(self.model, name)

    def __sklearn_clone__(self) -> Model:
        from sklearn.base import clone

        return Model(clone(self.model))

    def __sklearn_is_fitted__(self) -> bool:
        from sklearn.exceptions import NotFittedError
        from sklearn.utils.validation import check_is_fitted

        try:
            check_is_fitted(self.model)
        except (NotFittedError, TypeError):
            return False
        return True

    def __dvl_identity__(self) -> tuple[object, ...]:
        return ("model", self.model)

    def __repr__(self) -> str:
        return f"Model({self.model!r})"


def unwrapped(model: Any) -> Any:
    """The model in a `Model`; any other object as it is."""
    return model.model if isinstance(model, Model) else model


def _pair(verb: str, x: Any, y: Any) -> tuple[Any, Any]:
    """Features and labels of a data set, or as they were given."""
    if isinstance(x, Dataset):
        if y is not None:
            raise InputTypeError(
                f"{verb} was given a Dataset and labels; pass {verb}(data), which has its own."
            )
        return x.x, x.y
    return x, y
