"""The loop of every peer's driver: jobs come in as lines of JSON, answers go out as lines of JSON.

The process lives through a whole table, so imports and first calls are warm, and its turns alternate with ours. A job:
{"problem": file, "method": name, "options": {...}, "train_chunk": 100, "test_chunk": 50, "second": bool, "out": file}.
The answer: {"fit": [wall, processor seconds], "score": [...], "second": [...]} or {"error": why}; the matrix
(tests x training points, positive = helpful where the peer keeps that sign) lies in `out`.
"""

from __future__ import annotations

import json
import os
import sys
import time
import traceback
import warnings
from collections.abc import Callable, Mapping
from typing import Any, Protocol

import numpy as np
import torch
from influence_problem import Stated, load


class Method(Protocol):
    """What a driver makes for one job; `score` may be asked again for another set of test points."""

    def fit(self) -> None: ...

    def score(self, which: str) -> torch.Tensor: ...


Maker = Callable[[Stated, Mapping[str, Any]], Method]


def timed(call: Callable[[], Any]) -> tuple[Any, list[float]]:
    """What a call returns, and its wall and processor seconds."""
    wall, processor = time.perf_counter(), time.process_time()
    found = call()
    return found, [time.perf_counter() - wall, time.process_time() - processor]


def answer(job: Mapping[str, Any], methods: Mapping[str, Maker]) -> dict[str, Any]:
    """Do one job."""
    method = methods[job["method"]](load(job["problem"]), job)
    seconds: dict[str, Any] = {}
    _, seconds["fit"] = timed(method.fit)
    scores, seconds["score"] = timed(lambda: method.score("test"))
    if job.get("second"):
        _, seconds["second"] = timed(lambda: method.score("second"))
    if job.get("out"):
        np.save(job["out"], scores.detach().to(torch.float32).numpy())
    return seconds


def serve(methods: Mapping[str, Maker], versions: Mapping[str, str]) -> None:
    """Answer jobs until the input ends; whatever a library prints goes to the error stream."""
    warnings.simplefilter("ignore")
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
    out = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    print(json.dumps({"versions": dict(versions), "methods": list(methods)}), file=out, flush=True)
    for line in sys.stdin:
        try:
            said = answer(json.loads(line), methods)
        except Exception as error:  # whatever a peer raises is an entry of the table
            traceback.print_exc()
            said = {
                "error": f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"[:200]
            }
        print(json.dumps(said), file=out, flush=True)
