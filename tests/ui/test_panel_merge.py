"""A colleague's log is loaded into the history of edits, in a panel whose Python half is in this process."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from influence_fakes import FakeExplorer
from panel_fakes import FakeValuation
from playwright.sync_api import Browser, expect
from sklearn.datasets import load_iris
from ui.bridge import Bridge, bridged
from ui.test_panel_a11y import AXE, check
from ui.work import DROPPED, until

from dvlwidgets import Dataset, InfluencePanel, ValuationPanel
from dvlwidgets.data.edit_log import EditLog

pytestmark = pytest.mark.usefixtures("in_a_folder")
ACTIVE = "document.querySelector('[data-dvl-panel]').shadowRoot.activeElement?.dataset.testid"


def iris(order: object = None) -> Dataset:
    data = load_iris()
    rows = np.arange(150) if order is None else np.asarray(order)
    return Dataset(data.data[rows], data.target_names[data.target[rows]], ids=rows)


def of_ada() -> EditLog:
    """Made on a copy in another order."""
    shuffled = iris(np.random.default_rng(0).permutation(150))
    at = {int(item): position for position, item in enumerate(shuffled.ids)}
    log = EditLog("ada.jsonl", author="Ada")
    log.relabel(shuffled, {at[1]: "virginica", at[2]: "hybrid"}, why="petals")
    log.drop(shuffled, [at[0]])
    log.note(shuffled, [at[3]], "look again")
    return log


def on_disk(panel: ValuationPanel) -> list[dict[str, object]]:
    path = panel.edits.path
    return [json.loads(line) for line in path.read_bytes().splitlines()[1:]] if path.exists() else []


def ready(at: Bridge) -> None:
    """Opens the history. Files are asked of the test from now on: to begin and end that each time is a race."""
    at.page.on("filechooser", lambda _: None)
    at.part("log-open").click()
    expect(at.part("merge-open")).to_be_visible()


def load(at: Bridge, path: str | Path) -> None:
    """Chooses a file as a person does."""
    with at.page.expect_file_chooser() as coming:
        at.part("merge-open").click()
    coming.value.set_files(path)


def test_a_log_is_seen_before_it_is_merged_and_undone_in_one_step(browser: Browser) -> None:
    of_ada()
    panel = ValuationPanel(FakeValuation(), iris(), title="iris")
    panel.edits.relabel(panel._session.train, [1], "versicolor")
    with bridged(browser, panel) as at:
        page, part = at.page, at.part
        page.add_script_tag(content=AXE.read_text("utf-8"))
        ready(at)
        expect(part("merge-box")).to_be_hidden()

        # looked at, and left: nothing changed, and the keys are where they were
        load(at, "ada.jsonl")
        expect(part("merge-state")).to_have_text("ada.jsonl, edits by Ada: 4 changes")
        expect(part("merge-list")).to_contain_text("3 new: 1 label, 1 drop, 1 comment")
        expect(part("merge-list")).to_contain_text("no point has yet: hybrid")
        expect(part("merge-clashes")).to_contain_text("point 1: versicolor here, virginica in the file")
        expect(part("merge-go")).to_be_focused()
        check(at, ".sheet.log")
        page.keyboard.press("x")  # no point is dropped by a key pressed here
        page.keyboard.press("Escape")
        expect(part("merge-box")).to_be_hidden()
        expect(part("log")).to_be_visible()
        assert page.evaluate(ACTIVE) == "merge-open"
        assert [edit["op"] for edit in on_disk(panel)] == ["relabel"]

        # by the keyboard alone: the file, theirs where both edited, the merge
        with page.expect_file_chooser() as coming:
            page.keyboard.press("Enter")
        coming.value.set_files("ada.jsonl")
        expect(part("merge-go")).to_have_text("Merge 3 changes")
        expect(part("merge-go")).to_be_focused()
        page.keyboard.press("Shift+Tab")
        assert page.evaluate(ACTIVE) == "merge-ours"
        page.keyboard.press("ArrowRight")
        expect(part("merge-theirs")).to_be_checked()
        expect(part("merge-go")).to_have_text("Merge 4 changes")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        expect(part("export-told")).to_have_text("Merged 4 changes; undo takes them back.")
        assert page.evaluate(ACTIVE) == "merge-open"
        newest = part("log-entry").first
        expect(newest).to_contain_text("merged edits of 4 points")
        expect(newest).to_contain_text("ada.jsonl: edits by Ada")
        expect(newest).to_contain_text("petals")
        expect(at.row(0)).to_have_class(DROPPED)
        expect(at.row(1).get_by_test_id("cell-label")).to_contain_text("virginica")
        merged = on_disk(panel)[-1]
        assert merged["op"] == "merge"
        assert {(told["who"], told["why"]) for told in merged["from"]} == {("Ada", "petals"), ("Ada", "")}  # type: ignore[attr-defined]
        page.keyboard.press("Escape")
        part("undo").click()
        expect(at.row(0)).not_to_have_class(DROPPED)
        expect(at.row(1).get_by_test_id("cell-label")).to_contain_text("versicolor")
        assert on_disk(panel)[-1]["op"] == "undo"
        assert len(panel.edits) == 1

        # what is here already is said
        part("redo").click()
        expect(at.row(0)).to_have_class(DROPPED)
        part("log-open").click()
        load(at, panel.edits.path)
        expect(part("merge-list")).to_have_text("nothing new4 already here")
        expect(part("merge-go")).to_be_hidden()
        expect(part("merge-close")).to_have_text("Close")
        part("merge-close").click()
        expect(part("merge-box")).to_be_hidden()


def test_a_wrong_file_is_refused_in_words(browser: Browser) -> None:
    panel = ValuationPanel(FakeValuation(), iris(), title="iris")
    EditLog("csv.jsonl").flag(panel._session.train, [1])
    EditLog("csv.jsonl").to_csv("edits.csv")
    other = Dataset(iris().x + 1, iris().labels)
    EditLog("other.jsonl").flag(other, [1, 2])
    Path("picture.png").write_bytes(bytes(range(256)) * 10)
    Path("empty.jsonl").touch()
    with Path("large.jsonl").open("wb") as file:
        file.truncate(20_000_001)
    with bridged(browser, panel) as at:
        page, part = at.page, at.part
        page.add_script_tag(content=AXE.read_text("utf-8"))
        ready(at)
        for name, words in (
            ("edits.csv", "is the export as CSV"),
            ("other.jsonl", "edits 2 points, and none of them is in these data of 150"),
            ("picture.png", "is no text in UTF-8"),
            ("empty.jsonl", "is empty"),
            ("large.jsonl", "has 21 MB; at most 20 MB are read here"),
        ):
            load(at, name)
            expect(part("merge-wrong")).to_contain_text(f"{name} {words}")
            expect(part("merge-go")).to_be_hidden()
            expect(part("merge-close")).to_be_focused()
        check(at, ".sheet.log")
        page.keyboard.press("Enter")
        expect(part("merge-box")).to_be_hidden()
        assert page.evaluate(ACTIVE) == "merge-open"
        assert on_disk(panel) == []


def test_a_large_file_comes_in_pieces_none_of_which_ends_within_a_character(browser: Browser) -> None:
    train = Dataset(np.arange(900.0)[:, None], np.arange(900) % 3)
    log = EditLog("large.jsonl", author="Ada")
    for start in range(3):  # so that some piece would end within a character
        log.note(
            train, range(300 * start, 300 * start + 300), "x" * start + "\N{SLIGHTLY SMILING FACE}" * 1_500
        )
    panel = ValuationPanel(FakeValuation(), train)
    with bridged(browser, panel) as at:
        ready(at)
        load(at, "large.jsonl")
        expect(at.part("merge-list")).to_contain_text("900 new comments")
        at.part("merge-go").click()
        expect(at.part("export-told")).to_contain_text("Merged 900 changes")
        assert panel.edits.net == log.net


def test_a_file_is_dropped_onto_the_history(browser: Browser) -> None:
    log = of_ada()
    panel = ValuationPanel(FakeValuation(), iris())
    with bridged(browser, panel) as at:
        ready(at)
        dropped = at.page.evaluate_handle(
            """text => {
                const carried = new DataTransfer();
                carried.items.add(new File([text], 'dropped.jsonl'));
                return carried;
            }""",
            log.path.read_text("utf-8"),
        )
        at.part("log").dispatch_event("dragover", {"dataTransfer": dropped})
        expect(at.part("log")).to_have_attribute("data-dropping", "")
        at.part("log").dispatch_event("drop", {"dataTransfer": dropped})
        expect(at.part("log")).not_to_have_attribute("data-dropping", "")
        expect(at.part("merge-state")).to_contain_text("dropped.jsonl")


def test_each_log_of_an_influence_panel_takes_its_own_files(browser: Browser) -> None:
    images, labels = np.random.default_rng(0).random((60, 16)), np.arange(60) % 3
    train, test = Dataset(images, labels), Dataset(images[:20] / 2, labels[:20])
    EditLog("train.jsonl", author="Ada").relabel(train, [5], 1)
    theirs = EditLog("test.jsonl", author="Ada")
    theirs.relabel(test, [3], 2)
    theirs.drop(test, [4])
    panel = InfluencePanel(FakeExplorer(train, test), train, test, image_shape=(4, 4))
    panel.start()
    panel.wait()
    with bridged(browser, panel) as at:
        page = at.page
        for log, name, button, said in (
            ("test-log", "test.jsonl", "test-log-open", "test points are not dropped"),
            ("log", "train.jsonl", "log-open", "1 new label"),
        ):
            if name == "train.jsonl":
                at.part("tab").and_(page.locator("[data-chip=training]")).click()
            at.part(button).click()
            sheet = at.part(log)
            sheet.locator("input[type=file]").set_input_files(name)
            expect(sheet.locator(".merge-list")).to_contain_text(said)
            sheet.locator(".merge-go").click()
            expect(sheet.locator(".log-export")).to_contain_text("Merged 1 change")
            page.keyboard.press("Escape")
            expect(sheet).to_be_hidden()
        until(lambda: len(panel.edits) == 1 and len(panel.test_edits) == 1)
        assert panel.dataset().labels[5] == 1
        assert panel.test_dataset().labels[3] == 2


def test_a_shared_page_has_no_button(browser: Browser) -> None:
    panel = ValuationPanel(FakeValuation(), iris(), title="iris")
    panel.edits.flag(panel._session.train, [3])
    path = panel.save("page.html", share="full")
    panel.close()
    page = browser.new_page()
    page.goto(path.resolve().as_uri())
    expect(page.get_by_test_id("row").first).to_be_visible()
    expect(page.locator("input[type=file]")).to_have_count(0)
    expect(page.get_by_test_id("log-open")).to_have_count(0)
    page.close()
