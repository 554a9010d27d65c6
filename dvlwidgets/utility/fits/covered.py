"""Which estimators are fitted many at once, and why another is not: `explain`.

Whatever is not in `covered_table`, a subclass included, is fitted one by one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .covered_table import BY_ROW, PREDICT, PROBA, SCALERS, TABLE, Row
from .rules import Rule, broken


@dataclass(frozen=True)
class Coverage:
    """Which path a model takes, and why; `str` says it in a sentence.

    Attributes:
        path: "batched" or "one by one".
        why: the reason, in words.
        row: the table's row, if batched.
        model: the estimator that the row is for: the last step of a pipeline.
        scaler: the scaler before it, or None.
        by_row: whether that scaler learns nothing.
    """

    path: str
    why: str
    row: Row | None = None
    model: Any = None
    scaler: Any = None
    by_row: bool = False

    def __str__(self) -> str:
        return f"{self.path}: {self.why}"


def explain(model: Any, *, sample_weight: bool = False) -> Coverage:
    """Which path fits of a model take, batched or one by one, and why.

    Data decide, too: only plain float64 or integer arrays without gaps are fitted many at once.

    Args:
        model: an unfitted estimator.
        sample_weight: whether its fits are given weights of the rows.

    Example:
        >>> from sklearn.linear_model import Ridge
        >>> print(explain(Ridge(solver="sag")))
        one by one: Ridge has solver='sag', which must be one of 'auto', 'cholesky', 'svd'
    """
    name = class_name(model)
    if name == "sklearn.pipeline.Pipeline":
        return _pipeline(model, sample_weight)
    if name in _TORCH:
        if sample_weight:
            return Coverage("one by one", f"{type(model).__name__} with sample_weight is not batched")
        return _torch(model, classes=_TORCH[name])
    row = TABLE.get(name)
    if row is None:
        return Coverage("one by one", f"{type(model).__name__} is not in the table of batched fits")
    wrong = _wrong(model, row.params)
    if wrong:
        return Coverage("one by one", f"{type(model).__name__} has {wrong}")
    if sample_weight and not row.weighted:
        return Coverage("one by one", f"{type(model).__name__} with sample_weight is not batched")
    return Coverage("batched", f"{type(model).__name__} by {row.how}", row, model)


_TORCH = {
    "dvlwidgets.utility.fits.torch_ensemble.TorchClassifier": True,
    "dvlwidgets.utility.fits.torch_ensemble.TorchRegressor": False,
}


def _torch(model: Any, *, classes: bool) -> Coverage:
    from .torch_together import TorchTogether, not_together  # needs torch, which whoever has such a model has

    reason = not_together(model, classes=classes)
    if reason:
        return Coverage("one by one", f"{type(model).__name__}: {reason}")
    row = Row(
        TorchTogether, {}, frozenset({PREDICT, PROBA} if classes else {PREDICT}), classes, scaled=True,
        how="torch.func.vmap over stacked weights: all copies are trained together", tables=False,
    )  # fmt: skip
    return Coverage("batched", f"{type(model).__name__} by {row.how}", row, model)


def class_name(model: Any) -> str:
    """Where a model's class is defined, and its name."""
    return f"{type(model).__module__}.{type(model).__qualname__}"


def _wrong(part: Any, rules: Mapping[str, Rule]) -> str:
    if hasattr(part, "_sklearn_output_config") or getattr(part, "_metadata_request", None) is not None:
        return "output or metadata configured by set_output or set_fit_request"
    return broken(part.get_params(deep=False), rules)


def _pipeline(model: Any, sample_weight: bool) -> Coverage:
    steps = [step for _, step in model.steps]
    if len(steps) != 2 or model.memory is not None or hasattr(model, "_sklearn_output_config"):
        return Coverage(
            "one by one", "only pipelines of one scaler and one estimator, without memory, are batched"
        )
    scaler, last = steps
    by_row = class_name(scaler) in BY_ROW
    rules = (BY_ROW if by_row else SCALERS).get(class_name(scaler))
    if rules is None:
        return Coverage("one by one", f"{type(scaler).__name__} is no scaler that is fitted many at once")
    wrong = _wrong(scaler, rules)
    if wrong:
        return Coverage("one by one", f"{type(scaler).__name__} has {wrong}")
    found = explain(last, sample_weight=sample_weight)
    if found.row is None:
        return Coverage("one by one", found.why)
    name = f"{type(scaler).__name__}, then {found.why}"
    if found.scaler is None and by_row and found.row.tables:
        return Coverage("batched", name, found.row, last, scaler, by_row=True)
    if found.scaler is not None or not found.row.scaled or (not found.row.tables and _bare(scaler)):
        return Coverage("one by one", f"{type(last).__name__} behind a scaler is not batched")
    if getattr(last, "fit_intercept", True) is not True:
        return Coverage(
            "one by one", f"{type(last).__name__} without intercept behind a scaler is not batched"
        )
    return Coverage("batched", name, found.row, last, scaler)


def _bare(scaler: Any) -> bool:
    """Whether nobody knows here what the scaler subtracts."""
    return type(scaler).__name__ not in ("StandardScaler", "MinMaxScaler")
