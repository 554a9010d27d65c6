"""A fragment as an HTML page of its own, and what may stand in the scripts of either: nothing that ends them."""

from __future__ import annotations

import json
from html import escape
from typing import Any

from dvlwidgets.data.shown import as_html


def document(title: str, content: str, held: str = "") -> str:
    """One HTML page around a fragment: nothing in it may be loaded from elsewhere.

    Args:
        title: of the page.
        content: the fragment.
        held: what there is of it in the file, for those who have it on paper; "" for what is not said.
    """
    printed = "Printed: the rows that were on the screen, in as many columns as fit. The file has"
    paper = as_html(f"{printed} {held or 'all'}.")
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        # nothing may be loaded from anywhere: what the page needs is in it
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; img-src data: blob:; '
        "style-src 'unsafe-inline'; script-src 'unsafe-inline'\">\n"
        f"<title>{escape(title)}</title>\n"
        "<style>:root{color-scheme:light dark;--dvl-height:calc(100vh - 34px)}"
        "body{margin:16px;font:14px/1.5 system-ui,sans-serif}"
        "td,th{padding:2px 12px 2px 0;text-align:left}table{margin:12px 0}img{max-width:100%;height:auto}"
        ".dvl-paper{display:none}@media print{:root{--dvl-height:0px}.dvl-paper{display:block}}</style>\n"
        f'</head>\n<body>\n{content}\n<p class="dvl-paper"><small>{paper}</small></p>\n</body>\n</html>\n'
    )


def inert(data: Any) -> str:
    """JSON that cannot end the script element that holds it."""
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def inert_script(source: str) -> str:
    """JavaScript that cannot end, or hide the end of, the script element that holds it."""
    return source.replace("</script", "<\\/script").replace("<!--", "<\\!--")
