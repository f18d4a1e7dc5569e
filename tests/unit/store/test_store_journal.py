"""The crash-safe journal: replay, torn tails, compaction at any point of a crash, full disks."""

from __future__ import annotations

import errno
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kiestoon.store import append, journal
from kiestoon.store.append import AppendFile
from kiestoon.store.frames import encode_frame
from kiestoon.store.journal import Journal


def reopened(path: Path) -> list[bytes]:
    again, records = Journal.open(path)
    again.close()
    return records


def test_flushed_records_are_replayed_in_order(tmp_path: Path) -> None:
    written, nothing = Journal.open(tmp_path / "calls.journal")
    assert nothing == []
    written.append(b"one")
    written.append(b"two")
    written.flush()  # and then kill -9: no close
    assert reopened(tmp_path / "calls.journal") == [b"one", b"two"]


@given(st.lists(st.binary(min_size=1, max_size=30), min_size=1, max_size=6), st.integers(1, 40))
@settings(max_examples=40, deadline=None)
def test_a_torn_tail_is_cut_and_appending_goes_on(
    tmp_path_factory: pytest.TempPathFactory, payloads: list[bytes], cut: int
) -> None:
    path = tmp_path_factory.mktemp("journal") / "x.journal"
    content = b"".join(map(encode_frame, payloads))
    path.write_bytes(content[: max(0, len(content) - cut)])
    opened, kept = Journal.open(path)
    opened.append(b"after")
    opened.close()
    assert kept == payloads[: len(kept)]
    assert reopened(path) == [*kept, b"after"]


def test_one_turn_of_the_loop_is_one_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    soon: list[Callable[[], None]] = []
    opened, _ = Journal.open(tmp_path / "x.journal", soon.append)
    writes = count_writes(monkeypatch)
    for number in range(10):
        opened.append(b"%d" % number)
    assert len(soon) == 1
    soon.pop()()
    assert len(writes) == 1
    opened.append(b"next turn")
    assert len(soon) == 1


def test_compaction_keeps_the_snapshot_and_what_came_during_and_after(tmp_path: Path) -> None:
    path = tmp_path / "x.journal"
    opened, _ = Journal.open(path)
    for _ in range(100):
        opened.append(b"old")
    opened.flush()
    opened.compact([b"snapshot"])
    opened.append(b"during")
    opened.finish_compaction()
    opened.append(b"after")
    opened.flush()
    assert reopened(path) == [b"snapshot", b"during", b"after"]
    assert opened.grown == len(encode_frame(b"during") + encode_frame(b"after"))


def test_a_crash_during_compaction_leaves_the_old_records(tmp_path: Path) -> None:
    path = tmp_path / "x.journal"
    opened, _ = Journal.open(path)
    opened.append(b"old")
    opened.flush()
    (tmp_path / "x.new").write_bytes(encode_frame(b"half a snapsh")[:-3])
    assert reopened(path) == [b"old"]
    assert not (tmp_path / "x.new").exists()


def test_the_loop_goes_on_while_the_snapshot_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x.journal"
    opened, _ = Journal.open(path)
    may_write = threading.Event()
    real_fsync = os.fsync

    def slow_fsync(descriptor: int) -> None:
        may_write.wait(5)
        real_fsync(descriptor)

    monkeypatch.setattr(journal.os, "fsync", slow_fsync)
    opened.compact([b"snapshot"])
    opened.append(b"meanwhile")
    assert opened.flush()
    assert opened.compacting
    assert path.read_bytes() == encode_frame(b"meanwhile")
    may_write.set()
    opened.finish_compaction()
    assert reopened(path) == [b"snapshot", b"meanwhile"]


def test_a_failed_compaction_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x.journal"
    opened, _ = Journal.open(path)
    opened.append(b"old")
    opened.flush()
    with monkeypatch.context() as patch:
        patch.setattr(journal.os, "fsync", raise_full)
        opened.compact([b"snapshot"])
        opened.finish_compaction()
    opened.append(b"new")
    opened.flush()
    assert reopened(path) == [b"old", b"new"]


def test_a_full_disk_keeps_records_until_there_is_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x.journal"
    opened, _ = Journal.open(path)
    with monkeypatch.context() as patch:
        patch.setattr(append.os, "write", short_then_full())
        opened.append(b"first record")
        assert not opened.flush()
        assert opened.failing
        opened.append(b"second")
    assert opened.flush()
    assert not opened.failing
    assert opened.statistics.failed_writes == 1
    assert reopened(path) == [b"first record", b"second"]


def test_memory_is_bounded_while_the_disk_is_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    descriptor = os.open(tmp_path / "f", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    file = AppendFile(descriptor, tmp_path / "f", max_waiting_bytes=100)
    with monkeypatch.context() as patch:
        patch.setattr(append.os, "write", raise_full)
        file.append(b"x" * 60)
        file.flush()
        assert not file.append(b"y" * 60)
    assert file.statistics.dropped == 1
    assert file.waiting_bytes <= 100
    file.close()


def test_append_costs_microseconds(tmp_path: Path) -> None:
    opened, _ = Journal.open(tmp_path / "x.journal", lambda flush: None)
    data = b"x" * 300
    best = min(timed(lambda: opened.append(data), 2000) for _ in range(5))
    assert best < 10e-6  # about 1 µs on an idle core; the rest is room for a busy one


def timed(function: Callable[[], None], times: int) -> float:
    started = time.perf_counter()
    for _ in range(times):
        function()
    return (time.perf_counter() - started) / times


def count_writes(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    real, writes = os.write, []

    def write(descriptor: int, data: bytes) -> int:
        writes.append(len(data))
        return real(descriptor, data)

    monkeypatch.setattr(append.os, "write", write)
    return writes


def raise_full(*_: object) -> int:
    raise OSError(errno.ENOSPC, "No space left on device")


def short_then_full() -> Callable[[int, bytes], int]:
    """A disk with room for five more bytes."""
    real, room = os.write, [5]

    def write(descriptor: int, data: bytes) -> int:
        if not room[0]:
            raise_full()
        written = real(descriptor, bytes(data[: room[0]]))
        room[0] -= written
        return written

    return write


def test_a_journal_is_compacted_when_it_has_grown_to_several_times_its_snapshot(tmp_path: Path) -> None:
    journal, _ = Journal.open(tmp_path / "calls.journal")
    journal.append(bytes([1]) * 1000)
    journal.flush()
    assert journal.outgrown(500)
    assert not journal.outgrown(5000)
    journal.compact([bytes([1]) * 1000])
    assert not journal.outgrown(500)  # one is running
    journal.finish_compaction()
    for _ in range(4):
        assert not journal.outgrown(500)
        journal.append(bytes([1]) * 1000)
        journal.flush()
    journal.append(b"more")
    journal.flush()
    assert journal.outgrown(500)
    journal.close()
