"""Messages on the disk and in the database: durable, in one box at a time, and gone with it."""

from __future__ import annotations

import os
import wave
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from kiestoon.calls.requests import Failed
from kiestoon.calls.voicemail_requests import (
    Counted,
    CountMessages,
    DeleteMessage,
    Dropped,
    ListMessages,
    MarkMessage,
    Message,
    PrepareMessage,
    Ready,
    Stored,
    StoreMessage,
    SweepMessages,
)
from kiestoon.company.model import Company, User
from kiestoon.store import voicemail
from kiestoon.store.database import Database
from kiestoon.store.keys import Vault
from kiestoon.store.phone_requests import voicemail as office
from kiestoon.store.write import changing


class Boxes:
    """A company with the boxes 101 and 102, and its folder of recordings."""

    def __init__(self, database: Database, vault: Vault, folder: Path) -> None:
        self.database, self.vault, self.top = database, vault, folder
        self.office: Any = SimpleNamespace(database=database, vault=vault)
        with changing(database, vault, acting_user="test") as changes:
            self.company = changes.add(Company(id=0, name="Acme", domain="acme.example"))
            self.users = [
                changes.add(User(id=0, company_id=self.company.id, extension=number, name=f"User {number}"))
                for number in ("101", "102")
            ]
        self.folder = folder / str(self.company.id)
        assert office.prepare(self.office, PrepareMessage(self.company.id, str(self.folder))) == Ready()

    def recorded(self, name: str, seconds: float = 5.0, *, part: bool = False, **values: Any) -> Message:
        """A recording on the disk, and the message it is to be."""
        path = self.folder / f"{name}.wav"
        record(path.with_name(path.name + ".part") if part else path, seconds)
        return Message(
            7, 8, "m1", self.company.id, "102", str(path), name, 1_790_000_000_000, 180_000, "no-answer",
            "+31612345678", "Kim", **values,
        )  # fmt: skip

    def store(self, message: Message) -> Any:
        return office.store(self.office, StoreMessage(self.company.id, message))

    def counts(self, extension: str = "102") -> tuple[int, int]:
        reply = office.count(self.office, CountMessages(self.company.id, extension))
        assert isinstance(reply, Counted)
        return reply.boxes.get(extension, (0, 0))

    def files(self) -> list[str]:
        return sorted(path.name for path in self.folder.iterdir())


def record(path: Path, seconds: float) -> None:
    with wave.open(str(path), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(16000)
        sound.writeframes(b"\0\1" * int(16000 * seconds))


@pytest.fixture
def boxes(database: Database, vault: Vault, tmp_path: Path) -> Boxes:
    return Boxes(database, vault, tmp_path / "voicemail")


# --- storing ---------------------------------------------------------------------------------------------------------


def test_a_message_lies_in_its_box_with_all_that_is_known_of_it(boxes: Boxes) -> None:
    reply = boxes.store(boxes.recorded("a", 21.5, withheld=True))
    assert isinstance(reply, Stored)
    assert reply.duration_ms == 21_500
    with boxes.database.read() as connection:
        (message,) = voicemail.list_messages(connection, boxes.company.id, "102")
    assert message == voicemail.StoredMessage(
        reply.message_id, "102", "new", 1_790_000_000_000, 21_500, "a.wav", "a", "no-answer", "+31612345678", "Kim",
        caller_withheld=True,
    )  # fmt: skip
    assert boxes.counts() == (1, 0)


def test_what_a_killed_media_process_had_written_is_brought_in(boxes: Boxes) -> None:
    reply = boxes.store(boxes.recorded("a", 3.0, part=True))
    assert isinstance(reply, Stored)
    assert boxes.files() == ["a.wav"]


def test_storing_twice_stores_once(boxes: Boxes) -> None:
    message = boxes.recorded("a")
    assert boxes.store(message) == boxes.store(message)
    assert boxes.counts() == (1, 0)


def test_two_messages_of_one_call_are_two(boxes: Boxes) -> None:
    first, second = boxes.recorded("a"), boxes.recorded("b")
    assert boxes.store(first).message_id != boxes.store(second).message_id
    assert boxes.counts() == (2, 0)


def test_a_recording_of_less_than_two_seconds_is_removed(boxes: Boxes) -> None:
    assert boxes.store(boxes.recorded("a", 1.9)) == Dropped("short")
    assert boxes.files() == []
    assert boxes.counts() == (0, 0)


def test_a_file_without_sound_is_removed(boxes: Boxes) -> None:
    message = boxes.recorded("a")
    Path(message.path).write_bytes(b"")
    assert boxes.store(message) == Dropped("short")
    assert boxes.files() == []


def test_what_was_never_recorded_is_gone(boxes: Boxes) -> None:
    message = boxes.recorded("a")
    Path(message.path).unlink()
    assert boxes.store(message) == Dropped("gone")


def test_a_message_for_a_removed_box_stays_on_the_disk_for_a_while(boxes: Boxes) -> None:
    message = boxes.recorded("a")
    with changing(boxes.database, boxes.vault, acting_user="test") as changes:
        changes.remove(boxes.users[1])
    assert boxes.store(message) == Dropped("gone")
    assert boxes.files() == ["a.wav"]


def test_a_file_that_cannot_be_synced_is_no_message_yet(boxes: Boxes, monkeypatch: pytest.MonkeyPatch) -> None:
    message = boxes.recorded("a")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    reply = boxes.store(message)
    assert isinstance(reply, Failed)
    assert "No space left" in reply.reason
    assert boxes.counts() == (0, 0)
    monkeypatch.undo()
    assert isinstance(boxes.store(message), Stored)


def test_file_and_folder_are_synced_before_the_row_is_written(boxes: Boxes, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[str] = []
    real = os.fsync

    def note(descriptor: int) -> None:
        synced.append(os.path.basename(os.readlink(f"/proc/self/fd/{descriptor}")))
        assert boxes.counts() == (0, 0)
        real(descriptor)

    monkeypatch.setattr(os, "fsync", note)
    boxes.store(boxes.recorded("a"))
    assert synced == ["a.wav", str(boxes.company.id)]


def test_sqlite_syncs_a_durable_transaction_and_no_other(sqlite_database: Database) -> None:
    def level(**how: bool) -> int:
        with sqlite_database.write(**how) as connection:
            return int(connection.exec_driver_sql("PRAGMA synchronous").scalar_one())

    assert (level(), level(durable=True), level()) == (1, 2, 1)  # NORMAL, FULL, NORMAL


def test_no_room_on_the_disk_is_told_before_anybody_speaks(boxes: Boxes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(office.shutil, "disk_usage", lambda _: SimpleNamespace(free=1 << 20))
    reply = office.prepare(boxes.office, PrepareMessage(boxes.company.id, str(boxes.folder)))
    assert isinstance(reply, Failed)


def test_a_folder_that_cannot_be_made_is_told(boxes: Boxes, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    reply = office.prepare(boxes.office, PrepareMessage(boxes.company.id, str(tmp_path / "file" / "1")))
    assert isinstance(reply, Failed)


# --- the life of a message -------------------------------------------------------------------------------------------


def test_new_messages_are_listened_to_first_and_the_oldest_of_them_first(boxes: Boxes) -> None:
    ids = [boxes.store(boxes.recorded(name)).message_id for name in "abc"]
    office.mark(boxes.office, MarkMessage(boxes.company.id, "102", ids[0], "old"))
    listed = office.list_all(boxes.office, ListMessages(boxes.company.id, "102", str(boxes.folder)))
    assert [(each.id, each.state) for each in listed.messages] == [(ids[1], "new"), (ids[2], "new"), (ids[0], "old")]
    assert listed.messages[0].path == str(boxes.folder / "b.wav")
    assert boxes.counts() == (2, 1)


def test_a_message_is_deleted_with_its_file_and_in_its_own_box_only(boxes: Boxes) -> None:
    message_id = boxes.store(boxes.recorded("a")).message_id
    office.remove(boxes.office, DeleteMessage(boxes.company.id, "101", message_id, str(boxes.folder)))
    office.remove(boxes.office, DeleteMessage(boxes.company.id + 1, "102", message_id, str(boxes.folder)))
    assert boxes.counts() == (1, 0)
    office.remove(boxes.office, DeleteMessage(boxes.company.id, "102", message_id, str(boxes.folder)))
    assert boxes.counts() == (0, 0)
    assert boxes.files() == []


def test_messages_follow_a_box_that_is_renumbered_and_go_with_it(boxes: Boxes) -> None:
    boxes.store(boxes.recorded("a"))
    with changing(boxes.database, boxes.vault, acting_user="test") as changes:
        user = changes.update(msgspec.structs.replace(boxes.users[1], extension="109"))
    assert (boxes.counts("102"), boxes.counts("109")) == ((0, 0), (1, 0))
    with changing(boxes.database, boxes.vault, acting_user="test") as changes:
        changes.remove(user)
    assert boxes.counts("109") == (0, 0)


def test_every_box_is_counted_at_the_start(boxes: Boxes) -> None:
    for name in "ab":
        boxes.store(boxes.recorded(name))
    boxes.store(msgspec.structs.replace(boxes.recorded("c"), extension="101"))
    company = boxes.company.id
    assert dict(voicemail.count_all(boxes.database)) == {(company, "101"): (1, 0), (company, "102"): (2, 0)}


# --- tidying ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def week_old(boxes: Boxes) -> Iterator[Any]:
    """Makes files older than a week."""

    def age(*names: str) -> None:
        for name in names:
            os.utime(boxes.folder / name, (1, 1))

    return age


def test_only_old_recordings_that_no_box_holds_are_swept_out(boxes: Boxes, week_old: Any) -> None:
    boxes.store(boxes.recorded("held"))
    boxes.recorded("orphan")
    boxes.recorded("waiting", part=True)
    boxes.recorded("fresh")
    (boxes.folder / "note.txt").write_text("not ours")
    (boxes.top / "lost+found").mkdir()
    week_old("held.wav", "orphan.wav", "waiting.wav.part", "note.txt")
    kept = frozenset({str(boxes.folder / "waiting.wav")})
    assert office.sweep(boxes.office, SweepMessages(0, str(boxes.top), kept)) == 1
    assert boxes.files() == ["fresh.wav", "held.wav", "note.txt", "waiting.wav.part"]


def test_recordings_of_a_removed_company_are_swept_out(boxes: Boxes, week_old: Any) -> None:
    boxes.store(boxes.recorded("a"))
    week_old("a.wav")
    with changing(boxes.database, boxes.vault, acting_user="test") as changes:
        changes.remove(boxes.company)
    assert office.sweep(boxes.office, SweepMessages(0, str(boxes.top))) == 1
    assert boxes.files() == []


def test_without_any_folder_there_is_nothing_to_sweep(boxes: Boxes, tmp_path: Path) -> None:
    assert office.sweep(boxes.office, SweepMessages(0, str(tmp_path / "nowhere"))) == 0
