"""Groups whose members are reached elsewhere: no voicemail takes a group's call (ACD-1, ACD-2, CALL-14, REACH-9)."""

from __future__ import annotations

from typing import Any

from ringing_world import MOBILE, lift, numbers, press, rung
from test_parking_and_pickup import with_codes
from test_remote_office import HOTEL, office, was_rung
from world import DeskPhone, World

from kiestoon.company.model import (
    GroupCall,
    GroupCallMember,
    GroupExtension,
    GroupMember,
    HuntGroup,
    HuntMember,
    SimultaneousRinging,
)

GROUP = "300"
FOR_GROUP = {"file:/prompts/nl/confirm-call-for.ogg"}
GONE = {"file:/prompts/nl/confirm-gone.ogg"}
MEMBERS = ("101", "103")


def group(**fields: Any) -> dict[str, Any]:
    return {
        "group_extensions": (GroupExtension(id=1, company_id=1, extension=GROUP, name="Sales", **fields),),
        "group_members": tuple(
            GroupMember(id=n, company_id=1, group_id=1, extension=member) for n, member in enumerate(MEMBERS, 1)
        ),
    }


def hunt(**fields: Any) -> dict[str, Any]:
    return {
        "hunt_groups": (HuntGroup(id=1, company_id=1, extension=GROUP, name="Sales", **fields),),
        "hunt_members": tuple(
            HuntMember(id=n, company_id=1, hunt_group_id=1, extension=member, position=n)
            for n, member in enumerate(MEMBERS, 1)
        ),
    }


def group_call(**rows: Any) -> dict[str, Any]:
    return {
        "group_calls": (GroupCall(id=1, company_id=1, extension=GROUP, name="Alarm"),),
        "group_call_members": tuple(
            GroupCallMember(id=n, company_id=1, group_call_id=1, extension=member)
            for n, member in enumerate(MEMBERS, 1)
        ),
        **rows,
    }


def called(rows: Any) -> tuple[World, DeskPhone, DeskPhone, DeskPhone, Any]:
    """Bert calls the group of Anna, who works at a hotel, and Carla. Nobody answers yet."""
    world = World(rows=rows)
    anna, bert, carla = (world.phone(name, f"192.0.2.{n}") for n, name in enumerate(("anna", "bert", "carla"), 1))
    provider = world.provider()
    anna.mode = carla.mode = provider.mode = "ring"
    session = bert.dial(GROUP)
    world.run()
    return world, bert, carla, provider, session


def end(world: World, *sessions: Any) -> None:
    for session in sessions:
        session.bye(world.network.now)
        world.run(0.2)
    world.assert_nothing_left()


def test_a_voicemail_at_the_hotel_gets_nothing_and_whoever_takes_the_call_has_it() -> None:
    world, bert, carla, provider, session = called(office(**group()))
    assert not was_rung(world.phones["anna"])
    machine = lift(provider, HOTEL)
    assert provider.hears(machine) == FOR_GROUP
    assert session.state == "early"
    taken = lift(carla)
    assert bert.hears(session) == {carla.sends_to(taken)}, world.network.ladder()
    assert provider.hears(machine) == GONE
    world.finish_prompts()
    world.run(0.5)
    assert machine.state == "ended"
    end(world, session)


def test_a_member_takes_the_groups_call_at_the_hotel_by_the_key() -> None:
    world, bert, carla, provider, session = called(office(**group()))
    mobile = lift(provider, HOTEL)
    press(provider, mobile, "1")
    assert bert.hears(session) == {provider.sends_to(mobile)}, world.network.ladder()
    assert rung(carla).state == "ended"
    end(world, session)
    assert not world.exchange.present.outside


def test_a_hunt_goes_on_past_a_voicemail_and_counts_for_who_takes_the_call() -> None:
    world, bert, carla, provider, session = called(office(**hunt(rings=2)))
    machine = lift(provider, HOTEL)
    assert not was_rung(carla)
    for _ in range(2):
        world.finish_prompts()
        world.run(5.5)
    assert machine.state == "ended"
    taken = lift(carla)
    assert bert.hears(session) == {carla.sends_to(taken)}, world.network.ladder()
    assert world.exchange.present.hunt_record(1).last == "103"
    end(world, session)


def test_whoever_takes_a_call_of_all_at_once_at_the_hotel_counts_as_the_member() -> None:
    world, bert, _, provider, session = called(office(**hunt(policy="simultaneous")))
    mobile = lift(provider, HOTEL)
    press(provider, mobile, "1")
    assert bert.hears(session) == {provider.sends_to(mobile)}, world.network.ladder()
    assert world.exchange.present.hunt_record(1).last == "101"
    end(world, session)


def test_who_is_in_a_call_at_the_hotel_gets_no_other_one_of_the_hunt() -> None:
    world, bert, carla, provider, first = called(office(**hunt(rings=2)))
    mobile = lift(provider, HOTEL)
    press(provider, mobile, "1")
    before = len(provider.events)
    second = bert.dial(GROUP)
    world.run()
    assert len(provider.events) == before, world.network.ladder()
    assert rung(carla).state == "early"
    second.cancel(world.network.now)
    world.run()
    end(world, first)


def test_a_member_of_a_group_call_at_the_hotel_presses_once_and_takes_part() -> None:
    world, bert, carla, provider, session = called(office(**group_call()))
    mobile, other = lift(provider, HOTEL), lift(carla)
    assert provider.hears(mobile) == {"file:/prompts/nl/confirm-call.ogg"}
    press(provider, mobile, "1")
    assert bert.hears(session) == {carla.sends_to(other), provider.sends_to(mobile)}, world.network.ladder()
    end(world, session, other)


def test_in_a_group_call_a_voicemail_does_not_keep_a_members_own_phone_from_ringing() -> None:
    along = {
        "simultaneous_ringing": (SimultaneousRinging(id=1, company_id=1, user_id=1),),
        "ring_numbers": numbers("simultaneous", MOBILE),
    }
    world, bert, _, provider, session = called(with_codes(**group_call(**along)))
    machine = lift(provider, MOBILE)
    assert provider.hears(machine) == {"file:/prompts/nl/confirm-call.ogg"}
    anna = world.phones["anna"]
    taken = lift(anna)
    assert bert.hears(session) == {anna.sends_to(taken)}, world.network.ladder()
    assert provider.hears(machine) == GONE
    world.finish_prompts()
    world.run(0.5)
    assert machine.state == "ended"
    end(world, session)
