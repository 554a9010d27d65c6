"""The required dependencies are enough to import, value a data set and render."""

from __future__ import annotations

from typing import Any

import pytest

pytestmark = [pytest.mark.wheel, pytest.mark.slow]

OPTIONAL = {
    "torch", "zarr", "dask", "distributed", "matplotlib", "pandas", "pyarrow", "pillow", "pymemcache", "ray",
    "jupyterlab", "ipykernel",
}  # fmt: skip


def test_nothing_optional_was_there(core_only_report: dict[str, Any]):
    assert OPTIONAL.isdisjoint(core_only_report["installed"])
    assert "site-packages" in core_only_report["where"]


def test_influence_says_what_to_install(core_only_report: dict[str, Any]):
    assert "pip install 'dvlwidgets[torch]'" in core_only_report["influence"]


def test_values_came_out(core_only_report: dict[str, Any]):
    assert core_only_report["values"] == 60
    assert core_only_report["finite"]
    assert core_only_report["precision"] > core_only_report["chance"]


def test_a_page_with_table_and_picture_came_out(core_only_report: dict[str, Any]):
    page = core_only_report["page"]
    assert "<table" in page
    assert "<img" in page or "<svg" in page
    assert "http://" not in page.replace("http://www.w3.org/", "")
