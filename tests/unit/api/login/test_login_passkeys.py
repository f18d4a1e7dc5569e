"""Passkeys, with an authenticator in software."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from login_house import PASSWORD, House, log_in
from software_authenticator import USER_PRESENT, Authenticator

OPTIONS = "/api/v1/session/passkeys/options"
ORIGIN = "https://phones.example.org"


async def register(browser: httpx.AsyncClient, key: Authenticator, name: str = "Laptop") -> httpx.Response:
    begun = (await browser.post(OPTIONS, json={"current": PASSWORD})).json()
    body = {"step": begun["step"], "name": name, "credential": key.create(begun["public_key"])}
    return await browser.post("/api/v1/session/passkeys", json=body)


async def begin(client: httpx.AsyncClient) -> dict[str, Any]:
    begun: dict[str, Any] = (await client.post("/api/v1/session/passkey/options")).json()
    return begun


async def enter(client: httpx.AsyncClient, key: Authenticator) -> httpx.Response:
    begun = await begin(client)
    body = {"step": begun["step"], "credential": key.get(begun["public_key"])}
    return await client.post("/api/v1/session/passkey", json=body)


@pytest.fixture
async def key(house: House, browser: httpx.AsyncClient) -> Authenticator:
    house.add_account("anna", "user", user_id=house.anna.id)
    await log_in(browser, "anna@noord.example")
    authenticator = Authenticator(ORIGIN)
    assert (await register(browser, authenticator)).status_code == 201
    return authenticator


async def test_a_passkey_alone_opens_its_account(house: House, key: Authenticator) -> None:
    async with house.client() as fresh:
        answer = await enter(fresh, key)
        assert (answer.status_code, answer.json()["login"]) == (200, "anna@noord.example")
        assert (await fresh.get("/api/v1/probe")).status_code == 200
        assert (await fresh.get("/api/v1/sessions")).json()[0]["method"] == "passkey"
        assert (await enter(fresh, key)).status_code == 200


async def test_registering_asks_for_the_password_and_for_a_verified_user(
    house: House, browser: httpx.AsyncClient, key: Authenticator
) -> None:
    assert (await browser.post(OPTIONS, json={"current": "wrong"})).status_code == 422
    careless = Authenticator(ORIGIN)
    careless.flags = USER_PRESENT
    assert (await register(browser, careless)).status_code == 422
    assert (await register(browser, key)).status_code == 409
    begun = (await browser.post(OPTIONS, json={"current": PASSWORD})).json()["public_key"]
    assert begun["authenticatorSelection"]["residentKey"] == "required"
    assert len(begun["excludeCredentials"]) == 1


async def test_a_copied_passkey_is_known_by_its_counter(house: House, key: Authenticator) -> None:
    async with house.client() as fresh:
        assert (await enter(fresh, key)).status_code == 200
        key.counter -= 1
        refused = await enter(fresh, key)
        assert (refused.status_code, refused.json()["errors"][0]["code"]) == (401, "wrong_passkey")


async def test_what_was_signed_once_or_for_another_site_opens_nothing(house: House, key: Authenticator) -> None:
    async with house.client() as fresh:
        begun = await begin(fresh)
        body = {"step": begun["step"], "credential": key.get(begun["public_key"])}
        assert (await fresh.post("/api/v1/session/passkey", json=body)).status_code == 200
        replayed = await fresh.post("/api/v1/session/passkey", json=body)
        assert (replayed.status_code, replayed.json()["errors"][0]["code"]) == (401, "step_over")
        other = await begin(fresh)
        stale = {"step": other["step"], "credential": body["credential"]}
        assert (await fresh.post("/api/v1/session/passkey", json=stale)).status_code == 401
        key.origin = "https://phish.example"
        assert (await enter(fresh, key)).status_code == 401


async def test_another_accounts_handle_and_a_strangers_signature_are_refused(house: House, key: Authenticator) -> None:
    async with house.client() as fresh:
        own_handle, key.user_handle = key.user_handle, "AAAA"
        assert (await enter(fresh, key)).status_code == 401
        key.user_handle = own_handle
        forger = Authenticator(ORIGIN)
        forger.credential_id, forger.rp_id, forger.counter = key.credential_id, key.rp_id, 50
        assert (await enter(fresh, forger)).status_code == 401
        assert (await enter(fresh, key)).status_code == 200


@pytest.mark.parametrize(
    "credential",
    [
        {},
        {"id": 5},
        {"id": "%%%", "rawId": "%%%", "type": "public-key", "response": {}},
        {"id": "AAAA", "rawId": "AAAA", "type": "public-key", "response": None},
        {"id": "", "response": {"clientDataJSON": "e30", "authenticatorData": "AA", "signature": "AA"}},
    ],
)
async def test_nonsense_is_refused(house: House, key: Authenticator, credential: dict[str, Any]) -> None:
    async with house.client() as fresh:
        begun = await begin(fresh)
        answer = await fresh.post("/api/v1/session/passkey", json={"step": begun["step"], "credential": credential})
        assert answer.status_code == 401


async def test_a_removed_passkey_or_a_disabled_account_opens_nothing(
    house: House, browser: httpx.AsyncClient, key: Authenticator
) -> None:
    (shown,) = (await browser.get("/api/v1/session/passkeys")).json()
    assert shown["name"] == "Laptop"
    assert (await browser.delete(f"/api/v1/session/passkeys/{shown['id']}")).status_code == 204
    assert (await browser.delete(f"/api/v1/session/passkeys/{shown['id']}")).status_code == 404
    async with house.client() as fresh:
        assert (await enter(fresh, key)).status_code == 401
