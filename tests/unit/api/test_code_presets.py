"""A new company starts with the feature codes of a preset (CALL-23)."""

from __future__ import annotations

import pytest
from api_rig import Api

from kiestoon.company.code_presets import PRESETS


async def codes_of_new(api: Api, query: str) -> dict[str, str]:
    client = api.of("operator")
    body = {"name": "New", "domain": "new.example", "emergency_number": "+31207654100"}
    created = await client.post(f"/api/v1/companies{query}", json=body)
    assert created.status_code == 201, created.text
    listed = await client.get(f"/api/v1/companies/{created.json()['id']}/feature_codes?limit=200")
    return {row["code"]: row["feature"] for row in listed.json()["items"]}


@pytest.mark.parametrize(("query", "preset"), [("", "standard"), *((f"?code_preset={name}", name) for name in PRESETS)])
async def test_the_preset_is_chosen_when_the_company_is_made(api: Api, query: str, preset: str) -> None:
    assert await codes_of_new(api, query) == PRESETS[preset]  # type: ignore[index]  # one of the presets


@pytest.mark.parametrize(("language", "names"), [("nl", ("Hoofdschema", "Altijd")), ("en", ("Main scheme", "Always"))])
async def test_a_new_company_has_its_main_scheme_with_a_plan_for_all_times(
    api: Api, language: str, names: tuple[str, str]
) -> None:
    """E 8.1."""
    operator = api.of("operator")
    body = {"name": "New", "domain": "new.example", "language": language}
    there = f"/api/v1/companies/{(await operator.post('/api/v1/companies', json=body)).json()['id']}"
    (scheme,) = (await operator.get(f"{there}/number_schemes")).json()["items"]
    (plan,) = (await operator.get(f"{there}/number_plans")).json()["items"]
    assert (scheme["name"], plan["name"]) == names
    assert (scheme["is_main"], plan["is_fallback"], plan["scheme_id"]) == (True, True, scheme["id"])


async def test_a_preset_there_is_not_is_refused(api: Api) -> None:
    body = {"name": "New", "domain": "new.example"}
    refused = await api.of("operator").post("/api/v1/companies?code_preset=pots", json=body)
    assert refused.status_code == 422
    assert refused.headers["content-type"].startswith("application/problem+json")
