"""How a page's table is arranged: kept for a page that is loaded again, refused where it is no arrangement."""

from __future__ import annotations

import pytest
from panel_fakes import ask, greet, page_of

ARRANGED = {
    "sort": [["label", True], ["x:suggested", False]],
    "gallery": False,
    "columns": {
        "order": ["value", "label"],
        "shown": {"stderr": False},
        "width": {"value": 210.5},
        "pinned": ["label"],
    },
}


def test_a_page_that_is_loaded_again_is_told_how_its_table_was_arranged(valued):
    panel, page = valued
    assert not [m for m in page.of("part") if m["kind"] == "arrangement"]
    assert ask(page, "view", do="arrangement", arrangement={**ARRANGED, "more": 3})["arrangement"] == ARRANGED
    again = page_of(panel)
    assert again.wait_for(lambda m: m.get("kind") == "arrangement")["arrangement"] == ARRANGED


def test_it_is_told_before_the_values_before_whose_column_would_count_as_the_pages_own(valued):
    panel, page = valued
    ask(page, "view", do="arrangement", arrangement=ARRANGED)
    page = page_of(panel)
    page.wait_for(lambda m: m.get("part") == "again")
    page.wait_for(lambda m: m.get("kind") == "arrangement")
    said = [m["part"] for m in page.of("part")]
    assert said.index("view") < said.index("again")


@pytest.mark.parametrize(
    ("part", "words"),
    [
        ({"sort": "value"}, "'sort' should be a list"),
        ({"sort": [["value", 1]]}, "pairs of a column"),
        ({"sort": [["", True]]}, "id of a column"),
        ({"sort": [["value", True]] * 21}, "at most 20"),
        ({"columns": []}, "should be an object"),
        ({"columns": {**ARRANGED["columns"], "width": {"value": -1}}}, "'width' of a column cannot be -1"),
        ({"columns": {**ARRANGED["columns"], "shown": {"x" * 501: True}}}, "at most 500 characters"),
        ({"columns": {**ARRANGED["columns"], "pinned": [3]}}, "id of a column"),
    ],
)
def test_an_arrangement_that_is_none_is_refused_and_the_former_stays(valued, part, words):
    _, page = valued
    ask(page, "view", do="arrangement", arrangement=ARRANGED)
    refused = ask(page, "view", do="arrangement", arrangement={**ARRANGED, **part})
    assert refused["t"] == "error"
    assert words in refused["message"]
    page.messages.clear()
    greet(page)
    assert page.wait_for(lambda m: m.get("kind") == "arrangement")["arrangement"] == ARRANGED
