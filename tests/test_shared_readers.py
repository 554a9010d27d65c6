"""What readers without our script make of a stored copy: GitHub's sanitiser, nbconvert's choices, a PDF."""

from __future__ import annotations

import base64
import json
import re

import nbformat
import nh3
import numpy as np
import pytest
from nbconvert import HTMLExporter, LatexExporter
from panel_fakes import dataset
from test_shared_picture import decoded
from test_sharing import NASTY, Tags, result_of

from dvlwidgets.data import Dataset
from dvlwidgets.widgets import bundle, levels, sharing
from dvlwidgets.widgets.copies import MIME, copy_of
from dvlwidgets.widgets.document import inert, inert_script
from dvlwidgets.widgets.material import Material

TAGS = """
h1 h2 h3 h4 h5 h6 br b i strong em a pre code img tt div ins del sup sub p picture ol ul
table thead tbody tfoot blockquote dl dt dd kbd q samp var hr ruby rt rp li tr td th s
strike summary details figure figcaption abbr bdo cite dfn mark small source span time wbr
"""
GITHUB = {
    "tags": set(TAGS.split()),
    "attributes": {
        "img": {"src", "alt", "width", "height"},
        "td": {"colspan", "rowspan", "align"},
        "th": {"colspan", "rowspan", "align"},
        "a": {"href"},
    },
    "url_schemes": {"http", "https", "data"},
    "clean_content_tags": {"script", "style"},
    "link_rel": None,
}
"""Without script, style, class, id, style= and caption, as GitHub shows the HTML of notebooks."""
HOSTILE = [
    "</script><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "<!--<script>",
    "]]><b>",
    "{{constructor.constructor('alert(1)')()}}",
    "${alert(1)} `\\",
    "\u202egnp.exe\u202c",
    "\u2028\u2029\x00\x1b[31m",
    "\ud800 half",
    "$\\href{javascript:alert(1)}{x}$",
    "style=background:url(//evil)",
]


@pytest.fixture(autouse=True)
def _no_build(monkeypatch):
    monkeypatch.setattr(bundle, "read", lambda name: 'let s = "</script><!-- <script>"; VIEWER')


def a_copy(level="values", labels=None, n=40, title=None):
    data = dataset(n)
    if labels is not None:
        data = Dataset(data.x, np.resize(np.array(labels, dtype=object), n))
    now = sharing.snapshot_of(result_of(data), data, title=title)
    return copy_of(Material(now, run="run"), level)


def notebook_of(copy):
    output = nbformat.v4.new_output("display_data", copy.bundle())
    cell = nbformat.v4.new_code_cell("panel", outputs=[output])
    return nbformat.v4.new_notebook(cells=[cell])


@pytest.mark.parametrize("level", levels.LEVELS)
def test_github_shows_the_table_and_the_picture_and_no_payload(level):
    left = nh3.clean(a_copy(level).html, **GITHUB)
    tags = Tags(left)
    (picture,) = tags.all("img")
    assert decoded(base64.b64decode(picture["src"].split(",")[1])).any()
    assert "Histogram of 40 values" in picture["alt"]
    assert len(tags.all("table")) == 1
    assert len(tags.all("tr")) == (10 if level == "summary" else 2 * (10 + 2))
    seen = "".join(tags.text)
    assert "VIEWER" not in seen
    assert "dvlwidgets-snapshot" not in left
    assert "buffers" not in left
    assert len(left) < 30_000
    assert levels.HOLDS[level] in seen


def test_the_html_stands_in_the_order_that_readers_need():
    html = a_copy().html
    places = [
        html.index(mark)
        for mark in (
            "<h3>",
            '<table class="dataframe">',
            "<img ",
            "<small>",
            "</div>",
            "<script type",
            "<script>",
        )
    ]
    assert places == sorted(places)
    tags = Tags(html)
    (data, viewer) = tags.all("script")
    stand, hidden = tags.all("div")
    assert hidden == {"class": "lm-mod-hidden"}
    assert data["class"] == "dvl-snapshot-data"
    assert data["data-for"] == stand["id"]
    assert "dvl-snapshot" in stand["class"].split()
    assert viewer == {}
    assert not re.search(r"style=|<caption|https?:", html)


@pytest.mark.parametrize("hostile", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_labels_and_titles_stay_text(hostile):
    copy = a_copy(labels=[hostile, "ok"], title=hostile)
    for page in (copy.html, copy.page()):
        page.encode("utf-8")
        tags = Tags(page)
        assert len(tags.all("img")) == 1
        assert len(tags.all("script")) == 2
        assert not tags.all("svg")
        assert not tags.all("b")
    data = re.search(r'<script type="application/json"[^>]*>(.*?)</script>', copy.html, re.DOTALL)[1]
    assert not re.search(r"<|\u2028|\u2029", data)
    classes = json.loads(data)["frame"]["content"]["label"]["classes"]
    assert hostile in classes
    json.dumps(copy.bundle(), ensure_ascii=False).encode("utf-8")
    pages = [HTMLExporter().from_notebook_node(notebook_of(each))[0] for each in (copy, a_copy())]
    elements = [[tag for tag, _ in Tags(page).tags] for page in pages]
    # the class that is called "ok" in one is "0" to "2" in the other: only text differs
    assert elements[0] == elements[1]


def test_a_script_cannot_end_its_element_early():
    assert inert_script("</script> <!-- <script>").count("<!--") == 0
    assert "</" not in inert({"label": NASTY})
    assert json.loads(inert({"label": NASTY})) == {"label": NASTY}


def test_math_in_labels_is_not_set():
    """nbconvert and JupyterLab would typeset $...$ in the static table."""
    stand, _ = Tags(a_copy().html).all("div")
    assert {"tex2jax_ignore", "mathjax_ignore"} <= set(stand["class"].split())


def test_nbconvert_writes_the_html_and_no_widget():
    exported, _ = HTMLExporter().from_notebook_node(notebook_of(a_copy()))
    assert "dvl-snapshot-data" in exported
    assert "VIEWER" in exported
    assert "vnd.jupyter.widget" not in exported


def test_nbconvert_that_sanitises_keeps_the_table_and_hides_what_it_made_text_of():
    exported, _ = HTMLExporter(sanitize_html=True).from_notebook_node(notebook_of(a_copy()))
    assert ".lm-mod-hidden" in exported  # nbconvert's own style sheet
    shown, hidden = exported.split('<div class="lm-mod-hidden">')
    assert "<td>" in shown
    assert "Histogram of 40 values" in shown
    assert "VIEWER" not in shown
    assert "&lt;script" in hidden
    assert "<script" not in hidden.split("</div>")[0]


def test_a_pdf_takes_the_picture():
    copy = a_copy()
    latex, resources = LatexExporter().from_notebook_node(notebook_of(copy))
    ((name, data),) = resources["outputs"].items()
    assert name.endswith(".png")
    assert data == copy.picture
    assert name in latex
    assert "dvl-snapshot" not in latex


def test_a_copy_is_what_a_cell_shows():
    copy = a_copy()
    shown, metadata = copy._repr_mimebundle_()
    assert list(shown) == [MIME, "text/html", "image/png", "text/plain"]
    assert shown[MIME] == {
        "v": 1,
        "run": "run",
        "model": None,
        "title": "40 points",
        "summary": copy.text,
        "share": "values",
        "payload": "text/html",
    }
    assert metadata == {}
    assert repr(copy) == shown["text/plain"]
