"""Other telephones as one's own: remote offices."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nobody has any of these yet."""
    _create_remote_offices()


def _create_remote_offices() -> None:
    op.create_table(
        "remote_offices",
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("to_kind", sa.String(length=16), nullable=False),
        sa.Column("to_extension", sa.String(length=15), nullable=True),
        sa.Column("to_number", sa.String(length=40), nullable=False),
        sa.Column("confirm", sa.Boolean(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("(to_kind <> 'extension') OR (to_extension IS NOT NULL)", name=op.f("ck_remote_offices_to")),
        sa.ForeignKeyConstraint(
            ["company_id", "to_extension"],
            ["extensions.company_id", "extensions.number"],
            name=op.f("fk_remote_offices_company_id_to_extension"),
            onupdate="CASCADE",
            ondelete="NO ACTION",
        ),
        sa.ForeignKeyConstraint(
            ["company_id"], ["companies.id"], name=op.f("fk_remote_offices_company_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_remote_offices_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_remote_offices")),
        sa.UniqueConstraint("company_id", "user_id", name=op.f("uq_remote_offices_company_id_user_id")),
        sqlite_autoincrement=True,
    )
    for column in ("company_id", "user_id"):
        op.create_index(op.f(f"ix_remote_offices_{column}"), "remote_offices", [column], unique=False)
