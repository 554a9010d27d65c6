"""`InfluencePanel`: which training points made a prediction what it is, and which labels to doubt, in a notebook."""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike
from typing import TYPE_CHECKING, Any, cast

from dvlwidgets.data.edit_log import EditLog
from dvlwidgets.data.edit_subscribers import Announcement
from dvlwidgets.data.preview import Given
from dvlwidgets.widgets import influence_sharing, influence_wire
from dvlwidgets.widgets.edited import Edited
from dvlwidgets.widgets.influence_desk import InfluenceDesk
from dvlwidgets.widgets.influence_method import method_of
from dvlwidgets.widgets.influence_session import InfluenceSession
from dvlwidgets.widgets.live_panel import LivePanel
from dvlwidgets.widgets.parts import columns, module, pictures, view
from dvlwidgets.widgets.parts import edits as edits_part
from dvlwidgets.widgets.parts.part import Hub, Part

if TYPE_CHECKING:
    from dvlwidgets.data.dataset import Dataset


class InfluencePanel(LivePanel):
    """Choose a test point and see the training points that help and hurt it most; find the labels to doubt.

    The work runs in a background thread: the cell returns at once. To wait in a notebook, `await panel.run`; in a
    script, `panel.wait()`.

    A training point's value is the quantile of its influences on the test points of its own label: one that hurts
    most test points of its class is mislabelled, or unlike the others. After a relabel the numbers of that point are
    those of its new label; the model, and with it all other numbers, stay as they were trained.

    Args:
        influence: an influence model, e.g. `EkfacInfluence(model)`; one that is not fitted is fitted on `train`
            when the run starts. Or an `Explorer`.
        train: the training points.
        test: the test points.
        title: heading of the panel.
        name: what the list of runs calls it (`%dvl`, the side panel); by default its title.
        previews: pictures or texts of the points, as for `ValuationPanel`: of the training points, or a pair of
            those and of the test points'. None recognises them.
        image_shape: (h, w) or (h, w, channels): the features of a point are the pixels of an image.
        quantile: which quantile of the influences is a training point's value.
        checkpoint: a folder: what it holds is not computed again, and what is computed goes there.
        edits: the file that keeps relabels and drops, or an `EditLog`; by default
            `./dvlwidgets-edits/<fingerprint of train>.jsonl`, made by the first edit.
        test_edits: the same for the edits of test points, which can be wrong, too; by default
            `<fingerprint of test>-test.jsonl` beside `edits`.
        share: how much a stored copy holds (the notebook's output, `save`): "summary", "values" (positions, labels,
            values), "values+text" (ids and texts, too) or "full" (features and images, too); None for the default,
            which is "values" unless the front-end's settings say otherwise.
        height: of the panel in pixels.

    Raises:
        InputError, InputTypeError: before any work, for arguments that do not go together.
        EditError: a log of edits belongs to other data, or cannot be read.
        InstallationError: the JavaScript was not built.

    Example:
        >>> panel = InfluencePanel(EkfacInfluence(model), train, test)  # doctest: +SKIP
        >>> panel.start()  # doctest: +SKIP
        >>> clean = panel.dataset()  # doctest: +SKIP
    """

    kind = "influence"
    _bundle = "influence.js"
    _session: InfluenceSession
    _desk: InfluenceDesk

    def __init__(
        self,
        influence: Any,
        train: Dataset,
        test: Dataset,
        *,
        title: str | None = None,
        name: str | None = None,
        previews: Given | tuple[Given, Given] = None,
        image_shape: Sequence[int] | None = None,
        quantile: float = 0.25,
        checkpoint: Any = None,
        edits: EditLog | str | PathLike[str] | None = None,
        test_edits: EditLog | str | PathLike[str] | None = None,
        share: str | None = None,
        height: int = 600,
    ) -> None:
        super().__init__(
            lambda on_change: InfluenceSession(
                method_of(influence, train, test, quantile),
                train,
                test,
                quantile=float(quantile),
                title=title,
                previews=previews,
                image_shape=image_shape,
                checkpoint=checkpoint,
                edits=edits,
                test_edits=test_edits,
                share=share,
                on_change=on_change,
            ),
            title=title,
            name=name,
            height=height,
            desk=InfluenceDesk,
            encode=influence_wire,
            static=influence_sharing,
            parts={
                edits_part.NAME: edits_part.EditsPart,
                edits_part.TESTS: _edits_of_tests,
                columns.NAME: columns.ColumnsPart,
                module.TABLE: lambda _: module.ModulePart(module.TABLE),
                module.EXPRESSION: lambda _: module.ModulePart(module.EXPRESSION),
                pictures.NAME: pictures.PicturesPart,
                view.NAME: lambda hub: view.ViewPart(hub, lambda: self.snapshot().page()),
            },
        )
        self._deaf_to_tests = self._session.test.edits.subscribe(self._test_edited)

    @property
    def test_edits(self) -> EditLog:
        """The edits of test points: a log as `edits`, with undo, history and export of its own.

        Example:
            >>> panel.test_edits.relabel(test, [12], "ring")  # doctest: +SKIP
            >>> panel.test_edits.undo()  # doctest: +SKIP
        """
        return self._session.test.edits

    def test_dataset(self) -> Dataset:
        """The test points with their edits applied; the original is untouched.

        The panel's training columns rest on the test points as they came: for others make a new panel with this set.
        """
        return self.test_edits.apply(self._session.test.data)

    @property
    def explorer(self) -> Any:
        """The `Explorer` behind the panel: the same numbers for Python."""
        return self._session.explorer

    @property
    def summary(self) -> Any:
        """What is known of all training points: the run's result.

        Raises:
            NotFittedError: nothing is known yet.
        """
        return self._session.result()

    def _changed(self) -> None:
        super()._changed()
        if self._session.over:
            self._output.changed()  # a relabelled point has its new numbers
        self._desk.catch_up()

    def _edited(self, news: Announcement) -> None:
        super()._edited(news)
        self._publisher.notify()  # which points wait for their new numbers goes out with the next frame
        self._desk.catch_up()

    def _test_edited(self, news: Announcement) -> None:
        session = self._session
        self._publisher.post(lambda: session.test.edits_frame(news, session))
        self._output.changed()
        self._publisher.notify()
        self._desk.catch_up()

    def _tested(self) -> Edited | None:
        return self._session.test

    def close(self) -> None:
        """Removes the panel from the page; the run goes on."""
        if "_deaf_to_tests" in vars(self):
            self._deaf_to_tests()
        if "_desk" in vars(self):
            self._desk.worker.close()
        super().close()


def _edits_of_tests(hub: Hub) -> Part:
    test = cast(InfluenceSession, hub.session).test
    never = edits_part.NEVER_OF_TESTS
    return edits_part.EditsPart(hub, test, name=edits_part.TESTS, variable="test", never=never)
