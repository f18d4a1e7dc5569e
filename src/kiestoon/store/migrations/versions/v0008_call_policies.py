"""Policies of virtual users, people's area codes and other numbers, the area with emergency calls."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_VIRTUAL = (
    "menus",
    "group_extensions",
    "hunt_groups",
    "location_routings",
    "time_routings",
    "call_limits",
    "forward_extensions",
)


def upgrade() -> None:
    """Add the columns; their defaults leave everything as it was."""
    for table in _VIRTUAL:
        for name in ("connected_privacy", "forwarded_signal"):
            op.add_column(table, sa.Column(name, sa.String(length=24), server_default="company", nullable=False))
    op.add_column("users", sa.Column("external_number", sa.String(length=16), server_default="", nullable=False))
    op.add_column("users", sa.Column("area_code", sa.String(length=8), server_default="", nullable=False))
    op.add_column("users", sa.Column("distinctive_ringing", sa.Boolean(), server_default=sa.true(), nullable=False))
    op.add_column("trunks", sa.Column("emergency_area", sa.Boolean(), server_default=sa.false(), nullable=False))
