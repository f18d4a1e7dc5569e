"""Telephoning from a screen: the admin commands behind the API, on calls between real engines (CALL-24)."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from test_basic_calls import in_call
from test_parking_and_pickup import PICKUP, with_codes
from world import World

from kiestoon.app.call_orders import CallOrders
from kiestoon.company.model import GroupExtension, GroupMember, PrivacyGrant, PrivacyGroup, PrivacyMember
from kiestoon.sip import events


def orders(world: World) -> CallOrders:
    return CallOrders(world.engine, lambda: world.network.now, lambda: world.network.drain(world.node))


def do(world: World, operation: str, call: str, user_id: int | None = 2, **arguments: Any) -> dict[str, Any]:
    answer = orders(world).operate(1, call, operation, user_id=user_id, **arguments)
    world.run(2)
    return answer


def only(world: World) -> str:
    (call,) = (call.id for call in world.exchange.calls.values() if call.live_legs())
    return call


def test_people_see_their_own_calls_and_administrators_all() -> None:
    world, anna, bert, session, other = in_call()
    (shown,) = orders(world).live(1)
    assert (shown["state"], [leg["number"] for leg in shown["legs"]]) == ("bridge", ["101", "102"])
    assert len(orders(world).live(1, 2)) == 1
    assert orders(world).live(1, 3) == []
    assert orders(world).live(2) == []
    session.bye(world.network.now)
    world.assert_nothing_left()


def test_a_colleague_cannot_touch_a_call_of_others() -> None:
    world, anna, bert, session, other = in_call()
    call = only(world)
    legs = [leg.id for leg in world.exchange.calls[call].live_legs()]
    for operation in ("hold", "transfer", "end", "park", "add", "mute", "listen", "barge", "take"):
        for leg in (None, *legs):
            assert do(world, operation, call, 3, leg=leg, to="101")["failed"]["status"] in (403, 481), operation
    assert anna.hears(session) == {bert.sends_to(other)}
    session.bye(world.network.now)
    world.assert_nothing_left()


def test_a_call_is_transferred_from_the_screen() -> None:
    world, anna, bert, session, other = in_call()
    carla = world.phone("carla", "192.0.2.3")
    assert do(world, "transfer", only(world), to="999")["failed"]["text"] == "Not Found"
    own = do(world, "transfer", only(world), to="102")["failed"]
    assert (own["status"], own["text"]) == (403, "Your own number, and no other phone of yours rings")
    assert do(world, "transfer", only(world), to="103") == {}
    third = carla.last(events.InviteReceived).session
    assert anna.hears(session) == {carla.sends_to(third)}, world.network.ladder()
    session.bye(world.network.now)
    world.assert_nothing_left()


def test_a_call_is_parked_and_taken_back_from_the_screen() -> None:
    world, anna, bert, session, other = in_call(World(rows=with_codes()))
    assert do(world, "park", only(world)) == {}
    other.bye(world.network.now)
    world.run()
    (shown,) = orders(world).live(1, 3)
    assert (shown["state"], shown["lot"]) == ("parked", "1")
    carla = world.phone("carla", "192.0.2.3")
    assert do(world, "take", shown["id"], 3) == {}
    own = carla.last(events.InviteReceived).session
    assert anna.hears(session) == {carla.sends_to(own)}, world.network.ladder()
    session.bye(world.network.now)
    world.assert_nothing_left()


@pytest.mark.parametrize(("to", "lot"), [("", "1"), ("17", "17"), ("lot 3", "lot 3"), ("@103", "@103")])
def test_a_call_is_parked_where_the_screen_says(to: str, lot: str) -> None:
    world, _, _, session, _ = in_call(World(rows=with_codes()))
    assert do(world, "park", only(world), to=to) == {}
    assert [call["lot"] for call in orders(world).live(1) if call["state"] == "parked"] == [lot]
    session.bye(world.network.now)
    world.finish_prompts()
    world.assert_nothing_left()


@pytest.mark.parametrize("to", ["0", "100", "lot 10", "lot x", "@999", "somewhere", "²"])
def test_there_are_no_other_places_to_park(to: str) -> None:
    world, anna, bert, session, other = in_call(World(rows=with_codes()))
    assert do(world, "park", only(world), to=to)["failed"]["status"] == 404
    assert anna.hears(session) == {bert.sends_to(other)}
    session.bye(world.network.now)
    world.assert_nothing_left()


@pytest.mark.parametrize("waits", ["parked", "ringing"])
def test_who_is_second_to_take_a_call_gets_nobody_elses_conversation(waits: str) -> None:
    """Carla's phone rings with the call she asked for; meanwhile somebody else is quicker."""
    world, anna, bert, session, other = in_call(World(rows=with_codes(**PICKUP)))
    carla = world.phone("carla", "192.0.2.3")
    carla.mode = "ring"
    if waits == "parked":
        do(world, "park", only(world), to="lot 3")
        other.bye(world.network.now)
    else:
        session.bye(world.network.now)
        bert.mode = "ring"
        world.run()
        session = anna.dial("102")
    world.run()
    assert do(world, "take", only(world), 3) == {}
    if waits == "parked":
        own = bert.dial("*13")
    else:
        bert.answer_waiting()
        own = bert.last(events.InviteReceived).session
    world.run()
    assert anna.hears(session) == {bert.sends_to(own)}
    carla.answer_waiting()
    world.run()
    late = carla.last(events.InviteReceived).session
    assert carla.hears(late) == {"file:/prompts/nl/pickup-answered.ogg"}, world.network.ladder()
    assert anna.hears(session) == {bert.sends_to(own)}
    late.bye(world.network.now)
    session.bye(world.network.now)
    world.assert_nothing_left()


@pytest.mark.parametrize(("names", "number"), [("nobody", ""), ("granted", "101")])
def test_who_calls_a_colleague_is_told_as_the_company_wants(names: str, number: str) -> None:
    rows = with_codes(**PICKUP)
    world = World(rows=msgspec.structs.replace(rows, company=msgspec.structs.replace(rows.company, lamp_names=names)))
    anna, bert = world.phone("anna", "192.0.2.1"), world.phone("bert", "192.0.2.2")
    bert.mode = "ring"
    session = anna.dial("102")
    world.run()
    seen = {user: orders(world).live(1, user)[0]["legs"] for user in (1, 2, 3)}
    assert [[leg["number"] for leg in legs] for legs in seen.values()] == [
        ["101", "102"], ["101", "102"], [number, "102"],
    ]  # fmt: skip
    session.bye(world.network.now)
    world.assert_nothing_left()


def test_a_ringing_phone_answers_when_told_to() -> None:
    world = World()
    anna, bert = world.phone("anna", "192.0.2.1"), world.phone("bert", "192.0.2.2")
    bert.mode = "ring"
    session = anna.dial("102")
    world.run()
    assert do(world, "answer", only(world)) == {}
    told = bert.last(events.SessionRequestReceived).request
    assert (told.method, told.get("Event")) == ("NOTIFY", "talk")
    assert do(world, "reject", only(world)) == {}
    assert anna.last(events.Refused).status == 603
    assert session.state == "ended"
    world.assert_nothing_left()


def test_only_who_may_takes_a_ringing_call() -> None:
    world = World(rows=with_codes(**{**PICKUP, "pickup_members": PICKUP["pickup_members"][1:]}))
    anna, bert, carla = (world.phone(name, f"192.0.2.{n}") for n, name in enumerate(("anna", "bert", "carla"), 1))
    bert.mode = "ring"
    session = carla.dial("102")
    world.run()
    assert do(world, "take", only(world), 1)["failed"]["status"] == 403
    carla.endpoint.sessions[session.id].bye(world.network.now)
    world.run()
    session = anna.dial("102")
    world.run()
    assert do(world, "take", only(world), 3) == {}
    own = carla.all(events.InviteReceived)[-1].session
    assert anna.hears(session) == {carla.sends_to(own)}, world.network.ladder()
    session.bye(world.network.now)
    world.assert_nothing_left()


def test_a_right_over_a_group_takes_the_groups_calls_from_the_screen() -> None:
    rows = with_codes(
        group_extensions=(GroupExtension(id=1, company_id=1, extension="300", name="Desk"),),
        group_members=(GroupMember(id=1, company_id=1, group_id=1, extension="102"),),
        privacy_groups=(PrivacyGroup(id=1, company_id=1, name="Desk"),),
        privacy_members=(PrivacyMember(id=1, company_id=1, group_id=1, extension="103"),),
        privacy_grants=(PrivacyGrant(id=1, company_id=1, group_id=1, extension="300", pickup=True),),
    )
    world = World(rows=rows)
    anna, bert, carla = (world.phone(name, f"192.0.2.{n}") for n, name in enumerate(("anna", "bert", "carla"), 1))
    bert.mode = "ring"
    session = anna.dial("102")
    world.run()
    assert orders(world).live(1, 3) == []  # Bert's own call, over whom Carla has no right
    session.cancel(world.network.now)
    world.run()
    session = anna.dial("300")
    world.run()
    (shown,) = orders(world).live(1, 3)
    assert do(world, "take", shown["id"], 3) == {}
    own = carla.all(events.InviteReceived)[-1].session
    assert anna.hears(session) == {carla.sends_to(own)}, world.network.ladder()
    session.bye(world.network.now)
    world.assert_nothing_left()


def test_whoever_is_called_for_another_is_not_forgotten_in_a_crash() -> None:
    """Bert has lifted his phone, and it rings at the number he clicked on."""
    world = World(rows=with_codes())
    bert, carla = world.phone("bert", "192.0.2.2"), world.phone("carla", "192.0.2.3")
    carla.mode = "ring"
    orders(world).dial(1, 2, "103")
    world.run(2)
    own = bert.last(events.InviteReceived).session
    assert bert.hears(own) == {"tone:ringback"}
    assert world.crash() == 1
    world.run(2)
    carla.answer_waiting()
    world.run()
    assert len(bert.all(events.InviteReceived)) == 1
    assert bert.hears(own) == {carla.sends_to(carla.last(events.InviteReceived).session)}, world.network.ladder()
    own.bye(world.network.now)
    world.assert_nothing_left()


def test_a_member_ends_a_conference_for_all() -> None:
    world, _, _, session, other = in_call()
    carla = world.phone("carla", "192.0.2.3")
    assert do(world, "end_conference", only(world))["failed"]["status"] == 481
    assert do(world, "add", only(world), to="103") == {}
    third = carla.last(events.InviteReceived).session
    assert do(world, "end_conference", only(world), 3) == {}
    assert {one.state for one in (session, other, third)} == {"ended"}
    world.assert_nothing_left()


def test_an_administrator_hangs_a_party_up() -> None:
    world, anna, bert, session, other = in_call()
    assert do(world, "end", only(world), None, acting_user=2) == {}
    assert session.state == other.state == "ended"
    world.assert_nothing_left()
