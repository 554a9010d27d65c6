"""Columns that a page is sent after the points: suggested and predicted labels, and features that it asks for."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from dvlwidgets.data.arrays import is_frame
from dvlwidgets.data.dataset import Dataset
from dvlwidgets.engine.runner import threads_work
from dvlwidgets.errors import DvlError, InputError, WireError
from dvlwidgets.evaluation.own_model import model_of
from dvlwidgets.widgets import wire
from dvlwidgets.widgets.answered import with_type
from dvlwidgets.widgets.out_of_fold import FOLDS, Said, StoppedError, in_sample, out_of_fold
from dvlwidgets.widgets.parts.part import Hub, taken
from dvlwidgets.widgets.snapshot import Content

NAME: Final = "columns"
MOST: Final = 20_000
"""Points above which labels are suggested only when somebody asks."""
OFFERED: Final = 5_000
"""Names of features that a page is offered."""
UNKNOWN: Final = 65_535
"""The code of a class that is not known."""

TIP: Final = (
    f"The class that the model finds most probable for the point, and how probable: out-of-fold, {FOLDS} folds, so the "
    "model that says it was not fitted on the point. Fitted on the labels as they were when it was computed."
)

PREDICTED: Final = (
    "The class that the model predicts for the point: in-sample, so it was fitted on all points that are not dropped, "
    "this one included, with the labels as they were then."
)

GROUP: Final = "Name of the group; its value is that of all its rows together"
ROWS: Final = "How many rows the group has"


class ColumnsPart:
    """Sends columns; fits in a thread of its own.

    Args:
        hub: the panel.
    """

    def __init__(self, hub: Hub) -> None:
        self._hub, self._session = hub, hub.session
        self._lock = threading.Lock()
        self._listening = self._closed = self._begun = False
        self._suggested: wire.Frame | None = None
        self._state: Content = {"state": "none" if self._model() is None else "waiting", "why": ""}
        if self._model() is not None and len(self._session.train) > MOST:
            self._state = {"state": "large", "why": ""}
        self._session.hear(self.news)

    def receive(self, command: Mapping[str, Any], request: str | None) -> wire.Frame | None:
        """{"what": "suggest"}, or {"what": "feature", "name": ...}."""
        what = taken(command, "what", str, "what is asked for")
        if what == "feature":
            return self._feature(taken(command, "name", str, "the name of a feature"), request)
        if what != "suggest":
            raise WireError(f"{what!r} cannot be asked for; expected 'suggest' or 'feature'.")
        if self._model() is None:
            raise InputError(
                "Labels are suggested by the model of the valuation, where that is a classifier with predict_proba and "
                "each point has one label; here it is not so."
            )
        self._begin(again=True)
        return None

    def hello(self) -> list[wire.Frame]:
        """The names that may be asked for, and what is known of suggestions."""
        self._listening = True
        self.news()
        names = self._left_out()[:OFFERED]
        offered = {"names": names, "numbers": self._numeric(names)}
        frames = [wire.part(NAME, "offered", offered), wire.part(NAME, "suggesting", self._state)]
        if self._session.train.n_rows != len(self._session.train):
            frames.append(self._groups())
        return frames if self._suggested is None else [*frames, self._suggested]

    def close(self) -> None:
        """No further fit is begun."""
        self._closed = True
        self._listening = False

    def news(self) -> None:
        """The run has news: after its first values labels are suggested, once."""
        if self._listening and not self._begun and self._state["state"] == "waiting" and self._has_values():
            self._begin()

    # --- suggestions ----------------------------------------------------------------------------------------

    def _model(self) -> Any:
        """The model of the valuation, where it can say how probable each class of a point is."""
        train, model = self._session.train, model_of(self._session.valuation)
        single = train.labels is not None and train.is_classification and train.n_rows == len(train)
        return model if single and hasattr(model, "predict_proba") and hasattr(model, "get_params") else None

    def _has_values(self) -> bool:
        session = self._session
        return session.state == "finished" or session.run.progress is not None

    def _begin(self, *, again: bool = False) -> None:
        with self._lock:
            if self._state["state"] == "running" or (self._begun and not again):
                return
            self._begun = True
            self._tell("running")
        if threads_work():
            threading.Thread(target=self._suggest, name="dvlwidgets suggestions", daemon=True).start()
        elif again:
            self._suggest()
        else:
            self._tell("large")  # without threads the page would stand still: it is asked first

    def _tell(self, state: str, why: str = "") -> None:
        self._state = {"state": state, "why": why}
        self._hub.say(wire.part(NAME, "suggesting", self._state))

    def _suggest(self) -> None:
        try:
            frame = self._suggestions()
        except StoppedError:
            return
        except DvlError as refusal:
            self._tell("failed", str(refusal))
        except Exception as failure:  # the model is the user's: what it raises is shown
            logging.getLogger(__name__).info("labels could not be suggested", exc_info=True)
            self._tell("failed", with_type(failure))
        else:
            self._suggested = frame
            self._hub.say(frame)
            self._tell("done")

    def _suggestions(self) -> wire.Frame:
        session = self._session
        kept = session.edits.apply(session.train)
        place = {key: i for i, key in enumerate(session.train.ids.tolist())}
        at = np.array([place[key] for key in kept.ids.tolist()], dtype=np.intp)
        gone = np.setdiff1d(np.arange(len(session.train)), at)
        others = session.train.take(gone) if gone.size else None
        said, besides = out_of_fold(self._model(), kept, others, lambda: not self._closed)
        pack = wire.Packer()
        columns = [self._suggested_column(said, at, besides, gone, pack)]
        codes, classes = in_sample(self._model(), kept, session.train)
        session.besides["predicted"] = None, self._words(classes)[codes]
        columns.append(self._classes("predicted", PREDICTED, classes, pack(codes, "u2")))
        return wire.part(NAME, "columns", {"columns": columns}, pack=pack)

    def _suggested_column(
        self,
        said: Said,
        at: NDArray[np.intp],
        besides: Said | None,
        gone: NDArray[np.intp],
        pack: wire.Packer,
    ) -> Content:
        n = len(self._session.train)
        codes, probability = np.full(n, UNKNOWN), np.full(n, np.nan, dtype=np.float32)
        codes[at], probability[at] = said.codes, said.probability
        if besides is not None:
            codes[gone], probability[gone] = besides.codes, besides.probability
        words = np.append(self._words(said.classes), "")  # of a point about which nothing is known
        self._session.besides["suggested"] = None, words[np.where(codes == UNKNOWN, -1, codes)]
        self._session.besides["suggested_probability"] = None, probability
        column = self._classes("suggested", TIP, said.classes, pack(codes, "u2"))
        return column | {"probability": pack(probability, "f4")}

    def _classes(self, name: str, tip: str, classes: list[Any], codes: Content) -> Content:
        words = self._words(classes).tolist()
        return {"id": name, "name": name, "tip": tip, "type": "class", "classes": words, "codes": codes}

    def _words(self, classes: list[Any]) -> NDArray[Any]:
        return np.array([self._session.word(label) for label in classes], dtype=object)

    # --- groups ---------------------------------------------------------------------------------------------

    def _groups(self) -> wire.Frame:
        """How many rows each group has, and its name where the first column does not tell it."""
        train, ids, pack = self._session.train, self._session.subject.ids, wire.Packer()
        rows = np.bincount(train.logical_indices(), minlength=len(train)).astype(np.float32)
        columns: list[Content] = [
            {"id": "rows", "name": "rows", "tip": ROWS, "type": "number", "values": pack(rows, "f4")}
        ]
        names = [str(name) for name in train.names.tolist()]
        if names != [str(name) for name in (range(len(train)) if ids is None else ids)]:
            columns.append({"id": "group", "name": "group", "tip": GROUP, "type": "text", "texts": names})
        return wire.part(NAME, "columns group", {"columns": columns}, pack=pack)

    # --- features -------------------------------------------------------------------------------------------

    def _left_out(self) -> list[str]:
        """Names of features that did not go out with the points; none where points are groups of rows."""
        train = self._session.train
        if train.n_rows != len(train) or len(getattr(train.x, "shape", ())) > 2:
            return []
        sent = {name for name, _ in self._session.subject.features}
        return [str(name) for name in train.feature_names if str(name) not in sent]

    def _numeric(self, names: list[str]) -> list[str]:
        """Those of the features that hold numbers; nothing is read for it."""
        train = self._session.train
        kinds = (
            list(train.x.dtypes)
            if is_frame(train.x)
            else [getattr(train.x, "dtype", None)] * train.n_features
        )
        of = dict(zip(map(str, train.feature_names), kinds, strict=False))
        return [name for name in names if getattr(of[name], "kind", "f") in "biuf"]

    def _feature(self, name: str, request: str | None) -> wire.Frame:
        if name not in self._left_out():
            raise InputError(f"{name!r} is no feature of these data that could be sent.")
        pack = wire.Packer()
        column: Content = {
            "id": f"feature:{name}",
            "name": name,
            "tip": f"Feature {name}, as the data set holds it",
        }
        column |= _values(self._session.train, name, pack)
        return wire.part(NAME, f"columns {name}", {"columns": [column]}, request=request, pack=pack)


def _values(train: Dataset, name: str, pack: wire.Packer) -> Content:
    """Numbers as they are; few different texts as classes, many as texts."""
    column = np.asarray(train.column(name))
    if column.dtype.kind in "biuf":
        with np.errstate(over="ignore"):
            return {"type": "number", "values": pack(column.astype(np.float32), "f4")}
    missing = {"None", "nan", "<NA>", "NaT"}
    texts = np.array(["" if str(item) in missing else str(item) for item in column.tolist()], dtype=object)
    classes, codes = np.unique(texts.astype(str), return_inverse=True)
    if len(classes) <= max(20, len(texts) // 20) and len(classes) < UNKNOWN:
        return {"type": "class", "classes": classes.tolist(), "codes": pack(codes, "u2")}
    return {"type": "text", "texts": texts.tolist()}
