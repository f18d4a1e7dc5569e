"""Queues and their members."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None

_DESTINATIONS = ("leave_to", "forward_to", "nobody_to", "forced_to", "holiday_to", "night_to")
_REFERENCES = (
    ("location_id", "locations"),
    ("department_id", "departments"),
    ("holiday_id", "holidays"),
    ("office_schedule_id", "schedules"),
)


def upgrade() -> None:
    """Nobody has any yet."""
    _create_queues()
    _create_members()


def _create_queues() -> None:
    op.create_table(
        "queues",
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("extension", sa.String(length=15), nullable=True),
        _text("name", 80),
        sa.Column("location_id", sa.Integer(), nullable=True),
        sa.Column("department_id", sa.Integer(), nullable=True),
        _text("caller_name", 80),
        _flag("in_directory"),
        sa.Column("connected_privacy", sa.String(length=24), nullable=False, server_default="company"),
        sa.Column("forwarded_signal", sa.String(length=24), nullable=False, server_default="company"),
        _flag("open"),
        _text("language", 8),
        _text("strategy", 24),
        *(_number(name) for name in ("limit", "ring_s", "wrap_up_s", "weight")),
        _text("busy_agents", 24),
        _flag("prefix_name"),
        _number("ring_pattern"),
        *(_flag(name) for name in ("confirm", "ringback", "introduction")),
        _text("introduction_playlist", 80),
        *(_flag(name) for name in ("skip_introduction", "announce_position", "announce_wait")),
        *(_number(name) for name in ("announce_s", "default_wait_s", "comfort_s")),
        _text("comfort_playlist", 80),
        _flag("music"),
        _text("music_playlist", 80),
        _text("infotainment_playlist", 80),
        *(column for name in _DESTINATIONS for column in _destination(name)),
        sa.Column("forward_also", sa.JSON(), nullable=False),
        sa.Column("nobody_also", sa.JSON(), nullable=False),
        _number("forward_after_s"),
        *(_flag(name) for name in ("individual_forwarding", "forced", "forced_by_code", "night_forced")),
        _flag("night_by_code"),
        _text("holiday", 24),
        sa.Column("holiday_id", sa.Integer(), nullable=True),
        _text("night", 24),
        sa.Column("office_schedule_id", sa.Integer(), nullable=True),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        *(_needs_extension(name) for name in _DESTINATIONS),
        *(_is_extension("queues", f"{name}_extension") for name in _DESTINATIONS),
        _is_extension("queues", "extension"),
        sa.ForeignKeyConstraint(
            ["company_id"], ["companies.id"], name=op.f("fk_queues_company_id"), ondelete="CASCADE"
        ),
        *(
            sa.ForeignKeyConstraint([column], [f"{table}.id"], name=op.f(f"fk_queues_{column}"), ondelete="NO ACTION")
            for column, table in _REFERENCES
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_queues")),
        sa.UniqueConstraint("company_id", "extension", name=op.f("uq_queues_company_id_extension")),
        sqlite_autoincrement=True,
    )
    for column in ("company_id", *(column for column, _ in _REFERENCES)):
        op.create_index(op.f(f"ix_queues_{column}"), "queues", [column], unique=False)


def _create_members() -> None:
    op.create_table(
        "queue_members",
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("queue_id", sa.Integer(), nullable=False),
        sa.Column("extension", sa.String(length=15), nullable=True),
        _number("position"),
        *(_flag(name) for name in ("logged_in", "joined")),
        _number("share"),
        *(sa.Column(name, sa.Integer(), nullable=True) for name in ("ring_s", "wrap_up_s", "weight")),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        _is_extension("queue_members", "extension", "CASCADE"),
        sa.ForeignKeyConstraint(
            ["company_id"], ["companies.id"], name=op.f("fk_queue_members_company_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["queue_id"], ["queues.id"], name=op.f("fk_queue_members_queue_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_queue_members")),
        sa.UniqueConstraint(
            "company_id", "queue_id", "extension", name=op.f("uq_queue_members_company_id_queue_id_extension")
        ),
        sqlite_autoincrement=True,
    )
    for column in ("company_id", "queue_id"):
        op.create_index(op.f(f"ix_queue_members_{column}"), "queue_members", [column], unique=False)


def _text(name: str, length: int) -> sa.Column[str]:
    return sa.Column(name, sa.String(length=length), nullable=False)


def _flag(name: str) -> sa.Column[bool]:
    return sa.Column(name, sa.Boolean(), nullable=False)


def _number(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer(), nullable=False)


def _destination(name: str) -> tuple[sa.Column[str], sa.Column[str], sa.Column[str]]:
    return (
        _text(f"{name}_kind", 16),
        sa.Column(f"{name}_extension", sa.String(length=15), nullable=True),
        _text(f"{name}_number", 40),
    )


def _needs_extension(name: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(
        f"({name}_kind <> 'extension') OR ({name}_extension IS NOT NULL)", name=op.f(f"ck_queues_{name}")
    )


def _is_extension(table: str, column: str, gone: str = "NO ACTION") -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["company_id", column],
        ["extensions.company_id", "extensions.number"],
        name=op.f(f"fk_{table}_company_id_{column}"),
        onupdate="CASCADE",
        ondelete=gone,
    )
