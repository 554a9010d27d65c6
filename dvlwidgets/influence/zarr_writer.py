"""The reducer that keeps everything: a zarr array, beside statistics of the same scan."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ..errors import IdentityError, InputError
from .converters import NumpyConverter, as_array, check_converter
from .strip_writer import StripWriter

CHUNK = 1024


class Extent(Protocol):
    """How many points there are on each side."""

    @property
    def n_train(self) -> int: ...

    @property
    def n_test(self) -> int: ...


class ZarrWriter:
    """A reducer that keeps everything: scores of shape (q, w, ...) into a zarr array (n_test, n_train, ...).

    Args:
        path_or_store: a folder's name, a URL, or a zarr store.
        converter: makes arrays of scores; by default `TorchNumpyConverter()`.
        key: what the scores are of; see `StripWriter`.
        overwrite: begin anew over an array that is there.
        chunks: of the array; by default at most 1,024 test by 1,024 training points.

    Raises:
        IdentityError: at `begin`, if there is an array of something else.
        InputTypeError: for something that is no converter.
    """

    def __init__(
        self,
        path_or_store: Any,
        converter: NumpyConverter[Any] | None = None,
        *,
        key: str | None = None,
        overwrite: bool = False,
        chunks: tuple[int, ...] | None = None,
    ) -> None:
        check_converter(converter)
        self._where, self._converter = path_or_store, converter
        self._key, self._overwrite, self._chunks = key, overwrite, chunks
        self._strips: StripWriter | None = None
        self._early: dict[int, NDArray[Any]] = {}

    def begin(self, shape: Extent) -> None:
        """Look at what is there; see `start`."""
        self._early = {}
        self._natural = (min(shape.n_test, CHUNK), min(shape.n_train, CHUNK))
        self._strips = StripWriter(
            self._where,
            axis=1,
            length=shape.n_train,
            key=self._key,
            overwrite=self._overwrite,
            chunks=self._chunks,
        )

    @property
    def start(self) -> int:
        """The first training point whose scores are wanted; what is before it is on disk."""
        return self._writer.position

    def take(self, scores: Any, train: slice) -> None:
        """Scores (q, w, ...) of all test points on the training points `train`; those that come early are held.

        Raises:
            IdentityError: for other scores than those that are there.
        """
        writer = self._writer
        expected = writer.taken
        array = scores if isinstance(scores, np.ndarray) else as_array(scores, self._converter)
        lo, hi = int(train.start), int(train.start) + array.shape[1]
        if lo > expected:
            self._early[lo] = np.array(array)
            return
        if hi > expected:  # a scan that is gone on with may begin before
            writer.put(array[:, expected - lo :], self._natural)
            if (at := min(self._early, default=hi + 1)) <= hi:
                early = self._early.pop(at)
                self.take(early, slice(at, at + early.shape[1]))

    def result(self) -> Any:
        """The `zarr.Array`; NaN where scores are missing."""
        writer = self._writer
        if writer.complete:
            return writer.finish()
        writer.wait()
        return writer.array

    def state(self) -> dict[str, NDArray[Any]]:
        """Where it is; what was taken before is on disk."""
        writer = self._writer
        writer.wait()
        held = writer.buffered
        early = {f"early_{lo}": scores for lo, scores in self._early.items()}
        return {"position": np.array(writer.position), **({} if held is None else {"held": held}), **early}

    def load(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Go on from `state()`, after `begin`.

        Raises:
            IdentityError: if the array on disk is not as far.
        """
        writer, position = self._writer, int(state["position"])
        if writer.done < position:
            raise IdentityError(
                f"{self._where} holds the scores of {writer.done:,} training points; {position:,} were written. "
                "Begin the scan anew."
            )
        writer.position = position
        if "held" in state:
            writer.put(state["held"], self._natural)
        self._early = {int(k[6:]): v for k, v in state.items() if k.startswith("early_")}

    @property
    def _writer(self) -> StripWriter:
        if self._strips is None:
            raise InputError("the writer was not begun: call begin(shape) first.")
        return self._strips
