"""The interactive page of copies: their data and the viewer in one file, with nothing to load."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from html import escape

from dvlwidgets.cli.copies import Copy
from dvlwidgets.cli.printing import described
from dvlwidgets.data.shown import shown, writable
from dvlwidgets.data.snapshot_html import DATA_CLASS, FRAGMENT_CLASS

ROWS = 10


def page_of(copies: Sequence[Copy]) -> str:
    """One page of all copies."""
    from dvlwidgets.widgets import bundle
    from dvlwidgets.widgets.document import document, inert_script

    viewer = inert_script(bundle.read("viewer.js"))
    parts = [part for copy in copies for part in _mounted(copy)]
    title = ", ".join(shown(copy.found.title or copy.found.run)[:80] for copy in copies[:3])
    return writable(document(title or "dvlwidgets", "\n".join([*parts, f"<script>{viewer}</script>"])))


def _mounted(copy: Copy) -> list[str]:
    """What a reader without scripts sees, and the data."""
    from dvlwidgets.widgets.document import inert
    from dvlwidgets.widgets.fragment import closing
    from dvlwidgets.widgets.levels import HOLDS

    share = copy.text("share")
    held = closing(share) if share in HOLDS else ""
    name = f"dvl-{uuid.uuid4().hex}"
    text, data = escape(described(copy, ROWS, place=False)), inert(copy.found.payload)
    return [
        f'<div id="{name}" class="{FRAGMENT_CLASS}">\n<pre>{text}</pre>\n{held}\n</div>',
        f'<script type="application/json" class="{DATA_CLASS}" data-for="{name}">{data}</script>',
    ]
