"""A browser calls and is called: desk phones, browsers, the outside, the menu; both sides hear each other."""

from __future__ import annotations

from asyncio import to_thread

from softphones import MENU, ROOM, ROOM_PIN, hears

BROWSER_HZ, OTHER_BROWSER_HZ = 440, 900
DESK_HZ = 700


async def test_browser_calls_a_desk_phone_and_both_hear_each_other(exchange, browser_phone, desk_phone):
    desk = await desk_phone("101", tone_hz=DESK_HZ)
    browser = await browser_phone("102")
    await browser.dial("101")
    await to_thread(desk.accept)
    await browser.until("confirmed")
    await browser.hears(DESK_HZ)
    await to_thread(desk.wait_for_tone, BROWSER_HZ)
    stats = await browser.stats()
    assert stats["dtls"] == "connected"
    assert stats["cipher"]
    await browser.hang_up()
    await to_thread(desk.wait_for, "CALL_CLOSED")
    (record,) = exchange.new_records()
    assert (record.caller_number, record.dialled, record.outcome, record.ended_by) == (
        "102", "101", "answered", "caller",
    )  # fmt: skip
    for leg in record.legs:
        assert leg.quality.packets_received > 20
        assert leg.quality.mos > 4.0


async def test_desk_phone_calls_a_browser_and_both_hear_each_other(exchange, browser_phone, desk_phone):
    desk = await desk_phone("101", tone_hz=DESK_HZ)
    browser = await browser_phone("102")
    await to_thread(desk.dial, "102")
    await browser.answer()
    await to_thread(desk.wait_for, "CALL_ESTABLISHED")
    await browser.hears(DESK_HZ)
    await to_thread(desk.wait_for_tone, BROWSER_HZ)
    await to_thread(desk.hang_up)
    assert (await browser.until("ended"))["by"] == "remote"


async def test_browser_calls_a_browser(exchange, browser_phone):
    calling = await browser_phone("102", tone_hz=BROWSER_HZ)
    called = await browser_phone("103", tone_hz=OTHER_BROWSER_HZ)
    await calling.dial("103")
    await calling.until("ringing")
    await called.answer()
    await calling.until("confirmed")
    await calling.hears(OTHER_BROWSER_HZ)
    await called.hears(BROWSER_HZ)
    await called.hang_up()
    await calling.until("ended")


async def test_browser_calls_the_outside_and_is_echoed(exchange, browser_phone, echo_outside):
    browser = await browser_phone("102")
    await browser.dial("00205550199")
    await browser.until("confirmed")
    await browser.hears(BROWSER_HZ)
    await browser.hang_up()
    (record,) = exchange.new_records()
    assert (record.direction, record.outcome) == ("out", "answered")


async def test_outside_calls_a_browser(exchange, browser_phone, echo_outside):
    browser = await browser_phone("102")
    await echo_outside.call(
        f"sip:+31204000102@{exchange.host}",
        from_="<sip:+31205550199@provider.example>",
        destination=exchange.target,
    )
    assert (await browser.until("incoming"))["from"] == "+31205550199"
    await browser.take()
    await browser.hears(BROWSER_HZ)
    await browser.hang_up()
    (record,) = exchange.new_records()
    assert (record.direction, record.outcome) == ("in", "answered")


async def test_menu_connects_a_browser_that_keys_in_an_extension(exchange, browser_phone, phones):
    await phones.phone("103")
    browser = await browser_phone("102")
    await browser.dial(MENU)
    await browser.until("confirmed")
    await browser.hears_something_else(phones.hz["103"])  # the welcome
    await browser.press("103")
    call, offer = await phones.incoming("103")
    call.answer(offer)
    await browser.hears(phones.hz["103"])
    await hears(call, BROWSER_HZ)
    await call.hang_up()
    await browser.until("ended")


async def test_keys_pressed_in_a_browser_reach_the_other_phone(exchange, browser_phone, phones):
    await phones.phone("103")
    browser = await browser_phone("102")
    await browser.dial("103")
    call, offer = await phones.incoming("103")
    call.answer(offer)
    await browser.until("confirmed")
    await browser.hears(phones.hz["103"])
    await browser.press("58#")
    await browser.until("keysPressed")
    await hears(call, BROWSER_HZ)
    assert call.stream.digits == "58#"
    await browser.hang_up()
    await call.until("ended")


async def test_caller_is_told_that_a_browser_refuses(exchange, browser_phone, phones):
    await phones.phone("103")
    browser = await browser_phone("102")
    call = await phones.dial("103", "102")
    await browser.until("incoming")
    await browser.reject()
    await call.until_true(lambda: call.state == "ended", "it ends")
    assert call.status == 486


async def test_caller_in_a_browser_may_give_up_while_it_rings(exchange, browser_phone, phones):
    await phones.phone("103")
    browser = await browser_phone("102")
    await browser.dial("103")
    call, _ = await phones.incoming("103")
    await browser.until("ringing")
    await browser.hang_up()
    await browser.until("failed")
    await call.until("ended")
    (record,) = exchange.new_records()
    assert record.outcome == "cancelled"


async def test_browser_and_desk_phone_meet_in_a_conference_room(exchange, browser_phone, desk_phone):
    desk = await desk_phone("101", tone_hz=DESK_HZ)
    browser = await browser_phone("102")
    await browser.dial(ROOM)
    await browser.until("confirmed")
    await browser.hears_something_else(DESK_HZ)  # the question for the PIN
    await browser.press(f"{ROOM_PIN}#")
    await to_thread(desk.dial, ROOM)
    await to_thread(desk.wait_for, "CALL_ESTABLISHED")
    await to_thread(desk.send_digits, f"{ROOM_PIN}#")
    await browser.hears(DESK_HZ)
    await to_thread(desk.wait_for_tone, BROWSER_HZ)
    await browser.press("*6")
    await to_thread(desk.wait_for_silence)
    await browser.hears(DESK_HZ)
    await browser.hang_up()
    await to_thread(desk.hang_up)
