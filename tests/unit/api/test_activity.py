"""The activity log: who changed what, when, and what it was (ORG-10)."""

from __future__ import annotations

import csv
import io
from typing import Any

import msgspec
import pytest
from api_rig import Api


async def log(api: Api, role: str = "company", **params: Any) -> Any:
    return await api.of(role).get(f"/api/v1/companies/{api.organisation.company_id}/activity", params=params)


async def rename(api: Api, name: str, role: str = "company") -> None:
    path = api.path("users", api.organisation.own["users"])
    assert (await api.of(role).patch(path, json={"name": name}, headers={"If-Match": "*"})).status_code == 200


async def test_a_change_says_who_made_it_and_what_was_before(api: Api) -> None:
    await rename(api, "Sam Groen")
    entry = (await log(api, limit=1)).json()["items"][0]
    assert (entry["acting_user"], entry["action"], entry["table"], entry["row"]) == (
        "company", "updated", "users", "Sam Groen",
    )  # fmt: skip
    assert entry["fields"] == {"name": ["Sam 2", "Sam Groen"]}
    assert entry["at"].endswith("Z")


async def test_who_acts_in_anothers_view_is_named_with_both(api: Api) -> None:
    api.principals["company"] = msgspec.structs.replace(api.principals["company"], acting_as="Sam 2")
    await rename(api, "Other")
    entry = (await log(api, limit=1)).json()["items"][0]
    assert (entry["acting_user"], entry["acting_for"]) == ("company", "Sam 2")


async def test_pages_follow_one_another_without_gap_or_repetition(api: Api) -> None:
    seen: list[int] = []
    cursor = ""
    while True:
        page = (await log(api, limit=7, cursor=cursor)).json()
        seen += [entry["id"] for entry in page["items"]]
        if page["next"] is None:
            break
        cursor = page["next"]
    assert seen == sorted(set(seen), reverse=True)
    assert len(seen) > 40


@pytest.mark.parametrize(
    ("params", "tables"),
    [
        ({"table": "users"}, {"users"}),
        ({"q": "by place"}, {"location_routings"}),
        ({"q": "%"}, set()),
        ({"action": "removed"}, set()),
        ({"acting_user": "nobody"}, set()),
        ({"since": "2200-01-01T00:00:00Z"}, set()),
        ({"until": "2000-01-01T00:00:00Z"}, set()),
    ],
)
async def test_filters_and_search(api: Api, params: dict[str, str], tables: set[str]) -> None:
    answer = await log(api, **params)
    assert answer.status_code == 200, answer.text
    assert {entry["table"] for entry in answer.json()["items"]} == tables


async def test_the_whole_log_is_streamed_as_csv_that_calculates_nothing(api: Api) -> None:
    await rename(api, "=HYPERLINK(1)")
    answer = await log(api, format="csv")
    assert answer.headers["content-disposition"] == (
        f'attachment; filename="activity-{api.organisation.company_id}.csv"'
    )
    rows = list(csv.reader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    assert rows[0][:3] == ["time", "who", "in the view of"]
    assert rows[1][4:] == [
        "users",
        str(api.organisation.own["users"]),
        "'=HYPERLINK(1)",
        "name",
        "Sam 2",
        "'=HYPERLINK(1)",
    ]
    assert len(rows) > 100


async def test_passwords_are_nowhere_in_it(api: Api) -> None:
    text = (await log(api, format="csv")).text
    assert "secret" not in text


async def test_a_company_sees_its_own_and_an_operator_everything(api: Api) -> None:
    foreign = api.organisation.foreign_id
    assert (await api.of("company").get(f"/api/v1/companies/{foreign}/activity")).status_code == 404
    assert {entry["company_id"] for entry in (await log(api, limit=200)).json()["items"]} == {
        api.organisation.company_id
    }
    assert (await api.of("company").get("/api/v1/activity")).status_code == 403
    everything = (await api.of("operator").get("/api/v1/activity", params={"table": "companies"})).json()["items"]
    assert {entry["company_id"] for entry in everything} == {api.organisation.company_id, foreign}
    assert (await log(api, "user")).status_code == 403


@pytest.mark.parametrize(
    "params", [{"cursor": "x"}, {"limit": "0"}, {"since": "yesterday"}, {"format": "xml"}, {"q": "\0"}]
)
async def test_bad_parameters_are_refused(api: Api, params: dict[str, str]) -> None:
    assert (await log(api, **params)).status_code == 422


def places(entries: list[dict[str, Any]]) -> set[str]:
    """The digits extensions begin with at the places entries tell of."""
    texts = [str(entry["fields"]) for entry in entries]
    return {digit for digit in "23" for text in texts if f"'extension': [None, '{digit}" in text}


@pytest.mark.parametrize("role", ["location", "department"])
async def test_an_administrator_of_a_place_sees_what_happened_there(api: Api, role: str) -> None:
    own, other = api.organisation.own, api.organisation.other
    entries = (await log(api, role, limit=200)).json()["items"]
    assert places(entries) == {"2"}
    tables = {entry["table"] for entry in entries}
    assert {"users", "forwards", "hunt_members", "departments", "reach_cells"} <= tables
    assert not {"companies", "trunks", "privacy_groups", "feature_codes"} & tables
    seen = {(entry["table"], entry["row_id"]) for entry in entries}
    assert ("users", own["users"]) in seen
    assert ("users", other["users"]) not in seen


@pytest.mark.parametrize("role", ["location", "department"])
async def test_what_is_gone_is_seen_by_those_to_whose_place_it_belonged(api: Api, role: str) -> None:
    for which in (api.organisation.own, api.organisation.other):
        for table in ("forwards", "menus"):
            assert (await api.of("company").delete(api.path(table, which[table]))).status_code == 204
    entries = (await log(api, role, action="removed")).json()["items"]
    own = api.organisation.own
    assert {(entry["table"], entry["row_id"]) for entry in entries} >= {
        ("forwards", own["forwards"]), ("menus", own["menus"]),
    }  # fmt: skip
    other = api.organisation.other
    assert not {(entry["table"], entry["row_id"]) for entry in entries} & {
        ("forwards", other["forwards"]), ("menus", other["menus"]),
    }  # fmt: skip
    answer = await log(api, role, format="csv")
    assert "Sam 2" in answer.text
    assert "Sam 3" not in answer.text
