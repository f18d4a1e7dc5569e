"""The connection to a media process breaks, mends, or ends with the process."""

from __future__ import annotations

from typing import Any

from test_basic_calls import in_call
from test_listening_and_conferences import leg_of, settle
from test_parking_and_pickup import with_codes
from test_transfers import refer
from world import World

from kiestoon.calls.operations import consult
from kiestoon.sip import events


def test_speech_goes_on_when_the_connection_breaks_and_mends() -> None:
    world, anna, bert, session, other = in_call()
    world.media.disconnect()
    world.run(5)
    world.mend_media()
    assert anna.hears(session) == {bert.sends_to(other)}
    session.bye(world.network.now)
    world.assert_nothing_left()


def test_a_call_hung_up_meanwhile_leaves_nothing_in_the_media_process() -> None:
    world, _anna, _bert, session, _ = in_call()
    world.media.disconnect()
    session.bye(world.network.now)
    world.run(5)
    assert world.media.terminations
    world.mend_media()
    assert not world.media.terminations
    world.assert_nothing_left()


def test_who_is_put_on_hold_by_keys_meanwhile_hears_music() -> None:
    world, anna, bert, session, other = in_call(World(rows=with_codes()))
    call, leg = leg_of(world, "102")
    world.media.disconnect()
    assert consult.start(world.exchange, call, leg, "", world.network.now) is None
    settle(world)
    world.mend_media()
    world.run()
    assert anna.hears(session) == {"music"}, world.network.ladder()
    assert bert.hears(other) == {"file:/prompts/nl/consult-ask.ogg"}
    for one in (session, other):
        one.bye(world.network.now)
    world.assert_nothing_left()


def test_a_caller_whose_prompt_ended_meanwhile_is_not_left_in_silence() -> None:
    world = World()
    bert, carla = world.phone("bert", "192.0.2.2"), world.phone("carla", "192.0.2.3")
    session = bert.dial("200")
    world.run()
    world.media.disconnect()
    world.media.finish_files()
    world.media.events.clear()  # told to nobody
    world.run(0.5)
    world.mend_media()
    world.run(10)
    assert bert.hears(session) == {carla.sends_to(carla.last(events.InviteReceived).session)}, "the menu's fallback"
    session.bye(world.network.now)
    world.assert_nothing_left()


def test_a_hold_of_that_time_is_said_again() -> None:
    world, anna, bert, session, other = in_call()
    world.media.disconnect()
    anna.hold(session)
    world.run()
    world.mend_media()
    assert anna.hears(session) == set()
    assert bert.hears(other) == {"music"}
    assert world.media.at(int(anna.sends_to(session))).stream.direction == "recvonly"
    anna.resume(session)
    world.run()
    assert bert.hears(other) == {anna.sends_to(session)}
    session.bye(world.network.now)
    world.assert_nothing_left()


def test_who_rings_is_called_anew_as_the_port_may_be_anothers_by_now() -> None:
    world = World()
    anna, bert = world.phone("anna", "192.0.2.1"), world.phone("bert", "192.0.2.2")
    bert.mode = "ring"
    session = anna.dial("102")
    world.run()
    world.media.disconnect()
    world.mend_media()
    world.run()
    assert session.state == "early", world.network.ladder()
    assert bert.last(events.Cancelled).answered_elsewhere, "it is no missed call"
    bert.answer_waiting()
    world.run()
    other = bert.last(events.InviteReceived).session
    assert anna.hears(session) == {bert.sends_to(other)}
    assert bert.hears(other) == {anna.sends_to(session)}
    session.bye(world.network.now)
    world.assert_nothing_left()


def test_a_number_outside_that_rings_is_called_anew_over_the_same_line() -> None:
    world = World()
    anna, provider = world.phone("anna", "192.0.2.1"), world.provider()
    provider.mode = "ring"
    session = anna.dial("00201112222")
    world.run()
    world.media.disconnect()
    world.mend_media()
    world.run()
    assert session.state == "early", world.network.ladder()
    provider.answer_waiting()
    world.run()
    assert anna.hears(session) == {provider.sends_to(provider.last(events.InviteReceived).session)}
    session.bye(world.network.now)
    world.assert_nothing_left()


def test_a_call_that_rings_at_a_phone_that_has_gone_meanwhile_ends() -> None:
    world = World()
    anna, bert = world.phone("anna", "192.0.2.1"), world.phone("bert", "192.0.2.2")
    bert.mode = "ring"
    anna.dial("102")
    world.run()
    world.media.disconnect()
    bert.register(0)
    world.run()
    world.mend_media()
    world.run()
    assert anna.last(events.Refused).status == 480, world.network.ladder()
    world.assert_nothing_left()


def test_a_caller_who_waits_while_a_transfer_rings_is_not_lost() -> None:
    world, anna, bert, session, other = in_call()
    carla = world.phone("carla", "192.0.2.3")
    carla.mode = "ring"
    refer(world, bert, other, "103")
    world.media.disconnect()
    world.run(2)
    world.mend_media()
    world.run()
    carla.answer_waiting()
    world.run()
    assert anna.hears(session) == {carla.sends_to(carla.last(events.InviteReceived).session)}, world.network.ladder()
    session.bye(world.network.now)
    world.assert_nothing_left()


def answered_meanwhile() -> tuple[World, Any, Any, Any, Any]:
    """Carla, to whom Anna is transferred, answers while the media process is away."""
    world, anna, bert, session, other = in_call()
    carla = world.phone("carla", "192.0.2.3")
    carla.mode = "ring"
    refer(world, bert, other, "103")
    world.media.disconnect()
    carla.answer_waiting()
    world.run(0.5)
    return world, anna, carla, session, carla.last(events.InviteReceived).session


def test_who_answers_meanwhile_is_told_of_another_port() -> None:
    world, anna, carla, session, third = answered_meanwhile()
    before = carla.sends_to(third)
    world.mend_media()
    world.run()
    assert carla.sends_to(third) != before, world.network.ladder()
    assert anna.hears(session) == {carla.sends_to(third)}
    assert carla.hears(third) == {anna.sends_to(session)}
    anna.hold(session)
    world.run()
    assert carla.hears(third) == {"music"}
    anna.resume(session)
    world.run()
    assert carla.hears(third) == {anna.sends_to(session)}
    assert world.crash() == 1
    session.bye(world.network.now)
    world.assert_nothing_left()


def test_who_does_not_want_the_other_port_is_hung_up_on() -> None:
    world, anna, carla, session, third = answered_meanwhile()
    carla.on_event = lambda phone, event, now: (
        event.session.refuse(now, 488) if isinstance(event, events.OfferReceived) else None
    )
    world.mend_media()
    world.run()
    assert third.state == session.state == "ended", world.network.ladder()
    world.assert_nothing_left()
    assert world.records[0].ended_by == "media"


def test_a_call_is_ended_when_a_caller_speaks_to_a_port_that_was_taken_back() -> None:
    """Our offer in the 200 named it, and the ACK with the answer is still to come."""
    world = World()
    anna, bert = world.phone("anna", "192.0.2.1"), world.phone("bert", "192.0.2.2")
    session = anna.dial("102", offerless=True)
    world.network.run(until=lambda: any(leg.offer is not None and leg.incoming for leg in world.exchange.legs.values()))
    world.media.disconnect()
    world.mend_media()
    world.run(40)
    assert session.state == bert.last(events.InviteReceived).session.state == "ended", world.network.ladder()
    world.assert_nothing_left()
    assert world.records[0].ended_by == "media"


def test_a_successor_of_the_media_process_is_not_bothered_with_the_old_ones_calls() -> None:
    world, _anna, _bert, session, other = in_call()
    world.media.die()
    world.media.connected = True
    world.engine.media_lost(world.media, "restarted", world.network.now)
    world.network.drain(world.node)
    world.run()
    assert session.state == other.state == "ended"
    world.assert_nothing_left()  # no command for a termination it never had


def test_early_media_of_a_call_that_a_crash_ended_is_cleared_away() -> None:
    world = World()
    anna, bert = world.phone("anna", "192.0.2.1"), world.phone("bert", "192.0.2.2")
    bert.mode = "early"
    anna.dial("102")
    world.run()
    assert len(world.media.terminations) == 2
    assert world.crash() == 0
    assert not world.media.leaked
