"""Sounds as previews: what a user may give, their outline as a small picture, and WAV bytes for a page's player."""

from __future__ import annotations

import io
import wave
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from dvlwidgets.errors import InputError, InputTypeError, cause

WIDTH: Final = 96
HEIGHT: Final = 32
MAX_WAV: Final = 16_000_000
"""Bytes of sound that a page is sent at most for one point."""


@dataclass(frozen=True, eq=False)
class Audio:
    """A sound.

    Args:
        samples: (n,) or (n, channels); floats from -1 to 1, or integers of 16 bits.
        rate: samples a second.

    Raises:
        InputError: a shape, a type or a rate that is no sound's.

    Example:
        >>> Audio([0.0, 0.5, -0.5], 8000).samples.dtype
        dtype('int16')
    """

    samples: Any
    rate: int

    def __post_init__(self) -> None:
        samples = np.asarray(self.samples)
        if samples.ndim not in {1, 2} or samples.size == 0 or samples.dtype.kind not in "if":
            raise InputError(
                f"Audio samples have shape {samples.shape}, type {samples.dtype}; expected (n,) or (n, channels), "
                "floats from -1 to 1 or int16."
            )
        if samples.dtype.kind == "f":
            samples = np.round(np.clip(np.nan_to_num(samples), -1.0, 1.0) * 32767)
        elif samples.dtype != np.int16:
            raise InputError(
                f"Audio samples are of type {samples.dtype}; expected int16, or floats from -1 to 1."
            )
        if isinstance(self.rate, bool) or not 1 <= self.rate <= 768_000:
            raise InputError(f"rate={self.rate!r:.40} was given; expected samples a second, e.g. 44100.")
        object.__setattr__(self, "samples", samples.astype("<i2"))
        object.__setattr__(self, "rate", int(self.rate))

    def wav(self) -> bytes:
        """The sound as a WAV file of 16 bits.

        Raises:
            InputError: it is longer than a page is sent.
        """
        if self.samples.nbytes > MAX_WAV:
            seconds = len(self.samples) / self.rate
            raise InputError(
                f"The sound is {seconds:,.0f} s long, {self.samples.nbytes / 1e6:,.0f} MB; at most "
                f"{MAX_WAV / 1e6:.0f} MB are played. Give a shorter or coarser one as preview."
            )
        out = io.BytesIO()
        with wave.open(out, "wb") as file:
            file.setnchannels(1 if self.samples.ndim == 1 else self.samples.shape[1])
            file.setsampwidth(2)
            file.setframerate(self.rate)
            file.writeframes(self.samples.tobytes())
        return out.getvalue()

    def outline(self, width: int = WIDTH, height: int = HEIGHT) -> NDArray[np.uint8]:
        """The waveform as pixels (height, width, 1): from the lowest to the highest sample of each stretch."""
        mono = self.samples if self.samples.ndim == 1 else self.samples.mean(axis=1)
        peak = float(np.abs(mono.astype(float)).max()) or 1.0
        out = np.full((height, width, 1), 255, dtype=np.uint8)
        edges = np.linspace(0, len(mono), width + 1).astype(int)
        for i in range(width):
            part = mono[edges[i] : max(edges[i + 1], edges[i] + 1)]
            low, high = float(part.min()) / peak, float(part.max()) / peak
            top, bottom = (round((1 - level) / 2 * (height - 1)) for level in (high, low))
            out[top : bottom + 1, i] = 40
        return out


def audio_of(given: Any) -> Audio:
    """A sound from what a user gave: `Audio`, bytes of a WAV file, or a path to one.

    Raises:
        InputError: the file is no WAV that Python reads (PCM of 8 to 32 bits).
        InputTypeError: it is something else.
        OSError: the file cannot be read.
    """
    if isinstance(given, Audio):
        return given
    if isinstance(given, str | PathLike):
        given = Path(given).read_bytes()
    if not isinstance(given, bytes | bytearray):
        raise InputTypeError(
            f"A sound is a {type(given).__name__}; expected Audio(samples, rate), WAV bytes or a path."
        )
    try:
        with wave.open(io.BytesIO(given), "rb") as file:
            channels, width, rate = file.getnchannels(), file.getsampwidth(), file.getframerate()
            frames = file.readframes(file.getnframes())
    except (wave.Error, EOFError) as error:
        raise InputError(
            f"The sound is no WAV file of plain samples ({cause(error)}); convert it to one."
        ) from error
    raw = np.frombuffer(frames, dtype=np.uint8)
    raw = raw[: len(raw) - len(raw) % (width * channels)].reshape(-1, width)
    if width == 1:
        samples = (raw[:, 0].astype(np.int16) - 128) * 256
    else:  # the two highest bytes of a little-endian sample are all that is heard
        samples = np.ascontiguousarray(raw[:, -2:]).view("<i2")[:, 0]
    return Audio(samples.reshape(-1, channels) if channels > 1 else samples, rate)


class Audios:
    """One sound a point, shown as its waveform; the sound itself is read when somebody plays it.

    Args:
        read: position -> what `audio_of` takes.
    """

    description: dict[str, Any] = {  # noqa: RUF012 - never written to
        "kind": "image",
        "width": WIDTH,
        "height": HEIGHT,
        "channels": 1,
    }

    def __init__(self, read: Any) -> None:
        self._read = read

    def audio(self, position: int) -> Audio:
        """The sound of a point."""
        return audio_of(self._read(position))

    def get(self, positions: Any) -> NDArray[np.uint8]:
        """Waveforms (k, h, w, 1); a cross for what cannot be read."""
        out = np.empty((len(positions), HEIGHT, WIDTH, 1), dtype=np.uint8)
        for i, position in enumerate(positions):
            try:
                out[i] = self.audio(position).outline()
            except Exception:  # the reason is told to who looks at the point
                out[i] = cross(HEIGHT, WIDTH, 1)
        return out


def cross(height: int, width: int, channels: int) -> NDArray[np.uint8]:
    """The mark for a preview that failed: a dark cross on grey."""
    y, x = np.mgrid[0:height, 0:width]
    slope = y / max(height - 1, 1) - x / max(width - 1, 1), y / max(height - 1, 1) + x / max(width - 1, 1) - 1
    thick = 1.2 / max(min(height, width), 1)
    line = (np.abs(slope[0]) <= thick) | (np.abs(slope[1]) <= thick)
    return np.repeat(np.where(line, 110, 200).astype(np.uint8)[:, :, None], channels, axis=2)
