"""Hosts that cannot be run here: what they look for in a panel's output is there."""

from __future__ import annotations

import sys
import threading
import types
from collections.abc import Iterator
from typing import Any

import pytest
from anywidget import _util
from panel_fakes import FakeValuation, dataset, progress

from dvlwidgets.widgets import ValuationPanel

VIEW = "application/vnd.jupyter.widget-view+json"
MANAGER = "https://colab.example/manager.js"


@pytest.fixture
def colab(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """What Colab's module is asked for. It knows the address of the manager of widgets only once that is enabled."""
    asked: list[str] = []
    module: Any = types.ModuleType("google.colab.output")
    module._widgets = types.SimpleNamespace(_installed_url=None)

    def enable() -> None:
        asked.append("enable")
        module._widgets._installed_url = MANAGER

    module.enable_custom_widget_manager = enable
    monkeypatch.setitem(sys.modules, "google.colab.output", module)
    _util.enable_custom_widget_manager_once.cache_clear()
    yield asked
    _util.enable_custom_widget_manager_once.cache_clear()


def test_colab_is_told_how_to_show_the_widget_also_when_the_output_is_written_again_by_a_thread(
    colab: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    published: list[dict[str, Any]] = []
    monkeypatch.setattr("IPython.display.display", lambda data, **more: published.append(more))
    monkeypatch.setattr("IPython.display.update_display", lambda data, **more: published.append(more))
    panel = ValuationPanel(FakeValuation(), dataset())
    panel._ipython_display_()
    panel._output.refresh()
    told = [panel._repr_mimebundle_()[1], *(more["metadata"] for more in published)]
    assert [each[VIEW]["colab"]["custom_widget_manager"]["url"] for each in told] == [MANAGER] * 3
    assert colab == ["enable"]
    panel.close()


def test_marimo_keeps_a_copy_in_the_state_and_others_do_not(monkeypatch: pytest.MonkeyPatch) -> None:
    marimo: Any = types.ModuleType("marimo")
    marimo.running_in_notebook = lambda: True
    marimo.Thread = threading.Thread
    marimo.current_thread = lambda: types.SimpleNamespace(should_exit=False)
    data, pages = dataset(ids=[f"secret {i}" for i in range(20)]), []
    for here in (False, True):
        if here:
            monkeypatch.setitem(sys.modules, "marimo", marimo)
        panel = ValuationPanel(FakeValuation(), data)
        assert panel.page == ""
        panel.start()
        panel.run.yields(progress())
        panel.run.become("finished")
        panel.edits.drop(data, [3])
        panel._output.settle()
        pages.append(panel.get_state()["page"])
        panel.edits.undo()
        panel.close()
    assert pages[0] == ""
    assert pages[1].startswith("<!doctype html>")
    assert "Content-Security-Policy" in pages[1]
    assert '"field":"dropped"' in pages[1]
    assert "secret" not in pages[1]


def test_elsewhere_there_is_nothing_to_tell() -> None:
    panel = ValuationPanel(FakeValuation(), dataset())
    assert panel._repr_mimebundle_()[1] == {}
    panel.close()
