"""The values of a panel as another semivalue: in place of the values, and what stood beside them."""

from __future__ import annotations

import numpy as np
import pytest
from engine_worlds import blobs
from playwright.sync_api import Browser, expect
from ui.bridge import bridged

from dvlwidgets import MaxUpdates, MSRSampler, ShapleyValuation, Utility, ValuationPanel

pytestmark = pytest.mark.usefixtures("in_a_folder")


def test_values_are_switched_and_those_before_stand_only_beside_values_of_the_same_method(
    browser: Browser,
) -> None:
    train, _ = blobs(30)

    def game(masks: np.ndarray) -> np.ndarray:
        return np.tanh(masks @ np.cos(np.arange(masks.shape[1])))

    made = ShapleyValuation(Utility.from_function(game), MSRSampler(seed=1), MaxUpdates(400), progress=False)
    panel = ValuationPanel(made, train)
    panel.start()
    panel.wait(60)
    with bridged(browser, panel) as at:
        method, before = at.page.locator(".method"), at.page.locator("[data-column='x:before']")

        def as_(name: str) -> None:
            at.part("export").click()
            at.part(f"as-{name}").click()
            expect(at.part("export-menu")).to_be_hidden()

        expect(at.part("row").first).to_be_visible()
        own = at.order()
        as_("Banzhaf")
        expect(method).to_contain_text("Banzhaf (from Shapley)")
        expected = made.reweight("Banzhaf")
        wanted = expected.indices[np.argsort(expected.values, kind="stable")].tolist()
        assert at.order() == wanted[: len(at.order())]
        assert at.order() != own

        panel.edits.drop(train, [wanted[0]])
        at.part("value-again").click()
        expect(before.first).to_be_visible(timeout=30_000)
        panel.wait(60)
        expect(method).to_contain_text("Banzhaf (from Shapley)")
        at.part("export").click()
        expect(at.part("as-Banzhaf")).to_have_attribute("aria-pressed", "true")
        at.part("as-Shapley").click()
        expect(method).not_to_contain_text("Banzhaf")
        expect(before).to_have_count(0)  # Banzhaf's beside Shapley's would say that edits moved them
        as_("Banzhaf")
        expect(before.first).to_be_visible()
