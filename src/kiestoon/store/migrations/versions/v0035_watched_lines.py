"""The lines people follow on their phones; whether kinds of calls ring differently."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0033"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nobody follows any yet; phones go on ringing as they did."""
    op.add_column("companies", sa.Column("rings_by_kind", sa.Boolean(), nullable=False, server_default=sa.true()))
    op.create_table(
        "watched_lines",
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("extension", sa.String(length=15), nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id", "extension"],
            ["extensions.company_id", "extensions.number"],
            name=op.f("fk_watched_lines_company_id_extension"),
            onupdate="CASCADE",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["company_id"], ["companies.id"], name=op.f("fk_watched_lines_company_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_watched_lines_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_watched_lines")),
        sa.UniqueConstraint(
            "company_id", "user_id", "extension", name=op.f("uq_watched_lines_company_id_user_id_extension")
        ),
        sqlite_autoincrement=True,
    )
    for column in ("company_id", "user_id"):
        op.create_index(op.f(f"ix_watched_lines_{column}"), "watched_lines", [column], unique=False)
