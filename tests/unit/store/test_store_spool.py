"""The spool and the clerk: every flushed record gets into SQL exactly once, whoever dies when."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from kiestoon.app.clerk import Clerk, run
from kiestoon.calls.record import CallRecord, LegRecord, decode_record, encode_record
from kiestoon.media.protocol import Quality
from kiestoon.routing.reasons import because
from kiestoon.store import append
from kiestoon.store.database import Database
from kiestoon.store.errors import DatabaseUnavailableError
from kiestoon.store.frames import encode_frame
from kiestoon.store.records import list_records, read_positions
from kiestoon.store.spool import SpoolReader, SpoolWriter

pytestmark = pytest.mark.usefixtures("vault")


def record(call_id: str, **changes: object) -> CallRecord:
    quality = Quality(codec="PCMA", packets_received=500, mos=4.3)
    legs = (
        LegRecord("caller", "101", display="Ann", device_id=1, answered_ms=2, outcome="answered", quality=quality),
        LegRecord("trunk", "+31205550101", trunk_id=2, outcome="answered", sip_status=200),
    )
    values: dict[str, object] = {
        "call_id": call_id,
        "company_id": 1,
        "direction": "out",
        "opened_ms": 1,
        "answered_ms": 2,
        "closed_ms": 9000,
        "caller_number": "101",
        "caller_display": "Ann",
        "dialled": "00205550101",
        "final_party": "+31205550101",
        "outcome": "answered",
        "ended_by": "caller",
        "cause": 16,
        "reasons": (because("access_code", prefix="0"), because("trunks", names="x, y")),
        "legs": legs,
    }
    return CallRecord(**(values | changes))  # type: ignore[arg-type]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "spool"


def stored(database: Database) -> list[str]:
    return sorted(found.call_id for found in list_records(database, limit=10_000))


def spooled(writer: SpoolWriter, *call_ids: str) -> None:
    for call_id in call_ids:
        writer.append(encode_record(record(call_id)))
    writer.flush()


def test_a_record_comes_out_of_sql_as_it_went_into_the_spool(database: Database, folder: Path) -> None:
    writer = SpoolWriter(folder)
    spooled(writer, "one")
    assert Clerk(SpoolReader(folder), database).work() == 1
    assert list_records(database) == [record("one")]
    assert list_records(database, company_id=2) == []
    assert list_records(database, call_id="one") == [record("one")]


def test_the_live_segment_is_read_while_it_grows_and_stays(database: Database, folder: Path) -> None:
    writer, clerk = SpoolWriter(folder), Clerk(SpoolReader(folder), database)
    for call_id in ("one", "two"):
        spooled(writer, call_id)
        assert clerk.work() == 1
    assert clerk.work() == 0
    assert len(SpoolReader(folder).segments()) == 1


def test_a_segment_is_deleted_when_its_writer_has_gone(database: Database, folder: Path) -> None:
    writer, clerk = SpoolWriter(folder), Clerk(SpoolReader(folder), database)
    spooled(writer, "one")
    writer.close()
    assert clerk.work() == 1
    assert list(folder.iterdir()) == []
    assert read_positions(database) == {}


def test_a_big_segment_is_followed_by_a_new_one(database: Database, folder: Path) -> None:
    writer, clerk = SpoolWriter(folder, segment_bytes=100), Clerk(SpoolReader(folder), database)
    for call_id in "abc":
        spooled(writer, call_id)
        writer.tick()
    assert len(SpoolReader(folder).segments()) == 4
    assert clerk.work() == 3
    assert len(SpoolReader(folder).segments()) == 1


def test_after_kill_of_the_writer_nothing_flushed_is_lost(database: Database, folder: Path) -> None:
    program = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from kiestoon.store.spool import SpoolWriter\n"
        "writer = SpoolWriter(Path(sys.argv[1]))\n"
        "for line in sys.stdin: writer.append(bytes.fromhex(line)); writer.flush(); print('ok', flush=True)\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdin is not None
    assert process.stdout is not None
    clerk = Clerk(SpoolReader(folder), database)
    for call_id in ("one", "two"):
        process.stdin.write(encode_record(record(call_id)).hex() + "\n")
        process.stdin.flush()
        assert process.stdout.readline() == "ok\n"
    assert clerk.work() == 2
    assert len(SpoolReader(folder).segments()) == 1  # it lives: the lock says so
    process.send_signal(signal.SIGKILL)
    process.wait()
    spooled(SpoolWriter(folder), "three")
    assert clerk.work() == 1
    assert stored(database) == ["one", "three", "two"]
    assert len(SpoolReader(folder).segments()) == 1


class Killed(BaseException):
    """Stands for ``kill -9``: nothing catches it."""


STEPS = ("store", "commit", "remove", "forget")


@pytest.mark.parametrize("step", STEPS)
def test_a_clerk_killed_at_any_step_neither_loses_nor_doubles(
    database: Database, folder: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    writer = SpoolWriter(folder)
    spooled(writer, "one", "two")
    writer.close()
    clerk = Clerk(SpoolReader(folder), database)
    with monkeypatch.context() as patch:
        kill_at(step, clerk, patch)
        with pytest.raises(Killed):
            clerk.work()
    spooled(SpoolWriter(folder), "three")
    again = Clerk(SpoolReader(folder), database)
    again.work()
    again.work()
    assert stored(database) == ["one", "three", "two"]
    assert len(read_positions(database)) == 1


def kill_at(step: str, clerk: Clerk, patch: pytest.MonkeyPatch) -> None:
    def die(*_: object, **__: object) -> None:
        raise Killed

    if step == "store":
        patch.setattr("kiestoon.app.clerk.store_records", die)
    elif step == "commit":
        patch.setattr("kiestoon.app.clerk.store_position", die)
    elif step == "remove":
        patch.setattr(SpoolReader, "remove", die)
    else:
        patch.setattr("kiestoon.app.clerk.forget_position", die)


def test_a_record_that_is_spooled_twice_is_stored_once(database: Database, folder: Path) -> None:
    writer = SpoolWriter(folder)
    spooled(writer, "one", "one", "two", "one")
    clerk = Clerk(SpoolReader(folder), database)
    assert clerk.work() == 2
    spooled(writer, "two")
    assert clerk.work() == 0


def test_a_torn_record_at_the_end_of_an_abandoned_segment_is_dropped(database: Database, folder: Path) -> None:
    writer = SpoolWriter(folder)
    spooled(writer, "one")
    writer.close()
    segment = folder / SpoolReader(folder).segments()[0]
    with segment.open("ab") as file:
        file.write(encode_frame(encode_record(record("torn")))[:-2])
    assert Clerk(SpoolReader(folder), database).work() == 1
    assert stored(database) == ["one"]
    assert list(folder.iterdir()) == []


def test_a_torn_record_in_a_live_segment_is_waited_for(database: Database, folder: Path) -> None:
    writer, clerk = SpoolWriter(folder), Clerk(SpoolReader(folder), database)
    frame = encode_frame(encode_record(record("slow")))
    segment = folder / SpoolReader(folder).segments()[0]
    with segment.open("ab") as file:
        file.write(frame[:20])
    assert clerk.work() == 0
    with segment.open("ab") as file:
        file.write(frame[20:])
    assert clerk.work() == 1
    writer.close()


def test_a_damaged_segment_is_set_aside_after_its_good_part(database: Database, folder: Path) -> None:
    writer = SpoolWriter(folder)
    spooled(writer, "one")
    writer.close()
    segment = folder / SpoolReader(folder).segments()[0]
    with segment.open("ab") as file:
        file.write(bytes(100))
    assert Clerk(SpoolReader(folder), database).work() == 1
    assert [path.suffix for path in folder.iterdir()] == [".damaged"]


def test_what_is_no_call_record_is_logged_and_left_out(database: Database, folder: Path) -> None:
    writer = SpoolWriter(folder)
    writer.append(b"\x93nonsense")
    spooled(writer, "one")
    assert Clerk(SpoolReader(folder), database).work() == 1


def test_hostile_texts_fit_their_columns(database: Database, folder: Path) -> None:
    writer = SpoolWriter(folder)
    hostile = record("one", caller_display="x" * 5000, dialled="a\x00b", final_party="\udcff")
    writer.append(encode_record(hostile))
    writer.flush()
    Clerk(SpoolReader(folder), database).work()
    found = list_records(database)[0]
    assert (len(found.caller_display), found.dialled, found.final_party) == (255, "ab", "?")


def test_many_records_are_stored_in_batches(database: Database, folder: Path) -> None:
    writer = SpoolWriter(folder)
    spooled(writer, *(f"call {number:04}" for number in range(1201)))
    assert Clerk(SpoolReader(folder), database).work() == 1201
    assert len(stored(database)) == 1201


def test_a_full_disk_keeps_records_in_memory_and_writes_them_later(
    database: Database, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = SpoolWriter(folder)
    with disk_full(monkeypatch):
        spooled(writer, "one", "two")
        writer.tick()
        assert writer.waiting_bytes > 0
    assert writer.statistics.failed_writes == 2
    writer.tick()
    assert writer.waiting_bytes == 0
    assert Clerk(SpoolReader(folder), database).work() == 2


def test_while_the_database_is_away_records_wait(
    database: Database, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spooled(SpoolWriter(folder), "one")
    clerk, waits = Clerk(SpoolReader(folder), database), list[float]()

    def away(*_: object) -> int:
        raise DatabaseUnavailableError("The database is away", "Wait")

    def stop(pause_s: float) -> bool:
        waits.append(pause_s)
        if len(waits) == 3:
            monkeypatch.undo()
        return len(waits) == 4

    monkeypatch.setattr("kiestoon.app.clerk.store_records", away)
    run(clerk, stop)
    assert stored(database) == ["one"]
    assert waits[0] < waits[1] < waits[2]
    assert waits[3] < waits[0]


def test_the_last_records_are_stored_before_the_clerk_ends(database: Database, folder: Path) -> None:
    writer = SpoolWriter(folder)

    def stop(_: float) -> bool:
        spooled(writer, "last")
        writer.close()
        return True

    run(Clerk(SpoolReader(folder), database), stop)
    assert stored(database) == ["last"]


def test_an_old_versions_record_can_be_read() -> None:
    """Fields are only ever added at the end, with defaults."""
    import msgspec

    old = msgspec.to_builtins(record("one"))[:13]
    assert decode_record(msgspec.msgpack.encode(old)).call_id == "one"


@contextmanager
def disk_full(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    def write(descriptor: int, data: bytes) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(append.os, "write", write)
        yield


def test_scheduling_asks_for_one_flush_per_turn(folder: Path) -> None:
    soon: list[Callable[[], None]] = []
    writer = SpoolWriter(folder, soon.append)
    writer.append(b"a")
    writer.append(b"b")
    assert len(soon) == 1
    soon.pop()()
    assert writer.waiting_bytes == 0
