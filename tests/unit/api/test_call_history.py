"""The call history of virtual users, within reach, without what callers do not want shown (ORG-8)."""

from __future__ import annotations

from typing import Any

import pytest
from api_rig import Api

from kiestoon.calls.record import CallRecord, LegRecord, Segment
from kiestoon.routing import Reason
from kiestoon.store.records import store_records

NOW = 1_790_000_000_000


def record(api: Api, name: str, extension: str = "212", **fields: Any) -> None:
    values: dict[str, Any] = {
        "company_id": api.organisation.company_id, "direction": "in", "opened_ms": NOW, "answered_ms": NOW + 12_500,
        "closed_ms": NOW + 60_000, "caller_number": "+31612345678", "caller_display": "J. de Vries",
        "dialled": "+31205550100", "final_party": "201", "outcome": "answered", "ended_by": "caller",
        "segments": (Segment("talk", "201", "Sam", NOW + 12_500, NOW + 50_000),), "continued_in": "c9",
        "reasons": (Reason("hunt_group", {"extension": extension, "name": "Orders", "policy": "regular"}),),
        "legs": (
            LegRecord("caller", "+31612345678", "J. de Vries", started_ms=NOW, outcome="answered"),
            LegRecord("device", "201", "Sam", user_id=api.organisation.own["users"], started_ms=NOW + 1),
        ),
    }  # fmt: skip
    with api.database.write() as connection:
        store_records(connection, [CallRecord(call_id=name, **{**values, **fields})])


async def history(
    api: Api, role: str = "company", which: str = "own", table: str = "hunt_groups", **params: Any
) -> Any:
    row_id = getattr(api.organisation, which)[table]
    return await api.of(role).get(api.path(f"{table}/{row_id}/calls"), params=params)


async def test_a_call_is_told_with_its_way_and_its_legs(api: Api) -> None:
    record(api, "c1")
    answer = await history(api)
    assert answer.status_code == 200, answer.text
    call = answer.json()["items"][0]
    assert (call["call_id"], call["caller"], call["reached"], call["outcome"]) == (
        "c1", "+31612345678", "201", "answered",
    )  # fmt: skip
    assert (call["waited_s"], call["talked_s"], call["opened_at"]) == (12, 47, "2026-09-21T14:13:20.000Z")
    assert call["reasons"] == ["212 is the hunt group Orders, shared out by the policy regular"]
    assert [(leg["kind"], leg["party"], leg["ringing_at"]) for leg in call["legs"]] == [
        ("caller", "+31612345678", None), ("device", "201", None),
    ]  # fmt: skip


async def test_the_story_says_with_whom_the_caller_was_and_where_it_goes_on(api: Api) -> None:
    record(api, "c1")
    call = (await history(api)).json()["items"][0]
    assert [(part["kind"], part["party"], part["ended_at"]) for part in call["story"]] == [
        ("talk", "201", "2026-09-21T14:14:10.000Z"),
    ]  # fmt: skip
    assert call["continued_in"] == "c9"


async def test_who_withholds_the_number_is_not_named(api: Api) -> None:
    record(api, "c1", caller_withheld=True)
    text = (await history(api)).text
    assert "612345678" not in text
    assert "Vries" not in text
    assert (await history(api)).json()["items"][0]["withheld"] is True


async def test_pages_and_filters(api: Api) -> None:
    for number in range(5):
        record(api, f"c{number}", opened_ms=NOW + number // 2, outcome="busy" if number == 4 else "answered")
    seen: list[str] = []
    cursor = ""
    while True:
        page = (await history(api, limit=2, cursor=cursor)).json()
        seen += [call["call_id"] for call in page["items"]]
        if page["next"] is None:
            break
        cursor = page["next"]
    assert seen == ["c4", "c3", "c2", "c1", "c0"]
    assert [call["call_id"] for call in (await history(api, outcome="busy")).json()["items"]] == ["c4"]
    assert (await history(api, since="2200-01-01T00:00:00Z")).json()["items"] == []
    assert (await history(api, cursor="x")).status_code == 400
    assert (await history(api, outcome="glorious")).status_code == 422


@pytest.mark.parametrize(
    ("role", "which", "status"),
    [
        ("operator", "own", 200), ("company", "other", 200), ("location", "own", 200), ("location", "other", 404),
        ("department", "own", 200), ("department", "other", 404), ("user", "own", 403), ("planner", "own", 403),
    ],
)  # fmt: skip
@pytest.mark.parametrize("table", ["menus", "hunt_groups", "group_extensions", "call_limits"])
async def test_the_history_is_for_administrators_within_reach(
    api: Api, role: str, which: str, status: int, table: str
) -> None:
    assert (await history(api, role, which, table)).status_code == status


async def test_people_and_what_is_no_extension_have_no_history_here(api: Api) -> None:
    for table in ("users", "devices", "nonsense"):
        assert (await api.of("company").get(api.path(f"{table}/1/calls"))).status_code == 404
    assert (await api.of("company").get(api.path("menus/0/calls"))).status_code == 404
