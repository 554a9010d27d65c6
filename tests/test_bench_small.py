"""Speed is kept: CI runs the small version of `make bench`'s table, and fails where a ratio has collapsed."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent / "bench"))
import table
from row import Row

GOOD = Row("walks: a", 0.001, 0.05, "scikit-learn 1.9: fit", 40, "the arithmetic")


def test_no_ratio_is_under_a_third_of_what_was_recorded() -> None:
    run = subprocess.run(
        [sys.executable, table.__file__, "--small"], capture_output=True, text=True, check=False
    )
    print(run.stdout)
    assert run.returncode == 0, run.stdout + run.stderr


def test_a_ratio_under_a_third_of_its_recorded_value_is_a_collapse_and_so_is_a_row_that_is_gone() -> None:
    assert table.compare({"walks: a": 149.0}, [GOOD]) == []
    assert "walks: a: 50x, recorded with 151x" in table.compare({"walks: a": 151.0}, [GOOD])[0]
    assert "not measured now" in table.compare({"walks: b": 2.0}, [GOOD])[0]


def scripts(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(small: bool) -> Iterator[Row]:
        yield GOOD
        raise MemoryError("no room\nfor | this")

    for name, rows in (("breaks", broken), ("works", lambda small: iter([GOOD]))):
        module = ModuleType(name)
        module.rows = rows  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, name, module)


def test_a_script_that_fails_has_a_line_that_says_so_and_costs_the_others_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    scripts(monkeypatch)
    page, readme = tmp_path / "speed.md", tmp_path / "README.md"
    for name, value in (("SCRIPTS", ("breaks", "works")), ("PAGE", page), ("README", readme)):
        monkeypatch.setattr(table, name, value)
    readme.write_text(f"before\n{table.MARKS[0]}\nold\n{table.MARKS[1]}\nafter\n")
    assert table.main([]) == 1
    said = page.read_text()
    row = "| walks: a | 1 ms | 50 ms | 50x | 40x | yes | scikit-learn 1.9: fit | the arithmetic |"
    assert said.splitlines()[-3:] == [
        row,
        "| breaks | FAILED | | | | NO | | MemoryError: no room for / this |",
        row,
    ]
    assert "Traceback" in capsys.readouterr().out
    kept = readme.read_text()
    assert kept.startswith("before\n")
    assert kept.endswith("after\n")
    assert "old" not in kept
    assert "| walks: a | 1 ms | 50 ms (scikit-learn 1.9) | 50x |" in kept


def test_what_was_not_measured_says_so_and_what_misses_its_goal_too() -> None:
    assert "| NOT MEASURED |  | 40x |  |" in table.line(Row("a", 1.0, None, "pyDVL", 40))
    assert "| 2 s | 2.0x | 40x | NO |" in table.line(Row("a", 1.0, 2.0, "pyDVL", 40))
    assert table.line(Row("a", 2e-6, 1e-6, "pyDVL")).startswith("| a | 2 us | 1 us | 0.50x |  |  |")


def test_a_page_without_marks_is_left_alone() -> None:
    assert table.refresh("text", "table") == "text"
