"""Removal curves of several methods over several runs."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from ..arguments import whole
from ..data.dataset import Dataset
from ..engine.draws import resolve_seed, words
from ..errors import InputError, InputTypeError
from .removal import compute_removal_score

if TYPE_CHECKING:
    import pandas as pd

_STREAM = 65
"""Seeds of runs never share draws with a sampler."""


class RemovalCurves(NamedTuple):
    """Scores of what is left; unpacks to `low, high`.

    Attributes:
        low: the lowest values go first; one row a run and method, columns `run`, `method_name` and the shares.
            A second method of the same name is called "... (2)".
        high: the highest values go first; the same columns.
    """

    low: pd.DataFrame
    high: pd.DataFrame


def run_removal_experiment(
    data_factory: Callable[..., tuple[Dataset, Dataset]],
    valuation_factories: Sequence[Callable[..., Any]],
    utility_factory: Callable[..., Any],
    removal_percentages: Iterable[float],
    n_runs: int = 1,
    n_jobs: int = 1,
    random_state: int | None = None,
) -> RemovalCurves:
    """Value data by several methods, remove the lowest and the highest, and score what is left; several times.

    In each run all factories get the same seed, so that the methods meet the same data. Factories are given what
    their parameters are called: `random_state`, `train`, `test`, `utility`; with other names, in the order below.

    Args:
        data_factory: `f(random_state)` gives a training and a test set. Values that need a test set of their own should
            split theirs off the training set.
        valuation_factories: `f(train, random_state)` (or with `utility`) gives a valuation, not yet fitted.
        utility_factory: `f(test, random_state)` gives the utility that scores what is left.
        removal_percentages: shares of the points to remove, each at least 0 and below 1.
        n_runs: runs.
        n_jobs: worker processes of each valuation; 1 leaves it to the caller's joblib context. The bits are the same.
        random_state: seed of the runs' seeds; None draws one.

    Returns:
        Two data frames.

    Raises:
        InputError, InputTypeError: before any fit, for factories that cannot be called and numbers that cannot work.
    """
    factories = _checked_factories(data_factory, utility_factory, valuation_factories)
    runs = whole("n_runs", n_runs, 1, "Curves of one run are the least.")
    workers = whole("n_jobs", n_jobs, 1, "1 leaves it to joblib's context.")
    shares = [float(share) for share in removal_percentages]
    if bad := [share for share in shares if not 0 <= share < 1]:
        raise InputError(
            f"removal_percentages must be shares from 0 to below 1, not {bad[0]}. A tenth is 0.1."
        )
    seed = resolve_seed(random_state)
    rows: tuple[list[dict[Any, Any]], list[dict[Any, Any]]] = ([], [])
    for run in range(runs):
        given: dict[str, Any] = {"random_state": int(words(seed, _STREAM, run, 1)[0] >> 33)}
        given["train"], given["test"] = _pair(_call(data_factory, given, ("random_state",)))
        given["utility"] = utility = _call(utility_factory, given, ("test", "random_state"))
        names: list[str] = []
        for factory in factories:
            valuation = _call(factory, given, ("train", "random_state"))
            result = _fitted(valuation, given["train"], workers)
            names.append(result.algorithm)
            again = names.count(result.algorithm)
            about = {"run": run, "method_name": f"{names[-1]} ({again})" if again > 1 else names[-1]}
            for best, into in zip((False, True), rows, strict=True):
                scores = compute_removal_score(utility, result, given["train"], shares, remove_best=best)
                into.append({**about, **scores})
    return _frames(*rows)


def _checked_factories(data_factory: Any, utility_factory: Any, given: Any) -> list[Callable[..., Any]]:
    """The valuations' factories, all of which can be called, as can the two others."""
    factories = list(given) if isinstance(given, Iterable) else []
    for name, factory in [
        ("data_factory", data_factory),
        ("utility_factory", utility_factory),
        *(("each of valuation_factories", each) for each in factories),
    ]:
        if not callable(factory):
            raise InputTypeError(
                f"{name} must be a function that takes random_state, not {type(factory).__name__}. "
                "Pass e.g. lambda random_state: ..."
            )
    if not factories:
        raise InputTypeError(
            "valuation_factories must be a list of at least one function. Pass [make_shapley]."
        )
    return factories


def _call(factory: Callable[..., Any], given: dict[str, Any], order: tuple[str, ...]) -> Any:
    names = list(inspect.signature(factory).parameters)
    if names and set(names) <= set(given):
        return factory(**{name: given[name] for name in names})
    return factory(*(given[name] for name in order))


def _pair(made: Any) -> tuple[Dataset, Dataset]:
    if not isinstance(made, tuple) or len(made) != 2 or not all(isinstance(part, Dataset) for part in made):
        raise InputTypeError(
            f"data_factory gave {type(made).__name__}; expected a pair of a training and a test Dataset. "
            "Dataset.from_arrays gives one."
        )
    return made


def _fitted(valuation: Any, train: Dataset, n_jobs: int) -> Any:
    if n_jobs == 1:
        return valuation.fit(train).values()
    import joblib

    with joblib.parallel_config(n_jobs=n_jobs):
        return valuation.fit(train).values()


def _frames(low: list[dict[Any, Any]], high: list[dict[Any, Any]]) -> RemovalCurves:
    import pandas as pd

    return RemovalCurves(pd.DataFrame(low), pd.DataFrame(high))
