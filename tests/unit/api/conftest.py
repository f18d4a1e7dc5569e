"""A web application over a real database, and somebody of every role to ask it things.

``api`` is a company of two locations with departments and people; ``api.of(role)`` is a client of somebody with that
role. Who somebody is, is said by overriding ``authenticated``: how one logs in is tested elsewhere.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from api_rig import Api

from kiestoon.store.database import Database, sqlite_url
from kiestoon.store.installation import prepare
from kiestoon.store.keys import Vault


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return Database(sqlite_url(tmp_path / "kiestoon.db"))


@pytest.fixture
def vault(database: Database, tmp_path: Path) -> Vault:
    return prepare(database, tmp_path / "installation.key")


@pytest.fixture
async def api(database: Database, vault: Vault) -> AsyncIterator[Api]:
    made = Api(database, vault)
    yield made
    await made.close()
    database.close()
