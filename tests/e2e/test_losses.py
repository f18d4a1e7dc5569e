"""What becomes of a browser's call when a tab is closed, a connection is lost or the control process is killed."""

from __future__ import annotations

from softphones import Phones, hears, hears_something_else, longest_gap_ms, until

BROWSER_HZ = 440
GAP_MS = 250.0
"""What a busy machine may keep a browser from sending, and Chromium's figures (50 ms old) from being looked at. The
control process takes longer to come back."""


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
    assert await browser.longest_pause_ms() <= GAP_MS
    await browser.until("registered", timeout_s=15)
    await browser.hold()
    await hears_something_else(call, BROWSER_HZ)
    await browser.resume()
    await hears(call, BROWSER_HZ)
    await call.hold()
    await browser.hears_something_else(phones.hz["103"])
    await call.resume()
    await browser.hears(phones.hz["103"])
    await browser.hang_up()
    await call.until("ended")
    (record,) = exchange.new_records()
    assert (record.outcome, record.ended_by) == ("answered", "caller")


async def test_browser_that_changes_networks_finds_a_new_way_for_its_speech(exchange, browser_phone, phones):
    browser, call = await connected(browser_phone, phones)
    before = (await browser.stats())["path"]
    await browser.restart_ice()
    assert (await browser.stats())["path"] != before
    await browser.hears(phones.hz["103"])
    await hears(call, BROWSER_HZ)
    await browser.hang_up()
    await call.until("ended")


async def test_call_ends_when_its_media_process_is_killed_and_the_next_one_is_heard(exchange, browser_phone, phones):
    browser, call = await connected(browser_phone, phones)
    connected_before = exchange.log_count("control_connected")
    await exchange.killed("media 0")
    await call.until("ended")
    assert (await browser.until("ended", "failed"))["by"] == "remote"
    await until(lambda: exchange.log_count("control_connected") > connected_before, "the next one is in use")
    await browser.dial("103")
    again, offer = await phones.incoming("103")
    again.answer(offer)
    await browser.until("confirmed")
    await browser.hears(phones.hz["103"])
    await hears(again, BROWSER_HZ)
    await browser.hang_up()
    await again.until("ended")
    record = min(exchange.new_records(2), key=lambda each: each.opened_ms)
    assert (record.outcome, record.ended_by) == ("answered", "media")
