"""Logging in with a password, and what the session is worth."""

from __future__ import annotations

import httpx
import msgspec
import pytest
from argon2 import PasswordHasher
from login_house import CHEAP, PASSWORD, House, log_in
from structlog.testing import capture_logs

from kiestoon.api.login.hashing import Hashing
from kiestoon.store.accounts import password_hash, renew_hash
from kiestoon.store.sessions import ABSOLUTE_MS, IDLE_MS
from kiestoon.store.write import changing


@pytest.mark.parametrize("typed", ["anna@noord.example", " ANNA@Noord.Example ", "anna@mail.example"])
async def test_one_logs_in_by_id_and_domain_or_by_email(house: House, browser: httpx.AsyncClient, typed: str) -> None:
    house.add_account("anna", "user", email="anna@mail.example", user_id=house.anna.id)
    answer = await log_in(browser, typed)
    assert answer.status_code == 200
    assert answer.json()["login"] == "anna@noord.example"
    assert (await browser.get("/api/v1/probe")).json() == {
        "name": "anna@noord.example",
        "role": "user",
        "acting_as": "",
    }


async def test_an_operator_logs_in_by_id_alone(house: House, browser: httpx.AsyncClient) -> None:
    house.add_account("root", "operator")
    assert (await log_in(browser, "root")).json()["role"] == "operator"


async def test_nobody_takes_an_email_address_by_writing_it_into_a_later_account(
    house: House, browser: httpx.AsyncClient
) -> None:
    house.add_account("anna", email="anna@mail.example")
    house.add_account("thief", email="anna@mail.example", company_id=house.other.id, password="Other-pass-1!")
    assert (await log_in(browser, "anna@mail.example")).json()["login"] == "anna@noord.example"


async def test_an_unknown_account_and_a_wrong_password_get_the_same_answer(house: House) -> None:
    house.add_account("anna")
    house.add_account("gone", disabled=True)
    house.add_account("sso", password="")
    answers = []
    for login, password in [
        ("anna@noord.example", "wrong"),
        ("nobody@noord.example", "wrong"),
        ("gone@noord.example", PASSWORD),
        ("sso@noord.example", "wrong"),
    ]:
        async with house.client() as client:
            answer = await log_in(client, login, password)
            answers.append((answer.status_code, answer.json(), "set-cookie" in answer.headers))
    assert answers[0][0] == 401
    assert answers[0][1]["errors"][0]["code"] == "wrong_login"
    assert all(answer == answers[0] for answer in answers)


async def test_without_a_session_there_is_no_entry(browser: httpx.AsyncClient) -> None:
    assert (await browser.get("/api/v1/probe")).status_code == 401
    browser.cookies.set("__Host-kiestoon_session", "guessed")
    assert (await browser.get("/api/v1/probe")).status_code == 401
    for scheme in ("Bearer kst_guessed", "Bearer x", "Basic eDp5", "Bearer"):
        assert (await browser.get("/api/v1/probe", headers={"Authorization": scheme})).status_code == 401


async def test_the_session_cookie_is_out_of_reach_for_scripts_and_plain_http(house: House) -> None:
    house.add_account("anna")
    async with house.client() as client:
        cookies = (await log_in(client, "anna@noord.example")).headers.get_list("set-cookie")
    (session,) = (cookie for cookie in cookies if cookie.startswith("__Host-kiestoon_session="))
    assert {"HttpOnly", "Secure", "SameSite=lax", "Path=/"} <= {part.strip() for part in session.split(";")}


async def test_a_change_needs_the_csrf_token_and_our_own_origin(house: House, browser: httpx.AsyncClient) -> None:
    house.add_account("anna")
    await log_in(browser, "anna@noord.example")
    assert (await browser.post("/api/v1/probe")).status_code == 200
    ours = {"Origin": "https://phones.example.org", "Sec-Fetch-Site": "same-origin"}
    assert (await browser.post("/api/v1/probe", headers=ours)).status_code == 200
    for headers, code in [
        ({"X-CSRF-Token": ""}, "csrf"),
        ({"X-CSRF-Token": "0" * 64}, "csrf"),
        ({"Origin": "https://evil.example"}, "foreign_origin"),
        ({"Origin": "http://phones.example.org"}, "foreign_origin"),
        ({"Origin": "null"}, "foreign_origin"),
        ({"Sec-Fetch-Site": "cross-site"}, "foreign_origin"),
    ]:
        answer = await browser.post("/api/v1/probe", headers=headers)
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (403, code)


async def test_another_site_cannot_log_a_browser_in(house: House, browser: httpx.AsyncClient) -> None:
    house.add_account("anna")
    browser.headers["Origin"] = "https://evil.example"
    assert (await log_in(browser, "anna@noord.example")).status_code == 403


async def test_a_session_ends_when_idle_and_after_its_time(house: House, browser: httpx.AsyncClient) -> None:
    house.add_account("anna")
    await log_in(browser, "anna@noord.example")
    house.now_s += IDLE_MS / 1000 - 1
    assert (await browser.get("/api/v1/probe")).status_code == 200
    house.now_s += IDLE_MS / 1000 + 1
    assert (await browser.get("/api/v1/probe")).status_code == 401
    await log_in(browser, "anna@noord.example")
    for _ in range(ABSOLUTE_MS // IDLE_MS):
        house.now_s += IDLE_MS / 1000 - 1
        assert (await browser.get("/api/v1/probe")).status_code == 200
    house.now_s += 60
    assert (await browser.get("/api/v1/probe")).status_code == 401


async def test_logging_in_again_replaces_the_session(house: House, browser: httpx.AsyncClient) -> None:
    house.add_account("anna")
    await log_in(browser, "anna@noord.example")
    first = browser.cookies["__Host-kiestoon_session"]
    await log_in(browser, "anna@noord.example")
    assert browser.cookies["__Host-kiestoon_session"] != first
    assert len((await browser.get("/api/v1/sessions")).json()) == 1


async def test_one_sees_and_ends_own_sessions_only(house: House, browser: httpx.AsyncClient) -> None:
    house.add_account("anna")
    house.add_account("bas")
    await log_in(browser, "anna@noord.example")
    async with house.client("192.0.2.99") as phone, house.client() as stranger:
        await log_in(phone, "anna@noord.example")
        await log_in(stranger, "bas@noord.example")
        shown = (await browser.get("/api/v1/sessions")).json()
        assert [(row["source"], row["current"]) for row in shown] == [("192.0.2.99", False), ("192.0.2.10", True)]
        foreign = (await stranger.get("/api/v1/sessions")).json()[0]["id"]
        assert (await browser.delete(f"/api/v1/sessions/{foreign}")).status_code == 404
        assert (await browser.delete(f"/api/v1/sessions/{shown[0]['id']}")).status_code == 204
        assert (await phone.get("/api/v1/probe")).status_code == 401
        assert (await stranger.get("/api/v1/probe")).status_code == 200
    assert (await browser.delete("/api/v1/session")).status_code == 204
    assert (await browser.get("/api/v1/probe")).status_code == 401


async def test_a_disabled_account_or_company_is_out_at_once(house: House, browser: httpx.AsyncClient) -> None:
    account = house.add_account("anna")
    await log_in(browser, "anna@noord.example")
    with changing(house.database, house.vault, acting_user="test") as changes:
        account = changes.update(msgspec.structs.replace(account, disabled=True))
    assert (await browser.get("/api/v1/probe")).status_code == 401
    with changing(house.database, house.vault, acting_user="test") as changes:
        changes.update(msgspec.structs.replace(account, disabled=False))
        assert changes.update(msgspec.structs.replace(house.company, active=False))
    assert (await browser.get("/api/v1/probe")).status_code == 401


async def test_a_hash_of_old_parameters_is_renewed_at_the_login(house: House, browser: httpx.AsyncClient) -> None:
    account = house.add_account("anna")
    old = PasswordHasher(time_cost=2, memory_cost=16, parallelism=1).hash(PASSWORD)
    with house.database.write() as connection:
        held = password_hash(connection, account.id)
        assert held is not None
        renew_hash(connection, account.id, held, old)
    assert (await log_in(browser, "anna@noord.example")).status_code == 200
    with house.database.read() as connection:
        renewed = password_hash(connection, account.id)
    assert renewed is not None
    assert not CHEAP.check_needs_rehash(renewed)
    assert CHEAP.verify(renewed, PASSWORD)


async def test_logs_say_who_failed_from_where_and_never_the_password(house: House, browser: httpx.AsyncClient) -> None:
    account = house.add_account("anna")
    with capture_logs() as lines:
        await log_in(browser, "anna@noord.example", "Geheim-wachtwoord-1")
    (line,) = (line for line in lines if line["event"] == "login")
    assert line["outcome"] == "refused"
    assert (line["account"], line["source"]) == (f"#{account.id}", "192.0.2.10")
    assert "Geheim" not in str(lines)


async def test_who_does_not_exist_costs_as_much_as_who_does(monkeypatch: pytest.MonkeyPatch) -> None:
    verified: list[str] = []
    original = PasswordHasher.verify

    def counting(self: PasswordHasher, hashed: str, password: str) -> bool:
        verified.append(hashed.rpartition("$")[0].rpartition("$")[0])
        return original(self, hashed, password)

    monkeypatch.setattr(PasswordHasher, "verify", counting)
    hashing = Hashing(CHEAP)
    assert not await hashing.verify(None, PASSWORD)
    assert not await hashing.verify(CHEAP.hash("another"), PASSWORD)
    assert verified == ["$argon2id$v=19$m=8,t=1,p=1"] * 2
