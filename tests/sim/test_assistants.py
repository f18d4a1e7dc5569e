"""A manager's calls at the assistants: who rings, who is told, who may take it (REACH-16, E 6.2)."""

from __future__ import annotations

from typing import Any

from ringing_world import calls_anna, lift, press, rung
from test_outside_lines import call_in
from test_parking_and_pickup import with_codes
from test_remote_office import HOTEL, was_rung
from test_transfers import asked, refer
from world import DeskPhone, World

from kiestoon.app.call_orders import CallOrders
from kiestoon.app.event_view import EventView
from kiestoon.company.model import AssistantGroup, PrivacyGroup, PrivacyMember, RemoteOffice
from kiestoon.sip import events

MANAGER, ASSISTANT = 1, 3


def managed(**rows: Any) -> World:
    """Carla (103) takes the calls of Anna (101)."""
    return World(
        rows=with_codes(
            privacy_groups=(PrivacyGroup(id=1, company_id=1, name="secretaries"),),
            privacy_members=(PrivacyMember(id=1, company_id=1, group_id=1, extension="103"),),
            assistant_groups=(AssistantGroup(id=1, company_id=1, user_id=MANAGER, group_id=1),),
            **rows,
        )
    )


def offered() -> tuple[World, DeskPhone, DeskPhone, DeskPhone, Any]:
    """Bert calls Anna, and it rings at Carla's."""
    world = managed()
    anna, carla = world.phone("anna", "192.0.2.1"), world.phone("carla", "192.0.2.3")
    carla.mode = "ring"
    bert, session = calls_anna(world)
    return world, anna, bert, carla, session


def orders(world: World) -> CallOrders:
    return CallOrders(world.engine, lambda: world.network.now, lambda: world.network.drain(world.node))


def test_the_assistant_sees_whose_call_it_is_and_takes_it() -> None:
    world, anna, bert, carla, session = offered()
    assert not any(isinstance(event, events.InviteReceived) for event in anna.events)
    assert carla.last(events.InviteReceived).request.from_.display == "User 1 - User 2"
    winner = lift(carla)
    assert bert.hears(session) == {carla.sends_to(winner)}
    session.bye(world.network.now)
    world.assert_nothing_left()


def test_the_manager_takes_it_by_code_and_the_assistant_stops_ringing() -> None:
    world, anna, bert, carla, session = offered()
    taken = anna.dial("*8")
    world.run()
    assert bert.hears(session) == {anna.sends_to(taken)}, world.network.ladder()
    assert rung(carla).state == "ended"
    session.bye(world.network.now)
    world.assert_nothing_left()


def test_nobody_else_may_take_it() -> None:
    world = managed()
    for name, host in (("anna", "192.0.2.1"), ("bert", "192.0.2.2"), ("carla", "192.0.2.3")):
        world.phone(name, host)
    world.phones["carla"].mode = "ring"
    _, session = call_in(world, "+31201234561")
    world.run()
    thief = world.phones["bert"].dial("*8101")
    world.run()
    assert session.state == "early"
    thief.bye(world.network.now)
    session.cancel(world.network.now)
    world.assert_nothing_left()


def test_the_manager_sees_it_on_the_screen_and_takes_it_there_until_it_is_answered() -> None:
    world, anna, bert, carla, session = offered()
    assert [call["dialled"] for call in orders(world).live(1, MANAGER)] == ["101"]
    call_id = orders(world).live(1, MANAGER)[0]["id"]
    assert orders(world).operate(1, call_id, "take", user_id=MANAGER) == {}
    world.run()
    taken = rung(anna)
    assert bert.hears(session) == {anna.sends_to(taken)}, world.network.ladder()
    session.bye(world.network.now)
    world.assert_nothing_left()


def test_once_an_assistant_has_it_the_manager_neither_sees_nor_takes_it() -> None:
    world, _, _, carla, session = offered()
    call_id = orders(world).live(1, MANAGER)[0]["id"]
    lift(carla)
    assert orders(world).live(1, MANAGER) == []
    assert "failed" in orders(world).operate(1, call_id, "take", user_id=MANAGER)
    session.bye(world.network.now)
    world.assert_nothing_left()


def test_the_manager_is_told_of_every_step_of_the_call() -> None:
    world = managed()
    view = EventView(world.exchange)
    world.exchange.followed = True
    carla = world.phone("carla", "192.0.2.3")
    carla.mode = "ring"
    _, session = calls_anna(world)
    told = told_to_manager(world, view)
    assert [draft.data.of for draft in told if draft.type == "call.assistants.rung"] == ["101"]
    lift(carla)
    session.bye(world.network.now)
    world.run()
    answered = {draft.type for draft in told_to_manager(world, view)}
    assert {"call.leg.answered", "call.bridge.joined", "call.closed"} <= answered
    world.assert_nothing_left()


def told_to_manager(world: World, view: EventView) -> list[Any]:
    """What has happened since the last time, as far as the manager is told."""
    heard, world.engine.heard[:] = [*world.engine.heard], []
    return [draft for event in heard for draft in view.call_event(event) if MANAGER in draft.users]


def test_an_assistant_who_transfers_to_the_manager_reaches_her() -> None:
    world, anna, bert, carla, session = offered()
    winner = lift(carla)
    second = asked(world, carla, winner, "101")
    assert rung(anna).state == "confirmed", world.network.ladder()
    refer(world, carla, winner, "101", replaces=second)
    assert bert.hears(session) == {anna.sends_to(rung(anna))}
    session.bye(world.network.now)
    world.assert_nothing_left()


def test_without_an_assistant_who_is_there_the_managers_phone_rings() -> None:
    world = managed()
    anna = world.phone("anna", "192.0.2.1")
    bert, session = calls_anna(world)
    assert bert.hears(session) == {anna.sends_to(rung(anna))}
    session.bye(world.network.now)
    world.assert_nothing_left()


# --- an assistant who works elsewhere --------------------------------------------------------------------------------


def offered_elsewhere(*, confirm: bool) -> tuple[World, DeskPhone, DeskPhone, DeskPhone, Any]:
    """Bert calls Anna, whose assistant Carla is at a hotel."""
    row = RemoteOffice(id=1, company_id=1, user_id=ASSISTANT, number=HOTEL, confirm=confirm)
    world = managed(remote_offices=(row,))
    anna, carla, provider = world.phone("anna", "192.0.2.1"), world.phone("carla", "192.0.2.3"), world.provider()
    carla.mode = provider.mode = "ring"
    bert, session = calls_anna(world)
    assert not was_rung(carla)
    assert not was_rung(anna)
    return world, anna, bert, provider, session


def test_an_assistant_is_called_where_she_works_and_takes_the_call_there() -> None:
    world, _, bert, provider, session = offered_elsewhere(confirm=False)
    taken = lift(provider, HOTEL)
    assert bert.hears(session) == {provider.sends_to(taken)}, world.network.ladder()
    session.bye(world.network.now)
    world.assert_nothing_left()


def test_where_it_is_set_she_hears_whose_call_it_is_and_presses_1() -> None:
    world, _, bert, provider, session = offered_elsewhere(confirm=True)
    taken = lift(provider, HOTEL)
    assert provider.hears(taken) == {"file:/prompts/nl/confirm-call-for.ogg"}
    assert "User 1" in world.engine.speech.said[-1]
    assert session.state == "early"
    press(provider, taken, "1")
    assert bert.hears(session) == {provider.sends_to(taken)}, world.network.ladder()
    session.bye(world.network.now)
    world.assert_nothing_left()


def test_the_manager_takes_the_call_from_there_by_code() -> None:
    world, anna, bert, provider, session = offered_elsewhere(confirm=True)
    taken = anna.dial("*8")
    world.run()
    assert bert.hears(session) == {anna.sends_to(taken)}, world.network.ladder()
    assert rung(provider, HOTEL).state == "ended"
    session.bye(world.network.now)
    world.assert_nothing_left()


def test_the_manager_takes_the_call_from_there_on_the_screen() -> None:
    world, anna, bert, _, session = offered_elsewhere(confirm=False)
    call_id = orders(world).live(1, MANAGER)[0]["id"]
    assert orders(world).operate(1, call_id, "take", user_id=MANAGER) == {}
    world.run()
    assert bert.hears(session) == {anna.sends_to(rung(anna))}, world.network.ladder()
    session.bye(world.network.now)
    world.assert_nothing_left()
