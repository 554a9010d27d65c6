"""A Python without threads, processes and torch, as in JupyterLite: values come step by step under asyncio."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import threading
import types
from pathlib import Path
from typing import Any

import like_pyodide
import numpy as np
import pytest

import dvlwidgets
from dvlwidgets.engine import runner


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What happened in an interpreter like Pyodide's."""
    script = Path(like_pyodide.__file__)
    run = subprocess.run(
        [sys.executable, script, tmp_path_factory.mktemp("edits")],
        capture_output=True,
        text=True,
        check=False,
        timeout=200,
        env={**os.environ, "PYTHONPATH": str(script.parent)},
    )
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


@pytest.fixture(scope="module")
def threaded() -> str:
    """The bits of the same run in a thread."""
    run = like_pyodide.valuation().start(like_pyodide.data()[0])
    assert isinstance(run._runner, runner.InThread)
    return like_pyodide.bits(run.wait(60))


def test_everything_public_imports_without_threads_processes_torch_locks_and_sqlite(report: Any) -> None:
    assert report["names"] == len(dvlwidgets.__all__)
    assert report["loaded"] == []
    assert (report["workers"], report["threads"]) == (1, 1)


def test_a_stream_can_be_stepped_under_asyncio_and_gives_the_same_bits(report: Any, threaded: str) -> None:
    assert report["stepped"]["bits"] == threaded
    assert report["stepped"]["turns"] >= report["stepped"]["frames"] > 3


def test_a_run_is_paused_stands_still_goes_on_and_is_awaited_with_the_same_bits(
    report: Any, threaded: str
) -> None:
    awaited = report["awaited"]
    assert awaited["states"] == ["running", "paused", "running", "finished"]
    assert awaited["still"]
    assert awaited["bits"] == awaited["again"] == threaded


def test_waiting_without_threads_says_what_to_write_instead(report: Any) -> None:
    assert "no threads" in report["awaited"]["said"]
    assert "`await run`" in report["awaited"]["said"]


def test_a_run_is_stopped_at_work_and_while_it_is_paused(report: Any) -> None:
    assert (report["stopped"]["state"], report["stopped"]["paused"]) == ("stopped", "stopped")
    assert report["stopped"]["values"] == 12
    assert "stopped by hand" in report["stopped"]["reason"]


def test_a_run_ends_with_its_loop_and_does_not_begin_without_one(report: Any) -> None:
    assert report["orphan"] == ["stopped", True, "None"]
    assert "no event loop is running" in report["alone"]


def test_a_panel_streams_obeys_its_page_and_keeps_edits(report: Any, threaded: str) -> None:
    panel = report["panel"]
    assert panel["bits"] == threaded
    values = np.frombuffer(bytes.fromhex(threaded))[:12]
    np.testing.assert_array_equal(np.float32(panel["arrived"]), np.float32(values))
    assert panel["frames"] > 2
    assert (panel["state"], panel["edits"], panel["label"], panel["errors"]) == ("finished", "7", 0, [])
    assert panel["lines"] == 2  # the format's mark and the edit


def test_work_waits_until_it_is_woken_in_a_thread_and_in_a_loop() -> None:
    def steps(log: list[str], done: threading.Event) -> runner.Steps:
        log.append("begun")
        yield 0
        log.append("turn")
        yield 0.001
        log.append("later")
        yield None
        log.append("woken")
        done.set()

    log, done = [], threading.Event()
    thread = runner.InThread()
    thread.begin(steps(log, done), "test")
    while "later" not in log:
        done.wait(0.001)
    assert log == ["begun", "turn", "later"]
    thread.wake()
    assert done.wait(20)

    async def loop() -> None:
        log.clear()
        task, ended = runner.InLoop(), threading.Event()
        task.begin(steps(log, ended), "test")
        assert log == []
        await like_pyodide.until(lambda: "later" in log)
        for _ in range(100):
            await asyncio.sleep(0)
        assert log == ["begun", "turn", "later"]
        task.wake()
        await like_pyodide.until(ended.is_set)

    asyncio.run(loop())


class MarimoThread(threading.Thread):
    """A thread as marimo gives it."""

    should_exit = False


def test_a_run_in_marimo_ends_tidily_when_its_cell_is_run_again(monkeypatch: pytest.MonkeyPatch) -> None:
    marimo: Any = types.ModuleType("marimo")
    marimo.Thread, marimo.current_thread = MarimoThread, threading.current_thread
    marimo.running_in_notebook = lambda: True
    monkeypatch.setitem(sys.modules, "marimo", marimo)
    run = like_pyodide.valuation(updates=10**6).prepare_run(like_pyodide.data()[0], name="in a cell")
    begun = threading.Event()
    run.subscribe(lambda r: begun.set() if r.progress and r.progress.done else None)
    run.start()
    assert begun.wait(30)
    (thread,) = (each for each in threading.enumerate() if each.name == "dvlwidgets in a cell")
    assert isinstance(thread, MarimoThread)
    thread.should_exit = True
    assert len(run.wait(30)) == 12
    assert run.state == "stopped"
    assert run.progress is not None
    assert run.progress.final


def test_a_time_limit_that_nobody_could_watch_is_refused(report: Any) -> None:
    assert "needs threads" in report["limit"]


def test_marimo_is_asked_only_where_it_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    class Marimo:
        Thread = threading.Thread

        def __init__(self, notebook: bool) -> None:
            self.notebook = notebook

        def running_in_notebook(self) -> bool:
            return self.notebook

    monkeypatch.delitem(sys.modules, "marimo", raising=False)
    assert type(runner.choose()) is runner.InThread
    assert "marimo" not in sys.modules
    monkeypatch.setitem(sys.modules, "marimo", Marimo(False))  # type: ignore[arg-type]
    assert type(runner.choose()) is runner.InThread
    monkeypatch.setitem(sys.modules, "marimo", Marimo(True))  # type: ignore[arg-type]
    assert type(runner.choose()) is runner.InMarimo
