"""Speed dials and short numbers; when somebody who is away means to be back."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nobody has short ways to dial yet, and who is away has not said until when."""
    op.add_column("presences", sa.Column("return_ms", sa.BigInteger(), nullable=False, server_default="0"))
    _create_speed_dials()
    _create_short_numbers()


def _create_speed_dials() -> None:
    op.create_table(
        "speed_dials",
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=2), nullable=False),
        sa.Column("number", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id"], ["companies.id"], name=op.f("fk_speed_dials_company_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_speed_dials_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_speed_dials")),
        sa.UniqueConstraint("company_id", "user_id", "code", name=op.f("uq_speed_dials_company_id_user_id_code")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_speed_dials_company_id"), "speed_dials", ["company_id"], unique=False)
    op.create_index(op.f("ix_speed_dials_user_id"), "speed_dials", ["user_id"], unique=False)


def _create_short_numbers() -> None:
    op.create_table(
        "short_numbers",
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=8), nullable=False),
        sa.Column("number", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id"], ["companies.id"], name=op.f("fk_short_numbers_company_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_short_numbers")),
        sa.UniqueConstraint("company_id", "code", name=op.f("uq_short_numbers_company_id_code")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_short_numbers_company_id"), "short_numbers", ["company_id"], unique=False)
