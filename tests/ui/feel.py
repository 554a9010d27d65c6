"""Measures how the panel feels: `python tests/ui/feel.py [rows]`. Prints medians.

A million rows: first paint within 1 s of the frame's arrival, a sort within 300 ms, a filter within 100 ms, no frame
over 50 ms while scrolling. 300 rows: everything within a frame. A stream of ten frames a second over 100,000 points, at
most 4 MB/s: no task over 100 ms, and under 2 % of the kernel's time.

An action comes just after a frame, so that the next is 16.7 ms away whatever the panel does. "To the paint" is the time
from the action to the end of the frame that follows, that wait included; "work" leaves it out: what the event's handler
takes, and from the start of that frame to the end of its style, layout and paint. With less work than a frame is long
an action is seen in the very next one. "Settled" counts the frames until nothing changes any more; somebody who watches
the page for that makes every change dearer, so it is counted in runs of their own. Wall times of a busy machine are too
long: the processor time of the page's main thread is beside them, also what scripts, style and layout have of it. It is
all that an action leads to, and not only what its first frame waits for.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
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
FRAME = 16.7
"""Milliseconds between two frames of the headless browser."""
PAINTED = """([what, watched]) => new Promise(async (done) => {
    const root = document.querySelector('[data-dvl-panel]').shadowRoot;
    const act = new Function('root', 'kernel', 'frame', what);
    const frame = kernel.held;
    let frames = 0, settled = 0, wall = 0, work = 0;
    const watch = new MutationObserver(() => (settled = frames));
    if (watched) watch.observe(root, {subtree: true, childList: true, attributes: true, characterData: true});
    const follow = () => {
        frames += 1;
        if (frames < 40) return requestAnimationFrame(follow);
        watch.disconnect();
        done({wall, work, settled});
    };
    requestAnimationFrame(() => setTimeout(() => {
        let began = 0;
        const start = performance.now();
        requestAnimationFrame(() => { began = performance.now(); follow(); }); // the first of the next frame
        act(root, kernel, frame);
        const handled = performance.now();
        // the last callback is before the paint, the message after it
        requestAnimationFrame(() => {
            const {port1, port2} = new MessageChannel();
            port1.onmessage = () => {
                const now = performance.now();
                [wall, work] = [now - start, handled - start + now - began];
            };
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
MORE = {
    "a row in focus": "const rows = [...root.querySelectorAll('[data-testid=row]:not([hidden])')]; "
    "rows[3 + Math.floor(Math.random() * 9)].querySelector('.value').click()",
    "a row ticked": "root.querySelector('[data-testid=row-select]').click()",
    "the arrow key down": "root.querySelector('[data-testid=table]').dispatchEvent("
    "new KeyboardEvent('keydown', {key: 'ArrowDown', bubbles: true, composed: true}))",
    "a label, and its answer": """
        const turn = window.turn = (window.turn ?? 0) + 1;
        root.querySelector('[data-testid=table]').dispatchEvent(
            new KeyboardEvent('keydown', {key: String(turn % 10), bubbles: true, composed: true}));
        const {request, rows, label} = kernel.model.sent.findLast(({t}) => t === 'relabel');
        kernel.say({v: 1, t: 'edits', request, rows, codes: [label], numbers: null, dropped: [0], classes: null,
            edits: {count: turn, relabelled: 1, dropped: 0, undo: true, redo: false, path: 'e.jsonl', saved: true}});
    """,
}
"""What is asked of 300 rows besides: all of it within a frame."""
FIRST = "kernel.say(...frame)"


PARTS = {"ScriptDuration": "script", "RecalcStyleDuration": "style", "LayoutDuration": "layout"}
"""Of the processor time, as the browser counts it."""


class Clock:
    """The processor time of the page's main thread, in seconds."""

    def __init__(self, blank: Blank) -> None:
        self._session: CDPSession = blank.page.context.new_cdp_session(blank.page)
        self._session.send("Performance.enable", {"timeDomain": "threadTicks"})

    def __call__(self) -> float:
        return self.all()["TaskDuration"]

    def all(self) -> dict[str, float]:
        """Also what scripts, style and layout have of it."""
        found = self._session.send("Performance.getMetrics")["metrics"]
        return {m["name"]: float(m["value"]) for m in found if m["name"] in {"TaskDuration", *PARTS}}


@dataclass(frozen=True)
class Felt:
    """One action: milliseconds, and frames until nothing changed any more, where somebody watched."""

    wall: float
    work: float
    processor: Mapping[str, float]
    settled: int | None = None


def cost(felt: list[Felt]) -> dict[str, float]:
    """Medians of the processor time, as a whole and by its parts."""
    return {name: median(x.processor[name] for x in felt) for name in ("TaskDuration", *PARTS)}


def say(name: str, felt: list[Felt], goal: float, idle: Mapping[str, float] | None = None) -> None:
    """One line of medians; `idle`: milliseconds of processor that no action takes as well."""
    plain = [x for x in felt if x.settled is None]
    wall, work = median(x.wall for x in plain), median(x.work for x in plain)
    processor = {part: ms - (idle or {}).get(part, 0.0) for part, ms in cost(plain).items()}
    parts = ", ".join(f"{word} {processor[part]:.1f}" for part, word in PARTS.items())
    late = "" if work <= goal else "  <- late"
    settled = median(x.settled for x in felt if x.settled is not None)
    print(
        f"  {name:24} to the paint {wall:6.1f} ms, work {work:6.1f} ms (goal {goal:g}), processor "
        f"{processor['TaskDuration']:5.1f} ms ({parts}), settled in {settled:g} frames{late}"
    )


def first_paint(browser: Browser, n: int, goal: float) -> Blank:
    """A panel that holds `n` points, having measured how it came by them."""
    felt = []
    frame = full(n)
    for at in range(4):
        blank = Blank.open(browser)
        blank.frames["frame"] = frame
        blank.mount()
        blank.page.evaluate("async () => { kernel.held = await kernel.frame('frame') }")
        felt.append(timed(blank, Clock(blank), FIRST, watched=at == 0))
        if at < 3:
            blank.close()
    print(f"{n:,} rows, a frame of {sum(map(len, frame.buffers)) / 1e6:.1f} MB")
    say("first paint", felt, goal)
    return blank


def timed(blank: Blank, clock: Clock, what: str, *, watched: bool = False) -> Felt:
    """What `what` does, until long after its paint."""
    before = clock.all()
    found = blank.page.evaluate(PAINTED, [what, watched])
    processor = {name: 1000 * (now - before[name]) for name, now in clock.all().items()}
    return Felt(found["wall"], found["work"], processor, found["settled"] if watched else None)


def steps(blank: Blank, goals: Mapping[str, tuple[str, float]]) -> None:
    """Sorts, filters, scrolls."""
    clock = Clock(blank)
    blank.page.wait_for_timeout(1000)  # charts in the headers and beside the table come one after the other
    idle = cost([timed(blank, clock, "") for _ in range(TRIES)])
    for name, (what, limit) in goals.items():
        felt = [timed(blank, clock, what, watched=at < 2) for at in range(2 * TRIES + 2)]
        say(name, felt, limit, idle)
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
    only = [int(item) for item in sys.argv[1:]]
    with chromium() as browser:
        for n, first in ((1_000_000, 1000.0), (300, FRAME)):
            if only and n not in only:
                continue
            blank = first_paint(browser, n, first)
            steps(
                blank, STEPS if n > 1000 else {key: (what, FRAME) for key, what in within_a_frame().items()}
            )
            blank.close()
        if not only or 100_000 in only:
            stream(browser)


def within_a_frame() -> dict[str, str]:
    """Every action, for few rows."""
    return {name: what for name, (what, _) in STEPS.items()} | MORE


if __name__ == "__main__":
    main()
