"""Voicemail messages in the database and on the disk: storing, counting, listing, moving, removing."""

from __future__ import annotations

import os
import wave
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, delete, func, insert, select, update

from kiestoon.calls.voicemail_requests import Message, MessageReason, MessageState
from kiestoon.store.database import Database
from kiestoon.store.scope import INSTALLATION
from kiestoon.store.tables import extensions
from kiestoon.store.voicemail_tables import voicemail_messages as messages

PART: Final = ".part"
"""What the name of a recording ends with while it is being written."""
_KEPT_S: Final = 7 * 86_400
"""So long a recording stays on the disk when no box holds it any more: whoever has to, can bring it back."""


class StoredMessage(msgspec.Struct, frozen=True):
    """A message as it lies in a box. Times are wall clock."""

    id: int
    extension: str
    state: MessageState
    at_ms: int
    duration_ms: int
    file: str
    call_id: str
    reason: MessageReason
    caller_number: str
    caller_name: str
    caller_withheld: bool


_COLUMNS: Final = tuple(messages.c[name] for name in StoredMessage.__struct_fields__)


# --- files ----------------------------------------------------------------------------------------------------------


def bring_in(path: Path) -> int | None:
    """Make a recording whole and safe: given its name if that was missed, synced to the disk. Its length in ms; None
    when there is none. Raises ``OSError``."""
    part = path.with_name(path.name + PART)
    if not path.exists():
        if not part.exists():
            return None
        os.replace(part, path)
    _sync(path)
    _sync(path.parent)
    return duration_ms(path)


def duration_ms(path: Path) -> int:
    """How long a WAV file plays; 0 when there is nothing in it that could be played. Raises ``OSError``."""
    try:
        with wave.open(str(path), "rb") as sound:
            return sound.getnframes() * 1000 // (sound.getframerate() or 1)
    except (wave.Error, EOFError):
        return 0


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def remove_file(folder: Path, file: str) -> None:
    """Remove a recording; what cannot be removed goes with the next ``sweep``."""
    with suppress(OSError):
        (folder / file).unlink()


# --- messages ---------------------------------------------------------------------------------------------------------


def add_message(database: Database, message: Message, length_ms: int) -> int | None:
    """Put a message into its box, durably; its id, that of the first time when it is there already. None: there is no
    such box any more."""
    file = Path(message.path).name
    with database.write(durable=True) as connection:
        known = connection.execute(
            select(messages.c.id).where(messages.c.company_id == message.company_id, messages.c.file == file)
        ).scalar()
        if known is not None:
            return int(known)
        if not _has_extension(connection, message.company_id, message.extension):
            return None
        cells = {
            "company_id": message.company_id,
            "extension": message.extension,
            "state": "new",
            "at_ms": message.began_ms,
            "duration_ms": length_ms,
            "file": file,
            "call_id": message.call_id[:64],
            "reason": message.reason,
            "caller_number": message.number[:128],
            "caller_name": message.name[:255],
            "caller_withheld": message.withheld,
        }
        return int(connection.execute(insert(messages).values(cells).returning(messages.c.id)).scalar_one())


def _has_extension(connection: Connection, company_id: int, number: str) -> bool:
    query = select(extensions.c.number).where(extensions.c.company_id == company_id, extensions.c.number == number)
    return connection.execute(query).first() is not None


def list_messages(
    connection: Connection,
    company_id: int,
    extension: str,
    *,
    state: MessageState | None = None,
    before: int | None = None,
    limit: int | None = None,
) -> list[StoredMessage]:
    """A box's messages, newest first. ``before``: an id."""
    query = select(*_COLUMNS).where(messages.c.company_id == company_id, messages.c.extension == extension)
    if state is not None:
        query = query.where(messages.c.state == state)
    if before is not None:
        query = query.where(messages.c.id < before)
    query = query.order_by(messages.c.id.desc()).limit(limit)
    return [StoredMessage(*row) for row in connection.execute(query)]


def find_message(connection: Connection, company_id: int, extension: str, message_id: int) -> StoredMessage | None:
    """One message of a box."""
    query = select(*_COLUMNS).where(_one(company_id, extension, message_id))
    row = connection.execute(query).first()
    return None if row is None else StoredMessage(*row)


def change_message(
    connection: Connection, company_id: int, extension: str, message_id: int, *, state: MessageState | None = None,
    box: str = "",
) -> bool:  # fmt: skip
    """Note that a message was listened to or not, put it into another ``box``; False when there is none by this id."""
    values: dict[str, Any] = {}
    if state is not None:
        values["state"] = state
    if box:
        values["extension"] = box
    query = update(messages).where(_one(company_id, extension, message_id)).values(values)
    return bool(connection.execute(query).rowcount)


def remove_message(connection: Connection, company_id: int, extension: str, message_id: int) -> str | None:
    """Take a message out of its box; the file that is to be removed once this is committed, None when it is gone."""
    query = delete(messages).where(_one(company_id, extension, message_id)).returning(messages.c.file)
    found = connection.execute(query).scalar()
    return None if found is None else str(found)


def _one(company_id: int, extension: str, message_id: int) -> Any:
    return (messages.c.company_id == company_id) & (messages.c.extension == extension) & (messages.c.id == message_id)


# --- counts -----------------------------------------------------------------------------------------------------------


def count_messages(connection: Connection, company_id: int, extension: str = "") -> dict[str, tuple[int, int]]:
    """(new, old) by extension, for boxes that hold any; ``extension`` "": of the whole company."""
    query = select(messages.c.extension, messages.c.state, func.count()).where(messages.c.company_id == company_id)
    if extension:
        query = query.where(messages.c.extension == extension)
    counted: dict[str, tuple[int, int]] = {}
    for name, state, number in connection.execute(query.group_by(messages.c.extension, messages.c.state)):
        counted[name] = _with(counted.get(name, (0, 0)), state, number)
    return counted


def count_all(database: Database) -> Iterator[tuple[tuple[int, str], tuple[int, int]]]:
    """((company, extension), (new, old)) of every box of the installation that holds any."""
    query = select(messages.c.company_id, messages.c.extension, messages.c.state, func.count())
    query = query.group_by(messages.c.company_id, messages.c.extension, messages.c.state)
    counted: dict[tuple[int, str], tuple[int, int]] = {}
    with database.read() as connection:
        for company_id, name, state, number in connection.execute(query, execution_options=INSTALLATION):
            box = (company_id, name)
            counted[box] = _with(counted.get(box, (0, 0)), state, number)
    return iter(counted.items())


def _with(counts: tuple[int, int], state: str, number: int) -> tuple[int, int]:
    return (number, counts[1]) if state == "new" else (counts[0], number)


# --- tidying ----------------------------------------------------------------------------------------------------------


def sweep(database: Database, folder: Path, kept: Iterable[str], now_s: float) -> int:
    """Remove recordings that no box has held for a week: of boxes and companies that are gone. ``kept`` are about to be
    stored. How many it were."""
    keep = {path + ending for path in kept for ending in ("", PART)}
    removed = 0
    for company in _companies(folder):
        old = [path for path in _recordings(company) if str(path) not in keep and _age_s(path, now_s) > _KEPT_S]
        held = _held(database, int(company.name)) if old else frozenset()
        for path in old:
            if path.name not in held:
                path.unlink(missing_ok=True)
                removed += 1
    return removed


def _companies(folder: Path) -> list[Path]:
    """The folders of all companies; what is none of ours is left alone."""
    return [path for path in folder.iterdir() if path.name.isdecimal() and path.is_dir()] if folder.is_dir() else []


def _recordings(company: Path) -> list[Path]:
    return [path for path in company.iterdir() if path.name.endswith((".wav", ".wav" + PART))]


def _age_s(path: Path, now_s: float) -> float:
    try:
        return now_s - path.stat().st_mtime
    except FileNotFoundError:  # whoever it belongs to has deleted it just now
        return 0.0


def _held(database: Database, company_id: int) -> frozenset[str]:
    """The files that lie in boxes of a company."""
    with database.read() as connection:
        query = select(messages.c.file).where(messages.c.company_id == company_id)
        return frozenset(connection.execute(query).scalars())
