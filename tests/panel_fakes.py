"""A valuation whose run does what a test says, and a page that reads the wire."""

from __future__ import annotations

import contextlib
import itertools
import threading
from dataclasses import replace

import numpy as np

from dvlwidgets.data import Dataset
from dvlwidgets.engine.records import Progress, Verdict
from dvlwidgets.errors import RunError
from dvlwidgets.widgets import unwire
from dvlwidgets.widgets.panel import ValuationPanel

numbers = itertools.count()


def dataset(n=20, **more):
    rng = np.random.default_rng(0)
    return Dataset(rng.normal(size=(n, 3)), np.arange(n) % 3, **more)


def progress(n=20, seq=0, **changes):
    rng = np.random.default_rng(seq)
    verdict = Verdict(False, 0.25, np.arange(n) % 2 == 0, "ranking 50 % certain, 95 % wanted")
    made = Progress(
        seq=seq,
        values=rng.normal(size=n),
        stderr=np.full(n, 0.1),
        counts=np.full(n, seq + 1),
        verdict=verdict,
        certainty=0.5,
        done=100 * (seq + 1),
        total=1000,
        unit="evaluations",
        seconds=1.5,
        seconds_left=8.0,
        announcement="at most 1,000 fits",
    )
    return replace(made, **changes)


class FakeRun:
    """The protocol of `engine.live.Run`, driven by hand."""

    stopping = False

    def __init__(self):
        self.state, self.progress, self.history, self.error = "pending", None, [], None
        self.pausing, self.result, self.calls = False, None, []
        self._callbacks = []

    @property
    def over(self):
        return self.state in {"stopped", "finished", "failed"}

    def subscribe(self, callback):
        self._callbacks.append(callback)
        return lambda: self._callbacks.remove(callback)

    def start(self):
        if self.state != "pending":
            raise RunError("started already")
        self.become("running")
        return self

    def make_way(self, timeout):
        self.calls.append("make way")

    def pause(self):
        if self.over:
            raise RunError(f"it is {self.state}; there is nothing to pause.")
        self.calls.append("pause")
        self.pausing = True
        self.tell()

    def resume(self):
        self.calls.append("resume")
        self.tell()

    def stop(self):
        self.calls.append("stop")
        self.tell()

    def wait(self, timeout=None):
        return self.result

    def become(self, state):
        self.state, self.pausing = state, False
        self.tell()

    def yields(self, progress):
        self.progress = progress
        self.history.append((progress.done, progress.certainty, progress.verdict.completion))
        self.tell()

    def tell(self):
        for callback in self._callbacks:
            callback(self)


class FakeRule:
    def target(self):
        return 0.95


class FakeValuation:
    algorithm_name = "Fake"
    threshold = 0.0
    is_fitted = False
    is_done = FakeRule()

    def __init__(self):
        self.runs = []

    def prepare_run(self, data, checkpoint=None):
        self.runs.append(FakeRun())
        return self.runs[-1]


class Page:
    """What arrives at a page, decoded; by default it acknowledges like a good one."""

    decode = staticmethod(unwire.decode)

    def __init__(self, receive=None):
        self.messages = []
        self.receive = receive
        self.acknowledges = True
        self._news = threading.Condition()

    def __call__(self, content, buffers=None):
        message = self.decode(content, buffers or [])
        with self._news:
            self.messages.append(message)
            self._news.notify_all()
        if self.acknowledges and self.receive and message["t"] in {"full", "delta"}:
            self.receive({"t": "ack", "seq": message["seq"]})

    def of(self, kind):
        with self._news:
            return [message for message in self.messages if message["t"] == kind]

    def wait_for(self, condition, timeout=20):
        """The first message for which `condition` holds, waiting for it if need be."""
        with self._news:
            found = self._news.wait_for(lambda: [m for m in self.messages if condition(m)], timeout)
        assert found, f"it never came; there were {[m['t'] for m in self.messages]}"
        return found[0]


def page_of(panel, *, decode=None, hello=True):
    """A page that a panel sends to; it has said hello and been told everything."""
    page = Page(lambda content: panel._received(panel, content, []))
    if decode is not None:
        page.decode = decode
    panel.send = page
    if hello:
        greet(page)
    return page


def greet(page):
    """The page begins to listen."""
    page.receive({"t": "hello", "have": -1})
    page.wait_for(lambda m: m["t"] == "full")


def tell(page, part=None, /, **command):
    """A command of a page, to the panel or to one of its parts."""
    head = {"request": "q"} if part is None else {"request": "q", "t": "part", "part": part}
    page.receive({**head, **command})


def ask(page, part=None, /, **command):
    """The same, with a number of its own, and its answer."""
    request = f"q{next(numbers)}"
    tell(page, part, request=request, **command)
    return page.wait_for(lambda m: m.get("request") == request)


@contextlib.contextmanager
def panels():
    """Makes panels, each with its page, and closes them at the end."""
    made = []

    def make(train=None, *, valuation=None, decode=None, hello=True, **options):
        valuation = FakeValuation() if valuation is None else valuation
        panel = ValuationPanel(valuation, dataset() if train is None else train, **options)
        made.append(panel)
        return panel, page_of(panel, decode=decode, hello=hello)

    yield make
    for panel in made:
        panel.close()
