"""What is in force for a person now, and what people may change of it themselves (V 7.7, V 9.4.4, V 19.6, U 4.1)."""

from __future__ import annotations

from typing import Any

import pytest
from api_rig import Api

MATCH = {"If-Match": "*"}


async def now(api: Api, role: str = "user") -> Any:
    return await api.of(role).get(f"{api.path('users', api.organisation.own['users'])}/now")


async def forward_location(api: Api, **values: Any) -> None:
    path = api.path("locations", api.organisation.own["locations"])
    assert (await api.of("company").patch(path, json=values, headers=MATCH)).status_code == 200


async def test_people_see_whether_the_location_forwards_their_calls(api: Api) -> None:
    assert (await now(api)).json()["location_forward"] is None
    to = {"kind": "extension", "target": "210"}
    await forward_location(api, forward="on", forward_to=to)
    assert (await now(api)).json()["location_forward"] == to
    user = api.path("users", api.organisation.own["users"])
    opted = await api.of("company").patch(user, json={"follows_location_forward": False}, headers=MATCH)
    assert opted.status_code == 200
    assert (await now(api)).json()["location_forward"] is None


async def test_a_location_forwards_by_its_rules_perhaps_some_callers_only(api: Api) -> None:
    to = {"kind": "extension", "target": "210"}
    await forward_location(api, forward="automatic", forward_to=to)
    assert (await now(api)).json()["location_forward"] is None
    rule = {"service": "location_forward", "name": "Mobiles", "location_id": api.organisation.own["locations"]}
    mobiles = await api.of("company").post(api.path("rules"), json={**rule, "patterns": ["+316*"]})
    assert mobiles.status_code == 201, mobiles.text
    told = (await now(api)).json()
    assert (told["location_forward"], told["some_callers"]) == (to, True)
    await api.of("company").post(api.path("rules"), json={**rule, "name": "All"})
    assert (await now(api)).json()["some_callers"] is False
    await api.of("company").post(api.path("rules"), json={**rule, "name": "Not now", "applies": False})
    assert (await now(api)).json()["location_forward"] is None


async def test_whether_the_location_forwards_is_not_the_person_s_to_change(api: Api) -> None:
    """V 7.7: the administrator's."""
    user = api.path("users", api.organisation.own["users"])
    refused = await api.of("user").patch(user, json={"follows_location_forward": False}, headers=MATCH)
    assert refused.status_code == 403


async def test_presence_and_situation_are_told(api: Api) -> None:
    owner = api.organisation.own["users"]
    rows = (await api.of("user").get(api.path("presences"), params={"user_id": owner})).json()["items"]
    path = api.path("presences", rows[0]["id"])
    assert (await api.of("user").patch(path, json={"status": "lunch"}, headers=MATCH)).status_code == 200
    assert (await now(api)).json()["status"] == "lunch"
    assert (await api.of("user").patch(path, json={"until_ms": 1000}, headers=MATCH)).status_code == 200
    assert (await now(api)).json()["status"] == "office"


async def test_it_is_shown_to_the_person_and_administrators_only(api: Api) -> None:
    for role in ("operator", "company", "location", "department", "user"):
        assert (await now(api, role)).status_code == 200
    other = f"{api.path('users', api.organisation.other['users'])}/now"
    assert (await api.of("user").get(other)).status_code == 403


@pytest.mark.parametrize(
    ("field", "value"),
    [("external_number", "+31201234567"), ("distinctive_ringing", False), ("connected_privacy", "all"),
     ("forwarded_signal", "internal")],
)  # fmt: skip
async def test_people_set_their_other_number_ringing_and_call_policies(api: Api, field: str, value: Any) -> None:
    user = api.path("users", api.organisation.own["users"])
    changed = await api.of("user").patch(user, json={field: value}, headers=MATCH)
    assert (changed.status_code, changed.json()[field]) == (200, value)


async def test_people_choose_how_their_alternate_numbers_ring_and_nothing_else_of_them(api: Api) -> None:
    path, client = api.path("alternate_numbers", api.organisation.own["alternate_numbers"]), api.of("user")
    assert (await client.patch(path, json={"ring_pattern": 4}, headers=MATCH)).json()["ring_pattern"] == 4
    taken = await client.patch(path, json={"number_id": None, "extension": "299"}, headers=MATCH)
    assert taken.status_code == 403
    assert (await client.delete(path)).status_code == 403


async def test_the_public_holidays_of_a_country_are_listed_in_the_reader_s_language(api: Api) -> None:
    asked = {"country": "NL", "year": 2026}
    answer = await api.of("user").get("/api/v1/public-holidays", params=asked, headers={"Accept-Language": "nl"})
    days = {item["public"]: item for item in answer.json()["items"]}
    assert days["Easter Monday"] == {
        "date": "2026-04-06", "public": "Easter Monday", "name": "Tweede paasdag", "legal": True,
    }  # fmt: skip
    assert days["Good Friday"]["legal"] is False
    unknown = await api.of("user").get("/api/v1/public-holidays", params={"country": "XX"})
    assert unknown.json() == {"items": [], "regions": []}
