"""Dashboard of a location, licences, numbers with whom they belong to (ORG-9, ORG-11, ORG-12)."""

from __future__ import annotations

from typing import Any

import pytest
from api_rig import Api

from kiestoon.operator_error import OperatorError


def base(api: Api) -> str:
    return f"/api/v1/companies/{api.organisation.company_id}"


async def dashboard(api: Api, role: str = "company", which: str = "own") -> Any:
    place = getattr(api.organisation, which)["locations"]
    return await api.of(role).get(f"{base(api)}/locations/{place}/dashboard")


def live(api: Api, *registered: str, calls: tuple[str, ...] = ()) -> None:
    company_id = api.organisation.company_id

    async def ask(command: str, **arguments: Any) -> Any:
        if command == "registrations":
            return [{"domain": "bakery.example", "username": name} for name in registered] + [
                {"domain": "butcher.example", "username": "phone-2"}
            ]
        return [{"company_id": company_id, "legs": [{"number": number, "state": "answered"} for number in calls]}]

    api.backend.ask = ask


async def test_the_dashboard_shows_phones_calls_and_services(api: Api) -> None:
    live(api, "phone-2", calls=("201", "+31612345678"))
    body = (await dashboard(api)).json()
    assert body["live"] is True
    sam = next(item for item in body["items"] if item["extension"] == "201")
    assert (sam["online"], sam["calls"], sam["account_id"]) == (True, 1, None)
    assert sam["phones"] == [{"username": "phone-2", "registered": True}]
    assert {"service": "forward", "detail": "busy → 0612345678"} in sam["services"]
    assert {"service": "selective_reject", "detail": ""} in sam["services"]
    assert {item["table"] for item in body["items"]} >= {"users", "menus", "hunt_groups"}
    assert all(item["extension"].startswith("2") for item in body["items"])


async def test_a_phone_of_the_same_name_in_another_company_does_not_count(api: Api) -> None:
    live(api)
    sam = next(item for item in (await dashboard(api)).json()["items"] if item["extension"] == "201")
    assert sam["online"] is False


async def test_without_the_exchange_states_are_unknown_and_the_rest_is_there(api: Api) -> None:
    async def down(command: str, **arguments: Any) -> Any:
        raise OperatorError("No exchange", "Start it")

    api.backend.ask = down
    body = (await dashboard(api)).json()
    assert body["live"] is False
    assert all(item["online"] is None and item["calls"] is None for item in body["items"])


@pytest.mark.parametrize(
    ("role", "which", "status"), [("location", "own", 200), ("location", "other", 403), ("user", "own", 403)]
)
async def test_a_dashboard_is_for_administrators_of_the_location(api: Api, role: str, which: str, status: int) -> None:
    live(api)
    assert (await dashboard(api, role, which)).status_code == status


async def departments_dashboard(api: Api, role: str, department_id: int) -> Any:
    return await api.of(role).get(f"{base(api)}/departments/{department_id}/dashboard")


async def test_a_departments_administrator_sees_the_own_department_with_those_inside_it(api: Api) -> None:
    live(api, "phone-2", calls=("201",))
    own = api.organisation.own["departments"]
    body = (await departments_dashboard(api, "department", own)).json()
    assert (body["department_id"], body["location_id"]) == (own, api.organisation.own["locations"])
    assert body["items"]
    company = {item["extension"]: item for item in (await dashboard(api)).json()["items"]}
    assert all(item == company[item["extension"]] for item in body["items"])
    inner = await api.of("company").post(
        api.path("departments"), json={"name": "Inner", "parent_id": own, "location_id": body["location_id"]}
    )
    assert (await departments_dashboard(api, "department", inner.json()["id"])).json()["items"] == []
    moved = await api.of("company").post(
        api.path("users"), json={"extension": "288", "name": "Kim", "department_id": inner.json()["id"]}
    )
    assert moved.status_code == 201, moved.text
    items = (await departments_dashboard(api, "department", own)).json()["items"]
    assert len(items) == len(body["items"]) + 1


@pytest.mark.parametrize(
    ("role", "which", "status"),
    [("location", "own", 200), ("location", "other", 403), ("department", "other", 403), ("user", "own", 403)],
)
async def test_a_departments_dashboard_is_for_those_who_administer_it(
    api: Api, role: str, which: str, status: int
) -> None:
    live(api)
    department_id = getattr(api.organisation, which)["departments"]
    assert (await departments_dashboard(api, role, department_id)).status_code == status
    assert (await departments_dashboard(api, role, 987654)).status_code in {403, 404}


async def test_an_administrator_of_a_department_sees_the_numbers_of_the_department_and_its_people(api: Api) -> None:
    department, everybody = await numbers(api, "department"), await numbers(api)
    items = (await departments_dashboard(api, "company", api.organisation.own["departments"])).json()["items"]
    extensions = {item["extension"] for item in items}
    theirs = [
        number
        for number in everybody
        if number["department_id"] == api.organisation.own["departments"]
        or {number["extension"], *(plan["extension"] for plan in number["plans"])} & extensions
    ]
    assert department == theirs
    assert 0 < len(department) < len(everybody)


async def test_licences_are_counted_for_company_and_location(api: Api) -> None:
    answer = await api.of("company").get(f"{base(api)}/licences")
    packs = {pack["name"]: pack for pack in answer.json()["items"]}
    assert (packs["Pack 2"]["licences"], packs["Pack 2"]["used"], packs["Pack 2"]["free"]) == (10, 1, 9)
    assert packs["Pack 2"]["extensions"] == ["201"]
    mine = {
        pack["name"]: pack["used"] for pack in (await api.of("location").get(f"{base(api)}/licences")).json()["items"]
    }
    assert mine == {"Pack 2": 1, "Pack 3": 0}


async def numbers(api: Api, role: str = "company", **params: Any) -> list[dict[str, Any]]:
    answer = await api.of(role).get(f"{base(api)}/number-assignments", params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()["items"]


async def test_numbers_say_whom_they_belong_to(api: Api) -> None:
    found = {number["e164"]: number for number in await numbers(api)}
    assert (found["+31205550101"]["kind"], found["+31205550101"]["name"]) == ("personal", "Sam 2")
    assert found["+31205550102"]["plans"] == [{"scheme": "Scheme 2", "plan": "Day", "extension": "201"}]
    assert (found["+31205550103"]["kind"], found["+31205550103"]["extension"]) == ("alternate", "201")


@pytest.mark.parametrize(
    ("params", "count"),
    [({"kind": "plan"}, 2), ({"kind": "free"}, 0), ({"q": "sam 3"}, 2), ({"q": "5550101"}, 1), ({"limit": 4}, 4)],
)
async def test_numbers_are_filtered(api: Api, params: dict[str, Any], count: int) -> None:
    assert len(await numbers(api, **params)) == count


async def test_an_administrator_of_a_location_sees_its_numbers_only(api: Api) -> None:
    assert {number["e164"][:6] for number in await numbers(api, "location")} == {"+31205"}


async def test_a_department_is_assigned_by_changing_the_number(api: Api) -> None:
    number = (await numbers(api, q="+31205550101"))[0]
    department = api.organisation.own["departments"]
    changed = await api.of("company").patch(
        api.path("numbers", number["id"]),
        json={"department_id": department},
        headers={"If-Match": f'"v{number["version"]}"'},
    )
    assert changed.status_code == 200
    assert [one["e164"] for one in await numbers(api, department_id=department)] == ["+31205550101"]
