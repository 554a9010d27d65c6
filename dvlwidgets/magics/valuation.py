"""`%%valuation`: from a line of options and a cell that makes a model to a panel with values streaming in."""

from __future__ import annotations

from typing import Any

from dvlwidgets.magics import cell as _cell
from dvlwidgets.magics import methods, tables
from dvlwidgets.magics.data import read_data
from dvlwidgets.magics.methods import DRAWS, PARAMETERS, SAMPLERS, Method
from dvlwidgets.magics.options import Given, parse
from dvlwidgets.magics.panels import check_run, launch, panel_code
from dvlwidgets.magics.script import Code, Script, call, literal
from dvlwidgets.magics.until import RULES, until
from dvlwidgets.magics.usage import UsageError, a, unknown

WANTED = "the model to value with (anything with fit), a utility or a valuation"


def valuation(shell: Any, line: str, cell: str) -> None:
    """Reads the line, runs the cell, starts the run.

    Raises:
        UsageError: the line or the cell's outcome cannot be used, in one line.
        Whatever the cell raises.
    """
    given = parse(line, tables.VALUATION)
    name = check_run(given)
    method = methods.method(given.get("method", "shapley"))
    _check(shell, given, method, cell)
    outcome = _cell.run(shell, f"%%valuation {line}", cell, wanted=WANTED, name="model")
    script = Script(shell.user_ns, outcome.source)
    script.binds(outcome.name, outcome.value)
    made = _method_code(given, method, outcome)
    train = read_data(script, given, "train")
    if made is None:
        made = _make(script, given, method, outcome)
    script.uses("ValuationPanel")
    code = panel_code(script, "ValuationPanel", [made, train], name, given)
    launch(shell, script, code, given, name)


def _check(shell: Any, given: Given, method: Method, cell: str) -> None:
    """Refuses early, before the cell is run."""
    for option in given.options:
        if not method.takes(option):
            raise method.refuse(option)
    sampler = given.get("sampler")
    if sampler is not None and sampler not in {**SAMPLERS, **shell.user_ns} and sampler not in cell:
        raise unknown("sampler", sampler, SAMPLERS)
    if "until" in given:
        until(given.get("until"))
    for option, parameter in PARAMETERS.items():
        if method.parameters.get(parameter) and option not in given and option != "sampler":
            raise UsageError(f"--method {method.name} needs --{option}: {tables.VALUATION[option].words}.")


def _method_code(given: Given, method: Method, outcome: _cell.Outcome) -> str | None:
    """The name of a valuation that the cell made itself, or None where one is to be made."""
    from dvlwidgets.valuation.valuation import Valuation  # joblib comes with it

    value = outcome.value
    if isinstance(value, Valuation):
        return _as_it_is(given, outcome, "valuation", ["method", "test", "metric", *PARAMETERS])
    if isinstance(value, type):
        raise UsageError(f"the cell gives {a(value)}; expected an instance. Write {value.__name__}(...).")
    if _is_utility(value):
        if method.first != "utility":
            raise UsageError(f"the cell gives {a(value)}; --method {method.name} takes the model itself.")
        _as_it_is(given, outcome, "utility", ["metric", "test"])
        return None
    if not callable(getattr(value, "fit", None)):
        raise UsageError(f"the cell gives {a(value)}; its last line must be {WANTED}.")
    return None


def _as_it_is(given: Given, outcome: _cell.Outcome, kind: str, decided: list[str]) -> str:
    for option in decided:
        if option in given:
            raise UsageError(
                f"the cell gives {a(outcome.value)}, a {kind} that decides --{option} itself; "
                f"leave --{option} out, or end the cell with the model."
            )
    return outcome.name


def _is_utility(value: Any) -> bool:
    return callable(getattr(value, "with_dataset", None))


def _make(script: Script, given: Given, method: Method, outcome: _cell.Outcome) -> str:
    """Makes the valuation; returns its name in the script."""
    first = outcome.name
    if method.first == "utility" and not _is_utility(outcome.value):
        first = _utility(script, given, method, outcome.name)
    arguments = [first]
    if "test_data" in method.parameters:
        arguments.append(read_data(script, given, "test"))
    options = {
        PARAMETERS[key]: value
        for key, value in given.options.items()
        if key in PARAMETERS and key not in {"sampler", "until", "seed"}
    }
    script.uses(method.public)
    script.does(
        "valuation = "
        + call(method.public, *arguments, **_draws(script, given, method), **_rule(script, given), **options)
    )
    return "valuation"


def _utility(script: Script, given: Given, method: Method, model: str) -> str:
    test = read_data(script, given, "test")
    classwise = method.name == "classwise"
    kind, scorer = (
        ("ClasswiseModelUtility", "ClasswiseSupervisedScorer")
        if classwise
        else ("Utility", "SupervisedScorer")
    )
    metric = given.get("metric", "accuracy" if classwise else "score")
    own = metric.isidentifier() and metric not in methods.metrics() and callable(script.get(metric))
    script.uses(kind, scorer)
    script.does(f"utility = {kind}({model}, {call(scorer, metric if own else literal(metric), test)})")
    return "utility"


def _draws(script: Script, given: Given, method: Method) -> dict[str, Any]:
    """The sampler, or the method's own seed."""
    seed, sampler = given.get("seed"), given.get("sampler")
    if "sampler" not in method.parameters:
        return {} if seed is None else {"seed": seed}
    if sampler is None and seed is None:
        return {}
    if sampler is not None and sampler not in SAMPLERS:
        return {"sampler": Code(_own_sampler(script, sampler, seed))}
    public = DRAWS.get(method.public, "MSRSampler") if sampler is None else SAMPLERS[sampler][0]
    names, code = methods.sampler_code(public, seed)
    script.uses(*names)
    return {"sampler": Code(code)}


def _own_sampler(script: Script, sampler: str, seed: int | None) -> str:
    if script.get(sampler) is None:
        raise unknown("sampler", sampler, SAMPLERS)
    if seed is not None:
        raise UsageError(f"--seed was given, but the sampler {sampler} has a seed of its own; give it there.")
    return sampler


def _rule(script: Script, given: Given) -> dict[str, Any]:
    if "until" not in given:
        return {}
    code = until(given.get("until"))
    script.uses(*sorted({RULE_NAMES[name] for name in RULES if RULE_NAMES[name] in code}))
    return {"is_done": Code(code)}


RULE_NAMES = {name: rule.code(0.5).partition("(")[0] for name, rule in RULES.items()}
"""The public name behind each rule."""
