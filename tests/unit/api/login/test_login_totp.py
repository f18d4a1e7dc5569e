"""Codes of an authenticator app and recovery codes."""

from __future__ import annotations

import httpx
import pyotp
import pytest
from login_house import PASSWORD, START_MS, House, log_in

from kiestoon.api.login.throttle import CLIENT

TOTP = "/api/v1/session/totp"
SECOND = "/api/v1/session/second-factor"


def code_at(house: House, secret: str, offset_s: int = 0) -> str:
    return pyotp.TOTP(secret).at(START_MS // 1000 + int(house.now_s) + offset_s)


async def enrol(house: House, browser: httpx.AsyncClient) -> tuple[str, list[str]]:
    secret = (await browser.post(TOTP, json={"current": PASSWORD})).json()["secret"]
    confirmed = await browser.put(TOTP, json={"code": code_at(house, secret)})
    assert confirmed.status_code == 200
    house.now_s += 60
    return secret, confirmed.json()["recovery_codes"]


@pytest.fixture
async def app(house: House, browser: httpx.AsyncClient) -> tuple[str, list[str]]:
    """An account with an app: its secret and its recovery codes."""
    house.add_account("anna", "user", user_id=house.anna.id)
    await log_in(browser, "anna@noord.example")
    return await enrol(house, browser)


async def first_step(client: httpx.AsyncClient) -> str:
    answer = await log_in(client, "anna@noord.example")
    assert answer.json()["state"] == "second_factor"
    assert "set-cookie" not in answer.headers
    return str(answer.json()["step"])


async def test_an_app_counts_once_its_first_code_is_confirmed(house: House, browser: httpx.AsyncClient) -> None:
    house.add_account("anna", "user", user_id=house.anna.id)
    await log_in(browser, "anna@noord.example")
    assert (await browser.post(TOTP, json={"current": "wrong"})).status_code == 422
    begun = (await browser.post(TOTP, json={"current": PASSWORD})).json()
    assert begun["uri"].startswith("otpauth://totp/Kiestoon:anna%40noord.example?secret=")
    assert (await browser.put(TOTP, json={"code": code_at(house, begun["secret"], 300)})).status_code == 422
    assert (await log_in(browser, "anna@noord.example")).json()["state"] == "logged_in"
    assert (await browser.put(TOTP, json={"code": code_at(house, begun["secret"])})).status_code == 200
    assert (await browser.post(TOTP, json={"current": PASSWORD})).status_code == 409
    assert (await browser.get(TOTP)).json() == {"active": True, "recovery_codes": 10}


async def test_login_then_takes_a_code_of_now(house: House, app: tuple[str, list[str]]) -> None:
    secret, _ = app
    async with house.client() as fresh:
        step = await first_step(fresh)
        assert (await fresh.get("/api/v1/session")).status_code == 401
        for wrong in (code_at(house, secret, 90), code_at(house, secret, -90), "000000", "ééééééé"):
            answer = await fresh.post(SECOND, json={"step": step, "code": wrong})
            assert (answer.status_code, answer.json()["errors"][0]["code"]) == (401, "wrong_code")
        answer = await fresh.post(SECOND, json={"step": step, "code": code_at(house, secret)})
        assert answer.json()["state"] == "logged_in"
        assert (await fresh.get("/api/v1/probe")).status_code == 200
        assert (await fresh.get("/api/v1/sessions")).json()[0]["method"] == "totp"


async def test_a_code_is_good_once(house: House, app: tuple[str, list[str]]) -> None:
    secret, _ = app
    async with house.client() as first, house.client() as second:
        code = code_at(house, secret)
        assert (await first.post(SECOND, json={"step": await first_step(first), "code": code})).status_code == 200
        step = await first_step(second)
        replayed = await second.post(SECOND, json={"step": step, "code": code})
        assert replayed.json()["errors"][0]["code"] == "wrong_code"
        earlier = await second.post(SECOND, json={"step": step, "code": code_at(house, secret, -30)})
        assert earlier.status_code == 401
        house.now_s += 30
        assert (await second.post(SECOND, json={"step": step, "code": code_at(house, secret)})).status_code == 200


async def test_a_step_is_good_once_and_for_five_minutes(house: House, app: tuple[str, list[str]]) -> None:
    secret, _ = app
    async with house.client() as fresh:
        step = await first_step(fresh)
        assert (await fresh.post(SECOND, json={"step": step, "code": code_at(house, secret)})).status_code == 200
        house.now_s += 30
        again = await fresh.post(SECOND, json={"step": step, "code": code_at(house, secret)})
        assert again.json()["errors"][0]["code"] == "step_over"
        late = await first_step(fresh)
        house.now_s += 301
        answer = await fresh.post(SECOND, json={"step": late, "code": code_at(house, secret)})
        assert answer.json()["errors"][0]["code"] == "step_over"


async def test_a_recovery_code_opens_once_however_it_is_typed(house: House, app: tuple[str, list[str]]) -> None:
    _, codes = app
    async with house.client() as fresh:
        typed = codes[0].upper().replace("-", " ")
        body = {"step": await first_step(fresh), "method": "recovery", "code": typed}
        assert (await fresh.post(SECOND, json=body)).status_code == 200
        body["step"] = await first_step(fresh)
        assert (await fresh.post(SECOND, json=body)).status_code == 401


async def test_new_recovery_codes_make_the_old_ones_void(
    house: House, browser: httpx.AsyncClient, app: tuple[str, list[str]]
) -> None:
    _, old = app
    new = (await browser.post("/api/v1/session/recovery-codes", json={"current": PASSWORD})).json()["recovery_codes"]
    async with house.client() as fresh:
        step = await first_step(fresh)
        for code, status in [(old[1], 401), (new[1], 200)]:
            body = {"step": step, "method": "recovery", "code": code}
            assert (await fresh.post(SECOND, json=body)).status_code == status


async def test_guessing_codes_is_slowed_down(house: House, app: tuple[str, list[str]]) -> None:
    async with house.client("198.51.100.7") as thief:
        step = await first_step(thief)
        answers = [(await thief.post(SECOND, json={"step": step, "code": f"{n:06}"})).status_code for n in range(8)]
    assert answers[:5] == [401] * 5
    assert answers[5:] == [429] * 3


async def test_an_administrator_takes_a_lost_app_away(house: House, app: tuple[str, list[str]]) -> None:
    house.add_account("chief")
    async with house.client() as chief, house.client() as fresh:
        await log_in(chief, "chief@noord.example")
        path = f"/api/v1/companies/{house.company.id}/accounts"
        (anna,) = (row for row in (await chief.get(path)).json()["items"] if row["login"] == "anna")
        assert (await chief.delete(f"{path}/{anna['id']}/second-factors")).status_code == 204
        assert (await log_in(fresh, "anna@noord.example")).json()["state"] == "logged_in"


async def test_ones_own_app_goes_with_the_password(
    house: House, browser: httpx.AsyncClient, app: tuple[str, list[str]]
) -> None:
    removal = f"{TOTP}/removal"
    assert (await browser.post(removal, json={"current": "wrong"})).status_code == 422
    assert (await browser.post(removal, json={"current": PASSWORD})).status_code == 204
    assert (await browser.post(removal, json={"current": PASSWORD})).status_code == 404
    assert (await browser.get(TOTP)).json() == {"active": False, "recovery_codes": 0}


async def test_right_codes_never_make_anybody_wait(house: House, app: tuple[str, list[str]]) -> None:
    secret, _ = app
    for _ in range(CLIENT.free + 4):
        async with house.client() as fresh:
            body = {"step": await first_step(fresh), "code": code_at(house, secret)}
            assert (await fresh.post(SECOND, json=body)).status_code == 200
        house.now_s += 30
