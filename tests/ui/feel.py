"""Measures how the panel feels: `python tests/ui/feel.py`. Prints medians, and the processor time of what was measured.

A million rows: first paint within 1 s of the frame's arrival, a sort within 300 ms, a filter within 100 ms, no frame
over 50 ms while scrolling. 300 rows: everything within 16 ms. A stream of ten frames a second over 100,000 points, at
most 4 MB/s: no task over 100 ms, and under 2 % of the kernel's time. Wall times of a busy machine are too long: the
processor time of the page's main thread is beside them.
"""

from __future__ import annotations

import os
import sys
import time
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
from labserver import chromium
from playwright.sync_api import Browser, CDPSession
from ui.blank import Blank, full, snapshot

from dvlwidgets.widgets import wire
from dvlwidgets.widgets.publisher import BYTES_PER_SECOND
from dvlwidgets.widgets.snapshot import Points, Snapshot

TRIES = 5
PAINTED = """(what) => new Promise(async (done) => {
    const root = document.querySelector('[data-dvl-panel]').shadowRoot;
    const act = new Function('root', 'kernel', 'frame', what);
    const frame = kernel.held;
    requestAnimationFrame(() => setTimeout(() => {
        const start = performance.now();
        act(root, kernel, frame);
        // the first callback is before the paint, the message after it
        requestAnimationFrame(() => {
            const {port1, port2} = new MessageChannel();
            port1.onmessage = () => done(performance.now() - start);
            port2.postMessage(0);
        });
    }));
})"""
SCROLL = """() => new Promise((done) => {
    const table = document.querySelector('[data-dvl-panel]').shadowRoot.querySelector('[data-testid=table]');
    const deltas = [];
    let before = performance.now(), at = 0;
    const step = (now) => {
        deltas.push(now - before);
        before = now;
        at += 1;
        table.scrollTop = at % 20 === 0 ? (at * 7919 * 30) % (table.scrollHeight - 600) : table.scrollTop + 90;
        at < 180 ? requestAnimationFrame(step) : done(deltas.slice(2));
    };
    requestAnimationFrame(step);
})"""
STREAM = """({names, every}) => new Promise(async (done) => {
    const frames = [];
    for (const name of names) frames.push(await kernel.frame(name));
    const tasks = [];
    const watch = new PerformanceObserver((list) => list.getEntries().forEach((e) => tasks.push(e.duration)));
    watch.observe({type: 'longtask'});
    const start = performance.now();
    let at = 0;
    const next = () => {
        if (at === frames.length) {
            setTimeout(() => done({tasks, seconds: (performance.now() - start) / 1000}), 1000);
            return;
        }
        kernel.say(...frames[at++]);
        setTimeout(next, every);
    };
    next();
})"""
STEPS = {
    "sort by id": ("root.querySelector('[data-testid=sort-id]')?.click()", 300),
    "sort by the error": ("root.querySelector('[data-testid=sort-stderr]').click()", 300),
    "sort by label": ("root.querySelector('[data-testid=sort-label]').click()", 300),
    "sort by value": ("root.querySelector('[data-testid=sort-value]').click()", 300),
    "lowest 5 %, on or off": ("root.querySelector('[data-chip=lowest]').click()", 100),
    "a class, on or off": (
        (
            "const a = root.querySelector('[data-testid=filter-label]'); "
            "a.selectedIndex = a.selectedIndex === 3 ? 0 : 3; a.dispatchEvent(new Event('change', {bubbles: true}))"
        ),
        100,
    ),
}
FIRST = "kernel.say(...frame)"


class Clock:
    """The processor time of the page's main thread, in seconds."""

    def __init__(self, blank: Blank) -> None:
        self._session: CDPSession = blank.page.context.new_cdp_session(blank.page)
        self._session.send("Performance.enable", {"timeDomain": "threadTicks"})

    def __call__(self) -> float:
        found = self._session.send("Performance.getMetrics")["metrics"]
        return float(next(m["value"] for m in found if m["name"] == "TaskDuration"))


def say(name: str, walls: list[float], work: list[float], goal: float) -> None:
    """One line: milliseconds to the paint, and of the main thread's processor time."""
    print(
        f"  {name:24} to paint {median(walls):7.1f} ms, processor {1000 * median(work):7.1f} ms (goal {goal:g} ms)"
    )


def first_paint(browser: Browser, n: int, goal: float) -> Blank:
    """A panel that holds `n` points, having measured how it came by them."""
    walls, work = [], []
    frame = full(n)
    for _ in range(3):
        blank = Blank.open(browser)
        blank.frames["frame"] = frame
        blank.mount()
        blank.page.evaluate("async () => { kernel.held = await kernel.frame('frame') }")
        wall, processor = timed(blank, Clock(blank), FIRST)
        walls.append(wall)
        work.append(processor)
        if len(walls) < 3:
            blank.close()
    print(f"{n:,} rows, a frame of {sum(map(len, frame.buffers)) / 1e6:.1f} MB")
    say("first paint", walls, work, goal)
    return blank


def timed(blank: Blank, clock: Clock, what: str) -> tuple[float, float]:
    """Milliseconds to the paint after `what`, and seconds of the main thread."""
    before = clock()
    wall = blank.page.evaluate(PAINTED, what)
    return float(wall), clock() - before


def steps(blank: Blank, goal: float | None = None) -> None:
    """Sorts, filters, scrolls."""
    clock = Clock(blank)
    blank.page.wait_for_timeout(1000)  # charts in the headers and beside the table come one after the other
    idle = [timed(blank, clock, "")[1] for _ in range(TRIES)]
    for name, (what, limit) in STEPS.items():
        walls, work = zip(*(timed(blank, clock, what) for _ in range(2 * TRIES)), strict=True)
        say(name, list(walls), [x - median(idle) for x in work], goal or limit)
    before = clock()
    deltas = blank.page.evaluate(SCROLL)
    share = (clock() - before) / len(deltas)
    late = sum(delta > 50 for delta in deltas)
    print(
        f"  scrolling {len(deltas)} frames: median {median(deltas):.1f} ms, longest {max(deltas):.1f} ms, {late} over"
        f" 50 ms; processor {1000 * share:.1f} ms a frame"
    )


def stream(browser: Browser, n: int = 100_000, frames: int = 50) -> None:
    """Ten frames a second in which as many points move as 4 MB/s let through; what the kernel needs to make them."""
    now, rng = snapshot(n), np.random.default_rng(1)
    blank = Blank.open(browser)
    blank.mount()
    blank.tell(wire.full(1, now))
    blank.paint()
    rows = BYTES_PER_SECOND // 10 // wire.DELTA_BYTES
    costs, names, size = [], [], 0
    for seq in range(2, frames + 2):
        after = moved(now, rng.choice(n, rows, replace=False), rng)
        start = time.process_time()
        frame = wire.delta(seq, seq - 1, now.points, after, len(now.history))
        costs.append(time.process_time() - start)
        assert frame is not None
        now, size = after, size + sum(map(len, frame.buffers))
        blank.frames[f"delta{seq}"] = frame
        names.append(f"delta{seq}")
    clock = Clock(blank)
    before = clock()
    result: dict[str, Any] = blank.page.evaluate(STREAM, {"names": names, "every": 100})
    busy = clock() - before
    seconds = result["seconds"] - 1
    print(
        f"{frames} delta frames of {rows:,} of {n:,} points: {size / frames / 1e5:.2f} MB/s at ten a second"
    )
    print(
        f"  long tasks {len(result['tasks'])}, the longest {max(result['tasks'], default=0):.0f} ms (goal 100)"
    )
    print(
        f"  processor {1000 * busy / frames:.1f} ms a frame, {seconds:.1f} s for {frames / 10:g} s of frames"
    )
    cost = 1000 * median(costs)
    print(f"  kernel {cost:.2f} ms a frame: {cost:.2f} % of a core at ten a second (goal 2 %)")
    blank.close()


def moved(now: Snapshot, rows: Any, rng: np.random.Generator) -> Snapshot:
    """The snapshot after some points moved, each counted once more."""
    value, count = now.points.value.copy(), now.points.count.copy()
    value[rows] += rng.normal(0, 0.01, len(rows)).astype("f4")
    count[rows] += 1
    return replace(now, points=Points(value, now.points.stderr, count, now.points.converged))


def main() -> None:
    """Everything."""
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores: wall times are upper bounds")
    with chromium() as browser:
        for n, first, goal in ((1_000_000, 1000.0, None), (300, 16.0, 16.0)):
            blank = first_paint(browser, n, first)
            steps(blank, goal)
            blank.close()
        stream(browser)


if __name__ == "__main__":
    main()
