"""Voicemail messages. The sound lies in a file beside the database: ``file``, in the company's folder of recordings."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    String,
    Table,
    UniqueConstraint,
)

from kiestoon.store.tables import metadata

# A message follows its box when that is renumbered, and goes with it. The number of a caller who withholds it is kept
# for whoever has to answer for it, and shown to nobody.
voicemail_messages = Table(
    "voicemail_messages",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("company_id", Integer, ForeignKey("companies.id", ondelete="CASCADE"), nullable=False),
    Column("extension", String(15), nullable=False),
    Column("state", String(8), nullable=False),  # new, old
    Column("at_ms", BigInteger, nullable=False),
    Column("duration_ms", Integer, nullable=False),
    Column("file", String(96), nullable=False),
    Column("call_id", String(64), nullable=False),
    Column("reason", String(24), nullable=False),
    Column("caller_number", String(128), nullable=False),
    Column("caller_name", String(255), nullable=False),
    Column("caller_withheld", Boolean, nullable=False),
    UniqueConstraint("company_id", "file"),
    ForeignKeyConstraint(
        ["company_id", "extension"],
        ["extensions.company_id", "extensions.number"],
        onupdate="CASCADE",
        ondelete="CASCADE",
    ),
    Index("ix_voicemail_messages_box", "company_id", "extension", "state"),
    sqlite_autoincrement=True,
)
