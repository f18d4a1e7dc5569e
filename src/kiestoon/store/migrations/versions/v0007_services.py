"""Services by licence and by hand, wrong PINs, and whose each recorded call was."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_BATCH = 500
_OWNERS = (
    "users",
    "menus",
    "group_extensions",
    "hunt_groups",
    "location_routings",
    "time_routings",
    "call_limits",
    "forward_extensions",
)


def upgrade() -> None:
    """Create the tables; say of the calls recorded so far whose they were, as far as extensions still tell."""
    op.add_column("pack_assignments", sa.Column("licences", sa.Integer(), nullable=True))
    op.add_column("privacy_groups", sa.Column("description", sa.String(length=255), nullable=True))
    _create_service_assignments()
    _create_pin_failures()
    _create_call_parties()
    _fill_call_parties(op.get_bind())


def _create_service_assignments() -> None:
    op.create_table(
        "service_assignments",
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("extension", sa.String(length=15), nullable=True),
        sa.Column("service", sa.String(length=40), nullable=False),
        sa.Column("assigned", sa.Boolean(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id", "extension"],
            ["extensions.company_id", "extensions.number"],
            name=op.f("fk_service_assignments_company_id_extension"),
            onupdate="CASCADE",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["company_id"], ["companies.id"], name=op.f("fk_service_assignments_company_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service_assignments")),
        sa.UniqueConstraint(
            "company_id", "extension", "service", name=op.f("uq_service_assignments_company_id_extension_service")
        ),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_service_assignments_company_id"), "service_assignments", ["company_id"], unique=False)


def _create_pin_failures() -> None:
    op.create_table(
        "pin_failures",
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("source", sa.String(length=32), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_pin_failures_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user_id", "source", name=op.f("pk_pin_failures")),
    )


def _create_call_parties() -> None:
    op.create_table(
        "call_parties",
        sa.Column("call_id", sa.String(length=64), nullable=False),
        sa.Column("owner_table", sa.String(length=32), nullable=False),
        sa.Column("owner_id", sa.Integer(), nullable=False),
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("opened_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["call_id"], ["call_records.call_id"], name=op.f("fk_call_parties_call_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("call_id", "owner_table", "owner_id", name=op.f("pk_call_parties")),
    )
    op.create_index("ix_call_parties_owner", "call_parties", ["owner_table", "owner_id", "opened_ms"], unique=False)


def _fill_call_parties(connection: sa.Connection) -> None:
    """Who has an extension today is taken for who had it then: nothing else is known."""
    owners = {
        (company_id, number): (table, row_id)
        for table in _OWNERS
        for row_id, company_id, number in connection.execute(
            sa.text(f"SELECT id, company_id, extension FROM {table} WHERE extension IS NOT NULL")  # noqa: S608 - ours
        )
    }
    users = {row_id: table_row for table_row in owners.values() if (row_id := _user(table_row)) is not None}
    insert = sa.text(
        "INSERT INTO call_parties (call_id, owner_table, owner_id, company_id, opened_ms) "
        "VALUES (:call_id, :owner_table, :owner_id, :company_id, :opened_ms)"
    )
    for batch in _records(connection):
        parties = [
            {
                "call_id": call_id,
                "owner_table": owner[0],
                "owner_id": owner[1],
                "company_id": company_id,
                "opened_ms": opened_ms,
            }
            for call_id, company_id, opened_ms, reasons, legs in batch
            for owner in _parties(company_id, _plain(reasons), _plain(legs), owners, users)
        ]
        if parties:
            connection.execute(insert, parties)


def _user(owner: tuple[str, int]) -> int | None:
    return owner[1] if owner[0] == "users" else None


def _records(connection: sa.Connection) -> Iterator[list[Any]]:
    query = sa.text(
        "SELECT call_id, company_id, opened_ms, reasons, legs FROM call_records WHERE call_id > :last "
        "ORDER BY call_id LIMIT :limit"
    )
    last = ""
    while found := list(connection.execute(query, {"last": last, "limit": _BATCH})):
        yield found
        last = found[-1][0]


def _plain(cell: Any) -> Any:
    """SQLite hands JSON out as text."""
    return json.loads(cell) if isinstance(cell, str) else cell


def _parties(
    company_id: int,
    reasons: list[Any],
    legs: list[dict[str, Any]],
    owners: dict[tuple[int, str], tuple[str, int]],
    users: dict[int, tuple[str, int]],
) -> set[tuple[str, int]]:
    named = {str(params.get("extension", "")) for _, params in reasons}
    found = {owners[company_id, number] for number in named if (company_id, number) in owners}
    return found | {users[leg["user_id"]] for leg in legs if leg.get("user_id") in users}
