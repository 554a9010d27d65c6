"""A panel of Python in a page of its own, without JupyterLab and without a kernel: the browser asks this process."""

from __future__ import annotations

import base64
import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from playwright.sync_api import Browser, Locator, Page
from ui.blank import Blank
from ui.work import until

MOUNT: Final = """async ({bundle, title, height, turn}) => {
    const {default: make} = await import(`/${bundle}`);
    const hear = new Set();
    const buffer = (text) => new DataView(Uint8Array.from(atob(text), (one) => one.charCodeAt(0)).buffer);
    const listen = async () => {
        for (const [content, buffers] of await fromPython()) {
            hear.forEach((one) => one(content, buffers.map(buffer)));
        }
        setTimeout(listen, 15);
    };
    const model = {
        get: (name) => ({title, height})[name],
        sent: [],
        send(command) {
            this.sent.push(command);
            toPython(command);
        },
        on: (event, one) => event === 'msg:custom' && hear.add(one),
        off: (event, one) => hear.delete(one),
    };
    const widget = make();
    widget.initialize({model});
    widget.render({model, el: document.getElementById('at')});
    listen();
    // Somebody turns to the panel, as soon as it shows points: what comes then is there for the test.
    const asked = () => !turn || model.sent.some((one) => one.part === 'view' && one.do === 'code');
    const timer = setInterval(() => {
        const panel = document.querySelector('[data-dvl-panel]')?.shadowRoot?.querySelector('.panel');
        asked() ? clearInterval(timer) : panel?.dispatchEvent(new Event('pointerover'));
    }, 30);
}"""


@dataclass
class Bridge:
    """A page that shows one panel; what it sends is heard by Python while the test waits for the page."""

    page: Page
    panel: Any
    height: int = 880
    turn: bool = True
    """Whether somebody turns to the panel at once, so that what comes then is there."""
    _told: list[tuple[Any, list[str]]] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def mount(self) -> None:
        """Renders the panel in the page; again where the page was loaded anew."""
        self._hear()
        told = {
            "bundle": self.panel._bundle,
            "title": self.panel.title,
            "height": self.height,
            "turn": self.turn,
        }
        self.page.evaluate(MOUNT, told)

    def part(self, name: str) -> Locator:
        return self.page.get_by_test_id(name)

    def overview_end(self) -> None:
        """Scrolls the left column as a user does: what stands below the panel's edge comes when it is seen."""
        self.page.locator(".overview").hover()
        self.page.mouse.wheel(0, 5000)

    def row(self, position: int) -> Locator:
        return self.page.locator(f"[data-testid=row][data-row='{position}']:visible")

    def order(self) -> list[int]:
        """Positions of the points on the screen, from the top."""
        rows = self.page.locator("[data-testid=row]:visible")  # all at one moment: rows come and go
        return [int(row) for row in rows.evaluate_all("all => all.map((row) => row.dataset.row ?? -1)")]

    def selected(self) -> list[int]:
        """The selection in Python, once it has heard of as many points as the page says are selected."""
        count = int(self.part("footer-selected").inner_text().split()[0])

        def heard() -> bool:
            self.page.evaluate("0")  # the page is heard while somebody waits for it
            return len(self.panel.selection) == count

        until(heard, what="Python was not told of the selection")
        return [int(row) for row in self.panel.selection]

    def _tell(self, content: Any, buffers: Any = None) -> None:
        coded = [base64.b64encode(bytes(one)).decode("ascii") for one in buffers or []]
        with self._lock:
            self._told.append((content, coded))

    def _hear(self) -> list[tuple[Any, list[str]]]:
        with self._lock:
            told, self._told = self._told, []
        return told


@contextlib.contextmanager
def bridged(
    browser: Browser, panel: Any, *, width: int = 1400, height: int = 900, turn: bool = True, **context: Any
) -> Iterator[Bridge]:
    """Opens a page with the panel; `context` goes to the browser's context. A script that fails fails the test."""
    blank = Blank.open(browser, width=width, height=height, **context)
    made = Bridge(blank.page, panel, height - 20, turn)
    errors: list[str] = []
    made.page.on("pageerror", lambda error: errors.append(str(error)))
    panel.send = made._tell
    made.page.expose_function("toPython", lambda command: panel._received(panel, command, []))
    made.page.expose_function("fromPython", made._hear)
    made.mount()
    yield made
    blank.close()
    panel.close()
    assert errors == [], "a script failed"
