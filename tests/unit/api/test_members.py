"""Assigning people to a department, by its own administrator too (ORG-2, V 31.3)."""

from __future__ import annotations

from typing import Any

import pytest
from api_rig import Api


async def new_person(api: Api, extension: str = "290", **fields: Any) -> int:
    """Somebody at the location administered, in no department."""
    body = {"extension": extension, "name": "New", "location_id": api.organisation.own["locations"], **fields}
    answer = await api.of("company").post(api.path("users"), json=body)
    assert answer.status_code == 201, answer.text
    return int(answer.json()["id"])


def members(api: Api, which: str = "own") -> str:
    return api.path(f"departments/{getattr(api.organisation, which)['departments']}/members")


@pytest.mark.parametrize("role", ["department", "location", "company", "operator"])
async def test_an_administrator_takes_a_person_in_and_lets_one_go(api: Api, role: str) -> None:
    person, client = await new_person(api), api.of(role)
    taken = await client.post(members(api), json={"user_id": person})
    assert taken.status_code == 200, taken.text
    assert taken.json()["department_id"] == api.organisation.own["departments"]
    assert (await client.get(api.path("users", person))).json()["department_id"] is not None
    assert (await client.delete(f"{members(api)}/{person}")).status_code == 204
    row = (await api.of("company").get(api.path("users", person))).json()
    assert (row["department_id"], row["location_id"]) == (None, api.organisation.own["locations"])


async def test_a_departments_administrator_takes_nobody_from_elsewhere(api: Api) -> None:
    client = api.of("department")
    elsewhere = await new_person(api, "390", location_id=api.organisation.other["locations"])
    nowhere = await new_person(api, "291", location_id=None)
    in_another = api.organisation.other["users"]
    for user_id in (elsewhere, nowhere, in_another, 987):
        refused = await client.post(members(api), json={"user_id": user_id})
        assert (refused.status_code, refused.json()["errors"][0]["code"]) == (422, "unknown_reference"), user_id
    assert (await client.post(members(api, "other"), json={"user_id": await new_person(api)})).status_code == 403


async def test_a_department_takes_nobody_of_another_location_from_whoever_asks(api: Api) -> None:
    elsewhere = await new_person(api, "390", location_id=api.organisation.other["locations"])
    refused = await api.of("company").post(members(api), json={"user_id": elsewhere})
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (422, "other_location")


async def test_only_who_is_in_a_department_is_taken_out_of_it(api: Api) -> None:
    assert (await api.of("company").delete(f"{members(api)}/{await new_person(api)}")).status_code == 404
    assert (await api.of("user").delete(f"{members(api)}/{api.organisation.own['users']}")).status_code == 403


async def test_who_is_in_a_department_only_is_at_its_location(api: Api) -> None:
    """The location's administrator reaches such a person, and the log of what is done to one."""
    own = api.organisation.own
    body = {"extension": "292", "name": "Indoors", "department_id": own["departments"]}
    person = (await api.of("company").post(api.path("users"), json=body)).json()["id"]
    local = api.of("location")
    changed = await local.patch(api.path("users", person), json={"ring_s": 20}, headers={"If-Match": "*"})
    assert changed.status_code == 200, changed.text
    pin = await local.post(api.path(f"users/{person}/pin"), json={})
    assert pin.status_code == 200, pin.text
    log = (await local.get(api.path("activity"), params={"limit": 3})).json()["items"]
    assert [(entry["action"], entry["row_id"]) for entry in log] == [
        ("pin_set", person), ("updated", person), ("added", person),
    ]  # fmt: skip
