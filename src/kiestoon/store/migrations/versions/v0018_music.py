"""Music on hold: playlists, which is heard where, and whether somebody's callers hear any."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Everybody's callers hear what they heard: the company's file, else the exchange's own music."""
    op.add_column("users", sa.Column("music_on_hold", sa.Boolean(), nullable=False, server_default=sa.true()))
    _create_files()
    _create_settings()


def _create_files() -> None:
    op.create_table(
        "music_files",
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("playlist", sa.String(length=80), nullable=False),
        sa.Column("file", sa.String(length=64), nullable=False),
        sa.Column("duration_ms", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("source", sa.String(length=80), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id"], ["companies.id"], name=op.f("fk_music_files_company_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_music_files")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_music_files_company_id"), "music_files", ["company_id"], unique=False)


def _create_settings() -> None:
    op.create_table(
        "music_on_hold",
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("location_id", sa.Integer(), nullable=True),
        sa.Column("department_id", sa.Integer(), nullable=True),
        sa.Column("held", sa.Boolean(), nullable=False),
        sa.Column("parked", sa.Boolean(), nullable=False),
        sa.Column("camped", sa.Boolean(), nullable=False),
        sa.Column("playlist", sa.String(length=80), nullable=False),
        sa.Column("internal_playlist", sa.String(length=80), nullable=True),
        sa.Column("parked_playlist", sa.String(length=80), nullable=True),
        sa.Column("camped_playlist", sa.String(length=80), nullable=True),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        *(
            sa.ForeignKeyConstraint(
                [column], [f"{table}.id"], name=op.f(f"fk_music_on_hold_{column}"), ondelete="CASCADE"
            )
            for column, table in (
                ("company_id", "companies"), ("location_id", "locations"), ("department_id", "departments"),
            )
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_music_on_hold")),
        sa.UniqueConstraint(
            "company_id", "location_id", "department_id",
            name=op.f("uq_music_on_hold_company_id_location_id_department_id"),
        ),
        sqlite_autoincrement=True,
    )  # fmt: skip
    for column in ("company_id", "location_id", "department_id"):
        op.create_index(op.f(f"ix_music_on_hold_{column}"), "music_on_hold", [column], unique=False)
