"""Sample sizes that come with a guarantee for models trained by stochastic gradient descent."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...arguments import number, whole
from ...errors import InputError, InputTypeError
from .sample_sizes import Floats, SampleSizes


@dataclass(frozen=True)
class NonConvexSGDConfig:
    """What is known of a model trained by stochastic gradient descent, for `DeltaShapleyNCSGDSampleSize`.

    Args:
        max_loss: largest loss of one example; utilities lie within [-max_loss, max_loss].
        lipschitz_loss: Lipschitz constant L of the loss in the parameters.
        lipschitz_grad: Lipschitz constant B of its gradient.
        lr_factor: c of the learning rate c / t.
        n_sgd_iter: number T of steps of the descent.
        n_val: number of examples that the utility is measured on (recorded; the counts hold for any).
        n_train: number of training points.
        eps: the error wanted for a value.
        delta: the chance to miss it.

    Raises:
        InputError: for numbers that are not positive, or delta of 1 and more.
    """

    max_loss: float
    lipschitz_loss: float
    lipschitz_grad: float
    lr_factor: float
    n_sgd_iter: int
    n_val: int
    n_train: int
    eps: float = 0.01
    delta: float = 0.05

    def __post_init__(self) -> None:
        for name in ("n_sgd_iter", "n_val", "n_train"):
            whole(name, getattr(self, name), 1, "It is a positive count.")
        for name in ("max_loss", "lipschitz_loss", "lipschitz_grad", "lr_factor", "eps", "delta"):
            if number(name, getattr(self, name), "It is a positive constant.") <= 0:
                raise InputError(
                    f"{name} must be positive, not {getattr(self, name)}. Pass 0.01, for example."
                )
        if self.delta >= 1:
            raise InputError(
                f"delta must be below 1, not {self.delta}: it is a chance. Pass 0.05, for example."
            )


@dataclass(frozen=True)
class DeltaShapleyNCSGDSampleSize(SampleSizes):
    """Counts that guarantee an error for models trained by stochastic gradient descent on a non-convex loss.

    One more point changes the loss of a model trained on k points by at most
    H[k] = (1 + 1 / (B c)) / max(k, 1) * (2 c L^2)^(1 / (B c + 1)) * T^(B c / (B c + 1)) (uniform stability), and never
    by more than 2 max_loss; so a marginal lies in an interval of width w[k] = 2 min(H[k], 2 max_loss), and
    m[k] = w[k]^2 log(2 n_train / delta) / (2 eps^2) of them have a mean within eps of theirs, at all sizes at once,
    with probability 1 - delta (Hoeffding). Counts fall like 1 / k^2, which is why large sets may be left out by
    `upper_bound`. The constants are pessimistic: with `n_samples` only the proportions are used.

    Args:
        config: a `NonConvexSGDConfig`.
        n_samples, lower_bound, upper_bound: as in `ConstantSampleSize`; without n_samples the counts are absolute.

    References:
        Watson et al., Accelerated Shapley value approximation for data evaluation (2023), for the use; Hardt, Recht &
        Singer, Train faster, generalize better: stability of stochastic gradient descent (ICML 2016), for H.
    """

    config: NonConvexSGDConfig
    n_samples: int | None = None
    lower_bound: int | None = None
    upper_bound: int | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.config, NonConvexSGDConfig):
            raise InputTypeError(f"config must be a NonConvexSGDConfig(...), not {self.config!r}.")
        super().__post_init__()

    def shape(self, n: int) -> Floats:
        c = self.config
        rate = c.lipschitz_grad * c.lr_factor
        at_one = (1.0 + 1.0 / rate) * (2.0 * c.lr_factor * c.lipschitz_loss**2) ** (1.0 / (rate + 1.0))
        stability = at_one * c.n_sgd_iter ** (rate / (rate + 1.0)) / np.maximum(np.arange(n), 1)
        width = 2.0 * np.minimum(stability, 2.0 * c.max_loss)
        counts: Floats = width**2 * np.log(2.0 * c.n_train / c.delta) / (2.0 * c.eps**2)
        return counts

    def total(self, n: int) -> int | None:
        if self.n_samples is not None:
            return self.n_samples
        return max(4, int(np.ceil(self.proportions(n)).sum()))
