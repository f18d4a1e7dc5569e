"""A telephone outside that is somebody's own for the time being, on live calls (REACH-9, V 9.5)."""

from __future__ import annotations

from typing import Any

import msgspec
from ringing_world import calls_anna, lift, press, rung
from test_lamps import replaced
from test_listening_and_conferences import settle
from test_outside_lines import call_in
from test_parking_and_pickup import with_codes
from test_transfers import refer
from world import DeskPhone, World

from kiestoon.app.call_orders import CallOrders
from kiestoon.calls.originate import originate
from kiestoon.calls.party import Party
from kiestoon.calls.service_data import Dialling
from kiestoon.company.model import CompanyRows, Destination, Forward, RemoteOffice
from kiestoon.sip import events

HOTEL = "+31201112222"
ANNA = Party("device", "101", "User 1", user_id=1)


def office(*, confirm: bool = False, **rows: Any) -> CompanyRows:
    """Anna works at another telephone."""
    row = RemoteOffice(id=1, company_id=1, user_id=1, number=HOTEL, confirm=confirm)
    found = with_codes(remote_offices=(row,), **rows)
    return msgspec.structs.replace(
        found, trunks=tuple(msgspec.structs.replace(trunk, trusted=True) for trunk in found.trunks)
    )


def at_the_hotel(*, confirm: bool = False, **rows: Any) -> tuple[World, DeskPhone, DeskPhone]:
    world = World(rows=office(confirm=confirm, **rows))
    anna, provider = world.phone("anna", "192.0.2.1"), world.provider()
    provider.mode = "ring"
    return world, anna, provider


def was_rung(phone: DeskPhone) -> bool:
    return any(isinstance(event, events.InviteReceived) for event in phone.events)


def asks_to_dial(world: World, number: str) -> None:
    """Anna clicks on a number."""
    originate(world.exchange, 1, ANNA, number, Dialling(ANNA, number), world.network.now)
    settle(world)


def test_a_call_rings_there_and_the_caller_is_shown_the_person() -> None:
    world, anna, provider = at_the_hotel()
    bert, session = calls_anna(world)
    assert not was_rung(anna)
    assert rung(provider, HOTEL).state == "early"
    mobile = lift(provider, HOTEL)
    assert bert.hears(session) == {provider.sends_to(mobile)}
    accepted = bert.last(events.Accepted)
    assert "sip:101@" in (accepted.response.get("P-Asserted-Identity") or ""), world.network.ladder()
    session.bye(world.network.now)
    world.assert_nothing_left()
    leg = next(leg for leg in world.records[-1].legs if leg.party == HOTEL)
    assert (leg.user_id, leg.display, leg.outcome) == (1, "User 1", "answered")


def test_an_outside_caller_is_not_shown_the_private_number() -> None:
    world, _, provider = at_the_hotel()
    caller, session = call_in(world, "+31201234561")
    world.run()
    lift(provider, HOTEL)
    answer = caller.last(events.Accepted).response
    assert HOTEL not in (answer.get("P-Asserted-Identity") or ""), world.network.ladder()
    session.bye(world.network.now)
    world.assert_nothing_left()


def test_nobody_answers_there_and_the_persons_own_forwarding_follows() -> None:
    forward = Forward(
        id=1, company_id=1, extension="101", case="no_answer", to=Destination("extension", "103"), rings=2
    )
    world, _, provider = at_the_hotel(forwards=(forward,))
    carla = world.phone("carla", "192.0.2.3")
    bert, session = calls_anna(world)
    world.run(11)
    assert rung(provider, HOTEL).state == "ended"
    assert bert.hears(session) == {carla.sends_to(rung(carla))}
    session.bye(world.network.now)
    world.assert_nothing_left()


def test_calling_back_rings_there_first_and_then_calls_with_the_persons_number() -> None:
    world, anna, provider = at_the_hotel()
    asks_to_dial(world, "00301112233")
    assert not was_rung(anna)
    assert provider.last(events.InviteReceived).request.from_.uri.user == "+31201234560"
    mobile = lift(provider, HOTEL)
    world.run()
    called = provider.last(events.InviteReceived).request
    assert called.target.user == "+31301112233", world.network.ladder()
    assert called.from_.uri.user == "+31201234560"
    other = lift(provider, "+31301112233")
    assert provider.hears(mobile) == {provider.sends_to(other)}
    mobile.bye(world.network.now)
    world.assert_nothing_left()


def test_a_call_for_oneself_may_begin_at_the_mobile() -> None:
    """U 5.4.9. Who has none is told so, and no phone rings."""
    world = World(rows=replaced(with_codes(), 1, mobile_number=HOTEL))
    anna, bert, provider = world.phone("anna", "192.0.2.1"), world.phone("bert", "192.0.2.2"), world.provider()
    provider.mode = "ring"
    orders = CallOrders(world.engine, lambda: world.network.now, lambda: world.network.drain(world.node))
    assert orders.dial(1, 2, "101", mobile=True) == {"failed": {"status": 480, "text": "The mobile cannot be called"}}
    assert "call" in orders.dial(1, 1, "102", mobile=True)
    world.run()
    mobile = lift(provider, HOTEL)
    world.run(2)
    assert not was_rung(bert)  # a voicemail may have answered
    press(provider, mobile, "1")
    world.run()
    assert bert.last(events.InviteReceived).request.from_.uri.user == "101", world.network.ladder()
    assert provider.hears(mobile) == {bert.sends_to(rung(bert))}
    assert not was_rung(anna)
    mobile.bye(world.network.now)
    world.assert_nothing_left()


def test_a_colleague_who_is_called_from_there_sees_the_person() -> None:
    world, _, provider = at_the_hotel()
    bert = world.phone("bert", "192.0.2.2")
    asks_to_dial(world, "102")
    mobile = lift(provider, HOTEL)
    world.run()
    invite = bert.last(events.InviteReceived).request
    assert (invite.from_.uri.user, invite.from_.display) == ("101", "User 1"), world.network.ladder()
    assert provider.hears(mobile) == {bert.sends_to(rung(bert))}
    mobile.bye(world.network.now)
    world.assert_nothing_left()


def test_with_confirmation_no_voicemail_there_is_connected_to_anybody() -> None:
    world, _, provider = at_the_hotel(confirm=True)
    bert = world.phone("bert", "192.0.2.2")
    asks_to_dial(world, "102")
    mobile = lift(provider, HOTEL)
    assert provider.hears(mobile) == {"file:/prompts/nl/confirm-dialling.ogg"}
    assert not was_rung(bert)
    press(provider, mobile, "1")
    world.run()
    assert provider.hears(mobile) == {bert.sends_to(rung(bert))}, world.network.ladder()
    mobile.bye(world.network.now)
    world.assert_nothing_left()
    asks_to_dial(world, "102")
    machine = lift(provider, HOTEL)
    for _ in range(2):
        world.finish_prompts()
        world.run(6)
    assert machine.state == "ended"
    world.assert_nothing_left()


def test_a_call_the_person_transferred_comes_back_there() -> None:
    world, anna, provider = at_the_hotel()
    bert, carla = world.phone("bert", "192.0.2.2"), world.phone("carla", "192.0.2.3")
    carla.mode = "ring"
    session = anna.dial("102")
    world.run()
    refer(world, anna, session, "103")
    world.run(20)
    back = lift(provider, HOTEL)
    assert bert.hears(rung(bert)) == {provider.sends_to(back)}, world.network.ladder()
    rung(bert).bye(world.network.now)
    world.assert_nothing_left()
