"""Transfers, parking and pickup: who may what, and what becomes of calls that nobody takes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nobody has any of these yet."""
    _create_operator_settings()
    _create_park_groups()
    _create_park_settings()
    _create_pickup_groups()
    _create_transfer_options()
    _create_park_members()
    _create_pickup_members()


def _create_operator_settings() -> None:
    op.create_table(
        "operator_settings",
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("location_id", sa.Integer(), nullable=True),
        sa.Column("operator", sa.String(length=15), nullable=True),
        sa.Column("recall_unanswered", sa.String(length=24), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id", "operator"],
            ["extensions.company_id", "extensions.number"],
            name=op.f("fk_operator_settings_company_id_operator"),
            onupdate="CASCADE",
            ondelete="NO ACTION",
        ),
        sa.ForeignKeyConstraint(
            ["company_id"], ["companies.id"], name=op.f("fk_operator_settings_company_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["location_id"], ["locations.id"], name=op.f("fk_operator_settings_location_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_operator_settings")),
        sa.UniqueConstraint("company_id", "location_id", name=op.f("uq_operator_settings_company_id_location_id")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("operator_settings", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_operator_settings_company_id"), ["company_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_operator_settings_location_id"), ["location_id"], unique=False)


def _create_park_groups() -> None:
    op.create_table(
        "park_groups",
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("location_id", sa.Integer(), nullable=True),
        sa.Column("alternate", sa.String(length=15), nullable=True),
        sa.Column("alternate_when", sa.String(length=24), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id", "alternate"],
            ["extensions.company_id", "extensions.number"],
            name=op.f("fk_park_groups_company_id_alternate"),
            onupdate="CASCADE",
            ondelete="NO ACTION",
        ),
        sa.ForeignKeyConstraint(
            ["company_id"], ["companies.id"], name=op.f("fk_park_groups_company_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["location_id"], ["locations.id"], name=op.f("fk_park_groups_location_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_park_groups")),
        sa.UniqueConstraint("company_id", "name", name=op.f("uq_park_groups_company_id_name")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("park_groups", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_park_groups_company_id"), ["company_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_park_groups_location_id"), ["location_id"], unique=False)


def _create_park_settings() -> None:
    op.create_table(
        "park_settings",
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("location_id", sa.Integer(), nullable=True),
        sa.Column("recall_s", sa.Integer(), nullable=False),
        sa.Column("recall_pattern", sa.Integer(), nullable=False),
        sa.Column("alternate", sa.String(length=15), nullable=True),
        sa.Column("alternate_when", sa.String(length=24), nullable=False),
        sa.Column("alternate_s", sa.Integer(), nullable=False),
        sa.Column("announce", sa.Boolean(), nullable=False),
        sa.Column("show_s", sa.Integer(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id", "alternate"],
            ["extensions.company_id", "extensions.number"],
            name=op.f("fk_park_settings_company_id_alternate"),
            onupdate="CASCADE",
            ondelete="NO ACTION",
        ),
        sa.ForeignKeyConstraint(
            ["company_id"], ["companies.id"], name=op.f("fk_park_settings_company_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["location_id"], ["locations.id"], name=op.f("fk_park_settings_location_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_park_settings")),
        sa.UniqueConstraint("company_id", "location_id", name=op.f("uq_park_settings_company_id_location_id")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("park_settings", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_park_settings_company_id"), ["company_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_park_settings_location_id"), ["location_id"], unique=False)


def _create_pickup_groups() -> None:
    op.create_table(
        "pickup_groups",
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("location_id", sa.Integer(), nullable=True),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id"], ["companies.id"], name=op.f("fk_pickup_groups_company_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["location_id"], ["locations.id"], name=op.f("fk_pickup_groups_location_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pickup_groups")),
        sa.UniqueConstraint("company_id", "name", name=op.f("uq_pickup_groups_company_id_name")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("pickup_groups", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_pickup_groups_company_id"), ["company_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_pickup_groups_location_id"), ["location_id"], unique=False)


def _create_park_members() -> None:
    op.create_table(
        "park_members",
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("group_id", sa.Integer(), nullable=False),
        sa.Column("extension", sa.String(length=15), nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id", "extension"],
            ["extensions.company_id", "extensions.number"],
            name=op.f("fk_park_members_company_id_extension"),
            onupdate="CASCADE",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["company_id"], ["companies.id"], name=op.f("fk_park_members_company_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["group_id"], ["park_groups.id"], name=op.f("fk_park_members_group_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_park_members")),
        sa.UniqueConstraint("company_id", "extension", name=op.f("uq_park_members_company_id_extension")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("park_members", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_park_members_company_id"), ["company_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_park_members_group_id"), ["group_id"], unique=False)


def _create_pickup_members() -> None:
    op.create_table(
        "pickup_members",
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("group_id", sa.Integer(), nullable=False),
        sa.Column("extension", sa.String(length=15), nullable=True),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id", "extension"],
            ["extensions.company_id", "extensions.number"],
            name=op.f("fk_pickup_members_company_id_extension"),
            onupdate="CASCADE",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["company_id"], ["companies.id"], name=op.f("fk_pickup_members_company_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["group_id"], ["pickup_groups.id"], name=op.f("fk_pickup_members_group_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pickup_members")),
        sa.UniqueConstraint("company_id", "extension", name=op.f("uq_pickup_members_company_id_extension")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("pickup_members", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_pickup_members_company_id"), ["company_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_pickup_members_group_id"), ["group_id"], unique=False)


def _create_transfer_options() -> None:
    op.create_table(
        "transfer_options",
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("recall", sa.Boolean(), nullable=False),
        sa.Column("recall_rings", sa.Integer(), nullable=False),
        sa.Column("camp_on", sa.Boolean(), nullable=False),
        sa.Column("camp_on_s", sa.Integer(), nullable=False),
        sa.Column("inhibit_blind", sa.Boolean(), nullable=False),
        sa.Column("inhibit_attended", sa.Boolean(), nullable=False),
        sa.Column("callback", sa.Boolean(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id"], ["companies.id"], name=op.f("fk_transfer_options_company_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_transfer_options_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transfer_options")),
        sa.UniqueConstraint("company_id", "user_id", name=op.f("uq_transfer_options_company_id_user_id")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("transfer_options", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_transfer_options_company_id"), ["company_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_transfer_options_user_id"), ["user_id"], unique=False)
