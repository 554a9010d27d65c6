"""A shared copy of a panel: one bundle that serves every reader, at most so many bytes however large the data.

JupyterLab with the extension reads the small snapshot type and the payload in the HTML; other notebooks and pages run
the script behind the table; where scripts are removed the table and the picture stand; a PDF takes the picture.
"""

from __future__ import annotations

import base64
import json
import uuid
from dataclasses import dataclass, replace
from typing import Any

from dvlwidgets.arguments import whole
from dvlwidgets.data import sent_edits
from dvlwidgets.data.shown import as_html, shown, writable
from dvlwidgets.errors import InputError
from dvlwidgets.widgets import bundle, fragment, levels, payload
from dvlwidgets.widgets.document import document, inert, inert_script
from dvlwidgets.widgets.edit_tables import tests_table
from dvlwidgets.widgets.material import Material
from dvlwidgets.widgets.payload import Ordered
from dvlwidgets.widgets.selection import Selection, choose, everything
from dvlwidgets.widgets.snapshot import Content

MIME = "application/vnd.dvlwidgets.snapshot+json"
MAX_BYTES = 1_000_000
MARGIN = 3_000
"""Bytes of a stored output around the bundle, the widget view and a file's indentation."""
HIDDEN = "lm-mod-hidden"
"""A class that JupyterLab and nbconvert hide: nbconvert's sanitiser makes text of scripts instead of removing them."""
CLASSES = "dvl-snapshot tex2jax_ignore mathjax_ignore"
"""Of what is seen without a script: what names it, and what keeps math out of it."""
ROOM_FOR_ROWS = 0.6
"""Where there are previews, rows may take so much of the room; the previews get what is left."""
ROOM_FOR_EDITS = 0.3
"""Edits that take more of all bytes are left out, and the copy says so."""


@dataclass(frozen=True)
class Copy:
    """A finished copy; a notebook shows it without the widget."""

    title: str
    text: str
    html: str
    picture: bytes
    snapshot: Content
    held: str = ""
    """What the file has, as the printed page says it."""

    def bundle(self, model: str | None = None) -> Content:
        """The MIME bundle; `model` is the id of the widget, where one may be alive."""
        return {
            MIME: self.snapshot | {"model": model},
            "text/html": self.html,
            "image/png": base64.b64encode(self.picture).decode("ascii"),
            "text/plain": self.text,
        }

    def page(self) -> str:
        """The same as one HTML page."""
        return document(self.title, self.html, self.held)

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[Content, Content]:
        return self.bundle(), {}

    def __repr__(self) -> str:
        return self.text


def copy_of(material: Material, level: str, *, max_bytes: int = MAX_BYTES) -> Copy:
    """A copy at a level.

    Args:
        material: the state of a panel.
        level: one of `LEVELS`.
        max_bytes: of the whole bundle as a notebook's file holds it.

    Raises:
        InputTypeError, InputError: `max_bytes` is no whole number, or too few for a copy without any points.
        InstallationError: the JavaScript was not built.
    """
    whole("max_bytes", max_bytes, 1, "It is the size of the whole copy.")
    maker = _Maker(material, level)
    maker.keep_edits(int(max_bytes * ROOM_FOR_EDITS))
    room = max_bytes - MARGIN
    none = choose(maker.ordered.order, maker.ordered.known, maker.ordered.edited[:0], 0)
    least = maker.size(none)
    if least > room:
        raise InputError(
            f"max_bytes={max_bytes:,} was given; the copy takes {least + MARGIN:,} bytes without any points. "
            f"Pass at least {least + MARGIN:,}."
        )
    held = none if level == "summary" else _most_rows(maker, least, room)
    return maker.copy(held, 0 if held is none else _most_previews(maker, held, room))


def small(now: Any, level: str, *, run: str, summary: str, model: str | None = None) -> Content:
    """What our MIME type holds; "payload" says where the rest is: nowhere while a run has only begun."""
    return {
        "v": payload.VERSION, "run": writable(run), "model": model, "title": shown(now.subject.title),
        "summary": summary, "share": level, "payload": None,
    }  # fmt: skip


class _Maker:
    """Makes copies of different sizes of one state; what does not depend on the size is made once."""

    def __init__(self, material: Material, level: str) -> None:
        static = material.static
        self.level, self.run = level, material.run
        self.now = levels.restricted(material.now, level)
        plain = static.plain(self.now)
        previews = None if level == "summary" else material.previews
        tables = static.tables(self.now, level)
        tests = material.tests()
        edited = None if tests is None else sent_edits.shared(tests.edits, tests.data, level)
        listed = None if tests is None else tests_table(edited, tests.word)
        # elements of their own: the viewer hides the one before, `strip` reads the line that says what each holds
        self.below = "".join(
            f'\n<div class="{CLASSES}">\n{fragment.stated(one)}\n'
            f"<p><small>This copy holds {as_html(one.holds)}.</small></p>\n</div>"
            for one in [*tables, *([] if listed is None else [listed])]
        )
        self.ordered = Ordered.of(
            plain, level, kind=static.KIND, previews=previews, edits=material.edits(level), tables=tables
        )
        self.ordered = replace(self.ordered, test_edits=edited)
        self.text = shown(static.sentence(self.now))
        self.body = static.fragment(self.now, level)
        self.picture = fragment.drawn(plain)
        self.viewer = inert_script(bundle.read("viewer.js"))
        self.id = f"dvl-{uuid.uuid4().hex}"
        self.left_out = ""

    def keep_edits(self, room: int) -> None:
        """Leaves a list of edits out where it would crowd out everything else."""
        edits, tested = self.ordered.edits, self.ordered.test_edits
        if edits is not None and len(json.dumps(edits)) > room:
            self.ordered = replace(self.ordered, edits=None)
            self.left_out = f"; the list of its {len(edits['edits']):,} edits is too long to be in it"
        if tested is not None and len(json.dumps(tested)) > room:
            self.ordered = replace(self.ordered, test_edits=None)
            self.left_out += f"; {len(tested['edits']):,} edits of test points are too many to be in it"

    def copy(self, held: Selection, previewed: int = 0) -> Copy:
        """The copy that holds some points, and previews of some of them."""
        data = payload.payload(self.ordered, held, previewed)
        html = (
            f'<div id="{self.id}" class="{CLASSES}">\n{self.body}\n'
            f"{fragment.closing(self.level, held.sentence() + self.left_out)}\n</div>\n"
            f'<div class="{HIDDEN}">\n'
            f'<script type="application/json" class="dvl-snapshot-data" data-for="{self.id}">'
            f"{inert(data)}</script>\n<script>{self.viewer}</script>\n</div>{self.below}"
        )
        subject = self.now.subject
        head = small(self.now, self.level, run=self.run, summary=self.text)
        title = shown(f"{subject.title} · {subject.method}")
        names = [name for name, _ in self.ordered.now.subject.features]
        words = held.sentence() + fragment.with_features(names)
        return Copy(title, self.text, writable(html), self.picture, head | {"payload": "text/html"}, words)

    def size(self, held: Selection, previewed: int = 0) -> int:
        """Bytes of a copy in a notebook's file."""
        made = self.copy(held, previewed).bundle("0" * 32)
        return len(json.dumps(made, ensure_ascii=False).encode())

    def choose(self, k: int) -> Selection:
        """K points, or all of them."""
        ordered = self.ordered
        if k >= ordered.order.size:
            return everything(ordered.order.size)
        return choose(ordered.order, ordered.known, ordered.edited, k)


def _most_rows(maker: _Maker, least: int, room: int) -> Selection:
    """As many points as fit."""
    n = maker.ordered.order.size
    if maker.ordered.previews is not None:
        room = least + int((room - least) * ROOM_FOR_ROWS)
    k = min(n, 500)
    size = maker.size(maker.choose(k))
    for _ in range(12):
        if size <= room and k == n:
            break
        per_row = max(1.0, (size - least) / max(k, 1))
        fits = min(n, int((room - least) / per_row * 0.995))
        if size <= room and fits <= k * 1.01:
            break  # it is nearly full
        k = fits if size <= room else min(fits, int(k * 0.98))
        size = maker.size(maker.choose(k))
    while size > room:  # rows of very different length
        k //= 2
        size = maker.size(maker.choose(k)) if k else least
    return maker.choose(k)


def _most_previews(maker: _Maker, held: Selection, room: int) -> int:
    """For how many of the points a preview fits as well."""
    n = int(held.positions.size)
    if maker.ordered.previews is None or not n:
        return 0
    base = maker.size(held)
    few = min(n, 8)
    each = max(1.0, (maker.size(held, few) - base) / few)
    count = min(n, int((room - base) / each))
    while count > 0 and maker.size(held, count) > room:
        count = int(count * 0.8)
    return max(0, count)
