"""The pictures in JupyterLab: the map with its lasso, the curve and the classes, charts as files."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET

from labserver import Server
from PIL import Image
from playwright.sync_api import Locator, Page, expect
from ui.work import Panel, paused_run

SVG = "{http://www.w3.org/2000/svg}"


def drag(page: Page, over: Locator, *corners: tuple[float, float]) -> None:
    """Drags along corners, each a share of the width and of the height."""
    over.scroll_into_view_if_needed()
    box = over.bounding_box()
    assert box is not None
    places = [(box["x"] + box["width"] * x, box["y"] + box["height"] * y) for x, y in corners]
    page.mouse.move(*places[0])
    page.mouse.down()
    for x, y in places[1:]:
        page.mouse.move(x, y, steps=4)
    page.mouse.up()


def saved(page: Page, at: Locator, kind: str, folder: Path) -> Path:
    """Saves the chart whose menu is in `at`."""
    at.get_by_test_id("save").click()
    with page.expect_download() as waited:
        at.get_by_test_id(f"save-{kind}").click()
    path = folder / waited.value.suggested_filename
    waited.value.save_as(path)
    return path


def lasso_the_map(page: Page, panel: Panel) -> None:
    """All of the map is selected, then less of it; a cursor walks to the nearest point."""
    panel.part("picture-map").click()
    surface = panel.part("map")
    expect(surface).to_have_attribute("data-points", "40", timeout=30_000)
    panel.part("enlarge").click()
    drag(page, surface, (0.01, 0.01), (0.99, 0.01), (0.99, 0.99), (0.01, 0.99))
    expect(panel.part("footer-selected")).to_have_text("40 selected")
    panel.part("box").click()
    drag(page, surface, (0.01, 0.01), (0.5, 0.99))
    expect(panel.part("footer-selected")).not_to_have_text("40 selected")
    some = int((panel.part("footer-selected").inner_text()).split()[0])
    assert 0 < some < 40
    name = panel.part("point-name").inner_text()
    surface.focus()
    for key in ("ArrowRight", "ArrowUp", "ArrowLeft", "ArrowDown"):
        page.keyboard.press(key)
    expect(panel.part("point-name")).not_to_have_text(name)


def test_a_lasso_selects_everywhere_and_charts_are_saved(
    page: Page, server: Server, folder: Path, tmp_path: Path
):
    _, _, panel = paused_run(page, server, folder, "pictures")
    panel.into_view()
    lasso_the_map(page, panel)
    large = panel.at.locator(".pictures-large")
    map_file = ET.parse(saved(page, large, "svg", tmp_path)).getroot()
    dots = "".join(path.get("d") or "" for path in map_file.iter(f"{SVG}path"))
    assert dots.count("h.01") >= 40
    assert any("PC 1" in (text.text or "") for text in map_file.iter(f"{SVG}text"))
    with Image.open(saved(page, large, "png", tmp_path)) as picture:
        assert min(picture.size) > 200
        assert len(picture.convert("RGB").getcolors(1 << 20)) > 10
    page.keyboard.press("Escape")
    expect(large).to_be_hidden()
    panel.part("picture-classes").click()
    panel.part("strip").first.click()
    expect(panel.part("filter-label")).not_to_have_value("all labels")
    panel.part("strip").first.click()
    panel.part("picture-curve").click()
    drag(page, panel.part("curve"), (0.2, 0.5), (0.99, 0.5))
    expect(panel.part("footer-selected")).to_contain_text("selected")
    bars = saved(page, panel.at.locator(".card").first, "svg", tmp_path)
    drawn = [mark for mark in ET.parse(bars).getroot().iter() if mark.tag in (f"{SVG}rect", f"{SVG}path")]
    fills = {mark.get("fill") for mark in drawn} - {None, "none"}
    assert len(fills) >= 3  # the ground, helpful, harmful: colours are written out
