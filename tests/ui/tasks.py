"""What the main thread of a page does, task by task, in processor time: on a busy machine wall time says little."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from playwright.sync_api import Browser, Page

CATEGORIES: Final = ("toplevel", "devtools.timeline", "blink.user_timing")
PARTS: Final = {
    "FunctionCall": "script", "EventDispatch": "script", "UpdateLayoutTree": "style", "Layout": "layout",
    "PrePaint": "paint", "Paint": "paint", "Layerize": "paint",
}  # fmt: skip
BEGUN: Final = "dvl-begun"
DONE: Final = "dvl-done"
"""Marks that the page sets with `performance.mark` where the time that counts begins and ends."""


@dataclass(frozen=True)
class Task:
    """One task: processor milliseconds, what they went to, and whether it painted a frame."""

    took: float
    parts: dict[str, float]
    painted: bool


@dataclass
class Tasks:
    """Every task between the two marks."""

    all: list[Task] = field(default_factory=list)

    @property
    def answer(self) -> list[Task]:
        """As far as the first frame: what somebody waits for."""
        frames = [at for at, task in enumerate(self.all) if task.painted]
        return self.all[: frames[0] + 1] if frames else self.all

    @property
    def longest(self) -> float:
        return max((task.took for task in self.all), default=0.0)

    def part(self, name: str) -> float:
        """What the answer took of this part."""
        return sum(task.parts.get(name, 0.0) for task in self.answer)


def total(tasks: list[Task]) -> float:
    """Milliseconds of them all."""
    return sum(task.took for task in tasks)


class Tracer:
    """Records what a browser does; one page at a time acts."""

    def __init__(self, browser: Browser, page: Page) -> None:
        self._session = browser.new_browser_cdp_session()
        self._page = page
        self._events: list[dict[str, Any]] = []
        self._complete = False
        self._session.on("Tracing.dataCollected", lambda said: self._events.extend(said["value"]))
        self._session.on("Tracing.tracingComplete", self._end)

    def _end(self, _: object) -> None:
        self._complete = True

    @contextmanager
    def watch(self) -> Iterator[Tasks]:
        """Fills what it gives once the block is over, in which the page sets both marks."""
        self._events.clear()
        self._complete = False
        tasks = Tasks()
        config = {"includedCategories": list(CATEGORIES), "excludedCategories": ["*"]}
        self._session.send("Tracing.start", {"transferMode": "ReportEvents", "traceConfig": config})
        try:
            yield tasks
        finally:
            self._session.send("Tracing.end")
            while not self._complete:
                self._page.wait_for_timeout(20)
        tasks.all = _between_marks(self._events)


def _between_marks(events: list[dict[str, Any]]) -> list[Task]:
    marks = {event["name"]: event for event in events if event["name"] in (BEGUN, DONE)}
    begun, done = marks[BEGUN], marks[DONE]
    thread = (begun["pid"], begun["tid"])
    mine = [event for event in events if (event["pid"], event["tid"]) == thread and "tdur" in event]
    mine.sort(key=lambda event: (event["ts"], -event["dur"]))
    found = []
    for task in mine:
        end = task["ts"] + task["dur"]
        if task["name"] == "ThreadControllerImpl::RunTask" and begun["ts"] <= end <= done["ts"]:
            found.append(_read([event for event in mine if task["ts"] <= event["ts"] < end]))
    return found


def _read(events: list[dict[str, Any]]) -> Task:
    """The first of the events is the task; each part has what those inside it do not."""
    parts: dict[str, float] = {}
    inside: list[dict[str, Any]] = []
    for event in events:
        while inside and event["ts"] >= inside[-1]["ts"] + inside[-1]["dur"]:
            inside.pop()
        for name, sign in ((event["name"], 1), (inside[-1]["name"] if inside else "", -1)):
            if name in PARTS:
                parts[PARTS[name]] = parts.get(PARTS[name], 0.0) + sign * event["tdur"] / 1000
        inside.append(event)
    return Task(events[0]["tdur"] / 1000, parts, any(event["name"] == "Layerize" for event in events))
