"""What is left of a run: failed fits with their first traceback, uncertain points, a checkpoint to go on from."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, expect
from sklearn.naive_bayes import GaussianNB
from ui.bridge import bridged

from dvlwidgets import (
    ModelUtility,
    PermutationSampler,
    ShapleyValuation,
    SupervisedScorer,
    ValuationPanel,
)
from dvlwidgets.data.examples import load_split
from dvlwidgets.engine.stopping import AbsoluteStandardError
from dvlwidgets.errors import FirstFitError

pytestmark = pytest.mark.usefixtures("in_a_folder")


class Picky(GaussianNB):
    """Refuses some subsets, and leaves a mark in a file with every fit."""

    def fit(self, x: Any, y: Any) -> Picky:
        with open("fits", "ab") as file:
            file.write(b".")
        if len(x) == 3:
            raise ValueError("three points are not enough")
        return super().fit(x, y)


def a_panel(seed: int = 1, model: GaussianNB | None = None) -> ValuationPanel:
    split = load_split("digits", n_train=14, seed=0)
    scorer = SupervisedScorer("accuracy", split.val.take(np.arange(60)), default=0.1, range=(0, 1))
    rule = AbsoluteStandardError(0.03, fraction=0.5)
    valuation = ShapleyValuation(
        ModelUtility(model or Picky(), scorer), PermutationSampler(seed=seed), rule, progress=False
    )
    return ValuationPanel(valuation, split.train, title="digits: a few")


class Singular(GaussianNB):
    def fit(self, x: Any, y: Any) -> Singular:
        raise ValueError("singular on purpose")


def test_a_run_that_fails_at_its_first_fit_shows_the_traceback_of_the_cause(browser: Browser) -> None:
    panel = a_panel(model=Singular())
    panel.start()
    with pytest.raises(FirstFitError):
        panel.wait()
    with bridged(browser, panel) as at:
        expect(at.part("notice")).to_contain_text("ValueError: singular on purpose")
        expect(at.page.get_by_text("no values", exact=True)).to_be_visible()
        at.overview_end()
        for hopeless in ("picture-curve", "whatif-card"):
            expect(at.part(hopeless)).to_be_attached()
            expect(at.part(hopeless)).to_be_hidden()
        failed = at.part("footer-failures")
        expect(failed).to_have_text("First traceback")
        failed.click()
        expect(at.part("sheet")).to_contain_text('raise ValueError("singular on purpose")')
        expect(at.part("sheet")).not_to_contain_text("FirstFitError")


@pytest.mark.filterwarnings("ignore")  # of subsets with one class
def test_failures_are_told_and_a_checkpoint_is_saved_and_opened(browser: Browser) -> None:
    panel = a_panel()
    panel.start()
    panel.wait()
    values = panel.values
    with bridged(browser, panel) as at:
        page, part = at.page, at.part
        expect(part("state")).to_have_attribute("data-state", "finished")
        failed = part("footer-failures")
        expect(failed).to_have_text(re.compile(r"^\d+ failed fits$"))
        failed.click()
        expect(part("sheet")).to_contain_text("Traceback")
        expect(part("sheet")).to_contain_text("ValueError: three points are not enough")
        page.keyboard.press("Escape")
        expect(part("sheet")).to_be_hidden()

        uncertain = np.flatnonzero(~(values.stderr < 0.03))
        assert 0 < len(uncertain) < 14
        page.locator("[data-chip=unconverged]").click()
        expect(part("footer-shown")).to_have_text(f"{len(uncertain)} of 14 shown")
        assert set(at.order()) == set(uncertain.tolist())
        page.locator("[data-chip=unconverged]").click()

        part("export").click()
        part("export-checkpoint").click()
        expect(part("export-said")).to_have_text(re.compile("^saved in "))
        folder = Path(part("export-said").inner_text().removeprefix("saved in "))
        assert folder.is_dir()
        page.keyboard.press("Escape")
        expect(part("export")).to_be_focused()

    # another panel goes on from there by a button, without a fit for what is known; one of other draws refuses
    again, other = a_panel(), a_panel(seed=2)
    with bridged(browser, again) as at:
        before = Path("fits").stat().st_size
        expect(at.part("state")).to_have_attribute("data-state", "pending")
        at.part("export").click()
        at.part(f"from-{folder.name}").click()
        expect(at.part("state")).to_have_attribute("data-state", "finished")
        expect(at.part("export-menu")).to_be_hidden()
        expect(at.part("export")).to_be_focused()
        expect(at.part("cell-value").first).to_have_text(re.compile(r"\d"))
        again.wait()
        np.testing.assert_array_equal(again.values.values, values.values)
        assert Path("fits").stat().st_size - before < 20  # for labels to suggest, not for values
    with bridged(browser, other) as at:
        at.part("export").click()
        at.part(f"from-{folder.name}").click()
        expect(at.part("notice")).to_contain_text("belongs to another run")
        expect(at.part("state")).to_have_attribute("data-state", "pending")
        at.page.keyboard.press("Escape")
        at.part("toolbar-start").click()
        expect(at.part("state")).to_have_attribute("data-state", "finished")
