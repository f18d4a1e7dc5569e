"""Accounts: who makes which, what they are told, and that the trail has everything but the secrets."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from login_house import PASSWORD, START_MS, House, log_in
from sqlalchemy import select

from kiestoon.store.scope import INSTALLATION
from kiestoon.store.sessions import begin_step
from kiestoon.store.tables import changes

NEW = "Nieuw-woord-77!"


def accounts_of(house: House) -> str:
    return f"/api/v1/companies/{house.company.id}/accounts"


async def test_an_administrator_makes_a_colleague_who_chooses_a_password_at_the_first_login(
    house: House, browser: httpx.AsyncClient
) -> None:
    house.add_account("chief")
    await log_in(browser, "chief@noord.example")
    body = {"login": "bas", "role": "user", "user_id": house.bas.id, "email": "Bas@Mail.Example", "first_name": "Bas"}
    made = await browser.post(accounts_of(house), json=body)
    assert made.status_code == 201, made.text
    assert (made.json()["login_name"], made.json()["email"]) == ("bas@noord.example", "bas@mail.example")
    assert made.headers["location"] == f"{accounts_of(house)}/{made.json()['id']}"
    password = made.json()["password"]
    async with house.client() as bas:
        assert (await log_in(bas, "bas@noord.example", password)).json()["must_change_password"]
        refused = await bas.get("/api/v1/probe")
        assert (refused.status_code, refused.json()["errors"][0]["code"]) == (403, "password_must_change")
        changed = await bas.put("/api/v1/session/password", json={"current": password, "new": NEW})
        assert (changed.status_code, changed.json()["must_change_password"]) == (200, False)
        assert (await bas.get("/api/v1/probe")).json()["role"] == "user"


@pytest.mark.parametrize(
    ("manager", "body", "status"),
    [
        ("company", {"role": "company"}, 201),
        ("company", {"role": "operator"}, 422),
        ("location", {"role": "company"}, 403),
        ("location", {"role": "location", "location_id": "location"}, 201),
        ("location", {"role": "department", "department_id": "department"}, 201),
        ("location", {"role": "user", "user_id": "anna"}, 201),
        ("location", {"role": "user", "user_id": "bas"}, 403),
        ("department", {"role": "department", "department_id": "team"}, 201),
        ("department", {"role": "location", "location_id": "location"}, 403),
        ("department", {"role": "user", "user_id": "anna"}, 201),
        ("department", {"role": "user", "user_id": "bas"}, 403),
        ("company", {"role": "user", "user_id": "zoe"}, 422),
        ("user", {"role": "user", "user_id": "anna"}, 403),
    ],
)
async def test_each_role_makes_accounts_of_its_own_part_only(
    house: House, browser: httpx.AsyncClient, manager: str, body: dict[str, Any], status: int
) -> None:
    places = {
        "company": {},
        "location": {"location_id": house.location.id},
        "department": {"department_id": house.department.id},
        "user": {"user_id": house.bas.id},
    }
    house.add_account("chief", manager, **places[manager])
    await log_in(browser, "chief@noord.example")
    body = {name: getattr(house, value).id if name.endswith("_id") else value for name, value in body.items()}
    answer = await browser.post(accounts_of(house), json={"login": "new", **body})
    assert answer.status_code == status, answer.text
    shown = (await browser.get(accounts_of(house))).json()
    assert ("new" in [row["login"] for row in shown.get("items", [])]) == (status == 201)


async def test_another_companys_accounts_are_not_there(house: House, browser: httpx.AsyncClient) -> None:
    house.add_account("chief")
    foreign = house.add_account("boss", company_id=house.other.id)
    await log_in(browser, "chief@noord.example")
    theirs = f"/api/v1/companies/{house.other.id}/accounts"
    for path in (theirs, f"{theirs}/{foreign.id}", f"{accounts_of(house)}/{foreign.id}"):
        assert (await browser.get(path)).status_code == 404
    assert (await browser.get("/api/v1/operators")).status_code == 403
    assert (await browser.delete(f"{accounts_of(house)}/{foreign.id}")).status_code == 404


async def test_a_login_is_unique_in_its_company_not_beyond(house: House, browser: httpx.AsyncClient) -> None:
    house.add_account("root", "operator")
    house.add_account("anna")
    await log_in(browser, "root")
    body = {"login": "anna", "role": "company"}
    assert (await browser.post(accounts_of(house), json=body)).status_code == 409
    assert (await browser.post(f"/api/v1/companies/{house.other.id}/accounts", json=body)).status_code == 201
    assert (await browser.post("/api/v1/operators", json={"login": "root", "role": "operator"})).status_code == 409
    assert (await browser.post("/api/v1/companies/999/accounts", json=body)).status_code == 404


async def test_a_change_names_the_version_it_saw(house: House, browser: httpx.AsyncClient) -> None:
    house.add_account("chief")
    target = house.add_account("anna")
    await log_in(browser, "chief@noord.example")
    path = f"{accounts_of(house)}/{target.id}"
    assert (await browser.patch(path, json={"disabled": True})).status_code == 428
    tag = (await browser.get(path)).headers["etag"]
    async with house.client() as anna:
        await log_in(anna, "anna@noord.example")
        assert (await browser.patch(path, json={"disabled": True}, headers={"If-Match": tag})).json()["disabled"]
        assert (await anna.get("/api/v1/session")).status_code == 401
    assert (await browser.patch(path, json={"disabled": False}, headers={"If-Match": tag})).status_code == 412
    assert (await browser.delete(path)).status_code == 204
    assert (await browser.get(path)).status_code == 404


async def test_nobody_is_raised_above_the_one_who_does_it(house: House, browser: httpx.AsyncClient) -> None:
    house.add_account("chief", "location", location_id=house.location.id)
    target = house.add_account("anna", "user", user_id=house.anna.id)
    await log_in(browser, "chief@noord.example")
    answer = await browser.patch(
        f"{accounts_of(house)}/{target.id}", json={"role": "company", "user_id": None}, headers={"If-Match": "*"}
    )
    assert answer.status_code == 403


async def test_the_last_operator_stays(house: House, browser: httpx.AsyncClient) -> None:
    root = house.add_account("root", "operator")
    await log_in(browser, "root")
    path = f"/api/v1/operators/{root.id}"
    assert (await browser.delete(path)).status_code == 409
    assert (await browser.patch(path, json={"disabled": True}, headers={"If-Match": "*"})).status_code == 409
    assert (await browser.post("/api/v1/operators", json={"login": "second", "role": "operator"})).status_code == 201
    assert (await browser.delete(path)).status_code == 204


async def test_a_reset_password_ends_sessions_and_must_be_changed(house: House, browser: httpx.AsyncClient) -> None:
    house.add_account("chief")
    anna = house.add_account("anna", email="anna@mail.example")
    await log_in(browser, "chief@noord.example")
    async with house.client() as hers:
        await log_in(hers, "anna@noord.example")
        answer = await browser.post(f"{accounts_of(house)}/{anna.id}/password", json={"send_mail": True})
        password = answer.json()["password"]
        assert (await hers.get("/api/v1/session")).status_code == 401
        assert (await log_in(hers, "anna@noord.example")).status_code == 401
        assert (await log_in(hers, "anna@noord.example", password)).json()["must_change_password"]
    assert house.mailed == ["anna"]
    assert (await browser.post(f"{accounts_of(house)}/{anna.id}/mail")).status_code == 202
    assert house.mailed == ["anna", "anna"]


async def test_a_new_administrator_is_mailed_how_to_log_in(house: House, browser: httpx.AsyncClient) -> None:
    """V 30.2, V 31.2: the system makes the account and mails its owner."""
    house.add_account("chief")
    await log_in(browser, "chief@noord.example")
    account = {"role": "location", "location_id": house.location.id, "first_name": "Lo", "last_name": "Cal"}

    async def create(login: str, **more: Any) -> httpx.Response:
        return await browser.post(accounts_of(house), json={"login": login, **account, **more})

    assert (await create("told", email="told@noord.example")).status_code == 201
    assert (await create("untold", email="untold@noord.example", send_mail=False)).status_code == 201
    nowhere = await create("nowhere")
    assert nowhere.status_code == 201
    assert house.mailed == ["told"]
    refused = await browser.post(f"{accounts_of(house)}/{nowhere.json()['id']}/mail")
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (409, "email")
    taken = await create("told", email="other@noord.example")
    assert (taken.status_code, house.mailed) == (409, ["told"])
    house.logins.mail_login = None
    assert (await create("offline", email="off@noord.example")).status_code == 201
    silent = await browser.post(f"{accounts_of(house)}/{nowhere.json()['id']}/mail")
    assert (silent.status_code, silent.json()["errors"][0]["code"]) == (409, "no_mail_server")


async def test_own_password_needs_the_present_one_and_ends_other_sessions(
    house: House, browser: httpx.AsyncClient
) -> None:
    house.add_account("anna", "user", user_id=house.anna.id)
    await log_in(browser, "anna@noord.example")
    async with house.client() as other:
        await log_in(other, "anna@noord.example")
        path = "/api/v1/session/password"
        wrong = await browser.put(path, json={"current": "no", "new": NEW})
        assert wrong.json()["errors"][0]["code"] == "wrong_password"
        weak = await browser.put(path, json={"current": PASSWORD, "new": "janseN-101"})
        assert [error["code"] for error in weak.json()["errors"]] == ["password_personal"]
        changed = await browser.put(path, json={"current": PASSWORD, "new": NEW})
        assert changed.status_code == 200
        browser.headers["X-CSRF-Token"] = changed.json()["csrf_token"]
        again = await browser.put(path, json={"current": NEW, "new": PASSWORD})
        assert again.json()["errors"][0]["code"] == "recently_used"
        assert (await other.get("/api/v1/session")).status_code == 401
        assert (await browser.get("/api/v1/session")).status_code == 200
    proposal = (await browser.get(f"{path}/proposal")).json()["password"]
    assert (await browser.put(path, json={"current": NEW, "new": proposal})).status_code == 200


async def test_problems_are_told_in_dutch_where_that_is_wanted(house: House, browser: httpx.AsyncClient) -> None:
    house.add_account("anna")
    browser.headers["Accept-Language"] = "nl"
    answer = await log_in(browser, "anna@noord.example", "fout")
    assert answer.json()["errors"][0]["message"].startswith("Gebruikersnaam of wachtwoord klopt niet.")


async def test_the_trail_names_what_was_done_without_any_secret(house: House, browser: httpx.AsyncClient) -> None:
    house.add_account("chief")
    await log_in(browser, "chief@noord.example")
    body = {"login": "bas", "role": "company", "password": NEW, "must_change_password": False}
    assert (await browser.post(accounts_of(house), json=body)).json()["password"] is None
    await browser.post("/api/v1/session/tokens", json={"name": "script", "scopes": ["read"]})
    trail = [entry for entry in house.trail() if entry[0] == "chief@noord.example"]
    assert [entry[2:] for entry in trail] == [
        ("added", "accounts"),
        ("password_set", "accounts"),
        ("token_issued", "accounts"),
    ]
    with house.database.read() as connection:
        text = str(connection.execute(select(changes), execution_options=INSTALLATION).all())
    assert "argon2" not in text
    assert NEW not in text
    assert "kst_" not in text


async def test_the_link_of_a_mail_sets_the_password_once_within_its_time(
    house: House, browser: httpx.AsyncClient
) -> None:
    account = house.add_account("anna", must_change_password=True)
    path = "/api/v1/session/password/link"

    def link(lasts_ms: int) -> str:
        with house.database.write() as connection:
            return begin_step(connection, "set_password", {"account_id": account.id}, START_MS, lasts_ms)

    token, late = link(1000), link(-1)
    weak = await browser.post(path, json={"token": token, "new": "kort"})
    assert (weak.status_code, weak.json()["errors"][0]["code"]) == (422, "password_short")
    assert (await browser.post(path, json={"token": token, "new": NEW})).status_code == 204
    for used in (token, late, "guessed"):
        again = await browser.post(path, json={"token": used, "new": PASSWORD})
        assert (again.status_code, again.json()["errors"][0]["code"]) == (401, "step_over")
    assert (await log_in(browser, "anna@noord.example", NEW)).json()["must_change_password"] is False
    assert ("anna@noord.example", "", "password_set", "accounts") in house.trail()
