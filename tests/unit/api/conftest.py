"""A web application over a real database, and somebody of every role to ask it things.

``api`` is a company of two locations with departments and people; ``api.of(role)`` is a client of somebody with that
role. Who somebody is, is said by overriding ``logged_in``: how one logs in is tested elsewhere.
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


@pytest.fixture(scope="session")
def kept_database(tmp_path_factory: pytest.TempPathFactory) -> Database:
    """One engine for all tests: what SQLAlchemy has compiled once is not compiled for each of them."""
    return Database(sqlite_url(tmp_path_factory.mktemp("database") / "kiestoon.db"))


@pytest.fixture
def database(installation: tuple[Path, Organisation], kept_database: Database) -> Database:
    """The installation as it was made, whatever the test before has done to it."""
    kept_database.engine.dispose()
    path = Path(kept_database.place)
    for rest in path.parent.glob("kiestoon.db*"):
        rest.unlink()
    shutil.copy(installation[0] / "kiestoon.db", path)
    return kept_database


@pytest.fixture
def vault(installation: tuple[Path, Organisation]) -> Vault:
    return load_vault(installation[0] / "installation.key")


@pytest.fixture
def organisation(installation: tuple[Path, Organisation]) -> Organisation:
    return installation[1]


@pytest.fixture(scope="session")
def kept_api(
    kept_database: Database, installation: tuple[Path, Organisation], tmp_path_factory: pytest.TempPathFactory
) -> Api:
    recordings = tmp_path_factory.mktemp("recordings")
    return Api(kept_database, load_vault(installation[0] / "installation.key"), installation[1], recordings)


@pytest.fixture
async def api(kept_api: Api, database: Database) -> AsyncIterator[Api]:
    kept_api.begin()
    yield kept_api
    await kept_api.end()
