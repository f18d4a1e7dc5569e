"""How many requests an account may make, over whatever route."""

from __future__ import annotations

import httpx
import pytest
from login_house import House, log_in

from kiestoon.api.limits import RateLimits

OWN = ("session", "sessions", "session/tokens", "session/passkeys", "session/totp", "session/identities")


@pytest.mark.parametrize("path", [*OWN, "companies/1/accounts", "companies/1/identity-providers", "probe"])
async def test_an_account_that_asks_too_often_waits_at_every_route(
    house: House, browser: httpx.AsyncClient, path: str
) -> None:
    house.add_account("chief")
    house.add_account("deputy")
    await log_in(browser, "chief@noord.example")
    house.application.state.limits = RateLimits(2)
    statuses = [(await browser.get(f"/api/v1/{path}")).status_code for _ in range(3)]
    assert statuses == [200, 200, 429]
    assert (await browser.get("/api/v1/session")).status_code == 429  # all its routes together
    async with house.client() as other:
        await log_in(other, "deputy@noord.example")
        assert (await other.get(f"/api/v1/{path}")).status_code == 200
