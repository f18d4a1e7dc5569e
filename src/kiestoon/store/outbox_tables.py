"""What is still to be sent: webhook deliveries and mails, and the calls that may lead to one. See ``outbox``.

Times are wall-clock milliseconds. ``due_ms`` is when it is tried next; None: it is settled.
"""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, Column, ForeignKey, Index, Integer, LargeBinary, String, Table, Text

from kiestoon.company.model import Webhook
from kiestoon.store.tables import TABLES, metadata

webhooks = TABLES[Webhook]

# One event for one webhook. ``log`` has an entry for each attempt: the delivery log.
webhook_deliveries = Table(
    "webhook_deliveries",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("webhook_id", Integer, ForeignKey("webhooks.id", ondelete="CASCADE"), nullable=False),
    Column("company_id", Integer, ForeignKey("companies.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("message_id", String(64), nullable=False),
    Column("event_type", String(64), nullable=False),
    Column("body", Text, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("due_ms", BigInteger, nullable=True),
    Column("state", String(16), nullable=False),  # waiting, delivered, failed
    Column("attempts", Integer, nullable=False),
    Column("settled_ms", BigInteger, nullable=True),
    Column("log", JSON, nullable=False),
    Index("ix_webhook_deliveries_webhook_id", "webhook_id", "id"),
    Index("ix_webhook_deliveries_due_ms", "due_ms"),
    Index("ix_webhook_deliveries_settled_ms", "settled_ms"),
    sqlite_autoincrement=True,
)

# One mail. ``sealed`` holds what it says, encrypted: it may contain what one logs in with; None once it was sent.
mails = Table(
    "mails",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("company_id", Integer, ForeignKey("companies.id", ondelete="CASCADE"), nullable=True, index=True),
    Column("kind", String(32), nullable=False),
    Column("language", String(8), nullable=False),
    Column("recipient", String(254), nullable=False),
    Column("message_id", String(64), nullable=False, unique=True),
    Column("sealed", LargeBinary, nullable=True),
    Column("created_ms", BigInteger, nullable=False),
    Column("due_ms", BigInteger, nullable=True, index=True),
    Column("state", String(16), nullable=False),  # waiting, sent, failed
    Column("attempts", Integer, nullable=False),
    Column("settled_ms", BigInteger, nullable=True, index=True),
    Column("problem", String(255), nullable=False),
    sqlite_autoincrement=True,
)

# Calls whose record somebody may want to be told of; written with the record, in one transaction.
told_calls = Table(
    "told_calls",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("call_id", String(64), nullable=False),
    sqlite_autoincrement=True,
)
