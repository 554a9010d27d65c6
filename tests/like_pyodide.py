"""Runs in an interpreter that is made like Pyodide's: no threads, no processes, no torch, no file locks, no SQLite.

`tests/test_stepwise.py` starts it. The one line that it prints is a report in JSON.
"""

from __future__ import annotations

import asyncio
import importlib.abc
import json
import os
import sys
import threading
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

ABSENT = ("torch", "fcntl", "sqlite3", "_sqlite3", "_posixshmem", "resource", "termios")
PROCESSES = {"subprocess.Popen", "os.fork", "os.forkpty", "os.posix_spawn", "os.exec", "os.system"}


class Absent(importlib.abc.MetaPathFinder):
    """Modules that are not there."""

    def find_spec(self, name: str, *_: object) -> None:
        if name.partition(".")[0] in ABSENT:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


def refuse(*_: object, **__: object) -> None:
    """What Pyodide says."""
    raise RuntimeError("can't start new thread")


def no_processes(event: str, _: object) -> None:
    """Processes of any kind."""
    if event in PROCESSES:
        raise OSError(f"{event}: there are no processes")


def become_like_pyodide() -> None:
    """Takes away what Pyodide does not have."""
    for name in ABSENT:
        sys.modules.pop(name, None)  # asyncio's own loop for Unix has loaded fcntl
    sys.meta_path.insert(0, Absent())
    # scikit-learn 1.9 loads multiprocessing.connection, which only names this module; locks and queues are not in it
    sys.modules["_multiprocessing"] = types.ModuleType("_multiprocessing")
    threading.Thread.start = refuse  # type: ignore[method-assign,assignment]
    threading._start_new_thread = refuse  # type: ignore[attr-defined]
    sys.addaudithook(no_processes)
    for name in ("fork", "forkpty", "posix_spawn", "sched_getaffinity"):
        delattr(os, name)


def valuation(seed: int = 4, updates: int = 40) -> Any:
    """Shapley values of real fits."""
    from sklearn.naive_bayes import GaussianNB

    from dvlwidgets import MaxUpdates, ModelUtility, PermutationSampler, ShapleyValuation, SupervisedScorer

    utility = ModelUtility(GaussianNB(), SupervisedScorer("accuracy", data()[1]), show_warnings=False)
    return ShapleyValuation(utility, PermutationSampler(seed=seed), MaxUpdates(updates))


def data() -> Any:
    """Points to value and points to test on."""
    from engine_worlds import blobs

    return blobs(12)


def bits(result: Any) -> str:
    """Values and errors, exactly."""
    return str(result.values.tobytes().hex() + result.stderr.tobytes().hex())


async def until(truth: Callable[[], Any]) -> Any:
    """Gives others their turn until something is so."""
    for _ in range(200_000):
        if found := truth():
            return found
        await asyncio.sleep(0)
    raise AssertionError("it never happened")


async def stepped() -> dict[str, Any]:
    """The generator itself, with a turn for others after each frame."""
    method, turns = valuation(), 0

    async def another() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    task = asyncio.create_task(another())
    frames = 0
    for _ in method.stream(data()[0]):
        frames += 1
        await asyncio.sleep(0)
    task.cancel()
    return {"bits": bits(method.result), "frames": frames, "turns": turns}


async def awaited() -> dict[str, Any]:
    """A run that is paused, stands still, goes on, and is waited for."""
    from dvlwidgets.errors import RunError

    run = valuation().start(data()[0])
    states: list[str] = []
    run.subscribe(lambda r: None if states[-1:] == [r.state] else states.append(r.state))
    await until(lambda: run.progress is not None and run.progress.done)
    try:
        run.wait()
        said = ""
    except RunError as refusal:
        said = str(refusal)
    run.pause()
    await until(lambda: run.state == "paused")
    done = run.progress.done
    for _ in range(200):
        await asyncio.sleep(0)
    still = run.progress.done == done
    run.resume()
    result = await run
    return {"bits": bits(result), "states": states, "still": still, "said": said, "again": bits(run.wait())}


async def stopped() -> dict[str, Any]:
    """Runs that are stopped: one at work, one while it is paused from the beginning, one by the end of its loop."""
    running, paused = valuation(updates=10**6), valuation(updates=10**6).prepare_run(data()[0])
    one = running.start(data()[0])
    await until(lambda: one.progress is not None and one.progress.done)
    one.stop()
    values = await one
    paused.pause()
    paused.start()
    await until(lambda: paused.state == "paused")
    paused.stop()
    await paused
    return {"state": one.state, "values": len(values), "paused": paused.state, "reason": one.verdict.reason}


async def left_alone() -> Any:
    """A run that is at work when its loop ends."""
    run = valuation(updates=10**6).start(data()[0])
    await until(lambda: run.progress is not None and run.progress.done)
    return run


async def panel(folder: Path) -> dict[str, Any]:
    """A panel: what arrives at a page, what a page does, and that edits are on the disk."""
    from panel_fakes import Page

    from dvlwidgets import ValuationPanel

    train, path = data()[0], folder / "edits.jsonl"
    shown = ValuationPanel(valuation(), train, edits=path)
    page = Page(lambda content: shown._received(shown, content, []))
    shown.send = page  # type: ignore[method-assign]
    page.receive({"t": "hello", "have": -1})
    await until(lambda: page.of("full"))
    page.receive({"t": "start"})
    await until(lambda: shown.run.progress is not None)
    page.receive({"t": "pause"})
    await until(lambda: [m for m in page.messages if m.get("status", {}).get("state") == "paused"])
    page.receive({"t": "relabel", "request": "7", "rows": [3], "label": 0})
    edits = await until(lambda: page.of("edits"))
    page.receive({"t": "resume"})
    await shown.run
    await until(lambda: [m for m in page.messages if m.get("status", {}).get("state") == "finished"])
    streamed = len(page.messages)
    page.receive({"t": "hello", "have": -1})
    newest = await until(lambda: [m for m in page.messages[streamed:] if m["t"] == "full"])
    return {
        "bits": bits(shown.values),
        "arrived": newest[0]["value"].tolist(),
        "frames": len([m for m in page.messages[:streamed] if m["t"] in {"full", "delta"}]),
        "edits": edits[0]["request"],
        "label": int(shown.dataset().labels[3]),
        "lines": len(path.read_bytes().splitlines()),
        "errors": [m["message"] for m in page.of("error")],
        "state": shown.state,
    }


def report() -> dict[str, Any]:
    """All of it."""
    import joblib
    import scipy  # noqa: F401
    import sklearn  # noqa: F401
    import threadpoolctl  # noqa: F401

    import dvlwidgets
    from dvlwidgets.errors import InputError, RunError
    from dvlwidgets.utility.model import check_seconds

    for name in dvlwidgets.__all__:
        getattr(dvlwidgets, name)
    try:
        valuation().start(data()[0])
        alone = ""
    except RunError as refusal:
        alone = str(refusal)
    try:
        check_seconds(1.0)
        limit = ""
    except InputError as refusal:
        limit = str(refusal)
    orphan = asyncio.run(left_alone())
    return {
        "names": len(dvlwidgets.__all__),
        "workers": joblib.cpu_count(),
        "alone": alone,
        "limit": limit,
        "orphan": [orphan.state, orphan.over, str(orphan.error)],
        "stepped": asyncio.run(stepped()),
        "awaited": asyncio.run(awaited()),
        "stopped": asyncio.run(stopped()),
        "panel": asyncio.run(panel(Path(sys.argv[1]))),
        "threads": threading.active_count(),
        "loaded": sorted(name for name in ABSENT if name in sys.modules),
    }


if __name__ == "__main__":
    become_like_pyodide()
    print(json.dumps(report()))
