"""Influence without curvature: inner products and cosines of gradients."""

from __future__ import annotations

from torch import Tensor

from ..errors import InputError
from .base import InfluenceFunctionModel
from .batches import Batch, Batches
from .rows import Rows
from .types import InfluenceMode, choose


class GradDotInfluence(InfluenceFunctionModel):
    """score = grad L(test) . grad L(train), without curvature; `fit` is not needed.

    A gradient step of length s on the training point lowers the test loss by s times the score, to first order.
    Charpiat et al., Input similarity from the neural network perspective (NeurIPS 2019).

    Args:
        model: see `InfluenceFunctionModel`.
        loss: see `InfluenceFunctionModel`.
    """

    needs_fit = False

    def _learn(self, batches: Batches) -> None:
        """Nothing: there is no curvature."""

    def precondition(self, rows: Rows) -> Rows:
        """The test gradients as they are."""
        return rows


class GradCosInfluence(GradDotInfluence):
    """score = the cosine between grad L(test) and grad L(train), from -1 to 1.

    Training points with large gradients (hard or mislabelled ones) do not lead every list. A gradient of 0 has the
    cosine 0. Barshan et al., RelatIF: identifying explanatory training samples via relative influence (AISTATS 2020),
    argues for normalising.

    Args:
        model: see `InfluenceFunctionModel`.
        loss: see `InfluenceFunctionModel`.
    """

    def precondition(self, rows: Rows) -> Rows:
        """The test gradients, of length 1."""
        return rows.scaled(_inverse_lengths(rows))

    def _from_factors(self, factors: Rows, batch: Batch, mode: InfluenceMode | str) -> Tensor:
        if choose(InfluenceMode, mode, "mode") is not InfluenceMode.Up:
            raise InputError(
                "GradCosInfluence knows mode='up' only: the length that it divides by changes with the input, too. "
                "Use GradDotInfluence for perturbations."
            )
        return super()._from_factors(factors, batch, mode)

    def scores(self, factors: Rows, rows: Rows) -> Tensor:
        """Cosines (q, w)."""
        return factors.dot(rows) * _inverse_lengths(rows)


def _inverse_lengths(rows: Rows) -> Tensor:
    lengths = rows.squares().clamp(min=0).sqrt()
    return lengths.reciprocal().masked_fill(lengths == 0, 0.0)
