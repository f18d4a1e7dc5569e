"""The call limit of a device (DEV-1): how many calls at once it takes and makes."""

from __future__ import annotations

import msgspec
from test_basic_calls import in_call
from world import DeskPhone, World, sample_rows

from kiestoon.sip import events
from kiestoon.sip.session import Session


def limited(limit: int) -> World:
    """Bert's device has this limit, the others five calls."""
    rows = sample_rows()
    devices = tuple(
        msgspec.structs.replace(device, call_limit=limit if device.username == "bert" else 5) for device in rows.devices
    )
    return World(rows=msgspec.structs.replace(rows, devices=devices))


def dialled(world: World, phone: DeskPhone, number: str) -> Session:
    session = phone.dial(number)
    world.run()
    return session


def end(world: World, *sessions: Session) -> None:
    for session in sessions:
        session.bye(world.network.now)
    world.assert_nothing_left()


def test_a_device_at_its_call_limit_is_busy() -> None:
    world, _anna, bert, session, _ = in_call()
    carla, carla2 = world.phone("carla", "192.0.2.3"), world.phone("carla2", "192.0.2.4")
    second = carla.dial("102")
    world.run()
    assert second.state == "confirmed"
    carla2.dial("102")
    world.run()
    assert carla2.last(events.Refused).status == 486
    session.bye(world.network.now)
    second.bye(world.network.now)
    world.assert_nothing_left()


def test_a_call_that_rings_at_two_contacts_of_a_device_counts_once() -> None:
    world = limited(2)
    anna, carla = world.phone("anna", "192.0.2.1"), world.phone("carla", "192.0.2.3")
    desk = world.phone("bert", "192.0.2.2")
    world.seed += 1
    mobile = world.phone("bert", "192.0.2.22")
    desk.mode = mobile.mode = "ring"
    first, second = dialled(world, anna, "102"), dialled(world, carla, "102")
    assert first.state == second.state == "early", world.network.ladder()
    assert len(desk.all(events.InviteReceived)) == len(mobile.all(events.InviteReceived)) == 2
    third = dialled(world, carla, "102")
    assert carla.last(events.Refused).status == 486
    assert third.state == "ended"
    first.cancel(world.network.now)
    world.run()
    assert dialled(world, anna, "102").state == "early"  # there is room again
    world.run(70)
    world.assert_nothing_left()


def test_a_phone_at_its_limit_cannot_make_a_further_call_but_reaches_the_emergency_number() -> None:
    world = limited(1)
    bert, _anna, _provider = world.phone("bert", "192.0.2.2"), world.phone("anna", "192.0.2.1"), world.provider()
    first = dialled(world, bert, "101")
    second = dialled(world, bert, "101")
    told = bert.last(events.Refused)
    assert (second.state, told.status, told.reason) == ("ended", 480, "This phone has too many calls")
    assert told.response.get("Retry-After") is None
    emergency = dialled(world, bert, "112")
    assert emergency.state == "confirmed", world.network.ladder()
    end(world, first, emergency)


def test_calls_made_and_calls_taken_count_together() -> None:
    world = limited(2)
    anna, bert, carla = (world.phone(name, f"192.0.2.{n}") for n, name in enumerate(("anna", "bert", "carla"), 1))
    made, taken = dialled(world, bert, "101"), dialled(world, carla, "102")
    assert made.state == taken.state == "confirmed"
    dialled(world, anna, "102")
    assert anna.last(events.Refused).status == 486
    dialled(world, bert, "103")
    assert bert.last(events.Refused).status == 480
    end(world, made, taken)


def test_the_limit_counts_calls_of_before_a_crash() -> None:
    world = limited(1)
    anna, bert = world.phone("anna", "192.0.2.1"), world.phone("bert", "192.0.2.2")
    session = dialled(world, anna, "102")
    world.crash()
    dialled(world, anna, "102")
    assert anna.last(events.Refused).status == 486
    dialled(world, bert, "101")
    assert bert.last(events.Refused).status == 480
    end(world, session)
