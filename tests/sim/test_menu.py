"""The menu number: a caller is answered, keys in an extension, and is never lost."""

from __future__ import annotations

from test_outside_lines import call_in
from world import World

from kiestoon.media.protocol import DigitReceived
from kiestoon.sip import events


def key(world: World, provider: object, session: object, digits: str) -> None:
    termination = world.media.at(int(provider.sends_to(session)))
    for digit in digits:
        world.media.events.append(DigitReceived(termination.number, digit, 100))
    world.network.drain(world.node)
    world.run()


def test_a_caller_hears_the_welcome_and_keys_in_a_colleague() -> None:
    world = World()
    anna = world.phone("anna", "192.0.2.1")
    provider, session = call_in(world, "+31201234500")
    world.run()
    assert session.state == "confirmed"
    assert provider.hears(session) == {"file:/prompts/nl/menu-welcome.ogg"}
    key(world, provider, session, "101")
    other = anna.last(events.InviteReceived).session
    assert provider.hears(session) == {anna.sends_to(other)}
    session.bye(world.network.now)
    world.assert_nothing_left()
    assert world.records[0].outcome == "answered"


def test_a_caller_hears_ringing_while_the_colleague_is_rung_and_comes_back_when_nobody_answers() -> None:
    world = World()
    anna = world.phone("anna", "192.0.2.1")
    anna.mode = "ring"
    provider, session = call_in(world, "+31201234500")
    world.run()
    key(world, provider, session, "101")
    assert provider.hears(session) == {"tone:ringback"}
    world.run(65)
    assert provider.hears(session) == {"file:/prompts/nl/not-available.ogg"}
    session.bye(world.network.now)
    world.assert_nothing_left()


def test_who_keys_nothing_goes_to_the_fallback() -> None:
    world = World()
    carla = world.phone("carla", "192.0.2.3")
    provider, session = call_in(world, "+31201234500")
    world.run()
    world.media.finish_files()
    world.network.drain(world.node)
    world.run(10)
    assert provider.hears(session) == {carla.sends_to(carla.last(events.InviteReceived).session)}
    session.bye(world.network.now)
    world.assert_nothing_left()


def test_three_wrong_numbers_and_an_absent_fallback_end_with_a_goodbye() -> None:
    world = World()
    provider, session = call_in(world, "+31201234500")
    world.run()
    for _ in range(3):
        key(world, provider, session, "999")
    for _ in range(2):
        world.media.finish_files()
        world.network.drain(world.node)
        world.run()
    assert session.state == "ended"
    world.assert_nothing_left()
    assert world.records[0].ended_by == "exchange"
