"""A panel in an output of VS Code, imitated: its variables, and those that its Jupyter extension brings along.

What is here was seen in the real program (code-server 4.139), where these tests cannot run.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import pytest
from playwright.sync_api import Browser, Page, expect
from ui.blank import Blank, full
from ui.bridge import bridged
from ui.test_panel_a11y import AXE, serious
from ui.work import saved_page, until, valued_digits

WHITE_PAGE: Final = """:root {--jp-layout-color1: white; --jp-ui-font-color1: rgba(0, 0, 0, .8);
    --jp-ui-font-family: monospace} main {background: white !important}"""
"""The extension gives JupyterLab's variables the values of a white page, whatever the theme."""
THEMES: Final[dict[str, dict[str, str]]] = {
    "vscode-dark": {
        "editor-background": "#1f1f1f", "editor-foreground": "#cccccc", "textLink-foreground": "#4daafc",
        "descriptionForeground": "#9d9d9d", "focusBorder": "#0078d4",
    },
    "vscode-light": {
        "editor-background": "#ffffff", "editor-foreground": "#3b3b3b", "textLink-foreground": "#005fb8",
        "descriptionForeground": "#3b3b3b", "focusBorder": "#005fb8",
    },
    "vscode-high-contrast": {
        "editor-background": "#000000", "editor-foreground": "#ffffff", "textLink-foreground": "#21a6ff",
        "descriptionForeground": "rgba(255, 255, 255, 0.7)", "focusBorder": "#f38518", "contrastBorder": "#6fc3df",
    },
    "vscode-high-contrast-light": {
        "editor-background": "#ffffff", "editor-foreground": "#292929", "textLink-foreground": "#0f4a85",
        "descriptionForeground": "rgba(41, 41, 41, 0.7)", "focusBorder": "#006bbd", "contrastBorder": "#0f4a85",
    },
}  # fmt: skip
TURN: Final = """([kind, colours]) => {
    document.body.dataset.vscodeThemeKind = document.body.className = kind;
    const root = document.documentElement;
    root.style.cssText = '--vscode-font-family: "DejaVu Sans"';
    Object.entries(colours).forEach(([name, colour]) => root.style.setProperty(`--vscode-${name}`, colour));
    document.body.style.background = colours['editor-background'];
}"""
LOOKS: Final = """panel => {
    const byte = (n) => (+n).toString(16).padStart(2, '0');
    const hex = (colour) => '#' + colour.match(/\\d+/g).slice(0, 3).map(byte).join('');
    const look = getComputedStyle(panel);
    return [hex(look.backgroundColor), hex(look.color), hex(look.borderTopColor), look.fontFamily];
}"""
HEAR: Final = """() => {
    window.heard = [];
    for (const type of ['keydown', 'wheel']) {
        window.addEventListener(type, (event) => heard.push([event.key ?? type, event.isTrusted]));
    }
    document.body.addEventListener('click', (event) => {
        const link = event.composedPath().find((one) => one instanceof HTMLAnchorElement);
        if (link !== undefined) {
            heard.push([link.download, link.href.startsWith('blob:')]);
        }
    });
}"""
"""Hears what VS Code hears: keys and turns of the wheel at the window, clicks on links at the body."""


def turn(page: Page, kind: str) -> None:
    page.evaluate(TURN, [kind, THEMES[kind]])


def heard(page: Page) -> list[list[Any]]:
    """What VS Code would have heard since it was asked last."""
    said: list[list[Any]] = page.evaluate("heard.splice(0)")
    return said


@pytest.mark.parametrize("module", ["widget", "influence"])
def test_the_panel_has_the_colours_of_vs_code_and_follows_them(browser: Browser, module: str) -> None:
    blank = Blank.open(browser)
    page = blank.page
    page.add_style_tag(content=WHITE_PAGE)
    turn(page, "vscode-dark")
    blank.mount(module=module)
    if module == "widget":
        blank.tell(full(60))
        expect(page.get_by_test_id("row").first).to_be_visible()
    page.add_script_tag(content=AXE.read_text("utf-8"))
    panel = page.get_by_test_id("panel")
    for kind, colours in [*THEMES.items()] * 2:
        turn(page, kind)
        expect(panel).to_have_attribute("data-theme", "light" if "light" in kind else "dark")
        ground, words, edge, font = panel.evaluate(LOOKS)
        assert [ground, words] == [colours["editor-background"], colours["editor-foreground"]], kind
        assert edge == colours.get("contrastBorder", edge), kind
        assert font == '"DejaVu Sans"'
        assert serious(page) == [], kind
    blank.close()


def listening(browser: Browser) -> Blank:
    """A panel of 60 points, one of which was clicked; VS Code hears what leaves it."""
    blank = Blank.open(browser)
    turn(blank.page, "vscode-dark")
    blank.mount(height=560)
    blank.tell(full(60))
    blank.page.evaluate(HEAR)
    blank.page.get_by_test_id("row").first.click()
    return blank


def test_vs_code_hears_of_saving_and_of_its_commands_and_of_no_other_key(browser: Browser) -> None:
    blank = listening(browser)
    for key in [*"xddajz", "Enter", "Escape", "Control+z", "Control+Enter", "Shift+Enter"]:
        blank.page.keyboard.press(key)
    assert heard(blank.page) == []
    blank.page.keyboard.press("Control+s")
    blank.page.keyboard.press("Control+Shift+P")
    assert heard(blank.page) == [["s", True], ["P", True]]
    blank.close()


def test_a_turn_of_the_wheel_scrolls_the_table_or_the_notebook_and_not_both(browser: Browser) -> None:
    blank = listening(browser)
    scrolls_one(blank.page)
    blank.close()


def test_so_it_does_in_a_saved_copy(browser: Browser, tmp_path: Path) -> None:
    blank = Blank.open(browser)
    blank.page.goto(saved_page(tmp_path / "copy.html").as_uri())
    blank.page.evaluate(HEAR)
    blank.page.get_by_test_id("row").first.hover()
    scrolls_one(blank.page)
    blank.close()


def scrolls_one(page: Page) -> None:
    """With the pointer over the table."""
    table = page.get_by_test_id("table")
    page.mouse.wheel(0, 200)
    until(lambda: table.evaluate("one => one.scrollTop") == 200, what="the table does not scroll")
    assert heard(page) == []
    table.evaluate("one => { one.scrollTop = 1e6 }")

    def goes_on() -> bool:
        page.mouse.wheel(0, 200)
        return ["wheel", True] in heard(page)

    until(goes_on, what="at the end of the table the notebook does not scroll")


def test_vs_code_is_given_the_file_that_is_saved(browser: Browser) -> None:
    with bridged(browser, valued_digits(60)) as at:
        at.page.evaluate(HEAR)
        at.part("export").click()
        with at.page.expect_download():
            at.part("export-csv").click()
        assert heard(at.page) == [["digits.csv", True]]
