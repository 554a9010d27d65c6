"""%%influence in a real IPython shell."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from magicshell import Shell, end_all, new_shell

from dvlwidgets.engine import runs
from dvlwidgets.magics.influence_methods import METHODS

BOTH = "--train train --test test"
NET = """
import torch
torch.manual_seed(0)
train, test = Dataset(x_train.astype("float32"), y_train), Dataset(x_test.astype("float32"), y_test)
net = torch.nn.Linear(2, 2)
optimizer = torch.optim.SGD(net.parameters(), lr=0.5)
for _ in range(30):
    optimizer.zero_grad()
    torch.nn.functional.cross_entropy(net(torch.tensor(train.x)), torch.tensor(train.y)).backward()
    optimizer.step()
"""


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    with new_shell(tmp_path_factory.mktemp("ipython")) as shell:
        assert shell.run(NET).error is None
        yield shell


@pytest.fixture
def shell(kept: Shell, tmp_path, monkeypatch) -> Iterator[Shell]:
    monkeypatch.chdir(tmp_path)
    yield kept
    end_all()


@pytest.mark.parametrize("method", METHODS)
def test_every_method_fills_the_panel(shell, method):
    damping = "" if method.startswith("grad") else "--damping 0.1"
    damping += " --rank 3" if method == "nystroem" else ""
    said = shell.run(
        f"%%influence {method} --train train --test test --method {method} {damping} --wait --out r\nnet"
    )
    assert said.error is None, said.all
    assert shell.names["r"].state == "finished"
    (entry,) = runs.entries()
    assert (entry.name, entry.kind) == (method, "influence")


def test_the_options_arrive(shell):
    of_method = (
        "--method logra --rank 2 --seed 3 --damping 0.2 --curvature empirical_fisher --loss cross-entropy"
    )
    said = shell.run(f"%%influence {BOTH} {of_method} --quantile 0.4 --wait --show-code\nnet")
    assert said.error is None, said.all
    assert (
        "LograInfluence(net, loss=torch.nn.CrossEntropyLoss(), regularization=0.2, "
        'second_order_mode="empirical_fisher", rank=2, seed=3).fit(train)'
    ) in said.out
    assert "InfluencePanel(influence, train, test, quantile=0.4)" in said.out
    assert shell.run(said.out).error is None


def test_the_python_that_is_shown_gives_the_same_values(shell):
    cell = "%%influence --train train --test test --method direct --damping 0.1 --wait{}\nnet"
    shown = shell.run(cell.format(" --show-code"))
    assert runs.entries() == []
    shell.run(cell.format(""))
    by_magic = runs.entries()[0].panel.summary
    end_all()
    assert shell.run(shown.out).error is None
    by_python = shell.names["panel"].summary
    assert by_magic is not by_python
    for name, column in runs.entries()[0].panel.explorer.columns().items():
        assert np.isfinite(np.asarray(column, dtype=float)).all(), name


def test_an_influence_model_of_the_cell_is_taken_as_it_is(shell):
    said = shell.run("""
%%influence --train train --test test --wait
from dvlwidgets import GradDotInfluence
GradDotInfluence(net, torch.nn.CrossEntropyLoss())""")
    assert said.error is None, said.all
    assert runs.entries()[0].method == "Grad-Dot influence"


@pytest.mark.parametrize(
    ("line", "cell", "words"),
    [
        (f"{BOTH} --method ekfax", "net", ["no method 'ekfax'", "'ekfac'"]),
        (f"{BOTH} --loss zzz", "net", ["no loss 'zzz'", "cross-entropy"]),
        (f"{BOTH} --sampler msr", "net", ["no option '--sampler'"]),
        (f"{BOTH} --damping 0.1 --regularization 0.1", "net", ["another word"]),
        (
            f"{BOTH} --method grad-dot --damping 0.1",
            "net",
            ["--damping is not for --method grad-dot", "--loss"],
        ),
        (f"{BOTH} --quantile 2", "net", ["quantile", "between 0 and 1"]),
        (f"{BOTH} --curvature hesian", "net", ["no curvature 'hesian'", "'hessian'"]),
        ("--train train", "net", ["--test is missing"]),
        (f"{BOTH} --method nystroem", "net", ["nystroem needs --rank"]),
        (BOTH, "GaussianNB()", ["a GaussianNB", "a trained torch module"]),
        (BOTH, "torch.nn.Linear", ["the class Linear"]),
    ],
)
def test_wrong_use_gives_one_helpful_line(shell, line, cell, words):
    message = shell.refused(f"%%influence {line}\n{cell}")
    assert all(word in message for word in words), message
    assert runs.entries() == []
