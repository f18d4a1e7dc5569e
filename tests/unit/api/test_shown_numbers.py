"""Which numbers people may show to whom they call (CALL-18)."""

from __future__ import annotations

from typing import Any

import pytest
from api_rig import Api

OWN, MOBILE, FOREIGN = "+31205550102", "+31612345678", "+31201112233"
MATCH = {"If-Match": "*"}


@pytest.mark.parametrize("role", ["user", "department", "location", "company", "operator"])
@pytest.mark.parametrize(
    ("given", "wrong"),
    [
        ({"caller_number": OWN}, []),
        ({"caller_number": FOREIGN}, ["caller_number"]),
        ({"dynamic_numbers": [OWN, "", MOBILE]}, []),
        ({"dynamic_numbers": [OWN, FOREIGN]}, ["dynamic_numbers"]),
        ({"caller_number": MOBILE}, []),
        ({"caller_number": ""}, []),
    ],
)
async def test_people_show_numbers_of_the_company_or_their_mobile(
    api: Api, role: str, given: dict[str, Any], wrong: list[str]
) -> None:
    path = api.path("users", api.organisation.own["users"])
    await api.of("operator").patch(path, json={"mobile_number": MOBILE}, headers=MATCH)
    answer = await api.of(role).patch(path, json=given, headers=MATCH)
    assert answer.status_code == (422 if wrong else 200), answer.text
    assert [error["field"] for error in answer.json().get("errors", [])] == wrong
    kept = (await api.of("operator").get(path)).json()
    assert all((kept[name] == value) != bool(wrong) for name, value in given.items())


@pytest.mark.parametrize("table", ["companies", "locations", "call_classes", "reach_profiles", "forward_extensions"])
async def test_nothing_else_shows_the_number_of_another(api: Api, table: str) -> None:
    path, client = api.path(table, api.organisation.own[table]), api.of("company")
    for number, status in ((FOREIGN, 422), ("+31110005550201", 422), (OWN, 200)):
        answer = await client.patch(path, json={"caller_number": number}, headers=MATCH)
        assert answer.status_code == status, answer.text
    assert (await client.patch(path, json={"caller_number": OWN}, headers=MATCH)).status_code == 200


@pytest.mark.parametrize("table", ["companies", "users", "devices"])
async def test_the_emergency_centre_is_shown_a_number_of_the_company(api: Api, table: str) -> None:
    """E 6.10: each fallback is chosen among the company's numbers."""
    path, client = api.path(table, api.organisation.own[table]), api.of("company")
    for number, status in ((FOREIGN, 422), (OWN, 200)):
        answer = await client.patch(path, json={"emergency_number": number}, headers=MATCH)
        assert answer.status_code == status, answer.text


async def test_nothing_of_a_company_is_saved_while_emergency_calls_could_not_be_answered(api: Api) -> None:
    """E 6.10.1; a company that is made before it has numbers names the number it will have."""
    operator, there = api.of("operator"), f"/api/v1/companies/{api.organisation.foreign_id}"
    number = {"emergency_number": "+31701112233"}
    assert (await operator.patch(there, json={"name": "Butchers"}, headers=MATCH)).status_code == 200
    assert (await operator.post(f"{there}/numbers", json={"e164": number["emergency_number"]})).status_code == 201
    refused = await operator.patch(there, json={"name": "Butchers & Sons"}, headers=MATCH)
    assert refused.json()["errors"][0]["code"] == "emergency_missing"
    assert (await operator.patch(there, json=number, headers=MATCH)).status_code == 200
    assert (await operator.patch(there, json={"emergency_number": ""}, headers=MATCH)).status_code == 422


async def test_nor_by_a_file(api: Api) -> None:
    client, path = api.of("company"), api.path("configuration")
    exported = (await client.get(path)).text
    headers = {"Content-Type": "application/yaml"}

    async def apply(number: str) -> int:
        changed = exported.replace("name: Sam 2\n", f"name: Sam 2\n    caller_number: '{number}'\n")
        assert changed != exported
        return (await client.post(path, content=changed, headers=headers)).status_code

    assert await apply(FOREIGN) == 422
    assert (await client.get(path)).text == exported
    assert await apply(OWN) == 200


async def test_the_refusal_is_said_in_dutch(api: Api) -> None:
    path = api.path("users", api.organisation.own["users"])
    refused = await api.of("user", **{"Accept-Language": "nl"}).patch(
        path, json={"caller_number": FOREIGN}, headers=MATCH
    )
    assert refused.json()["detail"].startswith(f"{FOREIGN} is geen nummer van dit bedrijf.")
