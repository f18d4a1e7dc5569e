"""A web application over a real database, and somebody of every role to ask it things.

``api`` is a company of two locations with departments and people; ``api.of(role)`` is a client of somebody with that
role. Who somebody is, is said by overriding ``authenticated``: how one logs in is tested elsewhere.
"""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from api_organisation import Organisation, make_organisation
from api_rig import Api

from kiestoon.store.database import Database, sqlite_url
from kiestoon.store.installation import prepare
from kiestoon.store.keys import Vault, load_vault


@pytest.fixture(scope="session")
def installation(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Organisation]:
    """Database, key and company, made once; tests work on copies."""
    folder = tmp_path_factory.mktemp("installation")
    database = Database(sqlite_url(folder / "kiestoon.db"))
    vault = prepare(database, folder / "installation.key")
    organisation = make_organisation(database, vault)
    database.close()
    return folder, organisation


@pytest.fixture
def database(installation: tuple[Path, Organisation], tmp_path: Path) -> Database:
    shutil.copytree(installation[0], tmp_path, dirs_exist_ok=True)
    return Database(sqlite_url(tmp_path / "kiestoon.db"))


@pytest.fixture
def vault(database: Database, tmp_path: Path) -> Vault:
    return load_vault(tmp_path / "installation.key")


@pytest.fixture
def organisation(installation: tuple[Path, Organisation]) -> Organisation:
    return installation[1]


@pytest.fixture
async def api(database: Database, vault: Vault, organisation: Organisation) -> AsyncIterator[Api]:
    made = Api(database, vault, organisation)
    yield made
    await made.close()
    database.close()
