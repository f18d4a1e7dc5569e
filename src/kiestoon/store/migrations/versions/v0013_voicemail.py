"""Voicemail: boxes and messages."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Everybody has a box, with the defaults, until a row says otherwise."""
    _create_boxes()
    _create_messages()


def _create_boxes() -> None:
    op.create_table(
        "voicemail_boxes",
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("extension", sa.String(length=15), nullable=True),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("greeting", sa.String(length=24), nullable=False),
        sa.Column("takes_messages", sa.Boolean(), nullable=False),
        sa.Column("longest_s", sa.Integer(), nullable=False),
        sa.Column("most_messages", sa.Integer(), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id", "extension"],
            ["extensions.company_id", "extensions.number"],
            name=op.f("fk_voicemail_boxes_company_id_extension"),
            onupdate="CASCADE",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["company_id"], ["companies.id"], name=op.f("fk_voicemail_boxes_company_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_voicemail_boxes")),
        sa.UniqueConstraint("company_id", "extension", name=op.f("uq_voicemail_boxes_company_id_extension")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_voicemail_boxes_company_id"), "voicemail_boxes", ["company_id"], unique=False)


def _create_messages() -> None:
    op.create_table(
        "voicemail_messages",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("extension", sa.String(length=15), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("duration_ms", sa.Integer(), nullable=False),
        sa.Column("file", sa.String(length=96), nullable=False),
        sa.Column("call_id", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.String(length=24), nullable=False),
        sa.Column("caller_number", sa.String(length=128), nullable=False),
        sa.Column("caller_name", sa.String(length=255), nullable=False),
        sa.Column("caller_withheld", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id", "extension"],
            ["extensions.company_id", "extensions.number"],
            name=op.f("fk_voicemail_messages_company_id_extension"),
            onupdate="CASCADE",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["company_id"], ["companies.id"], name=op.f("fk_voicemail_messages_company_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_voicemail_messages")),
        sa.UniqueConstraint("company_id", "file", name=op.f("uq_voicemail_messages_company_id_file")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_voicemail_messages_box", "voicemail_messages", ["company_id", "extension", "state"], unique=False
    )
