"""Conference rooms, and the wrong PINs that were tried at them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """There are none yet."""
    _create_rooms()
    op.create_table(
        "room_pin_failures",
        sa.Column("room_id", sa.Integer(), nullable=False),
        sa.Column("source", sa.String(length=32), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["room_id"], ["conference_rooms.id"], name=op.f("fk_room_pin_failures_room_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("room_id", "source", name=op.f("pk_room_pin_failures")),
    )


def _create_rooms() -> None:
    op.create_table(
        "conference_rooms",
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
        sa.Column("pin", sa.String(length=12), nullable=False),
        sa.Column("organiser_pin", sa.String(length=12), nullable=False),
        sa.Column("pin_inside", sa.Boolean(), nullable=False),
        sa.Column("wait_for_organiser", sa.Boolean(), nullable=False),
        sa.Column("ends_with_organiser", sa.Boolean(), nullable=False),
        sa.Column("music", sa.Boolean(), nullable=False),
        sa.Column("announce", sa.String(length=24), nullable=False),
        sa.Column("quiet", sa.Boolean(), nullable=False),
        sa.Column("most_members", sa.Integer(), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id", "extension"], ["extensions.company_id", "extensions.number"],
            name=op.f("fk_conference_rooms_company_id_extension"), onupdate="CASCADE", ondelete="NO ACTION",
        ),
        *(
            sa.ForeignKeyConstraint(
                [column], [f"{table}.id"], name=op.f(f"fk_conference_rooms_{column}"), ondelete=gone
            )
            for column, table, gone in (
                ("company_id", "companies", "CASCADE"), ("department_id", "departments", "NO ACTION"),
                ("location_id", "locations", "NO ACTION"), ("user_id", "users", "SET NULL"),
            )
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_conference_rooms")),
        sa.UniqueConstraint("company_id", "extension", name=op.f("uq_conference_rooms_company_id_extension")),
        sqlite_autoincrement=True,
    )  # fmt: skip
    for column in ("company_id", "department_id", "location_id", "user_id"):
        op.create_index(op.f(f"ix_conference_rooms_{column}"), "conference_rooms", [column], unique=False)
