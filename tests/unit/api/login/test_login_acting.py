"""Working in somebody's view, access tokens, PINs."""

from __future__ import annotations

import httpx
import msgspec
import pytest
from login_house import CHEAP, House, log_in

from kiestoon.api.permissions import SUBJECTS
from kiestoon.store.pins import pin_in_force
from kiestoon.store.write import changing

ACTING = "/api/v1/session/acting-as"


async def test_an_administrator_works_in_a_persons_view_and_both_are_in_the_trail(
    house: House, browser: httpx.AsyncClient
) -> None:
    house.add_account("chief")
    await log_in(browser, "chief@noord.example")
    entered = (await browser.post(ACTING, json={"user_id": house.anna.id})).json()
    assert (entered["role"], entered["own_role"], entered["acting_as"]) == ("user", "company", "Anna Jansen")
    assert (await browser.get("/api/v1/probe")).json()["acting_as"] == "Anna Jansen"
    assert (await browser.get(f"/api/v1/companies/{house.company.id}/accounts")).status_code == 403
    pin = f"/api/v1/companies/{house.company.id}/users/{house.anna.id}/pin"
    assert (await browser.post(pin, json={"pin": "483920"})).status_code == 200
    again = await browser.post(ACTING, json={"user_id": house.bas.id})
    assert (again.status_code, again.json()["errors"][0]["code"]) == (409, "acts_already")
    assert (await browser.delete(ACTING)).json()["role"] == "company"
    assert [entry[:3] for entry in house.trail()[-3:]] == [
        ("chief@noord.example", "", "view_entered"),
        ("chief@noord.example", "Anna Jansen", "pin_set"),
        ("chief@noord.example", "Anna Jansen", "view_left"),
    ]


async def test_in_anothers_view_the_own_login_is_out_of_reach(house: House, browser: httpx.AsyncClient) -> None:
    house.add_account("chief")
    await log_in(browser, "chief@noord.example")
    await browser.post(ACTING, json={"user_id": house.anna.id})
    for method, path, body in [
        ("PUT", "/api/v1/session/password", {"current": "x", "new": "y"}),
        ("POST", "/api/v1/session/tokens", {"name": "x", "scopes": ["read"]}),
        ("POST", "/api/v1/session/totp", {"current": "x"}),
    ]:
        answer = await browser.request(method, path, json=body)
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (403, "no_acting")


@pytest.mark.parametrize(
    ("role", "person", "status"),
    [
        ("operator", "zoe", 200),
        ("company", "bas", 200),
        ("company", "zoe", 404),
        ("location", "anna", 200),
        ("location", "bas", 404),
        ("department", "anna", 200),
        ("department", "bas", 404),
        ("user", "anna", 403),
    ],
)
async def test_one_enters_the_views_of_the_own_part_only(
    house: House, browser: httpx.AsyncClient, role: str, person: str, status: int
) -> None:
    place = {"location": {"location_id": house.location.id}, "department": {"department_id": house.department.id}}
    place["user"] = {"user_id": house.bas.id}
    house.add_account("chief", role, **place.get(role, {}))
    await log_in(browser, "chief" if role == "operator" else "chief@noord.example")
    answer = await browser.post(ACTING, json={"user_id": getattr(house, person).id})
    assert answer.status_code == status


async def test_a_view_is_left_when_the_person_moves_out_of_reach(house: House, browser: httpx.AsyncClient) -> None:
    house.add_account("chief", "department", department_id=house.department.id)
    await log_in(browser, "chief@noord.example")
    await browser.post(ACTING, json={"user_id": house.anna.id})
    with changing(house.database, house.vault, acting_user="test") as changes:
        changes.update(msgspec.structs.replace(house.anna, department_id=None))
    assert (await browser.get("/api/v1/probe")).json() == {
        "name": "chief@noord.example",
        "role": "department",
        "acting_as": "",
    }


async def test_a_token_does_what_its_scopes_say_until_it_is_over_or_withdrawn(
    house: House, browser: httpx.AsyncClient
) -> None:
    house.add_account("chief")
    await log_in(browser, "chief@noord.example")
    path = f"/api/v1/companies/{house.company.id}/accounts"
    made = (await browser.post("/api/v1/session/tokens", json={"name": "a", "scopes": ["read"], "days": 30})).json()
    writing = (await browser.post("/api/v1/session/tokens", json={"name": "b", "scopes": ["accounts:write"]})).json()
    async with house.client() as program:
        program.headers["Authorization"] = f"Bearer {made['token']}"
        assert (await program.get("/api/v1/session")).json()["scopes"] == ["read"]
        assert (await program.get(path)).status_code == 200
        body = {"login": "x", "role": "company"}
        assert (await program.post(path, json=body)).status_code == 403
        program.headers["Authorization"] = f"Bearer {writing['token']}"
        assert (await program.post(path, json=body)).status_code == 201
        for method, own in [("GET", "/api/v1/session/tokens"), ("PUT", "/api/v1/session/password")]:
            assert (await program.request(method, own, json={"current": "x", "new": "y"})).status_code == 403
        assert (await program.post(ACTING, json={"user_id": house.anna.id})).status_code == 403
        shown = (await browser.get("/api/v1/session/tokens")).json()
        assert [row["used"] is not None for row in shown] == [True, True]
        assert "token" not in shown[0]
        assert (await browser.delete(f"/api/v1/session/tokens/{writing['id']}")).status_code == 204
        assert (await program.get("/api/v1/session")).status_code == 401
        program.headers["Authorization"] = f"Bearer {made['token']}"
        house.now_s += 30 * 86_400 + 1
        assert (await program.get("/api/v1/session")).status_code == 401


async def test_there_are_tokens_for_every_subject_but_not_without_end(
    house: House, browser: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kiestoon.api.login.own_routes.MOST_TOKENS", 1)
    house.add_account("chief")
    await log_in(browser, "chief@noord.example")
    body = {"name": "a", "scopes": sorted(f"{subject}:read" for subject in SUBJECTS)[:50]}
    assert (await browser.post("/api/v1/session/tokens", json=body)).status_code == 201
    refused = await browser.post("/api/v1/session/tokens", json={"name": "b", "scopes": ["events:read"]})
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (409, "too_many")


@pytest.mark.parametrize("scopes", [[], ["admin"], ["nothing:read"], ["users:delete"]])
async def test_a_token_needs_scopes_that_exist(house: House, browser: httpx.AsyncClient, scopes: list[str]) -> None:
    house.add_account("chief")
    await log_in(browser, "chief@noord.example")
    answer = await browser.post("/api/v1/session/tokens", json={"name": "a", "scopes": scopes})
    assert answer.status_code == 422


async def test_a_person_sets_the_own_pin_and_nobody_elses(house: House, browser: httpx.AsyncClient) -> None:
    house.add_account("anna", "user", user_id=house.anna.id)
    await log_in(browser, "anna@noord.example")
    users = f"/api/v1/companies/{house.company.id}/users"
    own = f"{users}/{house.anna.id}/pin"
    assert (await browser.get(own)).json() == {"is_set": False, "must_change": False}
    for pin, code in [
        ("123456", "pin_run"),
        ("1234", "pin_length"),
        ("0000", "pin_length"),
        ("444444", "pin_repeated"),
    ]:
        assert code in [error["code"] for error in (await browser.post(own, json={"pin": pin})).json()["errors"]]
    assert (await browser.post(own, json={"pin": "483920"})).json() == {"pin": None, "must_change": False}
    again = await browser.post(own, json={"pin": "483920"})
    assert again.json()["errors"][0]["code"] == "recently_used"
    with house.database.read() as connection:
        held = pin_in_force(connection, house.vault, house.anna.id)
    assert held is not None
    assert CHEAP.verify(held[0], "483920")
    assert (await browser.post(f"{users}/{house.bas.id}/pin", json={"pin": "483920"})).status_code == 404


async def test_an_administrator_may_give_0000_which_must_be_changed(house: House, browser: httpx.AsyncClient) -> None:
    house.add_account("chief")
    await log_in(browser, "chief@noord.example")
    path = f"/api/v1/companies/{house.company.id}/users/{house.bas.id}/pin"
    assert (await browser.post(path, json={"pin": "0000"})).json() == {"pin": None, "must_change": True}
    assert (await browser.get(path)).json() == {"is_set": True, "must_change": True}
    made = (await browser.post(path, json={})).json()
    assert len(made["pin"]) == 6
    foreign = f"/api/v1/companies/{house.other.id}/users/{house.zoe.id}/pin"
    assert (await browser.post(foreign, json={})).status_code == 404
