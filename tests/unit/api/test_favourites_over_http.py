"""Favourites over the API: kept in groups, shown with what call control says of the lines (UC-4, U 4.2.2)."""

from __future__ import annotations

from typing import Any

import pytest
from api_rig import Api

from kiestoon.api import favourites
from kiestoon.operator_error import OperatorError
from kiestoon.store.rules.favourites import MOST

BUSY = {
    "user_id": 7, "name": "Sam", "line": {"state": "busy", "outside": True, "take": None}, "presence": None,
    "do_not_disturb": None, "forwarded": None, "reachable": True,
}  # fmt: skip


async def add(api: Api, table: str, **values: Any) -> dict[str, Any]:
    answer = await api.of("user").post(api.path(table), json=values)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def group(api: Api, name: str, position: int = 0) -> int:
    added = await add(api, "favourite_groups", user_id=api.organisation.own["users"], name=name, position=position)
    return int(added["id"])


async def shown(api: Api, role: str = "user", user_id: int | None = None) -> dict[str, Any]:
    answer = await api.of(role).get(api.path(f"users/{user_id or api.organisation.own['users']}/favourites"))
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_groups_and_favourites_come_in_the_persons_order_and_colleagues_with_their_lines(api: Api) -> None:
    later, sooner = await group(api, "Later", 9), await group(api, "Sooner", 1)
    await add(api, "favourites", group_id=sooner, number="0612345678", name="Plumber", position=2)
    await add(api, "favourites", group_id=sooner, extension="301", position=1)
    await add(api, "favourites", group_id=later, extension="301", name="My mate")

    async def ask(command: str, **arguments: Any) -> Any:
        if command != "live_lines":
            return None
        assert arguments["user_id"] == api.organisation.own["users"]
        return {extension: BUSY for extension in arguments["extensions"] if extension == "301"}

    api.backend.ask = ask
    found = await shown(api)
    assert found["live"]
    groups = {each["name"]: each["items"] for each in found["items"]}
    assert [*groups] == ["Front office", "Sooner", "Later"]
    colleague, plumber = groups["Sooner"]
    assert {name: colleague[name] for name in BUSY} == BUSY
    assert (plumber["name"], plumber["number"], plumber["extension"]) == ("Plumber", "0612345678", None)
    assert (plumber["line"], plumber["presence"], plumber["user_id"]) == (None, None, None)
    assert [each["name"] for each in groups["Later"]] == ["My mate"]


async def test_without_call_control_they_are_shown_all_the_same(api: Api) -> None:
    async def ask(command: str, **arguments: Any) -> Any:
        raise OperatorError("The exchange does not run", "Start it")

    api.backend.ask = ask
    found = await shown(api)
    assert not found["live"]
    ((favourite,),) = (each["items"] for each in found["items"])
    row = await api.of("user").get(api.path("users", api.organisation.own["users"]))
    assert (favourite["extension"], favourite["name"], favourite["line"]) == ("201", row.json()["name"], None)


async def test_nobody_else_sees_them(api: Api) -> None:
    own = api.organisation.own["users"]
    for role in ("location", "department"):
        assert (await api.of(role).get(api.path(f"users/{own}/favourites"))).status_code == 403
    other = api.organisation.other["users"]
    assert (await api.of("user").get(api.path(f"users/{other}/favourites"))).status_code == 404
    assert (await shown(api, "company"))["items"]


async def test_a_favourite_is_an_extension_or_a_number_and_in_a_group_once(api: Api) -> None:
    mine = await group(api, "Mine")
    for wrong in ({}, {"extension": "301", "number": "0612345678"}, {"number": "call me"}, {"extension": "999"}):
        answer = await api.of("user").post(api.path("favourites"), json={"group_id": mine, **wrong})
        assert answer.status_code in (409, 422), (wrong, answer.text)
    for twice in ({"extension": "301"}, {"number": "0612345678"}):
        await add(api, "favourites", group_id=mine, **twice)
        answer = await api.of("user").post(api.path("favourites"), json={"group_id": mine, **twice})
        assert answer.status_code in (409, 422), answer.text


async def test_a_group_has_room_for_as_many_as_a_screen_can_show(api: Api) -> None:
    mine = await group(api, "Mine")
    rows = [{"group_id": mine, "number": f"06{number:08}"} for number in range(MOST)]
    for row in rows:
        await add(api, "favourites", **row)
    answer = await api.of("user").post(api.path("favourites"), json={"group_id": mine, "number": "0699999999"})
    assert answer.status_code in (409, 422)


async def test_call_control_is_asked_for_so_many_at_once_only_that_calls_do_not_wait(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(favourites, "AT_ONCE", 1)
    await add(api, "favourites", group_id=await group(api, "Mine"), extension="301")
    asked: list[list[str]] = []

    async def ask(command: str, **arguments: Any) -> Any:
        if command == "live_lines":
            asked.append(arguments["extensions"])
            return {each: {**BUSY, "name": each} for each in arguments["extensions"]}
        return None

    api.backend.ask = ask
    found = await shown(api)
    assert asked == [["201"], ["301"]]
    assert [item["name"] for each in found["items"] for item in each["items"]] == ["201", "301"]


async def test_a_group_that_is_removed_takes_its_favourites_along(api: Api) -> None:
    mine = await group(api, "Mine")
    added = await add(api, "favourites", group_id=mine, extension="301")
    gone = await api.of("user").delete(api.path("favourite_groups", mine), params={"version": 1})
    assert gone.status_code == 204, gone.text
    assert (await api.of("user").get(api.path("favourites", added["id"]))).status_code == 404
