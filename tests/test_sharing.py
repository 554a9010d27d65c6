from __future__ import annotations

import base64
import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from panel_fakes import dataset

from dvlwidgets.data import Dataset
from dvlwidgets.engine.records import Estimate, Provenance
from dvlwidgets.valuation.result import Status, ValuationResult
from dvlwidgets.widgets import bundle, fragment, levels, sharing, unwire

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


def payload_of(page):
    """The payload as a reader finds it, and its frame decoded."""
    payload = json.loads(
        re.search(r'<script type="application/json"[^>]*>(.*?)</script>', page, re.DOTALL)[1]
    )
    frame = payload["frame"]
    return payload, unwire.decode(frame["content"], [base64.b64decode(b) for b in frame["buffers"]])


def test_a_page_holds_a_table_a_picture_and_the_data():
    page = sharing.static_page(result_of(dataset()), dataset(), title="My data")
    tags = Tags(page)
    assert len(tags.all("table")) == 1
    assert tags.all("img")[0]["src"].startswith("data:image/png;base64,")
    assert "My data" in page
    assert "900 evaluations" in page
    _, full = payload_of(page)
    np.testing.assert_allclose(full["value"], np.linspace(-1, 1, 20), rtol=1e-6)
    assert full["label"]["classes"] == ["0", "1", "2"]


def test_a_sorted_result_keeps_each_value_with_its_point():
    data = dataset()
    values = np.random.default_rng(1).normal(size=20)
    _, full = payload_of(sharing.static_page(result_of(data, values).sort(), data))
    np.testing.assert_allclose(full["value"], values, rtol=1e-6)


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
    assert payload_of(page)[1]["label"]["classes"] == [NASTY, "ok"]


def fragment_of(result, data):
    return fragment.fragment(levels.restricted(sharing.snapshot_of(result, data), "values"), "values")


def test_the_table_has_the_lowest_and_the_highest_with_honest_digits():
    data = dataset(30)
    rows = re.findall(r"<tr>(<td>.*?)</tr>", fragment_of(result_of(data), data))
    cells = [re.findall(r"<td>(.*?)</td>", row) for row in rows]
    assert [int(row[0]) for row in cells] == [*range(10), *range(29, 19, -1)]
    assert cells[0] == ["0", "0", "-1.00", "0.12"]


def test_few_points_appear_once_and_unknown_values_not_at_all():
    data = dataset(5)
    values = np.array([np.nan, 0.1, -0.2, np.nan, 0.3])
    cells = re.findall(r"<tr><td>(\d+)</td>", fragment_of(result_of(data, values), data))
    assert cells == ["2", "1", "4"]
    assert "<table" not in fragment_of(result_of(data, np.full(5, np.nan)), data)
