"""kill -9 of the control process: calls go on in the next one."""

from __future__ import annotations

import pytest
from invariants import check, check_phones
from test_basic_calls import in_call
from test_outside_lines import call_in
from test_transfers import refer
from world import World

from kiestoon.calls.journal import replay
from kiestoon.sip import events


@pytest.mark.parametrize("who", ["caller", "callee"])
def test_after_a_crash_speech_goes_on_and_either_side_can_hang_up(who: str) -> None:
    world, anna, bert, session, other = in_call()
    assert world.crash() == 1
    assert anna.hears(session) == {bert.sends_to(other)}
    (session if who == "caller" else other).bye(world.network.now)
    world.run()
    assert session.state == other.state == "ended"
    world.assert_nothing_left()
    (record,) = world.records
    assert (record.outcome, record.ended_by, record.dialled) == ("answered", who, "102")


@pytest.mark.parametrize("who", ["caller", "callee"])
def test_after_a_crash_either_side_can_hold_and_resume(who: str) -> None:
    world, anna, bert, session, other = in_call()
    world.crash()
    first, first_session, second, second_session = (
        (anna, session, bert, other) if who == "caller" else (bert, other, anna, session)
    )
    first.hold(first_session)
    world.run()
    assert second.hears(second_session) == {"music"}
    first.resume(first_session)
    world.run()
    assert second.hears(second_session) == {first.sends_to(first_session)}
    first_session.bye(world.network.now)
    world.assert_nothing_left()


def test_a_call_on_hold_during_the_crash_is_resumed_after_it() -> None:
    world, anna, bert, session, other = in_call()
    anna.hold(session)
    world.run()
    world.crash()
    assert bert.hears(other) == {"music"}
    anna.resume(session)
    world.run()
    assert bert.hears(other) == {anna.sends_to(session)}
    session.bye(world.network.now)
    world.assert_nothing_left()


def test_a_crash_before_the_callers_ack_loses_nothing() -> None:
    world = World()
    anna, bert = world.phone("anna", "192.0.2.1"), world.phone("bert", "192.0.2.2")
    session = anna.dial("102")
    world.run(0.055)  # both 200s are on their way, the ACK is not
    world.crash()
    world.run(5)
    other = bert.last(events.InviteReceived).session
    assert session.state == other.state == "confirmed", world.network.ladder()
    other.bye(world.network.now)
    world.assert_nothing_left()


def test_a_call_that_was_still_ringing_gets_its_record() -> None:
    world = World()
    anna, bert = world.phone("anna", "192.0.2.1"), world.phone("bert", "192.0.2.2")
    bert.mode = "ring"
    anna.dial("102")
    world.run()
    assert world.crash() == 0
    (record,) = world.records
    assert (record.outcome, record.ended_by, record.dialled) == ("failed", "exchange", "102")
    assert not world.media.leaked


def test_a_phone_that_answers_a_call_nobody_remembers_is_not_left_talking_to_nobody() -> None:
    world = World()
    anna, bert = world.phone("anna", "192.0.2.1"), world.phone("bert", "192.0.2.2")
    bert.mode = "ring"
    anna.dial("102")
    world.run()
    world.crash()
    bert.answer_waiting()
    world.run(5)
    assert bert.last(events.InviteReceived).session.state == "ended", world.network.ladder()


def test_new_calls_work_after_the_crash_without_registering_again() -> None:
    world, anna, bert, session, other = in_call()
    session.bye(world.network.now)
    world.run()
    world.crash()
    again = anna.dial("102")
    world.run()
    assert again.state == "confirmed"
    again.bye(world.network.now)
    world.assert_nothing_left()


def test_a_call_the_media_process_has_lost_too_is_ended_on_both_sides_with_a_record() -> None:
    world, anna, bert, session, other = in_call()
    world.media.terminations.clear()
    world.media.edges.clear()
    world.media.free.clear()
    world.media.total = 0
    assert world.crash() == 0
    world.run()
    assert session.state == other.state == "ended"
    (record,) = world.records
    assert record.outcome == "answered"


def test_a_caller_in_the_menu_is_welcomed_again() -> None:
    world = World()
    provider, session = call_in(world, "+31201234500")
    world.run()
    assert world.crash() == 1
    world.run()
    assert provider.hears(session) == {"file:/prompts/nl/menu-welcome.ogg"}
    session.bye(world.network.now)
    world.assert_nothing_left()


def test_a_caller_in_the_menu_outlives_several_crashes_in_a_row() -> None:
    world = World()
    provider, session = call_in(world, "+31201234500")
    world.run()
    for _ in range(3):
        assert world.crash() == 1
    world.run()
    assert provider.hears(session) == {"file:/prompts/nl/menu-welcome.ogg"}
    session.bye(world.network.now)
    world.assert_nothing_left()


@pytest.mark.parametrize("crashes", [1, 2])
def test_what_rings_anew_after_a_crash_takes_no_number_of_calls_still_to_be_taken_over(crashes: int) -> None:
    world, anna, bert, session, other = in_call()
    desk, second = world.phone("carla", "192.0.2.3"), world.phone("carla2", "192.0.2.4")
    desk.mode = second.mode = "ring"
    provider, menu = call_in(world, "+31201234500")
    world.run()
    refer(world, bert, other, "103")
    for _ in range(crashes):
        assert world.crash() == 2
        check(world)
        world.run(0.1)
    second.answer_waiting()
    world.run()
    check_phones(world)
    third = second.last(events.InviteReceived).session
    assert anna.hears(session) == {second.sends_to(third)}, world.network.ladder()
    assert provider.hears(menu) == {"file:/prompts/nl/menu-welcome.ogg"}
    for one in (session, menu):
        one.bye(world.network.now)
    world.assert_nothing_left()


def test_a_call_that_cannot_go_on_after_a_crash_is_hung_up_on_whatever_was_sent_in_it() -> None:
    """The journal does not have the number of every request that was sent."""
    world = World()
    anna = world.phone("anna", "192.0.2.1")
    session = anna.dial("200")
    world.run()
    (leg,) = world.exchange.legs.values()
    for _ in range(3):
        leg.session.request(world.network.now, "INFO")
        world.run()
    world.media.die()
    world.media.connected = True
    assert world.crash() == 0
    world.run()
    assert session.state == "ended", world.network.ladder()
    world.assert_nothing_left()


def test_nothing_is_told_to_a_phone_before_the_journal_can_hold_it() -> None:
    world = World()
    told: list[int] = []
    world.engine._before_output = lambda: told.append(len(world.engine.journal))
    anna, _ = world.phone("anna", "192.0.2.1"), world.phone("bert", "192.0.2.2")
    world.network.drain(world.node)
    session = anna.dial("102")
    world.run(0.051)  # the 200 has just left
    assert told[-1] == len(world.engine.journal)
    assert any(state.established for state in replay(world.engine.journal).values())
    world.run()
    session.bye(world.network.now)
    world.assert_nothing_left()
