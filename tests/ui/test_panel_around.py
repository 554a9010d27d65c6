"""What lies around the point in focus, in a browser without a kernel: Python's half answers what the page asks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from panel_fakes import panels
from playwright.sync_api import Browser, expect
from sklearn.datasets import load_digits
from sklearn.neighbors import KNeighborsClassifier
from ui.blank import Blank
from ui.bridge import bridged

from dvlwidgets import KNNShapleyValuation
from dvlwidgets.data import Dataset
from dvlwidgets.widgets import wire
from dvlwidgets.widgets.parts.around import AroundPart

WRONG = 266
"""Its neighbours are zeros as it is, whatever its label says."""
ASKED = "() => kernel.model.sent.filter(one => one.part === 'around' && one.do === 'look')"


def test_a_wrong_label_is_seen_beside_those_of_its_neighbours_and_a_click_goes_to_one(
    browser: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    x, y = load_digits(return_X_y=True)
    told = y[:300].copy()
    told[WRONG] = (told[WRONG] + 3) % 10
    train, test = Dataset(x[:300], told), Dataset(x[300:500], y[300:500])
    valuation = KNNShapleyValuation(KNeighborsClassifier(5), test, progress=False).fit(train)
    assert np.argmin(valuation.result.values) == WRONG
    blank = Blank.open(browser)
    page = blank.page
    with panels() as make:
        panel, _ = make(train, valuation=valuation, image_shape=(8, 8))
        part = next(part for part in panel._desk.parts.values() if isinstance(part, AroundPart))

        def answer(count: int) -> None:
            """Answers the last of so many questions."""
            page.wait_for_function(f"({ASKED})().length === {count}")
            asked = page.evaluate(ASKED)[-1]
            blank.tell(part._look(asked["row"], asked["request"]), f"answer{count}")

        blank.mount()
        blank.tell(wire.full(1, panel._session.snapshot()))
        answer(1)
        near = page.get_by_test_id("around-near").get_by_role("button")
        expect(near).to_have_count(5)
        expect(page.get_by_test_id("around-others")).to_have_text("5 of 5 labelled otherwise")
        expect(near.first.locator("span:visible")).to_have_text(str(y[WRONG]))
        drawn = near.first.locator("canvas").evaluate(
            "it => new Set(it.getContext('2d').getImageData(0, 0, it.width, it.height).data).size"
        )
        assert drawn > 5
        expect(page.get_by_test_id("around-hurt").get_by_role("img")).to_have_count(5)
        expect(page.get_by_test_id("around-said")).to_contain_text("of 200")

        # its label repaired, the same question again; then to a neighbour
        panel.edits.subscribe(lambda news: blank.tell(panel._session.edits_frame(news), "edit"))
        panel.edits.relabel(train, [WRONG], int(y[WRONG]))
        answer(2)
        expect(page.get_by_test_id("around-others")).to_have_text("same label, all 5")
        to = near.first.get_attribute("data-of")
        near.first.click()
        expect(page.locator(f"[data-testid=row][data-row='{to}']")).to_have_attribute("tabindex", "0")
        answer(3)
        expect(page.get_by_test_id("around-near").locator(f"[data-of='{WRONG}']")).to_be_visible()
    blank.close()


def test_names_of_any_length_leave_the_labels_of_neighbours_whole(
    browser: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(60, 2)), np.arange(60) % 3 + 1000
    names = [f"house {i} in a street with a very long name" for i in range(40)]
    train, test = Dataset(x[:40], y[:40], ids=names), Dataset(x[40:], y[40:])
    valuation = KNNShapleyValuation(KNeighborsClassifier(5), test, progress=False).fit(train)
    with panels() as make:
        panel, _ = make(train, valuation=valuation)
        with bridged(browser, panel) as at:
            at.page.set_viewport_size({"width": 1250, "height": 800})
            near = at.part("around-near")
            expect(near.get_by_role("button")).to_have_count(5)
            cut = near.evaluate(
                """all => [...all.querySelectorAll('.around-thumb')].filter(thumb => {
                    const label = thumb.lastElementChild, room = all.closest('.detail').getBoundingClientRect();
                    return label.scrollWidth > label.clientWidth || thumb.getBoundingClientRect().right > room.right;
                }).length"""
            )
            assert cut == 0
