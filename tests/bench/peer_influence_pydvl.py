"""pyDVL's side of the influence tables; runs in the peers' environment and knows pyDVL by its documented names."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Callable, Mapping
from typing import Any

import torch
from influence_problem import Stated
from peer_influence_serve import Method, serve
from pydvl.influence import SequentialInfluenceCalculator
from pydvl.influence.torch import (
    ArnoldiInfluence,
    CgInfluence,
    DirectInfluence,
    EkfacInfluence,
    LissaInfluence,
    NystroemSketchInfluence,
)
from pydvl.influence.torch.util import NestedTorchCatAggregator
from torch.utils.data import DataLoader, TensorDataset

CLASSES = {
    "direct": DirectInfluence,
    "cg": CgInfluence,
    "lissa": LissaInfluence,
    "arnoldi": ArnoldiInfluence,
    "nystroem": NystroemSketchInfluence,
}


class Sequential:
    """Fit on a loader, then all pairs chunk by chunk, as pyDVL's manual does it."""

    def __init__(self, stated: Stated, job: Mapping[str, Any], model: Any) -> None:
        self.stated, self.job, self.model = stated, job, model

    def loader(self, which: str) -> DataLoader[Any]:
        size = self.job["train_chunk" if which == "train" else "test_chunk"]
        return DataLoader(TensorDataset(*self.stated.pair(which)), batch_size=size)

    def fit(self) -> None:
        self.model = self.model.fit(self.loader("train"))

    def score(self, which: str) -> torch.Tensor:
        calculator = SequentialInfluenceCalculator(self.model)
        lazy = calculator.influences(self.loader(which), self.loader("train"))
        return lazy.compute(aggregator=NestedTorchCatAggregator())


def with_loss(name: str) -> Callable[[Stated, Mapping[str, Any]], Method]:
    """The methods that take a loss."""
    return lambda stated, job: Sequential(
        stated, job, CLASSES[name](stated.model(), stated.spec.mean_loss, **job["options"])
    )


def ekfac(stated: Stated, job: Mapping[str, Any]) -> Method:
    """EKFAC knows cross-entropy only."""
    return Sequential(stated, job, EkfacInfluence(stated.model(), **job["options"]))


if __name__ == "__main__":
    serve(
        {**{name: with_loss(name) for name in CLASSES}, "ekfac": ekfac},
        {"pyDVL": importlib.metadata.version("pydvl"), "torch": torch.__version__},
    )
