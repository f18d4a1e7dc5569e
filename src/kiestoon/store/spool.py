"""A durable spool between a process that must never wait and one that may: records go in here, into SQL over there.

The writer appends to a segment file and holds a lock (``flock``) on it; a new segment begins at every start and when
the old one has grown. The reader knows from the lock whether a segment can still grow, remembers how far it has come
in the same SQL transaction as the records, and deletes what it has finished. ``kill -9`` of either side at any point
neither loses nor doubles a flushed record.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import structlog

from kiestoon.store.append import AppendFile, AppendStatistics, Schedule
from kiestoon.store.frames import MAX_FRAME, Tail, parse_frames

log = structlog.get_logger(__name__)

_SUFFIX = ".spool"
_READ_BYTES = MAX_FRAME + 1024


class SpoolWriter:
    """The writing side. Opening and rotating touch the disk (well under a millisecond); ``append`` does not.

    Raises ``OSError`` when the folder cannot be used at the start. Later trouble (disk full) is logged, counted in
    ``statistics`` and retried at every flush; ``tick`` should therefore be called about once a second.
    """

    def __init__(
        self,
        folder: Path,
        schedule: Schedule | None = None,
        *,
        segment_bytes: int = 8 * 1024 * 1024,
        max_waiting_bytes: int = 64 * 1024 * 1024,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.statistics = AppendStatistics()
        self._folder = folder
        self._schedule = schedule
        self._segment_bytes = segment_bytes
        self._max_waiting_bytes = max_waiting_bytes
        self._file = self._new_segment()

    @property
    def waiting_bytes(self) -> int:
        """Bytes that wait for the disk: 0 unless it fails or a flush is due."""
        return self._file.waiting_bytes

    def append(self, data: bytes) -> None:
        """Take one record; it is safe from ``kill -9`` after the next flush (this turn of the loop)."""
        self._file.append(data)

    def flush(self) -> bool:
        """Write what waits; False when the disk fails."""
        return self._file.flush()

    def tick(self) -> None:
        """Housekeeping: retry failed writes, begin a new segment when this one is big enough."""
        if self._file.flush() and self._file.size >= self._segment_bytes:
            try:
                fresh = self._new_segment()
            except OSError as error:
                log.warning("cannot begin a new spool segment; going on with the old", error=error.strerror)
                return
            self._file.close()
            self._file = fresh

    def sync(self) -> None:
        """Make what has been flushed survive a power cut. Blocks: call it from a thread."""
        os.fdatasync(self._file.descriptor)

    def close(self) -> None:
        """Flush and let go of the segment: the reader will finish and delete it."""
        self._file.close()

    def _new_segment(self) -> AppendFile:
        """Create, lock, then give the name the reader looks for: it never sees an unlocked live segment."""
        name = f"{time.time_ns():020d}-{os.getpid()}"
        hidden = self._folder / f"{name}.tmp"
        descriptor = os.open(hidden, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o600)
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        path = self._folder / (name + _SUFFIX)
        hidden.rename(path)
        return AppendFile(
            descriptor,
            path,
            schedule=self._schedule,
            max_waiting_bytes=self._max_waiting_bytes,
            statistics=self.statistics,
        )


class Batch(msgspec.Struct, frozen=True):
    """Records read from one segment, in order. ``end``: the position to remember once they are stored.

    ``finished``: the segment holds nothing after ``end`` and never will.
    """

    segment: str
    records: tuple[bytes, ...]
    end: int
    finished: bool


class SpoolReader:
    """The reading side; keeps no state of its own. Positions come from, and belong into, the database."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def segments(self) -> list[str]:
        """The names of all segments, oldest first."""
        try:
            names = [entry.name for entry in os.scandir(self._folder) if entry.name.endswith(_SUFFIX)]
        except FileNotFoundError:
            return []
        return sorted(names)

    def read(self, segment: str, position: int, limit: int) -> Batch:
        """Read at most ``limit`` records from ``position`` on. Raises ``OSError``."""
        path = self._folder / segment
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            abandoned = _is_abandoned(descriptor)  # asked first: what is read after that is all there will ever be
            content = os.pread(descriptor, _READ_BYTES, position)
            records, length, tail = parse_frames(content, limit)
            end = position + length
            size = os.fstat(descriptor).st_size
        finally:
            os.close(descriptor)
        finished = abandoned and _is_at_end(path, tail, end, size, len(content))
        if finished and tail == "damaged":
            self._set_aside(path, end)
        return Batch(segment, tuple(records), end, finished)

    def batches(self, segment: str, position: int, limit: int) -> Iterator[Batch]:
        """Batch after batch until nothing more can be read now."""
        while True:
            batch = self.read(segment, position, limit)
            if batch.records or batch.finished:
                yield batch
            if batch.finished or not batch.records:
                return
            position = batch.end

    def remove(self, segment: str) -> None:
        """Delete a finished segment whose position is stored; one that is gone is fine."""
        (self._folder / segment).unlink(missing_ok=True)

    def _set_aside(self, path: Path, end: int) -> None:
        """Keep a copy of a damaged segment for a human; what stood before the damage has been read."""
        log.error("spool segment damaged; the rest is set aside", path=str(path), position=end)
        kept = path.with_suffix(".damaged")
        if not kept.exists():
            os.link(path, kept)


def _is_abandoned(descriptor: int) -> bool:
    """Whether no writer holds the segment any more: the kernel drops the lock with the process."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_at_end(path: Path, tail: Tail, end: int, size: int, read: int) -> bool:
    if tail == "torn" and read < _READ_BYTES:
        # The writer died inside a write: the record was never promised to anybody.
        log.warning("spool segment ends inside a record", path=str(path), bytes=size - end)
        return True
    return tail == "damaged" or end >= size
