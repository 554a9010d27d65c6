"""kronfluence's side of the influence tables; runs in an environment of its own."""

from __future__ import annotations

import importlib.metadata
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from influence_problem import Spec, Stated
from kronfluence.analyzer import Analyzer, prepare_model
from kronfluence.arguments import FactorArguments, ScoreArguments
from kronfluence.task import Task
from peer_influence_serve import Method, serve
from torch.nn import functional
from torch.utils.data import TensorDataset


class Explained(Task):
    """Summed losses, as kronfluence wants them; sampled labels for the Fisher matrix."""

    def __init__(self, spec: Spec) -> None:
        self.spec = spec

    def compute_train_loss(self, batch: Any, model: torch.nn.Module, sample: bool = False) -> torch.Tensor:
        x, y = batch
        output = model(x)
        if sample and self.spec.loss == "cross_entropy":
            with torch.no_grad():
                y = torch.multinomial(functional.softmax(output, dim=-1), 1).flatten()
        elif sample:
            with torch.no_grad():  # the likelihood of a sum of squares has variance 1/2
                y = output + torch.randn_like(output) * 0.5**0.5
        return self.spec.losses(output, y).sum()

    def compute_measurement(self, batch: Any, model: torch.nn.Module) -> torch.Tensor:
        return self.compute_train_loss(batch, model)


class Analysed:
    """Factors on disk, then pairwise scores, as in kronfluence's examples."""

    def __init__(self, stated: Stated, job: Mapping[str, Any]) -> None:
        self.stated, self.job = stated, job
        self.folder = Path(tempfile.mkdtemp(prefix="kronfluence-"))
        task = Explained(stated.spec)
        self.analyzer = Analyzer(
            "all",
            prepare_model(stated.model(), task),
            task,
            cpu=True,
            disable_tqdm=True,
            output_dir=str(self.folder),
        )
        self.turns = 0

    def data(self, which: str) -> TensorDataset:
        return TensorDataset(*self.stated.pair(which))

    def fit(self) -> None:
        torch.manual_seed(int(self.job.get("seed", 0)))
        self.analyzer.fit_all_factors(
            "factors",
            self.data("train"),
            per_device_batch_size=self.job["train_chunk"],
            factor_args=FactorArguments(strategy=self.job["method"]),
            overwrite_output_dir=True,
        )

    def score(self, which: str) -> torch.Tensor:
        self.turns += 1
        name = f"scores{self.turns}"
        self.analyzer.compute_pairwise_scores(
            name,
            "factors",
            query_dataset=self.data(which),
            train_dataset=self.data("train"),
            per_device_query_batch_size=self.job["test_chunk"],
            per_device_train_batch_size=self.job["train_chunk"],
            score_args=ScoreArguments(**self.job["options"]),
            overwrite_output_dir=True,
        )
        return self.analyzer.load_pairwise_scores(name)["all_modules"]

    def __del__(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)


def analysed(stated: Stated, job: Mapping[str, Any]) -> Method:
    """One analysis in a folder of its own."""
    return Analysed(stated, job)


if __name__ == "__main__":
    serve(
        dict.fromkeys(["ekfac", "kfac", "diagonal", "identity"], analysed),
        {"kronfluence": importlib.metadata.version("kronfluence"), "torch": torch.__version__},
    )
