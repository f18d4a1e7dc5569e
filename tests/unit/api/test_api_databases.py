"""SQLite and PostgreSQL answer alike: lists in every order, filters, searches, whatever somebody reaches."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
from api_organisation import make_organisation
from api_rig import Api

from kiestoon.api.resources.queries import filterable, searched
from kiestoon.company.model import ENTITIES, Entity
from kiestoon.store.database import Database
from kiestoon.store.installation import prepare

ROLES = ("operator", "company", "location", "department", "user", "planner")


@pytest.fixture(scope="module")
def on_postgresql(
    kept_postgresql: Callable[[], Database], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Database, Api]]:
    """The same organisation there; tests here only read."""
    database = kept_postgresql()
    vault = prepare(database, tmp_path_factory.mktemp("key") / "installation.key")
    yield database, Api(database, vault, make_organisation(database, vault))
    kept_postgresql()


@pytest.fixture
async def both(api: Api, on_postgresql: tuple[Database, Api]) -> AsyncIterator[tuple[Api, Api]]:
    _, other = on_postgresql
    other.begin()
    yield api, other
    await other.end()


def queries(entity: Entity) -> Iterator[dict[str, Any]]:
    """Every order, a filter by every field, and a search where there is one."""
    yield {}
    for name in filterable(entity):
        yield {"sort": name}
        yield {"sort": f"-{name}", "limit": 1}
        yield {name: "null"} if filterable(entity)[name].optional else {"sort": name, "limit": 1}
    if searched(entity):
        yield {"q": "Sa", "sort": searched(entity)[0]}
        yield {"q": "%_\\"}


async def answer(api: Api, role: str, path: str, params: dict[str, Any]) -> tuple[int, Any]:
    response = await api.of(role).get(path, params=params)
    return response.status_code, response.json()


@pytest.mark.parametrize("entity", ENTITIES, ids=lambda entity: entity.table)
async def test_lists_are_the_same(both: tuple[Api, Api], entity: Entity) -> None:
    one, other = both
    assert one.organisation == other.organisation
    path = one.path(entity.table)
    for role in ROLES:
        for params in queries(entity) if role == "company" else ({},):
            here, there = await answer(one, role, path, params), await answer(other, role, path, params)
            assert here == there, f"{role} {params}"


@pytest.mark.parametrize("entity", ENTITIES, ids=lambda entity: entity.table)
async def test_pages_follow_one_another_alike(both: tuple[Api, Api], entity: Entity) -> None:
    one, other = both
    for order in list(filterable(entity))[:3]:
        params: dict[str, Any] = {"limit": 1, "sort": f"-{order}"}
        for _ in range(3):
            here = await answer(one, "company", one.path(entity.table), params)
            assert here == await answer(other, "company", one.path(entity.table), params)
            if here[1]["next"] is None:
                break
            params["cursor"] = here[1]["next"]


async def test_overviews_are_the_same(both: tuple[Api, Api]) -> None:
    one, other = both
    places: list[tuple[str, dict[str, Any]]] = [
        ("directory", {"q": "sam"}),
        ("directory", {"department_id": one.organisation.own["departments"]}),
        ("extensions", {"limit": 5}),
        ("licences", {}),
        ("number-assignments", {"q": "Kim"}),
        (f"locations/{one.organisation.own['locations']}/dashboard", {}),
        ("accounts", {"sort": "-login", "q": "x"}),
    ]
    for role in ("company", "location"):
        for path, params in places:
            here, there = [await answer(api, role, one.path(path), params) for api in both]
            assert here == there, path
    for params in ({"q": "Sam"}, {"action": "added", "limit": 3}, {"table": "users"}):
        here, there = [await answer(api, "company", one.path("activity"), params) for api in both]
        assert [entry["row"] for entry in here[1]["items"]] == [entry["row"] for entry in there[1]["items"]]
        assert here[1]["items"]
