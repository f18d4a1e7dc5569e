"""Meetings in conference rooms; group calls."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """There are none yet."""
    _create_meetings()
    _create_group_calls()
    _create_members()


def _keys(table: str, *keys: tuple[str, str, str]) -> list[sa.ForeignKeyConstraint]:
    """Foreign keys: column, the other table, what happens when that row goes."""
    return [
        sa.ForeignKeyConstraint([column], [f"{other}.id"], name=op.f(f"fk_{table}_{column}"), ondelete=gone)
        for column, other, gone in keys
    ]


def _extension_key(table: str, gone: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["company_id", "extension"], ["extensions.company_id", "extensions.number"],
        name=op.f(f"fk_{table}_company_id_extension"), onupdate="CASCADE", ondelete=gone,
    )  # fmt: skip


def _index(table: str, *columns: str) -> None:
    for column in columns:
        op.create_index(op.f(f"ix_{table}_{column}"), table, [column], unique=False)


def _create_meetings() -> None:
    op.create_table(
        "meetings",
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("room_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("start", sa.String(length=16), nullable=False),
        sa.Column("end", sa.String(length=16), nullable=False),
        sa.Column("text", sa.String(length=1000), nullable=False),
        sa.Column("guests", sa.JSON(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        *_keys(
            "meetings", ("company_id", "companies", "CASCADE"), ("room_id", "conference_rooms", "CASCADE"),
            ("user_id", "users", "CASCADE"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_meetings")),
        sa.UniqueConstraint("company_id", "room_id", "start", name=op.f("uq_meetings_company_id_room_id_start")),
        sqlite_autoincrement=True,
    )  # fmt: skip
    _index("meetings", "company_id", "room_id", "user_id")


def _create_group_calls() -> None:
    op.create_table(
        "group_calls",
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("extension", sa.String(length=15), nullable=True),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("location_id", sa.Integer(), nullable=True),
        sa.Column("department_id", sa.Integer(), nullable=True),
        sa.Column("caller_name", sa.String(length=80), nullable=False),
        sa.Column("in_directory", sa.Boolean(), nullable=False),
        sa.Column("connected_privacy", sa.String(length=24), server_default="company", nullable=False),
        sa.Column("forwarded_signal", sa.String(length=24), server_default="company", nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("ring_s", sa.Integer(), nullable=False),
        sa.Column("confirm", sa.Boolean(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        _extension_key("group_calls", "NO ACTION"),
        *_keys(
            "group_calls", ("company_id", "companies", "CASCADE"), ("department_id", "departments", "NO ACTION"),
            ("location_id", "locations", "NO ACTION"), ("user_id", "users", "SET NULL"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_group_calls")),
        sa.UniqueConstraint("company_id", "extension", name=op.f("uq_group_calls_company_id_extension")),
        sqlite_autoincrement=True,
    )  # fmt: skip
    _index("group_calls", "company_id", "department_id", "location_id", "user_id")


def _create_members() -> None:
    op.create_table(
        "group_call_members",
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("group_call_id", sa.Integer(), nullable=False),
        sa.Column("extension", sa.String(length=15), nullable=True),
        sa.Column("number", sa.String(length=40), nullable=False),
        sa.Column("code", sa.String(length=8), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        _extension_key("group_call_members", "CASCADE"),
        *_keys(
            "group_call_members", ("company_id", "companies", "CASCADE"),
            ("group_call_id", "group_calls", "CASCADE"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_group_call_members")),
        sa.UniqueConstraint(
            "company_id", "group_call_id", "extension", "number",
            name=op.f("uq_group_call_members_company_id_group_call_id_extension_number"),
        ),
        sqlite_autoincrement=True,
    )  # fmt: skip
    _index("group_call_members", "company_id", "group_call_id")
