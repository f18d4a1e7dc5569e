"""A database with a company, its webhooks, and a clock that is stepped."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from notify_rig import Installation


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    made = Installation(tmp_path)
    yield made
    made.database.close()
