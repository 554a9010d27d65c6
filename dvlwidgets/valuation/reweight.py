"""Another semivalue from the utilities of a run, without a fit.

An evaluated subset says something about every semivalue whose sizes it has. How much, is the variance inflation: the
larger, over points inside and outside, of the sum over sizes of p^2 / (chance of the size x chance to be in it). On
subsets of uniform sizes and 100 points it is 5 for Shapley, 11 for Banzhaf, 45 for Beta(4, 1) and 354 for Beta(16, 1).
Li & Yu, One sample fits all: approximating all probabilistic values simultaneously and efficiently (2024).
"""

from __future__ import annotations

import dataclasses
import re
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import InputError, InputTypeError
from ..typing import SizeLaw
from .replay import Told, variant
from .result import Status, ValuationResult
from .samplers.msr import REFUSE_ABOVE, WARN_ABOVE
from .semivalue import inflation

if TYPE_CHECKING:
    from .methods.semivalues import SemivalueValuation

KNOWN = ("Shapley", "Banzhaf", "Beta(4, 1)", "Beta(1, 4)", "Beta(16, 1)", "Beta(1, 16)", "Leave-one-out")
"""What `reweightable` looks at: names that `reweight` takes."""


def reweightable(valuation: Any) -> dict[str, float]:
    """How well the utilities of a run tell other semivalues: their variance inflation, infinite where they cannot.

    Up to 10 is good, up to 100 possible (`reweight` warns), above it is refused. The run's own method is always there.

    Args:
        valuation: a valuation with values, or a result of this session.

    Returns:
        Name, as `reweight` takes it, to inflation.
    """
    result = _result_of(valuation)
    job = _job_of(result)
    sampler, fixed = job.sampler, obstacle(job.sampler) is not None
    found = {result.algorithm: 1.0 if fixed else inflation_of(sampler, sampler.law)}
    for name in KNOWN:
        law = method_of(name, {}, result.replay.utility).size_law(job.n)  # type: ignore[union-attr]
        if not _same_law(law, sampler.law):
            found[name] = np.inf if fixed else inflation_of(sampler, law)
    return found


def reweighted(
    result: ValuationResult, method: Any = None, parameters: dict[str, Any] | None = None
) -> ValuationResult:
    """The values of another method from the utilities behind a result; what `Valuation.reweight` does.

    Raises:
        InputError: without a journal, or if the utilities cannot say, with the reason and the number.
        InputTypeError: if the method is none.
    """
    job, replay = _job_of(result), result.replay
    assert replay is not None
    other = method_of(method, parameters or {}, replay.utility)
    law, name = other.size_law(job.n), other.algorithm_name
    check_reweighting(job.sampler, law, name, result.algorithm)
    told = Told(name, other._method(job.n), other._efficient(job.n), other.threshold, other.references)  # noqa: SLF001 - of this package
    words = {
        **replay.configuration,
        "method": f"{name}, re-estimated from the utilities of {result.algorithm}",
    }
    new = dataclasses.replace(replay, job=variant(job, law=law), told=told, configuration=words)
    stopped = f"re-estimated from the utilities of {result.algorithm}, without a fit; no rule was asked"
    return new.result(Status.Pending if result.status is Status.Pending else Status.Stopped, stopped)


def method_of(method: Any, parameters: dict[str, Any], utility: Any) -> SemivalueValuation:
    """A method as an object: from its name, its class with parameters, a size law, or itself.

    Raises:
        InputError: for an unknown name, or parameters beside an object.
        InputTypeError: for anything else.
    """
    from .methods.semivalues import SemivalueValuation

    if isinstance(method, str):
        return _named(method, parameters, utility)
    if method is None and "law" in parameters:
        return SemivalueValuation(utility, **parameters)
    if isinstance(method, type) and issubclass(method, SemivalueValuation):
        return method(utility, **parameters)
    if isinstance(method, SemivalueValuation):
        if parameters:
            raise InputError(
                f"{', '.join(parameters)} go with a method's class, not with an object. Leave them out."
            )
        return method
    raise InputTypeError(
        f"{method!r} is no method with a size law. Pass one of {', '.join(map(repr, KNOWN))}, a class such as "
        "BanzhafValuation, or law=LAW."
    )


def _named(name: str, parameters: dict[str, Any], utility: Any) -> SemivalueValuation:
    from .methods.semivalues import BanzhafValuation, LOOValuation, ShapleyValuation

    plain: dict[str, Any] = {
        "shapley": ShapleyValuation,
        "banzhaf": BanzhafValuation,
        "loo": LOOValuation,
        "leave-one-out": LOOValuation,
    }
    key = name.strip().lower().removeprefix("data ")
    beta = re.fullmatch(r"beta(?: shapley)?(?:\s*\(\s*([\d.]+)\s*,\s*([\d.]+)\s*\))?", key)
    if key in plain:
        made: SemivalueValuation = plain[key](utility, **parameters)
        return made
    if beta and (beta[1] or {"alpha", "beta"} <= parameters.keys()):
        a, b = (float(beta[1]), float(beta[2])) if beta[1] else (parameters["alpha"], parameters["beta"])
        return _beta(utility, a, b)
    raise InputError(
        f"the method {name!r} is unknown. Pass one of {', '.join(map(repr, KNOWN))}, a class such as BanzhafValuation, "
        "or law=LAW."
    )


def _beta(utility: Any, alpha: float, beta: float) -> SemivalueValuation:
    from .methods.beta_shapley import BetaShapleyValuation

    return BetaShapleyValuation(utility, alpha=alpha, beta=beta)


def obstacle(sampler: Any) -> str | None:
    """Why the utilities of these draws can tell nothing of other methods, or None."""
    said: str | None = getattr(sampler, "fixed_reason", None)
    if said:
        return said
    truncation = getattr(sampler, "truncation", None)
    if truncation is not None and not truncation.never:
        return (
            f"its walks were cut short by {truncation!r}: what lies behind the cuts was never evaluated, and what "
            "stands for it is an approximation that another method would weigh in another way"
        )
    return None


def inflation_of(sampler: Any, law: SizeLaw) -> float:
    """How much more an estimate of a size law varies than one utility does, evaluation for evaluation."""
    own = getattr(sampler, "inflation_for", None)
    if own is not None:
        return float(own(law))
    if len(law) < 3:
        return 1.0
    if getattr(sampler, "draw_law", None) is not None:
        return float(inflation(law, sampler.draw_law))
    if getattr(sampler, "truncation", None) is not None:  # a walk meets every size alike
        return float(len(law) * np.sum(law**2))
    return np.inf


def check_reweighting(sampler: Any, law: SizeLaw, method: str, run: str) -> None:
    """Refuse what the utilities cannot say; warn where they say little.

    Raises:
        InputError: with the reason, and the inflation.
    """
    if _same_law(law, sampler.law):
        return
    reason = obstacle(sampler)
    if reason is not None:
        raise InputError(
            f"the utilities of this {run} run cannot be re-weighted for {method}: {reason}. Run {method} itself."
        )
    factor = inflation_of(sampler, law)
    if factor <= WARN_ABOVE:
        return
    much = "infinite: sizes that it looks at were never drawn" if np.isinf(factor) else f"{factor:,.3g}"
    text = (
        f"the subsets of this {run} run suit {method} badly: with n = {len(law)} the variance inflation is {much} "
        f"(good up to {WARN_ABOVE:g}, refused above {REFUSE_ABOVE:g}). Run {method} itself for "
        f"{'values' if factor > REFUSE_ABOVE else 'better values'}."
    )
    if factor > REFUSE_ABOVE:
        raise InputError(text)
    warnings.warn(text, UserWarning, stacklevel=4)


def _same_law(a: SizeLaw, b: SizeLaw) -> bool:
    return bool(np.allclose(a, b, rtol=1e-12, atol=0.0))


def _result_of(given: Any) -> ValuationResult:
    result = given if isinstance(given, ValuationResult) else getattr(given, "result", None)
    if not isinstance(result, ValuationResult):
        raise InputTypeError(f"a valuation or a result was expected, not {type(given).__name__}.")
    return result


def _job_of(result: ValuationResult) -> Any:
    """The job behind a result.

    Raises:
        InputError: if there is none, or it has no size law.
    """
    if result.replay is None:
        raise InputError(
            "this result has no utilities to estimate from: it was loaded, copied, sliced or added up, or its method "
            "keeps none. Use valuation.reweight(...) after fit, with checkpoint=FOLDER to take up an earlier run."
        )
    job = result.replay.job
    if getattr(getattr(job, "sampler", None), "law", None) is None:
        raise InputError(
            f"the utilities of {result.algorithm} were not drawn for a semivalue, so no other one can be estimated "
            "from them. Run the other method itself."
        )
    return job
