"""Finished calls go at once, by reference counting: full collections over many live calls would stall all of them."""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from test_outside_lines import call_in
from world import World

from kiestoon.calls.call import Call, Seek
from kiestoon.calls.leg import Leg
from kiestoon.calls.service import Conversation, Service
from kiestoon.media.protocol import DigitReceived
from kiestoon.sip.outgoing import Outgoing
from kiestoon.sip.session import Session

OURS = (Call, Conversation, Leg, Outgoing, Seek, Service, Session)


@contextmanager
def collector_off() -> Iterator[None]:
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def living(world: World) -> Counter[str]:
    """Objects of the exchange's calls that exist. The phones' own, which tests keep in lists, do not count."""
    endpoint = world.engine.endpoint
    found: Counter[str] = Counter()
    for item in gc.get_objects():
        if type(item) not in OURS:
            continue
        session = item if isinstance(item, Session) else item.session if isinstance(item, Outgoing) else None
        if session is None or session.endpoint is endpoint:
            found[type(item).__name__] += 1
    return found


def some_calls(world: World, round_number: int) -> None:
    """One of everything: answered, cancelled, busy, not found, held, outside, menu."""
    anna, bert = world.phones["anna"], world.phones["bert"]
    bert.mode = ("answer", "ring", "busy", "early")[round_number % 4]
    session = anna.dial(("102", "102", "102", "102", "00201112222", "999", "200")[round_number % 7])
    world.run(1)
    if session.state == "confirmed":
        anna.hold(session)
        world.run(1)
    session.bye(world.network.now)
    world.run(1)
    provider, session = call_in(world, "+31201234500")
    world.run(1)
    termination = world.media.at(int(provider.sends_to(session)))
    for digit in ("102", "999")[round_number % 2]:
        world.media.events.append(DigitReceived(termination.number, digit, 100))
    world.network.drain(world.node)
    world.run(1)
    session.bye(world.network.now)
    world.run(1)


def test_finished_calls_are_freed_without_the_garbage_collector() -> None:
    world = World()
    world.phone("anna", "192.0.2.1").register(expires_s=3600)
    world.phone("bert", "192.0.2.2").register(expires_s=3600)
    world.provider()
    world.run()
    with collector_off():
        session = world.phones["anna"].dial("102")
        world.run(1)
        assert living(world)["Leg"] == 2
        session.bye(world.network.now)
        for number in range(100):
            some_calls(world, number)
            for phone in world.phones.values():
                phone.events.clear()
        world.run(70)
        assert len(world.records) == 201
        assert not living(world), living(world)
    world.assert_nothing_left()
