"""Presence over the API: one's own, and colleagues' as far as they let it be seen (REACH-10, REACH-12)."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from api_rig import Api
from msgspec.structs import replace

from kiestoon.company.model import Presence, ReachOverride, ReachStatus, User
from kiestoon.store.load import list_rows
from kiestoon.store.write import changing


def ahead(seconds: int) -> str:
    """A time from now, whole seconds."""
    return datetime.fromtimestamp(int(time.time()) + seconds, UTC).isoformat().replace("+00:00", "Z")


def path(api: Api, user_id: int | None = None) -> str:
    return api.path(f"users/{user_id or api.organisation.own['users']}/presence")


async def put(api: Api, role: str = "user", user_id: int | None = None, **body: Any) -> httpx.Response:
    return await api.of(role).put(path(api, user_id), json=body)


def change(api: Api, row_type: type[Any], row_id: int, **fields: Any) -> None:
    row = next(row for row in list_rows(api.database, row_type) if row.id == row_id)
    with changing(api.database, api.vault, acting_user="test") as changes:
        changes.update(replace(row, **fields))


async def test_a_person_says_until_when_and_what_colleagues_read(api: Api) -> None:
    until, back = ahead(7200), ahead(3600)
    answer = await put(api, status="lunch", until=until, return_at=back, note="Cake")
    assert answer.status_code == 200, answer.text
    assert answer.json() == (await api.of("user").get(path(api))).json()
    shown = answer.json()
    assert (shown["status"], shown["until"], shown["return_at"], shown["note"]) == ("lunch", until, back, "Cake")
    assert shown["own_status"] is None


async def test_what_is_not_said_again_does_not_hold_any_more(api: Api) -> None:
    await put(api, status="lunch", until=ahead(60), return_at=ahead(60), note="Cake")
    answer = await put(api, status="sick")
    assert {name: answer.json()[name] for name in ("status", "until", "return_at", "note")} == {
        "status": "sick", "until": None, "return_at": None, "note": "",
    }  # fmt: skip
    assert len([row for row in list_rows(api.database, Presence) if row.user_id == api.organisation.own["users"]]) == 1


async def test_a_status_of_ones_own_is_set_with_it_and_ended_with_it(api: Api) -> None:
    own = api.organisation.own
    change(api, ReachStatus, own["reach_statuses"], message="Ring my mobile")
    answer = await put(api, status="out_of_office", until=ahead(3600), own_status_id=own["reach_statuses"])
    assert answer.status_code == 200, answer.text
    assert answer.json()["own_status"]["message"] == "Ring my mobile"
    assert (await put(api, status="office")).json()["own_status"] is None
    rows = [row for row in list_rows(api.database, ReachOverride) if row.user_id == own["users"]]
    assert [row.status_id for row in rows] == [None]


async def test_anothers_status_is_not_ones_own(api: Api) -> None:
    answer = await put(api, status="lunch", own_status_id=api.organisation.other["reach_statuses"])
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "own_status_id"
    assert (await api.of("user").get(path(api))).json()["status"] == "office"


async def test_a_status_that_is_over_is_none_and_a_return_that_has_passed_is_not_told(api: Api) -> None:
    own = api.organisation.own
    change(api, Presence, own["presences"], status="sick", return_ms=5, note="Flu")
    shown = (await api.of("user").get(path(api))).json()
    assert (shown["status"], shown["return_at"], shown["note"]) == ("sick", None, "Flu")
    change(api, Presence, own["presences"], until_ms=5)
    shown = (await api.of("user").get(path(api))).json()
    assert (shown["status"], shown["until"], shown["note"]) == ("office", None, "")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "status"),
        ({"status": "asleep"}, "status"),
        ({"status": "lunch", "until": "2020-01-01T00:00:00Z"}, "until"),
        ({"status": "lunch", "return_at": "2020-01-01T00:00:00Z"}, "return_at"),
        ({"status": "lunch", "until": "tomorrow"}, "until"),
        ({"status": "lunch", "until": "2999-01-01T00:00:00"}, "until"),
        ({"status": "lunch", "note": "x" * 81}, "note"),
        ({"status": "lunch", "note": "a\x00b"}, "note"),
        ({"status": "lunch", "mood": "good"}, "mood"),
    ],
)
async def test_what_cannot_be_is_refused_by_its_name(api: Api, body: dict[str, Any], field: str) -> None:
    answer = await put(api, **body)
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["field"] == field
    assert (await api.of("user").get(path(api))).json()["status"] == "office"


# --- who sees whose --------------------------------------------------------------------------------------------------


async def listed(api: Api, role: str) -> dict[int, str]:
    answer = await api.of(role).get(api.path("presence"))
    assert answer.status_code == 200, answer.text
    return {item["user_id"]: item["status"] for item in answer.json()["items"]}


@pytest.mark.parametrize(
    ("fields", "seen"),
    [
        ({}, True),
        ({"presence_visibility": "internal"}, True),
        ({"presence_visibility": "none"}, False),
        ({"in_directory": False}, False),
    ],
)
async def test_colleagues_see_what_one_lets_be_seen(api: Api, fields: dict[str, Any], seen: bool) -> None:
    other = api.organisation.other["users"]
    change(api, User, other, **fields)
    await put(api, role="operator", user_id=other, status="meeting")
    assert (await listed(api, "user")).get(other) == ("meeting" if seen else None)
    assert (await api.of("user").get(path(api, other))).status_code == (200 if seen else 404)
    assert (await listed(api, "company"))[other] == "meeting"


async def test_ones_own_is_always_seen_by_oneself_and_ones_administrators(api: Api) -> None:
    own = api.organisation.own["users"]
    change(api, User, own, presence_visibility="none", in_directory=False)
    await put(api, status="home")
    for role in ("user", "location", "department", "company", "operator"):
        assert (await listed(api, role))[own] == "home"


async def test_nobody_sets_anothers_but_administrators_in_their_reach(api: Api) -> None:
    other = api.organisation.other["users"]
    for role, status in (("user", 403), ("location", 403), ("department", 403), ("company", 200), ("operator", 200)):
        assert (await put(api, role=role, user_id=other, status="lunch")).status_code == status, role
    for role in ("location", "department"):
        assert (await put(api, role=role, status="lunch")).status_code == 200


async def test_people_of_other_companies_are_not_there(api: Api) -> None:
    foreign = f"/api/v1/companies/{api.organisation.foreign_id}"
    assert (await api.of("company").get(f"{foreign}/presence")).status_code == 404
    assert (await put(api, role="company", user_id=987654, status="lunch")).status_code == 404
