"""Names that are no UTF-8: Python reads those of files of other encodings so, and they become ids, classes, titles."""

from __future__ import annotations

import csv
import json
import os

import numpy as np
import pytest
from panel_fakes import greet, progress
from sklearn.neighbors import KNeighborsClassifier

from dvlwidgets import KNNShapleyValuation
from dvlwidgets.data import Dataset
from dvlwidgets.data.edit_log import EditLog
from dvlwidgets.data.shown import writable
from dvlwidgets.data.table_export import parquet
from dvlwidgets.errors import EditError

NAMES = [os.fsdecode(b"caf\xe8 %d.png" % i) for i in range(10)] + [
    os.fsdecode(b"caf\xe9 %d.png" % i) for i in range(10)
]
SPELT = [name.replace("\udce8", "\\udce8").replace("\udce9", "\\udce9") for name in NAMES]
DATA = Dataset(
    np.arange(60.0).reshape(20, 3),
    np.array(NAMES[8:12], dtype=object)[np.arange(20) % 4],
    ids=NAMES,
    description=NAMES[0],
)


def test_they_are_written_as_they_are_spelt_and_stay_apart():
    assert [writable(name) for name in NAMES] == SPELT
    assert len(set(SPELT)) == 20
    assert writable("café \U0001f600 \\ud800") == "café \U0001f600 \\ud800"


@pytest.fixture
def shown(opened):
    """A panel on such data, and its page, which takes JSON of UTF-8 only."""
    panel, page = opened(DATA, hello=False)
    panel.start()
    panel.run.yields(progress(seq=1))

    def send(content, buffers=None):
        json.dumps(content, ensure_ascii=False).encode()
        page(content, buffers)

    panel.send = send
    greet(page)
    return panel, page


def test_a_page_is_told_them_in_utf8(shown):
    panel, page = shown
    (full,) = page.of("full")
    assert list(full["ids"]) == SPELT
    assert full["label"]["classes"] == sorted(SPELT[8:12])
    panel.edits.note(DATA, [1], NAMES[3], why=NAMES[4])
    page.wait_for(lambda m: m.get("texts") == [SPELT[3]])
    json.dumps(panel.get_state(), ensure_ascii=False, default=str).encode()


def test_edits_of_such_points_are_found_again_and_leave_the_house_as_utf8(shown, tmp_path):
    panel, _ = shown
    log = panel.edits
    log.relabel(DATA, [0], NAMES[9])
    log.drop(DATA, [10])
    log.note(DATA, [2], NAMES[3])
    assert EditLog(log.path).net == log.net
    files = [log.path, log.save("saved.jsonl"), log.to_csv("edits.csv"), log.to_json("edits.json")]
    assert all(file.read_bytes().decode("utf-8") for file in files)
    assert EditLog("saved.jsonl").net == log.net
    with open("edits.csv", encoding="utf-8", newline="") as file:
        assert [row["id"] for row in csv.DictReader(file)] == [SPELT[0], SPELT[10], SPELT[2]]
    assert json.loads(files[3].read_text(encoding="utf-8"))["edits"][0]["rows"][0]["id"] == NAMES[0]
    names = {"train": DATA}
    exec(log.as_code().encode().decode(), names)
    assert names["train"].fingerprint == log.apply(DATA).fingerprint


def test_tables_and_copies_hold_them(shown):
    panel, _ = shown
    panel.to_csv("table.csv")
    with open("table.csv", encoding="utf-8", newline="") as file:
        assert [row["id"] for row in csv.DictReader(file)] == SPELT
    pq = pytest.importorskip("pyarrow.parquet")
    parquet(panel._table(None), "table.parquet")
    assert pq.read_table("table.parquet")["id"].to_pylist() == SPELT
    copy = panel.snapshot("full")
    copy.page().encode()
    json.dumps(copy.bundle(), ensure_ascii=False).encode()
    payload = copy.html.split('type="application/json"')[1].split(">", 1)[1].split("</script>")[0]
    assert json.loads(payload)["frame"]["content"]["ids"] == NAMES


def test_a_result_of_them_is_shown_and_written(elsewhere):
    test = Dataset(DATA.x, DATA.y)
    result = KNNShapleyValuation(KNeighborsClassifier(3), test).fit(DATA).values()
    for text in (repr(result), result._repr_html_(), result.describe()):
        text.encode()
    result.to_csv("values.csv")
    with open("values.csv", encoding="utf-8", newline="") as file:
        assert [row["id"] for row in csv.DictReader(file)] == SPELT


def test_a_log_with_bytes_that_are_no_utf8_is_refused_by_its_line(elsewhere):
    log = EditLog("edits.jsonl")
    log.drop(DATA, [0])
    with open("edits.jsonl", "ab") as file:
        file.write(b'{"id": "caf\xe9"}\n')
    with pytest.raises(EditError, match="line 3"):
        EditLog("edits.jsonl")
