"""An index for the activity log of one company, the newest entries first."""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the index."""
    op.create_index("ix_changes_company", "changes", ["company_id", "id"], unique=False)
