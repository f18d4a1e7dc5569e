"""What subscribers on the admin socket hear of calls and registrations, and what they miss."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace
from test_basic_calls import in_call
from world import World, sample_rows

from kiestoon.app.live_events import LiveEvents
from kiestoon.calls.events import CallEvent
from kiestoon.company.directory import CompanyIndex
from kiestoon.company.model import Presence
from kiestoon.notify.events import CALL_EVENTS, LIVE_EVENTS, CallData
from kiestoon.notify.live import Batch


async def first(stream: AsyncIterator[Any]) -> Batch:
    return msgspec.convert(await asyncio.wait_for(anext(stream), 5), Batch)


def tell(live: LiveEvents, world: World) -> None:
    """Hand over what the exchange has emitted since the last time."""
    live.happened(world.engine.heard)
    world.engine.heard.clear()


def types(batch: Batch) -> list[str]:
    return [event.type for event in batch.events]


async def test_a_subscriber_hears_a_call_from_its_beginning_to_its_end() -> None:
    world, _, _, session, _ = in_call()
    live = LiveEvents(world.exchange, asyncio.get_running_loop())
    stream = live.stream()
    assert types(await first(stream)) == []
    tell(live, world)
    session.bye(world.network.now)
    world.run()
    tell(live, world)
    batch = await first(stream)
    told = types(batch)
    assert told[:2] == ["call.opened", "call.leg.offered"]
    assert told[-1] == "call.closed"
    assert set(told) <= set(LIVE_EVENTS)
    assert [event.sequence for event in batch.events] == list(range(1, len(told) + 1))
    ringing = next(event for event in batch.events if event.type == "call.leg.ringing")
    assert (ringing.data["dialled"], ringing.data["leg"]["number"]) == ("102", "102")
    assert len(ringing.users) == 2
    closed = batch.events[-1]
    assert (closed.data["outcome"], closed.data["leg"]) == ("answered", None)
    await stream.aclose()


async def test_lines_go_from_idle_over_ringing_to_busy_and_back() -> None:
    world, _, _, session, _ = in_call()
    live = LiveEvents(world.exchange, asyncio.get_running_loop())
    stream = live.stream()
    await first(stream)
    tell(live, world)
    session.bye(world.network.now)
    world.run()
    tell(live, world)
    lines = [event for event in (await first(stream)).events if event.type == "line.changed"]
    callee = [event.data["state"] for event in lines if event.data["extension"] == "102"]
    assert callee == ["ringing", "busy", "idle"]
    caller = [event.data["state"] for event in lines if event.data["extension"] == "101"]
    assert caller == ["dialling", "busy", "idle"]
    assert all(event.public for event in lines)
    await stream.aclose()


async def test_a_second_call_that_rings_at_a_busy_line_is_told_and_when_it_rings_no_more() -> None:
    """Somebody else may take it (U 4.3.2.11)."""
    world, _, bert, _, _ = in_call()
    bert.mode = "ring"
    live = LiveEvents(world.exchange, asyncio.get_running_loop())
    stream = live.stream()
    await first(stream)
    tell(live, world)
    told = (await first(stream)).events
    second = world.phone("carla", "192.0.2.3").dial("102")
    world.run()
    tell(live, world)
    second.cancel(world.network.now)
    world.run()
    tell(live, world)
    told = [*told, *(await first(stream)).events]
    lines = [event.data for event in told if event.type == "line.changed"]
    assert [line["state"] for line in lines if line["extension"] == "102"] == ["ringing", "busy", "ringing", "busy"]
    await stream.aclose()


async def test_who_comes_back_gets_what_it_missed_and_nothing_twice() -> None:
    world, _, _, session, _ = in_call()
    live = LiveEvents(world.exchange, asyncio.get_running_loop())
    stream = live.stream()
    await first(stream)
    tell(live, world)
    seen = await first(stream)
    await stream.aclose()
    session.bye(world.network.now)
    world.run()
    tell(live, world)
    again = live.stream(seen.epoch, seen.last)
    batch = await first(again)
    assert not batch.gap
    assert batch.events[0].sequence == seen.events[-1].sequence + 1
    assert types(batch)[-1] == "call.closed"
    await again.aclose()


@pytest.mark.parametrize("cursor", [("another-run", 3), (None, 99)])
async def test_a_position_that_is_not_known_is_a_gap(cursor: tuple[str | None, int]) -> None:
    world, *_ = in_call()
    live = LiveEvents(world.exchange, asyncio.get_running_loop())
    stream = live.stream(cursor[0] or live.epoch, cursor[1])
    assert (await first(stream)).gap
    await stream.aclose()


async def test_a_subscriber_that_is_too_slow_is_told_of_the_gap() -> None:
    world, *_ = in_call()
    live = LiveEvents(world.exchange, asyncio.get_running_loop(), size=3)
    stream = live.stream()
    await first(stream)
    tell(live, world)
    batch = await first(stream)
    assert batch.gap
    assert len(batch.events) == 3
    await stream.aclose()


async def test_nothing_is_prepared_while_nobody_listens() -> None:
    world, *_ = in_call()
    exchange = world.exchange
    live = LiveEvents(exchange, asyncio.get_running_loop())
    assert not exchange.listening
    stream = live.stream()
    await first(stream)
    assert exchange.listening
    await stream.aclose()
    assert exchange.listening  # for a while: who comes back shall have missed nothing
    live._rest()
    assert not exchange.listening
    late = live.stream(live.epoch, 0)
    assert (await first(late)).gap
    await late.aclose()


async def test_changes_of_the_configuration_wake_subscribers() -> None:
    world, *_ = in_call()
    live = LiveEvents(world.exchange, asyncio.get_running_loop())
    stream = live.stream()
    await first(stream)
    live.changed(41)
    assert (await first(stream)).change == 41
    await stream.aclose()


async def test_a_device_is_told_of_once_when_it_registers_and_once_when_it_is_gone() -> None:
    world, *_ = in_call()
    exchange = world.exchange
    live = LiveEvents(exchange, asyncio.get_running_loop())
    (device_id, *_) = exchange.registrar.bindings.devices()
    stream = live.stream()
    await first(stream)
    before = len(world.engine.bindings)
    exchange.registrar.forget_device(device_id, world.network.now)
    live.bindings_changed([*world.engine.bindings[before:], *exchange.registrar.take_changes()])
    batch = await first(stream)
    assert types(batch) == ["device.unregistered"]
    assert batch.events[0].data["device_id"] == device_id
    await stream.aclose()


def test_every_event_of_call_control_has_a_name_and_its_fields_are_described() -> None:
    assert set(CALL_EVENTS) == set(CallEvent.__subclasses__())
    own = {name for event in CALL_EVENTS for name in event.__struct_fields__} - set(CallEvent.__struct_fields__)
    assert own <= set(CallData.__struct_fields__)


async def test_everybody_hears_whose_presence_changes_as_far_as_it_may_be_seen() -> None:
    rows = sample_rows()
    world = World(rows=rows)
    live = LiveEvents(world.exchange, asyncio.get_running_loop())
    stream = live.stream()
    await first(stream)

    def put(visibility: str = "all", **presence: Any) -> None:
        users = tuple(replace(user, presence_visibility=visibility) for user in rows.users)
        row = Presence(id=1, company_id=1, user_id=1, **presence)
        world.exchange.directory.put(CompanyIndex(replace(rows, users=users, presences=(row,))))
        live.changed(live.change + 1, [1])

    put(status="lunch", until_ms=2_000_000_000_000, note="Cake")
    put(status="lunch", until_ms=2_000_000_000_000, note="Cake")
    put(status="office")
    put("none", status="sick")
    told = (await first(stream)).events
    assert [event.type for event in told] == ["presence.changed"] * 3
    assert told[0].data == {
        "user_id": 1, "extension": "101", "status": "lunch", "until_ms": 2_000_000_000_000, "return_ms": 0,
        "note": "Cake", "own_status": "", "own_message": "",
    }  # fmt: skip
    assert [event.data["status"] for event in told] == ["lunch", "office", "sick"]
    assert [(event.public, event.users) for event in told] == [(True, (1,)), (True, (1,)), (False, (1,))]
    await stream.aclose()
