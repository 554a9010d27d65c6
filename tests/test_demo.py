"""The demo finds what was flipped, judges it fairly, writes its files, and keeps what it has on Ctrl-C."""

from __future__ import annotations

import csv
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import joblib
import pytest

from dvlwidgets.demo import __main__ as program
from dvlwidgets.demo.find import Findings, ask, judge
from dvlwidgets.demo.report import write_csv
from dvlwidgets.engine.stopping import MaxUpdates

pytestmark = pytest.mark.slow

SEEDS = range(3)


@pytest.fixture(scope="module")
def runs() -> list[Findings]:
    """The demo's work at three seeds (of split, flips and draws), stopped by counts so that it is repeatable.

    Of the smaller data set, whose fits are quick; the program below values both.
    """
    found = []
    for seed in SEEDS:
        question = ask("breast_cancer", MaxUpdates(3), seed=seed)
        assert len(question.split.train) >= 300
        assert len(question.split.flipped) == 0.1 * len(question.split.train)
        with joblib.parallel_config(backend="loky", n_jobs=2):
            question.valuation.fit(question.split.train)
        findings = judge(question)
        assert findings is not None
        found.append(findings)
    return found


def test_precision_is_three_times_chance(runs: list[Findings]):
    good = [run.detection.precision >= 3 * run.detection.chance for run in runs]
    assert sum(good) >= 2, [str(run.detection) for run in runs]


def test_dropping_beats_random_removal_on_the_third_split(runs: list[Findings]):
    good = [run.judgements[0].better_than_random for run in runs]
    assert sum(good) >= 2, [str(run.judgements[0]) for run in runs]
    gains = [run.judgements[0].after - run.judgements[0].random.mean() for run in runs]
    assert sum(gains) > 0


def _interruptible() -> None:
    """A program in the background inherits SIGINT ignored, and would not hear it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def demo(out: Path, *arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "dvlwidgets.demo", "--headless", "--out", str(out), *arguments]
    return subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=_interruptible,  # noqa: PLW1509
    )


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def flipped_among_the_lowest(table: list[dict[str, str]]) -> int:
    lowest = sorted(table, key=lambda row: float(row["value"]))[:30]
    return sum(int(row["flipped"]) for row in lowest)


def test_the_program_finds_the_flipped_labels_and_writes_a_table_and_a_page(tmp_path: Path):
    process = demo(tmp_path, "--seconds", "3600", "--updates", "2")
    out, err = process.communicate(timeout=400)
    assert process.returncode == 0, err
    for name in ("breast_cancer", "digits"):
        table = rows(tmp_path / name / "values.csv")
        assert list(table[0]) == ["id", "value", "stderr", "count", "label", "flipped"]
        assert len(table) == 300
        assert sum(int(row["flipped"]) for row in table) == 30
        assert all(row["value"] and row["stderr"] for row in table)
        assert flipped_among_the_lowest(table) >= 9  # three times chance
        page = (tmp_path / name / "page.html").read_text(encoding="utf-8")
        assert "<table" in page
    for words in ("certainty", "standard error", "picking at random: 10%", "third split", "at random"):
        assert words in out, out
    judged = re.findall(r"probability: .* points, (\S+) without .* at random (\S+) \(\S+ to (\S+) in", out)
    assert len(judged) == 2, out
    for chosen, at_random, best_at_random in judged:  # on the third split
        assert float(chosen) > float(best_at_random) >= float(at_random)
    assert "at most" in err  # the announced cost


def test_ctrl_c_keeps_what_was_computed(tmp_path: Path):
    process = demo(tmp_path, "--seconds", "600")
    assert process.stderr is not None
    for line in process.stderr:  # the bar speaks every few seconds: wait until values exist
        done = re.search(r"([\d,]+) evaluations", line)
        if done and int(done[1].replace(",", "")) > 2 * 300:
            break
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to the program and its workers
    try:
        out, err = process.communicate(timeout=120)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        raise
    assert process.returncode == 130, err
    assert "interrupted: what was computed is kept" in out
    table = rows(tmp_path / "breast_cancer" / "values.csv")
    assert len(table) == 300
    assert any(row["value"] for row in table)
    assert (tmp_path / "breast_cancer" / "page.html").exists()
    assert not (tmp_path / "digits").exists()
    assert "Traceback" not in err


def test_ctrl_c_while_the_files_are_written_leaves_them_whole(tmp_path: Path, monkeypatch, capsys):
    writes = []

    def interrupted(*given) -> None:
        writes.append(given)
        if len(writes) == 1:
            raise KeyboardInterrupt
        write_csv(*given)

    monkeypatch.setattr(program, "write_csv", interrupted)
    arguments = ["--headless", "--out", str(tmp_path), "--updates", "1", "--seconds", "3600"]
    assert program.main(arguments) == program.INTERRUPTED
    assert "interrupted: what was computed is kept" in capsys.readouterr().out
    assert len(rows(tmp_path / "breast_cancer" / "values.csv")) == 300
    assert (tmp_path / "breast_cancer" / "page.html").exists()
    assert not (tmp_path / "digits").exists()


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({}, False),
        ({"DISPLAY": ":0"}, True),
        ({"WAYLAND_DISPLAY": "wayland-0"}, True),
        ({"DISPLAY": ":0", "HEADLESS": "1"}, False),
        ({"DISPLAY": ":0", "HEADLESS": ""}, True),
        ({"DISPLAY": ":0", "HEADLESS": "0"}, True),
        ({"DISPLAY": ":0", "CI": "true"}, False),
    ],
)
def test_a_browser_opens_only_where_somebody_sees_it(monkeypatch: pytest.MonkeyPatch, variables, expected):
    monkeypatch.setattr(sys, "platform", "linux")
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "HEADLESS", "CI"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert program.has_display() is expected
