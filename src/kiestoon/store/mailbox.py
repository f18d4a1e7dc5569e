"""The queue of mails. What a mail says is encrypted until it is sent, and forgotten then: it may hold a login."""

from __future__ import annotations

import secrets
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, delete, func, insert, select, update

from kiestoon.store.keys import Vault
from kiestoon.store.outbox_tables import mails
from kiestoon.store.scope import INSTALLATION

KEPT_MS: Final = 30 * 86_400_000


class Mail(msgspec.Struct, frozen=True):
    """One mail. ``kind`` is its template, ``params`` what goes into it. ``message_id`` is the part before the @."""

    id: int
    company_id: int | None
    kind: str
    language: str
    recipient: str
    message_id: str
    created_ms: int
    attempts: int
    params: dict[str, Any]

    def __repr__(self) -> str:
        return f"Mail(id={self.id}, kind={self.kind!r})"


def enqueue_mail(
    connection: Connection,
    vault: Vault,
    kind: str,
    language: str,
    recipient: str,
    params: dict[str, Any],
    now_ms: int,
    *,
    company_id: int | None = None,
) -> int:
    """Queue a mail; returns its id."""
    message_id = secrets.token_hex(16)
    cells = {
        "company_id": company_id,
        "kind": kind,
        "language": "nl" if language.startswith("nl") else "en",
        "recipient": recipient[:254],
        "message_id": message_id,
        "sealed": vault.encrypt(msgspec.json.encode(params).decode(), _place(message_id)),
        "created_ms": now_ms,
        "due_ms": now_ms,
        "state": "waiting",
        "attempts": 0,
        "settled_ms": None,
        "problem": "",
    }
    return int(connection.execute(insert(mails).values(cells).returning(mails.c.id)).scalar_one())


def due_mails(connection: Connection, vault: Vault, now_ms: int, limit: int) -> list[Mail]:
    """What is to be sent now."""
    names = ("id", "company_id", "kind", "language", "recipient", "message_id", "created_ms", "attempts", "sealed")
    query = select(*(mails.c[name] for name in names)).where(mails.c.due_ms <= now_ms, mails.c.sealed.is_not(None))
    query = query.order_by(mails.c.due_ms).limit(limit)
    found = []
    for row in connection.execute(query, execution_options=INSTALLATION):
        params = msgspec.json.decode(vault.decrypt(row.sealed, _place(row.message_id)), type=dict[str, Any])
        found.append(Mail(**{name: getattr(row, name) for name in names if name != "sealed"}, params=params))
    return found


def note_mail(connection: Connection, mail: Mail, *, state: str, due_ms: int | None, problem: str, now_ms: int) -> None:
    """Write down how sending went; what a settled mail said is forgotten."""
    values: dict[str, Any] = {"state": state, "due_ms": due_ms, "problem": problem[:255], "attempts": mail.attempts + 1}
    if state != "waiting":
        values |= {"sealed": None, "settled_ms": now_ms}
    query = update(mails).where(mails.c.id == mail.id).values(values)
    connection.execute(query, execution_options=INSTALLATION)


def tidy_mails(connection: Connection, now_ms: int) -> None:
    """Forget what was settled long ago."""
    query = delete(mails).where(mails.c.settled_ms < now_ms - KEPT_MS)
    connection.execute(query, execution_options=INSTALLATION)


def count_waiting(connection: Connection) -> int:
    """Mails that are still to be sent."""
    query = select(func.count()).select_from(mails).where(mails.c.state == "waiting")
    return int(connection.execute(query, execution_options=INSTALLATION).scalar_one())


def _place(message_id: str) -> str:
    return f"mail {message_id}"
