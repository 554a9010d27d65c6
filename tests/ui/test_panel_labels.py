"""Labels that people type, in a panel whose Python half is in this process; and what becomes of the edits."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from panel_fakes import FakeValuation, progress
from playwright.sync_api import Browser, expect
from sklearn.datasets import load_iris
from ui.blank import Blank, snapshot
from ui.bridge import Bridge, bridged
from ui.eyes import box
from ui.work import until, valued_digits

from dvlwidgets import Dataset, ValuationPanel
from dvlwidgets.data.edit_log import EditLog
from dvlwidgets.widgets import wire
from dvlwidgets.widgets.snapshot import Labels

pytestmark = pytest.mark.usefixtures("in_a_folder")


def test_a_class_is_found_by_typing_and_made_by_typing_and_edits_are_exported_and_merged(
    browser: Browser,
) -> None:
    iris = load_iris()
    train = Dataset(iris.data, iris.target_names[iris.target])
    panel = ValuationPanel(FakeValuation(), train, title="iris")
    with bridged(browser, panel) as at:
        page, part = at.page, at.part
        row = at.row(3)
        row.click()
        page.keyboard.press("l")
        page.keyboard.type("v")
        options = part("prompt-option")
        expect(options).to_have_count(3)  # two names, and what was typed as a new one
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
        expect(row.get_by_test_id("cell-label")).to_contain_text("virginica")
        expect(row).to_be_focused()
        page.keyboard.press("l")
        page.keyboard.type("hybrid")
        expect(options).to_have_count(1)
        page.keyboard.press("Enter")
        expect(row.get_by_test_id("cell-label")).to_contain_text("hybrid")
        expect(page.locator("[data-testid=relabel-button]")).to_have_count(4)
        assert panel.dataset().labels[3] == "hybrid"

        # in bulk
        for one in (5, 7):
            at.row(one).get_by_role("checkbox").check()
        part("relabel-field").fill("virginica")
        part("relabel-apply").click()
        expect(at.row(7).get_by_test_id("cell-label")).to_contain_text("virginica")
        assert panel.dataset().labels[[5, 7]].tolist() == ["virginica"] * 2

        as_json(at)
        of_a_colleague(at, train)


def test_a_class_of_no_letters_is_seen_short_ones_stand_on_a_line_and_a_long_id_leaves_room(
    browser: Browser,
) -> None:
    iris = load_iris()
    names = [f"{'x' * 10_000}{i}" for i in range(150)]
    train = Dataset(iris.data, np.array(["", "dog", "owl"])[np.arange(150) % 3], ids=names)
    with bridged(browser, ValuationPanel(FakeValuation(), train, title="iris", share="values+text")) as at:
        at.row(1).click()
        chosen = at.page.locator("[data-testid=relabel-button][aria-pressed=true]")
        expect(chosen).to_contain_text("dog")
        heights = at.page.locator(".relabel-name").evaluate_all("all => all.map(one => one.clientHeight)")
        assert max(heights) < 1.5 * min(heights), "a name of three letters is broken"
        expect(at.page.locator(".relabel-name").first).to_have_text('""')
        expect(at.row(0).locator(".label-now")).to_have_text('""')
        expect(at.row(1).locator(".label-now")).to_have_text("dog")
        assert box(at.part("point-facts"))["height"] < 500
        at.part("filter-text").fill("owl")  # then the point in focus is called by its id
        name = at.part("point-name")
        expect(name).to_contain_text("xxx")
        assert name.evaluate("one => one.scrollWidth <= one.clientWidth"), "a long id is cut off"
        assert box(at.part("point-facts"))["height"] < 500


def as_json(at: Bridge) -> None:
    """The history goes to a file of JSON, newest label and the one before it."""
    page, part = at.page, at.part
    part("log-open").click()
    expect(part("log-entry")).to_have_count(3)
    part("export-form").select_option("json")
    with page.expect_download() as coming:
        part("export-download").click()
    assert coming.value.suggested_filename == "edits.json"
    text = Path(coming.value.path()).read_text(encoding="utf-8")
    assert isinstance(json.loads(text), dict | list)
    assert "hybrid" in text
    page.keyboard.press("Escape")
    expect(part("log")).to_be_hidden()
    expect(part("log-open")).to_be_focused()


def of_a_colleague(at: Bridge, train: Dataset) -> None:
    """A colleague's log, merged in Python, is seen in the panel at once, named, and undone in one step."""
    page, part = at.page, at.part
    theirs = EditLog("theirs.jsonl", author="Ada")
    theirs.drop(train, [0])
    theirs.relabel(train, [1, 2], "versicolor")
    at.panel.edits.merge(theirs)
    expect(at.row(0)).to_have_class("row dropped")
    expect(at.row(2).get_by_test_id("cell-label")).to_contain_text("versicolor")
    part("log-open").click()
    newest = part("log-entry").first
    expect(newest).to_contain_text("merged edits of 3 points")
    expect(newest).to_contain_text("edits by Ada")
    page.keyboard.press("Escape")
    part("undo").click()
    expect(at.row(0)).not_to_have_class("row dropped")
    expect(at.row(2).locator("s")).to_be_hidden()


def test_a_target_is_a_number(browser: Browser) -> None:
    iris = load_iris()
    targets = ValuationPanel(FakeValuation(), Dataset(iris.data, iris.data[:, 3] + 0.25), title="widths")
    with bridged(browser, targets) as at:
        at.row(2).click()
        at.page.keyboard.press("l")
        at.part("prompt-field").fill("1.5")
        at.page.keyboard.press("Enter")
        expect(at.row(2).get_by_test_id("cell-label")).to_contain_text("1.5")
        expect(at.row(2).locator("s")).to_contain_text("0.45")
        assert targets.dataset().labels[2] == 1.5


def test_of_selected_points_it_is_said_that_none_of_theirs_is_meant(browser: Browser) -> None:
    with bridged(browser, valued_digits()) as at:
        accept = at.part("accept-all")
        expect(accept).to_contain_text("suggestion")
        agreed = at.page.locator("[data-testid=row]:not(:has(.differs)):visible").first
        agreed.get_by_role("checkbox").check()
        expect(accept).to_have_text("Nothing is left to accept in the 1 selected point")
        expect(accept).to_be_disabled()


def test_the_eleventh_class_has_a_letter(browser: Browser) -> None:
    iris = load_iris()
    kinds = np.array([f"kind {chr(97 + i)}" for i in range(12)])
    panel = ValuationPanel(FakeValuation(), Dataset(iris.data, kinds[np.arange(150) % 12]), title="many")
    with bridged(browser, panel) as at:
        at.row(3).click()
        expect(at.part("relabel-button").nth(10)).to_contain_text("b")
        at.page.keyboard.press("b")
        expect(at.row(3).get_by_test_id("cell-label")).to_contain_text("kind k")
        at.page.keyboard.press("z")  # there is no such class
        at.page.keyboard.press("d")
        expect(at.row(3).get_by_test_id("cell-label")).to_contain_text("kind l")
        assert panel.dataset().labels is not None
        assert panel.edits.to_frame()["new"].tolist() == ["kind k", "kind l"]


def test_a_comment_stays_when_somebody_clicks_elsewhere_before_it_is_saved(browser: Browser) -> None:
    iris = load_iris()
    panel = ValuationPanel(FakeValuation(), Dataset(iris.data, iris.target_names[iris.target]), title="iris")
    with bridged(browser, panel) as at:
        marks = at.row(1).get_by_test_id("marks").get_by_role("img")
        at.row(1).click()
        at.page.keyboard.press("c")
        at.page.keyboard.type("two flowers")
        at.row(3).click()
        expect(marks).to_have_count(1)
        assert panel.edits.to_frame()["new"].tolist() == ["two flowers"]
        at.row(1).click()
        for leave in ("Escape", None):  # what was not changed, or given up, is no edit
            at.page.keyboard.press("c")
            if leave is None:
                at.row(2).click()
            else:
                at.page.keyboard.type("three")
                at.page.keyboard.press(leave)
            expect(at.part("prompt")).to_be_hidden()
        assert len(panel.edits.history()) == 1


@pytest.mark.parametrize("width", [400, 970])
def test_what_a_label_is_now_can_be_read_and_a_tooltip_says_what_it_was(browser: Browser, width: int) -> None:
    names = ("infected", "uninfected", "unclear")
    was = (np.arange(60) % 3).astype("u2")
    labels = Labels(names, (was + 1) % 3, was)
    blank = Blank.open(browser, width=width, height=700)
    blank.mount()
    blank.tell(wire.full(1, replace(snapshot(60, state="finished"), labels=labels)))
    cells = blank.page.get_by_test_id("cell-label")
    expect(cells.first).to_be_visible()
    right = "one => one.getBoundingClientRect().right"
    for cell in cells.locator("visible=true").all()[:9]:
        now = cell.locator(".label-now")
        assert now.inner_text() in names
        assert now.evaluate("one => one.scrollWidth <= one.clientWidth")
        assert now.evaluate(right) <= cell.evaluate(right)
        title = str(cell.get_attribute("title"))
        assert title in {f"{names[i]} → {names[(i + 1) % 3]}" for i in range(3)}
        assert title.endswith(now.inner_text())
    blank.close()


def test_a_comment_that_is_half_written_is_there_again_when_the_page_is_loaded_anew(browser: Browser) -> None:
    iris = load_iris()
    panel = ValuationPanel(FakeValuation(), Dataset(iris.data, iris.target), title="iris")
    with bridged(browser, panel) as at:
        page, field = at.page, at.part("prompt-field")

        def anew() -> None:
            page.reload()
            at.mount()
            expect(at.part("row").first).to_be_visible()

        at.row(3).click()
        page.keyboard.press("c")
        page.keyboard.type("blurred, ask An")
        anew()
        expect(field).to_have_value("blurred, ask An")
        expect(field).not_to_be_focused()  # nobody's typing goes there unasked
        expect(at.row(3)).to_have_class(re.compile("focused"))
        assert len(panel.edits.net) == 0
        field.press("End")
        page.keyboard.type("na")
        page.keyboard.press("Enter")
        expect(at.part("point-note")).to_have_text("blurred, ask Anna")
        anew()
        expect(at.part("prompt")).to_be_hidden()
        at.row(3).click()
        expect(at.part("point-note")).to_have_text("blurred, ask Anna")

        # of which point it is stays said while somebody goes on, and it is kept when another one is begun
        page.keyboard.press("c")
        field.fill("blurred; Anna agrees")
        anew()
        expect(at.part("prompt")).to_contain_text("Comment on point 3")
        page.keyboard.press("n")
        expect(at.row(3)).not_to_have_class(re.compile("focused"))
        expect(at.part("prompt")).to_contain_text("Comment on point 3")
        page.keyboard.press("c")
        expect(at.part("prompt")).not_to_contain_text("Comment on point 3")
        expect(field).to_be_focused()
        page.keyboard.press("Escape")
        at.row(3).click()
        expect(at.part("point-note")).to_have_text("blurred; Anna agrees")

        # what was cancelled is gone; so is a draft of points that there are not
        page.keyboard.press("c")
        field.fill("no")
        page.keyboard.press("Escape")
        anew()
        expect(at.part("prompt")).to_be_hidden()
        for odd in ('[[7000], "of other data"]', "{", '{"rows": 3}', '[3, "text"]', '[["x"], 5]'):
            page.evaluate("text => sessionStorage.setItem(Object.keys(sessionStorage)[0], text)", odd)
            anew()
            expect(at.part("prompt")).to_be_hidden()


def test_classes_that_look_alike_are_told_apart(browser: Browser, tmp_path: Path) -> None:
    names = np.array(["a", " a", "a ", "", "b c", "b  c"], dtype=object)
    seen = ["a", '"\u00a0a"', '"a\u00a0"', '""', "b c", '"b\u00a0\u00a0c"']
    train = Dataset(np.arange(60.0)[:, None], names[np.arange(60) % 6])
    valuation = FakeValuation()
    panel = ValuationPanel(valuation, train, title="names")
    valuation.runs[0].yields(progress(60))
    with bridged(browser, panel) as at:
        part = at.part
        expect(part("row").first).to_be_visible()
        expect(part("relabel-button")).to_have_count(6)
        for row in at.order()[:12]:
            expect(at.row(row).get_by_test_id("cell-label")).to_have_text(seen[row % 6])
        assert set(part("filter-label").locator("option").all_inner_texts()[1:]) == set(seen)
        assert set(at.page.locator(".relabel-name").all_inner_texts()) == set(seen)
        code = part("filter-label").locator("option").all_inner_texts().index(seen[2])
        part("filter-label").select_option(index=code)
        expect(part("footer-shown")).to_have_text("10 of 60 shown")
        expect(part("chip").filter(has_text="label:")).to_contain_text(seen[2])
        until(lambda: at.page.evaluate("0") == 0 and panel.filters == {"classes": {"label": ["a "]}})
        panel.save(tmp_path / "names.html", "full")
    page = browser.new_page()
    page.goto((tmp_path / "names.html").as_uri())
    expect(page.get_by_test_id("row").first).to_be_visible()
    assert set(page.get_by_test_id("filter-label").locator("option").all_inner_texts()[1:]) == set(seen)
    page.close()


@pytest.mark.parametrize("width", [400, 1400])
def test_which_points_are_commented_is_said_within_the_prompt(browser: Browser, width: int) -> None:
    iris = load_iris()
    ids = [f"cells/C33P1thinF_IMG_20150619_114756a_cell_{i}.png" for i in range(150)]
    panel = ValuationPanel(FakeValuation(), Dataset(iris.data, iris.target, ids=ids), title="cells")
    with bridged(browser, panel, width=width) as at:
        expect(at.part("row").first).to_be_visible()
        at.row(at.order()[0]).focus()
        for _ in range(7):
            at.page.keyboard.press("Space")
            at.page.keyboard.press("ArrowDown")
        at.page.keyboard.press("c")
        label = at.part("prompt").locator("label")
        expect(label).to_have_text(re.compile(r"Comment on 7 points: (cells/\S+\.png, ){5}…"))
        assert label.evaluate("one => one.scrollWidth <= one.clientWidth")
        assert at.part("prompt-field").evaluate("one => one.getBoundingClientRect().bottom") < 300
