"""dattri's side of the influence tables; runs in the peers' environment and knows dattri by its documented names."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Callable, Mapping
from typing import Any

import torch
from dattri.algorithm.influence_function import (
    IFAttributorArnoldi,
    IFAttributorCG,
    IFAttributorDataInf,
    IFAttributorEKFAC,
    IFAttributorExplicit,
    IFAttributorLiSSA,
)
from dattri.algorithm.tracin import TracInAttributor
from dattri.algorithm.trak import TRAKAttributor
from dattri.task import AttributionTask
from influence_problem import Stated
from peer_influence_serve import Method, serve
from torch.func import functional_call
from torch.utils.data import DataLoader, TensorDataset

INNER = {
    "explicit": IFAttributorExplicit,
    "cg": IFAttributorCG,
    "lissa": IFAttributorLiSSA,
    "arnoldi": IFAttributorArnoldi,
    "datainf": IFAttributorDataInf,
    "ekfac": IFAttributorEKFAC,
}


class Attributed:
    """`cache` on the training set, `attribute` for the pairs; the answer is transposed to tests x training points.

    The explicit, CG and LiSSA attributors add the solutions of the batches of the training set, so they get it as one.
    """

    def __init__(
        self, stated: Stated, job: Mapping[str, Any], checkpoints: int, make: Callable[..., Any]
    ) -> None:
        self.stated, self.job, model = stated, job, stated.model()
        spec = stated.spec

        def loss(params: Any, data: Any) -> torch.Tensor:
            x, y = data
            if spec.loss == "cross_entropy":
                y = y.long()
            return spec.mean_loss(functional_call(model, params, x), y)

        chosen = stated.states[1 : 1 + checkpoints] if checkpoints > 1 else stated.states[:1]
        states = [dict(state) for state in chosen]
        self.attributor = make(AttributionTask(loss, model, states if checkpoints > 1 else states[0]), model)

    def loader(self, which: str, size: int) -> DataLoader[Any]:
        return DataLoader(TensorDataset(*self.stated.pair(which)), batch_size=size)

    def fit(self) -> None:
        whole = len(self.stated.data["x_train"])
        size = self.job["train_chunk"] if self.job["method"] in {"ekfac", "trak"} else whole
        torch.manual_seed(0)
        if self.job["method"] != "tracin":
            self.attributor.cache(self.loader("train", size))

    def score(self, which: str) -> torch.Tensor:
        tests = self.loader(which, self.job["test_chunk"])
        if self.job["method"] == "trak":
            return self.attributor.attribute(tests).T
        return self.attributor.attribute(self.loader("train", self.job["train_chunk"]), tests).T


def inner(name: str) -> Callable[[Stated, Mapping[str, Any]], Method]:
    """The attributors that differ in their solver."""
    return lambda stated, job: Attributed(stated, job, 1, lambda task, _: INNER[name](task, **job["options"]))


def tracin(stated: Stated, job: Mapping[str, Any]) -> Method:
    """TracIn over the checkpoints (or one: Grad-Dot; or normalised: Grad-Cos)."""
    count = job.get("checkpoints", 1)
    return Attributed(
        stated,
        job,
        count,
        lambda task, _: TracInAttributor(task, weight_list=torch.ones(count) / count, **job["options"]),
    )


def trak(stated: Stated, job: Mapping[str, Any]) -> Method:
    """TRAK with the margin as its target, as in dattri's examples."""

    def make(task: Any, model: torch.nn.Module) -> Any:
        def margin(params: Any, data: Any) -> torch.Tensor:
            x, y = data
            log_p = -torch.nn.functional.cross_entropy(functional_call(model, params, x[None]), y[None])
            return log_p - torch.log1p(-torch.exp(log_p))

        def p_right(params: Any, data: Any) -> torch.Tensor:
            x, y = data
            return torch.exp(
                -torch.nn.functional.cross_entropy(functional_call(model, params, x[None]), y[None])
            )

        whole = AttributionTask(margin, model, task.checkpoints)
        return TRAKAttributor(whole, correct_probability_func=p_right, **job["options"])

    return Attributed(stated, job, job.get("checkpoints", 1), make)


if __name__ == "__main__":
    serve(
        {**{name: inner(name) for name in INNER}, "tracin": tracin, "trak": trak},
        {"dattri": importlib.metadata.version("dattri"), "torch": torch.__version__},
    )
