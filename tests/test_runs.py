"""The list of runs: what enters, what leaves, what each is called, and from which cell it came."""

from __future__ import annotations

import gc
import sys
import threading
import time
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from panel_fakes import FakeValuation, dataset

from dvlwidgets import Dataset, MaxUpdates, PermutationSampler, ShapleyValuation, Utility, ValuationPanel
from dvlwidgets.engine import runs
from dvlwidgets.engine.live import Run
from dvlwidgets.engine.place import Place, here
from dvlwidgets.errors import InputError, InputTypeError, RunError

TRAIN = Dataset(np.random.default_rng(0).normal(size=(8, 2)), np.arange(8) % 2)


@pytest.fixture(autouse=True)
def nothing_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "_LIST", runs._List())


@pytest.fixture
def cell(monkeypatch: pytest.MonkeyPatch):
    """Lets a test say which cell runs."""

    def runs_now(name: str | None, execution: str = "1") -> None:
        monkeypatch.setattr(runs, "here", lambda: None if name is None else Place(name, execution))

    return runs_now


class Gate:
    """A utility whose fits wait until a test opens it."""

    def __init__(self, *, fails: bool = False) -> None:
        self.open, self.fails = threading.Event(), fails

    def __call__(self, masks: np.ndarray) -> np.ndarray:
        assert self.open.wait(30)
        if self.fails:
            raise ArithmeticError("no such number")
        return masks.sum(axis=1) / 8.0


def method(gate: Gate) -> ShapleyValuation:
    return ShapleyValuation(Utility.from_function(gate, key="g"), PermutationSampler(seed=1), MaxUpdates(8))


def panel(**more: Any) -> ValuationPanel:
    return ValuationPanel(FakeValuation(), dataset(), **more)


def names() -> list[str]:
    return [entry.name for entry in runs.entries()]


def test_a_panel_is_in_the_list_when_it_is_made_and_leaves_when_it_is_closed():
    made = panel(title="Spam", name="mine")
    (entry,) = runs.entries()
    assert (entry.name, entry.title, entry.method, entry.kind) == ("mine", "Spam", "Fake", "valuation")
    assert entry.panel is made
    assert entry.run is made.run
    assert len(entry.id) == 8
    assert int(entry.id, 16) >= 0
    made.close()
    assert runs.entries() == []


def test_an_entry_that_somebody_kept_says_that_its_run_is_gone():
    run = Run(None, None, name="short", valuation=None)
    entry = runs.enter(run)
    del run
    gc.collect()
    with pytest.raises(RunError, match="'short' is gone"):
        entry.pause()
    assert runs.entries() == []
    assert "short" in repr(entry)


def test_all_runs_of_a_panel_are_one_entry():
    made = panel()
    (entry,) = runs.entries()
    made.start()
    first = made.run
    first.become("finished")
    made.start()
    assert made.run is not first
    assert runs.entries() == [entry]
    assert entry.run is made.run


def test_a_panel_on_a_real_run_is_one_entry_too(tmp_path):
    gate = Gate()
    made = ValuationPanel(method(gate), TRAIN, edits=tmp_path / "edits.jsonl")
    made.start()
    assert len(runs.entries()) == 1
    gate.open.set()
    made.wait(30)
    made.start().wait(30)
    assert len(runs.entries()) == 1


def test_a_refused_panel_leaves_no_trace():
    for wrong in ({"height": 3}, {"name": " "}):
        with pytest.raises(InputError):
            panel(**wrong)
    with pytest.raises(InputTypeError, match="name must be a string"):
        panel(name=3)
    assert runs.entries() == []


def test_a_bare_run_enters_when_it_starts_and_leaves_when_it_is_forgotten():
    gate = Gate()
    prepared = method(gate).prepare_run(TRAIN, name="bare")
    assert runs.entries() == []
    prepared.start()
    (entry,) = runs.entries()
    assert (entry.name, entry.kind, entry.panel) == ("bare", "run", None)
    assert entry.method == "Shapley"
    assert entry.alive
    del prepared
    gc.collect()
    assert names() == ["bare"], "its thread holds a run that works"
    gate.open.set()
    entry.run.wait(30)
    del entry
    for thread in threading.enumerate():
        if thread.name == "dvlwidgets bare":
            thread.join(30)  # the run is over before its thread has let go of it
    gc.collect()
    assert runs.entries() == []


def test_pause_resume_and_stop_reach_the_panel_or_the_run():
    made = panel()
    made.start()
    entry = runs.find(made.title)
    entry.pause()
    entry.resume()
    entry.stop()
    assert made.run.calls == ["pause", "resume", "stop"]
    gate = Gate()
    run = method(gate).prepare_run(TRAIN, name="bare").start()
    runs.find("bare").pause()
    assert run.pausing
    runs.find("bare").stop()
    gate.open.set()
    run.wait(30)
    assert run.state == "stopped"
    with pytest.raises(RunError, match="nothing to pause"):
        runs.find("bare").pause()


def test_two_of_the_same_name_are_told_apart():
    kept = [panel(name="spam"), panel(name="spam"), panel(title="spam"), panel(name="spam-2")]
    assert names() == ["spam", "spam-2", "spam-3", "spam-2-2"]
    assert runs.find("spam-3").panel is kept[2]
    kept[0].close()
    kept.append(panel(name="spam"))
    assert names() == ["spam-2", "spam-3", "spam-2-2", "spam"]


def test_what_is_not_there_is_refused_with_the_names_that_are():
    kept = panel(name="spam"), panel(name="ham")
    assert runs.find(runs.find("ham").id).panel is kept[1]
    with pytest.raises(InputError, match=r"no run 'eggs'.*'spam', 'ham'"):
        runs.find("eggs")


def test_a_failed_run_stays_in_the_list_with_its_reason():
    gate = Gate(fails=True)
    gate.open.set()
    run = method(gate).prepare_run(TRAIN, name="bad").start()
    with pytest.raises(Exception, match="no such number"):
        run.wait(30)
    entry = runs.find("bad")
    assert entry.run.state == "failed"
    assert not entry.alive


def test_a_run_that_works_stays_when_its_panel_is_closed_and_can_be_stopped():
    made = panel(name="mine")
    made.start()
    run = made.run
    made.close()
    entry = runs.find("mine")
    assert entry.panel is None
    assert entry.run is run
    entry.stop()
    assert run.calls == ["stop"]


def test_a_cell_that_runs_again_replaces_what_it_made_unless_that_still_works(cell):
    cell("c1", "first")
    kept = [panel(name="over"), panel(name="works"), panel(name="never started")]
    kept[0].start()
    kept[0].run.become("finished")
    kept[1].start()
    cell("c2", "second")
    kept.append(panel(name="other"))
    cell("c1", "third")
    kept.append(panel(name="over"))
    kept.append(panel(name="works"))
    assert names() == ["works", "other", "over", "works-2"]
    assert set(kept[1].run.calls) == {"make way"}
    assert [entry.cell for entry in runs.entries()] == ["c1", "c2", "c1", "c1"]


def test_a_run_whose_cell_runs_again_pauses_and_can_go_on(cell):
    gates = Gate(), Gate()
    cell("c1", "first")
    former = method(gates[0]).start(TRAIN)
    cell("c1", "second")
    later = method(gates[1]).start(TRAIN)
    assert (former.pausing, later.pausing) == (True, False)
    gates[0].open.set()
    gates[1].open.set()
    later.wait(30)
    assert not former.over
    former.resume()
    former.wait(30)
    assert np.isfinite(former.result.values).all()


def test_a_run_with_a_checkpoint_ends_and_the_one_of_the_same_cell_goes_on_from_it(cell, tmp_path):
    class Counted:
        fits = 0

        def __call__(self, masks: np.ndarray) -> np.ndarray:
            self.fits += len(masks)
            time.sleep(0.01)
            return masks.sum(axis=1) / 8.0

    def made(game: Counted, n: int) -> ShapleyValuation:
        return ShapleyValuation(
            Utility.from_function(game, key="g"), PermutationSampler(seed=1), MaxUpdates(n)
        )

    one, two, whole = Counted(), Counted(), Counted()
    cell("c1", "first")
    former = made(one, 1000).start(TRAIN, checkpoint=tmp_path)
    deadline = time.monotonic() + 30
    while one.fits <= 8 and time.monotonic() < deadline:
        time.sleep(0.01)
    cell("c1", "second")
    later = made(two, 40).start(TRAIN, checkpoint=tmp_path)
    assert former.state == "stopped"
    assert [entry.run for entry in runs.entries()] == [later]
    result = later.wait(60)
    alone = made(whole, 40).fit(TRAIN).result
    assert np.array_equal(result.values, alone.values)
    assert two.fits < whole.fits


def test_a_panel_on_a_valuation_that_runs_shows_that_run(cell):
    gate = Gate()
    valuation = method(gate)
    cell("c1", "first")
    former = ValuationPanel(valuation, TRAIN, name="mine")
    former.start()
    cell("c1", "second")
    panel = ValuationPanel(valuation, TRAIN, name="mine")
    assert panel.run is former.run
    assert panel.status.state == "running"
    assert not panel.run.pausing
    assert [entry.panel for entry in runs.entries()] == [panel]
    gate.open.set()
    panel.wait(30)
    assert panel.status.state == "finished"
    assert np.isfinite(panel.values.values).all()
    former.close()
    panel.close()


def test_outside_of_a_notebook_nothing_is_replaced(cell):
    cell(None)
    kept = panel(name="a"), panel(name="a")
    assert names() == ["a", "a-2"]
    assert {entry.panel for entry in runs.entries()} == set(kept)
    assert runs.entries()[0].cell is None


def test_runs_that_start_in_many_threads_at_once_all_get_a_name_of_their_own():
    made = [[Run(None, None, name="r", valuation=None) for _ in range(20)] for _ in range(10)]
    threads = [threading.Thread(target=lambda some=some: [runs.enter(run) for run in some]) for some in made]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(names())) == 200


# --- which cell --------------------------------------------------------------------------------------------------


def kernel_that_was_asked(monkeypatch: pytest.MonkeyPatch, parent: Any) -> None:
    def get_parent(channel: str) -> Any:
        assert channel == "shell"
        if isinstance(parent, Exception):
            raise parent
        return parent

    instance = SimpleNamespace(get_parent=get_parent)
    kernel = SimpleNamespace(initialized=lambda: True, instance=lambda: instance)
    monkeypatch.setitem(sys.modules, "ipykernel.kernelbase", SimpleNamespace(Kernel=kernel))


EXECUTE = {"header": {"msg_type": "execute_request", "msg_id": "m1"}, "metadata": {"cellId": "c1"}}


@pytest.mark.parametrize(
    ("parent", "place"),
    [
        (EXECUTE, Place("c1", "m1")),
        (EXECUTE | {"metadata": {}}, None),
        (EXECUTE | {"metadata": {"cellId": 7}}, None),
        (EXECUTE | {"header": {"msg_type": "comm_msg", "msg_id": "m1"}}, None),
        ({}, None),
        (LookupError(), None),
    ],
)
def test_the_kernel_knows_which_cell_is_at_work(
    monkeypatch: pytest.MonkeyPatch, parent: Any, place: Place | None
):
    kernel_that_was_asked(monkeypatch, parent)
    assert here() == place


def test_a_script_has_no_cells(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delitem(sys.modules, "ipykernel.kernelbase", raising=False)
    assert here() is None
