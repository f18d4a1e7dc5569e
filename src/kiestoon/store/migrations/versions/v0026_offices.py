"""Who takes a person's calls elsewhere: remote offices, assistants."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nobody has any of these yet."""
    _create_remote_offices()
    _create_assistant_groups()
    op.add_column("reach_profiles", sa.Column("assistants", sa.Boolean(), nullable=True))


def _create_remote_offices() -> None:
    op.create_table(
        "remote_offices",
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("number", sa.String(length=40), nullable=False),
        sa.Column("confirm", sa.Boolean(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
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


def _create_assistant_groups() -> None:
    op.create_table(
        "assistant_groups",
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("group_id", sa.Integer(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id"], ["companies.id"], name=op.f("fk_assistant_groups_company_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_assistant_groups_user_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["group_id"], ["privacy_groups.id"], name=op.f("fk_assistant_groups_group_id"), ondelete="NO ACTION"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assistant_groups")),
        sa.UniqueConstraint("company_id", "user_id", name=op.f("uq_assistant_groups_company_id_user_id")),
        sqlite_autoincrement=True,
    )
    for column in ("company_id", "user_id", "group_id"):
        op.create_index(op.f(f"ix_assistant_groups_{column}"), "assistant_groups", [column], unique=False)
