"""Group extensions forward to several numbers at once."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Calls go where they went."""
    for case in ("always", "busy", "no_answer"):
        column = sa.Column(f"forward_{case}_also", sa.JSON(), nullable=False, server_default="[]")
        op.add_column("group_extensions", column)
