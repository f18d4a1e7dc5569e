"""A browser registers over WSS, loses its connection and comes back, is refused."""

from __future__ import annotations

import asyncio

from softphones import TestExchange


async def registrations(exchange: TestExchange, extension: str) -> list[dict]:
    return [row for row in await exchange.ask_now("registrations") if row["username"] == extension]


async def test_browser_registers_over_a_certificate_of_the_exchanges_own_authority(exchange, browser_phone):
    await browser_phone("102")
    (row,) = await registrations(exchange, "102")
    assert row["transport"] == "wss"
    assert row["user_agent"].startswith("JsSIP")


async def test_wrong_password_is_refused_and_logged(exchange, browser_phone):
    failed_before = exchange.log_count("login failed", username="102")
    phone = await browser_phone("102", password="wrong", login=False)
    event = await phone.until("registrationFailed", "registered")
    assert (event["type"], event["status"]) == ("registrationFailed", 403)
    assert exchange.log_count("login failed", username="102") > failed_before
    assert await registrations(exchange, "102") == []


async def test_browser_that_logs_out_is_forgotten(exchange, browser_phone):
    phone = await browser_phone("102")
    await phone.log_out()
    assert await registrations(exchange, "102") == []


async def test_browser_whose_tab_is_closed_is_forgotten(exchange, browser_phone):
    phone = await browser_phone("102")
    await phone.leave()
    while await registrations(exchange, "102"):  # nobody tells when the exchange notices
        await asyncio.sleep(0.02)


async def test_lost_connection_is_replaced_by_a_new_one_over_which_calls_come(exchange, browser_phone, phones):
    """RFC 5626: same instance and reg-id, another flow."""
    phone = await browser_phone("102")
    await phone.cut_connection()
    await phone.until("disconnected")
    await phone.until("registered")
    assert len(await registrations(exchange, "102")) == 1
    await phones.phone("103")
    calling = await phones.dial("103", "102")
    assert (await phone.until("incoming"))["from"] == "103"
    await calling.until("ringing")
    await phone.reject()
    await calling.until_true(lambda: calling.state == "ended", "refused")
    assert calling.status == 486


async def test_connection_that_does_not_offer_sip_is_refused(exchange, browser_phone):
    """RFC 7118 §4: whatever else speaks WebSocket has no business here."""
    phone = await browser_phone("102")
    refused = """url => new Promise(done => {
        const socket = new WebSocket(url, ["mqtt"]);
        socket.onopen = () => done(false);
        socket.onerror = () => done(true);
    })"""
    assert await phone.page.evaluate(refused, f"wss://{exchange.host}:{exchange.wss_port}")
