"""Meetings that repeat."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Those there are take place once."""
    for column in (
        sa.Column("repeats", sa.String(length=24), nullable=False, server_default="never"),
        sa.Column("every", sa.Integer(), nullable=False, server_default="1"),
        sa.Column("weekdays", sa.JSON(), nullable=False, server_default="[]"),
        sa.Column("until", sa.String(length=10), nullable=False, server_default=""),
        sa.Column("cancelled", sa.JSON(), nullable=False, server_default="[]"),
    ):
        op.add_column("meetings", column)
