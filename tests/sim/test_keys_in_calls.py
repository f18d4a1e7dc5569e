"""Keys in a conversation: hold, consult, toggle, conference, transfer, park (CALL-8, E 5.1.3)."""

from __future__ import annotations

from typing import Any

import pytest
from test_basic_calls import in_call
from test_outside_lines import call_in
from test_parking_and_pickup import press, with_a_mobile, with_codes
from world import World

from kiestoon.sip import events


def consulting(keys: str = "##103#", mode: str = "answer") -> tuple[World, Any, Any, Any, Any, Any]:
    """Bert has put Anna on hold by keys and asks Carla."""
    world, anna, bert, session, other = in_call(World(rows=with_codes()))
    carla = world.phone("carla", "192.0.2.3")
    carla.mode = mode
    press(world, bert, other, keys)
    return world, anna, bert, carla, session, other


def is_told_and_let_go(world: World, holder: Any, session: Any) -> None:
    """Whoever had somebody on hold hears that nobody is there any more, and is hung up on."""
    assert holder.hears(session) == {"file:/prompts/nl/hold-gone.ogg"}, world.network.ladder()
    world.finish_prompts()
    world.run()
    assert session.state == "ended"
    world.assert_nothing_left()


def third(carla: Any) -> Any:
    return carla.last(events.InviteReceived).session


@pytest.mark.parametrize("keys", ["*#", "*"])
def test_hold_gives_music_and_retrieve_brings_back(keys: str) -> None:
    world, anna, bert, session, other = in_call(World(rows=with_codes()))
    press(world, bert, other, "##")
    assert anna.hears(session) == {"music"}, world.network.ladder()
    assert bert.hears(other) == {"file:/prompts/nl/consult-ask.ogg"}
    press(world, bert, other, keys)
    assert anna.hears(session) == {bert.sends_to(other)}
    assert bert.hears(other) == {anna.sends_to(session)}
    session.bye(world.network.now)
    world.assert_nothing_left()


def test_a_mobile_that_was_called_as_ones_own_phone_has_the_keys_too() -> None:
    """It has no others (E 5.1.3). Whoever calls from outside has none, whatever number he shows."""
    world = World(rows=with_a_mobile())
    anna, carla, mobile = world.phone("anna", "192.0.2.1"), world.phone("carla", "192.0.2.3"), world.provider()
    session = anna.dial("102")
    world.run()
    other = mobile.last(events.InviteReceived).session
    press(world, mobile, other, "##103#")
    assert anna.hears(session) == {"music"}, world.network.ladder()
    assert mobile.hears(other) == {carla.sends_to(third(carla))}
    other.bye(world.network.now)
    world.run()
    assert anna.hears(session) == {carla.sends_to(third(carla))}
    session.bye(world.network.now)
    _, outside = call_in(world, "+31201234561")
    world.run()
    press(world, mobile, outside, "##103#")
    rung = anna.last(events.InviteReceived).session
    assert anna.hears(rung) == {mobile.sends_to(outside)}
    outside.bye(world.network.now)
    world.assert_nothing_left()


def test_a_number_asks_somebody_while_the_caller_hears_music() -> None:
    world, anna, bert, carla, session, other = consulting()
    assert anna.hears(session) == {"music"}, world.network.ladder()
    assert bert.hears(other) == {carla.sends_to(third(carla))}
    assert carla.hears(third(carla)) == {bert.sends_to(other)}
    other.bye(world.network.now)
    world.run()
    assert anna.hears(session) == {carla.sends_to(third(carla))}
    session.bye(world.network.now)
    world.assert_nothing_left()


def test_toggling_changes_who_waits() -> None:
    world, anna, bert, carla, session, other = consulting()
    press(world, bert, other, "2")
    assert anna.hears(session) == {bert.sends_to(other)}, world.network.ladder()
    assert carla.hears(third(carla)) == {"music"}
    press(world, bert, other, "2")
    assert anna.hears(session) == {"music"}
    assert carla.hears(third(carla)) == {bert.sends_to(other)}
    session.bye(world.network.now)
    other.bye(world.network.now)
    world.assert_nothing_left()


def test_three_join_in_a_conference_and_go_on_when_one_leaves() -> None:
    world, anna, bert, carla, session, other = consulting()
    press(world, bert, other, "3")
    assert anna.hears(session) == {bert.sends_to(other), carla.sends_to(third(carla))}, world.network.ladder()
    assert bert.hears(other) == {anna.sends_to(session), carla.sends_to(third(carla))}
    other.bye(world.network.now)
    world.run()
    assert anna.hears(session) == {carla.sends_to(third(carla))}
    session.bye(world.network.now)
    world.assert_nothing_left()
    kinds = [[segment.kind for segment in record.segments] for record in world.records]
    assert any("conference" in story for story in kinds)


def test_one_ends_the_consultation_and_the_caller_waits_on() -> None:
    world, anna, bert, carla, session, other = consulting()
    press(world, bert, other, "1")
    assert third(carla).state == "ended"
    assert anna.hears(session) == {"music"}
    press(world, bert, other, "*#")
    assert anna.hears(session) == {bert.sends_to(other)}
    session.bye(world.network.now)
    world.assert_nothing_left()


def test_retrieve_while_speaking_with_the_third_lets_that_one_go() -> None:
    world, anna, bert, carla, session, other = consulting()
    press(world, bert, other, "*#")
    assert third(carla).state == "ended"
    assert anna.hears(session) == {bert.sends_to(other)}
    session.bye(world.network.now)
    world.assert_nothing_left()


def test_who_holds_a_caller_that_hangs_up_is_told_and_let_go() -> None:
    """Also when he has been asked for a number, or has just let somebody go."""
    for keys in ("##", "##103#1"):
        world, _, bert, _, session, other = consulting(keys)
        session.bye(world.network.now)
        world.run()
        is_told_and_let_go(world, bert, other)


def test_who_asks_a_colleague_speaks_on_when_the_caller_hangs_up() -> None:
    world, _, bert, carla, session, other = consulting()
    session.bye(world.network.now)
    world.run()
    assert bert.hears(other) == {carla.sends_to(third(carla))}
    other.bye(world.network.now)
    world.assert_nothing_left()


def test_a_colleague_who_does_not_answer_is_no_reason_to_key_on_for_a_caller_who_has_gone() -> None:
    world, _, bert, carla, session, other = consulting(mode="ring")
    session.bye(world.network.now)
    world.run()
    assert bert.hears(other) == {"tone:ringback"}
    third(carla).reject(world.network.now, 486)
    world.run()
    is_told_and_let_go(world, bert, other)


def test_one_while_it_rings_stops_the_ringing() -> None:
    world, anna, bert, carla, session, other = consulting(mode="ring")
    assert bert.hears(other) == {"tone:ringback"}
    press(world, bert, other, "1")
    assert third(carla).state == "ended"
    assert anna.hears(session) == {"music"}
    session.bye(world.network.now)
    world.run()
    other.bye(world.network.now)
    world.assert_nothing_left()


def test_hanging_up_while_it_rings_lets_the_caller_wait_for_the_answer() -> None:
    world, anna, bert, carla, session, other = consulting(mode="ring")
    other.bye(world.network.now)
    world.run()
    assert anna.hears(session) == {"tone:ringback"}, world.network.ladder()
    carla.answer_waiting()
    world.run()
    assert anna.hears(session) == {carla.sends_to(third(carla))}
    session.bye(world.network.now)
    world.assert_nothing_left()


def test_hanging_up_with_somebody_on_hold_rings_back() -> None:
    world, anna, bert, session, other = in_call(World(rows=with_codes()))
    press(world, bert, other, "##")
    other.bye(world.network.now)
    world.run()
    back = bert.last(events.InviteReceived)
    assert back.request.from_.display == "recall: User 1", world.network.ladder()
    assert anna.hears(session) == {bert.sends_to(back.session)}
    session.bye(world.network.now)
    world.assert_nothing_left()


def test_a_blind_transfer_by_keys() -> None:
    world, anna, bert, session, other = in_call(World(rows=with_codes()))
    carla = world.phone("carla", "192.0.2.3")
    press(world, bert, other, "##*103#")
    assert anna.hears(session) == {carla.sends_to(third(carla))}, world.network.ladder()
    assert other.state == "ended"
    session.bye(world.network.now)
    world.assert_nothing_left()


def test_what_cannot_be_is_said_to_who_keyed_it_only() -> None:
    world, anna, bert, session, other = in_call(World(rows=with_codes()))
    press(world, bert, other, "##*999#", wait_s=0.5)
    assert bert.hears(other) == {"file:/prompts/nl/invalid-number.ogg"}, world.network.ladder()
    assert anna.hears(session) == {bert.sends_to(other)}
    world.media.finish_files()
    world.network.drain(world.node)
    assert bert.hears(other) == {anna.sends_to(session)}
    session.bye(world.network.now)
    world.assert_nothing_left()


def test_who_transfers_to_himself_by_keys_and_has_one_phone_hears_what_is_wrong() -> None:
    world, anna, bert, session, other = in_call(World(rows=with_codes()))
    press(world, bert, other, "##*102#", wait_s=0.5)
    assert bert.hears(other) == {"file:/prompts/nl/transfer-own-number.ogg"}, world.network.ladder()
    assert anna.hears(session) == {bert.sends_to(other)}
    world.finish_prompts()
    assert bert.hears(other) == {anna.sends_to(session)}
    session.bye(world.network.now)
    world.assert_nothing_left()


def test_who_asks_himself_by_keys_hears_that_and_the_other_is_still_there() -> None:
    world, anna, bert, session, other = in_call(World(rows=with_codes()))
    press(world, bert, other, "##102#", wait_s=0.5)
    assert bert.hears(other) == {"file:/prompts/nl/transfer-own-number.ogg"}, world.network.ladder()
    assert anna.hears(session) == {"music"}
    world.finish_prompts()
    press(world, bert, other, "*")
    assert anna.hears(session) == {bert.sends_to(other)}
    session.bye(world.network.now)
    world.assert_nothing_left()


def test_parking_by_key_tells_the_line() -> None:
    world, anna, bert, session, other = in_call(World(rows=with_codes()))
    press(world, bert, other, "*6")
    assert anna.hears(session) == {"music"}, world.network.ladder()
    assert bert.hears(other) == {"file:/prompts/nl/parked-on-line.ogg"}
    world.media.finish_files()
    world.network.drain(world.node)
    world.run()
    assert other.state == "ended"
    carla = world.phone("carla", "192.0.2.3")
    second = carla.dial("93001")
    world.run()
    assert anna.hears(session) == {carla.sends_to(second)}
    session.bye(world.network.now)
    world.assert_nothing_left()


@pytest.mark.parametrize("keys", ["5", "#", "1234#", "2", "3", "1", "*"])
def test_other_keys_are_the_other_partys(keys: str) -> None:
    world, anna, bert, session, other = in_call(World(rows=with_codes()))
    press(world, bert, other, keys)
    assert anna.hears(session) == {bert.sends_to(other)}
    session.bye(world.network.now)
    world.assert_nothing_left()


def test_the_other_party_cannot_command_by_keys() -> None:
    world, anna, bert, session, other = in_call(World(rows=with_codes()))
    press(world, anna, session, "##")
    assert bert.hears(other) == {"music"}  # Anna is a colleague on a phone of ours: she may
    session.bye(world.network.now)
    world.run()
    back = anna.last(events.InviteReceived)
    assert back.request.from_.display == "recall: User 2"
    back.session.bye(world.network.now)
    other.bye(world.network.now)
    world.assert_nothing_left()


@pytest.mark.parametrize("stage", ["held", "ringing", "talking"])
def test_the_control_process_may_die_at_any_stage(stage: str) -> None:
    if stage == "held":
        world, anna, bert, session, other = in_call(World(rows=with_codes()))
        press(world, bert, other, "##")
    else:
        world, anna, bert, carla, session, other = consulting(mode="ring" if stage == "ringing" else "answer")
    assert world.crash() == 2
    world.run(2)
    assert anna.hears(session) == {"music"}, world.network.ladder()
    press(world, bert, other, "*#")
    assert anna.hears(session) == {bert.sends_to(other)}, world.network.ladder()
    session.bye(world.network.now)
    world.assert_nothing_left()


def test_a_conference_outlives_the_control_process() -> None:
    world, anna, bert, carla, session, other = consulting()
    press(world, bert, other, "3")
    assert world.crash() == 1
    world.run()
    assert anna.hears(session) == {bert.sends_to(other), carla.sends_to(third(carla))}
    for one in (session, other, third(carla)):
        one.bye(world.network.now)
    world.assert_nothing_left()
