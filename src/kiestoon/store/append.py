"""A file that is only appended to: frames gathered in memory, written by one ``os.write`` per turn of the loop.

What has been flushed is in the kernel's hands and survives ``kill -9`` of this process; ``sync`` (best called from a
thread) makes it survive a power cut. When the disk is full, frames wait in memory up to a bound and are retried.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import msgspec
import structlog

from kiestoon.store.frames import encode_frame

log = structlog.get_logger(__name__)

Schedule = Callable[[Callable[[], None]], object]
"""Have a function called soon, e.g. ``loop.call_soon``: at the end of this turn of the loop."""


class AppendStatistics(msgspec.Struct):
    """Counters for the metrics."""

    appended: int = 0
    written_bytes: int = 0
    failed_writes: int = 0
    dropped: int = 0


class AppendFile:
    """Appends frames to an open descriptor, which it owns from then on.

    ``schedule`` is asked to call ``flush`` whenever the first frame enters an empty buffer; without it the user calls
    ``flush``. ``max_waiting_bytes`` bounds what waits in memory while writing fails; what comes above it is dropped
    and counted.
    """

    def __init__(
        self,
        descriptor: int,
        path: Path,
        *,
        schedule: Schedule | None = None,
        max_waiting_bytes: int = 64 * 1024 * 1024,
        statistics: AppendStatistics | None = None,
    ) -> None:
        self.path = path
        self.statistics = statistics if statistics is not None else AppendStatistics()
        self.size = os.fstat(descriptor).st_size
        self._descriptor = descriptor
        self._schedule = schedule
        self._max_waiting_bytes = max_waiting_bytes
        self._waiting = bytearray()
        self._failing = False

    @property
    def waiting_bytes(self) -> int:
        """Bytes appended but not yet written."""
        return len(self._waiting)

    @property
    def failing(self) -> bool:
        """The last write failed (disk full, …)."""
        return self._failing

    @property
    def descriptor(self) -> int:
        """For locks and syncing."""
        return self._descriptor

    def append(self, data: bytes) -> bool:
        """Take one frame for writing. False: it was dropped because the disk has been failing for too long."""
        frame = encode_frame(data)
        waiting = self._waiting
        if not waiting:
            if self._schedule is not None:
                self._schedule(self._flush_quietly)
        elif self._failing and len(waiting) + len(frame) > self._max_waiting_bytes:
            self.statistics.dropped += 1
            return False
        waiting += frame
        self.statistics.appended += 1
        return True

    def flush(self) -> bool:
        """Write what waits. False when something is left over, because the disk is full or fails."""
        waiting = self._waiting
        while waiting:
            try:
                written = os.write(self._descriptor, waiting)
            except OSError as error:
                self._failed(error)
                return False
            del waiting[:written]  # a short write may end inside a frame; the rest follows before anything else
            self.size += written
            self.statistics.written_bytes += written
        if self._failing:
            self._failing = False
            log.info("writing works again", path=str(self.path))
        return True

    def take_waiting(self) -> bytes:
        """Hand over the bytes not written (whole frames only if no write was cut short) and forget them."""
        data = bytes(self._waiting)
        self._waiting.clear()
        return data

    def close(self) -> None:
        """Flush and close."""
        if self._descriptor >= 0:
            self.flush()
            os.close(self._descriptor)
            self._descriptor = -1

    def _flush_quietly(self) -> None:
        if self._descriptor >= 0:
            self.flush()

    def _failed(self, error: OSError) -> None:
        self.statistics.failed_writes += 1
        if not self._failing:
            self._failing = True
            log.error("cannot write; keeping it in memory", path=str(self.path), error=error.strerror)
