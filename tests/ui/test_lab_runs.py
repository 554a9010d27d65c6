"""The list of runs at the side of JupyterLab: what it shows, and what its buttons do."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from labserver import Server
from playwright.sync_api import Locator, Page, expect
from ui.work import NUMBER, OLD_KERNEL, START, Lab, Notebook, Panel, stands_still, until, write_notebook

EXECUTE = "([id, args]) => { window.jupyterapp.commands.execute(id, args); }"
BUSY = "while not Path('{name}.go').exists():\n    time.sleep(0.05)\nprint('the cell ended')"
RENAME = """async ([old, name]) => {
    await window.jupyterapp.commands.execute('filebrowser:refresh');
    await window.jupyterapp.serviceManager.contents.rename(old, name);
}"""
"""Not while the server lists the folder: it says that there is none when a file goes meanwhile."""
LAYOUT = """async () => JSON.stringify(
    (await window.jupyterapp.serviceManager.workspaces.fetch('default')).data['layout-restorer:data'])"""
ENDED = ".jp-OutputArea-output pre"
STORED_IN_CONSOLE = """() => {
    const {console} = [...window.jupyterapp.shell.widgets('main')].find((widget) => widget.console);
    return [...console.cells].some(({model}) => JSON.stringify(model.toJSON().outputs).includes('dvl-snapshot-data'));
}"""


@dataclass(frozen=True)
class Runs:
    """The list at the side."""

    page: Page

    @property
    def at(self) -> Locator:
        return self.page.locator(".dvl-runs")

    def row(self, name: str) -> Locator:
        return self.at.locator(".dvl-run", has=self.page.locator(f".dvl-run-name:text-is('{name}')"))

    def expect_state(self, name: str, state: str) -> None:
        expect(self.row(name)).to_have_attribute("data-state", state)

    def click(self, name: str, deed: str) -> None:
        self.row(name).locator(f"[data-deed={deed}]").click()

    def show(self) -> Runs:
        execute(self.page, "show-runs")
        expect(self.at).to_be_visible()
        return self


def execute(page: Page, command: str, **arguments: str) -> None:
    page.evaluate(EXECUTE, [f"dvlwidgets:{command}", arguments])


def progress(row: Locator) -> str:
    return row.locator(".dvl-run-facts").inner_text()


def opened(page: Page, server: Server, notebook: Notebook) -> Lab:
    found = Lab.open(page, server, notebook)
    found.run_all()
    return found


def test_runs_are_listed_and_steered_while_a_cell_computes_also_after_a_reload(
    page: Page, server: Server, folder: Path
):
    notebook = write_notebook(folder, "listed", START, BUSY.format(name="listed"))
    found = opened(page, server, notebook)
    runs = Runs(page)
    expect(page.locator(".dvl-status")).to_contain_text("1 run,")  # before the list was ever opened
    page.locator(".dvl-status").click()
    expect(runs.at).to_be_visible()
    runs.expect_state("listed", "running")
    expect(runs.row("listed").locator(".dvl-spark")).to_be_visible()
    before = progress(runs.row("listed"))
    until(lambda: progress(runs.row("listed")) != before, what="the progress stood still")
    runs.row("listed").focus()
    page.keyboard.press("p")
    runs.expect_state("listed", "paused")
    expect(runs.at.locator("[aria-live=polite]")).to_have_text("listed: paused")
    assert stands_still(notebook)
    expect(page.locator(ENDED, has_text="the cell ended")).to_have_count(0)

    found.save()
    page.reload()
    runs.expect_state("listed", "paused")  # the cell still computes; the list was open, and is
    runs.click("listed", "resume")
    runs.expect_state("listed", "running")
    runs.click("listed", "stop")
    runs.expect_state("listed", "stopped")
    expect(page.locator(".dvl-status")).to_be_hidden()
    (folder / "listed.go").touch()
    found.panel().expect_state("stopped")


def test_a_kernel_that_hears_nothing_while_it_computes_is_said_to_and_then_does_what_was_clicked(
    page: Page, server: Server, folder: Path, old_kernel: str
):
    notebook = write_notebook(folder, "deaf", START, BUSY.format(name="deaf"), kernel=old_kernel)
    opened(page, server, notebook)
    runs = Runs(page).show()
    note = runs.at.locator(".dvl-group-note").first
    expect(note).to_contain_text("hears nothing while a cell computes")
    (folder / "deaf.go").touch()
    expect(note).to_be_hidden()
    runs.expect_state("deaf", "running")

    notebook_again = f"Path('deaf.go').unlink()\n{BUSY.format(name='deaf')}"
    page.evaluate(
        """code => void window.jupyterapp.shell.currentWidget.context.sessionContext.session.kernel
             .requestExecute({code})""",
        f"print('begun')\n{notebook_again}",
    )
    until(lambda: not (folder / "deaf.go").exists())
    runs.click("deaf", "pause")
    expect(runs.row("deaf")).to_contain_text("pausing")
    expect(note).to_contain_text(f"ipykernel {OLD_KERNEL}")
    (folder / "deaf.go").touch()
    runs.expect_state("deaf", "paused")


def test_a_kernel_that_restarts_loses_its_runs_and_shows_new_ones(page: Page, server: Server, folder: Path):
    notebook = write_notebook(folder, "again", START)
    found = opened(page, server, notebook)
    runs = Runs(page).show()
    runs.expect_state("again", "running")
    page.evaluate("window.jupyterapp.shell.currentWidget.context.sessionContext.session.kernel.restart()")
    expect(runs.row("again")).to_have_count(0)
    expect(runs.at).to_contain_text("No runs yet")
    found.run_all()
    runs.expect_state("again", "running")
    runs.click("again", "stop")
    runs.expect_state("again", "stopped")


def test_a_run_whose_cell_runs_again_pauses_and_can_go_on(page: Page, server: Server, folder: Path):
    found = opened(page, server, write_notebook(folder, "twice", START))
    runs = Runs(page).show()
    runs.expect_state("twice", "running")
    found.run_all()
    runs.expect_state("twice-2", "running")
    runs.expect_state("twice", "paused")
    runs.click("twice-2", "stop")
    runs.click("twice", "resume")
    runs.expect_state("twice", "running")
    runs.click("twice", "stop")
    runs.expect_state("twice", "stopped")


def test_a_cell_is_revealed_and_views_beside_and_in_a_tab_agree_and_come_back_after_a_reload(
    page: Page, server: Server, folder: Path
):
    lines = "\n".join(["1"] * 80)
    notebook = write_notebook(folder, "seen", START, lines)
    found = opened(page, server, notebook)
    found.panel().expect_values()
    runs = Runs(page).show()
    page.evaluate("window.jupyterapp.shell.currentWidget.content.activeCellIndex = 2")
    runs.row("seen").focus()
    page.keyboard.press("Enter")
    active = "window.jupyterapp.shell.currentWidget.content.activeCellIndex"
    until(lambda: page.evaluate(active) == 0, what="the cell that made the panel was not made active")

    runs.click("seen", "tab")
    runs.click("seen", "beside")
    views = page.locator(".dvl-view").get_by_test_id("panel")
    expect(views).to_have_count(2)
    tab, beside = (Panel(views.nth(i), notebook) for i in (0, 1))
    beside.click("pause")
    for view in (tab, beside):
        view.expect_state("paused")
        expect(view.part("cell-value").first).to_have_text(NUMBER)
    high = page.locator(".dvl-view").first.evaluate("view => view.clientHeight")
    assert views.first.evaluate("panel => panel.clientHeight") > 0.9 * high

    found.save()
    # JupyterLab writes its layout a second after the last change, and tells nobody
    until(lambda: page.evaluate(LAYOUT).count("dvlwidgets-views:") >= 2, what="the layout was not saved")
    page.reload()
    expect(views).to_have_count(2)
    for i in (0, 1):
        Panel(views.nth(i), notebook).expect_state("paused")

    page.evaluate(RENAME, [notebook.file.name, "renamed.ipynb"])
    expect(runs.at).to_contain_text("renamed.ipynb")
    runs.click("seen", "stop")
    for i in (0, 1):
        Panel(views.nth(i), notebook).expect_state("stopped")


def test_runs_of_a_closed_notebook_and_of_a_console_are_listed_and_steered_and_the_panel_lives_on(
    page: Page, server: Server, folder: Path
):
    notebook = write_notebook(folder, "left", START, BUSY.format(name="left"))
    found = opened(page, server, notebook)
    found.panel().expect_values()
    found.save()
    runs = Runs(page).show()
    runs.expect_state("left", "running")
    away = runs.at.locator(".dvl-group-away")
    expect(away).to_be_hidden()

    # without the question whether to save the copies that were written since
    page.evaluate("[...window.jupyterapp.shell.widgets('main')].forEach((widget) => widget.dispose())")
    expect(page.locator(".jp-NotebookPanel")).to_have_count(0)
    expect(away).to_have_text("not open here")  # its cell still computes
    before = progress(runs.row("left"))
    until(lambda: progress(runs.row("left")) != before, what="the progress stood still")
    runs.click("left", "pause")
    runs.expect_state("left", "paused")
    assert stands_still(notebook)

    runs.click("left", "reveal")
    expect(away).to_be_hidden()
    expect(page.locator(".jp-NotebookPanel")).to_be_visible()
    (folder / "left.go").touch()
    panel = found.panel()
    panel.expect_state("paused")
    panel.click("resume")
    runs.expect_state("left", "running")  # by the usual channel
    panel.expect_values()

    page.goto(f"{server.url}/lab?token={server.token}&reset")
    expect(page.locator(".dvl-status")).to_contain_text("1 run,")
    runs.show()
    expect(away).to_have_text("not open here")
    runs.click("left", "stop")
    runs.expect_state("left", "stopped")
    assert stands_still(notebook)

    page.evaluate(
        """async () => void await window.jupyterapp.commands.execute('console:create', {
               kernelPreference: {name: 'python3', autoStartDefault: true}})"""
    )
    session = "window.jupyterapp.shell.currentWidget?.console?.sessionContext.session"
    page.wait_for_function(f"{session}?.kernel.status === 'idle'")
    talk = json.loads(write_notebook(folder, "talk").file.read_text(encoding="utf-8"))
    page.evaluate(
        f"code => void window.jupyterapp.commands.execute('console:inject', {{code, path: {session}.path}})",
        "".join(talk["cells"][0]["source"]) + "\npanel.start()\npanel",
    )
    runs.expect_state("talk", "running")
    shown = page.locator(".jp-CodeConsole [data-testid=panel][data-live]").and_(page.locator(":visible"))
    expect(shown.get_by_test_id("state")).to_have_text("running")
    runs.click("talk", "stop")
    runs.expect_state("talk", "stopped")
    expect(shown.get_by_test_id("state")).to_have_text("stopped")
    until(lambda: page.evaluate(STORED_IN_CONSOLE), what="the end was not stored in the console")
    expect(shown.get_by_test_id("footer-shown")).to_have_text("40 of 40 shown")


def test_the_list_of_what_is_running_stops_a_run(page: Page, server: Server, folder: Path):
    notebook = write_notebook(folder, "stock", START)
    opened(page, server, notebook)
    expect(page.locator(".dvl-status")).to_contain_text("1 run,")
    page.evaluate("window.jupyterapp.commands.execute('running:show-panel')")
    title = page.locator("[title^='stock, Shapley, running']")
    item = page.locator(".jp-RunningSessions-item", has=title)
    expect(item).to_be_visible()
    item.hover()
    item.locator(".jp-RunningSessions-itemShutdown").click()
    expect(item).to_have_count(0)
    Runs(page).show().expect_state("stock", "stopped")
    assert stands_still(notebook)


@pytest.fixture
def default_settings(own_page: Page) -> Iterator[None]:
    """Our settings are as they were afterwards, on the server of all tests; this page does not hear of that."""
    yield
    own_page.evaluate("window.jupyterapp.serviceManager.settings.save('dvlwidgets:plugin', '{}')")


@pytest.mark.usefixtures("default_settings")
def test_settings_reach_the_kernel_and_the_panels(own_page: Page, server: Server, folder: Path):
    page = own_page
    notebook = write_notebook(folder, "wishes", START, rule="MaxUpdates(2)")
    found = opened(page, server, notebook)
    root = found.panel().at
    expect(root).to_have_attribute("data-theme", "light")
    asked = "from dvlwidgets.widgets import preferences; print(preferences.current())"
    assert found.run_code(asked) == "Preferences(share='values', rate=10.0)"
    page.evaluate("void window.jupyterapp.commands.execute('settingeditor:open', {query: 'Data Valuation'})")
    page.locator("select[name$=plugin_share]").select_option(label="summary")
    page.locator("select[name$=plugin_theme]").select_option(label="dark")
    expect(page.locator("body")).to_have_attribute("data-dvl-theme", "dark")
    page.locator(".lm-TabBar-tab", has_text="wishes.ipynb").first.click()
    expect(root).to_have_attribute("data-theme", "dark")
    assert found.run_code(asked) == "Preferences(share='summary', rate=10.0)"


def test_a_notebook_without_the_package_is_left_alone(page: Page, server: Server, folder: Path):
    notebook = write_notebook(folder, "plain")
    content = json.loads(notebook.file.read_text(encoding="utf-8"))
    content["cells"][0]["source"] = "import threading; print(sorted(t.name for t in threading.enumerate()))"
    notebook.file.write_text(json.dumps(content), encoding="utf-8")
    found = opened(page, server, notebook)
    expect(page.locator(ENDED).first).to_contain_text("MainThread")
    runs = Runs(page).show()
    expect(runs.at).to_contain_text("No runs yet")
    assert found.run_code("import sys; print('dvlwidgets' in sys.modules)") == "False"
    assert "subshell" not in found.run_code("print(sorted(t.name for t in threading.enumerate()))")
    expect(page.locator(".dvl-status")).to_be_hidden()
