"""Strips into a zarr array, one after the other, so that a killed process goes on where it ended.

A strip is written in whole chunks, in the background; then the array's attributes say how far it is finished. Whoever
opens an unfinished array with the same key computes its last finished chunks again and compares, so that other
scores than those that are there never join them.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import IdentityError, InputError, InputTypeError, InstallationError

NOTE = "dvlwidgets"
"""The attribute that holds the key and how far the array is finished."""

AGREEMENT = 1e-3
"""Scores computed again may differ by so much of their largest: other threads add in another order."""


class StripWriter:
    """Strips one after the other along an axis of a zarr array, which is created with the first.

    Args:
        where: a folder's name, a URL, or a zarr store.
        axis: along which strips follow each other, 0 or 1.
        length: of that axis; None lets it grow.
        key: what the array is of. Without one an array that is there is never gone on with.
        overwrite: begin anew over an array that is there.
        chunks: of the array; None for what the first strip says.

    Raises:
        IdentityError: if there is an array of something else, or something that is no array.
        InputError, InputTypeError: for impossible chunks and places.
        InstallationError: without zarr.
    """

    def __init__(
        self,
        where: Any,
        *,
        axis: int,
        length: int | None = None,
        key: str | None = None,
        overwrite: bool = False,
        chunks: tuple[int, ...] | None = None,
    ) -> None:
        self._zarr = _library()
        self._where, self._axis, self._length = _place(where), axis, length
        self._key, self._chunks, self._overwrite = key, _checked_chunks(chunks), overwrite
        self._array = self._found()
        self.done = int(self._array.attrs[NOTE]["done"]) if self._array is not None else 0
        self.position = self._aligned(self.done - 1) if self.done else 0
        self._buffer: list[NDArray[Any]] = []
        self._buffered = 0
        self._background = _Background()

    # --- what is there ----------------------------------------------------------------------------------------

    def _found(self) -> Any:
        """The unfinished or finished array of the same key, or None where there is nothing."""
        try:
            array = self._zarr.open_array(self._where, mode="r+")
        except (FileNotFoundError, FileExistsError, NotADirectoryError):
            self._refuse_strangers()
            return None
        except ValueError as error:
            raise IdentityError(
                f"{self._where} holds a zarr group or another format ({error}); choose another path."
            ) from error
        if self._overwrite:
            return None
        note = array.attrs.asdict().get(NOTE, {})
        if self._key is None or not isinstance(note, Mapping) or note.get("key") != self._key:
            raise IdentityError(
                f"{self._where} holds another array already: of other data, another model or other settings, or not "
                "written by this. Pass overwrite=True to replace it, or choose another path."
            )
        return array

    def _refuse_strangers(self) -> None:
        if isinstance(self._where, str) and "://" not in self._where:
            path = Path(self._where)
            if path.is_file() or (path.is_dir() and any(path.iterdir())):
                raise IdentityError(f"{path} is no zarr array, and it is not empty. Choose another path.")

    def _create(self, strip: NDArray[Any], natural: tuple[int, ...]) -> Any:
        shape = list(strip.shape)
        if self._length is not None:
            shape[self._axis] = self._length
        chunks = natural if self._chunks is None else self._chunks
        if len(chunks) > len(shape):
            raise InputError(f"chunks={chunks} was given for an array of the shape {tuple(shape)}.")
        chunks = (*chunks, *shape[len(chunks) :])
        return self._zarr.create_array(
            self._where,
            shape=tuple(shape),
            chunks=tuple(max(1, min(c, s)) if i != self._axis else max(1, c)
                         for i, (c, s) in enumerate(zip(chunks, shape, strict=True))),
            dtype=strip.dtype,
            fill_value=np.nan if strip.dtype.kind == "f" else 0,  # what is not finished must not look like a score
            overwrite=self._overwrite,
            attributes={NOTE: {"key": self._key, "done": 0, "axis": self._axis}},
        )  # fmt: skip

    # --- writing ----------------------------------------------------------------------------------------------

    def put(self, strip: NDArray[Any], natural: tuple[int, ...]) -> None:
        """The next strip: what follows `position`. `natural` is what chunks are if the user did not say."""
        if self._array is None:
            self._array = self._create(strip, natural)
        self._buffer.append(np.array(strip))  # whoever gave it may use its memory again
        self._buffered += strip.shape[self._axis]
        end = self.position + self._buffered
        whole = end if end == self._length else self._aligned(end)
        if whole > self.position:
            self._flush(whole)

    def _flush(self, end: int) -> None:
        block = np.concatenate(self._buffer, axis=self._axis)
        cut = end - self.position
        ready, rest = np.split(block, [cut], axis=self._axis)
        lo, self.position = self.position, end
        self._buffered -= cut
        self._buffer = [rest] if self._buffered else []
        if lo < self.done:
            self._compare(ready, lo)
        if end > self.done:
            self._background.run(self._write, ready, lo, end)

    def _compare(self, ready: NDArray[Any], lo: int) -> None:
        hi = min(lo + ready.shape[self._axis], self.done)
        stored = self._array[self._region(lo, hi)]
        again = ready[(slice(None),) * self._axis + (slice(0, hi - lo),)]
        scale = float(np.max(np.abs(stored), initial=0.0))
        if stored.shape != again.shape or not np.allclose(
            stored, again, rtol=0.0, atol=AGREEMENT * scale, equal_nan=True
        ):
            raise IdentityError(
                f"{self._where} holds other scores than this computes. The model was fitted on other data or has other "
                "settings, or draws at random. Pass overwrite=True to begin anew, or choose another path."
            )

    def _write(self, ready: NDArray[Any], lo: int, end: int) -> None:
        if end > self._array.shape[self._axis]:
            shape = list(self._array.shape)
            shape[self._axis] = end
            self._array.resize(tuple(shape))
        self._array[self._region(lo, end)] = ready
        self._array.attrs[NOTE] = {"key": self._key, "done": end, "axis": self._axis}
        self.done = end

    def wait(self) -> None:
        """Until all that was flushed is on disk.

        Raises:
            Exception: what writing raised.
        """
        self._background.wait()

    def finish(self) -> Any:
        """Write what is left; returns the array.

        Raises:
            InputError: if strips are missing.
        """
        if self._buffered:
            self._flush(self.position + self._buffered)
        self.wait()
        if not self.complete:
            raise InputError(
                f"{self.position:,} of {self._length or 'the'} rows or columns were given; the array is not finished."
            )
        return self._array

    @property
    def array(self) -> Any:
        """What is written so far; None before the first strip."""
        return self._array

    @property
    def taken(self) -> int:
        """Rows or columns that were put, or that were there."""
        return self.position + self._buffered

    @property
    def complete(self) -> bool:
        """Whether all was put."""
        return self._array is not None and self._length in (None, self.taken)

    @property
    def buffered(self) -> NDArray[Any] | None:
        """What waits for its chunk to be full."""
        return np.concatenate(self._buffer, axis=self._axis) if self._buffered else None

    def _region(self, lo: int, hi: int) -> tuple[slice, ...]:
        return (slice(None),) * self._axis + (slice(lo, hi),)

    def _aligned(self, at: int) -> int:
        width = int(self._array.chunks[self._axis])
        return at // width * width


class _Background:
    """One call at a time in a thread of its own, so that computing goes on."""

    def __init__(self) -> None:
        self._thread: Thread | None = None
        self._error: BaseException | None = None

    def run(self, function: Any, *arguments: Any) -> None:
        self.wait()
        self._thread = Thread(target=self._call, args=(function, *arguments), daemon=True)
        self._thread.start()

    def wait(self) -> None:
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        if self._error is not None:
            error, self._error = self._error, None
            raise error

    def _call(self, function: Any, *arguments: Any) -> None:
        try:
            function(*arguments)
        except BaseException as error:
            self._error = error


def _library() -> Any:
    try:
        import zarr
    except ImportError as error:
        raise InstallationError(
            "to_zarr needs zarr, which is not installed. Run: pip install 'dvlwidgets[torch]'"
        ) from error
    return zarr


def _place(where: Any) -> Any:
    if isinstance(where, str) and not where:
        raise InputError("the path is empty; expected a folder's name, such as 'influences.zarr'.")
    if where is None or isinstance(where, (bool, int, float)):
        raise InputTypeError(
            f"{where!r} was given as a path; expected a folder's name, a URL or a zarr store."
        )
    return str(where) if hasattr(where, "__fspath__") else where


def _checked_chunks(chunks: Any) -> tuple[int, ...] | None:
    if chunks is None:
        return None
    wanted = "expected whole numbers of at least 1, such as chunks=(256, 1024), or None."
    if not isinstance(chunks, (tuple, list)):
        raise InputTypeError(f"chunks={chunks!r} was given; {wanted}")
    if not chunks or any(
        isinstance(c, bool) or not isinstance(c, (int, np.integer)) or c < 1 for c in chunks
    ):
        raise InputError(f"chunks={chunks!r} was given; {wanted}")
    return tuple(int(c) for c in chunks)
