"""What becomes of a browser's call when a tab is closed, a connection is lost or the control process is killed."""

from __future__ import annotations

from softphones import Phones, hears, longest_gap_ms

BROWSER_HZ = 440
GAP_MS = 60.0
PAUSE_MS = 250.0
"""Chromium's figures are up to 50 ms old, and it is looked at them as often as a busy machine allows."""


async def connected(browser_phone, phones: Phones):
    """A browser and a desk phone that hear each other."""
    await phones.phone("103")
    browser = await browser_phone("102")
    await browser.dial("103")
    call, offer = await phones.incoming("103")
    call.answer(offer)
    await browser.until("confirmed")
    await browser.hears(phones.hz["103"])
    await hears(call, BROWSER_HZ)
    return browser, call


async def test_call_ends_when_the_tab_is_closed(exchange, browser_phone, phones):
    browser, call = await connected(browser_phone, phones)
    await browser.leave()
    await call.until("ended", timeout_s=45)
    (record,) = exchange.new_records()
    assert (record.outcome, record.ended_by) == ("answered", "network")


async def test_call_goes_on_when_the_connection_is_lost_and_ends_over_the_next_one(exchange, browser_phone, phones):
    browser, call = await connected(browser_phone, phones)
    call.stream.forget()
    await browser.cut_connection()
    await browser.until("registered")
    assert longest_gap_ms(call, BROWSER_HZ) <= GAP_MS
    await call.hold()
    await browser.hears_something_else(phones.hz["103"])
    await call.resume()
    await browser.hears(phones.hz["103"])
    await call.hang_up()
    await browser.until("ended")


async def test_speech_goes_on_when_the_control_process_is_killed(exchange, browser_phone, phones):
    browser, call = await connected(browser_phone, phones)
    await browser.watch_packets()
    call.stream.forget()
    await exchange.killed("control")
    assert longest_gap_ms(call, BROWSER_HZ) <= GAP_MS
    assert await browser.longest_pause_ms() < PAUSE_MS
    await browser.until("registered", timeout_s=15)
    await browser.hold()
    await browser.resume()
    await browser.hears(phones.hz["103"])
    await hears(call, BROWSER_HZ)
    await browser.hang_up()
    await call.until("ended")
    (record,) = exchange.new_records()
    assert (record.outcome, record.ended_by) == ("answered", "caller")
