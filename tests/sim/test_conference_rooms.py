"""Conference rooms (CALL-13): going in, who hears whom, and that nobody is ever lost."""

from __future__ import annotations

from typing import Any

import pytest
from fake_media import FakeMedia
from room_world import ORGANISER_PIN, PIN, ROOM, RoomWorld, room_row
from test_basic_calls import in_call
from test_keys_in_calls import press
from test_listening_and_conferences import leg_of, settle

from kiestoon.calls.operations import conference, transfer
from kiestoon.calls.party import Party
from kiestoon.sip import events

BERT = Party("device", "102", "User 2", user_id=2)
OWNED = {"user_id": 1, "pin": PIN, "organiser_pin": ORGANISER_PIN}


def end(world: RoomWorld, *sessions: Any) -> None:
    for session in sessions:
        session.bye(world.network.now)
        world.run(0.2)
    world.assert_nothing_left()


def meeting(**values: Any) -> tuple[RoomWorld, Any, Any, Any, Any, Any, Any]:
    """Anna, whose room it is, then Bert and Carla are in it."""
    world = RoomWorld(room_row(**{"user_id": 1, **values}))
    anna, bert, carla = world.three()
    first, second, third = (world.go_in(phone) for phone in (anna, bert, carla))
    return world, anna, bert, carla, first, second, third


# --- going in and out ------------------------------------------------------------------------------------------------


def test_members_hear_each_other_and_tones_when_somebody_comes_or_leaves() -> None:
    world, anna, bert, carla, first, second, third = meeting()
    assert anna.hears(first) == {bert.sends_to(second), carla.sends_to(third)}, world.network.ladder()
    assert carla.hears(third) == {anna.sends_to(first), bert.sends_to(second)}
    assert world.besides(anna, first) == ["tone:join", "tone:join"]
    assert world.besides(carla, third) == []
    third.bye(world.network.now)
    world.run()
    assert world.besides(anna, first)[2:] == ["tone:leave"]
    assert anna.hears(first) == {bert.sends_to(second)}
    end(world, first, second)


def test_whoever_is_alone_hears_music_until_somebody_comes_and_again_afterwards() -> None:
    world = RoomWorld()
    anna, bert, _ = world.three()
    first = world.go_in(anna)
    assert anna.hears(first) == {"music"}
    second = world.go_in(bert)
    assert anna.hears(first) == {bert.sends_to(second)}
    second.bye(world.network.now)
    world.run()
    assert anna.hears(first) == {"music"}
    end(world, first)


def test_a_room_without_music_and_tones_is_silent() -> None:
    world = RoomWorld(room_row(music=False, announce="nothing"))
    anna, bert, _ = world.three()
    first = world.go_in(anna)
    assert anna.hears(first) == set()
    second = world.go_in(bert)
    assert world.besides(anna, first) == []
    end(world, first, second)


def test_names_are_spoken_to_those_who_are_there() -> None:
    world = RoomWorld(room_row(announce="names"))
    anna, bert, _ = world.three()
    first, second = world.go_in(anna), world.go_in(bert)
    second.bye(world.network.now)
    world.run()
    files = ["file:/prompts/nl/conference-joined.ogg", "file:/prompts/nl/conference-left.ogg"]
    assert world.besides(anna, first) == files
    assert "User 2 doet nu mee." in world.engine.speech.said
    end(world, first)


def test_the_conference_has_one_record_and_each_member_one_that_leads_to_it() -> None:
    world, *_, first, second, third = meeting()
    call = world.room().id
    end(world, first, second, third)
    own = [record for record in world.records if record.continued_in]
    assert [record.continued_in for record in own] == [call] * 3
    (whole,) = (record for record in world.records if record.call_id == call)
    assert [leg.party for leg in whole.legs] == ["101", "102", "103"]
    assert [(segment.kind, segment.party, segment.display) for segment in whole.segments] == [
        ("conference", ROOM, "Monday")
    ]


def test_a_full_room_lets_nobody_else_in() -> None:
    world = RoomWorld(room_row(most_members=2))
    anna, bert, carla = world.three()
    first, second = world.go_in(anna), world.go_in(bert)
    third = carla.dial(ROOM)
    world.run()
    assert carla.hears(third) == {"file:/prompts/nl/conference-full.ogg"}
    world.hear_out()
    assert third.state == "ended"
    assert anna.hears(first) == {bert.sends_to(second)}
    end(world, first, second)


@pytest.mark.parametrize("after_s", [0.05, 0.3])
def test_who_hangs_up_on_the_way_in_leaves_nothing(after_s: float) -> None:
    world = RoomWorld(room_row(pin=PIN))
    anna, bert, _ = world.three()
    first = world.go_in(anna, f"{PIN}#")
    second = bert.dial(ROOM)
    world.run(after_s)
    if second.state == "confirmed":
        second.bye(world.network.now)
    else:
        second.cancel(world.network.now)
    world.run()
    assert anna.hears(first) == {"music"}
    end(world, first)


# --- PINs ------------------------------------------------------------------------------------------------------------


def test_the_right_pin_lets_in_colleagues_and_callers_from_outside() -> None:
    world = RoomWorld(room_row(pin=PIN))
    anna, _, _ = world.three()
    first = world.go_in(anna, f"{PIN}#")
    provider, second = world.come_from_outside(f"{PIN}#")
    assert provider.hears(second) == {anna.sends_to(first)}, world.network.ladder()
    asked = [request.extension for request in world.office.asked if hasattr(request, "room_id")]
    assert asked == ["101", ""]
    end(world, first, second)


def test_three_wrong_pins_end_the_call() -> None:
    world = RoomWorld(room_row(pin=PIN))
    anna, _, _ = world.three()
    session = anna.dial(ROOM)
    world.run()
    for _ in range(3):
        press(world, anna, session, "1234#", wait_s=0.3)
        assert anna.hears(session) == {"file:/prompts/nl/conference-wrong-pin.ogg"}
        world.finish_prompts()
        world.run(0.2)
    world.hear_out()
    assert session.state == "ended"
    assert not world.exchange.rooms
    world.assert_nothing_left()


def test_after_too_many_wrong_pins_none_is_looked_at() -> None:
    world = RoomWorld(room_row(pin=PIN))
    world.wait = True
    anna, _, _ = world.three()
    session = anna.dial(ROOM)
    world.run()
    press(world, anna, session, f"{PIN}#", wait_s=0.3)
    assert anna.hears(session) == {"file:/prompts/nl/desk-locked.ogg"}
    world.hear_out()
    assert session.state == "ended"
    world.assert_nothing_left()


def test_the_owner_needs_no_pin_on_the_own_phone_and_is_organiser() -> None:
    world = RoomWorld(room_row(**OWNED))
    anna, bert, _ = world.three()
    first = world.go_in(anna)
    second = world.go_in(bert, f"{ORGANISER_PIN}#")
    assert world.room().room.organisers == (world.member("101").id, world.member("102").id)
    end(world, first, second)


def test_colleagues_need_no_pin_where_the_room_says_so() -> None:
    world = RoomWorld(room_row(pin=PIN, pin_inside=False))
    anna, bert, _ = world.three()
    first, second = world.go_in(anna), world.go_in(bert)
    assert anna.hears(first) == {bert.sends_to(second)}
    end(world, first, second)


def test_without_a_members_pin_a_hash_lets_in_and_the_organisers_pin_makes_an_organiser() -> None:
    world = RoomWorld(room_row(organiser_pin=ORGANISER_PIN))
    anna, bert, _ = world.three()
    first, second = world.go_in(anna, "#"), world.go_in(bert, f"{ORGANISER_PIN}#")
    assert anna.hears(first) == {bert.sends_to(second)}
    assert world.room().room.organisers == (world.member("102").id,)
    end(world, first, second)


# --- with other operations -------------------------------------------------------------------------------------------


def test_a_party_is_transferred_into_the_room() -> None:
    world = RoomWorld()
    _, anna, bert, session, other = in_call(world)
    call, leg = leg_of(world, "102")
    assert transfer.blind(world.exchange, call, leg, ROOM, world.network.now) is None
    settle(world)
    world.hear_out()
    assert other.state == "ended"
    assert anna.hears(session) == {"music"}
    assert world.room().bridge is not None
    end(world, session)


def test_nobody_transfers_the_conference_away() -> None:
    world, anna, bert, carla, first, second, third = meeting()
    third.bye(world.network.now)
    world.run()
    assert transfer.blind(world.exchange, world.room(), world.member("102"), "103", world.network.now) is not None
    settle(world)
    assert anna.hears(first) == {bert.sends_to(second)}
    end(world, first, second)


def test_a_member_moves_to_another_phone_and_stays_organiser() -> None:
    world = RoomWorld(room_row(user_id=3))
    anna, _, carla = world.three()
    other_phone = world.phone("carla2", "192.0.2.4")
    first, third = world.go_in(anna), world.go_in(carla)
    taken = other_phone.dial("*9")
    world.run()
    assert third.state == "ended", world.network.ladder()
    assert anna.hears(first) == {other_phone.sends_to(taken)}
    assert world.room().room.organisers == (world.member("103").id,)
    end(world, first, taken)


def test_a_colleague_asked_meanwhile_is_brought_into_the_room() -> None:
    world = RoomWorld()
    anna, bert, carla = world.three()
    first, second = world.go_in(anna), world.go_in(bert)
    third_call = bert.dial("103")
    world.run()
    call, spare = next(
        (call, leg) for call in world.exchange.calls.values() if call.room is None
        for leg in call.live_legs() if leg.party.number == "102"
    )  # fmt: skip
    kept = world.member("102")
    assert conference.merge(world.exchange, world.room(), kept, call, spare, world.network.now) is None
    settle(world)
    third = carla.last(events.InviteReceived).session
    assert anna.hears(first) == {bert.sends_to(second), carla.sends_to(third)}, world.network.ladder()
    assert third_call.state == "ended"
    end(world, first, second, third)


def test_who_puts_the_conference_on_hold_is_not_heard_in_it() -> None:
    """Phones play music of their own to whom they hold."""
    world, anna, bert, carla, first, second, third = meeting()
    carla.hold(third)
    world.run()
    assert anna.hears(first) == {bert.sends_to(second)}
    carla.resume(third)
    world.run()
    assert anna.hears(first) == {bert.sends_to(second), carla.sends_to(third)}
    end(world, first, second, third)


# --- crashes ---------------------------------------------------------------------------------------------------------


def test_members_come_back_into_the_room_after_kill_9_muted_and_organisers_as_before() -> None:
    world, anna, bert, carla, first, second, third = meeting()
    world.star(bert, second, "6")
    world.star(anna, first, "7")
    world.hear_out()
    before = world.room().room
    assert world.crash() == 1
    assert world.room().room == before
    assert anna.hears(first) == {carla.sends_to(third)}
    assert bert.hears(second) == {anna.sends_to(first), carla.sends_to(third)}
    for _ in range(2):
        world.star(anna, first, "5")
        world.hear_out()
    assert anna.hears(first) == {bert.sends_to(second), carla.sends_to(third)}
    end(world, first, second, third)


def test_who_waits_after_kill_9_goes_on_waiting_for_the_organiser() -> None:
    world = RoomWorld(room_row(user_id=1, wait_for_organiser=True))
    anna, bert, _ = world.three()
    second = world.go_in(bert)
    assert world.crash() == 1
    assert bert.hears(second) == {"music"}
    first = world.go_in(anna)
    assert bert.hears(second) == {anna.sends_to(first)}
    end(world, first, second)


def test_who_was_asked_for_the_pin_is_asked_again_after_kill_9() -> None:
    world = RoomWorld(room_row(pin=PIN))
    anna, bert, _ = world.three()
    first = world.go_in(anna, f"{PIN}#")
    second = bert.dial(ROOM)
    world.run(0.5)
    assert world.crash() == 2
    press(world, bert, second, f"{PIN}#", wait_s=0.3)
    world.hear_out()
    assert bert.hears(second) == {anna.sends_to(first)}, world.network.ladder()
    end(world, first, second)


def test_a_conference_whose_media_is_gone_ends_and_the_next_one_begins_anew() -> None:
    world, anna, *_, first, _, _ = meeting()
    world.kill_media()
    world.run()
    assert first.state == "ended"
    assert not world.exchange.rooms
    world.media.connected = True
    again = world.go_in(anna)
    assert anna.hears(again) == {"music"}
    end(world, again)


def test_who_calls_by_another_media_process_comes_to_where_the_members_are() -> None:
    """The first process was away when the conference began, and takes the company's calls again."""
    world = RoomWorld()
    anna, bert, _ = world.three()
    second_process = FakeMedia(first_port=30000, incarnation="m2")
    world.exchange.media.links.insert(0, second_process)  # the first choice of this company is the other one

    def hear_out() -> None:
        for _ in range(4):
            second_process.finish_files()
            world.media.events.extend(second_process.events)
            second_process.events.clear()
            world.network.drain(world.node)
            world.run(0.2)

    world.media.connected = False
    first = anna.dial(ROOM)
    world.run(0.5)
    hear_out()
    world.media.connected = True
    second = bert.dial(ROOM)
    world.run(0.5)
    hear_out()
    assert second_process.hears(int(anna.sends_to(first))) == {bert.sends_to(second)}, world.network.ladder()
    for session in (first, second):
        session.bye(world.network.now)
        world.run(0.2)
    hear_out()
    world.assert_nothing_left()
    assert not second_process.leaked
    assert not second_process.mistakes


def test_who_hears_whom_is_said_in_as_many_numbers_as_there_are_members() -> None:
    world, *_, first, second, third = meeting()
    said = world.media.topologies[-1]
    assert (said.edges, len(said.mixed), said.listening) == ((), 3, ())
    end(world, first, second, third)
