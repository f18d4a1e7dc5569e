"""Recording to a WAV file that appears whole, or not at all, under its name."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np

from kiestoon.media.audio.pcm import Pcm, silence
from kiestoon.media.audio.recorder import WavWriter
from kiestoon.media.audio.resample import Resampler
from kiestoon.media.intake import TICKS_PER_S
from kiestoon.media.worker import Worker

HAND_OVER_TICKS = 25
"""Frames gathered before the worker writes them: half a second."""


class Recording:
    """What a party says (mono), or says and hears (left and right).

    The file is written beside its final name with the suffix ``.part`` and renamed when it is synced to the disk:
    whoever sees it can rely on it, also after a power failure.
    """

    def __init__(
        self,
        path: str,
        rate: int,
        *,
        both: bool,
        max_ms: int,
        worker: Worker,
        ended: Callable[[str, int], None],
    ) -> None:
        """``ended(reason, duration_ms)`` is called once, when the file is safe or has failed."""
        self.both = both
        self.rate = rate
        """Of the frames added, in Hz."""
        self.file_rate = rate
        self.full = False
        """The longest time allowed has been recorded, or writing failed."""
        self._path = Path(path)
        self._part = self._path.with_name(self._path.name + ".part")
        self._channels = 2 if both else 1
        self._max_ticks = max_ms * TICKS_PER_S // 1000
        self._left: Resampler | None = None
        self._right: Resampler | None = None
        self._worker = worker
        self._ended = ended
        self._ticks = 0
        self._frames: list[Pcm] = []
        self._failure = ""
        self._writer: WavWriter | None = None
        self._closing = False
        worker.submit(self._create, self._done)

    def add(self, said: Pcm | None, heard: Pcm | None) -> None:
        """The next 20 ms; None is silence."""
        if self.full:
            return
        left = self._converted(said, self._left)
        if self.both:
            right = self._converted(heard, self._right)
            frame = np.empty(2 * len(left), np.int16)
            frame[0::2] = left
            frame[1::2] = right
            self._frames.append(frame)
        else:
            self._frames.append(left)
        self._ticks += 1
        if self._max_ticks and self._ticks >= self._max_ticks:
            self.full = True
        elif len(self._frames) >= HAND_OVER_TICKS:
            self._hand_over()

    def _converted(self, pcm: Pcm | None, resampler: Resampler | None) -> Pcm:
        if pcm is None:
            return silence(self.file_rate // TICKS_PER_S)
        return pcm if resampler is None else resampler.process(pcm)

    def change_rate(self, rate: int) -> None:
        """The context now works at another rate; the file keeps its own."""
        self._left = Resampler(rate, self.file_rate)
        self._right = Resampler(rate, self.file_rate)
        self.rate = rate

    def finish(self, reason: str) -> None:
        """Write the rest, sync, rename; then ``ended`` is called. A second call does nothing."""
        if self._closing:
            return
        self._closing = True
        self.full = True
        self._hand_over()
        self._worker.submit(self._complete, lambda _, error: self._report(reason, error))

    @property
    def duration_ms(self) -> int:
        """How much has been recorded."""
        return self._ticks * 1000 // TICKS_PER_S

    def _report(self, reason: str, error: Exception | None) -> None:
        failure = self._failure or (str(error) if error is not None else "")
        self._ended(f"failed: {failure}" if failure else reason, self.duration_ms)

    def _done(self, _: object, error: Exception | None) -> None:
        if error is not None and not self._failure:
            self._failure = str(error)
            self.full = True  # the context finishes full recordings

    def _hand_over(self) -> None:
        if self._frames:
            frames, self._frames = self._frames, []
            self._worker.submit(lambda: self._write(frames), self._done)

    # --- in the worker's thread ----------------------------------------------------------------------------------

    def _create(self) -> None:
        self._writer = WavWriter(self._part, self.file_rate, self._channels)

    def _write(self, frames: list[Pcm]) -> None:
        if self._writer is not None and not self._writer.closed:  # closed: an earlier write has failed
            self._writer.write(np.concatenate(frames))

    def _complete(self) -> None:
        if self._writer is None or self._writer.closed:
            return  # failed before, and reported; what was written stays in the .part file
        self._writer.sync()
        self._writer.close()
        os.replace(self._part, self._path)
        folder = os.open(self._path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
