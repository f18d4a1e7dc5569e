"""Services over the API: which an extension has, what is refused, what people see of their own (ORG-5, ORG-11)."""

from __future__ import annotations

from typing import Any

import pytest
from api_rig import Api

FORWARD = {"extension": "201", "case": "always", "to": {"kind": "number", "target": "0612345678"}}


async def withhold(api: Api, service: str, extension: str = "201") -> str:
    """Take a service away; the path of what does so."""
    body = {"extension": extension, "service": service, "assigned": False}
    answer = await api.of("company").post(api.path("service_assignments"), json=body)
    assert answer.status_code == 201, answer.text
    return answer.headers["location"]


async def services(api: Api, role: str = "user", extension: str = "201") -> dict[str, dict[str, Any]]:
    answer = await api.of(role).get(api.path(f"extensions/{extension}/services"))
    assert answer.status_code == 200, answer.text
    return {item["service"]: item for item in answer.json()["items"]}


async def test_everybody_sees_which_services_are_assigned_and_why(api: Api) -> None:
    await withhold(api, "forwarding")
    held = await services(api)
    assert (held["call_recording"]["assigned"], held["call_recording"]["standing"]) == (True, "pack")
    assert held["call_recording"]["packs"] == ["Pack 2", "Pack 3"]
    assert (held["hot_desking"]["standing"], held["voicemail"]["standing"]) == ("by_hand", "open")
    assert (held["forwarding"]["assigned"], held["forwarding"]["standing"]) == (False, "withheld")
    assert (await services(api, "company", "202"))["call_recording"]["standing"] == "unassigned"
    answer = await api.of("user", **{"accept-language": "nl"}).get(api.path("extensions/201/services"))
    assert next(item for item in answer.json()["items"] if item["service"] == "forwarding")["name"] == "doorschakelen"


@pytest.mark.parametrize(
    ("role", "extension", "status"),
    [
        ("user", "202", 404), ("department", "201", 200), ("department", "301", 404), ("location", "212", 200),
        ("location", "312", 404), ("company", "312", 200), ("company", "299", 404), ("company", "x", 404),
        ("company", "²", 404),
    ],
)  # fmt: skip
async def test_services_are_shown_within_reach(api: Api, role: str, extension: str, status: int) -> None:
    assert (await api.of(role).get(api.path(f"extensions/{extension}/services"))).status_code == status


async def test_functions_that_only_send_calls_on_have_few_services(api: Api) -> None:
    answer = await api.of("company").get(api.path("extensions/213/services"))
    assert answer.json()["kind"] == "function"
    assert [item["service"] for item in answer.json()["items"] if item["assigned"]] == ["voicemail", "call_policies"]


@pytest.mark.parametrize("role", ["user", "department", "company", "operator"])
async def test_a_service_that_is_not_assigned_cannot_be_set_up_by_anybody(api: Api, role: str) -> None:
    path = await withhold(api, "forwarding")
    refused = await api.of(role).post(api.path("forwards"), json=FORWARD)
    assert refused.status_code == 409
    assert refused.json()["errors"][0]["code"] == "service_not_assigned"
    assert refused.json()["detail"] == (
        "Call forwarding is not assigned to user 'Sam 2'. An administrator assigns it, by a service pack or by hand."
    )
    assert (await api.of("company").delete(path)).status_code == 204
    assert (await api.of(role).post(api.path("forwards"), json=FORWARD)).status_code == 201


async def test_a_field_of_a_service_is_refused_by_its_name(api: Api) -> None:
    await withhold(api, "do_not_disturb")
    sam = api.path("users", api.organisation.own["users"])
    refused = await api.of("user").patch(sam, json={"do_not_disturb": True}, headers={"If-Match": "*"})
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (409, "do_not_disturb")
    changed = await api.of("user").patch(sam, json={"ring_s": 20}, headers={"If-Match": "*"})
    assert changed.status_code == 200


async def test_what_is_not_assigned_is_hidden_from_the_own_view_and_stays(api: Api) -> None:
    forward = api.path("forwards", api.organisation.own["forwards"])
    sam = api.path("users", api.organisation.own["users"])
    on = await api.of("user").patch(sam, json={"do_not_disturb": True}, headers={"If-Match": "*"})
    assert on.status_code == 200
    paths = [await withhold(api, "forwarding"), await withhold(api, "do_not_disturb")]
    user, boss = api.of("user"), api.of("company")
    assert (await user.get(forward)).status_code == 404
    assert (await user.patch(forward, json={"rings": 5}, headers={"If-Match": "*"})).status_code == 404
    assert (await user.get(api.path("forwards"))).json()["items"] == []
    assert (await user.get(sam)).json()["do_not_disturb"] is False
    assert (await boss.get(forward)).status_code == 200
    assert (await boss.get(sam)).json()["do_not_disturb"] is True
    for path in paths:
        assert (await boss.delete(path)).status_code == 204
    assert (await user.get(forward)).status_code == 200
    assert (await user.get(sam)).json()["do_not_disturb"] is True


async def test_the_dashboard_lists_no_service_that_is_not_in_force(api: Api) -> None:
    place = api.organisation.own["locations"]
    path = f"/api/v1/companies/{api.organisation.company_id}/locations/{place}/dashboard"

    async def shown() -> set[str]:
        items = (await api.of("company").get(path)).json()["items"]
        return {service["service"] for item in items if item["extension"] == "201" for service in item["services"]}

    assert {"forward", "selective_reject"} <= await shown()
    await withhold(api, "forwarding")
    await withhold(api, "selective_rejection")
    assert not {"forward", "selective_reject"} & await shown()


async def test_a_new_person_cannot_begin_with_what_is_licensed(api: Api) -> None:
    pack = {"name": "Quiet", "services": ["do_not_disturb"]}
    assert (await api.of("operator").post(api.path("service_packs"), json=pack)).status_code == 201
    person = {"extension": "280", "name": "New", "do_not_disturb": True}
    refused = await api.of("company").post(api.path("users"), json=person)
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (409, "service_not_assigned")
    many = await api.of("company").post(api.path("users/bulk"), json=[person, {"extension": "281", "name": "Other"}],
                                        params={"mode": "each"})  # fmt: skip
    assert [line["errors"][0]["code"] if line["errors"] else None for line in many.json()["lines"]] == [
        "service_not_assigned", None,
    ]  # fmt: skip


async def test_an_administrator_of_a_location_gives_packs_but_not_what_the_location_may_use(api: Api) -> None:
    own, boss, local = api.organisation.own, api.of("company"), api.of("location")
    pack = own["service_packs"]
    given = await local.post(api.path("pack_assignments"), json={"pack_id": pack, "extension": "202"})
    assert given.status_code == 201, given.text
    place = {"pack_id": pack, "location_id": own["locations"], "licences": 2}
    refused = await local.post(api.path("pack_assignments"), json=place)
    assert refused.status_code == 403, refused.text
    made = await boss.post(api.path("pack_assignments"), json=place)
    assert made.status_code == 201, made.text
    path = made.headers["location"]
    assert (await local.get(path)).json()["licences"] == 2
    assert (await local.patch(path, json={"licences": 9}, headers={"If-Match": "*"})).status_code == 403
    assert (await local.delete(path)).status_code == 403
    person = {"extension": "290", "name": "New", "location_id": own["locations"]}
    assert (await local.post(api.path("users"), json=person)).status_code == 201
    third = await local.post(api.path("pack_assignments"), json={"pack_id": pack, "extension": "290"})
    assert (third.status_code, third.json()["errors"][0]["code"]) == (409, "licences_used_at")
    elsewhere = {"pack_id": own["service_packs"], "location_id": api.organisation.other["locations"]}
    other = await boss.post(api.path("pack_assignments"), json=elsewhere)
    assert other.status_code == 201, other.text
    needed = await boss.delete(path)
    assert (needed.status_code, needed.json()["errors"][0]["code"]) == (409, "pack_used_elsewhere")
    moved = await boss.patch(
        path, json={"location_id": None, "licences": None, "extension": "290"}, headers={"If-Match": "*"}
    )
    assert (moved.status_code, moved.json()["errors"][0]["code"]) == (409, "pack_elsewhere")
    assert (await boss.delete(other.headers["location"])).status_code == 204
    licences = (await local.get(api.path("licences"))).json()["items"]
    shown = next(one for one in licences if one["id"] == pack)
    assert (shown["used"], shown["location_licences"], shown["free"]) == (2, 2, 0)
