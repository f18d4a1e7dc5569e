"""Numbers that ring along with a person's phones, and answer confirmation, on live calls (REACH-6, V 9.1-9.2)."""

from __future__ import annotations

from typing import Any

import pytest
from invariants import check, check_phones
from ringing_world import MOBILE, OTHER, calls_anna, lift, press, ringing_along, rung
from test_listening_and_conferences import leg_of, settle
from test_outside_lines import call_in
from test_transfers import asked, refer
from world import DeskPhone, World

from kiestoon.calls.operations import conference
from kiestoon.company.model import Destination, Forward, SimultaneousRinging
from kiestoon.sip import events

CONFIRM = "file:/prompts/nl/confirm-call-for.ogg"
TO_CARLA = (
    Forward(id=1, company_id=1, extension="101", case="no_answer", to=Destination("extension", "103"), rings=4),
)
GONE = "file:/prompts/nl/confirm-gone.ogg"


def ringing(*targets: str, mode: str = "ring", **rows: Any) -> tuple[World, DeskPhone, DeskPhone, DeskPhone, Any]:
    """Bert has called Anna, whose phone rings; so do the numbers, none of which has answered yet."""
    world = World(rows=ringing_along(*targets, **rows))
    anna, carla, provider = world.phone("anna", "192.0.2.1"), world.phone("carla", "192.0.2.3"), world.provider()
    anna.mode = carla.mode = "ring"
    provider.mode = mode
    bert, session = calls_anna(world)
    return world, anna, carla, provider, session


def test_whoever_answers_first_has_the_call_and_the_others_stop() -> None:
    world, anna, carla, provider, session = ringing("103", MOBILE)
    assert rung(provider, MOBILE).state == rung(carla).state == rung(anna).state == "early", world.network.ladder()
    winner = lift(carla)
    assert world.phones["bert"].hears(session) == {carla.sends_to(winner)}
    assert rung(anna).state == rung(provider, MOBILE).state == "ended"
    session.bye(world.network.now)
    world.assert_nothing_left()
    assert world.records[-1].outcome == "answered"


def test_a_mobile_with_confirmation_gets_the_call_when_the_key_is_pressed() -> None:
    world, anna, _, provider, session = ringing(MOBILE, confirm=True)
    mobile = lift(provider, MOBILE)
    assert provider.hears(mobile) == {CONFIRM}, world.network.ladder()
    assert session.state == rung(anna).state == "early"
    press(provider, mobile, "1")
    assert session.state == "confirmed"
    assert world.phones["bert"].hears(session) == {provider.sends_to(mobile)}
    assert provider.hears(mobile) == {world.phones["bert"].sends_to(session)}
    assert rung(anna).state == "ended"
    session.bye(world.network.now)
    world.assert_nothing_left()


def test_a_voicemail_that_answers_does_not_get_the_call() -> None:
    world, anna, _, provider, session = ringing(MOBILE, confirm=True)
    mobile = lift(provider, MOBILE)
    for _ in range(2):
        world.finish_prompts()
        world.run(6)
    assert mobile.state == "ended"
    assert session.state == "early"
    winner = lift(anna)
    assert world.phones["bert"].hears(session) == {anna.sends_to(winner)}
    session.bye(world.network.now)
    world.assert_nothing_left()
    assert {leg.party: leg.outcome for leg in world.records[-1].legs}[MOBILE] == "no_answer"


def test_another_key_is_asked_again_and_then_the_phone_is_released() -> None:
    world, _, _, provider, session = ringing(MOBILE, confirm=True)
    mobile = lift(provider, MOBILE)
    press(provider, mobile, "7")
    assert provider.hears(mobile) == {CONFIRM}
    press(provider, mobile, "2")
    assert mobile.state == "ended"
    session.cancel(world.network.now)
    world.assert_nothing_left()


def test_a_caller_who_hangs_up_meanwhile_releases_whoever_is_being_asked() -> None:
    world, anna, _, provider, session = ringing(MOBILE, confirm=True)
    mobile = lift(provider, MOBILE)
    session.cancel(world.network.now)
    world.run()
    assert mobile.state == rung(anna).state == "ended"
    world.assert_nothing_left()
    assert world.records[-1].outcome == "cancelled"


def test_of_two_who_confirm_one_wins_and_the_other_hears_why() -> None:
    world, _, _, provider, session = ringing(MOBILE, OTHER, confirm=True)
    first, second = lift(provider, MOBILE), lift(provider, OTHER)
    press(provider, second, "1")
    assert world.phones["bert"].hears(session) == {provider.sends_to(second)}
    assert provider.hears(first) == {GONE}
    press(provider, first, "1")
    assert world.phones["bert"].hears(session) == {provider.sends_to(second)}
    world.finish_prompts()
    world.run()
    assert first.state == "ended"
    assert world.phones["bert"].hears(session) == {provider.sends_to(second)}
    session.bye(world.network.now)
    world.assert_nothing_left()


def test_who_answers_without_being_asked_beats_who_is_still_being_asked() -> None:
    world, anna, _, provider, session = ringing(MOBILE, confirm=True)
    mobile = lift(provider, MOBILE)
    winner = lift(anna)
    assert world.phones["bert"].hears(session) == {anna.sends_to(winner)}
    assert provider.hears(mobile) == {GONE}
    session.bye(world.network.now)
    world.run()
    assert mobile.state == "ended"
    world.assert_nothing_left()


def test_who_hangs_up_instead_of_confirming_leaves_the_others_ringing() -> None:
    world, anna, _, provider, session = ringing(MOBILE, confirm=True)
    lift(provider, MOBILE).bye(world.network.now)
    world.run()
    assert session.state == rung(anna).state == "early"
    lift(anna)
    session.bye(world.network.now)
    world.assert_nothing_left()


def test_who_answers_at_the_last_moment_still_has_time_to_confirm() -> None:
    world, anna, carla, provider, session = ringing(MOBILE, confirm=True, forwards=TO_CARLA)
    world.run(18)
    mobile = lift(provider, MOBILE)
    world.run(10)  # the twenty seconds are over
    press(provider, mobile, "1")
    assert world.phones["bert"].hears(session) == {provider.sends_to(mobile)}
    session.bye(world.network.now)
    world.assert_nothing_left()


def test_nobody_answers_and_the_persons_own_forwarding_follows() -> None:
    world, anna, carla, provider, session = ringing(MOBILE, forwards=TO_CARLA)
    carla.mode = "answer"
    world.run(21)
    assert rung(provider, MOBILE).state == rung(anna).state == "ended"
    assert world.phones["bert"].hears(session) == {carla.sends_to(rung(carla))}
    session.bye(world.network.now)
    world.assert_nothing_left()


def test_one_who_declines_at_a_desk_phone_declines_for_himself_alone() -> None:
    world, anna, carla, provider, session = ringing("103", MOBILE)
    rung(carla).reject(world.network.now, 603)
    world.run()
    assert rung(anna).state == rung(provider, MOBILE).state == session.state == "early"
    lift(anna)
    session.bye(world.network.now)
    world.assert_nothing_left()


def test_the_others_ring_while_the_person_is_in_a_call_when_set_so() -> None:
    only = (SimultaneousRinging(id=1, company_id=1, user_id=1, ring_when="busy"),)
    world = World(rows=ringing_along("103", simultaneous_ringing=only))
    anna, carla = world.phone("anna", "192.0.2.1"), world.phone("carla", "192.0.2.3")
    anna.mode = carla.mode = "ring"
    provider, first = call_in(world, "+31201234561")
    world.run()
    assert not any(isinstance(event, events.InviteReceived) for event in carla.events)
    lift(anna)
    bert, second = calls_anna(world)
    assert rung(carla).state == "early"
    for session in (first, second):
        session.bye(world.network.now) if session.state == "confirmed" else session.cancel(world.network.now)
    world.assert_nothing_left()


def test_a_transfer_while_somebody_is_asked_hands_over_the_question() -> None:
    """Who transferred is free at once, and whoever confirms speaks with the one who waits."""
    world = World(rows=ringing_along(MOBILE, confirm=True))
    anna, bert, provider = world.phone("anna", "192.0.2.1"), world.phone("bert", "192.0.2.2"), world.provider()
    carla = world.phone("carla", "192.0.2.3")
    anna.mode = provider.mode = "ring"
    caller = carla.dial("102")
    world.run()
    answered = rung(bert)
    consulted = asked(world, bert, answered, "101")
    mobile = lift(provider, MOBILE)
    refer(world, bert, answered, "101", replaces=consulted)
    assert answered.state == "ended"
    assert provider.hears(mobile) == {CONFIRM}
    press(provider, mobile, "1")
    assert carla.hears(caller) == {provider.sends_to(mobile)}, world.network.ladder()
    caller.bye(world.network.now)
    world.assert_nothing_left()


@pytest.mark.parametrize("answered", [False, True], ids=["unanswered caller", "caller in a menu"])
def test_a_crash_leaves_nobody_asked_for_ever(answered: bool) -> None:
    world = World(rows=ringing_along(MOBILE, confirm=True))
    anna, bert, provider = world.phone("anna", "192.0.2.1"), world.phone("bert", "192.0.2.2"), world.provider()
    anna.mode, provider.mode = "ring", "ring"
    session = bert.dial("200" if answered else "101")
    world.run()
    if answered:
        for digit in "101":
            press(bert, session, digit)
        world.run()
    mobile = lift(provider, MOBILE)
    world.crash()
    world.run(2)
    assert mobile.state == "ended", world.network.ladder()
    if answered:
        assert bert.hears(session) == {"file:/prompts/nl/menu-welcome.ogg"}
        session.bye(world.network.now)
    else:
        assert session.state == "ended"
    world.assert_nothing_left()


@pytest.mark.parametrize("by", ["hanging up", "waiting"])
def test_a_conversation_outlives_a_crash_after_somebody_confirmed_too_late(by: str) -> None:
    world, _, _, provider, session = ringing(MOBILE, OTHER, confirm=True)
    first, second = lift(provider, MOBILE), lift(provider, OTHER)
    press(provider, second, "1")
    if by == "waiting":
        world.finish_prompts()
    else:
        first.bye(world.network.now)
    world.run()
    assert first.state == "ended"
    assert world.crash() == 1
    assert world.phones["bert"].hears(session) == {provider.sends_to(second)}
    session.bye(world.network.now)
    world.assert_nothing_left()


def test_who_confirmed_into_a_conversation_is_in_no_other_call_after_a_crash() -> None:
    """The call that was made for it goes on as long as another phone hears that somebody was quicker."""
    world = World(rows=ringing_along(MOBILE, OTHER, confirm=True))
    bert, carla, provider = world.phone("bert", "192.0.2.2"), world.phone("carla", "192.0.2.3"), world.provider()
    provider.mode = "ring"
    session = carla.dial("102")
    world.run()
    call, leg = leg_of(world, "102")
    assert conference.add(world.exchange, call, leg, "101", world.network.now) is None
    settle(world)
    first, second = lift(provider, MOBILE), lift(provider, OTHER)
    press(provider, second, "1")
    assert carla.hears(session) == {bert.sends_to(rung(bert)), provider.sends_to(second)}, world.network.ladder()
    assert provider.hears(first) == {GONE}
    assert world.crash() == 1
    world.run()
    check(world)
    check_phones(world)
    assert first.state == "ended"
    assert carla.hears(session) == {bert.sends_to(rung(bert)), provider.sends_to(second)}
    for one in (session, rung(bert), second):
        one.bye(world.network.now)
    world.assert_nothing_left()


@pytest.mark.parametrize("by", ["hanging up", "waiting"])
def test_a_caller_in_a_menu_outlives_a_crash_after_a_machine_had_answered(by: str) -> None:
    world = World(rows=ringing_along(MOBILE, confirm=True))
    anna, bert, provider = world.phone("anna", "192.0.2.1"), world.phone("bert", "192.0.2.2"), world.provider()
    anna.mode, provider.mode = "ring", "ring"
    session = bert.dial("200")
    world.run()
    for digit in "101":
        press(bert, session, digit)
    world.run()
    mobile = lift(provider, MOBILE)
    if by == "waiting":
        for _ in range(2):
            world.finish_prompts()
            world.run(6)
    else:
        mobile.bye(world.network.now)
        world.run()
    assert (mobile.state, rung(anna).state) == ("ended", "early")
    assert world.crash() == 1
    world.run()
    assert bert.hears(session) == {"file:/prompts/nl/menu-welcome.ogg"}
    session.bye(world.network.now)
    world.assert_nothing_left()
