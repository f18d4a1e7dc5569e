"""Group calls (CALL-14, V 22): everybody rings at once, all who answer speak with each other."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from test_basic_calls import in_call
from test_keys_in_calls import press
from test_listening_and_conferences import leg_of, settle
from test_outside_lines import call_in
from test_parking_and_pickup import with_codes
from world import World

from kiestoon.calls.operations import transfer
from kiestoon.company.model import Destination, Forward, GroupCall, GroupCallMember, Number
from kiestoon.sip import events

GROUP = "300"
PROVIDER_NUMBER = "00205550102"


def group_world(*members: dict[str, Any], **values: Any) -> World:
    """Group 300 with these members; without any: Bert and Carla."""
    rows = [
        GroupCallMember(id=n, company_id=1, **{"group_call_id": 1, **member})
        for n, member in enumerate(members or ({"extension": "102"}, {"extension": "103"}), 1)
    ]
    more = values.pop("rows", {})
    sample = with_codes(
        group_calls=(
            GroupCall(id=1, company_id=1, extension=GROUP, name="Alarm", **values),
            GroupCall(id=2, company_id=1, extension="301", name="Inner"),
        ),
        group_call_members=tuple(rows),
        **more,
    )
    number = Number(id=8, company_id=1, e164="+31201234568", extension=GROUP)
    return World(rows=msgspec.structs.replace(sample, numbers=(*sample.numbers, number)))


def phones(world: World) -> tuple[Any, Any, Any]:
    anna, bert, carla = (world.phone(name, f"192.0.2.{n}") for n, name in enumerate(("anna", "bert", "carla"), 1))
    return anna, bert, carla


def incoming(phone: Any) -> Any:
    return phone.last(events.InviteReceived).session


def rung(phone: Any) -> bool:
    return bool(phone.all(events.InviteReceived))


def end(world: World, *sessions: Any) -> None:
    for session in sessions:
        session.bye(world.network.now)
        world.run(0.2)
    world.assert_nothing_left()


def test_all_who_answer_speak_with_each_other() -> None:
    world = group_world()
    anna, bert, carla = phones(world)
    session = anna.dial(GROUP)
    world.run()
    second, third = incoming(bert), incoming(carla)
    assert anna.hears(session) == {bert.sends_to(second), carla.sends_to(third)}, world.network.ladder()
    assert carla.hears(third) == {anna.sends_to(session), bert.sends_to(second)}
    session.bye(world.network.now)
    world.run()
    assert bert.hears(second) == {carla.sends_to(third)}
    end(world, second)
    assert third.state == "ended"


def test_members_see_that_it_is_a_group_call_and_the_caller_hears_ringing_meanwhile() -> None:
    world = group_world()
    anna, bert, carla = phones(world)
    bert.mode = carla.mode = "ring"
    session = anna.dial(GROUP)
    world.run()
    assert anna.last(events.Progressed).status == 180
    address = bert.last(events.InviteReceived).request.from_
    assert (address.display, address.uri.user) == ("Alarm - User 1", "101")
    carla.answer_waiting()
    world.run()
    assert anna.hears(session) == {carla.sends_to(incoming(carla))}
    assert incoming(bert).state != "ended"
    bert.answer_waiting()
    world.run()
    assert bert.hears(incoming(bert)) == {anna.sends_to(session), carla.sends_to(incoming(carla))}
    end(world, session, incoming(bert))


def test_whoever_calls_is_not_rung_himself_and_nobody_twice() -> None:
    world = group_world(
        {"extension": "101"}, {"extension": "102"}, {"extension": "301"},
        {"group_call_id": 2, "extension": "102", "code": "*80"},
        {"group_call_id": 2, "extension": "300"},
    )  # fmt: skip
    anna, bert, _ = phones(world)
    session = anna.dial(GROUP)
    world.run()
    assert not rung(anna)
    assert len(bert.all(events.InviteReceived)) == 1
    end(world, session)


def test_groups_in_groups_and_numbers_outside_ring_at_once() -> None:
    world = group_world(
        {"extension": "102"}, {"extension": "301"},
        {"group_call_id": 2, "extension": "103"}, {"group_call_id": 2, "number": PROVIDER_NUMBER},
        confirm=False,
    )  # fmt: skip
    anna, bert, carla = phones(world)
    provider = world.provider()
    session = anna.dial(GROUP)
    world.run()
    others = {bert.sends_to(incoming(bert)), carla.sends_to(incoming(carla)), provider.sends_to(incoming(provider))}
    assert anna.hears(session) == others, world.network.ladder()
    end(world, session, incoming(bert), incoming(carla))


def test_nobody_rings_longer_than_the_group_says() -> None:
    world = group_world(ring_s=10)
    anna, bert, carla = phones(world)
    bert.mode = carla.mode = "ring"
    anna.dial(GROUP)
    world.run(9)
    assert incoming(bert).state != "ended"
    world.run(3)
    assert anna.last(events.Refused).status == 480
    assert incoming(bert).state == incoming(carla).state == "ended"
    world.assert_nothing_left()
    assert {record.outcome for record in world.records} == {"no_answer"}


@pytest.mark.parametrize("mode", ["busy", "decline", "ring"])
def test_who_does_not_answer_leaves_the_others_alone(mode: str) -> None:
    world = group_world()
    anna, bert, carla = phones(world)
    bert.mode = mode
    session = anna.dial(GROUP)
    world.run(40)
    assert anna.hears(session) == {carla.sends_to(incoming(carla))}
    end(world, session)


def test_the_caller_hangs_up_before_anybody_answers_and_all_phones_stop() -> None:
    world = group_world()
    anna, bert, carla = phones(world)
    bert.mode = carla.mode = "ring"
    session = anna.dial(GROUP)
    world.run()
    session.cancel(world.network.now)
    world.run()
    assert incoming(bert).state == incoming(carla).state == "ended"
    world.assert_nothing_left()


def test_when_the_conversation_is_over_nobody_rings_any_more() -> None:
    world = group_world()
    anna, bert, carla = phones(world)
    carla.mode = "ring"
    session = anna.dial(GROUP)
    world.run()
    session.bye(world.network.now)
    world.run()
    assert incoming(bert).state == incoming(carla).state == "ended"
    world.assert_nothing_left()


def test_a_code_before_a_member_keeps_the_call_from_being_forwarded() -> None:
    away = (Forward(id=1, company_id=1, extension="102", case="always", to=Destination("extension", "103")),)
    for code, where in (("", "carla"), ("*80", "bert")):
        world = group_world({"extension": "102", "code": code}, rows={"forwards": away})
        phones(world)
        session = world.phones["anna"].dial(GROUP)
        world.run()
        assert rung(world.phones["carla"]) == (where == "carla")
        if code:
            assert session.state == "ended"
        else:
            session.bye(world.network.now)
        world.assert_nothing_left()


def test_no_voicemail_and_no_menu_takes_part() -> None:
    away = (Forward(id=1, company_id=1, extension="102", case="no_answer", to=Destination("voicemail")),)
    world = group_world({"extension": "102"}, {"number": "200"}, rows={"forwards": away})
    anna, bert, _ = phones(world)
    bert.mode = "ring"
    anna.dial(GROUP)
    world.run(35)
    assert anna.last(events.Refused).status == 480
    world.assert_nothing_left()


def test_members_outside_press_1_first() -> None:
    world = group_world({"number": PROVIDER_NUMBER})
    anna, _, _ = phones(world)
    provider = world.provider()
    session = anna.dial(GROUP)
    world.run()
    other = incoming(provider)
    assert provider.hears(other) == {"file:/prompts/nl/confirm-call.ogg"}
    assert session.state != "confirmed"
    press(world, provider, other, "1", wait_s=0.3)
    assert anna.hears(session) == {provider.sends_to(other)}, world.network.ladder()
    end(world, session)


def test_a_voicemail_outside_that_presses_nothing_does_not_take_part() -> None:
    world = group_world({"number": PROVIDER_NUMBER})
    anna, _, _ = phones(world)
    provider = world.provider()
    anna.dial(GROUP)
    world.run()
    for _ in range(2):
        world.finish_prompts()
        world.run(5.5)
    assert incoming(provider).state == "ended"
    assert anna.last(events.Refused).status == 480
    world.assert_nothing_left()


def test_a_caller_from_outside_reaches_members_outside_by_the_owners_rights() -> None:
    for owner, reached in ((2, True), (None, False)):
        world = group_world({"number": PROVIDER_NUMBER}, user_id=owner)
        phones(world)
        provider, session = call_in(world, "+31201234568")
        world.run()
        assert rung(provider) == reached
        if reached:
            assert provider.last(events.InviteReceived).request.from_.uri.user == "+31201234560"
            session.bye(world.network.now)
        world.assert_nothing_left()


def test_no_group_calls_for_help() -> None:
    world = group_world({"number": "112"})
    anna, _, _ = phones(world)
    provider = world.provider()
    anna.dial(GROUP)
    world.run(2)
    assert not rung(provider)
    world.assert_nothing_left()


def test_when_nobody_answers_the_groups_forwarding_counts() -> None:
    away = (Forward(id=1, company_id=1, extension=GROUP, case="no_answer", to=Destination("extension", "103")),)
    world = group_world({"extension": "102"}, rows={"forwards": away}, ring_s=5)
    anna, bert, carla = phones(world)
    bert.mode = "ring"
    session = anna.dial(GROUP)
    world.run(7)
    assert anna.hears(session) == {carla.sends_to(incoming(carla))}, world.network.ladder()
    end(world, session)


def test_an_empty_group_cannot_be_reached() -> None:
    world = group_world({"extension": "101"})
    anna, _, _ = phones(world)
    anna.dial(GROUP)
    world.run()
    assert anna.last(events.Refused).status == 480
    world.assert_nothing_left()


def test_a_caller_who_is_transferred_there_hears_ringing_and_then_everybody() -> None:
    world = group_world({"extension": "103"})
    _, anna, bert, session, other = in_call(world)
    carla = world.phone("carla", "192.0.2.3")
    carla.mode = "ring"
    call, leg = leg_of(world, "102")
    assert transfer.blind(world.exchange, call, leg, GROUP, world.network.now) is None
    settle(world)
    assert other.state == "ended"
    assert anna.hears(session) == {"tone:ringback"}, world.network.ladder()
    carla.answer_waiting()
    world.run()
    assert anna.hears(session) == {carla.sends_to(incoming(carla))}
    end(world, session)


def test_after_kill_9_the_conversation_goes_on_and_nobody_rings_on() -> None:
    world = group_world({"extension": "102"}, {"extension": "103"}, {"number": PROVIDER_NUMBER})
    anna, bert, carla = phones(world)
    provider = world.provider()
    provider.mode = "ring"
    session = anna.dial(GROUP)
    world.run()
    assert world.crash() == 1
    world.run(2)
    assert incoming(provider).state == "ended"
    assert anna.hears(session) == {bert.sends_to(incoming(bert)), carla.sends_to(incoming(carla))}
    end(world, session, incoming(bert))
