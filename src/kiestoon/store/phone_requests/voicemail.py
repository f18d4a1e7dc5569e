"""Voicemail, as callers and listeners on the telephone need it (``calls.voicemail_requests``)."""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from typing import Final

import structlog

from kiestoon.calls.requests import Failed
from kiestoon.calls.voicemail_requests import (
    Counted,
    CountMessages,
    DeleteMessage,
    Dropped,
    Listed,
    ListMessages,
    MarkMessage,
    MessageFile,
    PrepareMessage,
    Ready,
    Stored,
    StoreMessage,
    SweepMessages,
)
from kiestoon.store import voicemail
from kiestoon.store.phone_requests.office import Office

SHORTEST_MS: Final = 2000
"""Who says nothing hangs up sooner."""
ROOM_BYTES: Final = 64 << 20
"""The longest message takes 19 MB, and several people may speak at once."""

log = structlog.get_logger("voicemail")


def prepare(office: Office, request: PrepareMessage) -> Ready | Failed:
    """Make the company's folder."""
    folder = Path(request.folder)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        free = shutil.disk_usage(folder).free
    except OSError as error:
        return Failed(f"{folder}: {error.strerror}")
    if free < ROOM_BYTES:
        return Failed(f"{folder}: {free >> 20} MB free on the disk are not enough for messages")
    return Ready()


def store(office: Office, request: StoreMessage) -> Stored | Dropped | Failed:
    """File first, row second: a row never lacks its sound."""
    path = Path(request.message.path)
    try:
        length_ms = voicemail.bring_in(path)
    except OSError as error:
        return Failed(f"{path}: {error.strerror}")
    if length_ms is None:
        return Dropped("gone")
    if length_ms < SHORTEST_MS:
        voicemail.remove_file(path.parent, path.name)
        return Dropped("short")
    message_id = voicemail.add_message(office.database, request.message, length_ms)
    if message_id is None:
        log.warning("message for a box that was removed meanwhile", box=request.message.extension, path=str(path))
        return Dropped("gone")
    return Stored(message_id, length_ms)


def count(office: Office, request: CountMessages) -> Counted:
    """New and old ones."""
    with office.database.read() as connection:
        return Counted(voicemail.count_messages(connection, request.company_id, request.extension))


def list_all(office: Office, request: ListMessages) -> Listed:
    """In the order in which they are listened to."""
    with office.database.read() as connection:
        found = voicemail.list_messages(connection, request.company_id, request.extension)
    return Listed(
        tuple(
            MessageFile(
                each.id, each.state, f"{request.folder}/{each.file}", each.at_ms, each.caller_number, each.caller_name,
                each.caller_withheld,
            )
            for each in sorted(found, key=lambda each: (each.state != "new", each.id))
        )
    )  # fmt: skip


def mark(office: Office, request: MarkMessage) -> None:
    """Heard, or new again."""
    with office.database.write() as connection:
        voicemail.change_message(
            connection, request.company_id, request.extension, request.message_id, state=request.state
        )


def remove(office: Office, request: DeleteMessage) -> None:
    """The row first, the file second: a row never lacks its sound."""
    with office.database.write() as connection:
        file = voicemail.remove_message(connection, request.company_id, request.extension, request.message_id)
    if file is not None:
        voicemail.remove_file(Path(request.folder), file)


def sweep(office: Office, request: SweepMessages) -> int:
    """What boxes that are gone have left behind."""
    removed = voicemail.sweep(office.database, Path(request.folder), request.kept, time.time())
    if removed:
        log.info("recordings of boxes that are gone removed", files=removed)
    return removed
