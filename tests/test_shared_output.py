"""When a stored output is written again, and what is in it then."""

from __future__ import annotations

import json
import threading
import time
from types import SimpleNamespace

import IPython.display
import numpy as np
import pytest
from influence_fakes import FakeExplorer, InfluencePage, two_sets
from panel_fakes import FakeValuation, Page, dataset, progress

from dvlwidgets.errors import InputError, InputTypeError
from dvlwidgets.widgets import bundle, copies, ears, output
from dvlwidgets.widgets.copies import MIME
from dvlwidgets.widgets.influence_panel import InfluencePanel
from dvlwidgets.widgets.later import Later
from dvlwidgets.widgets.panel import ValuationPanel

VIEW = "application/vnd.jupyter.widget-view+json"


class Notebook:
    """Keeps what is displayed, as a front-end does."""

    def __init__(self):
        self.written = []
        self._news = threading.Condition()

    def display(self, data, *, raw, display_id, metadata):
        with self._news:
            self.written.append((display_id, data))
            self._news.notify_all()

    def wait_for(self, condition, timeout=20):
        with self._news:
            assert self._news.wait_for(lambda: bool(self.written) and condition(self.written[-1][1]), timeout)
        return self.written[-1][1]


@pytest.fixture
def notebook(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(bundle, "read", lambda name: "/* viewer */")
    made = Notebook()
    monkeypatch.setattr(IPython.display, "display", made.display)
    monkeypatch.setattr(IPython.display, "update_display", made.display)
    return made


@pytest.fixture
def panel(notebook):
    made = ValuationPanel(FakeValuation(), dataset())
    made._output._later._quiet = 0.1
    made._output._later._most = 0.5
    yield made
    made.close()


def has_copy(data):
    """While a run has only begun the type is there, and nothing to read in it."""
    return MIME in data and data[MIME]["payload"] is not None


def listen(panel, kind=Page):
    page = kind(lambda content: panel._received(panel, content, []))
    panel.send = page
    page.receive({"t": "hello", "have": -1})
    page.wait_for(lambda m: m["t"] == "full")
    return page


def finish(panel):
    panel.run.become("running")
    panel.run.yields(progress())
    panel.run.become("finished")


def edits_in(data):
    return data["text/html"].count('"field":"dropped"')


def test_the_whole_copy_comes_at_the_end_and_the_view_stays_where_a_page_listens(panel, notebook):
    panel._ipython_display_()
    (where, first) = notebook.written[0]
    # a front-end that is given our type from the first does not make the view anew when the copy comes
    assert set(first) == {VIEW, MIME, "text/html", "text/plain"}
    assert first[MIME] | {"summary": ""} == {
        "v": 1, "run": panel._entry.name, "model": panel.model_id, "title": first[MIME]["title"], "summary": "",
        "share": "values", "payload": None,
    }  # fmt: skip
    listen(panel)
    finish(panel)
    last = notebook.wait_for(has_copy)
    assert set(last) == {VIEW, MIME, "text/html", "image/png", "text/plain"}
    assert last[MIME]["model"] == panel.model_id == last[VIEW]["model_id"]
    assert last[MIME]["run"] == panel._entry.name
    assert {name for name, _ in notebook.written} == {where}
    assert "finished" in last["text/plain"]
    assert len(json.dumps(last[MIME])) < 1000


def test_without_a_page_the_view_is_gone_at_the_end_and_comes_with_a_late_hello(panel, notebook):
    panel._ipython_display_()
    finish(panel)
    last = notebook.wait_for(has_copy)
    assert VIEW not in last
    assert last[MIME]["model"] == panel.model_id  # a page that is loaded again meanwhile finds it by this
    listen(panel)  # a run that was over before the page could say hello
    late = notebook.wait_for(lambda data: VIEW in data)
    assert late[MIME]["model"] == panel.model_id


def test_a_page_that_was_loaded_again_gets_what_was_written_meanwhile(panel, notebook):
    panel._ipython_display_()
    listen(panel)
    finish(panel)
    notebook.wait_for(has_copy)
    panel._output.settle()
    before = len(notebook.written)
    listen(panel)
    panel._output.settle()
    assert len(notebook.written) == before + 1


def test_many_edits_write_the_output_a_few_times_and_the_last_is_in_it(panel, notebook):
    panel._ipython_display_()
    listen(panel)
    finish(panel)
    notebook.wait_for(has_copy)
    before, later = len(notebook.written), panel._output._later
    later._quiet = later._most = 60.0  # on a busy machine fifteen edits may take longer than it rests
    for position in range(14):
        panel.edits.drop(panel._session.train, [position])
    assert len(notebook.written) == before  # nothing is written while somebody works
    later._quiet, later._most = 0.1, 0.5
    panel.edits.drop(panel._session.train, [14])
    notebook.wait_for(lambda data: edits_in(data) == 15)
    assert len(notebook.written) - before <= 3
    settled = len(notebook.written)
    time.sleep(0.4)  # longer than it rests: nothing is written without a cause
    assert len(notebook.written) == settled
    panel.edits.undo()
    notebook.wait_for(lambda data: edits_in(data) == 14)


def test_edits_while_it_runs_wait_for_the_end(panel, notebook):
    panel._ipython_display_()
    listen(panel)
    panel.run.become("running")
    panel.run.yields(progress())
    panel.edits.drop(panel._session.train, [3])
    time.sleep(0.4)
    assert len(notebook.written) == 1
    panel.run.become("finished")
    assert edits_in(notebook.wait_for(has_copy)) == 1


def test_a_run_is_stored_early_then_more_rarely_and_a_dear_copy_waits_longer(panel, notebook):
    now = [0.0]
    panel._ipython_display_()
    listen(panel)
    panel.run.become("running")
    panel.run.yields(progress())
    assert panel._publisher.settle()
    panel._output._later._quiet = panel._output._later._most = 60.0
    panel._output._clock = lambda: now[0]
    panel._output._due = None

    def news(at):
        now[0] = at
        panel.run.yields(progress())
        return panel._output._later.waiting

    assert [news(at) for at in (0.0, 1.9)] == [False, False]
    assert news(2.0)
    panel._output._later.flush()
    stored = notebook.written[-1][1]
    assert VIEW in stored
    assert has_copy(stored)
    assert "going on when this was stored" in stored["text/html"]
    for due in (10.0, 30.0, 60.0, 60.0 + output.AGAIN):
        assert not news(due - 0.1)
        assert news(due)
        panel._output._later.flush()
    panel._output._took = 10.0
    at = due + output.AGAIN
    assert news(at)  # the rest after it is that of a copy that took 10 s
    panel._output._later.flush()
    assert not news(at + 10.0 * output.SHARE - 0.1)
    assert news(at + 10.0 * output.SHARE)


def test_where_a_program_runs_the_notebook_no_view_is_stored(panel, notebook, monkeypatch):
    monkeypatch.setattr(ears, "attended", lambda: False)
    panel._ipython_display_()
    assert VIEW not in notebook.written[-1][1]
    assert "holds" not in notebook.written[-1][1]["text/html"]  # there are no values to hold
    finish(panel)
    last = notebook.wait_for(has_copy)
    assert VIEW not in last
    assert last[MIME]["model"] is None


def test_a_run_that_ends_while_it_is_displayed_is_stored_as_ended(panel, notebook, monkeypatch):
    made, ends = panel._output.bundle, threading.Event()

    def slow(*, first=False):
        found = made(first=first)
        if first:  # the run ends now, in another thread
            threading.Thread(target=lambda: (finish(panel), ends.set()), daemon=True).start()
            ends.wait(0.5)
        return found

    monkeypatch.setattr(panel._output, "bundle", slow)
    panel._ipython_display_()
    notebook.wait_for(lambda data: "finished" in data["text/plain"])
    assert ends.wait(20)
    assert "finished" in notebook.written[-1][1]["text/plain"]


def test_a_closed_panel_hears_of_no_edits(panel):
    assert panel.edits._subscribers
    panel.close()
    assert not panel.edits._subscribers


def test_a_closed_panel_is_displayed_as_a_copy(panel, notebook):
    panel._ipython_display_()
    panel.run.become("running")
    panel.run.yields(progress())
    panel.close()
    panel._ipython_display_()
    last = notebook.written[-1][1]
    assert has_copy(last)
    assert "application/vnd.jupyter.widget-view+json" not in last


def test_a_file_that_cannot_be_written_is_refused_in_words(panel, tmp_path):
    for path in (tmp_path, tmp_path / "nowhere" / "report.html"):
        with pytest.raises(InputError, match=r"cannot be written: .*folder that exists"):
            panel.save(path)
    with pytest.raises(InputTypeError, match=r"path is None.*Pass 'panel.html'"):
        panel.save(None)


def test_a_run_that_goes_on_is_not_stored_as_paused(panel, notebook):
    panel._ipython_display_()
    listen(panel)
    panel.run.become("running")
    panel.run.yields(progress())
    panel.run.become("paused")
    notebook.wait_for(lambda data: has_copy(data) and "paused" in data["text/plain"])
    panel.run.become("running")
    again = notebook.wait_for(lambda data: "running" in data["text/plain"])
    assert MIME in again  # the same kind as before: a front-end keeps its view
    panel.run.become("finished")
    notebook.wait_for(lambda data: "finished" in data["text/plain"])


def test_what_waits_is_written_when_the_panel_closes(panel, notebook):
    panel._output._later._quiet = panel._output._later._most = 60
    panel._ipython_display_()
    finish(panel)
    notebook.wait_for(has_copy)
    panel.edits.drop(panel._session.train, [3])
    panel.close()
    assert edits_in(notebook.written[-1][1]) == 1


def test_a_copy_that_cannot_be_made_leaves_the_table_and_says_so(panel, notebook, monkeypatch, caplog):
    def fail(*_args, **_more):
        raise ValueError("secret 777")

    panel._ipython_display_()
    monkeypatch.setattr("dvlwidgets.widgets.output.copy_of", fail)
    finish(panel)
    last = notebook.wait_for(lambda data: "finished" in data["text/plain"])
    assert "<table" in last["text/html"]
    assert "The interactive copy could not be made: ValueError." in last["text/html"]
    assert "777" not in json.dumps(last)
    assert "secret 777" in caplog.text


def test_of_two_writers_the_one_that_looked_last_writes_last(panel, notebook, monkeypatch):
    panel._output._later._quiet = panel._output._later._most = 60
    panel._ipython_display_()
    finish(panel)
    looked, go_on = threading.Event(), threading.Event()

    def slowly(material, level):
        if not looked.is_set():
            looked.set()
            go_on.wait(20)
        return copies.copy_of(material, level)

    monkeypatch.setattr("dvlwidgets.widgets.output.copy_of", slowly)
    writers = [threading.Thread(target=panel._output.refresh) for _ in range(2)]
    writers[0].start()
    assert looked.wait(20)
    panel.edits.drop(panel._session.train, [3])
    writers[1].start()
    time.sleep(0.1)  # long enough to overtake, if it could
    go_on.set()
    for writer in writers:
        writer.join(20)
    assert "1 dropped" in notebook.written[-1][1]["text/plain"]


def test_a_panel_that_is_not_shown_writes_nothing(panel, notebook):
    finish(panel)
    panel.edits.drop(panel._session.train, [3])
    panel._output.refresh()
    assert notebook.written == []


def test_a_snapshot_stays_what_it_was(panel):
    finish(panel)
    copy = panel.snapshot()
    panel.edits.drop(panel._session.train, [3])
    assert isinstance(copy, copies.Copy)
    assert edits_in(copy.bundle()) == 0
    assert edits_in(panel.snapshot().bundle()) == 1


class ByHand:
    """A runner whose work goes on when a test says so."""

    def begin(self, steps, name):
        self.steps = steps

    def wake(self):
        """Nobody sleeps."""

    def turn(self):
        """Does what there is to do now; returns for how long there is nothing."""
        return next(seconds for seconds in self.steps if seconds != 0)


def test_wishes_are_done_once_at_rest_and_not_put_off_for_ever(monkeypatch):
    now, runner, done = [0.0], ByHand(), []
    monkeypatch.setattr("dvlwidgets.widgets.later.time", SimpleNamespace(monotonic=lambda: now[0]))
    monkeypatch.setattr("dvlwidgets.widgets.later.choose", lambda: runner)
    wishes = Later(lambda: done.append(now[0]), "test", quiet=0.2, most=0.6)
    for k in range(50):
        now[0] = k / 50
        wishes.ask()
        left = runner.turn()
    assert (done, left) == ([0.6], pytest.approx(0.2))
    now[0] = 1.17
    assert runner.turn() == pytest.approx(0.01)
    assert wishes.waiting
    now[0] = 1.19
    assert runner.turn() is None
    assert (done, wishes.waiting) == ([0.6, 1.19], False)
    wishes.flush()  # nothing waits
    wishes.ask()
    wishes.close()
    wishes.ask()
    now[0] = 9.0
    assert list(runner.steps) == []
    assert len(done) == 2


def test_the_new_numbers_of_a_relabelled_point_reach_the_stored_output(notebook, monkeypatch):
    train, test, _ = two_sets()
    panel = InfluencePanel(FakeExplorer(train, test), train, test)
    panel._output._later._quiet, panel._output._later._most = 0.1, 0.5
    panel._ipython_display_()
    listen(panel, InfluencePage)
    panel.start()
    panel.wait(20)
    before = notebook.wait_for(has_copy)["text/html"]
    at = int(np.argmin(panel.explorer.columns()["quantile"]))
    old = f"<td>{panel.explorer.columns()['loss'][at]:.4g}</td>"
    assert old in before
    go_on, compute = threading.Event(), panel.explorer.relabelled

    def slowly(position, label):
        go_on.wait(20)
        compute(position, label)

    monkeypatch.setattr(panel.explorer, "relabelled", slowly)
    panel.edits.relabel(train, [at], (int(train.labels[at]) + 1) % 3)
    notebook.wait_for(lambda data: "1 relabelled" in data["text/html"] and old in data["text/html"])
    go_on.set()
    notebook.wait_for(lambda data: old not in data["text/html"])
    panel.close()
