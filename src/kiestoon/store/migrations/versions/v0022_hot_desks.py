"""Hot desks: who has logged in on a phone by code, where others may do so, who may be on two phones; IP listing."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Whoever is on a phone has been put there by an administrator: those phones are bound to them."""
    highest = _highest_id()
    with op.batch_alter_table("devices", table_kwargs={"sqlite_autoincrement": True}) as devices:
        devices.add_column(sa.Column("logged_in_user_id", sa.Integer(), nullable=True))
        devices.add_column(sa.Column("hot_desk", sa.Boolean(), nullable=False, server_default=sa.false()))
        devices.add_column(sa.Column("known_address", sa.String(length=50), nullable=False, server_default=""))
        devices.create_foreign_key(
            op.f("fk_devices_logged_in_user_id"), "users", ["logged_in_user_id"], ["id"], ondelete="SET NULL"
        )
        devices.create_index(op.f("ix_devices_logged_in_user_id"), ["logged_in_user_id"], unique=False)
    _keep_highest_id(highest)
    op.add_column("users", sa.Column("twinning", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("companies", sa.Column("ip_listing", sa.Boolean(), nullable=False, server_default=sa.false()))
    _create_allowed_addresses()


def _create_allowed_addresses() -> None:
    op.create_table(
        "allowed_addresses",
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("first_address", sa.String(length=45), nullable=False),
        sa.Column("last_address", sa.String(length=45), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id"], ["companies.id"], name=op.f("fk_allowed_addresses_company_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_allowed_addresses")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_allowed_addresses_company_id"), "allowed_addresses", ["company_id"], unique=False)


def _highest_id() -> int:
    """The highest id a phone ever had, where a new table forgets it: ids are never given again."""
    if op.get_bind().dialect.name != "sqlite":
        return 0
    query = sa.text("SELECT seq FROM sqlite_sequence WHERE name = 'devices'")
    return int(op.get_bind().execute(query).scalar() or 0)


def _keep_highest_id(highest: int) -> None:
    if not highest:
        return
    op.execute(sa.text("DELETE FROM sqlite_sequence WHERE name = 'devices'"))
    op.execute(sa.text("INSERT INTO sqlite_sequence (name, seq) VALUES ('devices', :seq)").bindparams(seq=highest))
