"""What if the lowest were dropped, and valuing again with the edits, in JupyterLab."""

from __future__ import annotations

import re
from pathlib import Path

from labserver import Server
from playwright.sync_api import Page, expect
from ui.work import Lab, until, write_notebook

PANEL = """
from sklearn.neighbors import KNeighborsClassifier
from dvlwidgets import KNNShapleyValuation
knn = KNNShapleyValuation(KNeighborsClassifier(3), split.val).fit(split.train)
values = knn.values().values
panel = ValuationPanel(knn, split.train, title="knn", held_out=split.test, edits="whatif.jsonl")
panel
"""


def test_the_lowest_are_left_out_by_trial_then_edits_are_applied_and_valued_again(
    page: Page, server: Server, folder: Path
):
    notebook = write_notebook(folder, "whatif", PANEL, points=120)
    lab = Lab.open(page, server, notebook)
    lab.run_all()
    panel = lab.panel()
    panel.expect_values()
    card, again = panel.part("whatif-card"), panel.part("value-again")
    expect(again).to_be_disabled()
    lowest, other = panel.order()[:2]
    panel.row(lowest).click()
    page.keyboard.press("x")
    expect(again).to_be_enabled()
    panel.part("whatif").click()
    expect(card).to_have_attribute("data-state", "done", timeout=120_000)
    words = panel.part("whatif-words")
    expect(words).to_contain_text(re.compile(r"Scored on [\d,]+ held-out points"))
    expect(words).to_contain_text("With your edits (1 point; dotted)")
    chart = panel.part("whatif-chart")
    expect(chart).to_have_attribute(
        "aria-label", re.compile(r"accuracy without the lowest points: 0\s% dropped")
    )
    panel.part("whatif-metric").select_option("neg_log_loss")
    expect(chart).to_have_attribute("aria-label", re.compile("neg_log_loss without"))
    again.click()
    expect(words).to_contain_text("The values have changed since.")
    expect(again).to_be_disabled()
    expect(panel.part("sort-x:before")).to_be_visible()
    panel.expect_state("finished")
    expect(panel.row(other)).to_be_visible()
    # the dropped one has no value now; rows stay in their places as long as somebody works among them
    until(lambda: panel.order()[0] == other, what="the next lowest does not come first")
    code = (
        f"print(len(panel.values), panel._session.valued.before[{lowest}] == values[{lowest}].astype('f4'))"
    )
    assert lab.run_code(code) == "119 True"
    page.keyboard.press("Escape")
    panel.part("undo").click()
    expect(again).to_be_enabled()  # undo stays possible: valued again, the point is back
    again.click()
    expect(again).to_be_disabled()
    assert lab.run_code("panel.wait(); print(len(panel.values))") == "120"
