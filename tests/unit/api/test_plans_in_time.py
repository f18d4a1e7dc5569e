"""Which plan is active when, and switching by hand, over HTTP (RTE-2, RTE-4, E 8.2)."""

from __future__ import annotations

from datetime import datetime
from itertools import pairwise
from typing import Any

import pytest
from api_rig import Api

MONDAY = "2026-03-02T00:00"


async def timeline(api: Api, role: str = "company", **asked: Any) -> Any:
    path = api.path("number_schemes", api.organisation.own["number_schemes"])
    return await api.of(role).get(f"{path}/timeline", params=asked)


async def switch(api: Api, plan: int | None, role: str = "company", **more: Any) -> Any:
    path = api.path("number_schemes", api.organisation.own["number_schemes"])
    return await api.of(role).post(f"{path}/switch", json={"plan_id": plan, **more})


async def overrides(api: Api) -> list[dict[str, Any]]:
    scheme = api.organisation.own["number_schemes"]
    answer = await api.of("company").get(api.path("plan_overrides"), params={"scheme_id": scheme})
    return list(answer.json()["items"])


async def unswitched(api: Api) -> int:
    """No override, and a second plan that leads everywhere the first does: its id."""
    assert (await switch(api, None)).status_code == 200
    day, night = api.organisation.own["number_plans"], api.organisation.own["second_plan"]
    copied = await api.of("company").post(api.path(f"number_plans/{day}/copy"), json={"to": night})
    assert copied.status_code == 200
    return night


async def test_a_week_is_told_stretch_after_stretch_without_gaps(api: Api) -> None:
    await unswitched(api)
    answer = await timeline(api, start=MONDAY, days=7)
    assert answer.status_code == 200, answer.text
    body = answer.json()
    items = body["items"]
    assert body["timezone"] == "Europe/Amsterdam"
    assert items[0]["start"] == "2026-03-02T00:00:00+01:00"
    assert items[-1]["end"] == "2026-03-09T00:00:00+01:00"
    assert all(before["end"] == after["start"] for before, after in pairwise(items))
    assert {(item["plan"], item["source"]) for item in items} >= {("Day", "schedule")}
    assert {item["start"][11:16] for item in items if item["source"] == "schedule"} == {"09:00"}


async def test_a_day_is_as_long_as_the_clock_says(api: Api) -> None:
    """The day summer time begins has 23 hours."""
    items = (await timeline(api, start="2026-03-29T00:00", days=1)).json()["items"]
    began, ended = (datetime.fromisoformat(text) for text in (items[0]["start"], items[-1]["end"]))
    assert (ended - began).total_seconds() == 23 * 3600


@pytest.mark.parametrize("asked", [{"days": 0}, {"days": 32}, {"start": "soon"}])
async def test_what_cannot_be_asked_is_refused(api: Api, asked: dict[str, Any]) -> None:
    assert (await timeline(api, **asked)).status_code == 422


async def test_a_plan_is_switched_to_for_good_for_a_while_and_back(api: Api) -> None:
    night = await unswitched(api)
    for_good = (await switch(api, night)).json()
    assert for_good == {"plan_id": night, "source": "override", "until": None}
    assert [row["until_ms"] for row in await overrides(api)] == [0]
    for_a_while = (await switch(api, night, until="next_change")).json()
    assert for_a_while["source"] == "override"
    (row,) = await overrides(api)
    assert datetime.fromisoformat(for_a_while["until"]).timestamp() * 1000 == row["until_ms"] > 0
    told = (await timeline(api, days=31)).json()["items"]
    assert (told[0]["source"], told[0]["end"]) == ("override", for_a_while["until"])
    back = (await switch(api, None)).json()
    assert back["source"] != "override"
    assert await overrides(api) == []


async def test_the_right_to_configure_time_is_the_right_to_switch(api: Api) -> None:
    night = await unswitched(api)
    assert (await switch(api, night, "planner")).status_code == 200
    assert (await timeline(api, "planner")).status_code == 200
    for role in ("user", "department"):
        assert (await switch(api, None, role)).status_code == 403
        assert (await timeline(api, role)).status_code == 403
    assert len(await overrides(api)) == 1


async def test_another_location_s_scheme_is_not_there(api: Api) -> None:
    other = api.path("number_schemes", api.organisation.other["number_schemes"])
    client = api.of("location")
    assert (await client.get(f"{other}/timeline")).status_code == 404
    assert (await client.post(f"{other}/switch", json={"plan_id": None})).status_code == 404


async def test_a_plan_of_another_scheme_is_refused(api: Api) -> None:
    refused = await switch(api, api.organisation.other["number_plans"])
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "plan_id")
