"""What organisers do in a conference room, by keys, and whom they call into it (CALL-13)."""

from __future__ import annotations

import pytest
from room_world import ORGANISER_PIN, PIN, ROOM, RoomWorld, room_row
from test_conference_rooms import BERT, OWNED, end, meeting
from test_keys_in_calls import press
from test_listening_and_conferences import settle

from kiestoon.calls.operations import room
from kiestoon.calls.party import Party
from kiestoon.sip import events

REMOVED = "file:/prompts/nl/conference-removed.ogg"

# --- organisers ------------------------------------------------------------------------------------------------------


def test_members_wait_with_music_for_the_organiser() -> None:
    world = RoomWorld(room_row(user_id=1, wait_for_organiser=True))
    anna, bert, carla = world.three()
    second, third = world.go_in(bert), world.go_in(carla)
    assert bert.hears(second) == carla.hears(third) == {"music"}
    first = world.go_in(anna)
    assert bert.hears(second) == {anna.sends_to(first), carla.sends_to(third)}, world.network.ladder()
    first.bye(world.network.now)
    world.run()
    assert bert.hears(second) == {carla.sends_to(third)}
    end(world, second, third)


def test_the_conference_ends_with_its_last_organiser_where_the_room_says_so() -> None:
    world, _, _, carla, first, second, third = meeting(ends_with_organiser=True)
    second.bye(world.network.now)
    world.run()
    assert third.state == "confirmed"
    first.bye(world.network.now)
    world.run()
    assert carla.hears(third) == {"file:/prompts/nl/conference-ended.ogg"}
    world.run(3)
    assert third.state == "ended"
    world.assert_nothing_left()


def test_members_mute_themselves_and_are_heard_again() -> None:
    world, anna, bert, carla, first, second, third = meeting()
    world.star(bert, second, "6")
    assert anna.hears(first) == {carla.sends_to(third)}
    assert bert.hears(second) == {"file:/prompts/nl/conference-muted.ogg"}
    world.hear_out()
    assert bert.hears(second) == {anna.sends_to(first), carla.sends_to(third)}
    world.star(bert, second, "6")
    assert anna.hears(first) == {bert.sends_to(second), carla.sends_to(third)}
    world.hear_out()
    end(world, first, second, third)


def test_another_star_cuts_short_what_is_said() -> None:
    world, anna, bert, carla, first, second, third = meeting()
    world.star(bert, second, "6")
    world.star(bert, second, "6")
    assert anna.hears(first) == {bert.sends_to(second), carla.sends_to(third)}
    assert bert.hears(second) == {"file:/prompts/nl/conference-unmuted.ogg"}
    press(world, bert, second, "1", wait_s=0.3)
    assert bert.hears(second) == {anna.sends_to(first), carla.sends_to(third)}
    end(world, first, second, third)


def test_the_organiser_mutes_everybody_else_and_who_comes() -> None:
    world, anna, bert, carla, first, second, third = meeting()
    third.bye(world.network.now)
    world.run()
    world.star(anna, first, "5")
    world.hear_out()
    third = world.go_in(carla)
    assert anna.hears(first) == set()
    assert bert.hears(second) == carla.hears(third) == {anna.sends_to(first)}
    world.star(anna, first, "5")
    world.hear_out()
    assert anna.hears(first) == {bert.sends_to(second), carla.sends_to(third)}
    end(world, first, second, third)


def test_a_locked_room_lets_nobody_in_but_organisers() -> None:
    world = RoomWorld(room_row(**OWNED))
    anna, bert, carla = world.three()
    first = world.go_in(anna)
    world.star(anna, first, "7")
    world.hear_out()
    second = bert.dial(ROOM)
    world.run(0.5)
    press(world, bert, second, f"{PIN}#", wait_s=0.3)
    assert bert.hears(second) == {"file:/prompts/nl/conference-locked.ogg"}
    world.hear_out()
    assert second.state == "ended"
    third = world.go_in(carla, f"{ORGANISER_PIN}#")
    assert anna.hears(first) == {carla.sends_to(third)}
    end(world, first, third)


def test_the_organiser_removes_whoever_came_last() -> None:
    world, anna, bert, carla, first, second, third = meeting()
    world.star(anna, first, "4")
    assert carla.hears(third) == {REMOVED}
    world.hear_out()
    assert third.state == "ended"
    assert anna.hears(first) == {bert.sends_to(second)}
    end(world, first, second)


def test_who_is_removed_hears_nobody_and_is_heard_by_nobody_while_being_told() -> None:
    world, anna, bert, carla, first, second, third = meeting()
    assert room.remove(world.exchange, world.room(), world.member("103"), world.network.now) is None
    settle(world)
    assert carla.hears(third) == {REMOVED}
    assert anna.hears(first) == {bert.sends_to(second)}
    third.bye(world.network.now)  # and needs not listen to it
    world.run()
    assert anna.hears(first) == {bert.sends_to(second)}
    end(world, first, second)


def test_the_only_member_is_told_as_well_and_whoever_comes_meanwhile_is_in_another_conference() -> None:
    world = RoomWorld()
    anna, bert, _ = world.three()
    first = world.go_in(anna)
    assert room.remove(world.exchange, world.room(), world.member("101"), world.network.now) is None
    settle(world)
    assert anna.hears(first) == {REMOVED}
    assert not world.exchange.rooms
    second = world.go_in(bert)
    assert first.state == "ended"
    assert bert.hears(second) == {"music"}
    end(world, second)


def test_after_kill_9_whoever_was_being_told_is_out_and_the_others_go_on() -> None:
    world, anna, bert, carla, first, second, third = meeting()
    room.remove(world.exchange, world.room(), world.member("103"), world.network.now)
    settle(world)
    assert carla.hears(third) == {REMOVED}
    world.crash()
    world.run()
    assert third.state == "ended"
    assert anna.hears(first) == {bert.sends_to(second)}
    end(world, first, second)


def test_an_organiser_who_is_removed_hears_that_alone_and_the_others_that_it_is_over() -> None:
    world, anna, bert, _, first, second, third = meeting(ends_with_organiser=True)
    assert room.remove(world.exchange, world.room(), world.member("101"), world.network.now) is None
    settle(world)
    assert anna.hears(first) == {REMOVED}
    assert bert.hears(second) == {"file:/prompts/nl/conference-ended.ogg"}
    world.run(3)
    assert first.state == second.state == third.state == "ended"
    world.assert_nothing_left()


def test_the_words_for_the_end_are_made_when_somebody_comes() -> None:
    world = RoomWorld()
    anna, _, _ = world.three()
    world.exchange.speech.slow = True  # type: ignore[attr-defined]
    world.exchange.speech.unsayable = {"conference-first"}  # type: ignore[attr-defined]
    first = world.go_in(anna)
    assert [key for key, _ in world.exchange.speech.requested] == ["conference-ended"]  # type: ignore[attr-defined]
    end(world, first)


def test_the_organiser_ends_it_for_all_who_are_told_so() -> None:
    world, anna, bert, _, first, second, third = meeting()
    world.star(anna, first, "8")
    assert bert.hears(second) == {"file:/prompts/nl/conference-ended.ogg"}
    world.finish_prompts()
    assert bert.hears(second) == anna.hears(first) == set()
    world.run(3)
    assert first.state == second.state == third.state == "ended"
    assert not world.exchange.rooms
    world.assert_nothing_left()


def test_whoever_comes_while_the_others_are_told_that_it_is_over_opens_another_conference() -> None:
    world, anna, _, carla, first, second, third = meeting()
    third.bye(world.network.now)
    world.run()
    world.star(anna, first, "8")
    again = carla.dial(ROOM)
    world.run(0.2)
    for _ in range(3):
        world.finish_prompts()
        world.run(0.1)
    assert carla.hears(again) == {"music"}
    world.run(4)
    assert (first.state, second.state, again.state) == ("ended", "ended", "confirmed")
    end(world, again)


def test_who_hangs_up_while_being_told_that_it_is_over_leaves_nothing() -> None:
    world, anna, *_, first, second, third = meeting()
    world.star(anna, first, "8")
    for session in (second, first, third):
        session.bye(world.network.now)
        world.run(0.2)
    world.assert_nothing_left()


def test_a_conference_that_was_ending_is_over_after_kill_9() -> None:
    world, anna, *_, first, second, third = meeting()
    world.star(anna, first, "8")
    world.crash()
    world.run()
    assert first.state == second.state == third.state == "ended"
    assert not world.exchange.rooms
    world.assert_nothing_left()


@pytest.mark.parametrize("key", ["4", "5", "7", "8", "9"])
def test_who_is_no_organiser_is_not_permitted_to(key: str) -> None:
    world, anna, bert, carla, first, second, third = meeting()
    world.star(bert, second, key)
    assert bert.hears(second) == {"file:/prompts/nl/not-permitted.ogg"}
    world.hear_out()
    assert bert.hears(second) == {anna.sends_to(first), carla.sends_to(third)}
    assert not world.room().room.locked
    end(world, first, second, third)


def test_a_star_alone_has_the_keys_told() -> None:
    world, anna, *_, first, second, third = meeting()
    press(world, anna, first, "*", wait_s=4.0)
    assert anna.hears(first) == {"file:/prompts/nl/conference-keys.ogg"}
    world.finish_prompts()
    world.run(0.5)
    assert anna.hears(first) == {"file:/prompts/nl/conference-keys-organiser.ogg"}
    press(world, anna, first, "3", wait_s=0.3)
    assert anna.hears(first) == {"file:/prompts/nl/conference-others.ogg"}
    world.hear_out()
    end(world, first, second, third)


def test_music_goes_on_for_who_is_alone_after_the_keys() -> None:
    world = RoomWorld()
    anna, _, _ = world.three()
    first = world.go_in(anna)
    world.star(anna, first, "3")
    assert anna.hears(first) == {"file:/prompts/nl/conference-first.ogg"}
    world.hear_out()
    assert anna.hears(first) == {"music"}
    end(world, first)


# --- called into the room --------------------------------------------------------------------------------------------


def test_the_organiser_calls_somebody_in_who_is_asked() -> None:
    world = RoomWorld(room_row(user_id=1))
    anna, bert, _ = world.three()
    first = world.go_in(anna)
    world.star(anna, first, "9")
    world.hear_out()
    press(world, anna, first, "102#", wait_s=1.0)
    invite = bert.last(events.InviteReceived)
    assert (invite.request.from_.uri.user, invite.request.from_.display) == (ROOM, "Monday")
    assert bert.hears(invite.session) == {"file:/prompts/nl/conference-invited.ogg"}
    press(world, bert, invite.session, "1", wait_s=0.3)
    world.hear_out()
    assert bert.hears(invite.session) == {anna.sends_to(first)}, world.network.ladder()
    end(world, first, invite.session)


def test_whoever_does_not_say_yes_is_not_let_in() -> None:
    """What answers may be a voicemail."""
    world = RoomWorld(room_row(user_id=1))
    anna, bert, _ = world.three()
    first = world.go_in(anna)
    assert room.call_out(world.exchange, world.row, BERT, "102", world.network.now) is None
    settle(world)
    other = bert.last(events.InviteReceived).session
    world.hear_out()
    world.run(15)
    assert other.state == "ended"
    assert anna.hears(first) == {"music"}
    end(world, first)


def test_a_guest_outside_is_called_by_the_rights_of_who_calls() -> None:
    world = RoomWorld(room_row(user_id=1))
    anna, _, _ = world.three()
    provider = world.provider()
    first = world.go_in(anna)
    by = Party("device", "101", "User 1", user_id=1)
    assert room.call_out(world.exchange, world.row, by, "00205550102", world.network.now) is None
    settle(world)
    session = provider.last(events.InviteReceived).session
    press(world, provider, session, "1", wait_s=0.3)
    world.hear_out()
    assert provider.hears(session) == {anna.sends_to(first)}
    end(world, first, session)


def test_whom_the_organiser_calls_is_rung_no_more_once_the_conference_is_over() -> None:
    world = RoomWorld(room_row(user_id=1))
    anna, bert, _ = world.three()
    bert.mode = "ring"
    first = world.go_in(anna)
    assert room.call_out(world.exchange, world.row, BERT, "102", world.network.now) is None
    settle(world)
    first.bye(world.network.now)
    world.run()
    assert bert.last(events.InviteReceived).session.state == "ended"
    world.assert_nothing_left()


@pytest.mark.parametrize("number", ["200", ROOM, "112", "0112"])
def test_only_people_are_called_in(number: str) -> None:
    """A menu, or the room itself, would be nobody; an emergency centre must not be asked to press 1."""
    world = RoomWorld(room_row(user_id=1))
    anna, _, _ = world.three()
    provider = world.provider()
    first = world.go_in(anna)
    assert room.call_out(world.exchange, world.row, BERT, number, world.network.now) is None
    settle(world)
    assert anna.hears(first) == {"music"}
    assert not provider.all(events.InviteReceived)
    end(world, first)
