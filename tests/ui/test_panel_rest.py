"""What a page is given of the panel's JavaScript, and when: little at rest, the rest once it is wanted."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from influence_fakes import FakeExplorer, two_sets
from playwright.sync_api import Browser, expect
from ui.bridge import Bridge, bridged
from ui.work import until, valued_digits

from dvlwidgets import InfluencePanel
from dvlwidgets.widgets import bundle

MOST = 150_000
"""Bytes that a panel may load while nobody touches it."""

HOSTS = ("widget.js", "influence.js")
"""Which the host of a widget loads."""


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[list[str]]:
    """Names of the files that were handed to a page, in their order; logs of edits are kept in a folder of the test."""
    monkeypatch.chdir(tmp_path)
    names: list[str] = []
    read = bundle.read

    def noted(name: str) -> str:
        if name not in HOSTS:
            names.append(name)
        return read(name)

    monkeypatch.setattr(bundle, "read", noted)
    yield names
    assert len(names) == len(set(names)), "a module was handed over twice"


def quiet(at: Bridge) -> None:
    """Long enough for whatever the page would ask for by itself."""
    expect(at.part("cell-suggested").first).to_contain_text("%")
    at.page.wait_for_timeout(1_500)


def size(names: list[str]) -> int:
    return sum((bundle.STATIC / name).stat().st_size for name in names)


def test_a_panel_that_nobody_touches_is_small_and_each_part_comes_when_it_is_wanted(
    browser: Browser, given: list[str]
) -> None:
    with bridged(browser, valued_digits(80), height=640, turn=False) as at:
        quiet(at)
        assert given == []
        assert size(["widget.js", *given]) <= MOST
        for button in ("export", "columns-open", "expression"):
            expect(at.part(button)).to_be_visible()  # they look as ever
        at.part("table").hover()
        until(lambda: _heard(at, given, 5), what=f"only {given} came with the pointer")
        assert {"pictures.js", "previews.js", "around.js", "view.js", "expression.js"} <= set(given)
        assert not {"tests.js", "history.js"} & set(given)  # out of view, and nobody asked for it
        expect(at.part("around-near").get_by_role("button")).to_have_count(5)
        at.overview_end()
        expect(at.part("whatif")).to_be_visible()
        expect(at.part("test-look")).to_be_visible()
        assert "history.js" not in given
        at.row(at.order()[0]).click()
        at.page.keyboard.press("h")
        expect(at.part("log-list")).to_be_attached()
        assert given[-1] == "history.js"


def test_a_panel_without_pictures_of_its_points_is_small_too(browser: Browser, given: list[str]) -> None:
    with bridged(browser, valued_digits(80, images=False), height=640, turn=False) as at:
        quiet(at)
        assert given == []
        assert size(["widget.js", *given]) <= MOST


def test_what_is_in_view_comes_with_the_pointer_and_all_with_the_focus(
    browser: Browser, given: list[str]
) -> None:
    with bridged(browser, valued_digits(80), height=1300, turn=False) as at:
        quiet(at)
        assert given == []  # nor in a tall panel
        at.part("table").hover()
        expect(at.part("picture-curve")).to_be_visible()
        expect(at.part("whatif")).to_be_visible()
    del given[:]
    with bridged(browser, valued_digits(80), height=640, turn=False) as at:
        expect(at.part("row").first).to_be_visible()
        at.part("row").first.focus()  # Tab goes through the whole overview then
        until(lambda: _heard(at, given, 7), what=f"only {given} came with the focus")


def test_an_influence_panel_at_rest_is_small_too(browser: Browser, given: list[str]) -> None:
    panel = _influence()
    with bridged(browser, panel, turn=False) as at:
        expect(at.part("tests").get_by_test_id("row").first).to_be_visible()
        expect(at.part("card").first).to_be_visible()
        at.page.wait_for_timeout(1_500)
        assert given == []
        assert size(["influence.js"]) <= MOST
        panel.filters = {"ranges": {"quantile": (None, 0.5)}}  # as the menu of a column would
        until(lambda: _heard(at, given, 2), what=f"only {given} came with a filter")
        assert given[:2] == ["table.js", "pictures.js"]
    del given[:]
    with bridged(browser, _influence(), turn=False) as at:
        expect(at.part("card").first).to_be_visible()
        training = at.page.locator("[data-testid=tab][data-chip=training]")
        training.evaluate("it => it.click()")  # without a pointer that would come before
        expect(at.page.locator("[data-testid=table] [data-testid^=mini-]").first).to_be_visible()
        expect(at.part("picture-map")).to_be_visible()


def test_a_pointer_that_rests_on_a_picture_enlarges_it_as_soon_as_that_is_known(
    browser: Browser, given: list[str]
) -> None:
    with bridged(browser, valued_digits(80), turn=False) as at:
        quiet(at)
        picture = at.part("row").nth(2).get_by_test_id("preview")
        picture.hover()  # once: nothing moves after that
        expect(at.part("larger")).to_be_visible()
        assert "previews.js" in given


def test_a_click_on_a_menu_opens_it_when_it_comes(browser: Browser, given: list[str]) -> None:
    with bridged(browser, valued_digits(80), height=640, turn=False) as at:
        expect(at.part("row").first).to_be_visible()
        at.part("export").evaluate("it => it.click()")  # without a pointer that would come before
        expect(at.part("export-csv")).to_be_focused()
        assert "view.js" in given


def _influence() -> InfluencePanel:
    train, test, _ = two_sets()
    panel = InfluencePanel(FakeExplorer(train, test), train, test, title="blobs")
    panel.start()
    panel.wait(60)
    return panel


def _heard(at: Bridge, given: list[str], count: int) -> bool:
    at.page.evaluate("0")  # the page is heard while somebody waits for it
    return len(given) >= count
