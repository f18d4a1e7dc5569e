"""Favourites of people, in groups."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nobody has any yet."""
    _groups()
    _favourites()


def _groups() -> None:
    op.create_table(
        "favourite_groups",
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id"], ["companies.id"], name=op.f("fk_favourite_groups_company_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_favourite_groups_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_favourite_groups")),
        sa.UniqueConstraint("company_id", "user_id", "name", name=op.f("uq_favourite_groups_company_id_user_id_name")),
        sqlite_autoincrement=True,
    )
    for column in ("company_id", "user_id"):
        op.create_index(op.f(f"ix_favourite_groups_{column}"), "favourite_groups", [column], unique=False)


def _favourites() -> None:
    op.create_table(
        "favourites",
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("group_id", sa.Integer(), nullable=False),
        sa.Column("extension", sa.String(length=15), nullable=True),
        sa.Column("number", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id", "extension"],
            ["extensions.company_id", "extensions.number"],
            name=op.f("fk_favourites_company_id_extension"),
            onupdate="CASCADE",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["company_id"], ["companies.id"], name=op.f("fk_favourites_company_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["group_id"], ["favourite_groups.id"], name=op.f("fk_favourites_group_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_favourites")),
        sa.UniqueConstraint(
            "company_id", "group_id", "extension", "number",
            name=op.f("uq_favourites_company_id_group_id_extension_number"),
        ),
        sqlite_autoincrement=True,
    )  # fmt: skip
    for column in ("company_id", "group_id"):
        op.create_index(op.f(f"ix_favourites_{column}"), "favourites", [column], unique=False)
