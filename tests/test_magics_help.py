"""What the tab key and the question mark say of the magics."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from magicshell import Shell, new_shell

from dvlwidgets.engine import runs
from dvlwidgets.magics import tables
from dvlwidgets.magics.dvl import VERBS
from dvlwidgets.magics.until import RULES


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    with new_shell(tmp_path_factory.mktemp("ipython")) as made:
        made.run("""
import pandas
from dvlwidgets import PermutationSampler
sampler = PermutationSampler()
frame = pandas.DataFrame({"width": x[:, 0], "kind": y})
class split: pass
split = split(); split.train = train
word = "text" """)
        yield made


@pytest.mark.parametrize(
    ("text", "offered"),
    [
        ("%%valuation --me", ["--method", "--metric"]),
        ("%%valuation digits --sk", ["--skip-converged"]),
        ("%%valuation --method shap", ["shapley"]),
        ("%%valuation --method=shap", ["shapley"]),
        ("%%valuation --method beta", ["beta-shapley"]),
        ("%%valuation --sampler anti", ["antithetic-permutation", "antithetic", "antithetic-owen"]),
        ("%%valuation --sampler sam", ["sampler"]),
        ("%%valuation --metric neg_log", ["neg_log_loss"]),
        ("%%valuation --train tr", ["train"]),
        ("%%valuation --train sp", ["split"]),
        ("%%valuation --train x_train,y_tr", ["y_train"]),
        ('%%valuation --test "x_te', ["x_test"]),
        ("%%valuation --target ki", ["kind"]),
        ("%%valuation --share ", ["summary", "values", "values+text", "full"]),
        ("%%valuation --until ra", ["rank(0.95)"]),
        ('%%valuation --until "rank(0.9) | mi', ["minutes(10)"]),
        ('%%valuation --until "~(se', ["seconds(30)"]),
        ("%%valuation --train train --t", ["--test", "--target", "--title"]),
        ("%%valuation --method loo --se", []),
        ("%%valuation --method beta-shapley --al", ["--alpha"]),
        ("%%valuation --method loo --al", []),
        ("%%influence --method ek", ["ekfac"]),
        ("%%influence --method grad-dot --re", []),
        ("%%influence --loss cr", ["cross-entropy"]),
        ("%%influence --curvature g", ["gauss_newton"]),
        ("%dvl pa", ["pause"]),
        ("dvl pa", ["pause"]),
        ("%dvl s", ["stop", "show", "save"]),
    ],
)
def test_the_tab_key_offers(shell, text, offered):
    found = shell.completions(text)
    assert found == offered if offered else not any(word.startswith("--") for word in found)


def test_variables_that_may_be_data_come_first_and_code_never(shell):
    offered = shell.completions("%%valuation --train ")
    assert offered[:2] == ["train", "test"]
    assert not {"np", "Dataset", "GaussianNB", "word", "sampler", "In", "Out"} & set(offered)


def test_nothing_of_the_users_is_computed_for_a_completion(shell):
    shell.run("""
touched = []
class Curious:
    def __getattr__(self, name):
        touched.append(name)
        raise AttributeError(name)
    def __len__(self):
        touched.append("len")
        return 3
curious = Curious()""")
    for option in ("--train ", "--sampler ", "--metric ", "--target ", "--previews "):
        shell.completions(f"%%valuation {option}")
    assert shell.names["touched"] == []


def test_completion_on_other_lines_is_as_before(shell):
    assert "train" in shell.completions("%%valuation --train train\ntr")
    assert "--method" not in shell.completions("x = --me")


def test_runs_are_offered_after_a_verb(shell):
    shell.run("%%valuation first --train train --test test --until updates(1) --wait\nGaussianNB()")
    shell.run("%%valuation 'two words' --train train --test test --until updates(1) --wait\nGaussianNB()")
    assert shell.completions("%dvl show ") == ["first", '"two words"']
    assert shell.completions("%dvl pause fi") == ["first"]
    assert shell.run('%dvl show "two words"').error is None
    assert len(runs.entries()) == 2


@pytest.mark.parametrize("name", ["valuation", "influence"])
def test_the_question_mark_tells_of_every_option(shell, name):
    text = shell.ip.object_inspect_text(f"%%{name}")
    table = tables.VALUATION if name == "valuation" else tables.INFLUENCE
    assert f"%%{name} [NAME] --train NAME --test NAME [options]" in text
    assert [option for option in table if f"    --{option}" not in text] == []
    choices = [choice for option in table.values() if option.kind == "choice" for choice in option.choices()]
    assert [choice for choice in choices if f"    {choice} " not in text] == []
    assert max(len(line) for line in text.splitlines()) <= 110


def test_the_question_mark_tells_of_every_rule_and_verb(shell):
    valuation, dvl = shell.ip.object_inspect_text("%%valuation"), shell.ip.object_inspect_text("%dvl")
    assert [rule for rule in RULES if f"    {rule}(" not in valuation] == []
    assert [verb for verb in VERBS if f"%dvl {verb}" not in dvl] == []
    assert "Lists the runs" in shell.run("%dvl --help").out
    assert "--until RULES" in shell.run("%%valuation --help\n1").out


def test_the_examples_of_the_help_can_be_read(shell):
    from dvlwidgets.magics.options import parse

    for name in ("valuation", "influence"):
        table = tables.VALUATION if name == "valuation" else tables.INFLUENCE
        lines = [line.strip() for line in shell.ip.object_inspect_text(f"%%{name}").splitlines()]
        examples = [line for line in lines if line.startswith(f"%%{name}") and "[" not in line]
        assert len(examples) >= 2
        for line in examples:
            assert parse(line.removeprefix(f"%%{name}"), table).options
