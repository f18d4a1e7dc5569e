"""Listening in, breaking in, conferences, and calls the exchange makes for somebody (CALL-13, CALL-17, CALL-24)."""

from __future__ import annotations

from typing import Any

import pytest
from test_basic_calls import in_call
from test_keys_in_calls import press
from test_parking_and_pickup import with_a_mobile, with_codes
from world import World

from kiestoon.calls.call import Call
from kiestoon.calls.leg import Leg
from kiestoon.calls.operations import conference, deflect, hold, transfer
from kiestoon.calls.originate import originate
from kiestoon.calls.party import Party
from kiestoon.calls.service_data import Dialling, Fetching
from kiestoon.company.model import PrivacyGrant, PrivacyGroup, PrivacyMember
from kiestoon.sip import events

SUPERVISED = {
    "privacy_groups": (PrivacyGroup(id=1, company_id=1, name="supervisors"),),
    "privacy_members": (PrivacyMember(id=1, company_id=1, group_id=1, extension="103"),),
    "privacy_grants": (PrivacyGrant(id=1, company_id=1, group_id=1, extension="102", listen=True),),
}
BERT = Party("device", "102", "User 2", user_id=2)


def leg_of(world: World, number: str, state: str = "answered") -> tuple[Call, Leg]:
    """A live leg of somebody, with its call."""
    return next(
        (call, leg)
        for call in world.exchange.calls.values()
        for leg in call.live_legs()
        if leg.party.number == number and leg.state == state
    )


def settle(world: World, seconds: float = 2.0) -> None:
    world.engine.operate(lambda x, now: None, world.network.now)
    world.network.drain(world.node)
    world.run(seconds)


def end(world: World, *sessions: Any) -> None:
    for session in sessions:
        session.bye(world.network.now)
    world.assert_nothing_left()


def listening() -> tuple[World, Any, Any, Any, Any, Any, Any]:
    """Carla listens in on Bert, who speaks with Anna."""
    world, anna, bert, session, other = in_call(World(rows=with_codes(**SUPERVISED)))
    carla = world.phone("carla", "192.0.2.3")
    third = carla.dial("906")
    world.run()
    press(world, carla, third, "102", wait_s=1.0)
    return world, anna, bert, carla, session, other, third


def test_a_supervisor_hears_both_and_nobody_hears_the_supervisor() -> None:
    world, anna, bert, carla, session, other, third = listening()
    assert carla.hears(third) == {anna.sends_to(session), bert.sends_to(other)}, world.network.ladder()
    assert anna.hears(session) == {bert.sends_to(other)}
    assert bert.hears(other) == {"file:/prompts/nl/listen-announce-unnamed.ogg"}
    world.media.finish_files()
    settle(world)
    assert bert.hears(other) == {anna.sends_to(session)}
    end(world, session)
    assert third.state == "ended"


def test_a_colleague_is_listened_in_on_at_his_mobile_too() -> None:
    world = World(rows=with_a_mobile(**SUPERVISED))
    anna, carla, mobile = world.phone("anna", "192.0.2.1"), world.phone("carla", "192.0.2.3"), world.provider()
    session = anna.dial("102")
    world.run()
    other = mobile.last(events.InviteReceived).session
    third = carla.dial("906102")
    world.run()
    assert carla.hears(third) == {anna.sends_to(session), mobile.sends_to(other)}, world.network.ladder()
    end(world, session)


def test_key_2_speaks_with_the_agent_only() -> None:
    world, anna, bert, carla, session, other, third = listening()
    world.media.finish_files()
    press(world, carla, third, "2", wait_s=0.5)
    assert bert.hears(other) == {anna.sends_to(session), carla.sends_to(third)}
    assert anna.hears(session) == {bert.sends_to(other)}
    press(world, carla, third, "1", wait_s=0.5)
    assert bert.hears(other) == {anna.sends_to(session)}
    end(world, third, session)


def test_who_may_not_listen_is_told_so() -> None:
    world, anna, bert, session, other = in_call(World(rows=with_codes()))
    carla = world.phone("carla", "192.0.2.3")
    third = carla.dial("906102")
    world.run()
    assert carla.hears(third) == {"file:/prompts/nl/not-permitted.ogg"}
    end(world, third, session)


def test_a_supervisor_waits_for_the_next_call_of_an_idle_agent() -> None:
    world = World(rows=with_codes(**SUPERVISED))
    anna, bert = world.phone("anna", "192.0.2.1"), world.phone("bert", "192.0.2.2")
    carla = world.phone("carla", "192.0.2.3")
    third = carla.dial("906102")
    world.run()
    world.media.finish_files()
    settle(world, 5)
    session = anna.dial("102")
    world.run(3)
    other = bert.last(events.InviteReceived).session
    assert carla.hears(third) == {anna.sends_to(session), bert.sends_to(other)}, world.network.ladder()
    end(world, third, session)


def test_when_the_agent_transfers_the_supervisor_hears_no_more() -> None:
    world, anna, bert, carla, session, other, third = listening()
    call, leg = leg_of(world, "102")
    assert transfer.blind(world.exchange, call, leg, "00205550102", world.network.now) is None
    settle(world)
    assert third.state == "ended"
    end(world, session)


def test_merged_calls_are_a_conference() -> None:
    world, anna, bert, session, other = in_call()
    carla = world.phone("carla", "192.0.2.3")
    second = bert.dial("103")
    world.run()
    (first, kept), (other_call, spare) = sorted(
        ((call, leg) for call in world.exchange.calls.values() for leg in call.live_legs() if leg.device_id == 2),
        key=lambda pair: pair[1].opened_ms,
    )
    assert conference.merge(world.exchange, first, kept, other_call, spare, world.network.now) is None
    settle(world)
    third = carla.last(events.InviteReceived).session
    assert anna.hears(session) == {bert.sends_to(other), carla.sends_to(third)}, world.network.ladder()
    assert second.state == "ended"
    call, member = leg_of(world, "103")
    assert conference.mute(world.exchange, call, member, world.network.now, muted=True) is None
    assert anna.hears(session) == {bert.sends_to(other)}
    assert conference.remove(world.exchange, call, member, world.network.now) is None
    settle(world)
    assert carla.hears(third) == {"file:/prompts/nl/conference-removed.ogg"}
    world.finish_prompts()
    world.run(0.1)
    assert third.state == "ended"
    assert anna.hears(session) == {bert.sends_to(other)}
    end(world, session)


def test_whoever_was_muted_is_heard_again_when_two_are_left() -> None:
    world, anna, bert, session, other = in_call(World(rows=with_codes(**SUPERVISED)))
    carla = world.phone("carla", "192.0.2.3")
    call, leg = leg_of(world, "101")
    assert conference.add(world.exchange, call, leg, "103", world.network.now) is None
    settle(world)
    assert conference.mute(world.exchange, call, leg, world.network.now, muted=True) is None
    carla.last(events.InviteReceived).session.bye(world.network.now)
    world.run()
    assert bert.hears(other) == {anna.sends_to(session)}
    assert not leg.muted
    supervisor = carla.dial("906")
    world.run()
    press(world, carla, supervisor, "102", wait_s=1.0)
    world.media.finish_files()
    settle(world)
    assert bert.hears(other) == {anna.sends_to(session)}, "being listened in on changes nothing"
    assert carla.hears(supervisor) == {anna.sends_to(session), bert.sends_to(other)}
    end(world, session)


def test_somebody_is_added_to_a_conversation() -> None:
    world, anna, bert, session, other = in_call()
    carla = world.phone("carla", "192.0.2.3")
    call, leg = leg_of(world, "102")
    assert conference.add(world.exchange, call, leg, "103", world.network.now) is None
    settle(world)
    third = carla.last(events.InviteReceived).session
    assert carla.hears(third) == {anna.sends_to(session), bert.sends_to(other)}, world.network.ladder()
    end(world, session, other, third)


def test_who_is_called_into_a_conversation_rings_as_long_as_there_is_one() -> None:
    world, _, _, session, _ = in_call()
    carla = world.phone("carla", "192.0.2.3")
    carla.mode = "ring"
    call, leg = leg_of(world, "102")
    conference.add(world.exchange, call, leg, "103", world.network.now)
    settle(world)
    session.bye(world.network.now)
    world.run()
    assert carla.last(events.Cancelled), world.network.ladder()
    world.assert_nothing_left()


def test_hold_from_the_screen_gives_music_until_it_is_taken_back() -> None:
    world, anna, bert, session, other = in_call()
    call, leg = leg_of(world, "102")
    assert hold.hold(world.exchange, call, leg, world.network.now) is None
    assert anna.hears(session) == {"music"}
    assert bert.hears(other) == set()
    assert world.crash() == 1
    call, leg = leg_of(world, "102")
    assert hold.retrieve(world.exchange, call, leg, world.network.now) is None
    assert anna.hears(session) == {bert.sends_to(other)}
    assert bert.hears(other) == {anna.sends_to(session)}
    end(world, session)


def test_click_to_dial_rings_ones_own_phone_and_then_calls() -> None:
    world = World()
    bert, carla = world.phone("bert", "192.0.2.2"), world.phone("carla", "192.0.2.3")
    originate(world.exchange, 1, BERT, "103", Dialling(BERT, "103"), world.network.now)
    settle(world)
    own, third = bert.last(events.InviteReceived), carla.last(events.InviteReceived)
    assert own.request.get("Call-Info") == "<sip:127.0.0.1>;answer-after=0"
    assert third.request.from_.display == "User 2"
    assert bert.hears(own.session) == {carla.sends_to(third.session)}, world.network.ladder()
    end(world, own.session)
    assert (world.records[0].caller_number, world.records[0].dialled) == ("102", "103")


@pytest.mark.parametrize("mode", ["ring", "busy", "decline"])
def test_click_to_dial_with_nobody_at_the_own_phone_ends_with_a_record(mode: str) -> None:
    world = World()
    bert, carla = world.phone("bert", "192.0.2.2"), world.phone("carla", "192.0.2.3")
    bert.mode = mode
    originate(world.exchange, 1, BERT, "103", Dialling(BERT, "103"), world.network.now)
    settle(world, 70)
    assert not carla.all(events.InviteReceived)
    world.assert_nothing_left()
    assert len(world.records) == 1
    assert world.records[0].outcome != "answered"


def test_a_ringing_call_is_fetched_to_ones_own_phone() -> None:
    world = World()
    anna, bert = world.phone("anna", "192.0.2.1"), world.phone("bert", "192.0.2.2")
    carla = world.phone("carla", "192.0.2.3")
    carla.mode = "ring"
    session = anna.dial("103")
    world.run()
    call, leg = leg_of(world, "103", "early")
    originate(world.exchange, 1, BERT, "103", Fetching(BERT, call.id, leg.id), world.network.now)
    settle(world)
    own = bert.last(events.InviteReceived).session
    assert anna.hears(session) == {bert.sends_to(own)}, world.network.ladder()
    end(world, session)


def test_a_ringing_call_is_deflected() -> None:
    world = World()
    anna, bert, carla = (world.phone(name, f"192.0.2.{n}") for n, name in enumerate(("anna", "bert", "carla"), 1))
    bert.mode = "ring"
    session = anna.dial("102")
    world.run()
    call, leg = leg_of(world, "102", "early")
    assert deflect.deflect(world.exchange, call, leg, "999", world.network.now) is not None
    assert leg.state == "early"
    assert deflect.deflect(world.exchange, call, leg, "103", world.network.now) is None
    settle(world)
    third = carla.last(events.InviteReceived).session
    assert anna.hears(session) == {carla.sends_to(third)}, world.network.ladder()
    end(world, session)


def test_a_ringing_call_is_rejected() -> None:
    world = World()
    anna, bert = world.phone("anna", "192.0.2.1"), world.phone("bert", "192.0.2.2")
    bert.mode = "ring"
    anna.dial("102")
    world.run()
    call, leg = leg_of(world, "102", "early")
    assert deflect.reject(world.exchange, call, leg, world.network.now) is None
    settle(world)
    assert anna.last(events.Refused).status == 603
    world.assert_nothing_left()
