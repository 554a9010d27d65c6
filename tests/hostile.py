"""Texts that try to be more than text: for titles, classes, ids, names, texts, labels and edits in every view.

A test puts them where data go and looks for what they would do: run, become an element, an attribute or a style, end
the script that holds them, write to a terminal, hide, or turn the text around them.
"""

from __future__ import annotations

import re
import unicodedata
from html.parser import HTMLParser

ALERT = "window.hacked=1"
"""What a script in a payload would do: a browser test looks for `window.hacked`."""

SCRIPT = (
    f"<script>{ALERT}</script>",
    f"</script><script>{ALERT}</script>",
    f"</SCRIPT\t><script>{ALERT}</script >",
    f"<scr<script>ipt>{ALERT}</scr</script>ipt>",
    f"<!--<script>{ALERT}//--></script>",
    "<!-- <script> -->",
    "<!--",
    "-->",
    "--!>",
    f"]]><script>{ALERT}</script>",
    f"<![CDATA[<script>{ALERT}</script>]]>",
    "<?xml-stylesheet href='javascript:window.hacked=1'?>",
)
ELEMENTS = (
    f"<img src=x onerror={ALERT}>",
    f"<svg onload={ALERT}>",
    f"<svg/onload={ALERT}//",
    f"<svg><script href=data:,{ALERT} />",
    f"<svg><animate onbegin={ALERT} attributeName=x>",
    f"<math><mtext><table><mglyph><style><img src=x onerror={ALERT}>",
    f"<iframe srcdoc='<script>parent.{ALERT}</script>'>",
    "<iframe src=javascript:window.hacked=1>",
    "<object data=javascript:window.hacked=1>",
    "<embed src=javascript:window.hacked=1>",
    "<base href=//example.invalid/>",
    "<meta http-equiv=refresh content='0;url=javascript:window.hacked=1'>",
    "<link rel=stylesheet href=//example.invalid/x.css>",
    "<form action=javascript:window.hacked=1><button>ok",
    f"<details open ontoggle={ALERT}>",
    f"<input autofocus onfocus={ALERT}>",
    "</table></div></body></html>",
    "<textarea>",
    "<title>",
    "<plaintext>",
    "<noscript>",
    "<template shadowrootmode=open>",
    "<a href=javascript:window.hacked=1>x</a>",
    "&lt;img src=x onerror=window.hacked=1&gt;",
    "&#60;script&#62;window.hacked=1&#60;/script&#62;",
    "<\x00script>window.hacked=1</script>",
)
ATTRIBUTES = (
    f'" onmouseover="{ALERT}',
    f"' onfocus='{ALERT}' autofocus='",
    f'" style="background:url(//example.invalid)" onload={ALERT} x="',
    "` onerror=window.hacked=1 `",
    '"><b>',
    "x y=z class=dvl-snapshot-data",
)
STYLES = (
    "<style>*{display:none}</style>",
    "</style><style>@import '//example.invalid'",
    "expression(window.hacked=1)",
    "url(javascript:window.hacked=1)",
    "};*{background:url(//example.invalid)}",
    "red;background:url(//example.invalid)",
    "\\22 \\3c script\\3e",
)
URLS = (
    "javascript:window.hacked=1",
    "JaVaScRiPt&colon;window.hacked=1",
    "data:text/html,<script>parent.window.hacked=1</script>",
    "//example.invalid/%00",
    "vbscript:x",
)
TEMPLATES = (
    "${window.hacked=1}",
    "`${window.hacked=1}`",
    "{{constructor.constructor('window.hacked=1')()}}",
    "{{7*7}} {% debug %} {# x #}",
    "<%= 7*7 %>",
    "#{7*7}",
    "%(a)s %n {0.__class__} {}",
    "\\u003cscript\\u003e",
    "\\x3cimg src=x\\x3e",
    "$(window.hacked=1)",
)
MARKUP = (
    "# heading\n- item\n| a | b |",
    "[x](javascript:window.hacked=1)",
    "![x](//example.invalid/x.png)",
    "$\\href{javascript:window.hacked=1}{x}$",
    "$$\\unicode{x3c}$$ \\(x\\) \\[x\\]",
    "\\input{/etc/passwd} \\write18{ls}",
    "_x_ *y* **z** ~~w~~ `v`",
)
TERMINAL = (
    "\x1b[31mred\x1b[0m",
    "\x1b]0;title\x07",
    "\x1b]8;;http://example.invalid\x1b\\link\x1b]8;;\x1b\\",
    "\x9b2J cleared",
    "overwritten\rnew",
    "bell\x07 back\x08\x08 delete\x7f",
    "line\nbreak",
    "tab\tstop\x0b\x0c",
    "null\x00byte",
)
TURNING = (
    "\u202egnp.exe\u202c",
    "user\u2066\u2069 \u2067admin\u2069",
    "\u200fright\u200e",
    "\u061carabic mark",
    "cat\u202e",
    "\u2067\u2067\u2067open",
)
HIDING = (
    "ad\u200bmin",
    "ca\u00adt",
    "\ufeffcat",
    "cat\u2060",
    "a\u2028b\u2029c",
    "\u034fcat",
    "\u115f\u3164",
    "\U000e0041\U000e0042tags",
    "c" + "\u0301" * 500 + "at",
    "\u0489" * 300,
    "\ud800half\udfff",
    "\ufffe\uffff",
    " " * 50,
    "",
)
LONG = ("x" * 20_000, "\u202e" * 2_000)
HONEST = (
    "dög",
    "犬",
    "שלום",
    "سلام",
    "می‌خواهم",
    "क्षि",
    "👩‍👧",
    "a < b & c > d",
    'O\'Brien "x"',
    "𝔘𝔫𝔦",
    "e\u0301",
)
"""Names that people have: they must stay readable."""

PAYLOADS = (
    SCRIPT + ELEMENTS + ATTRIBUTES + STYLES + URLS + TEMPLATES + MARKUP + TERMINAL + TURNING + HIDING + LONG
)
"""All of them."""

_INVISIBLE = re.compile(r"[\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\u00ad\u2028\u2029]")


class Page(HTMLParser):
    """What a browser would make of a text: elements with their attributes, and the text that is seen."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, tuple[str, ...]]] = []
        self.comments: list[str] = []
        self.scripts: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.seen = ""
        self._raw: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, tuple(name for name, _ in attrs)))
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag in {"script", "style"}:
            self._raw.append(tag)
            self.scripts.append("")

    def handle_endtag(self, tag):
        if self._raw and self._raw[-1] == tag:
            self._raw.pop()

    def handle_data(self, data):
        if self._raw:
            self.scripts[-1] += data
        else:
            self.seen += data

    def handle_comment(self, data):
        self.comments.append(data)

    def handle_decl(self, decl):
        self.comments.append(decl) if decl.lower() != "doctype html" else None

    def handle_pi(self, data):
        self.comments.append(data)

    def unknown_decl(self, data):
        self.comments.append(data)


def controls(text: str, *, lines: bool = True) -> list[str]:
    """Characters that a terminal obeys, or that turn or hide text; line ends pass with `lines`."""
    found = [
        letter for letter in text if unicodedata.category(letter) == "Cc" and not (lines and letter == "\n")
    ]
    return sorted({*found, *_INVISIBLE.findall(text)})
