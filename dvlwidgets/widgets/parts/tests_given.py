"""What a valuation panel is given of its test points, refused before any work where it does not go with them."""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike
from typing import Any

from dvlwidgets.data.dataset import Dataset
from dvlwidgets.data.edit_log import EditLog
from dvlwidgets.data.edit_places import locate
from dvlwidgets.data.preview import Given, of_both, previews_of
from dvlwidgets.errors import InputError, InputTypeError
from dvlwidgets.evaluation.own_model import OwnModel, parts_of
from dvlwidgets.widgets.influence_tests import log_of


def check_log(
    valuation: Any,
    train: Dataset,
    edits: EditLog | str | PathLike[str] | None,
    given: EditLog | str | PathLike[str] | None,
) -> None:
    """Refuses a log of test points that does not go with the rest.

    Args:
        valuation: whose test points.
        train: the training points.
        edits: the log of their edits, as the panel is given it.
        given: that of the test points; None for the one beside it, which is opened when somebody asks for it.

    Raises:
        InputError: the valuation has no test points of its own, or both logs are the same.
        InputTypeError: it is no log, and no file for one.
        EditError: it belongs to other data, or cannot be read.
    """
    if given is None:
        return
    if not isinstance(given, EditLog | str | PathLike):
        raise InputTypeError(
            f"test_edits is {given!r}; expected an EditLog, or the file of one. Pass 'test-edits.jsonl'."
        )
    test = own_of(valuation, train).test
    log = log_of(test, edits if isinstance(edits, EditLog) else EditLog.of(train, edits), given)
    locate(log.net, test)


def check_previews(
    valuation: Any,
    train: Dataset,
    given: Given | tuple[Given, Given],
    image_shape: Sequence[int] | None = None,
) -> None:
    """Refuses previews of test points that do not go with them; others are seen to when they are looked at.

    Raises:
        InputError: the valuation has no test points of its own, or there are more or fewer previews than those.
        InputTypeError: they are no previews.
    """
    theirs = of_both(given)[1]
    if theirs is None or isinstance(given, str):
        return
    test = own_of(valuation, train).test
    try:
        previews_of(test, theirs, image_shape)
    except (InputError, InputTypeError) as refusal:
        words = f"The second of the pair previews=(..., ...) is of the test points: {refusal}"
        raise type(refusal)(words) from refusal


def own_of(valuation: Any, train: Dataset) -> OwnModel:
    """The model and the test points behind a valuation's values.

    Raises:
        InputError: it has no model, or no test points of its own.
    """
    parts_of(valuation, train)  # says why there is no model
    try:
        return parts_of(valuation)
    except InputError as none:
        name = getattr(valuation, "algorithm_name", type(valuation).__name__)
        raise InputError(f"{name} has no test points of its own.") from none
