"""Writing speech as Ogg files (Opus, 16 kHz mono): a tenth of the size of PCM, and good for wideband phones as well."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType

import av
import numpy as np

from kiestoon.media.audio.pcm import Pcm

RATE = 16000
_BIT_RATE = 24000
_OPTIONS = {"application": "voip", "compression_level": "5"}  # half the work of 10, at this rate hardly heard


class OggWriter:
    """Samples at ``RATE`` go in, in pieces of any length. A context manager: what is left is written at its end.

    Raises OSError (a full disk, no permission). ``written``: samples so far.
    """

    def __init__(self, path: Path) -> None:
        # Without a fixed serial number the same speech would be another file each time.
        self._container = av.open(str(path), "w", format="ogg", options={"serial_offset": "1", "fflags": "+bitexact"})
        self._stream = self._container.add_stream("libopus", rate=RATE, options=_OPTIONS)
        self._stream.bit_rate = _BIT_RATE
        self._stream.layout = "mono"
        self._stream.codec_context.open()
        self._splitter = av.AudioResampler(
            format="s16", layout="mono", rate=RATE, frame_size=self._stream.codec_context.frame_size
        )
        self.written = 0

    def write(self, pcm: Pcm) -> None:
        """Append samples."""
        if not len(pcm):
            return
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(pcm)[None], format="s16", layout="mono")
        frame.sample_rate = RATE
        frame.pts = self.written
        self.written += len(pcm)
        self._encode(self._splitter.resample(frame))

    def close(self) -> None:
        """Finish the file."""
        try:
            if self.written:
                self._encode(self._splitter.resample(None))
                self._container.mux(self._stream.encode(None))
        finally:
            self._container.close()

    def __enter__(self) -> OggWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.close()
        else:
            self._container.close()

    def _encode(self, frames: list[av.AudioFrame]) -> None:
        for frame in frames:
            self._container.mux(self._stream.encode(frame))
