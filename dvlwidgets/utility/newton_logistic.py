"""Logistic regression without one point, or a group, by one Newton step from the optimum on all: nearly exact.

At the optimum the gradient of the rest is minus that of the rows taken away, and its Hessian the full one minus
theirs; a low-rank update of the inverse gives the step.
Rad & Maleki, A scalable estimate of the out-of-sample prediction error via approximate leave-one-out (JRSS B, 2020).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, log_softmax, softmax

from ..data.arrays import as_numpy
from ..errors import InputError
from .linear_smoother import table
from .told import ToldClasses

MOST = 3_000
"""A Hessian of more coefficients than this is not inverted."""

TOLERANCE = 1e-9
"""The optimum is where no component of the mean gradient is larger."""


def check_logistic(model: Any) -> None:
    """Refuse logistic regressions that the Newton step does not cover.

    Raises:
        InputError: with what to change.
    """
    penalty = getattr(model, "penalty", "l2")
    reasons = {
        "solver='liblinear' penalises the intercept; pass solver='lbfgs'": model.solver == "liblinear",
        "an l1 penalty has no Hessian; pass l1_ratio=0": bool(getattr(model, "l1_ratio", 0))
        or penalty in ("l1", "elasticnet"),
        "class_weight depends on which points are left; pass class_weight=None": model.class_weight
        is not None,
        "multi_class='ovr' is several models; leave multi_class out": getattr(model, "multi_class", None)
        == "ovr",
    }
    for reason, holds in reasons.items():
        if holds:
            raise InputError(
                f"the Newton step is not for this model: {reason}, or use LOOValuation(utility)."
            )


class NewtonLogistic:
    """The optimum of a logistic regression with the inverse of its Hessian; arguments as in `LinearSmoother`.

    Two classes have one vector of coefficients, more have one each, as in scikit-learn.
    """

    exact = False
    note = (
        "one Newton step from the optimum on all points stands for a refit: values are approximate, most for points "
        "of high leverage"
    )

    def __init__(self, model: Any, x: Any, y: Any, x_test: Any) -> None:
        from sklearn.base import clone

        features = table(x)
        self.x_test = x_test
        fitted = clone(model).fit(x, as_numpy(y))
        self.classes, codes = np.unique(as_numpy(y), return_inverse=True)
        self.counts, self.codes = np.bincount(codes), codes
        self.binary = len(self.classes) == 2
        self.rows = _augmented(features, model.fit_intercept)
        self.test_rows = _augmented(table(x_test), model.fit_intercept)
        self.targets = codes[:, None].astype(np.float64) if self.binary else np.eye(len(self.classes))[codes]
        weight = 0.0 if getattr(model, "penalty", "l2") is None else 1.0 / float(model.C)
        self.penalty = np.full(self.rows.shape[1], weight)
        if model.fit_intercept:
            self.penalty[-1] = 0.0
        if self.targets.shape[1] * self.rows.shape[1] > MOST:
            raise InputError(
                f"{self.targets.shape[1] * self.rows.shape[1]:,} coefficients have too large a Hessian for the Newton "
                f"step (at most {MOST:,}). Use LOOValuation(utility), or fewer features."
            )
        start = np.asarray(fitted.coef_, np.float64)
        if model.fit_intercept:
            start = np.column_stack([start, fitted.intercept_])
        self.theta = self._optimum(start)
        self.means = self._proba(self.rows @ self.theta.T)
        self.inverse = np.linalg.inv(self._hessian(self.means))

    def everything(self) -> ToldClasses:
        """What the model fitted on all rows says of the test points."""
        return self._told(self.theta)

    def without(self, rows: NDArray[np.intp]) -> ToldClasses | None:
        """The same without some rows, nearly; None where a class would vanish, so that only a refit can tell."""
        gone = np.bincount(self.codes[rows], minlength=len(self.counts))
        if (gone == self.counts).any():
            return None
        k, p = self.theta.shape
        inverse = self.inverse.reshape(k, p, k, p)
        a = self.rows[rows]
        # columns: one for each row taken away and each vector of coefficients
        moved = np.einsum("kplq,gq->kpgl", inverse, a).reshape(k * p, -1)
        inner = np.einsum("gp,kpm->gkm", a, moved.reshape(k, p, -1)).reshape(-1, moved.shape[1])
        curvature = np.zeros_like(inner)
        for j, mean in enumerate(self.means[rows]):
            block = slice(j * k, (j + 1) * k)
            curvature[block, block] = self._curvature(mean)
        wrong = (self.means[rows] - self.targets[rows]).ravel()
        step = moved @ np.linalg.solve(np.eye(len(inner)) - curvature @ inner, wrong)
        return self._told(self.theta + step.reshape(k, p))

    def _told(self, theta: NDArray[np.float64]) -> ToldClasses:
        proba = self._proba(self.test_rows @ theta.T)
        return ToldClasses(
            self.x_test, np.column_stack([1 - proba, proba]) if self.binary else proba, self.classes
        )

    def _proba(self, logits: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(expit(logits) if self.binary else softmax(logits, axis=1))

    def _curvature(self, mean: NDArray[np.float64]) -> NDArray[np.float64]:
        """Second derivative of one row's loss by its logits, shape (k, k)."""
        return np.asarray(mean * (1 - mean))[:, None] if self.binary else np.diag(mean) - np.outer(mean, mean)

    def _loss(self, theta: NDArray[np.float64]) -> float:
        logits = self.rows @ theta.T
        if self.binary:
            fit = np.logaddexp(0.0, logits) - self.targets * logits
        else:
            fit = -self.targets * log_softmax(logits, axis=1)
        return float(fit.sum() + 0.5 * (self.penalty * theta**2).sum())

    def _hessian(self, means: NDArray[np.float64]) -> NDArray[np.float64]:
        """Second derivatives, shape (k p, k p).

        With several classes, the direction in which all move alike has none; no step takes it, so it is filled.
        """
        k, p = self.theta.shape
        full = np.zeros((k, p, k, p))
        for j in range(k):
            for m in range(j, k):
                weight = means[:, j] * ((1.0 if j == m else 0.0) - means[:, m])
                full[j, :, m, :] = full[m, :, j, :] = (self.rows * weight[:, None]).T @ self.rows
            full[j, :, j, :] += np.diag(self.penalty)
        if not self.binary:
            full += (len(self.rows) / k**2) * np.eye(p)[None, :, None, :]
        return full.reshape(k * p, k * p)

    def _optimum(self, theta: NDArray[np.float64]) -> NDArray[np.float64]:
        """Newton's method from the solver's answer, which is only as near as its tolerance.

        Raises:
            InputError: if it finds none, as for separable classes without a penalty.
        """
        for _ in range(100):
            self.theta = theta
            means = self._proba(self.rows @ theta.T)
            gradient = (means - self.targets).T @ self.rows + self.penalty * theta
            if np.abs(gradient).max() <= TOLERANCE * len(self.rows):
                if not self.penalty.any() and np.abs(means - self.targets).max() < 1e-4:
                    break  # separated classes: the optimum lies at infinity
                return theta
            try:
                step = np.linalg.solve(self._hessian(means), gradient.ravel()).reshape(theta.shape)
            except np.linalg.LinAlgError:
                break
            size, before = 1.0, self._loss(theta)
            while self._loss(theta - size * step) > before and size > 1e-10:
                size /= 2
            theta = theta - size * step
        raise InputError(
            "the logistic regression has no optimum that Newton's method finds (separable classes with hardly any "
            "penalty?). Use a smaller C, scaled features, or LOOValuation(utility)."
        )


def _augmented(features: NDArray[np.float64], intercept: bool) -> NDArray[np.float64]:
    return np.column_stack([features, np.ones(len(features))]) if intercept else features
