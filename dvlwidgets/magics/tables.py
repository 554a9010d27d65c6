"""The options of %%valuation and %%influence: one table each, for reading, help and completion."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from dvlwidgets.magics import influence_methods, methods
from dvlwidgets.magics.options import Option
from dvlwidgets.magics.until import EXAMPLE, RULES, example

LEVELS = {
    "summary": "histogram and counts only",
    "values": "positions, labels and values (the default)",
    "values+text": "ids and texts, too",
    "full": "features and pictures, too",
}


def _lines(table: Mapping[str, tuple[str, str]]) -> dict[str, str]:
    return {name: words for name, (_, words) in table.items()}


DATA = (
    Option("train", "expression", "the points to value", "NAME", group="Data"),
    Option("test", "expression", "the points to judge by", "NAME", group="Data"),
    Option("target", "word", "the column to predict, where the data are data frames", "COLUMN", group="Data"),
)

VALUES = (
    Option("method", "choice", "how points are valued: shapley by default", "NAME",
           lambda: _lines(methods.METHODS), "Values"),
    Option("sampler", "word", "which subsets are evaluated", "NAME", lambda: _lines(methods.SAMPLERS), "Values"),
    Option("until", "word", f"when to stop, e.g. {EXAMPLE}", "RULES",
           lambda: {example(name): rule.words for name, rule in RULES.items()}, "Values"),
    Option("metric", "word", "the score: a name such as accuracy, or a function; by default the model's own", "NAME",
           methods.metrics, "Values"),
    Option("seed", "whole", "what draws derive from", "N", group="Values"),
    Option("alpha", "number", "of beta-shapley", "X", group="Values"),
    Option("beta", "number", "of beta-shapley", "X", group="Values"),
    Option("weight", "number", "of weighted-banzhaf", "X", group="Values"),
    Option("n-samples", "whole", "how many subsets: group-testing, least-core", "N", group="Values"),
    Option("epsilon", "number", "the error wanted: group-testing", "X", group="Values"),
    Option("cv", "whole", "folds: self-confidence, residual", "N", group="Values"),
    Option("repetitions", "whole", "how often new folds are drawn: self-confidence, residual", "N", group="Values"),
    Option("skip-converged", "flag", "no more fits for points that are settled", group="Values"),
)  # fmt: skip

INFLUENCES = (
    Option("method", "choice", "how influences are computed: ekfac by default", "NAME",
           lambda: _lines(influence_methods.METHODS), "Influence"),
    Option("loss", "word", "a name, or a function of (output, target); by default cross-entropy for classes, squared "
           "error for numbers", "NAME", lambda: _lines(influence_methods.LOSSES), "Influence"),
    Option("regularization", "number", "the damping; it decides more than the method", "X", group="Influence"),
    Option("damping", "number", "another word for --regularization", "X", group="Influence"),
    Option("curvature", "choice", "which matrix: direct, cg, lissa, arnoldi, nystroem, logra", "NAME",
           lambda: influence_methods.CURVATURES, "Influence"),
    Option("rank", "whole", "of arnoldi, nystroem, logra", "N", group="Influence"),
    Option("seed", "whole", "what draws derive from", "N", group="Influence"),
    Option("quantile", "number", "which quantile of its influences is a point's value; 0.25 by default", "X",
           group="Influence"),
)  # fmt: skip

RUN = (
    Option("background", "flag", "return at once (the default)", group="Run"),
    Option("wait", "flag", "block the cell until the end: for scripts, nbclient and papermill", group="Run"),
    Option("checkpoint", "path", "a folder: what it holds is not computed again", "DIR", group="Run"),
    Option(
        "out",
        "name",
        "bind the run to a variable: NAME.result, await NAME, NAME.pause()",
        "NAME",
        group="Run",
    ),
    Option("show-code", "flag", "print the Python that the magic stands for, and start nothing", group="Run"),
    Option("help", "flag", "print this text", group="Run"),
)

JOBS = (Option("jobs", "whole", "fits at a time, by joblib; -1 takes all cores", "N", group="Run"),)

PANEL = (
    Option("title", "word", "heading of the panel", "TEXT", group="Panel"),
    Option("share", "choice", "what a shared notebook contains", "LEVEL", lambda: LEVELS, "Panel"),
    Option("previews", "expression", "pictures or texts of the points; auto or none", "NAME", group="Panel"),
    Option("image-shape", "shape", "the features are pixels", "8x8", group="Panel"),
    Option("height", "whole", "of the panel in pixels", "N", group="Panel"),
    Option("edits", "path", "the file that keeps relabels and drops", "FILE", group="Panel"),
)


def _table(*parts: Iterable[Option]) -> dict[str, Option]:
    return {option.name: option for part in parts for option in part}


VALUATION = _table(DATA, VALUES, JOBS, RUN, PANEL)
INFLUENCE = _table(DATA, INFLUENCES, RUN, PANEL)
