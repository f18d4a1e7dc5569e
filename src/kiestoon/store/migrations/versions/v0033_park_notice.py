"""Whether a person's phones are told of a call that somebody parks there."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0031"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """As before: they are not."""
    op.add_column("transfer_options", sa.Column("park_notice", sa.Boolean(), nullable=False, server_default=sa.false()))
