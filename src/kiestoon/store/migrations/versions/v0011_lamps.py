"""Who sees whose lamp and presence, and what lights a lamp."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_NEW = {
    "companies": (
        ("lamp_rights", sa.String(length=24), "everybody"),
        ("lamp_names", sa.String(length=24), "granted"),
        ("lamp_do_not_disturb", sa.Boolean(), sa.true()),
        ("lamp_forwarding", sa.Boolean(), sa.true()),
        ("unsolicited_mwi", sa.Boolean(), sa.false()),
    ),
    "users": (("presence_visibility", sa.String(length=24), "all"),),
}


def upgrade() -> None:
    """Add the columns with what new rows begin with."""
    for table, columns in _NEW.items():
        for name, kind, value in columns:
            op.add_column(table, sa.Column(name, kind, nullable=False, server_default=value))
