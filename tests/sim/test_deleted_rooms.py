"""A conference room, or its company, is deleted while people are in it or on their way (CALL-13)."""

from __future__ import annotations

import pytest
from msgspec.structs import replace
from room_world import PIN, ROOM, RoomWorld, room_row
from test_conference_rooms import BERT, end, meeting
from test_keys_in_calls import press
from test_listening_and_conferences import settle

from kiestoon.calls.operations import room
from kiestoon.sip import events

ENDED = "file:/prompts/nl/conference-ended.ogg"


def delete(world: RoomWorld, what: str = "room") -> None:
    if what == "company":
        world.exchange.directory.remove(1)
    else:
        world.exchange.directory.replace(replace(world.rows, conference_rooms=()))
    world.engine.configuration_changed(world.network.now)
    world.run()


def listen(world: RoomWorld) -> list[str]:
    """Everybody listens to what the exchange has yet to say; what that is."""
    said = world.engine.speech.said
    said.clear()
    for _ in range(25):
        world.finish_prompts()
        world.run(1)
    return said


@pytest.mark.parametrize("what", ["room", "company"])
def test_all_in_a_deleted_room_hear_that_it_is_over_and_are_hung_up(what: str) -> None:
    world, anna, bert, carla, first, second, third = meeting()
    delete(world, what)
    assert anna.hears(first) == bert.hears(second) == carla.hears(third) == {ENDED}, world.network.ladder()
    world.run(3)
    assert first.state == second.state == third.state == "ended"
    world.assert_nothing_left()


def test_who_is_alone_in_a_deleted_room_hears_no_music_any_more_but_that_it_is_over() -> None:
    world = RoomWorld()
    anna, _, _ = world.three()
    session = world.go_in(anna)
    assert anna.hears(session) == {"music"}
    delete(world)
    assert anna.hears(session) == {ENDED}
    world.run(3)
    assert session.state == "ended"
    world.assert_nothing_left()


def test_other_changes_leave_a_conference_alone() -> None:
    world, anna, bert, carla, first, second, third = meeting()
    world.exchange.directory.replace(replace(world.rows, conference_rooms=(room_row(user_id=1, name="Tuesday"),)))
    world.engine.configuration_changed(world.network.now)
    world.run(5)
    assert anna.hears(first) == {bert.sends_to(second), carla.sends_to(third)}
    end(world, first, second, third)


@pytest.mark.parametrize("keys", ["", PIN, "1"])
def test_who_is_asked_for_the_pin_of_a_room_meanwhile_deleted_finds_none(keys: str) -> None:
    world = RoomWorld(room_row(pin=PIN))
    bert = world.phone("bert", "192.0.2.2")
    session = bert.dial(ROOM)
    world.run(0.5)
    delete(world)
    if keys:
        press(world, bert, session, keys, wait_s=0.3)
    told = listen(world)
    assert session.state == "ended", world.network.ladder()
    assert told == ["De vergadering is afgelopen."]
    assert not world.exchange.rooms
    world.assert_nothing_left()


def test_who_has_been_called_in_and_agrees_too_late_finds_none() -> None:
    world = RoomWorld(room_row(user_id=1))
    anna, bert, _ = world.three()
    first = world.go_in(anna)
    assert room.call_out(world.exchange, world.row, BERT, "102", world.network.now) is None
    settle(world)
    invited = bert.last(events.InviteReceived).session
    delete(world)
    press(world, bert, invited, "1", wait_s=0.3)
    assert bert.hears(invited) == {ENDED}, world.network.ladder()
    listen(world)
    assert first.state == invited.state == "ended"
    assert not world.exchange.rooms
    world.assert_nothing_left()


def test_a_room_deleted_while_the_exchange_was_down_ends_when_it_is_back() -> None:
    world, anna, bert, _, first, second, third = meeting()
    world.rows = replace(world.rows, conference_rooms=())
    world.crash()
    world.exchange.directory.replace(world.rows)
    world.engine.configuration_changed(world.network.now)
    world.run()
    assert anna.hears(first) == bert.hears(second) == {ENDED}
    world.run(3)
    assert first.state == second.state == third.state == "ended"
    world.assert_nothing_left()
