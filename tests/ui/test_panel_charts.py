"""Charts of a panel, by hand: each becomes a file, and the map shows what somebody asks for."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
from panel_fakes import FakeValuation, progress
from playwright.sync_api import Browser, expect
from sklearn.datasets import load_iris
from ui.bridge import Bridge, bridged
from ui.eyes import box, drawn
from ui.work import valued_digits

from dvlwidgets import Dataset, ValuationPanel

pytestmark = pytest.mark.usefixtures("in_a_folder")


def test_every_chart_becomes_a_file_as_it_is_seen(browser: Browser) -> None:
    with bridged(browser, valued_digits()) as at:
        page, part = at.page, at.part
        part("whatif").click()
        card = part("whatif-card")
        expect(card).to_have_attribute("data-state", "done", timeout=120_000)
        for kind in ("svg", "png"):
            assert drawn(page, card, (kind,)) >= ({"accuracy"} if kind == "svg" else set())
        assert "Values" in drawn(page, page.locator(".card").filter(has=part("histogram")))
        pictures = page.locator(".pictures")
        for picture, word in (("curve", "50"), ("map", "all labels"), ("classes", "0")):
            part(f"picture-{picture}").click()
            if picture == "map":
                expect(part("map")).to_have_attribute("data-points", "80")
            if picture == "classes":  # one scale for all, however long a mean is
                charts = part("strip").locator(".chart").all()
                assert len({box(chart)["width"] for chart in charts}) == 1 < len(charts)
            texts = drawn(page, pictures)
            assert picture == "map" or word in texts
            assert "Drag to select." not in texts  # nobody drags in a file
    valuation, iris = FakeValuation(), load_iris()
    panel = ValuationPanel(valuation, Dataset(iris.data, iris.target), title="iris")
    valuation.runs[0].yields(progress(150))
    with bridged(browser, panel) as at:  # exact values have no such chart
        certainty = at.page.locator(".card").filter(has=at.part("certainty-chart"))
        assert "evaluations 1,000" in drawn(at.page, certainty)


@pytest.mark.parametrize(
    ("lowest", "highest"), [(-0.034, 0.19), (-0.0041, 0.02), (-0.77, 0.134), (-12.0, 99.0)]
)
def test_the_zero_of_the_distribution_keeps_away_from_its_ends(
    browser: Browser, lowest: float, highest: float
) -> None:
    valuation, iris = FakeValuation(), load_iris()
    panel = ValuationPanel(valuation, Dataset(iris.data, iris.target), title="iris")
    valuation.runs[0].yields(progress(150, values=np.linspace(lowest, highest, 150)))
    with bridged(browser, panel) as at:
        card = at.page.locator(".card").filter(has=at.part("histogram"))
        expect(card).to_contain_text("150 points")
        ends = card.locator(".axis > span").evaluate_all(
            """all => all.filter(one => one.textContent !== '').map(one => {
                const range = document.createRange();
                range.selectNodeContents(one);
                const {left, right} = range.getBoundingClientRect();
                return [left, right];
            })"""
        )
        assert all(before[1] + 2 < after[0] for before, after in itertools.pairwise(ends)), ends


def test_the_map_is_of_coordinates_that_were_passed_or_of_two_columns(browser: Browser) -> None:
    iris, turn = load_iris(as_frame=True), np.arange(150.0)
    passed = pd.DataFrame({"across": turn, "upwards": turn % 10})
    passed.iloc[:5] = np.nan  # these have no place
    valuation = FakeValuation()
    panel = ValuationPanel(valuation, Dataset(iris.data, iris.target), title="iris", map=passed)
    valuation.runs[0].yields(progress(150))
    with bridged(browser, panel) as at:
        page, part = at.page, at.part
        part("picture-map").click()
        part("enlarge").click()
        plane, across, upwards = part("map"), part("map-x"), part("map-y")
        expect(plane).to_have_attribute("data-points", "145")
        expect(across.locator("option:checked")).to_have_text("Map")
        expect(upwards).to_be_hidden()
        assert {"across", "upwards"} <= drawn(page, page.locator(".pictures"), ("svg",))
        expect(page.locator(".pictures")).to_contain_text("Coordinates as they were passed.")

        # every point left of 80, by a lasso
        drag(at, (0.0, 0.02), (0.53, 0.02), (0.53, 0.93), (0.0, 0.93))
        expect(part("footer-selected")).to_be_visible()
        chosen = at.selected()
        assert len(chosen) > 50
        assert min(chosen) == 5
        assert chosen == list(range(5, 5 + len(chosen)))

        # two columns; the box takes the wide petals
        across.select_option(label="petal length (cm)")
        upwards.select_option(label="petal width (cm)")
        expect(plane).to_have_attribute("data-points", "150")
        assert {"petal length (cm)", "petal width (cm)"} <= drawn(page, page.locator(".pictures"), ("svg",))
        part("box").click()
        drag(at, (0.0, 0.0), (1.0, 0.5))
        expect(part("footer-selected")).not_to_have_text(f"{len(chosen)} selected")
        wide = at.selected()
        width = iris.data["petal width (cm)"].to_numpy()
        assert sorted(wide) == np.flatnonzero(width >= width[wide].min()).tolist()
        assert 10 < len(wide) < 110

        # by keys, and back to the passed ones
        plane.focus()
        before = part("point-name").inner_text()
        page.keyboard.press("ArrowRight")
        expect(part("point-name")).not_to_have_text(before)
        across.select_option(label="Map")
        expect(plane).to_have_attribute("data-points", "145")
        page.keyboard.press("Escape")
        expect(part("table")).to_be_visible()


def drag(at: Bridge, *corners: tuple[float, float]) -> None:
    """Drags over the map, from corner to corner, in shares of it."""
    place, mouse = box(at.part("map")), at.page.mouse
    for i, (x, y) in enumerate(corners):
        mouse.move(
            place["x"] + 1 + x * (place["width"] - 2), place["y"] + 1 + y * (place["height"] - 2), steps=4
        )
        if i == 0:
            mouse.down()
    mouse.up()


def test_before_a_value_is_known_the_curve_says_so_and_nothing_is_to_be_dragged(browser: Browser) -> None:
    valuation, iris = FakeValuation(), load_iris()
    panel = ValuationPanel(valuation, Dataset(iris.data, iris.target), title="iris")
    with bridged(browser, panel) as at:
        pictures = at.page.locator(".pictures")
        expect(pictures).to_contain_text("No value is known.")
        drag = at.page.get_by_text("Drag to select.")
        expect(drag).to_be_hidden()
        valuation.runs[0].yields(progress(150))
        expect(pictures).to_contain_text("Shaded: ± one standard error.")
        expect(drag).to_be_visible()
