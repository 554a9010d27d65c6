"""The spectrum that the evidence of the data rests on: dense, from rows, and by Lanczos say the same."""

from __future__ import annotations

import pytest
import torch
from influence.problems import case

from dvlwidgets.influence import evidence
from dvlwidgets.influence.batches import Batches
from dvlwidgets.influence.curvature import curvature_of
from dvlwidgets.influence.problem import Problem


def determined(made, damping: float) -> float:
    """The number of determined parameters by the module's spectrum."""
    curvature = curvature_of(Problem(made.model, made.loss), Batches.of(made.train), "gauss_newton")
    values, weights = evidence._spectrum(curvature)
    return float((weights * values / (values + damping)).sum())


@pytest.mark.parametrize("name", ["mlp_tanh", "logistic", "linear"])
def test_three_ways_to_the_spectrum_count_the_same_determined_parameters(name: str, monkeypatch):
    made = case(name)
    exact = [determined(made, damping) for damping in (1e-3, 1e-1)]
    monkeypatch.setattr(evidence, "DENSE_LIMIT", 0)
    assert [determined(made, damping) for damping in (1e-3, 1e-1)] == pytest.approx(exact, rel=1e-9)
    monkeypatch.setattr(evidence, "ROWS_LIMIT", 0)
    monkeypatch.setattr(evidence, "PROBES", 400)
    by_lanczos = [determined(made, damping) for damping in (1e-3, 1e-1)]
    assert by_lanczos == pytest.approx(exact, rel=0.05)  # 400 probes: about 2 % of a standard error
    assert torch.isfinite(torch.tensor(by_lanczos)).all()
