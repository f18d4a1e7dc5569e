"""Answers to requests that carried an Idempotency-Key, kept so that a repetition is answered and not done again.

They are written in the transaction of the change itself. Answers may hold a password that is shown once: they are
encrypted like the passwords themselves.
"""

from __future__ import annotations

from typing import Final

import msgspec
from sqlalchemy import BigInteger, Column, Connection, Integer, LargeBinary, String, Table, delete, insert, select

from kiestoon.store.keys import Vault
from kiestoon.store.tables import metadata

KEPT_MS: Final = 24 * 3600 * 1000

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("account_id", Integer, primary_key=True, autoincrement=False),  # no foreign key: it may go meanwhile
    Column("key", String(255), primary_key=True),
    Column("fingerprint", String(64), nullable=False),
    Column("answer", LargeBinary, nullable=False),
    Column("created_ms", BigInteger, nullable=False, index=True),
)


class Answer(msgspec.Struct, frozen=True):
    """An HTTP answer: status, body and the headers beside the usual ones."""

    status: int
    body: str = ""
    headers: dict[str, str] = {}
    media_type: str = "application/json"


class Kept(msgspec.Struct, frozen=True):
    """What was answered to the request with this fingerprint."""

    fingerprint: str
    answer: Answer


def find_answer(connection: Connection, vault: Vault, account_id: int, key: str, now_ms: int) -> Kept | None:
    """What was answered when the key was used before, within the last 24 hours."""
    table = idempotency_keys
    found = connection.execute(
        select(table.c.fingerprint, table.c.answer).where(
            table.c.account_id == account_id, table.c.key == key, table.c.created_ms > now_ms - KEPT_MS
        )
    ).first()
    if found is None:
        return None
    text = vault.decrypt(found.answer, _place(account_id, key))
    return Kept(found.fingerprint, msgspec.json.decode(text, type=Answer))


def keep_answer(
    connection: Connection, vault: Vault, account_id: int, key: str, fingerprint: str, answer: Answer, now_ms: int
) -> None:
    """Keep an answer; those older than 24 hours are forgotten."""
    table = idempotency_keys
    connection.execute(delete(table).where(table.c.created_ms <= now_ms - KEPT_MS))
    sealed = vault.encrypt(msgspec.json.encode(answer).decode(), _place(account_id, key))
    connection.execute(
        insert(table).values(account_id=account_id, key=key, fingerprint=fingerprint, answer=sealed, created_ms=now_ms)
    )


def _place(account_id: int, key: str) -> str:
    return f"idempotency {account_id} {key}"
