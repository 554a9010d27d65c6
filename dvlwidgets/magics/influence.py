"""`%%influence`: from a cell that gives a trained torch module to a panel of who helps and harms its predictions."""

from __future__ import annotations

from typing import Any

from dvlwidgets.magics import cell as _cell
from dvlwidgets.magics import tables
from dvlwidgets.magics.data import read_data
from dvlwidgets.magics.influence_methods import (
    FITS_FIRST,
    LOSSES,
    NEEDS,
    PARAMETERS,
    InfluenceMethod,
    influence_method,
)
from dvlwidgets.magics.options import Given, parse
from dvlwidgets.magics.panels import check_run, launch, panel_code
from dvlwidgets.magics.script import Code, Script, call
from dvlwidgets.magics.usage import UsageError, a, unknown

WANTED = "a trained torch module, an influence model or an Explorer"


def influence(shell: Any, line: str, cell: str) -> None:
    """Reads the line, runs the cell, starts the run.

    Raises:
        UsageError: the line or the cell's outcome cannot be used, in one line.
        Whatever the cell raises.
    """
    given = parse(line, tables.INFLUENCE)
    name = check_run(given)
    method = influence_method(given.get("method", "ekfac"))
    _check(given, method)
    outcome = _cell.run(shell, f"%%influence {line}", cell, wanted=WANTED, name="model")
    script = Script(shell.user_ns, outcome.source)
    script.binds(outcome.name, outcome.value)
    train, test = read_data(script, given, "train"), read_data(script, given, "test")
    made = _method(script, given, method, outcome, train)
    script.uses("InfluencePanel")
    code = panel_code(script, "InfluencePanel", [made, train, test], name, given)
    launch(shell, script, code, given, name)


def _check(given: Given, method: InfluenceMethod) -> None:
    if "regularization" in given and "damping" in given:
        raise UsageError("--damping is another word for --regularization; give one of them.")
    for option in given.options:
        if not method.takes("regularization" if option == "damping" else option):
            raise method.refuse(option)
    needed = NEEDS.get(method.name)
    if needed is not None and needed not in given:
        raise UsageError(f"--method {method.name} needs --{needed}, e.g. --{needed} 50.")


def _method(script: Script, given: Given, method: InfluenceMethod, outcome: _cell.Outcome, train: str) -> str:
    import torch

    value = outcome.value
    if callable(getattr(value, "influences", None)) or callable(getattr(value, "of_test", None)):
        for option in ("method", "damping", *PARAMETERS):
            if option in given:
                raise UsageError(
                    f"the cell gives {a(value)}, which decides --{option} itself; leave --{option} "
                    "out, or end the cell with the torch module."
                )
        return outcome.name
    if not isinstance(value, torch.nn.Module):
        raise UsageError(f"the cell gives {a(value)}; its last line must be {WANTED}.")
    options = {
        "loss": Code(_loss(script, given, script.value("--train", train))),
        "regularization": given.get("regularization", given.get("damping")),
        "second_order_mode": given.get("curvature"),
        "rank": given.get("rank"),
        "seed": given.get("seed"),
        "update_diagonal": True if method.name == "ekfac" else None,
    }
    script.uses(method.public)
    fit = f".fit({train})" if method.name in FITS_FIRST else ""
    script.does(f"influence = {call(method.public, outcome.name, **options)}{fit}")
    return "influence"


def _loss(script: Script, given: Given, train: Any) -> str:
    default = "cross-entropy" if train.is_classification else "mse"
    word = given.get("loss", default)
    if word in LOSSES:
        script.uses_module("torch")
        return f"torch.nn.{LOSSES[word][0]}()"
    if not callable(script.get(word)):
        raise unknown("loss", word, LOSSES)
    return str(word)
