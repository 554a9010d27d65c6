"""The control channel: what it answers, what it refuses, what it does not do; without a kernel, and with a real one."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from kernels import Kernel, kernel
from panel_fakes import FakeValuation, dataset, progress

from dvlwidgets import (
    Dataset,
    KNNShapleyValuation,
    MaxUpdates,
    PermutationSampler,
    ShapleyValuation,
    Utility,
    ValuationPanel,
)
from dvlwidgets.engine import runs
from dvlwidgets.widgets import control, ears, preferences
from dvlwidgets.widgets.control_answers import MAX_RUNS, answer
from dvlwidgets.widgets.control_runs import LONGEST, Sparks, spark

RUN = {
    "id", "name", "title", "method", "kind", "state", "pending", "done", "total", "unit", "seconds", "left",
    "certainty", "completion", "reason", "error", "n", "edits", "spark", "zero", "cell", "model",
}  # fmt: skip


@pytest.fixture(autouse=True)
def nothing_before(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(runs, "_LIST", runs._List())
    yield
    preferences.prefer(share="values", rate=10)


def panel(**more: Any) -> ValuationPanel:
    return ValuationPanel(FakeValuation(), dataset(), **more)


def ask(t: str, **more: Any) -> dict[str, Any]:
    reply = answer({"v": 1, "t": t, "request": "7", **more})
    assert json.loads(json.dumps(reply, allow_nan=False)) == reply
    assert reply["request"] == "7"
    return reply


# --- the curve ---------------------------------------------------------------------------------------------------


def test_the_curve_is_the_sorted_values_scaled_to_a_hundred():
    rng = np.random.default_rng(0)
    values = rng.permutation(np.linspace(-1, 3, 601))
    curve, zero = spark(values, 0.0)
    assert len(curve) == 60
    assert curve == sorted(curve)
    np.testing.assert_allclose(curve, np.linspace(0, 100, 60), atol=0.6)
    assert zero == 25


def test_the_curve_of_a_million_values_is_drawn_from_some_of_them_with_both_ends():
    rng = np.random.default_rng(0)
    values = rng.normal(size=300_000)
    values[7], values[8] = -10.0, 10.0
    curve, zero = spark(values, 0.0)
    exact = np.quantile(values, np.linspace(0, 1, 60))
    np.testing.assert_allclose(np.array(curve) / 5 - 10, exact, atol=0.2)
    assert (curve[0], curve[-1], zero) == (0, 100, 50)


@pytest.mark.parametrize(
    ("values", "threshold", "expected"),
    [
        ([], 0.0, ([], None)),
        ([np.nan, np.inf], 0.0, ([], None)),
        ([2.0, np.nan, 1.0], 0.0, ([0, 100], None)),
        ([2.0, 1.0], 1.0, ([0, 100], 0)),
        ([-1.0, 0.0, 3.0], None, ([0, 25, 100], None)),
        ([5.0, 5.0, 5.0], 0.0, ([50, 50, 50], None)),
        ([0.0], 0.0, ([50], 50)),
        ([-1.7e308, 0.0, 1.7e308], 0.0, ([0, 50, 100], 50)),
        (np.array([3, 1, 2], dtype=np.float32), 2, ([0, 50, 100], 50)),
    ],
)
def test_the_curve_of_few_unknown_or_extreme_values(values: Any, threshold: float | None, expected: Any):
    assert spark(values, threshold) == expected


def test_a_curve_is_made_once_for_the_same_values():
    sparks, values = Sparks(), np.arange(5.0)
    assert sparks.of("a", values, 0.0) is sparks.of("a", values, 0.0)
    assert sparks.of("a", values + 1, 0.0) == ([0, 25, 50, 75, 100], None)
    assert sparks.of("a", values, 2.0)[1] == 50
    sparks.keep(set())
    assert sparks._made == {}


# --- the list ----------------------------------------------------------------------------------------------------


def test_a_run_is_told_with_all_that_a_list_shows():
    made = panel(title="Spam", name="mine")
    made.start().yields(progress())
    made.edits.relabel(made.dataset(), [0], 1)
    (run,) = ask("runs")["runs"]
    assert set(run) == RUN
    assert (run["name"], run["title"], run["method"], run["kind"]) == ("mine", "Spam", "Fake", "valuation")
    assert (run["state"], run["done"], run["total"], run["unit"]) == ("running", 100, 1000, "evaluations")
    assert (run["left"], run["certainty"], run["completion"], run["n"]) == (8.0, 0.5, 0.25, 20)
    assert (run["edits"], run["model"], run["error"], len(run["spark"])) == (1, made.model_id, None, 20)
    assert 0 < run["zero"] < 100


def test_a_run_is_as_far_in_the_list_as_in_its_panel():
    made = panel()
    run = made.start()
    run.yields(progress(done=660, seconds_left=None))  # the rule has not been asked since the first quarter
    assert ask("runs")["runs"][0]["completion"] == 0.66
    run.yields(progress(seq=1, total=None, seconds=6.0, seconds_left=2.0))
    assert ask("runs")["runs"][0]["completion"] == 0.75


def test_nothing_is_known_before_the_first_frame():
    made = panel()
    (run,) = ask("runs")["runs"]
    assert (run["state"], run["spark"], run["zero"], run["certainty"], run["left"]) == (
        "pending",
        [],
        None,
        None,
        None,
    )
    assert made.model_id == run["model"]


def test_the_values_of_an_earlier_fit_are_told_as_finished():
    from sklearn.neighbors import KNeighborsClassifier

    data = Dataset(np.random.default_rng(0).normal(size=(9, 2)), np.arange(9) % 2)
    fitted = KNNShapleyValuation(KNeighborsClassifier(3), data, progress=False).fit(data)
    made = ValuationPanel(fitted, data)
    (run,) = ask("runs")["runs"]
    assert (run["state"], len(run["spark"]), run["n"]) == ("finished", 9, 9)
    assert ask("pause", run=run["id"])["t"] == "error"
    made.close()


def test_a_bare_run_is_told_from_its_start_to_its_failure():
    gate = threading.Event()

    def game(masks: np.ndarray) -> np.ndarray:
        assert gate.wait(30)
        raise ArithmeticError("<b>no</b> such number")

    method = ShapleyValuation(Utility.from_function(game, key="g"), PermutationSampler(seed=1), MaxUpdates(8))
    run = method.prepare_run(Dataset(np.zeros((4, 1)), np.arange(4) % 2), name="bare").start()
    (told,) = ask("runs")["runs"]
    assert (told["name"], told["kind"], told["method"], told["model"]) == ("bare", "run", "Shapley", None)
    assert ask("pause", run=told["id"])["runs"][0]["pending"] == "pause"
    assert ask("stop", run=told["id"])["runs"][0]["pending"] == "stop"
    gate.set()
    with pytest.raises(Exception, match="no"):
        run.wait(30)
    (told,) = ask("runs")["runs"]
    assert told["state"] == "failed"
    assert "<b>no</b> such number" in told["error"]


def test_a_closed_panel_is_gone_and_a_page_that_comes_back_sees_the_rest():
    kept = panel(name="a"), panel(name="b")
    assert [run["name"] for run in ask("runs")["runs"]] == ["a", "b"]
    kept[0].close()
    assert [run["name"] for run in ask("runs")["runs"]] == ["b"]
    assert [run["name"] for run in ask("runs")["runs"]] == ["b"]


def test_of_a_thousand_runs_the_newest_are_told_and_all_that_work():
    made = [FakeValuation().prepare_run(None) for _ in range(1000)]
    for number, run in enumerate(made):
        run.name, run.valuation, run.stopping = f"run {number}", FakeValuation(), False
        runs.enter(run)
    made[3].start()
    reply = ask("runs")
    assert [run["name"] for run in reply["runs"]] == [
        "run 3",
        *(f"run {number}" for number in range(801, 1000)),
    ]
    assert len(reply["runs"]) == MAX_RUNS
    assert reply["left_out"] == 800
    assert len(json.dumps(reply)) < 250_000


def test_a_run_that_cannot_be_read_hides_no_other(caplog):
    class Broken(FakeValuation):
        is_done = None

    kept = ValuationPanel(Broken(), dataset(), name="broken"), panel(name="sound")
    broken, sound = ask("runs")["runs"]
    assert "AttributeError" in broken["error"]
    assert set(broken) == RUN
    assert sound["error"] is None
    assert not [record for record in caplog.records if record.levelname in {"WARNING", "ERROR"}]
    assert kept


def test_names_are_data_and_of_a_sane_length():
    kept = panel(name="\ud800<script>" + "x" * 10_000, title="\u202espam")
    (run,) = ask("runs")["runs"]
    assert run["name"].startswith("\\ud800<script>x")
    assert len(run["name"]) == LONGEST
    json.dumps(run, ensure_ascii=False).encode()
    assert kept


# --- deeds -------------------------------------------------------------------------------------------------------


def test_clicks_reach_the_run_they_are_meant_for():
    kept = panel(name="a"), panel(name="b")
    for each in kept:
        each.start()
    one, other = ask("runs")["runs"]
    assert ask("pause", run=other["id"])["runs"][1]["pending"] == "pause"
    ask("stop", run=one["id"])
    assert [each.run.calls for each in kept] == [["stop"], ["pause"]]


def test_what_cannot_be_done_is_a_sentence():
    made = panel()
    made.start()
    (run,) = ask("runs")["runs"]
    made.run.become("finished")
    assert "nothing to pause" in ask("pause", run=run["id"])["message"]
    assert "no run 'gone'" in ask("stop", run="gone")["message"]


def test_settings_of_a_front_end_become_the_defaults():
    assert ask("prefer", share="summary", rate=30)["t"] == "runs"
    assert preferences.current() == preferences.Preferences("summary", 30.0)
    ask("prefer", share=None, rate=2.5)
    ask("prefer")
    assert preferences.current() == preferences.Preferences("summary", 2.5)
    assert preferences.current().interval == 0.4


@pytest.mark.parametrize(
    ("wrong", "word"),
    [
        ({"share": "everything"}, "'summary', 'values', 'values+text', 'full'"),
        ({"share": 3}, "string"),
        ({"share": "full", "rate": 31}, "1 to 30"),
        ({"rate": 0.5}, "1 to 30"),
        ({"rate": float("nan")}, "finite"),
        ({"rate": True}, "number"),
        ({"rate": "10"}, "number"),
    ],
)
def test_settings_that_make_no_sense_change_nothing(wrong: dict[str, Any], word: str):
    before = preferences.current()
    assert word in ask("prefer", **wrong)["message"]
    assert preferences.current() == before


@pytest.mark.parametrize(
    "message",
    [
        None, 3, "runs", [], {}, {"v": 1}, {"v": 2, "t": "runs", "request": "7"}, {"v": 1, "t": "runs"},
        {"v": 1, "t": "runs", "request": 7}, {"v": 1, "t": ["runs"], "request": "7"},
        {"v": 1, "t": "__class__", "request": "7", "run": "x"}, {"v": 1, "t": "pause", "request": "7"},
        {"v": 1, "t": "pause", "request": "7", "run": {"a": 1}}, {"v": 1, "t": "start", "request": "7", "run": "x"},
        {"v": 1, "t": "stop", "request": "x" * 10_000, "run": "y" * 10_000_000},
        {"v": 1, "t": "x" * 10_000_000, "request": "\ud800"}, {"v": [[[[1]]]], "t": None},
    ],
)  # fmt: skip
def test_bad_messages_get_a_sentence(message: Any):
    kept = panel()
    kept.start()
    reply = answer(message)
    assert (reply["v"], reply["t"]) == (1, "error")
    assert 10 < len(reply["message"]) <= LONGEST
    assert len(reply["request"] or "") <= 100
    json.dumps(reply, ensure_ascii=False).encode()
    assert kept.run.calls == []


# --- the comm ----------------------------------------------------------------------------------------------------


class FakeComm:
    def __init__(self) -> None:
        self.sent: list[Any] = []

    def on_msg(self, callback: Any) -> None:
        self.receive = callback

    def send(self, data: Any) -> None:
        self.sent.append((threading.current_thread(), data))

    def _reply_subshell_for(self, data: Any, default: Any) -> Any:
        return "main"


def test_the_kernel_speaks_when_it_is_asked_and_in_the_thread_that_asked():
    comm = FakeComm()
    control.opened(comm, {})
    assert comm.sent == []
    message = {"content": {"data": {"v": 1, "t": "runs", "request": "1"}}}
    asking = threading.Thread(target=comm.receive, args=[message])
    asking.start()
    asking.join()
    made = panel()
    made.start().yields(progress())
    made.run.become("finished")
    ((thread, reply),) = comm.sent
    assert thread is asking
    assert reply["request"] == "1"
    comm.receive({})
    assert comm.sent[1][1]["t"] == "error"
    assert comm._reply_subshell_for({}, "subshell-1") == "subshell-1"


def test_a_kernel_without_comms_is_left_alone(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(ears, "kernel", lambda: None)
    assert control.register() is False
    monkeypatch.setattr(ears, "kernel", lambda: SimpleNamespace(comm_manager=None))
    assert control.register() is False


def test_a_script_has_no_ears(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delitem(sys.modules, "ipykernel.kernelbase", raising=False)
    assert ears.abilities() == {}
    assert panel().kernel == {}


def test_the_package_stays_light_in_a_process_that_knows_ipykernel_but_is_no_kernel():
    code = (
        "import ipykernel, sys; before = set(sys.modules); import dvlwidgets;"
        "new = {m.partition('.')[0] for m in set(sys.modules) - before};"
        "print(sorted(new - set(sys.stdlib_module_names)))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "['dvlwidgets']"


# --- a real kernel -----------------------------------------------------------------------------------------------


def told(front: Kernel, comm: Any, request: str) -> list[dict[str, Any]]:
    comm.send({"v": 1, "t": "runs", "request": request})
    found = comm.answer(lambda data: data["request"] == request)
    assert found is not None
    return found[1]["runs"]


CELL = """
import numpy as np, dvlwidgets as dvl
utility = dvl.Utility.from_function(lambda masks: masks.sum(axis=1) / 10.0, key="game")
train = dvl.Dataset(np.zeros((6, 1)), np.arange(6) % 2)
def method(): return dvl.ShapleyValuation(utility, dvl.PermutationSampler(seed=1), dvl.MaxUpdates(10))
panel = dvl.ValuationPanel(method(), train, name="mine")
run = method().prepare_run(train, name="bare").start(); run.wait(60)
"""


def test_a_page_that_was_there_first_one_that_comes_back_and_a_kernel_that_starts_anew(tmp_path: Path):
    with kernel("7.4.0", tmp_path) as front:
        assert (
            front.run("import sys; print([m for m in ('anywidget', 'numpy') if m in sys.modules])").strip()
            == "[]"
        )
        loaded = front.run(
            "import dvlwidgets; print([m for m in ('anywidget', 'numpy') if m in sys.modules])"
        )
        assert loaded.strip() == "[]"
        greeting = front.first(lambda m: m["msg_type"] == "comm_open")
        assert greeting is not None
        assert greeting[1]["content"]["target_name"] == control.HELLO
        assert greeting[1]["content"]["data"] == {"v": 1}
        subshell = front.subshell()
        first = front.open(control.TARGET, subshell=subshell)
        assert told(front, first, "1") == []
        front.run(CELL, cell="cell-1")
        before = told(front, first, "2")
        assert [(run["name"], run["state"], run["cell"]) for run in before] == [
            ("mine", "pending", "cell-1"), ("bare", "finished", "cell-1"),
        ]  # fmt: skip
        assert before[0]["model"] == front.run("print(panel.model_id)").strip()
        again = front.open(control.TARGET, subshell=subshell)  # the page was loaded anew
        assert told(front, again, "3") == before
        front.run(CELL, cell="cell-1")
        assert [run["name"] for run in told(front, again, "4")] == ["mine", "bare"], "the cell ran again"
        assert told(front, again, "5")[0]["id"] != before[0]["id"]
        again.send({"v": 1, "t": "spam", "request": None, "run": [1]})
        assert again.answer(lambda data: data["t"] == "error") is not None
        front.restart()
        front.run("import dvlwidgets")
        assert told(front, front.open(control.TARGET), "6") == []
    log = (tmp_path / "ipykernel-7.4.0.log").read_text()
    assert "Traceback" not in log, log
