"""Conference rooms from the screen: the admin commands behind the API, on rooms with people in them (CALL-13)."""

from __future__ import annotations

from typing import Any

import pytest
from room_world import ROOM, RoomWorld, room_row
from test_call_orders import do as do_with_call
from test_conference_rooms import end, meeting
from test_keys_in_calls import press

from kiestoon.app.admin_socket import CommandError
from kiestoon.app.room_orders import RoomOrders
from kiestoon.sip import events


def orders(world: RoomWorld) -> RoomOrders:
    return RoomOrders(world.engine, lambda: world.network.now, lambda: world.network.drain(world.node))


def do(world: RoomWorld, operation: str, user_id: int | None = 1, **arguments: Any) -> dict[str, Any]:
    answer = orders(world).operate(1, ROOM, operation, user_id=user_id, **arguments)
    world.run(1)
    return answer


def test_who_is_in_the_room_is_seen_by_its_owner_its_members_and_administrators() -> None:
    world, *_, first, second, third = meeting()
    (shown,) = orders(world).live(1)
    assert (shown["extension"], shown["begun"], shown["locked"]) == (ROOM, True, False)
    assert [(each["number"], each["organiser"]) for each in shown["members"]] == [
        ("101", True), ("102", False), ("103", False),
    ]  # fmt: skip
    third.bye(world.network.now)
    world.run()
    assert [len(orders(world).live(1, user_id)) for user_id in (1, 2, 3)] == [1, 1, 0]
    assert orders(world).live(2) == []
    end(world, first, second)


def test_the_organiser_mutes_and_removes_members() -> None:
    world, anna, bert, carla, first, second, third = meeting()
    member = str(world.member("102").id)
    assert do(world, "mute", member=member) == {}
    assert anna.hears(first) == {carla.sends_to(third)}
    assert do(world, "unmute", member=member) == {}
    assert anna.hears(first) == {bert.sends_to(second), carla.sends_to(third)}
    assert do(world, "remove", member=member) == {}
    assert bert.hears(second) == {"file:/prompts/nl/conference-removed.ogg"}
    world.finish_prompts()
    world.run(0.1)
    assert second.state == "ended"
    assert do(world, "remove", member=member)["failed"]["status"] == 481
    end(world, first, third)


def test_the_organiser_mutes_all_locks_and_ends() -> None:
    world, anna, *_, first, second, third = meeting()
    assert [do(world, operation) for operation in ("mute_all", "lock")] == [{}, {}]
    assert anna.hears(first) == set()
    (shown,) = orders(world).live(1)
    assert (shown["quiet"], shown["locked"], [each["muted"] for each in shown["members"]]) == (
        True, True, [False, True, True],
    )  # fmt: skip
    assert [do(world, operation) for operation in ("unmute_all", "unlock", "end")] == [{}, {}, {}]
    assert do(world, "end")["failed"]["status"] == 404
    world.run(3)
    assert third.state == second.state == "ended"
    world.assert_nothing_left()


@pytest.mark.parametrize("operation", ["mute", "unmute", "remove", "mute_all", "lock", "end", "call"])
def test_members_and_strangers_may_not(operation: str) -> None:
    world, anna, bert, carla, first, second, third = meeting()
    member = str(world.member("103").id)
    for user_id in (2, 99, 0):
        assert do(world, operation, user_id, member=member, to="102")["failed"]["status"] == 403
    assert anna.hears(first) == {bert.sends_to(second), carla.sends_to(third)}
    end(world, first, second, third)


def test_the_owner_calls_somebody_into_an_empty_room() -> None:
    world = RoomWorld(room_row(user_id=1))
    _, bert, _ = world.three()
    assert do(world, "call", to="102") == {}
    session = bert.last(events.InviteReceived).session
    press(world, bert, session, "1", wait_s=0.3)
    world.hear_out()
    assert bert.hears(session) == {"music"}
    end(world, session)


def test_administrators_call_by_the_owners_rights() -> None:
    world = RoomWorld(room_row(user_id=1))
    world.three()
    provider = world.provider()
    assert do(world, "call", None, to="00205550102") == {}
    invite = provider.last(events.InviteReceived)
    assert invite.request.from_.uri.user == "+31201234560"
    invite.session.bye(world.network.now)
    world.assert_nothing_left()


def test_there_is_no_other_operation_and_no_other_room() -> None:
    world, *_, first, second, third = meeting()
    with pytest.raises(CommandError):
        do(world, "explode")
    assert orders(world).operate(1, "801", "end")["failed"]["status"] == 404
    assert orders(world).operate(1, "101", "end")["failed"]["status"] == 404
    end(world, first, second, third)


def test_over_the_running_calls_members_mute_only_themselves() -> None:
    world, anna, bert, carla, first, second, third = meeting()
    call, theirs = world.room().id, world.member("103").id
    for operation in ("mute", "remove"):
        assert do_with_call(world, operation, call, 2, leg=theirs)["failed"]["status"] == 403
    assert do_with_call(world, "remove", call, None, leg=theirs)["failed"]["status"] == 481
    assert do_with_call(world, "add", call, 2, to="103")["failed"]["status"] == 403
    assert do_with_call(world, "mute", call, 2) == {}
    assert anna.hears(first) == {carla.sends_to(third)}
    assert do_with_call(world, "unmute", call, 2) == {}
    assert anna.hears(first) == {bert.sends_to(second), carla.sends_to(third)}
    end(world, first, second, third)
