"""Recording to a WAV file that is whole at every moment but the last half second."""

from __future__ import annotations

import os
import struct
from pathlib import Path
from types import TracebackType

from kiestoon.media.audio.pcm import Pcm

_HEADER = struct.Struct("<4sI4s4sIHHIIHH4sI")
_LARGEST_DATA = 0xFFFFFFFF - _HEADER.size  # RIFF sizes have 32 bits: 37 hours at 16 kHz


class RecordingFailed(OSError):
    """The file cannot be created or written (no such folder, no permission, disk full, 4 GB reached)."""


class WavWriter:
    """16-bit PCM, streamed.

    Samples are gathered and handed to the system every ``flush_ms``, then the header's sizes are rewritten: after a
    crash of the process at most that much is missing and any player opens the file. Nothing waits for the disk but
    ``sync``, after which the file survives a power cut.
    Raises RecordingFailed; after that the writer is closed and what was written stays readable.
    """

    def __init__(self, path: str | Path, rate: int, channels: int = 1, flush_ms: int = 500) -> None:
        self.path = Path(path)
        self._rate = rate
        self._channels = channels
        self._flush_bytes = max(2, rate * flush_ms // 1000 * 2 * channels)
        self._pending = bytearray()
        self._written = 0
        self._fd = -1
        try:
            self._fd = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o640)
            self._put(self._header(), 0)
        except OSError as error:
            self._abandon()
            raise RecordingFailed(error.errno, f"cannot record to {self.path}: {error.strerror}") from error

    @property
    def duration_ms(self) -> int:
        """What has been recorded so far."""
        return (self._written + len(self._pending)) // (2 * self._channels) * 1000 // self._rate

    @property
    def closed(self) -> bool:
        """No more can be written."""
        return self._fd < 0

    def write(self, pcm: Pcm) -> None:
        """Append samples (of several channels: interleaved)."""
        if self.closed:
            raise RecordingFailed(f"recording {self.path} is closed")
        self._pending += pcm.astype("<i2", copy=False).tobytes()
        if len(self._pending) >= self._flush_bytes:
            self.flush()

    def flush(self) -> None:
        """Hand everything to the system and make the header say so."""
        if not self._pending or self.closed:
            return
        try:
            if self._written + len(self._pending) > _LARGEST_DATA:
                raise OSError(0, "4 GB reached")
            self._put(bytes(self._pending), _HEADER.size + self._written)
            self._written += len(self._pending)
            self._pending.clear()
            self._put(self._header(), 0)
        except OSError as error:
            self._abandon()
            raise RecordingFailed(error.errno, f"cannot record to {self.path}: {error.strerror}") from error

    def sync(self) -> None:
        """Bring everything to the disk; takes as long as the disk does."""
        self.flush()
        try:
            os.fsync(self._fd)
        except OSError as error:
            self._abandon()
            raise RecordingFailed(error.errno, f"cannot record to {self.path}: {error.strerror}") from error

    def close(self) -> None:
        """Finish the file; a second close does nothing."""
        if self.closed:
            return
        self.flush()
        self._abandon()

    def __enter__(self) -> WavWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _abandon(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
        self._fd = -1

    def _put(self, data: bytes, offset: int) -> None:
        view = memoryview(data)
        while view:
            done = os.pwrite(self._fd, view, offset)
            view, offset = view[done:], offset + done

    def _header(self) -> bytes:
        frame = 2 * self._channels
        return _HEADER.pack(
            b"RIFF", _HEADER.size - 8 + self._written, b"WAVE",
            b"fmt ", 16, 1, self._channels, self._rate, self._rate * frame, frame, 16,
            b"data", self._written,
        )  # fmt: skip
