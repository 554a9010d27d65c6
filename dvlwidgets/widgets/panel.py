"""`ValuationPanel`: a run, its values and their edits in a notebook."""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dvlwidgets.data.dataset import Dataset
from dvlwidgets.data.edit_log import EditLog
from dvlwidgets.data.preview import Given, of_both
from dvlwidgets.widgets.edited import Edited
from dvlwidgets.widgets.live_panel import LivePanel
from dvlwidgets.widgets.parts import (
    PARTS,
    again,
    around,
    control,
    pictures,
    semivalue,
    stability,
    tests,
    tests_given,
    view,
    whatif,
)
from dvlwidgets.widgets.parts.projection import passed
from dvlwidgets.widgets.reading_as import result_shown
from dvlwidgets.widgets.session import Session

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

    from dvlwidgets.engine.stopping import StoppingRule


class ValuationPanel(LivePanel):
    """Watch values stream in; pause, sort, filter, look, relabel, drop.

    The work runs in a background thread: the cell returns at once. To wait in a notebook, `await panel.run`; in a
    script, `panel.wait()`.

    Args:
        valuation: the method, e.g. `ShapleyValuation(utility, sampler, rule)`. If it was fitted on `train` before,
            the panel shows those values.
        train: the points to value.
        title: heading of the panel.
        name: what the list of runs calls it (`%dvl`, the side panel); by default its title.
        previews: pictures or texts of the points: None or "auto" to recognise them, "none", an array
            (n, h, w[, channels]), n texts, or a function from a position to one. A pair is of the training points and
            of the valuation's test points, which are shown in the list of those to doubt and beside a point.
        image_shape: (h, w) or (h, w, channels): the features of a point are the pixels of an image.
        checkpoint: a folder: what it holds is not computed again, and what is computed goes there.
        edits: the file that keeps relabels and drops, or an `EditLog`; by default
            `./dvlwidgets-edits/<fingerprint of train>.jsonl`, made by the first edit.
        test_edits: the same for the edits of the valuation's test points, which can be wrong, too; by default
            `<fingerprint of test>-test.jsonl` beside `edits`.
        share: how much a stored copy holds (the notebook's output, `save`): "summary", "values" (positions, labels,
            values), "values+text" (ids and texts, too) or "full" (features and images, too); None for the default,
            which is "values" unless the front-end's settings say otherwise.
        height: of the panel in pixels.
        held_out: points that neither the model nor the values have seen: "what if" scores on them. Without, it scores
            on the valuation's own test set, which flatters the values, and suggests no drop.
        map: where the points are on the map: (n, 2) coordinates, e.g. UMAP of an embedding (NaN: not drawn), or "pca"
            or None for the principal components of the numeric features, computed when the map is first looked at.

    Raises:
        InputError, InputTypeError: before any work, for arguments that do not go together.
        EditError: a log of edits belongs to other data, or cannot be read.
        InstallationError: the JavaScript was not built.

    Example:
        >>> panel = ValuationPanel(valuation, train)  # doctest: +SKIP
        >>> panel.start()  # doctest: +SKIP
        >>> clean = panel.dataset()  # doctest: +SKIP
    """

    _session: Session

    def __init__(
        self,
        valuation: Any,
        train: Dataset,
        *,
        title: str | None = None,
        name: str | None = None,
        previews: Given | tuple[Given, Given] = None,
        image_shape: Sequence[int] | None = None,
        checkpoint: Any = None,
        edits: EditLog | str | PathLike[str] | None = None,
        test_edits: EditLog | str | PathLike[str] | None = None,
        share: str | None = None,
        height: int = 600,
        held_out: Dataset | None = None,
        map: ArrayLike | None = None,  # noqa: A002 -- what people call it
    ) -> None:
        given: Any = train
        places = None
        if isinstance(given, Dataset):  # what is no data set is refused by the session
            places = passed(map, len(train))
            whatif.check_held_out(held_out, train)  # not later: parts of a refused panel would hear of edits
            tests_given.check_log(valuation, train, edits, test_edits)
            tests_given.check_previews(valuation, train, previews, image_shape)
        ours, theirs = of_both(previews)
        super().__init__(
            lambda on_change: Session(
                valuation,
                train,
                title=title,
                previews=ours,
                image_shape=image_shape,
                checkpoint=checkpoint,
                edits=edits,
                share=share,
                on_change=on_change,
            ),
            title=title,
            name=name,
            height=height,
            parts={
                **PARTS,
                # before `again`, whose column would count as the page's own arrangement if it came first
                view.NAME: lambda hub: view.ViewPart(hub, lambda: self.snapshot().page()),
                pictures.NAME: lambda hub: pictures.PicturesPart(hub, places),
                whatif.NAME: lambda hub: whatif.WhatIfPart(hub, held_out),
                again.NAME: again.AgainPart,
                tests.NAME: lambda hub: tests.TestsPart(
                    hub, test_edits, (theirs, image_shape), edited=self._test_edited
                ),
                around.NAME: lambda hub: around.AroundPart(hub, (theirs, image_shape)),
                control.NAME: control.ControlPart,
                semivalue.NAME: semivalue.SemivaluePart,
                stability.NAME: stability.StabilityPart,
            },
        )

    def value_again(self) -> None:
        """Values the points with the edits in force; the values before stay beside the new ones, as a column.

        Points that are dropped stay in the panel, without a value. Methods that can update their values compute only
        what changed; the others run anew.

        Raises:
            RunError: the present run is not over; stop it first.
            InputError: nothing is left, or the method refuses the edited points; nothing was changed.
        """
        self._part(again.AgainPart).value()

    # --- test points, which can be wrong, too ------------------------------------------------------------------

    @property
    def test_edits(self) -> EditLog:
        """The edits of the valuation's test points: a log as `edits`, with undo, history and export of its own.

        Raises:
            InputError: the valuation has no test points of its own.
            EditError: the log belongs to other data, or cannot be read.

        Example:
            >>> panel.test_edits.relabel(test, [12], "ring")  # doctest: +SKIP
            >>> panel.test_edits.undo()  # doctest: +SKIP
        """
        return self._part(tests.TestsPart).edits

    def test_dataset(self) -> Dataset:
        """The valuation's test points with their edits applied; the original is untouched.

        The values rest on the test points as they came: make a valuation with this set for others.

        Raises:
            InputError, EditError: as `test_edits`.
        """
        return self.test_edits.apply(self._part(tests.TestsPart).data)

    @property
    def test_selection(self) -> NDArray[np.intp]:
        """Positions of the doubtful test points that are selected in the panel's list, ascending.

        Set it to positions or to a mask of all test points: the page follows. Only listed ones can be selected.

        Raises:
            InputError, InputTypeError: one of them is not listed, or they are no positions; or as `test_edits`.

        Example:
            >>> panel.test_edits.flag(test, panel.test_selection)  # doctest: +SKIP
        """
        return self._part(tests.TestsPart).selection

    @test_selection.setter
    def test_selection(self, rows: ArrayLike) -> None:
        self._part(tests.TestsPart).select(rows)

    # --- what can be changed of a run ------------------------------------------------------------------------

    def change_rule(self, rule: StoppingRule) -> None:
        """Has the run stop by another rule from now on, e.g. `RankCorrelation(0.1) | MaxTime(600)`.

        Raises:
            RunError: the run is over, or its work has no rule.
            InputTypeError: `rule` is no stopping rule.
        """
        self._part(control.ControlPart).change_rule(rule)

    @property
    def semivalue(self) -> str:
        """As which method the values are shown: the run's own, until it is set.

        Set it to another semivalue ("Banzhaf", "Beta(4, 1)", ...): values, bars, ranks and everything that goes by
        them are re-estimated from the evaluations that are there, without a fit, also while the run goes on. None is
        the run's own again.

        Raises:
            InputError: the utilities of this run cannot tell it, with the reason.
            NotFittedError: there are no values yet.

        Example:
            >>> panel.semivalue = "Banzhaf"  # doctest: +SKIP
        """
        return self._session.shown.method

    @semivalue.setter
    def semivalue(self, method: str | None) -> None:
        self._part(semivalue.SemivaluePart).switch(method)

    def show_as(self, method: str) -> None:
        """Puts the values as another semivalue ("Banzhaf", "Beta(16, 1)", ...) beside those shown, in a column.

        Raises:
            InputError: the utilities of this run cannot tell it, with the reason.
            NotFittedError: there are no values yet.
        """
        self._part(semivalue.SemivaluePart).add_column(method)

    def save_checkpoint(self, folder: str | PathLike[str]) -> Path:
        """Writes the utilities evaluated so far to a folder; `ValuationPanel(..., checkpoint=folder)` goes on from it.

        Raises:
            InputError: the method keeps no utilities, or the folder cannot be written or is another run's.
            NotFittedError: nothing is evaluated yet.
        """
        saved: Path = self._session.valuation.save_checkpoint(folder)
        return saved.parent

    def _test_edited(self) -> None:
        self._output.changed()

    def _tested(self) -> Edited | None:
        return self._part(tests.TestsPart).with_edits()

    @property
    def values(self) -> Any:
        """The newest values, a `ValuationResult`: as the semivalue that is shown."""
        return result_shown(self._session)
