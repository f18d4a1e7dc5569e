"""Several phones for one person's calls: which numbers ring, and when."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nobody has any of these yet."""
    _create_numbers()
    _create_settings(
        "simultaneous_ringing",
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("ring_when", sa.String(length=24), nullable=False),
    )
    _create_settings(
        "sequential_ringing",
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("base_first", sa.Boolean(), nullable=False),
        sa.Column("base_rings", sa.Integer(), nullable=False),
        sa.Column("continue_if_busy", sa.Boolean(), nullable=False),
        sa.Column("caller_may_stop", sa.Boolean(), nullable=False),
    )


def _create_numbers() -> None:
    op.create_table(
        "ring_numbers",
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("service", sa.String(length=24), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("to_kind", sa.String(length=16), nullable=False),
        sa.Column("to_extension", sa.String(length=15), nullable=True),
        sa.Column("to_number", sa.String(length=40), nullable=False),
        sa.Column("confirm", sa.Boolean(), nullable=False),
        sa.Column("rings", sa.Integer(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(to_kind <> 'extension') OR (to_extension IS NOT NULL)", name=op.f("ck_ring_numbers_to")
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "to_extension"],
            ["extensions.company_id", "extensions.number"],
            name=op.f("fk_ring_numbers_company_id_to_extension"),
            onupdate="CASCADE",
            ondelete="NO ACTION",
        ),
        *_owner_keys("ring_numbers"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ring_numbers")),
        sa.UniqueConstraint(
            "company_id", "user_id", "service", "position",
            name=op.f("uq_ring_numbers_company_id_user_id_service_position"),
        ),
        sqlite_autoincrement=True,
    )  # fmt: skip
    _index("ring_numbers")


def _create_settings(table: str, *columns: sa.Column[object]) -> None:
    """A table with one row for each person who has the service."""
    op.create_table(
        table,
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        *columns,
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        *_owner_keys(table),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
        sa.UniqueConstraint("company_id", "user_id", name=op.f(f"uq_{table}_company_id_user_id")),
        sqlite_autoincrement=True,
    )
    _index(table)


def _owner_keys(table: str) -> tuple[sa.ForeignKeyConstraint, ...]:
    return tuple(
        sa.ForeignKeyConstraint([column], [f"{there}.id"], name=op.f(f"fk_{table}_{column}"), ondelete="CASCADE")
        for column, there in (("company_id", "companies"), ("user_id", "users"))
    )


def _index(table: str) -> None:
    for column in ("company_id", "user_id"):
        op.create_index(op.f(f"ix_{table}_{column}"), table, [column], unique=False)
