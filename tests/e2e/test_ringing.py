"""Every phone of a person rings, the browser among them; the first to answer wins."""

from __future__ import annotations

import json

import pytest
from softphones import TestExchange, hears

BROWSER_HZ = 440


@pytest.fixture(scope="module")
def second_device(running_exchange: TestExchange) -> tuple[str, str]:
    """User name and password of another phone of 102's, added while the exchange runs; it must encrypt."""
    command = ("device", "add", "102", "--username", "102-browser", "--encryption", "required", "--json")
    added = running_exchange.cli(*command)
    assert added.returncode == 0, added.stderr
    login = json.loads(added.stdout)
    return login["user"], login["password"]


async def test_browser_answers_and_the_desk_phone_stops(exchange, second_device, browser_phone, phones):
    await phones.phone("102")
    await phones.phone("103")
    browser = await browser_phone(*second_device)
    calling = await phones.dial("103", "102")
    ringing, _ = await phones.incoming("102")
    await browser.answer()
    await calling.until("talking")
    await ringing.until("ended")
    await hears(calling, BROWSER_HZ)
    await browser.hears(phones.hz["103"])
    await calling.hang_up()
    await browser.until("ended")
    (record,) = exchange.new_records()
    assert sorted(leg.outcome for leg in record.legs) == ["answered", "answered", "cancelled"]


async def test_desk_phone_answers_and_the_browser_stops_and_is_told_why(exchange, second_device, browser_phone, phones):
    await phones.phone("102")
    await phones.phone("103")
    browser = await browser_phone(*second_device)
    calling = await phones.dial("103", "102")
    ringing, offer = await phones.incoming("102")
    await browser.until("incoming")
    ringing.answer(offer)
    await calling.until("talking")
    event = await browser.until("failed")
    assert event["reason"] == 'SIP;cause=200;text="Call completed elsewhere"'
    await hears(calling, phones.hz["102"])
    await calling.hang_up()


async def test_two_browsers_of_one_login_ring_and_one_answers(exchange, browser_phone, phones):
    await phones.phone("103")
    at_work, at_home = await browser_phone("102"), await browser_phone("102")
    calling = await phones.dial("103", "102")
    await at_work.until("incoming")
    await at_home.answer()
    assert "elsewhere" in (await at_work.until("failed"))["reason"]
    await at_home.hears(phones.hz["103"])
    await at_home.hang_up()
    await calling.until("ended")
