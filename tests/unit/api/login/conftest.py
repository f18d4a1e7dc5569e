"""An installation with a web application over it, on SQLite and on PostgreSQL, and a browser."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import httpx
import pytest
from login_house import House

from kiestoon.store.database import Database


@pytest.fixture(scope="session")
def kept_house(tmp_path_factory: pytest.TempPathFactory) -> House:
    return House(tmp_path_factory.mktemp("house") / "installation.key")


@pytest.fixture(params=["sqlite", "postgresql"])
def house(request: pytest.FixtureRequest, kept_house: House) -> House:
    emptied: Callable[[], Database] = request.getfixturevalue(f"kept_{request.param}")
    kept_house.begin(emptied())
    return kept_house


@pytest.fixture
async def browser(house: House) -> AsyncIterator[httpx.AsyncClient]:
    async with house.client() as client:
        yield client
