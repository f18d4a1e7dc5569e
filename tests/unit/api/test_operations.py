"""Numbers in use, many users at once, copied plans."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from api_rig import Api

from kiestoon.company.model import Location
from kiestoon.store.write import changing


async def test_every_number_in_use_is_listed_in_order_with_what_it_belongs_to(api: Api) -> None:
    client, path = api.of("company"), api.path("extensions")
    pages: list[dict[str, Any]] = []
    cursor: str | None = ""
    while cursor is not None:
        page = (await client.get(path, params={"limit": 5, "cursor": cursor})).json()
        pages += page["items"]
        cursor = page["next"]
    numbers = [entry["number"] for entry in pages]
    assert numbers == sorted(set(numbers))
    assert {"201", "212", "316"} <= set(numbers)
    entry = next(entry for entry in pages if entry["number"] == "212")
    assert (entry["type"], entry["name"], entry["id"]) == ("hunt_groups", "Orders", api.organisation.own["hunt_groups"])
    menus = (await client.get(path, params={"type": "menus"})).json()["items"]
    assert [entry["number"] for entry in menus] == ["210", "310"]


async def test_the_next_free_number_clashes_with_nothing(api: Api) -> None:
    client, path = api.of("company"), api.path("extensions/next-free")

    async def after(text: str) -> str:
        return (await client.get(path, params={"after": text})).json()["extension"]

    assert (await client.get(path)).json() == {"extension": "100"}
    assert await after("200") == "203"
    assert await after("209") == "220"
    assert await after("111") == "113"  # 112
    created = await client.post(api.path("users"), json={"extension": await after("209"), "name": "Kim"})
    assert created.status_code == 201
    none = await client.get(path, params={"after": "999"})
    assert (none.status_code, none.json()["errors"][0]["code"]) == (409, "no_free_extension")


async def test_the_next_free_number_is_not_taken_for_a_code_with_what_follows_it(api: Api) -> None:
    """Of the standard codes 130 and 132 to 139 ask for a number: 1301 would be dialled as one of them."""
    client = api.of("operator")
    company = {"name": "Large", "domain": "large.example", "extension_digits": 4}
    base = (await client.post("/api/v1/companies", json=company)).headers["location"]
    for after in ("1299", "1319"):
        free = (await client.get(f"{base}/extensions/next-free", params={"after": after})).json()["extension"]
        created = await client.post(f"{base}/users", json={"extension": free, "name": "Kim"})
        assert created.status_code == 201, created.text
    refused = await client.post(f"{base}/users", json={"extension": "1301", "name": "Kim"})
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (409, "code_clash")


async def post_users(api: Api, mode: str, role: str = "company", **body: Any) -> httpx.Response:
    return await api.of(role).post(api.path("users/bulk"), params={"mode": mode}, **body)


async def count_users(api: Api) -> int:
    return len((await api.of("company").get(api.path("users"), params={"limit": 200})).json()["items"])


LINES = [
    {"extension": "281", "name": "Anna", "phone": True, "phone_name": "Desk"},
    {"extension": "281", "name": "Twice"},
    {"extension": "28", "name": "Short", "colour": "red"},
    "nonsense",
    {"extension": "282", "name": "Bob", "location": "site 2", "department": "counter"},
]


async def test_all_or_none_of_many_users_are_added_and_every_problem_is_reported(api: Api) -> None:
    before = await count_users(api)
    refused = await post_users(api, "all", json=LINES)
    assert refused.status_code == 422
    report = refused.json()
    assert (report["added"], report["refused"]) == (0, 4)
    assert [bool(line["errors"]) for line in report["lines"]] == [False, True, True, True, True]
    assert {"2.extension", "3.colour", "4", "5.department"} == {error["field"] for error in report["errors"]}
    assert not any(line["phone"] or line["id"] for line in report["lines"])
    assert await count_users(api) == before


async def test_those_that_are_right_are_added_when_asked_for(api: Api) -> None:
    before = await count_users(api)
    lines = [*LINES[:4], {**LINES[4], "department": "Counter"} if isinstance(LINES[4], dict) else {}]
    lines[4] = {"extension": "282", "name": "Bob", "location": "site 2"}
    report = (await post_users(api, "each", json=lines)).json()
    assert (report["added"], report["refused"]) == (2, 3)
    anna = report["lines"][0]
    assert len(anna["phone"]["secret"]) >= 16
    devices = (await api.of("company").get(api.path("devices"), params={"user_id": anna["id"]})).json()["items"]
    assert [(device["username"], device["name"]) for device in devices] == [(anna["phone"]["username"], "Desk")]
    assert await count_users(api) == before + 2


CSV = (
    "\ufeffExtension;Name;Email;Location;Blocked;Call_waiting;Phone\r\n"
    '283;"Sam; the second";sam@example.org;Site 2;mobile premium;nee;ja\r\n'
    "\r\n"
    "284;Kim;;;;;\r\n"
    "285;Too;many;;;;;fields;here\r\n"
    "286;Bad;;Nowhere;;perhaps;\r\n"
)


async def test_users_come_from_a_spreadsheet(api: Api) -> None:
    headers = {"content-type": "text/csv; charset=utf-8"}
    report = (await post_users(api, "each", content=CSV.encode(), headers=headers)).json()
    assert [(line["line"], line["extension"]) for line in report["lines"]] == [
        (2, "283"),
        (4, "284"),
        (5, None),
        (6, None),
    ]
    assert [error["code"] for error in report["lines"][2]["errors"]] == ["beyond_lines"]
    assert [error["field"] for error in report["lines"][3]["errors"]] == ["location"]
    sam = (await api.of("company").get(api.path("users", report["lines"][0]["id"]))).json()
    assert (sam["name"], sam["blocked"], sam["call_waiting"]) == ("Sam; the second", ["mobile", "premium"], False)
    assert sam["location_id"] == api.organisation.own["locations"]
    assert [bool(line["phone"]) for line in report["lines"]] == [True, False, False, False]


@pytest.mark.parametrize(
    ("content", "content_type", "status"),
    [
        (b"", "text/csv", 422),
        (b'extension,name\n"2', "text/csv", 422),
        (b"extension,name\n\xff", "text/csv", 422),
        (b"{}", "application/json", 422),
        (b"[" + b"{}," * 500 + b"{}]", "application/json", 422),
        (b"x", "text/plain", 415),
        (b"[" + b" " * 3_000_000 + b"]", "application/json", 413),
    ],
)
async def test_files_that_are_none_are_refused(api: Api, content: bytes, content_type: str, status: int) -> None:
    response = await post_users(api, "each", content=content, headers={"content-type": content_type})
    assert response.status_code == status


async def test_lines_are_told_by_number_and_columns_may_be_called_as_people_call_them(api: Api) -> None:
    text = "Toestelnummer;Naam;E-mailadres;Vestiging\n288;Ann;ann@example.org;Site 2\n289;;;\n"
    answer = await post_users(api, "all", content=text.encode(), headers={"Content-Type": "text/csv"})
    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert (error["field"], error["message"]) == ("3.name", "Name is missing. Fill it in.")
    report = (await post_users(api, "each", content=text.encode(), headers={"Content-Type": "text/csv"})).json()
    assert (report["added"], report["lines"][0]["extension"]) == (1, "288")


async def test_a_location_administrator_adds_people_of_the_location_only(api: Api) -> None:
    with changing(api.database, api.vault, acting_user="test") as changes:
        changes.add(Location(id=0, company_id=api.organisation.company_id, name="Elsewhere"))
    lines = [
        {"extension": "287", "name": "Here", "location": "Site 2"},
        {"extension": "288", "name": "There", "location": "Elsewhere"},
        {"extension": "289", "name": "Nowhere"},
    ]
    report = (await post_users(api, "each", "location", json=lines)).json()
    assert [bool(line["id"]) for line in report["lines"]] == [True, False, False]
    assert report["lines"][1]["errors"][0]["code"] == "beyond_reach"


async def test_a_copied_plan_overwrites_where_the_other_leads(api: Api) -> None:
    client, own = api.of("company"), api.organisation.own
    day, night = own["number_plans"], own["second_plan"]
    spare = (await api.of("operator").post(api.path("numbers"), json={"e164": "+31205550109"})).json()
    for_night = {"plan_id": night, "number_id": spare["id"], "extension": "210"}
    assert (await client.post(api.path("plan_mappings"), json=for_night)).status_code == 201
    copied = await client.post(api.path(f"number_plans/{day}/copy"), json={"to": night})
    assert copied.json() == {"plan_id": night, "mappings": 1}

    async def led(plan: int) -> list[tuple[int, str]]:
        items = (await client.get(api.path("plan_mappings"), params={"plan_id": plan})).json()["items"]
        return [(item["number_id"], item["extension"]) for item in items]

    assert await led(night) == await led(day) != []
    periods = (await client.get(api.path("plan_periods"), params={"plan_id": night})).json()["items"]
    assert periods == []  # a copy has no times: two plans cannot be active at once
    for target in (day, 4711, api.organisation.own["locations"] + 1000):
        refused = await client.post(api.path(f"number_plans/{day}/copy"), json={"to": target})
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "to")


async def test_a_plan_gets_the_next_position_of_its_scheme(api: Api) -> None:
    client, scheme = api.of("company"), api.organisation.own["number_schemes"]
    created = await client.post(api.path("number_plans"), json={"scheme_id": scheme, "name": "Weekend"})
    assert created.json()["position"] == 3
    again = await client.post(api.path("number_plans"), json={"scheme_id": scheme, "name": "Closed", "position": 3})
    assert again.status_code == 409
