"""A deep set as a utility model: what a point adds is learned from its features and label, hence shared by all points.

The score of a subset is rho(sum over its points of phi(features, label)), with two small networks. Torch fits them;
what is kept is a few arrays, so predictions need no torch.
Zaheer et al., Deep sets (NeurIPS 2017); Wang, Yang & Jia, Data utility learning (ICLR 2022).
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from .. import arguments
from ..data.arrays import as_numpy
from ..data.dataset import Dataset
from ..devices import device_there
from ..engine.draws import TRAININGS, permutation, words
from ..errors import InputError, InputTypeError
from ..typing import Masks

Floats = NDArray[np.float64]


def _torch() -> Any:
    try:
        import torch
    except ImportError as error:
        raise InputError(
            "DeepSetUtilityModel needs torch to fit. Install it with pip install 'dvlwidgets[torch]', or use "
            "IndicatorUtilityModel(Ridge(), n)."
        ) from error
    return torch


class DeepSetUtilityModel:
    """Scores of subsets from the features and labels of their points; needs torch for fitting.

    Args:
        data: the training data whose points are valued: numbers as features.
        phi_hidden_dim: width of the hidden layer of phi.
        phi_output_dim: numbers that phi says of a point.
        rho_hidden_dim: width of the two hidden layers of rho.
        lr: learning rate of Adam at the start.
        lr_step_size: epochs after which the learning rate shrinks.
        lr_gamma: by this factor.
        batch_size: subsets a step.
        num_epochs: passes over the evaluated subsets.
        device: where torch fits, e.g. "cpu" or "cuda"; only "cpu" promises the same bits.

    Raises:
        InputTypeError: if `data` is no Dataset, or a number is none.
        InputError: for features that are no finite numbers, or sizes below 1.

    References:
        Zaheer et al., Deep sets (NeurIPS 2017).
    """

    def __init__(
        self,
        data: Dataset,
        phi_hidden_dim: int = 32,
        phi_output_dim: int = 16,
        rho_hidden_dim: int = 32,
        *,
        lr: float = 0.01,
        lr_step_size: int = 50,
        lr_gamma: float = 0.5,
        batch_size: int = 64,
        num_epochs: int = 200,
        device: str = "cpu",
    ) -> None:
        given: Any = data
        if not isinstance(given, Dataset):
            raise InputTypeError(
                f"data must be the training Dataset, not {type(given).__name__}: the model learns from its features. "
                "Without features use IndicatorUtilityModel(predictor, n)."
            )
        sizes = {
            "phi_hidden_dim": phi_hidden_dim,
            "phi_output_dim": phi_output_dim,
            "rho_hidden_dim": rho_hidden_dim,
            "lr_step_size": lr_step_size,
            "batch_size": batch_size,
            "num_epochs": num_epochs,
        }
        self.sizes = {name: arguments.whole(name, size, 1, "32 is usual.") for name, size in sizes.items()}
        self.rates = {
            "lr": arguments.number("lr", lr, "It is the learning rate, 0.01 for example."),
            "lr_gamma": arguments.number("lr_gamma", lr_gamma, "The learning rate shrinks by this factor."),
        }
        for name, rate in self.rates.items():
            if rate <= 0:
                raise InputError(f"{name} must be positive, not {rate}. 0.01 is a usual learning rate.")
        self.device = arguments.text("device", device, "Pass 'cpu' or 'cuda'.")
        self.fingerprint = data.fingerprint
        self.points = _inputs(data)  # (rows, d)
        self.codes = data.logical_indices()  # row -> point
        self._layers: list[tuple[Floats, Floats]] = []
        self._centre, self._scale = 0.0, 1.0

    def check(self, data: Dataset) -> None:
        """Refuse other data than those that it was made for, and what cannot be fitted here, before any evaluation.

        Raises:
            InputError: if the data differ, PyTorch is not installed, or the device is not there.
        """
        _torch()
        device_there(self.device)
        if data.fingerprint != self.fingerprint:
            raise InputError(
                "the model was made for other data than those that are valued (edited labels count). "
                "Pass DeepSetUtilityModel(data) with the data that go to fit(data)."
            )

    def fit(self, masks: Masks, utilities: Floats, seed: int = 0) -> Self:
        """Fit both networks on subsets (B, n) and their scores (B,), with Adam on squared errors.

        Raises:
            InputError: if torch is not installed.
        """
        t = _torch()
        self._centre, self._scale = float(utilities.mean()), float(utilities.std()) or 1.0
        options = {"dtype": t.float32, "device": self.device}
        layers = [
            [t.tensor(part, requires_grad=True, **options) for part in layer] for layer in self._start(seed)
        ]
        x, s = t.tensor(self.points, **options), t.tensor(self._shares(masks), **options)
        y = t.tensor((utilities - self._centre) / self._scale, **options)
        adam = t.optim.Adam([part for layer in layers for part in layer], lr=self.rates["lr"])
        slower = t.optim.lr_scheduler.StepLR(adam, self.sizes["lr_step_size"], self.rates["lr_gamma"])
        for epoch in range(self.sizes["num_epochs"]):
            order = permutation(words(seed, TRAININGS, epoch + 1, len(masks)))
            for begin in range(0, len(masks), self.sizes["batch_size"]):
                at = t.tensor(order[begin : begin + self.sizes["batch_size"]], device=self.device)
                hidden = t.relu(x @ layers[0][0] + layers[0][1]) @ layers[1][0] + layers[1][1]
                out = s[at] @ hidden
                for weight, bias in layers[2:-1]:
                    out = t.relu(out @ weight + bias)
                guess = (out @ layers[-1][0] + layers[-1][1])[:, 0]
                adam.zero_grad()
                ((guess - y[at]) ** 2).mean().backward()
                adam.step()
            slower.step()
        self._layers = [
            tuple(part.detach().cpu().numpy().astype(np.float64) for part in layer) for layer in layers
        ]
        return self

    def predict(self, masks: Masks) -> Floats:
        """Scores (B,) of subsets (B, n)."""
        (a, b), (c, d), *rho, (last, constant) = self._layers
        out = self._shares(masks) @ (np.maximum(self.points @ a + b, 0.0) @ c + d)
        for weight, bias in rho:
            out = np.maximum(out @ weight + bias, 0.0)
        guess: Floats = (out @ last + constant)[:, 0] * self._scale + self._centre
        return guess

    def _shares(self, masks: Masks) -> Floats:
        """Subsets as rows (B, rows) of 0 and 1 / points, so that sums over points stay of order one."""
        shares: Floats = masks[:, self.codes] / float(len(self.codes))
        return shares

    def _start(self, seed: int) -> list[tuple[Floats, Floats]]:
        """Weights and zero biases of the five layers, from our own draws: torch's global generator is the user's."""
        s, d = self.sizes, self.points.shape[1]
        widths = [d, s["phi_hidden_dim"], s["phi_output_dim"], s["rho_hidden_dim"], s["rho_hidden_dim"], 1]
        raw = words(seed, TRAININGS, 0, sum(a * b for a, b in pairwise(widths)))
        unit = 2.0 * ((raw >> np.uint64(11)).astype(np.float64) * 2.0**-53) - 1.0
        layers, at = [], 0
        for a, b in pairwise(widths):
            weight = unit[at : at + a * b].reshape(a, b) * np.sqrt(6.0 / a)  # He et al. (2015)
            layers.append((weight, np.zeros(b)))
            at += a * b
        return layers

    def __dvl_identity__(self) -> tuple[object, ...]:
        return ("deep set", self.fingerprint, self.sizes, self.rates, self.device)

    def __repr__(self) -> str:
        s = self.sizes
        widths = f"{s['phi_hidden_dim']}, {s['phi_output_dim']}, {s['rho_hidden_dim']}"
        return f"DeepSetUtilityModel({widths})"


def _inputs(data: Dataset) -> Floats:
    """Standardised features beside one column a class, or the standardised numbers of y: (rows, d)."""
    try:
        x = as_numpy(data.x).astype(np.float64).reshape(data.n_rows, -1)
    except (TypeError, ValueError) as error:
        raise InputError(
            f"the features must be numbers for DeepSetUtilityModel: {error}. Encode them first, or use "
            "IndicatorUtilityModel, which needs none."
        ) from error
    if not np.isfinite(x).all():
        raise InputError(
            "the features hold NaN or infinite numbers, which DeepSetUtilityModel cannot learn from. Fill the gaps, or "
            "use IndicatorUtilityModel, which needs no features."
        )
    y = as_numpy(data.y)
    if data.is_classification and y.ndim == 1:
        columns = (y[:, None] == np.unique(y)[None, :]).astype(np.float64)
    else:
        columns = _standardised(y.astype(np.float64).reshape(data.n_rows, -1))
    return np.hstack([_standardised(x), columns])


def _standardised(x: Floats) -> Floats:
    spread = x.std(axis=0)
    scaled: Floats = (x - x.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    return scaled
