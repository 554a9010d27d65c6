from __future__ import annotations

import threading

import numpy as np
from panel_fakes import Page

from dvlwidgets.widgets import preferences, wire
from dvlwidgets.widgets.publisher import BYTES_PER_SECOND, SILENCE, SUMMARY, Pace, Publisher
from dvlwidgets.widgets.snapshot import Points, Snapshot, Status, Subject

EDITS = {"count": 0, "relabelled": 0, "dropped": 0, "undo": False, "redo": False, "path": "", "saved": True}


class State:
    """A snapshot that a test moves on."""

    def __init__(self, n=10):
        self.n, self.points, self.status = n, Points.unknown(n), Status("running")

    def move(self, step, rows=slice(None)):
        value = self.points.value.copy()
        value[rows] = step
        self.points = Points.of(value, self.points.stderr, np.full(self.n, step), self.points.converged)

    def __call__(self):
        none = np.zeros(self.n, dtype="u1")
        return Snapshot(Subject(self.n, "t", "m"), self.points, None, none, self.status, [], EDITS)


def publisher_to(page, state):
    publisher = Publisher(page, state)
    page.receive = lambda content: publisher.ack(content["seq"])
    return publisher


def test_nothing_is_due_before_a_page_says_hello():
    assert Pace().due(0.0) == (None, None)


def test_one_frame_is_in_flight_and_ten_a_second_are_enough():
    pace = Pace()
    pace.hello()
    assert pace.due(100.0)[0] == "frame"
    pace.sent(100.0, 1)
    assert pace.due(100.05) == (None, SILENCE - (100.05 - 100.0))
    pace.ack(0)
    assert pace.due(100.5)[0] is None
    pace.ack(1)
    assert pace.due(100.05)[0] is None
    assert pace.due(100.05)[1] < 0.1
    assert pace.due(100.11)[0] == "frame"


def test_large_frames_leave_more_rarely():
    pace = Pace()
    pace.hello()
    pace.sent(100.0, 1, size=2 * BYTES_PER_SECOND)
    pace.ack(1)
    assert pace.due(101.9)[0] is None
    assert pace.due(102.0)[0] == "frame"


def test_a_silent_page_gets_one_status_a_second_and_a_hello_starts_it_again():
    pace = Pace()
    pace.hello()
    pace.sent(100.0, 1)
    assert pace.due(101.9)[0] is None
    assert pace.due(102.0)[0] == "status"
    pace.summarised(102.0)
    assert pace.due(102.9)[0] is None
    assert pace.due(102.0 + SUMMARY)[0] == "status"
    pace.hello()
    assert pace.due(102.0)[0] == "frame"


def test_without_a_page_nothing_is_sent():
    page, state = Page(), State()
    publisher = publisher_to(page, state)
    for step in range(100):
        state.move(step)
        publisher.notify()
    assert publisher.settle()
    assert page.messages == []


def test_a_page_ends_at_the_newest_state_however_many_there_were():
    page, state = Page(), State()
    publisher = publisher_to(page, state)
    publisher.hello()
    for step in range(5000):
        state.move(step)
        publisher.notify()
    last = page.wait_for(lambda m: m["t"] == "full" and m["value"][0] == 4999)
    assert last["count"].tolist() == [4999] * 10
    assert len(page.messages) < 1000
    assert publisher.settle()
    publisher.close()


def test_few_moved_rows_travel_as_a_delta_on_the_frame_before():
    page, state = Page(), State()
    publisher = publisher_to(page, state)
    state.move(1)
    publisher.hello()
    first = page.wait_for(lambda m: m["t"] == "full")
    state.move(2, rows=[3])
    publisher.notify()
    delta = page.wait_for(lambda m: m["t"] == "delta")
    assert (delta["base"], delta["rows"].tolist(), delta["value"].tolist()) == (first["seq"], [3], [2.0])
    assert delta["count"] == {"all": 2}
    publisher.hello()
    assert page.wait_for(lambda m: m["t"] == "full" and m["seq"] > delta["seq"])["value"][3] == 2
    publisher.close()


def test_a_state_without_new_values_travels_alone():
    page, state = Page(), State()
    publisher = publisher_to(page, state)
    publisher.hello()
    page.wait_for(lambda m: m["t"] == "full")
    state.status = Status("paused")
    publisher.notify()
    assert page.wait_for(lambda m: m["t"] == "status")["status"]["state"] == "paused"
    publisher.close()


def test_a_page_that_comes_back_gets_the_values_it_missed():
    page, state = Page(), State()
    page.acknowledges = False
    publisher = publisher_to(page, state)
    publisher.hello()
    full = page.wait_for(lambda m: m["t"] == "full")
    state.move(7)
    state.status = Status("finished")
    publisher.notify()
    assert page.wait_for(lambda m: m["t"] == "status")["status"]["state"] == "finished"
    assert len(page.of("full")) == 1
    publisher.ack(full["seq"])
    assert page.wait_for(lambda m: m["t"] == "full" and m["seq"] > full["seq"])["value"][0] == 7
    publisher.close()


def test_requests_are_answered_in_order_by_one_thread_at_a_time():
    inside, page, state = threading.Lock(), Page(), State()

    def send(content, buffers):
        assert inside.acquire(blocking=False), "two threads send at once"
        page(content, buffers)
        inside.release()

    publisher = Publisher(send, state)
    threads = [
        threading.Thread(
            target=lambda k=k: [publisher.post(lambda i=i: wire.error(f"{k} {i}")) for i in range(50)]
        )
        for k in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert publisher.settle()
    said = [message["message"].split() for message in page.of("error")]
    assert [[i for who, i in said if who == str(k)] for k in range(4)] == [[str(i) for i in range(50)]] * 4
    publisher.close()


def test_a_snapshot_that_fails_is_told_to_the_page_and_the_next_one_comes(caplog):
    page, state = Page(), State()
    broken = [True]

    def snapshot():
        if broken:
            broken.clear()
            raise ZeroDivisionError("oh")
        return state()

    publisher = Publisher(page, snapshot)
    publisher.hello()
    assert "ZeroDivisionError: oh" in page.wait_for(lambda m: m["t"] == "error")["message"]
    publisher.notify()
    page.wait_for(lambda m: m["t"] == "full")
    assert "ZeroDivisionError" in caplog.text
    publisher.close()


def test_a_front_end_may_prefer_more_or_fewer_frames():
    pace = Pace()
    pace.hello()
    try:
        preferences.prefer(rate=2)
        pace.sent(100.0, 1)
        pace.ack(1)
        assert pace.due(100.4)[0] is None
        assert pace.due(100.51)[0] == "frame"
    finally:
        preferences.prefer(rate=10)
