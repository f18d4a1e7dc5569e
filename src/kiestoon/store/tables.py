"""The SQL tables, in portable types only: SQLite by default, PostgreSQL by URL.

Columns of the configuration tables carry the names of the fields in ``company.model``; ``secret`` is stored encrypted.
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _company() -> Column[int]:
    return Column("company_id", Integer, ForeignKey("companies.id", ondelete="CASCADE"), nullable=False, index=True)


def _text(name: str, length: int = 255) -> Column[str]:
    return Column(name, String(length), nullable=False, default="", server_default="")


def _flag(name: str, default: bool) -> Column[bool]:
    return Column(name, Boolean, nullable=False, default=default)


def _int(name: str, default: int) -> Column[int]:
    return Column(name, Integer, nullable=False, default=default)


def _link(name: str, to: str) -> Column[int]:
    return Column(name, Integer, ForeignKey(to, ondelete="SET NULL"), nullable=True)


settings = Table(
    "settings",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("value", Text, nullable=False),
)

companies = Table(
    "companies",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(255), nullable=False),
    Column("domain", String(255), nullable=False, unique=True),
    _text("country", 2),
    _text("language", 8),
    _text("area_code", 8),
    _text("access_code", 8),
    _int("extension_digits", 3),
    _text("emergency_number", 32),
    _text("encryption", 16),
    _text("music_path"),
    _int("max_calls", 0),
    _flag("active", True),
)

locations = Table(
    "locations",
    metadata,
    Column("id", Integer, primary_key=True),
    _company(),
    Column("name", String(255), nullable=False),
    _text("area_code", 8),
    _text("timezone", 64),
)

departments = Table(
    "departments",
    metadata,
    Column("id", Integer, primary_key=True),
    _company(),
    Column("name", String(255), nullable=False),
    _link("location_id", "locations.id"),
    _link("parent_id", "departments.id"),
)

users = Table(
    "users",
    metadata,
    Column("id", Integer, primary_key=True),
    _company(),
    Column("extension", String(16), nullable=False),
    Column("name", String(255), nullable=False),
    _text("email"),
    _link("location_id", "locations.id"),
    _link("department_id", "departments.id"),
    _text("caller_number", 32),
    _flag("hide_number", False),
    _text("emergency_number", 32),
    _flag("call_waiting", True),
    _int("ring_s", 60),
    _text("language", 8),
    UniqueConstraint("company_id", "extension"),
)

devices = Table(
    "devices",
    metadata,
    Column("id", Integer, primary_key=True),
    _company(),
    Column("username", String(64), nullable=False),
    Column("secret", LargeBinary, nullable=False),
    _text("name"),
    _link("user_id", "users.id"),
    _text("encryption", 16),
    _text("dtmf", 16),
    _text("area_code", 8),
    _int("call_limit", 2),
    _text("language", 8),
    _text("country", 2),
    _text("emergency_number", 32),
    _flag("active", True),
    UniqueConstraint("company_id", "username"),
)

trunks = Table(
    "trunks",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("company_id", Integer, ForeignKey("companies.id", ondelete="CASCADE"), nullable=True, index=True),
    Column("name", String(64), nullable=False, unique=True),
    Column("kind", String(16), nullable=False),
    Column("host", String(255), nullable=False),
    _int("port", 0),
    _text("transport", 8),
    _text("username", 64),
    Column("secret", LargeBinary, nullable=True),
    _text("domain"),
    Column("sources", JSON, nullable=False),
    _int("priority", 10),
    _int("max_calls", 0),
    _flag("trusted", True),
    _text("srtp", 16),
    _text("number_format", 16),
    _int("expires_s", 600),
    _flag("active", True),
)

numbers = Table(
    "numbers",
    metadata,
    Column("id", Integer, primary_key=True),
    _company(),
    Column("e164", String(32), nullable=False, unique=True),
    Column("extension", String(16), nullable=False),
    _link("location_id", "locations.id"),
)

menus = Table(
    "menus",
    metadata,
    Column("id", Integer, primary_key=True),
    _company(),
    Column("extension", String(16), nullable=False),
    Column("name", String(255), nullable=False),
    _text("greeting"),
    _int("timeout_s", 6),
    _text("fallback_extension", 16),
    UniqueConstraint("company_id", "extension"),
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
    Column("details", JSON, nullable=False),
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
    Index("ix_call_records_company_opened", "company_id", "opened_ms"),
    Index("ix_call_records_opened", "opened_ms"),
)

# How far the clerk has read each spool segment; written in the same transaction as the records themselves.
spool_positions = Table(
    "spool_positions",
    metadata,
    Column("segment", String(128), primary_key=True),
    Column("position", BigInteger, nullable=False),
)
