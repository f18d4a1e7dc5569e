"""An installation in a temporary folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from kiestoon.store.database import Database, sqlite_url
from kiestoon.store.installation import prepare
from kiestoon.store.keys import Vault


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return Database(sqlite_url(tmp_path / "kiestoon.db"))


@pytest.fixture
def vault(database: Database, tmp_path: Path) -> Vault:
    return prepare(database, tmp_path / "installation.key")
