"""The built panel in a blank page: a made-up kernel hands it frames of the Python encoder, however large."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from playwright.sync_api import Browser, Page, Route

from dvlwidgets.widgets import wire
from dvlwidgets.widgets.snapshot import Content, Labels, Points, Snapshot, Status, Subject
from dvlwidgets.widgets.wire import Frame

STATIC: Final = Path(__file__).resolve().parents[2] / "dvlwidgets" / "static"
SITE: Final = "http://127.0.0.1:9/"
"""Nothing listens there: every request is answered here."""
WHOLE: Final = {"widget", "influence", "viewer"}
"""The others are modules of parts, which Python hands over."""
NO_EDITS: Final[Content] = {
    "count": 0, "relabelled": 0, "dropped": 0, "undo": False, "redo": False, "path": "edits.jsonl", "saved": True,
}  # fmt: skip
PAGE: Final = """<!doctype html><html lang="en"><head><title>panel</title></head>
<body style="margin:0"><main id="at"></main></body></html>"""
MOUNT: Final = """async ({module, later, height}) => {
    const {default: make} = await import(`/${module}.js`);
    const hear = new Set();
    const say = (content, buffers = []) => hear.forEach((one) => one(content, buffers));
    const model = {
        sent: [],
        get: (name) => ({title: 'digits', height})[name],
        send(command) {
            this.sent.push(command);
            if (command.t === 'part' && command.do === 'code' && later[command.part]) {
                const {part, request} = command;
                setTimeout(() => say({v: 1, t: 'part', part, request, kind: 'code', text: later[part]}));
            }
        },
        on: (event, one) => event === 'msg:custom' && hear.add(one),
        off: (event, one) => hear.delete(one),
    };
    window.kernel = {
        model, say,
        async frame(name) {
            const {content, sizes} = await (await fetch(`/${name}.json`)).json();
            const all = await (await fetch(`/${name}.bin`)).arrayBuffer();
            let at = 0;
            return [content, sizes.map((size) => new DataView(all, (at += size) - size, size))];
        },
        async tell(name) { say(...await this.frame(name)); },
    };
    const widget = make();
    widget.initialize({model});
    widget.render({model, el: document.getElementById('at')});
    // Somebody turns to the panel, as soon as it shows points: what comes then is there for the test.
    const asked = () => model.sent.some((one) => one.part === 'view' && one.do === 'code');
    const timer = setInterval(() => {
        const panel = document.querySelector('[data-dvl-panel]')?.shadowRoot?.querySelector('.panel');
        asked() ? clearInterval(timer) : panel?.dispatchEvent(new Event('pointerover'));
    }, 30);
}"""


def snapshot(n: int, *, seed: int = 0, state: str = "running", **status: Any) -> Snapshot:
    """Made-up values of `n` points of ten classes; the first twentieth are low."""
    rng = np.random.default_rng(seed)
    value = rng.normal(0.4, 1.0, n) - 2.5 * (np.arange(n) < n / 20)
    codes = rng.integers(0, 10, n).astype("u2")
    points = Points.of(value, rng.uniform(0.05, 0.3, n), np.full(n, 30), rng.random(n) < 0.8)
    labels = Labels(tuple("0123456789"), codes, codes)
    subject = Subject(n, "digits, made up", "Shapley", features=(("ink", rng.random(n)),), share="values")
    said = Status(
        state, done=7440, total=12_000, seconds=20.0, left=21.0, certainty=0.91, target=0.95, completion=0.62,
        reason="ranking 91 % certain, 95 % wanted", threshold=0.0, unit_of_value="accuracy",
    )  # fmt: skip
    history = [(1000 * i, 1 - 0.8**i, 0.1 * i) for i in range(1, 8)]
    return Snapshot(
        subject, points, labels, np.zeros(n, dtype="u1"), replace(said, **status), history, NO_EDITS
    )


@dataclass
class Blank:
    """A page with one panel, and the frames that it may fetch by name."""

    page: Page
    frames: dict[str, Frame] = field(default_factory=dict)

    @classmethod
    def open(cls, browser: Browser, *, width: int = 1400, height: int = 900, **context: Any) -> Blank:
        """Shows an empty page; `context` goes to the browser's context."""
        made = cls(browser.new_context(viewport={"width": width, "height": height}, **context).new_page())
        made.page.route(f"{SITE}**", made._answer)
        made.page.goto(SITE)
        return made

    def mount(self, height: int = 800, module: str = "widget") -> None:
        """Renders a panel that waits for its first frame."""
        later = {file.stem: file.read_text("utf-8") for file in STATIC.glob("*.js") if file.stem not in WHOLE}
        self.page.evaluate(MOUNT, {"module": module, "later": later, "height": height})

    def tell(self, frame: Frame, name: str = "frame") -> None:
        """Sends the panel a message."""
        self.frames[name] = frame
        self.page.evaluate("name => kernel.tell(name)", name)

    def paint(self) -> None:
        """Waits for two paints."""
        self.page.evaluate(
            "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
        )

    def close(self) -> None:
        self.page.context.close()

    def _answer(self, route: Route) -> None:
        name = route.request.url.removeprefix(SITE)
        stem, _, kind = name.partition(".")
        if name == "":
            route.fulfill(body=PAGE, content_type="text/html")
        elif kind == "js":
            route.fulfill(body=(STATIC / name).read_bytes(), content_type="text/javascript")
        elif kind == "json" and stem in self.frames:
            content, buffers = self.frames[stem]
            sizes = [len(buffer) for buffer in buffers]
            route.fulfill(
                body=json.dumps({"content": content, "sizes": sizes}), content_type="application/json"
            )
        elif kind == "bin" and stem in self.frames:
            route.fulfill(body=b"".join(self.frames[stem].buffers), content_type="application/octet-stream")
        else:
            route.fulfill(status=404, body="")


def full(n: int, **more: Any) -> Frame:
    """The first frame of a panel of `n` points."""
    return wire.full(1, snapshot(n, **more))


def before(n: int) -> Frame:
    """The values before these: the same ones half as far from 0 again."""
    pack = wire.Packer()
    body = {"values": pack(1.5 * snapshot(n).points.value, "f4")}
    return wire.part("again", "before", body, pack=pack)


def course() -> Frame:
    """A ranking that comes to rest."""
    steps = [{"done": 2 * at, "half": at, "stability": 1 - 300 / (at + 300)} for at in range(400, 3800, 300)]
    return wire.part("stability", "course", {"course": steps})
