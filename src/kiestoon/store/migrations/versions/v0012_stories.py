"""The story of a call: its stretches, and the call it went on in."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Calls of before have no story."""
    op.add_column("call_records", sa.Column("segments", sa.JSON(), nullable=False, server_default="[]"))
    op.add_column("call_records", sa.Column("continued_in", sa.String(64), nullable=False, server_default=""))
