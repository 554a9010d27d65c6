"""The program `dvlwidgets`, as people type it: what it prints, what it writes, and how it refuses."""

from __future__ import annotations

import json
import stat
import subprocess
import sys

import nbformat
import numpy as np
import pytest
import shared_notebooks as made

from dvlwidgets.cli import main
from dvlwidgets.data import Dataset, notebook_file, notebook_strip
from dvlwidgets.data.notebook_file import payloads
from dvlwidgets.widgets.copies import MIME


@pytest.fixture(autouse=True)
def _no_build(monkeypatch):
    made.no_build(monkeypatch)


@pytest.fixture
def log(tmp_path):
    return made.edited_log(tmp_path)


@pytest.fixture
def run(capsys):
    """Runs the program here; returns its exit status, what it printed and what it complained of."""

    def run(*arguments):
        status = main([str(argument) for argument in arguments])
        printed = capsys.readouterr()
        return status, printed.out, printed.err

    return run


# --- the program itself -------------------------------------------------------------------------------------------


def program(*arguments, **more):
    return subprocess.run(
        [sys.executable, "-m", "dvlwidgets", *map(str, arguments)],
        capture_output=True, text=True, encoding="utf-8", check=False, **more,
    )  # fmt: skip


def test_alone_it_prints_help_and_it_starts_light():
    code = (
        "import sys, dvlwidgets.cli as cli; cli.main([]); "
        "print({'IPython', 'ipykernel', 'anywidget', 'torch', 'sklearn'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("usage: dvlwidgets")
    assert all(word in done.stdout for word in ("show", "edits", "strip"))
    assert done.stdout.endswith("set()\n")


def test_it_runs_as_a_module_and_refuses_in_one_line(tmp_path):
    path = made.saved(tmp_path, made.copy().bundle())
    shown = program("show", path)
    assert (shown.returncode, shown.stderr) == (0, "")
    assert "lowest values" in shown.stdout
    refused = program("show", tmp_path / "nowhere.ipynb")
    assert refused.returncode == 1
    assert refused.stdout == ""
    assert refused.stderr.count("\n") == 1
    assert refused.stderr.startswith("dvlwidgets: ")
    assert "is not there" in refused.stderr


def test_a_terminal_that_knows_ascii_only_gets_escapes(tmp_path):
    path = made.saved(tmp_path, made.copy().bundle())
    done = subprocess.run(
        [sys.executable, "-m", "dvlwidgets", "show", str(path)],
        capture_output=True, check=False, env={"PYTHONIOENCODING": "ascii", "PATH": ""},
    )  # fmt: skip
    assert done.returncode == 0
    assert b"\\xb1 1 s.e." in done.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ["paint"],
        ["show"],
        ["show", "x", "--rows", "0"],
        ["show", "x", "--rows", "many"],
        ["strip", "x", "--level", "full"],
        ["strip", "x", "--out", "y", "--in-place"],
        ["show", "x", "--browser", "--out", "y"],
    ],
)
def test_wrong_arguments_end_with_2_and_usage(run, arguments):
    status, out, err = run(*arguments)
    assert (status, out) == (2, "")
    assert "usage: dvlwidgets" in err


def test_the_version_is_that_of_the_package(run):
    import dvlwidgets

    assert run("--version") == (0, f"dvlwidgets {dvlwidgets.__version__}\n", "")


def test_ctrl_c_ends_as_a_shell_expects(run, monkeypatch):
    def interrupted(path):
        raise KeyboardInterrupt

    monkeypatch.setattr(notebook_file, "payloads", interrupted)
    assert run("show", "x") == (130, "", "")


# --- show ---------------------------------------------------------------------------------------------------------


def test_show_prints_state_values_edits_and_what_the_copy_holds(run, tmp_path, log):
    path = made.saved(tmp_path, made.copy(log=log).bundle())
    status, out, err = run("show", path, "--rows", 2)
    assert (status, err) == (0, "")
    lines = [line.split() for line in out.splitlines()]
    assert out.startswith(f"the points: Shapley   (cell 3 of {path})\n")
    assert ["1", "0", "cat", "-1.000", "0.033"] in lines
    assert ["2", "1", "dog", "-0.900", "0.033"] in lines
    assert ["30", "29", "cow", "1.900", "0.033"] in lines
    assert ["3", "2", "cow", "-0.800", "0.033"] not in lines
    assert "30 points, all of them here" in out
    assert "shared at level 'values': positions, labels, values and edits" in out
    assert "edits: 2 relabelled, 1 dropped, of 30 points" in out
    assert ["0", "cat", "→", "cow"] in [line[:4] for line in lines]
    assert "id-" not in out


def test_show_prints_the_runs_of_a_notebook_or_one_of_them(run, tmp_path):
    path = made.saved(
        tmp_path,
        made.copy(run="a", title="one").bundle(),
        made.copy("values+text", run="b", title="two").bundle(),
    )
    _, out, _ = run("show", path)
    assert out.count("lowest values") == 2
    _, out, _ = run("show", path, "--run", "b")
    assert "one" not in out.splitlines()[0]
    assert "id-29" in out
    status, out, err = run("show", path, "--run", "c")
    assert (status, out) == (1, "")
    assert "no run 'c'; it has 'a', 'b'" in err


@pytest.fixture
def influences(tmp_path):
    """A page of an influence panel: no errors, and test points."""
    from influence_fakes import FakeExplorer, two_sets

    from dvlwidgets.widgets.influence_panel import InfluencePanel

    train, test, _ = two_sets()
    panel = InfluencePanel(FakeExplorer(train, test), train, test, edits=tmp_path / "edits.jsonl")
    panel.start()
    panel.wait(20)
    yield panel.save(tmp_path / "page.html")
    panel.close()


def test_show_of_influences_has_no_errors_and_the_worst_predictions(run, influences):
    status, out, _ = run("show", influences, "--rows", 3)
    assert status == 0
    heads = [line.split() for line in out.splitlines() if line.strip().startswith("rank")]
    assert heads == [["rank", "point", "label", "quantile"]] * 2
    assert "unknown" not in out
    _, worst = out.split("worst predictions\n")
    head, *rows = worst.splitlines()[:4]
    assert head.split() == ["test", "point", "label", "predicted", "loss"]
    losses = [float(row.split()[-1]) for row in rows]
    assert losses == sorted(losses, reverse=True)


@pytest.mark.parametrize("tables", ["no list", [{"title": 1, "head": [], "rows": []}], [{"head": []}], [
    {"title": "t", "head": ["a", "b"], "rows": [["1"]]}]])  # fmt: skip
def test_a_copy_whose_tables_are_none_is_said_to_be_damaged(run, influences, tables):
    page = influences.read_text(encoding="utf-8")
    start = page.index('"tables":')
    end = page.index("]]}]", start) + 4
    influences.write_text(page[:start] + '"tables":' + json.dumps(tables) + page[end:], encoding="utf-8")
    status, _, err = run("show", influences)
    assert status == 1
    assert "is damaged" in err


def test_both_tables_of_influences_stay_or_go(run, influences, tmp_path):
    page = influences.read_text(encoding="utf-8")
    for level, tables in (("values", 2), ("summary", 0)):
        clean = tmp_path / f"{level}.html"
        run("strip", influences, "--level", level, "--out", clean)
        text = clean.read_text(encoding="utf-8")
        assert (page.count("<table"), text.count("<table")) == (2, tables)
        again, _, more = notebook_strip.strip_html(text, level)
        assert (again, more) == (text, 0)


def test_ranks_and_positions_are_those_of_all_points(run, tmp_path):
    n = 60_000
    x = np.zeros((n, 1))
    path = made.saved(tmp_path, made.copy(dataset=Dataset(x, np.zeros(n, dtype=int))).bundle())
    _, out, _ = run("show", path, "--rows", 1)
    assert "60,000 points, " in out
    assert "of them here: the " in out
    assert ["60,000", "59,999", "0"] in [line.split()[:3] for line in out.splitlines()]


def test_a_summary_has_no_points_to_print(run, tmp_path):
    _, out, _ = run("show", made.saved(tmp_path, made.copy("summary").bundle()))
    assert "no values of single points" in out
    assert "cat" not in out


def test_a_notebook_without_copies_is_said_to_have_none(run, tmp_path):
    status, out, err = run("show", made.saved(tmp_path))
    assert (status, out) == (1, "")
    assert "holds no copy of a panel" in err


def test_the_page_of_a_notebook_holds_its_copies_and_is_read_again(run, tmp_path, log):
    path, page = (
        made.saved(tmp_path, made.copy(log=log).bundle(), made.copy().bundle()),
        tmp_path / "page.html",
    )
    assert run("show", path, "--out", page) == (0, f"wrote {page}\n", "")
    assert [copy.payload for copy in payloads(page)] == [copy.payload for copy in payloads(path)]
    text = page.read_text()
    assert text.count("VIEWER") == 1
    assert "default-src 'none'" in text
    assert "lowest values" in text  # for readers without scripts
    assert str(tmp_path) not in text  # where it was made is nobody's business


def test_the_page_is_not_written_over_what_it_is_made_from(run, tmp_path):
    path = made.saved(tmp_path, made.copy().bundle())
    before = path.read_bytes()
    status, _, err = run("show", path, "--out", path)
    assert status == 1
    assert "is the file that is read" in err
    assert path.read_bytes() == before


@pytest.mark.parametrize("there_is_one", [True, False])
def test_a_browser_opens_the_page_or_its_name_is_told(run, tmp_path, monkeypatch, there_is_one):
    opened = []
    monkeypatch.setattr("webbrowser.open", lambda uri: opened.append(uri) or there_is_one)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    status, out, _ = run("show", made.saved(tmp_path, made.copy().bundle()), "--browser")
    (page,) = tmp_path.glob("dvlwidgets-*.html")
    assert status == 0
    assert opened == [page.as_uri()]
    assert str(page) in out
    assert len(payloads(page)) == 1


# --- edits --------------------------------------------------------------------------------------------------------


def test_edits_are_printed_as_a_table_or_as_code(run, tmp_path, log):
    path = made.saved(tmp_path, made.copy("values+text", log=log).bundle())
    status, out, err = run("edits", path)
    assert (status, err) == (0, "")
    assert out.splitlines()[0] == "edits: 2 relabelled, 1 dropped, of 30 points"
    assert out.splitlines()[1].split() == ["point", "id", "edit", "when"]
    assert out.splitlines()[2].split()[:5] == ["0", "id-0", "cat", "→", "cow"]
    _, code, _ = run("edits", path, "--code")
    names = {"train": made.points()}
    exec(code, names)
    assert names["train"].fingerprint == log.apply(made.points()).fingerprint


def test_edits_that_are_not_there_end_with_1(run, tmp_path):
    status, out, err = run("edits", made.saved(tmp_path, made.copy().bundle()))
    assert (status, out) == (1, "")
    assert "holds no edits: nothing was edited in 'my run'" in err


# --- strip --------------------------------------------------------------------------------------------------------


def bundles(path):
    return [data for _, _, data in notebook_file.bundles(json.loads(path.read_text()))]


def test_strip_takes_data_viewer_view_and_saved_state_and_leaves_the_rest_to_the_byte(run, tmp_path, log):
    path = made.saved(tmp_path, made.live(made.copy(log=log)), states=True)
    before, clean = path.read_text(), tmp_path / "report-stripped.ipynb"
    status, out, err = run("strip", path)
    assert (status, err) == (0, "")
    assert path.read_text() == before
    assert "took out 1 panel's data, 1 saved widget state, 1 live view; " in out
    assert f"wrote {clean}" in out
    text = clean.read_text()
    for gone in (
        "VIEWER",
        "dvl-snapshot-data",
        MIME,
        made.MODEL,
        made.LAYOUT,
        "_esm",
        "buffers",
        "lm-mod-hidden",
    ):
        assert gone not in text, gone
    for kept in ("<td>-1.000</td>", "image/png", "Shapley values of 30 points", made.OTHER, "SliderModel"):
        assert kept in text, kept
    notebook = nbformat.read(clean, 4)
    nbformat.validate(notebook)
    assert text == nbformat.writes(notebook) + "\n"  # as nbformat writes it
    kept, left = json.loads(before), json.loads(text)
    kept["cells"][2]["outputs"] = left["cells"][2]["outputs"] = None
    kept["metadata"]["widgets"] = left["metadata"]["widgets"] = None
    assert kept == left


def test_at_level_summary_no_point_is_left(run, tmp_path, log):
    path, clean = made.saved(tmp_path, made.live(made.copy(log=log))), tmp_path / "clean.ipynb"
    _, out, _ = run("strip", path, "--level", "summary", "--out", clean)
    assert "1 table of points" in out
    html = "".join(bundles(clean)[-1]["text/html"])
    assert "<td>" not in html
    assert "<img" in html
    assert "it holds no single points" in html
    assert "mine" in clean.read_text()  # somebody else's table


def test_all_tables_of_an_influence_panel_go_and_its_picture_stays():
    fragment = (
        '<div id="x" class="dvl-snapshot">\n<h3>t</h3>\n<table>\n<tr><td>1</td></tr>\n</table>\n'
        "<TABLE><tr><td>2</td></tr></TABLE>\n<img>\n<p><small>This copy holds ids.</small></p>\n</div>after"
    )
    text, copies, tables = notebook_strip.strip_html(fragment)
    assert (copies, tables) == (0, 2)
    assert "<td>" not in text
    assert "<img>" in text
    assert text.endswith("</div>after")


@pytest.mark.parametrize("level", ["values+text", "full"])
def test_a_table_with_ids_goes_at_every_level(run, tmp_path, level):
    path, clean = made.saved(tmp_path, made.copy(level).bundle()), tmp_path / "clean.ipynb"
    assert "id-29" in path.read_text()
    run("strip", path, "--out", clean)
    assert "id-" not in clean.read_text()


def test_a_summary_keeps_its_table_of_quartiles(run, tmp_path):
    path, clean = made.saved(tmp_path, made.copy("summary").bundle()), tmp_path / "clean.ipynb"
    run("strip", path, "--level", "summary", "--out", clean)
    assert "median" in clean.read_text()
    assert "dvl-snapshot-data" not in clean.read_text()


def test_stripping_twice_changes_nothing_more(run, tmp_path):
    path, once, twice = made.saved(tmp_path, made.copy().bundle()), tmp_path / "1.ipynb", tmp_path / "2.ipynb"
    run("strip", path, "--out", once)
    run("strip", once, "--out", twice)
    assert twice.read_bytes() == once.read_bytes()
    assert "<td>-1.000</td>" in twice.read_text()


@pytest.mark.parametrize(
    "style",
    [
        {"indent": 1, "ensure_ascii": False},
        {"indent": 2, "ensure_ascii": False},
        {"indent": None, "ensure_ascii": False},
        {"indent": 1, "ensure_ascii": True},
    ],
)
@pytest.mark.parametrize("end", ["", "\n"])
def test_the_style_of_a_notebook_and_the_order_of_its_keys_stay(run, tmp_path, style, end):
    path, clean = made.saved(tmp_path, made.copy().bundle()), tmp_path / "clean.ipynb"
    notebook = {"zebra": float("nan"), **json.loads(path.read_text())}
    notebook["cells"][0]["source"] = "half a character: \ud800, and ä"
    text = json.dumps(notebook, **style) + end
    path.write_bytes(text.encode("utf-8", "backslashreplace"))
    run("strip", path, "--out", clean)
    expected = json.loads(clean.read_text())
    assert clean.read_bytes() == (json.dumps(expected, **style) + end).encode("utf-8", "backslashreplace")
    assert next(iter(expected)) == "zebra"


def test_in_place_the_file_is_replaced_with_its_rights(run, tmp_path):
    path = made.saved(tmp_path, made.copy().bundle())
    path.chmod(0o640)
    link = tmp_path / "link.ipynb"
    link.symlink_to(path)
    status, out, _ = run("strip", link, "--in-place")
    assert status == 0
    assert f"wrote {link}" in out
    assert payloads(path) == []
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert link.is_symlink()
    assert sorted(item.name for item in tmp_path.iterdir()) == ["link.ipynb", "report.ipynb"]


def test_nothing_is_overwritten_unless_it_is_named(run, tmp_path):
    path = made.saved(tmp_path, made.copy().bundle())
    (tmp_path / "report-stripped.ipynb").write_text("mine")
    status, _, err = run("strip", path)
    assert status == 1
    assert "is there already" in err
    assert (tmp_path / "report-stripped.ipynb").read_text() == "mine"
    status, _, err = run("strip", path, "--out", path)
    assert status == 1
    assert "is the file that is read" in err
    assert len(payloads(path)) == 1


def test_a_notebook_without_copies_stays_as_it_is(run, tmp_path):
    path = made.saved(tmp_path)
    path.write_text(path.read_text().replace("\n", "\r\n"), newline="")
    before = path.read_bytes()
    status, out, _ = run("strip", path, "--in-place")
    assert status == 0
    assert "nothing to take out" in out
    assert path.read_bytes() == before
    run("strip", path)
    assert (tmp_path / "report-stripped.ipynb").read_bytes() == before


def test_an_output_that_was_stored_while_the_run_went_on_is_stripped_too(run, tmp_path):
    from dvlwidgets.widgets import output, sharing
    from dvlwidgets.widgets.copies import Material

    now = sharing.snapshot_of(made.result(), made.points(), title="t")
    for level, kept in (("values", True), ("values+text", False)):
        words = output._words(Material(now), level, made.MODEL)
        path, clean = made.saved(tmp_path, words | made.view(made.MODEL)), tmp_path / f"{level}.ipynb"
        run("strip", path, "--out", clean)
        assert ("<td>-1.000</td>" in clean.read_text()) is kept
        assert made.MODEL not in clean.read_text()
        assert "id-0" not in clean.read_text()


def test_pages_are_stripped_too(run, tmp_path, log):
    page = tmp_path / "page.html"
    page.write_text(made.copy(log=log).page())
    _, out, _ = run("strip", page)
    clean = (tmp_path / "page-stripped.html").read_text()
    assert "took out 1 panel's data" in out
    assert "VIEWER" not in clean
    assert "dvl-snapshot-data" not in clean
    assert "<td>-1.000</td>" in clean
    own, bare = tmp_path / "own.html", tmp_path / "bare.html"
    run("show", page, "--out", own)
    run("strip", own, "--level", "summary", "--out", bare)
    assert "-1.000" not in bare.read_text()
    assert "dvl-snapshot-data" not in bare.read_text()


def test_what_strip_cannot_write_is_said_and_nothing_is_left_behind(run, tmp_path):
    path = made.saved(tmp_path, made.copy().bundle())
    status, _, err = run("strip", path, "--out", tmp_path / "nowhere" / "clean.ipynb")
    assert status == 1
    assert f"{tmp_path / 'nowhere' / 'clean.ipynb'} cannot be written: No such file or directory" in err
    assert [item.name for item in tmp_path.iterdir()] == ["report.ipynb"]


def test_a_notebook_nested_too_deeply_to_write_is_refused(run, tmp_path):
    path = tmp_path / "deep.ipynb"
    path.write_text('{"nbformat": 4, "cells": [], "x": ' + "[" * 700 + "]" * 700 + "}")
    status, _, err = run("strip", path)
    assert status in {0, 1}
    assert err == "" or "nested too deeply" in err


def test_the_state_that_ipywidgets_saves_of_a_panel_is_known_as_ours(tmp_path):
    import ipywidgets
    from sklearn.linear_model import LogisticRegression

    import dvlwidgets as dvl

    x = np.random.default_rng(0).normal(size=(8, 2))
    train = Dataset(x, [0, 1] * 4)
    utility = dvl.ModelUtility(LogisticRegression(), dvl.SupervisedScorer("accuracy", train, 0.5))
    panel = dvl.ValuationPanel(
        dvl.ShapleyValuation(utility, dvl.PermutationSampler(), dvl.MaxUpdates(1)),
        train,
        edits=tmp_path / "e",
    )
    other = ipywidgets.IntSlider()
    state = ipywidgets.Widget.get_manager_state(
        widgets=[panel, panel.layout, other, other.layout, other.style]
    )
    ours = {panel.model_id, panel.layout.model_id}
    panel.close()
    notebook = {"nbformat": 4, "cells": [], "metadata": {"widgets": {made.STATE: state, "application/x": {}}}}
    assert "VIEWER" in json.dumps(notebook)  # the panel's program
    clean, removed = notebook_strip.strip(notebook)
    assert removed.states == 1
    assert clean["metadata"]["widgets"][made.STATE]["state"].keys() == state["state"].keys() - ours
