"""What a page asks about the point that somebody looks at: its large preview, its sound, its row, its members."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from dvlwidgets.data.dataset import Dataset
from dvlwidgets.data.preview import previews_of
from dvlwidgets.data.preview_audio import Audios
from dvlwidgets.data.preview_kinds import NoPreviews, Previews, cut
from dvlwidgets.errors import InputError, WireError
from dvlwidgets.widgets import bundle, wire
from dvlwidgets.widgets.answered import with_type
from dvlwidgets.widgets.parts.part import Hub, taken
from dvlwidgets.widgets.snapshot import Content

NAME: Final = "previews"
MOST_FACTS: Final = 200
"""Features of one row that a page is told."""
MOST_MEMBERS: Final = 50
"""Rows of one group that a page is told."""
MAX_VALUE: Final = 300
"""Characters of one feature."""


class PreviewsPart:
    """Answers for one point at a time; nothing that it says is kept in a widget's state or in a copy.

    Args:
        hub: the panel.
    """

    def __init__(self, hub: Hub) -> None:
        self._session = hub.session

    def receive(self, command: Mapping[str, Any], request: str | None) -> wire.Frame | None:
        """{"do": "code"} for the page's half, or {"what": "show" | "audio" | "members", "row": position}."""
        if command.get("do") == "code":
            return wire.part(NAME, "code", {"text": bundle.read("previews.js")}, request=request)
        what = taken(command, "what", str, "what is asked for")
        row = taken(command, "row", int, "the position of a point")
        if not 0 <= row < len(self._session.train):
            raise WireError(f"Point {row} was asked for; there are {len(self._session.train):,}.")
        deeds = {"show": self._shown, "audio": self._audio, "members": self._members}
        if what not in deeds:
            raise WireError(f"{what!r:.40} cannot be asked for; expected 'show', 'audio' or 'members'.")
        pack = wire.Packer()
        return wire.part(NAME, what, {"row": row} | deeds[what](row, pack), request=request, pack=pack)

    def hello(self) -> list[wire.Frame]:
        """What there is to ask for: sounds, members of groups, features beyond those that were sent."""
        train = self._session.train
        body: Content = {
            "audio": isinstance(self._session.previews, Audios),
            "groups": train.n_rows != len(train),
            "features": self._tells_row(),
        }
        return [wire.part(NAME, "offered", body)]

    def close(self) -> None:
        """Nothing was begun."""

    def _shown(self, row: int, pack: wire.Packer) -> Content:
        body: Content = {"text": None, "image": None, "why": ""}
        try:
            body |= _large(self._session.previews, row, pack)
        except Exception as failure:  # of the user's function or file: it is shown in the preview's place
            body["why"] = cut(with_type(failure), MAX_VALUE)
        if self._tells_row():
            body |= _facts(self._session.train, row)
        return body

    def _tells_row(self) -> bool:
        """Whether a point is one row of named columns, which are not what its preview shows."""
        train, kind = self._session.train, self._session.previews.description["kind"]
        flat = len(getattr(train.x, "shape", ())) == 2 and train.n_rows == len(train)
        return flat and (kind == "none" or (kind == "text" and train.n_features > 1))

    def _audio(self, row: int, pack: wire.Packer) -> Content:
        previews = self._session.previews
        if not isinstance(previews, Audios):
            raise InputError("The previews of these points are no sounds.")
        sound = previews.audio(row)
        wav = np.frombuffer(sound.wav(), dtype=np.uint8)
        return {"wav": pack(wav, "u1"), "seconds": len(sound.samples) / sound.rate}

    def _members(self, row: int, pack: wire.Packer) -> Content:
        train = self._session.train
        rows = train.data_indices([row])
        some = rows[:MOST_MEMBERS]
        labels = np.asarray(train.y)[some]
        members = [
            {"name": str(name), "label": cut(self._word(label), MAX_VALUE)}
            for name, label in zip(train.row_names[some].tolist(), labels.tolist(), strict=True)
        ]
        part = train.take_rows(some)
        alone = Dataset(part.x, part.y, feature_names=part.feature_names, multi_output=labels.ndim > 1)
        previews = previews_of(alone)
        body: Content = {"total": len(rows), "members": members, "image": None}
        if isinstance(previews, NoPreviews):
            texts = [_line(alone, at) for at in range(len(some))]
        else:
            shown = previews.get(range(len(some)))
            texts = shown if isinstance(shown, list) else [""] * len(some)
            if not isinstance(shown, list):
                body["image"] = _image(shown, pack)
        for member, text in zip(members, texts, strict=True):
            member["text"] = text
        return body

    def _word(self, label: Any) -> str:
        return ", ".join(map(str, label)) if isinstance(label, list) else str(self._session.word(label))


def _large(previews: Previews, row: int, pack: wire.Packer) -> Content:
    if isinstance(previews, Audios):
        return {"image": _image(previews.audio(row).outline(480, 120)[None], pack)}
    large = getattr(previews, "large", None)
    shown = previews.get([row])[0] if large is None else large(row)
    return {"text": shown} if isinstance(shown, str) else {"image": _image(shown[None], pack)}


def _image(pixels: Any, pack: wire.Packer) -> Content:
    _, height, width, channels = pixels.shape
    return {"width": width, "height": height, "channels": channels, "pixels": pack(pixels, "u1")}


def _facts(train: Dataset, row: int) -> Content:
    names = [str(name) for name in train.feature_names[:MOST_FACTS]]
    return {
        "facts": [list(pair) for pair in zip(names, _values(train, row), strict=True)],
        "of": train.n_features,
    }


def _values(train: Dataset, row: int) -> list[str]:
    x = train.x
    if hasattr(x, "iloc"):
        found = x.iloc[row, :MOST_FACTS].tolist()
    else:
        line = x[[row]]
        found = np.asarray(line.todense() if hasattr(line, "todense") else line).ravel()[:MOST_FACTS].tolist()
    return [cut(f"{item:.6g}" if isinstance(item, float) else str(item), MAX_VALUE) for item in found]


def _line(rows: Dataset, row: int) -> str:
    """The first features of a row in one line."""
    if len(getattr(rows.x, "shape", ())) != 2:
        return ""
    names = [str(name) for name in rows.feature_names[:6]]
    shown = ", ".join(f"{name} {value}" for name, value in zip(names, _values(rows, row), strict=False))
    return cut(shown, MAX_VALUE)
