"""Feature codes in words, and tables to start from (CALL-23)."""

from __future__ import annotations

import pytest
from api_rig import Api

from kiestoon.company.code_presets import PRESETS


@pytest.mark.parametrize(("language", "told"), [("en", "Do not disturb"), ("nl", "Niet storen")])
async def test_everybody_sees_what_can_be_dialled_in_words(api: Api, language: str, told: str) -> None:
    applied = await api.of("company").post(api.path("feature_codes/preset"), json={"preset": "one-net"})
    assert applied.status_code == 200, applied.text
    listed = await api.of("user").get(api.path("codes"), headers={"Accept-Language": language})
    codes = {item["code"]: item for item in listed.json()["items"]}
    assert codes["*78"]["description"] == told
    assert codes["*78"]["query"] == "*78*"
    assert (codes["*72"]["follows"], codes["*97"]["follows"]) == ("number", "extension")
    assert codes["*98"]["query"] == ""


@pytest.mark.parametrize("preset", PRESETS)
async def test_a_table_takes_the_place_of_the_company_s(api: Api, preset: str) -> None:
    for _ in range(2):  # a table may be replaced by itself
        applied = await api.of("company").post(api.path("feature_codes/preset"), json={"preset": preset})
        assert applied.status_code == 200, applied.text
    rows = (await api.of("company").get(api.path("feature_codes"), params={"limit": 200})).json()["items"]
    assert {row["code"]: row["feature"] for row in rows} == PRESETS[preset]  # type: ignore[index]  # one of them


async def test_a_table_that_hides_an_extension_changes_nothing(api: Api) -> None:
    client = api.of("company")
    before = (await client.get(api.path("codes"))).json()
    assert (await client.post(api.path("users"), json={"extension": "905", "name": "Nina"})).status_code == 201
    refused = await client.post(api.path("feature_codes/preset"), json={"preset": "standard"})
    assert refused.status_code == 409
    assert "905" in refused.text
    assert (await client.get(api.path("codes"))).json() == before


async def test_only_administrators_of_the_company_change_the_table(api: Api) -> None:
    for role in ("location", "department", "user"):
        refused = await api.of(role).post(api.path("feature_codes/preset"), json={"preset": "none"})
        assert refused.status_code == 403


async def test_the_tables_are_listed(api: Api) -> None:
    listed = (await api.of("user").get("/api/v1/code-presets")).json()["items"]
    assert {preset["name"]: {item["code"]: item["feature"] for item in preset["items"]} for preset in listed} == PRESETS
