"""A tone for who is in a call at a phone where another one rings."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Phones go on giving it themselves."""
    op.add_column("devices", sa.Column("waiting_beep", sa.Boolean(), nullable=False, server_default=sa.false()))
