"""Hold and resume with a browser at either side: the held party hears music."""

from __future__ import annotations

import pytest_asyncio
from softphones import hears, hears_something_else

BROWSER_HZ = 440


@pytest_asyncio.fixture(loop_scope="session")
async def talking(exchange, browser_phone, phones):
    """A browser and a desk phone that hear each other; ended after the test."""
    await phones.phone("103")
    browser = await browser_phone("102")
    await browser.dial("103")
    call, offer = await phones.incoming("103")
    call.answer(offer)
    await browser.until("confirmed")
    await browser.hears(phones.hz["103"])
    await hears(call, BROWSER_HZ)
    yield browser, call, phones.hz["103"]
    await browser.hang_up()
    await call.until("ended")


async def test_browser_holds_and_resumes(talking):
    browser, call, desk_hz = talking
    await browser.hold()
    await hears_something_else(call, BROWSER_HZ)
    await browser.resume()
    await hears(call, BROWSER_HZ)
    await browser.hears(desk_hz)


async def test_browser_is_held_and_taken_back(talking):
    browser, call, desk_hz = talking
    await call.hold()
    await browser.hears_something_else(desk_hz)
    await call.resume()
    await browser.hears(desk_hz)
    await hears(call, BROWSER_HZ)


async def test_both_hold_and_both_come_back(talking):
    browser, call, desk_hz = talking
    await browser.hold()
    await call.hold()
    await browser.resume()
    await browser.hears_something_else(desk_hz)
    await call.resume()
    await browser.hears(desk_hz)
    await hears(call, BROWSER_HZ)
