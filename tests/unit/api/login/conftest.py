"""An installation with a web application over it, and a browser."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest
from login_house import House


@pytest.fixture(scope="session")
def kept_house(tmp_path_factory: pytest.TempPathFactory) -> House:
    return House(tmp_path_factory.mktemp("house"))


@pytest.fixture
def house(kept_house: House) -> House:
    kept_house.begin()
    return kept_house


@pytest.fixture
async def browser(house: House) -> AsyncIterator[httpx.AsyncClient]:
    async with house.client() as client:
        yield client
