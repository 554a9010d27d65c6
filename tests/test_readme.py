"""What the README shows runs as it stands, and says what it says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from magicshell import new_shell


def python_blocks(repository: Path, language: str = "python") -> list[str]:
    return re.findall(
        rf"```{language}\n(.*?)```", (repository / "README.md").read_text(encoding="utf-8"), re.DOTALL
    )


@pytest.mark.slow
def test_examples_run(repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys):
    monkeypatch.chdir(tmp_path)
    first, second, third = python_blocks(repository)
    # the time limit would make the outcome depend on the machine: the same rule, stopped by counts
    counted = first.replace("MaxTime(20)", "MaxUpdates(3)")
    assert "MaxUpdates(3)" in counted
    names: dict[str, object] = {}
    exec(compile(counted, "README.md", "exec"), names)
    printed = capsys.readouterr().out
    found = re.search(r"(\d+) of the 30 lowest are wrong", printed)
    assert found is not None
    assert int(found[1]) >= 9, printed
    exec(compile(second, "README.md", "exec"), names)
    panel = names["panel"]
    panel.wait()
    assert panel.save("report.html").exists()
    capsys.readouterr()
    exec(compile(third, "README.md", "exec"), names)
    assert names["harmful"]["scores"][0] < 0 < names["helpful"]["scores"][0]
    assert str(names["harmful"]["indices"][0]) in capsys.readouterr().out


def test_the_magics_run(repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    setup, cell = python_blocks(repository, "ipython")
    counted = cell.replace("| seconds(20)", "| updates(3)").replace(
        " --seed 0", " --seed 0 --sampler permutation --wait"
    )
    assert "updates(3)" in counted
    with new_shell(tmp_path) as shell:
        assert shell.run(setup).error is None
        said = shell.run(counted)
        assert said.error is None, said
        assert len(shell.names["run"].result) == 300
        assert "cancer" in shell.run("%dvl").all


@pytest.mark.parametrize("line", ["show report.html", "edits report.html --code", "strip report.html"])
def test_the_program_s_lines_are_there(repository: Path, line: str):
    from dvlwidgets.cli import main

    text = (repository / "README.md").read_text(encoding="utf-8")
    assert f"dvlwidgets {line.replace('.html', '.ipynb')}" in text
    assert main(line.split()) == 1  # it knows the command, and misses the file


def test_it_has_ten_lines(repository: Path):
    lines = [line for line in python_blocks(repository)[0].splitlines() if line.strip()]
    assert len(lines) == 10


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md"])
def test_what_it_points_to_is_there(repository: Path, name: str):
    text = (repository / name).read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#:]+)\)", text):
        assert (repository / target).exists(), target
    makefile = (repository / "Makefile").read_text(encoding="utf-8")
    for command in re.findall(r"`make ([a-z -]+)`", text):
        for word in command.split():
            assert re.search(rf"^{word}:", makefile, re.MULTILINE), f"make {word}"
