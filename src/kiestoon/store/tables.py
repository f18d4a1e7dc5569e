"""The SQL tables, in portable types only: SQLite by default, PostgreSQL by URL.

The configuration tables are made from the annotations in ``company.model`` (see ``columns``); ``secret`` is stored
encrypted. The migrations spell the same tables out; a test compares the two.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    false,
)

from kiestoon.company.model import BY_ROW, Row
from kiestoon.store.columns import build_table

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(constraint_name)s",
        "pk": "pk_%(table_name)s",
    }
)


settings = Table(
    "settings",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("value", Text, nullable=False),
)

# Every internal number of a company, with the row it belongs to. Other rows refer to it by number; a renumbering
# follows by itself, and what is still used cannot be deleted.
extensions = Table(
    "extensions",
    metadata,
    Column("company_id", Integer, ForeignKey("companies.id", ondelete="CASCADE"), primary_key=True),
    Column("number", String(15), primary_key=True),
    Column("table_name", String(32), nullable=False),
)

TABLES: Final[dict[type[Row], Table]] = {row: build_table(metadata, entity) for row, entity in BY_ROW.items()}
"""The table of each type of configuration row."""
companies, locations, departments, users, devices, numbers, menus, trunks = (
    metadata.tables[name]
    for name in ("companies", "locations", "departments", "users", "devices", "numbers", "menus", "trunks")
)

# One row for each write to the configuration: the audit trail, and the feed other processes follow by its ids.
changes = Table(
    "changes",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at_ms", BigInteger, nullable=False),
    Column("acting_user", String(255), nullable=False),
    Column("action", String(32), nullable=False),
    Column("table_name", String(32), nullable=False),
    Column("row_id", Integer, nullable=False),
    Column("company_id", Integer, nullable=True),  # no foreign key: the trail outlives the company
    Column("details", JSON, nullable=False),  # the row after the write, or, when removed, as it was last
    Column("before", JSON, nullable=True),  # the fields an update changed, as they were
    Column("acting_for", String(255), nullable=False, server_default=""),  # in whose view the writer was acting
    Index("ix_changes_company", "company_id", "id"),  # the activity log of one company
    sqlite_autoincrement=True,
)

call_records = Table(
    "call_records",
    metadata,
    Column("call_id", String(64), primary_key=True),
    Column("company_id", Integer, nullable=False),  # no foreign key: 0 = nobody's, and records outlive companies
    Column("direction", String(16), nullable=False),
    Column("opened_ms", BigInteger, nullable=False),
    Column("answered_ms", BigInteger, nullable=False),
    Column("closed_ms", BigInteger, nullable=False),
    Column("caller_number", String(128), nullable=False),
    Column("caller_display", String(255), nullable=False),
    Column("dialled", String(255), nullable=False),
    Column("final_party", String(255), nullable=False),
    Column("outcome", String(16), nullable=False),
    Column("ended_by", String(16), nullable=False),
    Column("cause", Integer, nullable=False),
    Column("sip_status", Integer, nullable=False),
    Column("caller_device_id", Integer, nullable=True),
    Column("caller_trunk_id", Integer, nullable=True),
    Column("reasons", JSON, nullable=False),
    Column("legs", JSON, nullable=False),
    Column("caller_withheld", Boolean, nullable=False, server_default=false()),
    Column("segments", JSON, nullable=False, server_default="[]"),
    Column("continued_in", String(64), nullable=False, server_default=""),
    Index("ix_call_records_company_opened", "company_id", "opened_ms"),
    Index("ix_call_records_opened", "opened_ms"),
)

# Whose a recorded call was: the people and virtual users it was from, came to or passed through. By id, not by
# extension: a number may be somebody else's tomorrow. ``owner_table`` and ``owner_id``: a row with an extension.
call_parties = Table(
    "call_parties",
    metadata,
    Column("call_id", String(64), ForeignKey("call_records.call_id", ondelete="CASCADE"), primary_key=True),
    Column("owner_table", String(32), primary_key=True),
    Column("owner_id", Integer, primary_key=True),
    Column("company_id", Integer, nullable=False),
    Column("opened_ms", BigInteger, nullable=False),
    Index("ix_call_parties_owner", "owner_table", "owner_id", "opened_ms"),
)

# How far the clerk has read each spool segment; written in the same transaction as the records themselves.
spool_positions = Table(
    "spool_positions",
    metadata,
    Column("segment", String(128), primary_key=True),
    Column("position", BigInteger, nullable=False),
)

# Further tables of the same metadata; they refer to the ones above.
from kiestoon.store import account_tables as account_tables  # noqa: E402, PLC0414
from kiestoon.store import idempotency as idempotency  # noqa: E402, PLC0414
from kiestoon.store import outbox_tables as outbox_tables  # noqa: E402, PLC0414
from kiestoon.store import voicemail_tables as voicemail_tables  # noqa: E402, PLC0414
