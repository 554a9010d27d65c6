"""What Python and the page show of a text is the same: `tests/shown/cases.json` is read by both."""

from __future__ import annotations

import json
import sys
from pathlib import Path

FOLDER = Path(__file__).parent / "shown"


def test_the_cases_that_the_page_is_tested_with_are_what_python_shows(monkeypatch):
    monkeypatch.setattr(sys, "path", [str(FOLDER), *sys.path])
    from make_golden import cases

    assert json.loads((FOLDER / "cases.json").read_text(encoding="utf-8")) == cases()
    assert len(cases()) > 200
