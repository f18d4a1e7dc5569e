"""Every other process killed: media, clerk, web, the supervisor. And the orderly end, and the next start."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time
import urllib.request
from collections.abc import Iterator

import pytest
from softphones import (
    TestExchange,
    exchange_in,
    hears,
    hears_something_else,
    is_alive,
    phones_on,
    until,
)

pytestmark = pytest.mark.alone


@pytest.fixture
def exchange(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestExchange]:
    with exchange_in(tmp_path_factory.mktemp("crash")) as running:
        yield running


def fetch(exchange: TestExchange, path: str) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{exchange.web_port}{path}", timeout=3) as answer:
        return answer.read().decode()


async def test_when_the_media_process_dies_its_calls_end_and_the_next_one_works(exchange: TestExchange) -> None:
    async with phones_on(exchange) as phones:
        for extension in ("101", "102", "103", "104", "105"):
            await phones.phone(extension)
        first = await phones.connect("101", "102")
        held = await phones.connect("103", "104")
        await held.called.hold()
        ringing = await phones.dial("105", "101")
        await phones.incoming("101")
        for end, hz in first.ends:
            await hears(end, hz)
        seconds = await exchange.killed("media 0")
        for line in (first, held):
            for end, _ in line.ends:
                await end.until("ended")
        print(f"\nmedia process: a fresh one {seconds:.2f} s after kill -9")
        await ringing.until_true(lambda: ringing.state == "ended", "the ringing call did not end")
        assert exchange.log_count("media process lost", level="error") >= 1
        await exchange.empty()
        records = exchange.new_records(3)
        assert sorted(record.ended_by for record in records) == ["media"] * 3
        assert sorted(record.outcome for record in records) == ["answered", "answered", "failed"]
        again = await phones.connect("101", "102")
        for end, hz in again.ends:
            await hears(end, hz)
        await again.caller.hold()
        await hears_something_else(again.called, again.caller_hz)
        await again.called.hang_up()
        await again.caller.until("ended")
        await exchange.empty()
        (record,) = exchange.new_records(4)[3:]
        assert (record.outcome, record.ended_by) == ("answered", "callee")
    exchange.expect_clean_log("media process lost")


async def test_clerk_and_web_come_back_and_every_record_is_there_once(exchange: TestExchange) -> None:
    async with phones_on(exchange) as phones:
        await phones.phone("101")
        await phones.phone("102")

        async def calls(count: int) -> None:
            for _ in range(count):
                line = await phones.connect("101", "102")
                await line.caller.hang_up()
                await line.called.until("ended")

        await calls(3)
        for _ in range(2):
            killing = asyncio.create_task(exchange.killed("clerk"))
            await calls(3)
            await killing
        os.kill(exchange.child("web"), signal.SIGKILL)
        await calls(1)
        records = exchange.new_records(10)
        assert len({record.call_id for record in records}) == len(records) == 10
        await until(lambda: exchange.log_count("process ready", child="web") == 2, "the web process", 10)
        assert json.loads(fetch(exchange, "/health"))["status"] == "ok"
        assert "kiestoon_calls 0.0" in fetch(exchange, "/metrics")
    exchange.expect_clean_log()


async def test_no_process_outlives_the_supervisor(exchange: TestExchange) -> None:
    assert len(exchange.children()) == 5
    # While it is still being loaded it cannot notice that it is alone.
    await until(lambda: exchange.log_count("process ready", child="web") == 1, "the web process", 10)
    children = exchange.descendants()
    assert len(children) > 5  # call control has a renderer
    os.kill(exchange.daemon.pid, signal.SIGKILL)
    exchange.daemon.wait(2.0)
    await until(lambda: not any(is_alive(pid) for pid in children), "the end of all processes", 2.0)
    began = time.monotonic()
    exchange.start()  # nothing they left behind is in the way
    print(f"\nstart after kill -9 of everything: {time.monotonic() - began:.2f} s")
    assert time.monotonic() - began < 5.0
    async with phones_on(exchange) as phones:
        await phones.phone("101")
        await phones.phone("102")
        line = await phones.connect("101", "102")
        await hears(line.called, line.caller_hz)
        await line.caller.hang_up()
    await exchange.empty()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_an_orderly_end_hangs_up_writes_records_and_is_quick(
    exchange: TestExchange, number: signal.Signals
) -> None:
    async with phones_on(exchange) as phones:
        for extension in ("101", "102", "103", "104"):
            await phones.phone(extension)
        lines = [await phones.connect("101", "102"), await phones.connect("103", "104")]
        await hears(lines[0].called, lines[0].caller_hz)
        children = exchange.descendants()
        began = time.monotonic()
        exchange.daemon.signal(number)
        await until(lambda: not exchange.daemon.alive, "the end", 5.0)
        print(f"\nend by {number.name} with two calls: {time.monotonic() - began:.2f} s")
        for line in lines:
            for end, _ in line.ends:
                await end.until("ended", 1.0)
        assert exchange.daemon.wait(0.1) == 0
        assert not any(is_alive(pid) for pid in children)
        records = exchange.new_records(2)
        assert {(record.outcome, record.ended_by) for record in records} == {("answered", "exchange")}
        began = time.monotonic()
        exchange.start()
        seconds = time.monotonic() - began
        print(f"second start: {seconds:.2f} s")
        assert seconds < 5.0
        await exchange.empty()
        assert len(await exchange.ask_now("registrations")) == 4  # nobody has to register again
        line = await phones.connect("103", "101")
        await hears(line.called, line.caller_hz)
        await line.called.hang_up()
        await line.caller.until("ended")
    assert exchange.log_count("cannot go on") == 0
    exchange.expect_clean_log()


async def test_a_phone_that_does_not_answer_our_bye_cannot_hold_up_the_end(exchange: TestExchange) -> None:
    async with phones_on(exchange) as phones:
        await phones.phone("101")
        dead = await phones.phone("102")
        line = await phones.connect("101", "102")
        await dead.transports.close()
        began = time.monotonic()
        exchange.daemon.signal(signal.SIGTERM)
        await line.caller.until("ended", 3.0)
        await until(lambda: not exchange.daemon.alive, "the end", 5.0)
        print(f"\nend with a dead phone: {time.monotonic() - began:.2f} s")
        (record,) = exchange.new_records()
        assert record.ended_by == "exchange"
