"""Whatever data are called, HTML from Python has our elements only, and a terminal gets text only."""

from __future__ import annotations

import json
import re
from collections import Counter

import hostile
import numpy as np
import pytest
import shared_notebooks as made
from hypothesis import given
from hypothesis import strategies as st

from dvlwidgets.cli import main
from dvlwidgets.data import Dataset
from dvlwidgets.data.edit_log import EditLog
from dvlwidgets.data.notebook_file import payloads
from dvlwidgets.data.preview import previews_of
from dvlwidgets.data.sent_edits import shared
from dvlwidgets.data.shared_edits import Edits
from dvlwidgets.data.shown import MOST_MARKS, cut, shown, width
from dvlwidgets.errors import EditError
from dvlwidgets.valuation.result import ValuationResult
from dvlwidgets.widgets import levels, sharing
from dvlwidgets.widgets.copies import Copy, copy_of
from dvlwidgets.widgets.material import Material

N = 32
PLAIN = "plain"
GROUPS = {
    "script": hostile.SCRIPT, "elements": hostile.ELEMENTS, "attributes": hostile.ATTRIBUTES,
    "styles": hostile.STYLES, "urls": hostile.URLS, "templates": hostile.TEMPLATES, "markup": hostile.MARKUP,
    "terminal": hostile.TERMINAL, "turning": hostile.TURNING, "hiding": hostile.HIDING, "long": hostile.LONG,
}  # fmt: skip


@pytest.fixture(autouse=True)
def _no_build(monkeypatch):
    made.no_build(monkeypatch)
    monkeypatch.setattr("os.fsync", lambda _: None)


def named(words: tuple[str, ...], folder) -> tuple[Dataset, EditLog, str]:
    """Points whose every name is one of some words: labels, ids, features, classes; edits; and a title."""
    some = [words[i % len(words)] for i in range(N)]
    texts = [f"{word} {i}" for i, word in enumerate(some)]
    data = Dataset(
        np.array(texts, dtype=object),
        np.array(some, dtype=object),
        ids=[f"{i} {word}".replace("\ud800", "").replace("\udfff", "") for i, word in enumerate(some)],
        feature_names=[some[0] or "x"],
        description=some[0],
    )
    log = EditLog(folder / "edits.jsonl")
    log.relabel(data, [0, N - 1], some[N // 2])
    log.drop(data, [1])
    return data, log, some[0]


def copies(words: tuple[str, ...], folder, level: str) -> Copy:
    data, log, title = named(words, folder)
    result = ValuationResult(
        values=np.arange(N) / 10 - 1, variances=np.full(N, 0.01), counts=np.full(N, 9), algorithm="Shapley"
    )
    now = sharing.snapshot_of(result, data, title=title or "t")
    return copy_of(
        Material(now, previews=previews_of(data), edits=lambda level: shared(log, data, level), run=title),
        level,
    )


def skeleton(html: str) -> Counter:
    """Elements and names of attributes, with how many there are of each."""
    page = hostile.Page(html)
    assert page.comments == []
    return Counter(page.elements)


def skeletons(copy: Copy) -> list[tuple[set, int]]:
    """Of the table and of the page: what elements there are, and how many scripts."""
    return [(set(skeleton(html)), len(hostile.Page(html).scripts)) for html in (copy.html, copy.page())]


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    """The same of points with plain names, by level."""
    with pytest.MonkeyPatch.context() as patch:
        made.no_build(patch)
        folders = {level: tmp_path_factory.mktemp("plain") for level in levels.LEVELS}
        yield {level: skeletons(copies((PLAIN,), folder, level)) for level, folder in folders.items()}


@pytest.mark.parametrize("level", levels.LEVELS)
@pytest.mark.parametrize("group", GROUPS)
def test_a_copy_has_our_elements_only_whatever_the_data_are_called(tmp_path, group, level, plain):
    theirs = copies(GROUPS[group], tmp_path, level)
    for (elements, scripts), given_ in zip(plain[level], (theirs.html, theirs.page()), strict=True):
        assert set(skeleton(given_)) <= elements, group
        page = hostile.Page(given_)
        assert len(page.scripts) == scripts  # none was ended, none begun
        for tag, name, value in page.attributes:
            assert not name.startswith("on")
            assert name != "style"
            if name in {"src", "href"}:
                assert value.startswith("data:image/png;base64,")
                assert re.fullmatch(r"[A-Za-z0-9+/=]+", value.partition(",")[2]), tag
        assert not re.search(r"[\ud800-\udfff]", given_)


@pytest.mark.parametrize("level", levels.LEVELS)
@pytest.mark.parametrize("group", ["terminal", "turning", "hiding", "long"])
def test_the_words_of_a_copy_neither_hide_nor_turn_nor_steer(tmp_path, group, level):
    made_ = copies(GROUPS[group], tmp_path, level)
    seen = hostile.Page(made_.html).seen
    assert hostile.controls(seen) == []
    assert hostile.controls(made_.text) == []
    assert hostile.controls(hostile.Page(made_.page()).seen) == []


@pytest.mark.parametrize("group", GROUPS)
def test_a_payload_comes_back_as_it_went_in(tmp_path, group):
    words = GROUPS[group]
    made_ = copies(words, tmp_path, "full")
    (found,) = payloads(made.saved(tmp_path, made_.bundle()))
    classes = found.payload["frame"]["content"]["label"]["classes"]
    halves = re.compile("[\ud800-\udfff]")
    assert {halves.sub("?", word) for word in words} <= {halves.sub("?", name) for name in classes}


@pytest.mark.parametrize("group", GROUPS)
def test_the_program_prints_no_control_character(tmp_path, capsys, group):
    path = made.saved(tmp_path, copies(GROUPS[group], tmp_path, "values+text").bundle())
    for command in (["show"], ["show", "--rows", "3"], ["edits"], ["edits", "--code"]):
        assert main([command[0], str(path), *command[1:]]) == 0
        printed = capsys.readouterr()
        assert hostile.controls(printed.out) == [], command
        assert printed.err == ""
        if command != ["edits", "--code"]:
            assert max(map(width, printed.out.splitlines())) <= 250


@pytest.mark.parametrize("group", GROUPS)
def test_the_page_that_the_program_makes_has_our_elements_only(tmp_path, capsys, group):
    (tmp_path / "a").mkdir()
    pages = []
    for folder, words in ((tmp_path / "a", (PLAIN,)), (tmp_path, GROUPS[group])):
        path = made.saved(folder, copies(words, folder, "full").bundle())
        assert main(["show", str(path), "--out", str(folder / "page.html")]) == 0
        pages.append((folder / "page.html").read_text())
    mine, theirs = map(hostile.Page, pages)
    assert set(theirs.elements) == set(mine.elements)
    assert len(theirs.scripts) == len(mine.scripts)
    assert theirs.comments == []
    assert hostile.controls(theirs.seen) == []


@pytest.mark.parametrize("group", GROUPS)
def test_the_code_of_edits_is_code_with_the_same_labels(tmp_path, group):
    data, log, _ = named(GROUPS[group], tmp_path)
    found = shared(log, data, "values")
    names = {"train": data}
    exec(Edits.from_payload(json.loads(json.dumps(found))).as_code(), names)
    assert names["train"].fingerprint == log.apply(data).fingerprint


@pytest.mark.parametrize("word", hostile.TERMINAL + hostile.TURNING + hostile.HIDING)
def test_errors_about_hostile_names_are_safe_to_print(tmp_path, capsys, word):
    path = made.saved(tmp_path, copies((word, "b"), tmp_path, "values").bundle())
    assert main(["show", str(path), "--run", f"not {word}"]) == 1
    assert main(["show", str(tmp_path / f"{word}.ipynb".replace("\x00", "")[:200])]) == 1
    printed = capsys.readouterr()
    assert hostile.controls(printed.err) == []
    assert printed.err.count("\n") == 2
    data, log, _ = named((word, "b"), tmp_path / "other")
    edits = Edits.from_payload(shared(log, data, "values"))
    with pytest.raises(EditError) as refusal:
        edits.apply(data.relabel(dict.fromkeys(range(N), "c")))
    assert hostile.controls(str(refusal.value)) == []


# --- what is shown of a text --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", hostile.HONEST)
def test_names_that_people_have_stay_as_they_are(name):
    assert shown(name) == name


@pytest.mark.parametrize("name", hostile.TERMINAL + hostile.TURNING + hostile.HIDING + hostile.LONG)
def test_nothing_that_steers_hides_or_turns_is_shown(name):
    assert hostile.controls(shown(name), lines=False) == []
    assert width(cut(name, 40)) <= 40


@given(st.text())
def test_any_text_is_safe_to_show_and_showing_it_twice_changes_nothing(text):
    once = shown(text)
    assert hostile.controls(once, lines=False) == []
    assert shown(once) == once
    assert width(cut(text, 20)) <= 20


def test_names_that_differ_are_shown_differently():
    assert shown("cat") != shown("ca\u200bt")
    assert shown("cat\u202e") == "cat\\u202e"
    assert shown("a" + "\u0301" * (MOST_MARKS + 3)) == "a" + "\u0301" * MOST_MARKS + "[3 more marks]"


def test_the_check_can_fail():
    page = hostile.Page("<td><img src=x onerror=1><!--x--></td><script>1</script>")
    assert ("img", ("src", "onerror")) in page.elements
    assert page.comments == ["x"]
    assert page.scripts == ["1"]
    assert hostile.controls("\x1b\u202e\u200b") == ["\x1b", "\u200b", "\u202e"]
