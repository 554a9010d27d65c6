"""Measures how the panel feels: `python tests/ui/feel.py [rows]`. Prints medians, and what it took at least.

A million rows: first paint within 1 s of the frame's arrival, a sort within 300 ms, a filter within 100 ms, no frame
over 50 ms while scrolling. 300 rows: everything within a frame. A stream of ten frames a second over 100,000 points, at
most 4 MB/s: no task over 100 ms, and under 2 % of the kernel's time.

"Processor" is what counts: the time of the page's main thread from the action to the end of the first frame that it
leads to, as the browser's trace has it, in the middle and at the least (other processes only make it longer). "Later"
is what comes after that frame: charts beside the table, previews; "longest" the longest task of all. The same in wall
time: "to the paint" from the action, which comes just after a frame, so that the next is 16.7 ms away whatever the
panel does; "work" leaves that wait out. "Settled" counts the frames until nothing changes any more; somebody who
watches the page for that makes every change dearer, so it is counted in runs of their own.
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
from ui.tasks import PARTS, Tasks, Tracer, total

from dvlwidgets.widgets import wire
from dvlwidgets.widgets.publisher import BYTES_PER_SECOND
from dvlwidgets.widgets.snapshot import Points, Snapshot

TRIES = 5
FRAME = 16.7
"""Milliseconds between two frames of the headless browser."""
QUIET = 400
"""After so many milliseconds all that an action leads to is over."""
PAINTED = """([what, watched, quiet]) => new Promise(async (done) => {
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
    const rest = () => {
        performance.mark('dvl-done');
        done({wall, work, settled});
    };
    requestAnimationFrame(() => setTimeout(() => {
        let began = 0;
        const start = performance.now();
        requestAnimationFrame(() => { began = performance.now(); watched && follow(); }); // the next frame's first
        performance.mark('dvl-begun');
        act(root, kernel, frame);
        const handled = performance.now();
        watched || setTimeout(rest, quiet);
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
        if (at < 180) return requestAnimationFrame(step);
        performance.mark('dvl-done');
        done(deltas.slice(2));
    };
    performance.mark('dvl-begun');
    requestAnimationFrame(step);
})"""
STREAM = """({names, every}) => new Promise(async (done) => {
    const frames = [];
    for (const name of names) frames.push(await kernel.frame(name));
    const tasks = [];
    const watch = new PerformanceObserver((list) => list.getEntries().forEach((e) => tasks.push(e.duration)));
    watch.observe({type: 'longtask'});
    const start = performance.now();
    performance.mark('dvl-begun');
    let at = 0;
    const next = () => {
        if (at === frames.length) {
            setTimeout(() => {
                performance.mark('dvl-done');
                done({tasks, seconds: (performance.now() - start) / 1000});
            }, 1000);
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
    "sort by updates": ("root.querySelector('[data-testid=sort-count]').click()", 300),
    "sort by a feature": ("root.querySelector('[data-testid=sort-f0]').click()", 300),
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
SELECT = "const rows = [...root.querySelectorAll('[data-testid=row]:not([hidden])')]; "
MORE = {
    "a search": "const a = root.querySelector('[data-testid=filter-text]'); a.value = a.value ? '' : '2'; "
    "a.dispatchEvent(new Event('input', {bubbles: true}))",
    "a brush, on or off": "window.on = !window.on; root.querySelector('[data-testid=histogram]').dispatchEvent("
    "new KeyboardEvent('keydown', {key: window.on ? 'ArrowLeft' : 'Escape', bubbles: true, composed: true}))",
    "a range, on or off": f"""
        {SELECT} window.many = !window.many;
        if (window.many) {{
            const shift = {{bubbles: true, composed: true, shiftKey: true}};
            rows[14].querySelector('.value').dispatchEvent(new MouseEvent('click', shift));
        }} else root.querySelector('[data-testid=footer-selected]').click();
    """,
    "scrolled by three rows": "root.querySelector('[data-testid=table]').scrollTop += 90",
    "a row in focus": f"{SELECT} rows[3 + Math.floor(Math.random() * 9)].querySelector('.value').click()",
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
_KEY = """root.querySelector('[data-testid=table]').dispatchEvent(
            new KeyboardEvent('keydown', {key: String(turn % 10), bubbles: true, composed: true}))"""
MORE["an undo, and its answer"] = (
    MORE["a label, and its answer"]
    .replace(_KEY, "root.querySelector('[data-testid=undo]').click()")
    .replace("findLast(({t}) => t === 'relabel')", "findLast(({t}) => t === 'undo')")
    .replace("{request, rows, label}", "{request}")
    .replace(", rows, codes: [label]", ", rows: [turn], codes: [turn % 10]")
)
"""What is asked of 300 rows besides: all of it within a frame."""
FIRST = "kernel.say(...frame)"


class Clock:
    """The processor time of the page's main thread, in seconds."""

    def __init__(self, blank: Blank) -> None:
        self._session: CDPSession = blank.page.context.new_cdp_session(blank.page)
        self._session.send("Performance.enable", {"timeDomain": "threadTicks"})

    def __call__(self) -> float:
        found = self._session.send("Performance.getMetrics")["metrics"]
        return next(float(m["value"]) for m in found if m["name"] == "TaskDuration")


@dataclass(frozen=True)
class Felt:
    """One action: milliseconds, and frames until nothing changed any more, where somebody watched."""

    wall: float
    work: float
    tasks: Tasks
    settled: int | None = None


def say(name: str, felt: list[Felt], goal: float) -> None:
    """One line of medians."""
    plain = [x for x in felt if x.settled is None]
    wall, work = median(x.wall for x in plain), median(x.work for x in plain)
    processor = [total(x.tasks.answer) for x in plain]
    later = median(total(x.tasks.all) - total(x.tasks.answer) for x in plain)
    longest = median(x.tasks.longest for x in plain)
    parts = ", ".join(
        f"{part} {median(x.tasks.part(part) for x in plain):.1f}" for part in dict.fromkeys(PARTS.values())
    )
    late = "" if median(processor) <= goal else "  <- late"
    settled = median(x.settled for x in felt if x.settled is not None)
    print(
        f"  {name:24} processor {median(processor):6.1f} ms, at least {min(processor):6.1f} (goal {goal:g}; {parts}), "
        f"later {later:5.1f}, longest {longest:5.1f}; to the paint {wall:6.1f}, work {work:6.1f}, settled in "
        f"{settled:g} frames{late}"
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
        felt.append(timed(blank, Tracer(browser, blank.page), FIRST, watched=at == 0))
        if at < 3:
            blank.close()
    print(f"{n:,} rows, a frame of {sum(map(len, frame.buffers)) / 1e6:.1f} MB")
    say("first paint", felt, goal)
    return blank


def timed(blank: Blank, tracer: Tracer, what: str, *, watched: bool = False) -> Felt:
    """What `what` does, until long after its paint."""
    if watched:
        found = blank.page.evaluate(PAINTED, [what, True, QUIET])
        return Felt(found["wall"], found["work"], Tasks(), found["settled"])
    with tracer.watch() as tasks:
        found = blank.page.evaluate(PAINTED, [what, False, QUIET])
    return Felt(found["wall"], found["work"], tasks)


def steps(blank: Blank, goals: Mapping[str, tuple[str, float]]) -> None:
    """Sorts, filters, scrolls."""
    browser = blank.page.context.browser
    assert browser is not None
    tracer, clock = Tracer(browser, blank.page), Clock(blank)
    blank.page.wait_for_timeout(1000)  # charts in the headers and beside the table come one after the other
    for name, (what, limit) in goals.items():
        felt = [timed(blank, tracer, what, watched=at < 2) for at in range(2 * TRIES + 2)]
        say(name, felt, limit)
    before = clock()
    deltas = blank.page.evaluate(SCROLL)
    share = (clock() - before) / len(deltas)
    with tracer.watch() as tasks:
        blank.page.evaluate(SCROLL)
    print(
        f"  scrolling {len(deltas)} frames: processor {1000 * share:.1f} ms a frame, the longest task "
        f"{tasks.longest:.1f} ms (goal 50); wall median {median(deltas):.1f} ms, longest {max(deltas):.1f} ms"
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
    with Tracer(browser, blank.page).watch() as tasks:
        result: dict[str, Any] = blank.page.evaluate(STREAM, {"names": names, "every": 100})
    busy = total(tasks.all)
    seconds = result["seconds"] - 1
    print(
        f"{frames} delta frames of {rows:,} of {n:,} points: {size / frames / 1e5:.2f} MB/s at ten a second"
    )
    wall = max(result["tasks"], default=0)
    print(f"  the longest task {tasks.longest:.0f} ms of processor (goal 100), {wall:.0f} ms of wall time")
    print(f"  processor {busy / frames:.1f} ms a frame, {seconds:.1f} s for {frames / 10:g} s of frames")
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
