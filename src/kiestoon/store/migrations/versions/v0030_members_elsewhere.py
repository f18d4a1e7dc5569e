"""Members of groups at numbers outside: whether numbers that ring along count, and who answers there confirms."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Groups do not ring what rings along, as before; whoever answers outside must confirm from now on."""
    for table in ("group_extensions", "hunt_groups"):
        op.add_column(table, sa.Column("individual_ringing", sa.Boolean(), nullable=False, server_default=sa.false()))
        op.add_column(table, sa.Column("confirm", sa.Boolean(), nullable=False, server_default=sa.true()))
