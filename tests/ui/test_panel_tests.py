"""The card of doubtful test points in a browser without a kernel: Python's half answers what the page asks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from panel_fakes import panels
from playwright.sync_api import Browser, expect
from sklearn.datasets import load_digits
from sklearn.neighbors import KNeighborsClassifier
from ui.blank import Blank, full
from ui.bridge import bridged
from ui.work import until

from dvlwidgets import KNNShapleyValuation, ValuationPanel
from dvlwidgets.data import Dataset
from dvlwidgets.widgets.parts.tests import TestsPart


def digits_with_flips() -> tuple[Dataset, Dataset]:
    x, y = load_digits(return_X_y=True)
    told = y[300:420].copy()
    told[[5, 40, 77]] = (told[[5, 40, 77]] + 3) % 10
    return Dataset(x[:300], y[:300]), Dataset(x[300:420], told)


class Answered:
    """A page whose commands to the part are carried out by it; its newest messages are the answer."""

    def __init__(self, blank: Blank, part: TestsPart) -> None:
        self.blank, self.part, self.done = blank, part, 0
        self.answer()

    def sent(self) -> list[dict[str, object]]:
        """What the page asked for since the last time, of the part."""
        sent = self.blank.page.evaluate("kernel.model.sent")
        new, self.done = sent[self.done :], len(sent)
        assert not [one for one in new if one["t"] in {"relabel", "flag", "undo", "drop"}], "training points"
        return [one for one in new if one.get("part") == "tests" and one["do"] != "code"]

    def answer(self) -> None:
        for command in self.sent():
            told = self.part.receive(command, str(command["request"]))
            assert self.part.settle()
            if told is not None:
                self.blank.tell(told, "answer")
        for i, frame in enumerate(self.part.hello()):
            self.blank.tell(frame, f"tests{i}")


def test_doubtful_test_points_are_listed_when_asked_for_and_edited_by_keys(
    browser: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    train, test = digits_with_flips()
    blank = Blank.open(browser)
    page = blank.page
    with panels() as make:
        panel, _ = make(
            train, valuation=KNNShapleyValuation(KNeighborsClassifier(5), test), image_shape=(8, 8)
        )
        part = next(part for part in panel._desk.parts.values() if isinstance(part, TestsPart))
        blank.mount()
        blank.tell(full(300))
        card, look = page.get_by_test_id("test-card"), page.get_by_test_id("test-look")
        expect(card).to_be_attached()
        kernel = Answered(blank, part)
        expect(look).to_have_text("Look at test points")
        box = card.bounding_box()
        assert box is not None
        assert box["height"] < 40  # one line

        look.click()
        kernel.answer()
        lines = page.get_by_test_id("test-doubt")
        expect(lines.first).to_be_visible()
        rows = [int(row) for row in lines.evaluate_all("all => all.map(one => one.dataset.row)")]
        assert {5, 40, 77} <= set(rows[:4])
        first = page.locator("[data-testid=test-doubt][data-row='40']")
        first.click()
        expect(first).to_be_focused()
        expect(first.locator("canvas")).to_be_visible()
        assert card.evaluate("({parentElement: column}) => column.scrollWidth <= column.clientWidth")

        # a key gives it its own label back, in its own log; what is known of it follows
        right = (int(test.labels[40]) - 3) % 10
        page.keyboard.press(str(right))
        kernel.answer()
        expect(first.locator("s")).to_have_text(str(test.labels[40]))
        expect(first).to_contain_text("model agrees")
        assert panel.test_dataset().labels[40] == right
        assert len(panel.edits.net) == 0
        expect(page.get_by_test_id("test-unmoved")).to_contain_text("panel.test_dataset()")
        page.keyboard.press("f")
        page.keyboard.press("c")
        page.get_by_test_id("test-prompt-field").fill("a seven, surely")
        page.keyboard.press("Enter")
        kernel.answer()
        expect(page.get_by_test_id("test-edits-summary")).to_have_text("1 relabelled, 1 flagged, 1 commented")
        expect(page.get_by_test_id("test-point-note")).to_have_text("a seven, surely")
        expect(first).to_be_focused()

        # the history is of test points, and its keys are
        page.keyboard.press("h")
        kernel.answer()
        page.wait_for_function("kernel.model.sent.some(one => one.do === 'log')")  # what shows it is there
        kernel.answer()
        expect(page.get_by_test_id("test-log")).to_contain_text("History of the edits of test points")
        expect(page.get_by_test_id("test-log-list").locator("> li")).to_have_count(3)
        expect(page.get_by_test_id("test-log-list")).to_contain_text("loss then")
        button = page.locator("[data-testid=test-relabel-button]").first
        inside = button.evaluate("all => all.scrollWidth <= all.clientWidth")
        assert inside, "the name of a class and its key do not fit their button"
        page.keyboard.press("Escape")
        first.focus()
        for _ in range(3):
            page.keyboard.press("u")
            kernel.answer()
        expect(first.locator("s")).to_be_hidden()
        assert np.array_equal(panel.test_dataset().labels, test.labels)
        look.click()
        expect(page.get_by_test_id("test-list")).to_be_hidden()
        expect(look).to_have_text(f"Show {len(rows)}")
    blank.close()


def test_several_listed_test_points_are_selected_edited_at_once_and_taken_away(
    browser: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    train, test = digits_with_flips()
    panel = ValuationPanel(KNNShapleyValuation(KNeighborsClassifier(5), test), train, image_shape=(8, 8))
    panel.start()
    panel.wait(60)
    with bridged(browser, panel, permissions=["clipboard-read", "clipboard-write"]) as at:
        at.overview_end()
        at.part("test-look").click()
        lines = at.part("test-doubt")
        expect(lines.nth(2)).to_be_visible()
        rows = [int(row) for row in lines.evaluate_all("all => all.map(one => one.dataset.row)")]
        lines.nth(0).click()
        lines.nth(2).click(modifiers=["Shift"])
        expect(at.part("test-selected")).to_have_text("3 selected,")
        expect(lines.nth(2)).to_be_focused()

        def selected() -> list[int]:
            at.page.evaluate("0")
            return [int(row) for row in panel.test_selection]

        until(lambda: selected() == sorted(rows[:3]))
        lines.nth(1).get_by_test_id("test-select").click()
        until(lambda: selected() == sorted([rows[0], rows[2]]))
        lines.nth(0).press("f")
        expect(at.part("test-edits-summary")).to_have_text("2 flagged")
        assert len(panel.test_edits.net) == 2
        lines.nth(0).press("Control+c")
        expect(at.part("test-copied")).to_have_text("2 rows copied")
        copied = at.page.evaluate("navigator.clipboard.readText()").split("\n")
        assert [int(line.split("\t")[0]) for line in copied[1:]] == [rows[0], rows[2]]
        with at.page.expect_download() as coming:
            at.part("test-csv").click()
        saved = coming.value.path().read_text("utf-8").splitlines()
        assert (saved[0].split(",")[0], len(saved)) == ("position", 3)

        lines.nth(0).press("Escape")
        until(lambda: selected() == [])
        panel.test_selection = rows[1:3]
        expect(lines.nth(1)).to_have_attribute("aria-selected", "true")
        expect(lines.nth(0)).to_have_attribute("aria-selected", "false")
