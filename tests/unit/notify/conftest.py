"""A company, its webhooks, and a clock that is stepped, on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from notify_rig import Installation

from kiestoon.store.database import Database


@pytest.fixture(params=["sqlite", "postgresql"])
def installation(request: pytest.FixtureRequest, tmp_path: Path) -> Installation:
    emptied: Callable[[], Database] = request.getfixturevalue(f"kept_{request.param}")
    return Installation(emptied(), tmp_path)
