"""Lists: pages, filters, search and order; and what they must not give away."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from api_rig import Api

from kiestoon.company.model import Department, User
from kiestoon.store.write import changing


@pytest.fixture
def people(api: Api) -> None:
    """A hundred people more, in no order of name."""
    with changing(api.database, api.vault, acting_user="test") as changes:
        for number in range(100):
            changes.add(
                User(
                    id=0,
                    company_id=api.organisation.company_id,
                    extension=f"5{number:02}",
                    name=f"Person {number * 37 % 100:02}",
                    email=f"p{number}@bakery.example",
                    profile="mobile" if number % 2 else "fixed",
                )
            )


async def read_all(client: httpx.AsyncClient, path: str, **params: Any) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    cursor: str | None = ""
    while cursor is not None:
        page = (await client.get(path, params={**params, **({"cursor": cursor} if cursor else {})})).json()
        items += page["items"]
        cursor = page["next"]
    return items


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize("sort", ["id", "-id", "name", "-name", "extension", "profile", "-location_id", "call_waiting"])
async def test_pages_hold_every_row_once_and_in_order(api: Api, sort: str) -> None:
    items = await read_all(api.of("company"), api.path("users"), limit=7, sort=sort)
    assert len({item["id"] for item in items}) == len(items) == 104
    field = sort.removeprefix("-")
    keys = [(item[field] or 0 if field.endswith("id") else item[field], item["id"]) for item in items]
    assert keys == sorted(keys, reverse=sort.startswith("-"))


@pytest.mark.usefixtures("people")
async def test_rows_that_come_and_go_meanwhile_hide_no_others(api: Api) -> None:
    client, path = api.of("company"), api.path("users")
    first = (await client.get(path, params={"limit": 50, "sort": "name"})).json()
    await client.delete(f"{path}/{first['items'][3]['id']}")
    await client.post(path, json={"extension": "299", "name": "Aaa"})
    rest = await read_all(client, path, limit=50, sort="name", cursor=first["next"])
    second = (await client.get(path, params={"limit": 200, "sort": "name", "cursor": first["next"]})).json()
    assert second["items"] == rest[: len(second["items"])]
    assert not {item["id"] for item in first["items"]} & {item["id"] for item in second["items"]}
    assert len(second["items"]) == 54


@pytest.mark.usefixtures("people")
async def test_lists_are_filtered_by_any_plain_field(api: Api) -> None:
    client, path = api.of("company"), api.path("users")

    async def found(**params: Any) -> int:
        return len((await client.get(path, params={"limit": 200, **params})).json()["items"])

    assert await found(extension="507") == 1
    assert await found(extension=["507", "508", "999"]) == 2
    assert await found(profile="mobile") == 50
    assert await found(profile="mobile", extension="507") == 1
    assert await found(location_id=api.organisation.own["locations"]) == 2
    assert await found(location_id="null") == 100
    assert await found(location_id=["null", str(api.organisation.own["locations"])]) == 102
    assert await found(do_not_disturb="true") == 0
    assert await found(email="") == 2


@pytest.mark.usefixtures("people")
async def test_search_looks_in_names_numbers_and_addresses(api: Api) -> None:
    client, path = api.of("company"), api.path("users")

    async def found(text: str) -> set[str]:
        items = (await client.get(path, params={"limit": 200, "q": text})).json()["items"]
        return {item["extension"] for item in items}

    assert await found("p42@BAKERY") == {"542"}
    assert await found("542") == {"542"}
    assert await found("sAM") == {"201", "301"}
    assert await found("100%") == await found("_") == await found("'; --") == set()


async def test_an_operator_finds_companies_by_name_id_and_account_number(api: Api) -> None:
    client, own = api.of("operator"), api.organisation.company_id
    for text in ("bakery", str(own), "K-100", "bakery.ex"):
        items = (await client.get("/api/v1/companies", params={"q": text})).json()["items"]
        assert [item["id"] for item in items] == [own], text
    assert len((await client.get("/api/v1/companies")).json()["items"]) == 2


@pytest.mark.parametrize(
    ("params", "field", "code"),
    [
        ({"limit": "0"}, "limit", "out_of_range"),
        ({"limit": "201"}, "limit", "out_of_range"),
        ({"limit": "x"}, "limit", "out_of_range"),
        ({"sort": "secret"}, "sort", "not_a_choice"),
        ({"colour": "red"}, "colour", "unknown_field"),
        ({"secret": "x"}, "secret", "unknown_field"),
        ({"call_limit": "many"}, "call_limit", "wrong_form"),
        ({"active": "maybe"}, "active", "wrong_form"),
        ({"user_id": "9" * 30}, "user_id", "wrong_form"),
        ({"cursor": "nonsense"}, "cursor", "bad_cursor"),
        ({"cursor": "WzEsMiwzXQ"}, "cursor", "bad_cursor"),
        ({"cursor": "WyJpZCIsMSw5OTk5OTk5OTk5OTk5OTk5OTk5OV0"}, "cursor", "bad_cursor"),
    ],
)
async def test_wrong_parameters_are_named(api: Api, params: dict[str, str], field: str, code: str) -> None:
    response = await api.of("company").get(api.path("devices"), params=params)
    assert response.status_code in {400, 422}
    assert [(error["field"], error["code"]) for error in response.json()["errors"]] == [(field, code)]


async def test_a_cursor_of_another_order_is_refused(api: Api) -> None:
    client, path = api.of("company"), api.path("users")
    page = (await client.get(path, params={"limit": 1, "sort": "name"})).json()
    refused = await client.get(path, params={"sort": "id", "cursor": page["next"]})
    assert refused.status_code == 400


async def test_what_is_not_seen_is_not_found_by_filter_search_or_order_either(api: Api) -> None:
    """Sam of the other site is in the directory, Sam's address is not for a user of this one."""
    client, path = api.of("user"), api.path("users")
    other = api.organisation.other["users"]

    async def ids(**params: Any) -> list[int]:
        return [item["id"] for item in (await client.get(path, params=params)).json()["items"]]

    assert other in await ids()
    assert other in await ids(q="Sam 3")
    assert other in await ids(extension="301")
    assert other not in await ids(q="sam3@bakery")
    assert other not in await ids(email="sam3@bakery.example")
    assert other not in await ids(ring_s="60")
    assert other not in await ids(sort="email")
    assert api.organisation.own["users"] in await ids(email="sam2@bakery.example")


async def test_people_outside_the_directory_are_seen_by_their_administrators_only(api: Api) -> None:
    other = api.path("users", api.organisation.other["users"])
    await api.of("company").patch(other, json={"in_directory": False}, headers={"If-Match": "*"})
    assert (await api.of("user").get(other)).status_code == 404
    assert (await api.of("location").get(other)).status_code == 404
    assert (await api.of("company").get(other)).status_code == 200


async def test_a_department_administrator_reaches_inner_departments_to_any_depth(api: Api) -> None:
    company_id, top = api.organisation.company_id, api.organisation.own["departments"]
    with changing(api.database, api.vault, acting_user="test") as changes:
        inner = top
        for depth in range(5):
            inner = changes.add(Department(id=0, company_id=company_id, name=f"Level {depth}", parent_id=inner)).id
        deep = changes.add(User(id=0, company_id=company_id, extension="288", name="Deep", department_id=inner))
    path = api.path("users", deep.id)
    client = api.of("department")
    assert (await client.patch(path, json={"name": "Deeper"}, headers={"If-Match": "*"})).status_code == 200
    moved = await client.patch(path, json={"department_id": None}, headers={"If-Match": "*"})
    assert moved.status_code == 403
    assert (await client.get(path)).json()["department_id"] == inner


async def test_an_administrator_without_a_place_reaches_nothing(api: Api) -> None:
    import msgspec

    for role in ("location", "department", "user"):
        api.principals["lost"] = msgspec.structs.replace(
            api.principals[role], location_id=None, department_id=None, user_id=None
        )
        items = (await api.of("lost").get(api.path("rules"))).json()["items"]
        items += (await api.of("lost").get(api.path("devices"))).json()["items"]
        assert items == []


async def test_nobody_moves_a_row_into_or_out_of_reach(api: Api) -> None:
    client = api.of("location")
    here, there = api.organisation.own["locations"], api.organisation.other["locations"]
    new = {"extension": "299", "name": "Kim"}
    assert (await client.post(api.path("users"), json=new)).status_code == 403
    assert (await client.post(api.path("users"), json={**new, "location_id": there})).status_code == 403
    created = await client.post(api.path("users"), json={**new, "location_id": here})
    assert created.status_code == 201
    path = created.headers["location"]
    assert (await client.patch(path, json={"location_id": there}, headers={"If-Match": "*"})).status_code == 403


async def test_people_refer_to_their_own_schedules_only(api: Api) -> None:
    client = api.of("user")
    rule = {"service": "selective_accept", "name": "Day", "extension": "201"}
    own, other = api.organisation.own["schedules"], api.organisation.other["schedules"]
    refused = await client.post(api.path("rules"), json={**rule, "schedule_id": other})
    unknown = await client.post(api.path("rules"), json={**rule, "schedule_id": 4711})
    assert refused.status_code == unknown.status_code == 422
    assert [error["field"] for error in refused.json()["errors"]] == ["schedule_id"]
    assert (await client.post(api.path("rules"), json={**rule, "schedule_id": own})).status_code == 201


async def test_people_change_a_few_fields_of_themselves_only(api: Api) -> None:
    client, path = api.of("user"), api.path("users", api.organisation.own["users"])
    match = {"If-Match": "*"}
    assert (await client.patch(path, json={"do_not_disturb": True}, headers=match)).status_code == 200
    refused = await client.patch(path, json={"is_supervisor": True, "extension": "299"}, headers=match)
    assert refused.status_code == 403
    assert {error["field"] for error in refused.json()["errors"]} == {"extension", "is_supervisor"}
    assert not (await client.get(path)).json()["is_supervisor"]


async def test_a_forwarding_by_status_that_is_locked_stays(api: Api) -> None:
    path = api.path("status_forwards", api.organisation.own["status_forwards"])
    await api.of("company").patch(path, json={"locked": True}, headers={"If-Match": "*"})
    client = api.of("user")
    assert (await client.patch(path, json={"to": {"kind": "none"}}, headers={"If-Match": "*"})).status_code == 403
    assert (await client.delete(path)).status_code == 403
    assert (await client.get(path)).json()["locked"]


@pytest.mark.parametrize("role", ["department", "user"])
async def test_a_list_in_the_order_of_what_one_may_not_see_holds_only_rows_one_sees_whole(api: Api, role: str) -> None:
    answer = await api.of(role).get(api.path("locations"), params={"sort": "region"})
    assert answer.status_code == 200, answer.text
    assert answer.json()["items"] == []
