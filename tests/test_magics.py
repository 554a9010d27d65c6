"""%%valuation, %%influence and %dvl in a real IPython shell."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from types import SimpleNamespace

import numpy as np
import pytest
from magicshell import Shell, end_all, new_shell

from dvlwidgets.engine import runs
from dvlwidgets.magics.methods import METHODS, SAMPLERS
from dvlwidgets.magics.runs_table import table
from dvlwidgets.widgets import ValuationPanel

LONG = """
class Slow(GaussianNB):
    def fit(self, x, y):
        import time
        time.sleep(0.01)
        return super().fit(x, y)
"""


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    with new_shell(tmp_path_factory.mktemp("ipython")) as shell:
        yield shell


@pytest.fixture
def shell(kept: Shell, tmp_path, monkeypatch) -> Iterator[Shell]:
    """The shell in a folder of its own, no runs before or after."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(runs, "_LIST", runs._List())
    before = dict(kept.names)
    yield kept
    for name in kept.own_names() - set(before):
        del kept.names[name]
    end_all()


def panels() -> list[runs.Entry]:
    """The runs with a panel: one whose panel was closed is in the list until nobody holds it."""
    return [entry for entry in runs.entries() if entry.panel is not None]


def only() -> runs.Entry:
    (entry,) = panels()
    return entry


# --- a run ---------------------------------------------------------------------------------------------------


def test_a_cell_with_a_model_becomes_a_run_whose_handle_is_bound(shell):
    before = shell.own_names()
    said = shell.run("""
%%valuation one --train train --test test --sampler permutation --until "updates(3)" --metric accuracy --out r --wait
print("in the cell")
k = 3
GaussianNB(var_smoothing=1e-8)""")
    assert said.error is None, said.err
    assert said.out.startswith("in the cell\n")
    assert "Shapley values of 8 points" in said.out
    assert shell.own_names() - before == {"k", "r"}
    run = shell.names["r"]
    assert run.state == "finished"
    assert run.result.values.shape == (8,)
    assert only().name == "one"
    assert only().run is run


def test_the_values_are_those_of_the_same_python(shell):
    import dvlwidgets as dvl

    data = '--train x_train,y_train --test "(x_test, y_test)"'
    options = "--sampler permutation --until updates(5) --seed 7"
    shell.run(f"%%valuation {data} {options} --out r --wait\nGaussianNB()")
    names = shell.names
    scorer = dvl.SupervisedScorer("score", names["test"])
    utility = dvl.Utility(names["GaussianNB"](), scorer, show_warnings=False)
    valuation = dvl.ShapleyValuation(utility, dvl.PermutationSampler(seed=7), dvl.MaxUpdates(5))
    expected = valuation.fit(names["train"]).result.values
    np.testing.assert_array_equal(names["r"].result.values, expected)


def test_the_cell_returns_at_once_and_the_run_goes_on_until_it_is_stopped(shell):
    shell.run(LONG)
    said = shell.run("""
%%valuation slow --train train --test test --until "hours(1)" --background
Slow()""")
    assert said.error is None, said.err
    assert only().alive
    assert "ends with the values so far" in shell.run("%dvl stop").out
    only().run.wait(30)
    assert only().run.state == "stopped"


def test_a_name_that_runs_again_replaces_the_earlier_run_in_one_line(shell):
    shell.run(LONG)
    cell = """
%%valuation slow --train train --test test --until "hours(1)" --out r
Slow()"""
    shell.run(cell)
    first = shell.names["r"]
    said = shell.run(cell)
    assert "The earlier run 'slow' was stopped.\n" in said.out
    assert first.state == "stopped"
    assert [entry.name for entry in runs.entries() if entry.alive] == ["slow"]
    assert shell.names["r"] is not first
    shell.run("%dvl stop slow")
    shell.names["r"].wait(30)
    assert "was stopped" not in shell.run(cell.replace("hours(1)", "updates(1)")).out  # nothing was running


def test_a_run_that_is_long_in_ending_gives_its_name_up(shell, monkeypatch):
    monkeypatch.setattr("dvlwidgets.magics.panels.PATIENCE", 0.01)
    shell.run(LONG.replace("0.01", "0.5"))
    cell = "%%valuation slow --train train --test test --until hours(1) --out r\nSlow()"
    shell.run(cell)
    first = shell.names["r"]
    until(lambda: first.state == "running")
    assert shell.run(cell).error is None
    assert runs.find("slow (ending)").run is first
    assert only().run is shell.names["r"]
    assert only().name == "slow"
    first.wait(30)
    assert first.state == "stopped"


def test_a_refused_line_leaves_the_earlier_run_of_its_name_alone(shell):
    shell.run(LONG)
    shell.run('%%valuation slow --train train --test test --until "hours(1)" --out r\nSlow()')
    shell.refused("%%valuation slow --train train --test tst\nSlow()")
    shell.refused("%%valuation slow --train train --test test --metric acuracy\nSlow()")
    shell.refused("%%valuation slow --train train --test test --height 10\nSlow()")  # by the panel itself
    assert shell.names["r"].state == "running"
    assert [entry.name for entry in runs.entries() if entry.run is shell.names["r"]] == ["slow"]


_MODELS = {
    "knn": "from sklearn.neighbors import KNeighborsClassifier\nKNeighborsClassifier(2)",
    "weights": 'from sklearn.neighbors import KNeighborsClassifier\nKNeighborsClassifier(2, weights="distance")',
    "radius": "from sklearn.neighbors import RadiusNeighborsClassifier\nRadiusNeighborsClassifier(1.0)",
    "regression": "from sklearn.neighbors import KNeighborsRegressor\nKNeighborsRegressor(2)",
    "forest": "from sklearn.ensemble import RandomForestClassifier\nRandomForestClassifier(20, random_state=0)",
    "ridge": "from sklearn.linear_model import Ridge\nRidge()",
    "bayes": "GaussianNB()",
}
_OF_METHOD = {
    "group-testing": ("bayes", "--n-samples 30 --epsilon 0.5"),
    "least-core": ("bayes", "--n-samples 30"),
    "weighted-banzhaf": ("bayes", "--weight 0.7 --until updates(2)"),
    "beta-shapley": ("bayes", "--alpha 4 --beta 1 --until updates(2)"),
    "classwise": ("bayes", "--until updates(2)"),
    "closed-form-loo": ("ridge", "--metric r2"),
    "knn-shapley": ("knn", ""),
    "soft-knn-shapley": ("knn", ""),
    "calibrated-knn-shapley": ("knn", ""),
    "threshold-knn-shapley": ("radius", ""),
    "weighted-knn-shapley": ("weights", ""),
    "knn-regression": ("regression", ""),
    "data-oob": ("forest", ""),
    "self-confidence": ("bayes", "--cv 2 --repetitions 2"),
    "residual": ("ridge", "--cv 2"),
    "loo": ("bayes", ""),
    "exact-least-core": ("bayes", ""),
}


@pytest.mark.parametrize("method", METHODS)
def test_every_method_values_the_points(shell, method):
    model, options = _OF_METHOD.get(method, ("bayes", "--until updates(2)"))
    test = "" if method in {"data-oob", "self-confidence", "residual"} else "--test test"
    numbers = method in {"knn-regression", "residual", "closed-form-loo"}
    if numbers:
        shell.run("train = Dataset(x_train, x_train[:, 1] * 2.0); test = Dataset(x_test, x_test[:, 1] * 2.0)")
    said = shell.run(
        f"%%valuation {method} --method {method} --train train {test} {options} --wait --out r\n{_MODELS[model]}"
    )
    if numbers:
        shell.run("train, test = Dataset(x_train, y_train), Dataset(x_test, y_test)")
    assert said.error is None, said.all
    assert shell.names["r"].state == "finished"
    assert len(shell.names["r"].result.values) == 8


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_every_sampler_draws_from_the_seed(shell, sampler):
    cell = f"""
%%valuation --train x_train[:5],y_train[:5] --sampler {sampler} --until "updates(20)" --seed 3 --wait --out r
from dvlwidgets import Utility
Utility.from_function(lambda masks: masks.sum(axis=1) * 1.0)"""
    assert shell.run(cell).error is None
    result = shell.names["r"].result
    assert result.provenance.seed == 3
    assert len(result.values) == 5


def test_an_own_sampler_metric_and_utility_are_taken_by_name(shell):
    shell.run("""
from dvlwidgets import PermutationSampler, Utility
sampler = PermutationSampler(seed=5)
def hits(model, x, y):
    return float((model.predict(x) == y).mean())
game = Utility.from_function(lambda mask: mask.sum(axis=1).astype(float))""")
    said = shell.run(
        "%%valuation --train train --test test --sampler sampler --metric hits --until updates(2) --out r --wait\n"
        "GaussianNB()"
    )
    assert said.error is None, said.all
    assert shell.names["r"].result.provenance.seed == 5
    said = shell.run("%%valuation --train train --method loo --out r --wait\ngame")
    assert said.error is None, said.all
    np.testing.assert_allclose(shell.names["r"].result.values, 1.0)


def test_a_valuation_that_the_cell_makes_is_taken_as_it_is(shell):
    said = shell.run("""
%%valuation mine --train train --out r --wait
from dvlwidgets import LOOValuation, Utility
LOOValuation(Utility.from_function(lambda mask: mask.sum(axis=1).astype(float)))""")
    assert said.error is None, said.all
    np.testing.assert_allclose(shell.names["r"].result.values, 1.0)


def test_data_frames_are_split_at_their_target(shell):
    shell.run("""
import pandas
frame = pandas.DataFrame({"width": x[:, 0], "height": x[:, 1], "kind": y})""")
    said = shell.run(
        '%%valuation --train "frame[:8]" --test frame[8:] --target kind --until updates(2) --out r --wait\n'
        "GaussianNB()"
    )
    assert said.error is None, said.all
    assert len(shell.names["r"].result.values) == 8


def test_what_an_expression_costs_is_paid_once(shell):
    shell.run("""
calls = []
def load():
    calls.append(1)
    return x_train, y_train""")
    assert (
        shell.run("%%valuation --train load() --test test --until updates(1) --wait\nGaussianNB()").error
        is None
    )
    assert shell.names["calls"] == [1]


def test_the_panel_gets_its_options(shell):
    said = shell.run(
        "%%valuation --train train --test test --until updates(1) --title 'Two words' --height 432 "
        "--edits my.jsonl --checkpoint kept --previews none --share summary --wait\nGaussianNB()"
    )
    assert said.error is None, said.all
    panel = only().panel
    assert (panel.title, panel.height, panel.edits.path.name) == ("Two words", 432, "my.jsonl")
    assert panel.edits.path.parent.joinpath("kept").is_dir()
    assert panel._session.level == "summary"


def test_jobs_go_to_joblib(shell, monkeypatch):
    from joblib.parallel import get_active_backend

    from dvlwidgets.engine import parallel

    seen = []
    capture = parallel.Workers.capture

    def spy():
        seen.append(get_active_backend()[1])
        return capture()

    monkeypatch.setattr(parallel.Workers, "capture", spy)
    said = shell.run(
        "%%valuation --train train --test test --until updates(1) --jobs 3 --show-code\nGaussianNB()"
    )
    assert "joblib.parallel_config(n_jobs=3)" in said.out
    code = said.out.replace("panel.start()", "pass").removesuffix("panel\n")
    assert shell.run(code).error is None
    assert seen == [3]


# --- the cell ------------------------------------------------------------------------------------------------


def test_an_error_of_the_cell_is_the_users_own_traceback(shell):
    said = shell.run("""
%%valuation --train train --test test
def broken():
    return 1 / 0

broken()
GaussianNB()""")
    assert isinstance(said.error, ZeroDivisionError)
    assert said.all.count("ZeroDivisionError: division by zero") == 1
    assert "----> 3     return 1 / 0" in said.all  # the magic's line is the first, as in the notebook
    assert "----> 5 broken()" in said.all
    assert "dvlwidgets" not in said.all
    assert "run_cell_magic" not in said.all
    assert panels() == []


def test_a_syntax_error_of_the_cell_is_shown_as_the_shell_shows_them(shell):
    said = shell.run("%%valuation --train train --test test\nx = (\nGaussianNB()")
    assert said.error is not None
    assert "SyntaxError: '(' was never closed" in said.all
    assert "line 2" in said.all
    assert "dvlwidgets" not in said.all


def test_magics_and_shell_escapes_work_in_the_cell(shell):
    said = shell.run("""
%%valuation --train train --test test --until updates(1) --wait
%time z = 5
lines = !echo hello
GaussianNB();""")
    assert said.error is None, said.all
    assert shell.names["z"] == 5
    assert list(shell.names["lines"]) == ["hello"]


# --- wrong use -----------------------------------------------------------------------------------------------

BOTH = "--train train --test test"
PAIRS = "--train x_train,y_train --test x_test,y_test"


@pytest.mark.parametrize(
    ("line", "cell", "words"),
    [
        (f"{BOTH} --metod loo", "GaussianNB()", ["'--metod'", "'--method'"]),
        (f"{BOTH} --method shaply", "GaussianNB()", ["no method 'shaply'", "'shapley'"]),
        (f"{BOTH} --method zzz", "GaussianNB()", ["no method 'zzz'", "There are: shapley, banzhaf"]),
        (f"{BOTH} --sampler permutaion", "GaussianNB()", ["no sampler 'permutaion'", "'permutation'"]),
        (f"{BOTH} --metric acuracy", "GaussianNB()", ["'acuracy'", "'accuracy'"]),
        (f"{BOTH} --until 'rnk(0.9)'", "GaussianNB()", ["'rnk(0.9)'", "'rank'"]),
        (f"{BOTH} --until rank(0.9) | minutes(1)", "GaussianNB()", ["|", "in quotes"]),
        (f"{BOTH} --share ful", "GaussianNB()", ["no share 'ful'", "'full'"]),
        (f"{BOTH} --seed x", "GaussianNB()", ["--seed", "'x'", "whole number"]),
        (f"{BOTH} --jobs", "GaussianNB()", ["--jobs needs a value"]),
        (f"{BOTH} --jobs 0", "GaussianNB()", ["--jobs 0", "--jobs 4"]),
        (f"{BOTH} --wait=yes", "GaussianNB()", ["--wait takes no value"]),
        (f"{BOTH} --wait --background", "GaussianNB()", ["--wait and --background"]),
        (f"{BOTH} --seed 1 --seed 2", "GaussianNB()", ["--seed was given twice"]),
        (f"{BOTH} --out 3x", "GaussianNB()", ["'3x'", "name of a variable"]),
        (f"{BOTH} --image-shape 8", "GaussianNB()", ["'8'", "8x8"]),
        (f"{BOTH} --height 5", "GaussianNB()", ["height=5", "200"]),
        (f"{BOTH} -seed 1", "GaussianNB()", ["two dashes: --seed"]),
        (f"one two {BOTH}", "GaussianNB()", ["several names", "one, two"]),
        (
            f"{BOTH} --checkpoint /proc/nowhere",
            "GaussianNB()",
            ["/proc/nowhere: No such file", "another place"],
        ),
        (f"{BOTH} --title 'never", "GaussianNB()", ["a quote is not closed"]),
        ("--test test", "GaussianNB()", ["--train is missing"]),
        ("--train train", "GaussianNB()", ["--test is missing"]),
        ("--train trian --test test", "GaussianNB()", ["no variable 'trian'", "'train'"]),
        ("--train train.trian --test test", "GaussianNB()", ["AttributeError"]),
        ("--train x_train --test test", "GaussianNB()", ["is a ndarray", "a pair of names"]),
        ("--train x_train,y_test --test test", "GaussianNB()", ["8"]),
        ("--train 'def f' --test test", "GaussianNB()", ["no name or expression"]),
        (
            f"{BOTH} --method data-oob",
            "GaussianNB()",
            ["--test is not for --method data-oob", "no test data"],
        ),
        (f"{BOTH} --method loo --sampler msr", "GaussianNB()", ["--sampler is not for --method loo"]),
        (
            f"{BOTH} --method loo --until rank(0.9)",
            "GaussianNB()",
            ["--until is not for --method loo", "itself"],
        ),
        (f"{BOTH} --method knn-shapley --metric accuracy", "GaussianNB()", ["--metric is not for"]),
        (f"{BOTH} --method knn-shapley", "GaussianNB()", ["KNeighborsClassifier"]),
        (f"{BOTH} --method group-testing", "GaussianNB()", ["needs --n-samples"]),
        (f"{BOTH} --alpha 2", "GaussianNB()", ["--alpha is not for --method shapley"]),
        (BOTH, "GaussianNB", ["the class GaussianNB", "GaussianNB(...)"]),
        (BOTH, "train", ["a Dataset"]),
        (BOTH, "model = GaussianNB()", ["ends with an assignment", "add 'model'"]),
        (BOTH, "import os", ["ends with 'import os'"]),
        (BOTH, "# nothing", ["the cell is empty"]),
        (BOTH, "print()", ["gives nothing"]),
        ("--train train --metric accuracy", "_g", ["decides --metric itself"]),
        ("--train train --method knn-shapley", "_g", ["takes the model itself"]),
    ],
)
def test_wrong_use_gives_one_helpful_line(shell, line, cell, words):
    shell.names["_g"] = __import__("dvlwidgets").Utility.from_function(lambda masks: masks.sum(axis=1) * 1.0)
    message = shell.refused(f"%%valuation {line}\n{cell}") if cell != "print()" else None
    if message is None:
        message = shell.run(f"%%valuation {line}\n{cell}").err
    assert all(word in message for word in words), message
    assert panels() == []


def test_a_bad_line_is_refused_before_the_cell_is_run(shell):
    shell.refused("%%valuation --train train --test test --method shaply\nran = True\nGaussianNB()")
    shell.refused("%%valuation --train train --test test --until rank(2)\nran = True\nGaussianNB()")
    shell.refused("%%valuation --train train --test test\nran = True\nmodel = GaussianNB()")
    assert "ran" not in shell.names


def test_a_run_that_fails_raises_its_own_error_from_a_cell_that_waits(shell):
    shell.run("""
class Broken(GaussianNB):
    def fit(self, x, y):
        raise ValueError("no model today")""")
    said = shell.run("%%valuation --train train --test test --until updates(1) --wait\nBroken()")
    assert type(said.error).__name__ == "FirstFitError"
    assert "no model today" in said.all
    assert "dvlwidgets/magics" not in said.all


def test_an_interrupt_of_a_cell_that_waits_leaves_the_run_alive(shell, monkeypatch):
    shell.run(LONG)
    interrupted = [threading.main_thread().ident, signal.SIGINT]
    timer = threading.Timer(0.3, signal.pthread_kill, interrupted)
    plain = ValuationPanel.wait

    def wait(panel):
        timer.start()  # not before the cell waits: until then a busy machine may take any time
        return plain(panel)

    monkeypatch.setattr(ValuationPanel, "wait", wait)
    said = shell.run("%%valuation slow --train train --test test --until hours(1) --wait\nSlow()")
    timer.join()
    assert isinstance(said.error, KeyboardInterrupt)
    assert "KeyboardInterrupt: the run goes on. %dvl stop ends it" in said.all
    assert "Traceback" not in said.all
    assert only().alive


# --- the Python behind it ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "cell"),
    [
        ("--train train --test test --sampler permutation --until 'updates(3) | hours(1)' --seed 4", "GaussianNB()"),
        (f"n {PAIRS} --method banzhaf --seed 1 --sampler uniform --until updates(2)", "GaussianNB()"),
        ("--train train[:6] --test test --method loo --metric neg_log_loss", "m = GaussianNB()\nm"),
        ("--train train --test test --seed 2 --until evaluations(40)", "GaussianNB(\n    var_smoothing=1e-8,\n)  # ok"),
        ("--train train --test test --method classwise --seed 2 --until updates(2)", "a = 'é'; GaussianNB()"),
        ("--train train --method self-confidence --cv 2 --seed 1", "GaussianNB()"),
        (f"{BOTH} --method beta-shapley --alpha 4 --seed 1 --sampler uniform --until updates(9)", "GaussianNB()"),
        ("--train frame --target kind --method data-oob --seed 3 --title 'It\\'s'", "forest"),
    ],
)  # fmt: skip
def test_the_python_that_is_shown_gives_the_same_values(shell, line, cell):
    line = line.replace("'It\\'s'", '"It\'s"')
    shell.run("""
import pandas
from sklearn.ensemble import RandomForestClassifier
forest = RandomForestClassifier(10, random_state=0)
frame = pandas.DataFrame({"width": x[:, 0], "height": x[:, 1], "kind": y})""")
    before = shell.own_names()
    shown = shell.run(f"%%valuation {line} --wait --out r --show-code\n{cell}")
    assert shown.error is None, shown.all
    assert "r" not in shell.own_names() - before
    assert panels() == []  # nothing was started
    assert shell.run(f"%%valuation {line} --wait --out r\n{cell}").error is None
    by_magic = shell.names.pop("r").result
    end_all()
    pasted = shell.run(shown.out)
    assert pasted.error is None, pasted.all
    by_python = shell.names["r"].result
    assert by_python.provenance.configuration == by_magic.provenance.configuration
    np.testing.assert_array_equal(by_python.values, by_magic.values)


# --- %dvl ----------------------------------------------------------------------------------------------------


def test_dvl_lists_the_runs_in_a_table(shell):
    assert "There are no runs" in shell.run("%dvl").out
    shell.run(LONG)
    shell.run(
        "%%valuation first --train train --test test --until updates(2) --sampler permutation --wait\nGaussianNB()"
    )
    shell.run("%%valuation second --train train --test test --until 'hours(1)' --method banzhaf\nSlow()")
    heading, *_, first, second = shell.run("%dvl").out.splitlines()
    assert heading.split("  ")[0] == "name"
    assert first.split()[:3] == ["first", "Shapley", "finished"]
    assert "evaluations" in first
    assert second.split()[:3] == ["second", "Banzhaf", "running"]


@pytest.mark.parametrize(
    ("over", "state", "shown"), [(False, "running", "running, stopping"), (True, "stopped", "stopped")]
)
def test_a_run_that_has_work_in_hand_is_listed_as_stopping(over, state, shown):
    run = SimpleNamespace(state=state, pausing=False, stopping=True, over=over, progress=None)
    entry = SimpleNamespace(run=run, name="a", method="Shapley")
    assert table([entry]).splitlines()[1].split(maxsplit=2) == ["a", "Shapley", shown]


def test_dvl_steers_the_run_that_is_meant(shell):
    shell.run(LONG)
    cell = "%%valuation {} --train train --test test --until 'hours(1)' --out {}\nSlow()"
    shell.run(cell.format("a", "ra"))
    shell.run(cell.format("b", "rb"))
    assert "which run? There are 'a', 'b'" in shell.refused("%dvl pause")
    assert shell.run("%dvl pause a").error is None
    until(lambda: shell.names["ra"].state == "paused")
    assert shell.run("%dvl pause").error is None  # only b is running
    until(lambda: shell.names["rb"].state == "paused")
    assert shell.run("%dvl resume b").error is None
    until(lambda: shell.names["rb"].state == "running")
    assert shell.run(f"%dvl stop {runs.find('a').id}").error is None
    until(lambda: shell.names["ra"].over)
    assert "'a' is stopped; there is nothing to resume" in shell.refused("%dvl resume a")


def test_dvl_shows_saves_and_prints_edits(shell, tmp_path):
    shell.run("%%valuation a --train train --test test --until updates(2) --wait\nGaussianNB()")
    assert "Shapley values of 8 points, finished" in shell.run("%dvl show").out
    opened = shell.run("%dvl open a").out
    assert "Shapley values of 8 points, finished" in opened
    assert "Create New View" in opened
    assert "'a' has no edits" in shell.run("%dvl edits a").out
    panel = only().panel
    panel.edits.relabel(shell.names["train"], [2], 1 - int(shell.names["y_train"][2]))
    assert "relabel" in shell.run("%dvl edits").out
    assert shell.run("%dvl save a").error is None
    assert "<table" in (tmp_path / "report.html").read_text(encoding="utf-8")
    assert shell.run("%dvl save other.html").error is None
    assert shell.run('%dvl save a "with space.html"').error is None
    assert (tmp_path / "other.html").exists()
    assert (tmp_path / "with space.html").exists()
    assert "cannot be written" in shell.refused("%dvl save a no/such/folder.html")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("%dvl shw a", ["no %dvl 'shw'", "'show'"]),
        ("%dvl show b", ["no run 'b'", "There are: a"]),
        ("%dvl show a b", ["takes one name", "'b'"]),
        ("%dvl list a", ["list takes nothing", "'a'"]),
        ("%dvl pause a", ["'a' is finished", "nothing to pause"]),
        ("%dvl save a b c", ["'c' is too much"]),
    ],
)
def test_wrong_use_of_dvl_gives_one_helpful_line(shell, line, words):
    shell.run("%%valuation a --train train --test test --until updates(1) --wait\nGaussianNB()")
    message = shell.refused(line)
    assert all(word in message for word in words), message


def until(happens) -> None:
    import time

    deadline = time.monotonic() + 30
    while not happens():
        assert time.monotonic() < deadline
        time.sleep(0.01)


# --- the extension -------------------------------------------------------------------------------------------


def test_unloading_takes_everything_out_again(shell):
    assert shell.run("%unload_ext dvlwidgets").error is None
    assert "not found" in shell.run("%dvl").err
    assert "rank(0.95)" not in shell.completions('%%valuation --until "ra')
    assert shell.run("%load_ext dvlwidgets").error is None
    assert shell.run("%reload_ext dvlwidgets").error is None
    assert shell.completions("%dvl paus") == ["pause"]


def test_loading_the_extension_loads_nothing_heavy():
    code = """
import sys
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
shell.history_manager.enabled = False
before = set(sys.modules)
shell.run_line_magic("load_ext", "dvlwidgets")
shell.object_inspect_text("%%influence")
print(*sorted({name.partition(".")[0] for name in set(sys.modules) - before}))"""
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert "dvlwidgets" in loaded
    assert not {"torch", "sklearn", "pandas", "anywidget", "ipywidgets", "joblib"} & set(loaded)
