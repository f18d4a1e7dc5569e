"""The clerk: a process that brings call records from the spool into SQL, exactly once, at its own pace."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable

import msgspec
import structlog

from kiestoon.app.child import Child, run_child
from kiestoon.calls.record import CallRecord, decode_record
from kiestoon.store.database import Database
from kiestoon.store.errors import DatabaseUnavailableError
from kiestoon.store.records import forget_position, read_positions, store_position, store_records
from kiestoon.store.spool import Batch, SpoolReader

log = structlog.get_logger(__name__)

BATCH = 500
_POLL_S = 0.25
_LONGEST_PAUSE_S = 10.0


class Clerk:
    """Moves records. ``work`` does all there is to do now; errors of the database come out of it."""

    def __init__(self, reader: SpoolReader, database: Database) -> None:
        self._reader = reader
        self._database = database
        self._positions: dict[str, int] = {}
        self._positions_known = False

    def work(self) -> int:
        """Store every record that can be read; returns how many were new. Raises ``DatabaseUnavailableError``."""
        segments = self._reader.segments()
        if not self._positions_known:
            self._positions = read_positions(self._database)
            self._positions_known = True
            self._forget_vanished(segments)
        return sum(self._work_segment(segment) for segment in segments)

    def _work_segment(self, segment: str) -> int:
        stored = 0
        try:
            for batch in self._reader.batches(segment, self._positions.get(segment, 0), BATCH):
                stored += self._store(batch)
                self._positions[segment] = batch.end
                if batch.finished:
                    # In this order: a crash in between leaves a position without a file, which is forgotten later.
                    self._reader.remove(segment)
                    self._forget(segment)
        except OSError as error:
            log.error("spool segment cannot be read", segment=segment, error=error.strerror)
        return stored

    def _store(self, batch: Batch) -> int:
        if not batch.records:
            return 0
        records = [record for record in map(_decoded, batch.records) if record is not None]
        with self._database.write() as connection:
            stored = store_records(connection, records)
            store_position(connection, batch.segment, batch.end)
        return stored

    def _forget(self, segment: str) -> None:
        self._positions.pop(segment, None)
        forget_position(self._database, segment)

    def _forget_vanished(self, segments: list[str]) -> None:
        for segment in set(self._positions) - set(segments):
            self._forget(segment)


def _decoded(data: bytes) -> CallRecord | None:
    try:
        return decode_record(data)
    except msgspec.MsgspecError as error:
        log.error("call record cannot be read; left out", error=str(error), data=data.hex())
        return None


def run(clerk: Clerk, stop: Callable[[float], bool]) -> None:
    """Work until ``stop`` (which waits so many seconds and says whether to end), then once more: the last records."""
    pause_s = _POLL_S
    ending = False
    while True:
        try:
            clerk.work()
            pause_s = _POLL_S
        except DatabaseUnavailableError as problem:
            pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)
            log.error("call records wait in the spool", problem=str(problem), retry_s=pause_s)
        if ending:
            return
        ending = stop(pause_s)


def main(child: Child) -> None:
    """The process."""
    os.nice(5)  # calls come first
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    database = Database(child.settings.database_url)
    clerk = Clerk(SpoolReader(child.settings.spool_dir), database)
    child.ready()
    run(clerk, ended.wait)
    database.close()


if __name__ == "__main__":
    run_child("clerk", main)
