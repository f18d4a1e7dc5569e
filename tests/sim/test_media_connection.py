"""The connection to a media process breaks, mends, or ends with the process."""

from __future__ import annotations

from test_basic_calls import in_call
from world import World

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


def test_a_hold_of_that_time_is_said_again() -> None:
    world, anna, bert, session, other = in_call()
    world.media.disconnect()
    anna.hold(session)
    world.run()
    world.mend_media()
    assert anna.hears(session) == set()
    assert world.media.at(int(anna.sends_to(session))).stream.direction == "recvonly"
    session.bye(world.network.now)
    world.assert_nothing_left()


def test_a_call_that_still_rang_is_ended_as_its_port_may_be_anothers_by_now() -> None:
    world = World()
    anna, bert = world.phone("anna", "192.0.2.1"), world.phone("bert", "192.0.2.2")
    bert.mode = "ring"
    anna.dial("102")
    world.run()
    world.media.disconnect()
    world.mend_media()
    world.run()
    assert anna.last(events.Refused).status == 500
    assert bert.last(events.Cancelled)
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
