"""Guests who are called when their meeting begins (CALL-13)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from room_world import ROOM, RoomWorld, room_row
from test_keys_in_calls import press

from kiestoon.company.model import Guest, Meeting
from kiestoon.sip import events

SOON_S = 300


def minute(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC) + timedelta(hours=1):%Y-%m-%dT%H:%M}"


def planned(*guests: Guest, start_s: float | None = None, **values: Any) -> tuple[RoomWorld, float]:
    """A meeting of Anna's; the clock of the simulation is at 1970, when it was an hour later in Amsterdam."""
    began = RoomWorld().network.now
    at = (began + SOON_S) // 60 * 60 if start_s is None else start_s
    meeting = Meeting(
        id=3, company_id=1, user_id=1, room_id=5, name="Budget", start=minute(at), end=minute(at + 3600), guests=guests,
        **values,
    )  # fmt: skip
    world = RoomWorld(room_row(user_id=1), meetings=(meeting,))
    world.engine.configuration_changed(world.network.now)
    return world, at - world.network.now


def say_yes(world: RoomWorld, phone: Any) -> Any:
    session = phone.last(events.InviteReceived).session
    press(world, phone, session, "1", wait_s=0.3)
    world.hear_out()
    return session


def test_guests_are_called_at_the_start_and_meet() -> None:
    world, wait_s = planned(
        Guest(user_id=2, call=True), Guest(user_id=3), Guest(name="Kim", number="00205550102", call=True)
    )
    _, bert, carla = world.three()
    provider = world.provider()
    world.run(wait_s - 5)
    assert not bert.all(events.InviteReceived)
    world.run(4)
    invite = bert.last(events.InviteReceived)
    assert (invite.request.from_.uri.user, invite.request.from_.display) == (ROOM, "Monday")
    assert provider.last(events.InviteReceived).request.from_.uri.user == "+31201234560"
    assert not carla.all(events.InviteReceived)
    first, second = say_yes(world, bert), say_yes(world, provider)
    assert bert.hears(first) == {provider.sends_to(second)}, world.network.ladder()
    for session in (first, second):
        session.bye(world.network.now)
    world.assert_nothing_left()


def test_who_is_in_the_room_already_is_not_called() -> None:
    world, wait_s = planned(Guest(user_id=2, call=True))
    _, bert, _ = world.three()
    session = world.go_in(bert)
    world.run(wait_s)
    assert not bert.all(events.InviteReceived)
    session.bye(world.network.now)
    world.assert_nothing_left()


def test_a_meeting_begins_once_however_often_configuration_changes() -> None:
    world, wait_s = planned(Guest(user_id=2, call=True))
    _, bert, _ = world.three()
    bert.mode = "decline"
    world.run(wait_s + 2)
    for _ in range(3):
        world.engine.configuration_changed(world.network.now)
        world.run(5)
    assert len(bert.all(events.InviteReceived)) == 1
    world.assert_nothing_left()


def test_after_kill_9_within_the_first_minute_who_is_missing_is_called_again() -> None:
    world, wait_s = planned(Guest(user_id=2, call=True), Guest(user_id=3, call=True))
    _, bert, carla = world.three()
    carla.mode = "ring"
    world.run(wait_s + 1)
    first = say_yes(world, bert)
    world.crash()
    carla.mode = "answer"
    world.engine.configuration_changed(world.network.now)
    world.run(2)
    third = say_yes(world, carla)
    assert carla.hears(third) == {bert.sends_to(first)}, world.network.ladder()
    assert len(bert.all(events.InviteReceived)) == 1
    for session in (first, third):
        session.bye(world.network.now)
    world.assert_nothing_left()


def test_of_a_series_each_time_calls_anew_but_for_a_cancelled_one() -> None:
    first = datetime.fromisoformat(minute((RoomWorld().network.now + SOON_S) // 60 * 60))
    second, fourth = (f"{first + timedelta(days=n):%Y-%m-%dT%H:%M}" for n in (1, 3))
    world, wait_s = planned(Guest(user_id=2, call=True), repeats="daily", until=fourth[:10], cancelled=(second,))
    bert = world.phone("bert", "192.0.2.2")
    bert.mode = "decline"
    rung = []
    world.run(wait_s - 30)
    for _ in range(5):
        before = len(bert.all(events.InviteReceived))
        bert.register()
        world.run(35)
        rung.append(len(bert.all(events.InviteReceived)) - before)
        world.run(86_400 - 35)
    assert rung == [1, 0, 1, 1, 0]
    world.assert_nothing_left()


def test_a_meeting_that_began_long_ago_calls_nobody() -> None:
    world, _ = planned(Guest(user_id=2, call=True), start_s=600)
    _, bert, _ = world.three()
    world.run(90)
    assert not bert.all(events.InviteReceived)
    world.assert_nothing_left()
