"""A crash-safe journal: what must be known again after ``kill -9``, as a snapshot followed by changes.

Used for established calls and for registrar bindings. The user replays the records at start, appends one for each
change, and hands in a snapshot now and then, which replaces everything before it.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable
from itertools import islice
from pathlib import Path

import structlog

from kiestoon.store.append import AppendFile, AppendStatistics, Schedule
from kiestoon.store.frames import encode_frame, parse_frames

log = structlog.get_logger(__name__)

_PORTION = 500  # entries framed at once: the thread must not keep the interpreter from the loop for long


class Journal:
    """An append-only log with compaction.

    ``open`` reads it and cuts off a torn tail. ``append`` takes about a microsecond; everything appended in one turn of
    the loop is flushed by one write (see ``AppendFile``). ``compact`` writes the snapshot in a thread and swaps the
    files at a later ``flush``: the loop never waits for the disk, and a crash at any instant leaves either the old file
    or the new one, each complete.
    """

    def __init__(self, file: AppendFile, schedule: Schedule | None) -> None:
        self._file = file
        self._schedule = schedule
        self._scheduled = False
        self._compaction: _Compaction | None = None
        self._compacted_size = file.size

    @classmethod
    def open(cls, path: Path, schedule: Schedule | None = None) -> tuple[Journal, list[bytes]]:
        """Open or create the journal; returns it with the records to replay. Raises ``OSError``."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.with_suffix(".new").unlink(missing_ok=True)  # a compaction that a crash interrupted
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            content = path.read_bytes()
            records, end, tail = parse_frames(content)
            if end < len(content):
                log.warning("journal cut at its last whole record", path=str(path), bytes=len(content) - end, tail=tail)
                os.ftruncate(descriptor, end)
        except OSError:
            os.close(descriptor)
            raise
        return cls(AppendFile(descriptor, path), schedule), records

    @property
    def size(self) -> int:
        """Bytes in the file."""
        return self._file.size

    @property
    def grown(self) -> int:
        """Bytes added since the last compaction: the user compacts when it is a multiple of the snapshot's size."""
        return self._file.size - self._compacted_size

    def outgrown(self, least_bytes: int) -> bool:
        """Whether a compaction is worth its while: four times what the last one wrote has been added, but at least
        this much, and none is running."""
        return self._compaction is None and self.grown > max(least_bytes, 4 * self._compacted_size)

    @property
    def compacting(self) -> bool:
        return self._compaction is not None

    @property
    def statistics(self) -> AppendStatistics:
        return self._file.statistics

    @property
    def failing(self) -> bool:
        """The last write failed; records wait in memory."""
        return self._file.failing

    def append(self, data: bytes) -> None:
        """Add a record; it is safe from ``kill -9`` after the next ``flush``."""
        self._file.append(data)
        if self._compaction is not None:
            self._compaction.later.append(data)
        if self._schedule is not None and not self._scheduled:
            self._scheduled = True
            self._schedule(self._scheduled_flush)

    def flush(self) -> bool:
        """Write what was appended, and finish a compaction whose snapshot is on disk. False: the disk fails."""
        compaction = self._compaction
        if compaction is not None and not compaction.thread.is_alive():
            self._compaction = None
            self._finish(compaction)
        return self._file.flush()

    def compact(self, snapshot: Iterable[bytes]) -> None:
        """Begin to replace the records so far by ``snapshot``, which must say all they say. Ignored while one runs."""
        if self._compaction is None:
            entries = list(snapshot)
            self._compaction = _Compaction(self._file.path, lambda: entries)

    def compact_by(self, select: Callable[[list[bytes]], Iterable[bytes]]) -> None:
        """As ``compact``, by what the file itself says: ``select`` is given its records and returns those still needed.
        It is called in the thread, so that not even a large snapshot takes the loop's time."""
        if self._compaction is None and self._file.flush():
            path, size = self._file.path, self._file.size
            self._compaction = _Compaction(path, lambda: select(_records(path, size)))

    def finish_compaction(self) -> None:
        """Wait for a running compaction (at shutdown, and in tests)."""
        if self._compaction is not None:
            self._compaction.thread.join()
        self.flush()

    def sync(self) -> None:
        """Make what has been flushed survive a power cut. Blocks for milliseconds: call it from a thread."""
        os.fdatasync(self._file.descriptor)

    def close(self) -> None:
        """Flush, finish a compaction and close."""
        self.finish_compaction()
        self._file.close()

    def _scheduled_flush(self) -> None:
        self._scheduled = False
        self.flush()

    def _finish(self, compaction: _Compaction) -> None:
        path = compaction.path
        self._compacted_size = self._file.size  # if it fails: try again only after as much growth as before
        try:
            if compaction.error is not None:
                raise compaction.error
            descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CLOEXEC)
        except Exception as error:
            log.error("journal not compacted", path=str(self._file.path), error=str(error))
            return
        old, new = self._file, AppendFile(descriptor, self._file.path, statistics=self._file.statistics)
        snapshot_size = new.size
        for data in compaction.later:
            new.append(data)
        # The new file must hold everything before it takes the old one's place: a crash between the two steps would
        # otherwise lose what only the old file has.
        if not new.flush():
            os.close(descriptor)
            return
        path.rename(old.path)
        new.statistics.appended -= len(compaction.later)  # they were counted when first appended
        old.take_waiting()
        old.close()
        self._file = new
        self._compacted_size = snapshot_size


class _Compaction:
    """A snapshot on its way to disk. ``later`` gathers what is appended meanwhile."""

    def __init__(self, journal_path: Path, entries: Callable[[], Iterable[bytes]]) -> None:
        self.path = journal_path.with_suffix(".new")
        self.later: list[bytes] = []
        self.error: Exception | None = None
        self._entries = entries
        self.thread = threading.Thread(target=self._write, name="journal-compaction", daemon=True)
        self.thread.start()

    def _write(self) -> None:
        try:
            entries = iter(self._entries())
            with self.path.open("wb") as file:
                os.fchmod(file.fileno(), 0o600)
                while portion := list(islice(entries, _PORTION)):
                    file.write(b"".join(map(encode_frame, portion)))
                file.flush()
                os.fsync(file.fileno())
        except Exception as error:  # whatever it is: the old file stays
            self.error = error


def _records(path: Path, size: int) -> list[bytes]:
    """The records in the first ``size`` bytes of a journal."""
    with path.open("rb") as file:
        return parse_frames(file.read(size))[0]
