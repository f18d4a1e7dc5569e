"""``kill -9`` of the control process: nobody who is talking notices, and afterwards all works as before."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import time
from collections import Counter
from collections.abc import Iterator

import pytest
from softphones import (
    AGENT,
    HUNTED,
    HUNTS,
    MENU,
    OUTSIDE_NUMBER,
    QUEUE,
    Line,
    Phones,
    TestExchange,
    ask_in_call,
    exchange_in,
    hears,
    hears_something_else,
    longest_gap_ms,
    phones_on,
    until,
)

from kiestoon.app.softphone.agent import PhoneCall

pytestmark = pytest.mark.alone

GAP_MS = 40.0


@pytest.fixture
def exchange(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestExchange]:
    with exchange_in(tmp_path_factory.mktemp("crash")) as running:
        yield running


async def lines_of(phones: Phones, *pairs: tuple[str, str]) -> list[Line]:
    for pair in pairs:
        for extension in pair:
            await phones.phone(extension)
    return [await phones.connect(*pair) for pair in pairs]


async def answers_sip(phones: Phones, extension: str) -> None:
    """Wait until an OPTIONS of this phone is answered. While nobody is there the network says so, and it asks again."""
    phone = phones.agents[extension]
    target = phones.exchange.target
    async with asyncio.timeout(5):
        while True:
            answer = await phone.ask(
                "OPTIONS", f"sip:{target.host}:{target.port}", address="<sip:probe@town.example>",
                destination=target, credentials=None,
            )  # fmt: skip
            if not answer.local:
                break
            await asyncio.sleep(0.02)  # nothing tells when somebody is there again
    assert answer.status == 200


async def test_calls_go_on_without_a_gap_and_can_be_worked_with(exchange: TestExchange) -> None:
    async with phones_on(exchange) as phones:
        talking, held = await lines_of(phones, ("101", "102"), ("103", "104"))
        await held.called.hold()
        await phones.phone("105")
        await phones.phone("106")
        menu = await phones.dial("105", MENU)
        await menu.until("talking")
        for end, hz in talking.ends:
            await hears(end, hz)
        await hears_something_else(held.caller, held.called_hz)
        talking.forget()
        held.forget()

        seconds = await exchange.killed("control")
        await answers_sip(phones, "106")
        print(f"\ncontrol process: answers again {seconds:.2f} s after kill -9")
        assert seconds < 2.0
        # What was said over the crash, at both ends.
        for end, hz in talking.ends:
            gap = longest_gap_ms(end, hz)
            print(f"{end.agent.name}: longest gap over the crash {gap:.0f} ms")
            assert gap <= GAP_MS
            assert len(end.stream.heard) * 0.02 > seconds - 0.1  # and it was heard all the time
        assert held.caller.stream.waited_ms - held.caller.stream.latest_ms <= 20 + GAP_MS  # music goes on
        await hears_something_else(held.caller, held.called_hz)

        for method in ("OPTIONS", "INFO"):
            for end, _ in talking.ends:
                assert await ask_in_call(end, method) == 200
        await held.called.resume()
        for end, hz in held.ends:
            await hears(end, hz)
        for (end, _), (other, hz) in (talking.ends, talking.ends[::-1]):
            await end.hold()
            await hears_something_else(other, hz)
            await end.resume()
            await hears(other, hz)
        talking.called.stream.digits = ""
        talking.caller.send_digits("42")
        await until(lambda: talking.called.stream.digits == "42", "digits")

        at_106 = await menu_still_connects(phones, menu)
        # Registrations survived: a call without registering again.
        await held.caller.hang_up()
        await held.called.until("ended")
        again = await phones.connect("104", "103")
        await hears(again.called, again.caller_hz)
        await again.called.hang_up()
        await again.caller.until("ended")
        await talking.called.hang_up()
        await talking.caller.until("ended")
        await menu.hang_up()
        await at_106.until("ended")
        await exchange.empty()

        expect_whole_records(exchange)
    exchange.expect_clean_log()


async def menu_still_connects(phones: Phones, menu: PhoneCall) -> PhoneCall:
    """It speaks again from its start; the call at 106 that it connects with."""
    await hears_something_else(menu, 0.0)
    menu.send_digits("106")
    at_106, offer = await phones.incoming("106")
    at_106.answer(offer)
    await hears(menu, phones.hz["106"])
    await hears(at_106, phones.hz["105"])
    return at_106


def expect_whole_records(exchange: TestExchange) -> None:
    """Each call has one, as if nothing had happened."""
    records = {(record.dialled, record.caller_number): record for record in exchange.new_records(4)}
    assert len(records) == 4
    assert {record.outcome for record in records.values()} == {"answered"}
    assert records["102", "101"].ended_by == "callee"
    assert records["104", "103"].ended_by == "caller"
    for record in records.values():
        assert 0 < record.opened_ms <= record.answered_ms < record.closed_ms
        assert len(record.legs) >= 2
        assert all(leg.codec == "PCMA" and leg.quality and leg.quality.packets_received for leg in record.legs)


async def test_speech_goes_on_while_there_is_no_control_process(exchange: TestExchange) -> None:
    async with phones_on(exchange) as phones:
        (line,) = await lines_of(phones, ("101", "102"))
        for end, hz in line.ends:
            await hears(end, hz)
        line.forget()
        os.kill(exchange.daemon.pid, signal.SIGSTOP)  # nobody restarts it
        try:
            os.kill(exchange.child("control"), signal.SIGKILL)
            await asyncio.sleep(2.0)  # the window that is measured
        finally:
            os.kill(exchange.daemon.pid, signal.SIGCONT)
        for end, hz in line.ends:
            assert longest_gap_ms(end, hz) <= GAP_MS
            assert len(end.stream.heard) > 95
        await answers_sip(phones, "101")
        await line.caller.hang_up()
        await line.called.until("ended")
        await exchange.empty()
        (record,) = exchange.new_records()
        assert (record.outcome, record.ended_by) == ("answered", "caller")


async def test_calls_survive_a_broken_connection_between_control_and_media(exchange: TestExchange) -> None:
    async with phones_on(exchange) as phones:
        kept, ended_meanwhile = await lines_of(phones, ("101", "102"), ("103", "104"))
        for end, hz in kept.ends:
            await hears(end, hz)
        kept.forget()
        # The newest connection wins: ours takes control's place, and leaves.
        with socket.socket(socket.AF_UNIX) as intruder:
            intruder.connect(str(exchange.settings.media_sockets[0]))
            await until(lambda: exchange.log_count("media_lost") == 1, "the lost connection is noticed")
            await ended_meanwhile.caller.hang_up()
        await until(lambda: exchange.log_count("control_connected") >= 3, "control is back")
        await asyncio.sleep(0.5)  # the window that is measured
        for end, hz in kept.ends:
            assert longest_gap_ms(end, hz) <= GAP_MS
        await kept.caller.hold()
        await hears_something_else(kept.called, kept.caller_hz)
        await kept.called.hang_up()
        await kept.caller.until("ended")
        await exchange.empty()
        assert len(exchange.new_records(2)) == 2


async def test_what_was_ringing_ends_and_an_outside_call_keeps_its_line(exchange: TestExchange) -> None:
    async with phones_on(exchange) as phones:
        for extension in ("101", "102", "103"):
            await phones.phone(extension)
        await phones.outside()
        mine = await phones.dial("103", "00205550199")
        theirs, offer = await phones.incoming(OUTSIDE_NUMBER)
        theirs.answer(offer)
        await mine.until("talking")
        await hears(theirs, phones.hz["103"])
        waiting = await phones.dial("101", "102")
        rung, _its_offer = await phones.incoming("102")
        await waiting.until("ringing")

        await exchange.killed("control")
        inventory = await exchange.ask_now("inventory")
        assert (inventory["calls"], inventory["line_calls"]) == (1, 1)
        await rung.until("ended", 1.0)  # cancelled: nobody answers a call that is no more
        await waiting.until("ended", 1.0)
        await mine.hold()
        await mine.resume()
        await hears(theirs, phones.hz["103"])
        await theirs.hang_up()
        await mine.until("ended")
        again = await phones.connect("101", "102")
        await hears(again.called, again.caller_hz)
        await again.caller.hang_up()
        await again.called.until("ended")
        await exchange.empty()
        records = {record.dialled: record for record in exchange.new_records(3) if record.answered_ms}
        assert (records["00205550199"].direction, records["00205550199"].ended_by) == ("out", "callee")
        assert len(exchange.new_records(3)) == 3
        assert set(records) == {"00205550199", "102"}


async def test_control_may_die_again_and_again(exchange: TestExchange) -> None:
    async with phones_on(exchange) as phones:
        (line,) = await lines_of(phones, ("101", "102"))
        for end, hz in line.ends:
            await hears(end, hz)
        began = time.monotonic()
        for _ in range(3):
            await exchange.killed("control")
            await line.caller.hold()
            await line.caller.resume()
        assert time.monotonic() - began < 10
        for end, hz in line.ends:
            await hears(end, hz)
        await line.called.hang_up()
        await line.caller.until("ended")
        await exchange.empty()
        assert len(exchange.new_records()) == 1


async def test_whose_turn_it_is_in_hunt_groups_is_known_after_a_crash(exchange: TestExchange) -> None:
    """Ten calls to each group, shared out as if the control process had not been killed among them (V 21.3)."""
    async with phones_on(exchange) as phones:
        for extension in ("101", *HUNTED):
            await phones.phone(extension)

        async def answers(group: str) -> str:
            mine = await phones.dial("101", group)
            rung = {asyncio.create_task(phones.taken[member].get(), name=member) for member in HUNTED}
            (first,), others = await asyncio.wait(rung, timeout=5, return_when=asyncio.FIRST_COMPLETED)
            for other in others:
                other.cancel()
            theirs, offer = first.result()
            theirs.answer(offer)
            await mine.until("talking")
            await mine.hang_up()
            await theirs.until("ended")
            return first.get_name()

        took: dict[str, list[str]] = {group: [] for group in HUNTS}
        for call in range(10):
            if call == 4:
                await exchange.empty()
                await exchange.killed("control")
            for group, members in took.items():
                members.append(await answers(group))
        await exchange.empty()
        in_turn = list(HUNTED) * 4
        circular, uniform, weighted = took.values()
        assert circular == uniform == in_turn[:10]
        assert Counter(weighted) == {member: share / 10 for member, share in HUNTED.items()}
    exchange.expect_clean_log()


async def test_who_waits_in_a_queue_keeps_the_place_and_whoever_speaks_speaks_on(exchange: TestExchange) -> None:
    """E 7.1: one speaks with the only agent while two wait; then they are served in the order they came."""
    async with phones_on(exchange) as phones:
        names = ("101", "102", "103")
        for extension in (*names, AGENT):
            await phones.phone(extension)
        waiting: list[PhoneCall] = []
        for name in names:
            waiting.append(await phones.dial(name, QUEUE))
            await waiting[-1].until("talking")
        at_agent, offer = await phones.incoming(AGENT)
        at_agent.answer(offer)
        speaking = Line(waiting.pop(0), at_agent, phones.hz[names[0]], phones.hz[AGENT])
        for end, hz in speaking.ends:
            await hears(end, hz)
        for each in waiting:
            await hears_something_else(each, phones.hz[AGENT])
        speaking.forget()

        seconds = await exchange.killed("control")
        await answers_sip(phones, AGENT)
        for end, hz in speaking.ends:
            assert longest_gap_ms(end, hz) <= GAP_MS
            assert len(end.stream.heard) * 0.02 > seconds - 0.1
        for each in waiting:
            await hears_something_else(each, phones.hz[AGENT])
        assert phones.taken[AGENT].empty()

        await speaking.caller.hang_up()
        await at_agent.until("ended")
        for name, each in zip(names[1:], waiting, strict=True):
            at_agent, offer = await phones.incoming(AGENT)
            at_agent.answer(offer)
            await hears(each, phones.hz[AGENT])
            await hears(at_agent, phones.hz[name])
            await at_agent.hang_up()
            await each.until("ended")
        await exchange.empty()
        assert {record.outcome for record in exchange.new_records(3)} == {"answered"}
    exchange.expect_clean_log()
