from __future__ import annotations

import base64
import json
import re
import zlib
from html.parser import HTMLParser

import numpy as np
import pytest
from panel_fakes import FakeValuation, dataset, progress

from dvlwidgets.data import Dataset
from dvlwidgets.engine.records import Estimate, Provenance
from dvlwidgets.valuation.result import Status, ValuationResult
from dvlwidgets.widgets import bundle, picture, sharing, unwire
from dvlwidgets.widgets.panel import ValuationPanel

NASTY = "</script><img src=x onerror=alert(1)>"


@pytest.fixture(autouse=True)
def _no_build(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(bundle, "read", lambda name: 'console.log("</script>")')


def result_of(data, values=None):
    values = np.linspace(-1, 1, len(data)) if values is None else values
    return ValuationResult.from_estimate(
        Estimate(values, np.full(len(data), 0.123), np.full(len(data), 9)),
        ids=data.ids,
        names=data.names,
        fingerprint=data.fingerprint,
        algorithm="Shapley",
        status=Status.Converged,
        provenance=Provenance(evaluations=900),
        threshold=0.0,
    )


class Tags(HTMLParser):
    """Elements and text of a page, as a browser sees them."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.text = [], []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text.append(data)

    def all(self, tag):
        return [attrs for name, attrs in self.tags if name == tag]


def raw_payload(page):
    return json.loads(re.search(r'<script type="application/json"[^>]*>(.*?)</script>', page, re.DOTALL)[1])


def payload_of(page):
    payload = raw_payload(page)
    return unwire.decode(payload["content"], [base64.b64decode(b) for b in payload["buffers"]])


def test_a_page_holds_a_table_a_picture_and_the_data():
    page = sharing.static_page(result_of(dataset()), dataset(), title="My data")
    tags = Tags(page)
    assert len(tags.all("table")) == 1
    assert tags.all("img")[0]["src"].startswith("data:image/png;base64,")
    assert "My data" in page
    assert "900 evaluations" in page
    full = payload_of(page)
    np.testing.assert_allclose(full["value"], np.linspace(-1, 1, 20), rtol=1e-6)
    assert full["label"]["classes"] == ["0", "1", "2"]


def test_a_sorted_result_keeps_each_value_with_its_point():
    data = dataset()
    values = np.random.default_rng(1).normal(size=20)
    full = payload_of(sharing.static_page(result_of(data, values).sort(), data))
    np.testing.assert_allclose(full["value"], values, rtol=1e-6)


def test_no_features_ids_or_previews_leave_the_house():
    x = np.full((20, 3), 777.125)
    data = Dataset(
        x, np.arange(20) % 2, ids=[f"patient-{i}" for i in range(20)], feature_names=["fa", "fb", "fc"]
    )
    panel = ValuationPanel(FakeValuation(), data, previews=[f"private {i}" for i in range(20)])
    panel.run.yields(progress())
    panel.run.progress = progress(first_failure="Traceback: row 777.125")
    panel.run.error = ValueError("row 777.125")
    panel.edits.drop(data, [1])
    page = panel.save("page.html").read_text(encoding="utf-8")
    stored, _ = panel._repr_mimebundle_()
    for text in (page, stored["text/html"], stored["text/plain"]):
        for secret in ("777", "patient", "private", "Traceback", str(panel.edits.path.parent)):
            assert secret not in text
    full = payload_of(page)
    assert (full["features"], full["features_left_out"], full["preview"], full["ids"]) == (
        [],
        3,
        {"kind": "none"},
        None,
    )
    assert np.float32(777.125).tobytes() not in b"".join(
        base64.b64decode(b) for b in raw_payload(page)["buffers"]
    )
    panel.close()


def test_nothing_in_a_page_comes_from_elsewhere():
    page = sharing.static_page(result_of(dataset()), dataset())
    tags = Tags(page)
    assert not tags.all("link")
    assert all("src" not in attrs for attrs in tags.all("script"))
    assert all(attrs["src"].startswith("data:") for attrs in tags.all("img"))
    assert not re.search(r"https?://", page)
    assert "default-src 'none'" in tags.all("meta")[-1]["content"]


def test_names_and_labels_cannot_become_elements():
    data = Dataset(np.arange(8.0).reshape(4, 2), np.array(["ok", NASTY, "ok", NASTY]), description=NASTY)
    page = sharing.static_page(result_of(data), data, title=NASTY)
    tags = Tags(page)
    assert len(tags.all("img")) == 1
    assert len(tags.all("script")) == 2
    assert NASTY in "".join(tags.text)
    assert payload_of(page)["label"]["classes"] == [NASTY, "ok"]


def test_the_fragment_survives_a_sanitiser_without_scripts_and_styles():
    data = dataset()
    fragment = sharing.fragment(sharing.snapshot_of(result_of(data), data))
    used = {tag for tag, _ in Tags(fragment).tags}
    assert used <= {"h3", "p", "table", "tr", "th", "td", "img", "small"}
    assert "style=" not in fragment


def test_the_table_has_the_lowest_and_the_highest_with_honest_digits():
    data = dataset(30)
    fragment = sharing.fragment(sharing.snapshot_of(result_of(data), data))
    rows = re.findall(r"<tr>(<td>.*?)</tr>", fragment)
    cells = [re.findall(r"<td>(.*?)</td>", row) for row in rows]
    assert [int(row[0]) for row in cells] == [*range(10), *range(29, 19, -1)]
    assert cells[0] == ["0", "0", "-1.00", "0.12"]


def test_few_points_appear_once_and_unknown_values_not_at_all():
    data = dataset(5)
    values = np.array([np.nan, 0.1, -0.2, np.nan, 0.3])
    now = sharing.snapshot_of(result_of(data, values), data)
    cells = re.findall(r"<tr><td>(\d+)</td>", sharing.fragment(now))
    assert cells == ["2", "1", "4"]
    nothing = sharing.snapshot_of(result_of(data, np.full(5, np.nan)), data)
    assert "<table>" not in sharing.fragment(nothing)


def decoded(png):
    """Pixels of an indexed PNG, by the rules of the format."""
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    chunks, at = {}, 8
    while at < len(png):
        length = int.from_bytes(png[at : at + 4], "big")
        kind, data = png[at + 4 : at + 8], png[at + 8 : at + 8 + length]
        assert zlib.crc32(kind + data) == int.from_bytes(png[at + 8 + length : at + 12 + length], "big")
        chunks[kind], at = data, at + 12 + length
    width, height = (int.from_bytes(chunks[b"IHDR"][i : i + 4], "big") for i in (0, 4))
    rows = np.frombuffer(zlib.decompress(chunks[b"IDAT"]), dtype="u1").reshape(height, width + 1)
    assert (rows[:, 0] == 0).all()
    return rows[:, 1:]


def test_the_picture_is_a_png_that_says_what_the_values_are():
    pixels = picture.histogram([-1.0, -1.0, 2.0])
    np.testing.assert_array_equal(decoded(picture.png(pixels)), pixels)
    columns = [int((pixels[:-1] == colour).any(axis=0).nonzero()[0].mean()) for colour in (2, 1)]
    assert columns[0] < columns[1]
    assert (pixels[:, 2] == 2).sum() > (pixels[:, -2] == 1).sum()


@pytest.mark.parametrize("values", [[], [np.nan], [3.0], [0.0, 0.0], [1e-300, -1e-300], [1e300, -1e300]])
def test_any_values_can_be_drawn(values):
    assert picture.histogram(values).shape == (picture.HEIGHT, picture.WIDTH)


def test_pillow_reads_the_picture():
    image = pytest.importorskip("PIL.Image")
    import io

    read = image.open(io.BytesIO(picture.png(picture.histogram([1.0, 2.0]))))
    assert read.size == (picture.WIDTH, picture.HEIGHT)
    assert read.convert("RGB").getpixel((0, 0)) == (255, 255, 255)
