"""One phone after the other on live calls: comfort messages, the key that stops it, confirmation (REACH-7, V 9.3)."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from ringing_world import MOBILE, OTHER, calls_anna, lift, numbers, press, rung
from test_parking_and_pickup import with_codes
from test_transfers import asked, refer
from world import DeskPhone, World

from kiestoon.company.model import CompanyRows, Destination, Forward, Rule, SequentialRinging
from kiestoon.sip import events

PROMPTS = "file:/prompts/nl/"
TO_CARLA = (Forward(id=1, company_id=1, extension="101", case="no_answer", to=Destination("extension", "103")),)


def searching(*targets: str, confirm: bool = False, rows: dict[str, Any] | None = None, **settings: Any) -> CompanyRows:
    """Anna is looked for at these, by colleagues and everybody else."""
    row = SequentialRinging(id=1, company_id=1, user_id=1, base_rings=2, **settings)
    rule = Rule(id=1, company_id=1, service="sequential_ringing", name="all", extension="101")
    found = numbers("sequential", *targets, confirm=confirm, rings=2)
    return with_codes(sequential_ringing=(row,), ring_numbers=found, rules=(rule,), **(rows or {}))


def begun(*targets: str, **settings: Any) -> tuple[World, DeskPhone, DeskPhone, DeskPhone, Any]:
    """Bert calls Anna; nobody answers anywhere by itself."""
    world = World(rows=searching(*targets, **settings))
    anna, carla, provider = world.phone("anna", "192.0.2.1"), world.phone("carla", "192.0.2.3"), world.provider()
    anna.mode = carla.mode = provider.mode = "ring"
    _, session = calls_anna(world)
    return world, anna, carla, provider, session


def heard(world: World, session: Any) -> set[str]:
    return world.phones["bert"].hears(session)


def was_rung(phone: DeskPhone) -> int:
    return sum(isinstance(event, events.InviteReceived) for event in phone.events)


def test_one_rings_after_the_other_and_the_caller_is_told_that_somebody_is_looked_for() -> None:
    world, anna, carla, provider, session = begun(MOBILE, "103")
    assert rung(anna).state == session.state == "early"
    world.run(10)
    assert rung(anna).state == "ended"
    assert rung(provider, MOBILE).state == "early"
    assert session.state == "confirmed"
    assert heard(world, session) == {PROMPTS + "comfort-searching.ogg"}, world.network.ladder()
    world.finish_prompts()
    world.run(1)
    assert heard(world, session) == {"tone:ringback"}
    world.run(9)
    assert rung(provider, MOBILE).state == "ended"
    assert rung(carla).state == "early"
    winner = lift(carla)
    assert heard(world, session) == {carla.sends_to(winner)}
    assert carla.hears(winner) == {world.phones["bert"].sends_to(session)}
    session.bye(world.network.now)
    world.assert_nothing_left()
    assert was_rung(carla) == was_rung(anna) == was_rung(provider) == 1


def test_the_message_comes_back_every_twenty_seconds_and_what_rings_does_not_stop_it() -> None:
    world, _, _, _, session = begun(MOBILE, OTHER, "103")
    world.run(10)
    world.finish_prompts()
    world.run(1)
    for _ in range(19):
        assert heard(world, session) == {"tone:ringback"}
        world.run(1)
    world.run(1)
    assert heard(world, session) == {PROMPTS + "comfort-still-searching.ogg"}
    session.bye(world.network.now)
    world.assert_nothing_left()


@pytest.mark.parametrize("when", ["during the message", "after it"])
def test_the_caller_stops_the_search_by_a_key_and_goes_where_unanswered_calls_go(when: str) -> None:
    world, _, carla, provider, session = begun(MOBILE, OTHER, caller_may_stop=True, rows={"forwards": TO_CARLA})
    carla.mode = "answer"
    world.run(10)
    if when == "after it":
        for _ in range(2):
            world.finish_prompts()
        world.run(1)
        assert heard(world, session) == {"tone:ringback"}
    press(world.phones["bert"], session, "#")
    assert rung(provider, MOBILE).state == "ended"
    assert heard(world, session) == {carla.sends_to(rung(carla))}, world.network.ladder()
    session.bye(world.network.now)
    world.assert_nothing_left()
    assert was_rung(provider) == 1


def test_the_offer_to_stop_is_spoken_and_no_other_key_stops_it() -> None:
    world, _, _, provider, session = begun(MOBILE, caller_may_stop=True)
    world.run(10)
    world.finish_prompts()
    assert heard(world, session) == {PROMPTS + "comfort-stop.ogg"}
    press(world.phones["bert"], session, "5")
    assert rung(provider, MOBILE).state == "early"
    session.bye(world.network.now)
    world.assert_nothing_left()


def test_without_the_offer_the_key_does_nothing() -> None:
    world, _, _, provider, session = begun(MOBILE)
    world.run(10)
    press(world.phones["bert"], session, "#")
    assert rung(provider, MOBILE).state == "early"
    session.bye(world.network.now)
    world.assert_nothing_left()


def test_nobody_found_and_nothing_set_is_told_to_the_caller() -> None:
    world, _, _, _, session = begun(MOBILE)
    world.run(21)
    assert heard(world, session) == {PROMPTS + "unreachable.ogg"}, world.network.ladder()
    world.finish_prompts()
    world.run()
    assert session.state == "ended"
    world.assert_nothing_left()


def test_a_colleague_the_call_is_forwarded_to_rings_without_messages() -> None:
    world, _, carla, _, session = begun(MOBILE, rows={"forwards": TO_CARLA})
    world.run(21)
    assert rung(carla).state == "early"
    assert heard(world, session) == {"tone:ringback"}
    world.run(25)
    assert heard(world, session) == {"tone:ringback"}
    winner = lift(carla)
    assert heard(world, session) == {carla.sends_to(winner)}
    session.bye(world.network.now)
    world.assert_nothing_left()


def test_what_cannot_be_reached_is_passed_over_at_once() -> None:
    world = World(rows=searching("103", MOBILE))
    anna, provider = world.phone("anna", "192.0.2.1"), world.provider()
    anna.mode = provider.mode = "ring"
    _, session = calls_anna(world)
    world.run(10)
    assert rung(provider, MOBILE).state == "early"
    session.bye(world.network.now)
    world.assert_nothing_left()


def test_a_voicemail_among_the_numbers_does_not_end_the_search() -> None:
    world, _, carla, provider, session = begun(MOBILE, "103", confirm=True)
    world.run(10)
    mobile = lift(provider, MOBILE)
    assert provider.hears(mobile) == {PROMPTS + "confirm-call-for.ogg"}
    for _ in range(2):
        world.finish_prompts()
        world.run(6)
    assert mobile.state == "ended"
    assert rung(carla).state == "early"
    press(carla, lift(carla), "1")
    assert heard(world, session) == {carla.sends_to(rung(carla))}
    session.bye(world.network.now)
    world.assert_nothing_left()


def test_a_caller_who_hangs_up_ends_the_search() -> None:
    world, _, carla, provider, session = begun(MOBILE, "103")
    world.run(12)
    session.bye(world.network.now)
    world.run()
    assert rung(provider, MOBILE).state == "ended"
    world.assert_nothing_left()
    assert not was_rung(carla)


def test_a_transferred_caller_is_looked_after_by_the_search_and_comes_back_in_time() -> None:
    """Who was transferred has been answered already: no messages, and the transferor's rings count for all of it."""
    world = World(rows=searching(MOBILE, "103", base_first=False))
    anna, bert, provider = world.phone("anna", "192.0.2.1"), world.phone("bert", "192.0.2.2"), world.provider()
    carla = world.phone("carla", "192.0.2.3")
    provider.mode = "ring"
    caller = carla.dial("102")
    world.run()
    refer(world, bert, rung(bert), "101")
    assert rung(provider, MOBILE).state == "early"
    assert carla.hears(caller) == {"tone:ringback"}, world.network.ladder()
    world.run(20)
    assert carla.hears(caller) == {bert.sends_to(rung(bert))}
    caller.bye(world.network.now)
    world.assert_nothing_left()
    assert not was_rung(anna)


def test_an_attended_transfer_into_a_search_goes_on_with_all_of_it() -> None:
    world = World(rows=searching(MOBILE, OTHER))
    anna, bert, provider = world.phone("anna", "192.0.2.1"), world.phone("bert", "192.0.2.2"), world.provider()
    carla = world.phone("carla", "192.0.2.3")
    anna.mode = provider.mode = "ring"
    caller = carla.dial("102")
    world.run()
    answered = rung(bert)
    consulted = asked(world, bert, answered, "101")
    world.run(11)  # Bert is told that Anna is looked for
    assert rung(provider, MOBILE).state == "early"
    refer(world, bert, answered, "101", replaces=consulted)
    world.run(10)
    other = lift(provider, OTHER)
    assert carla.hears(caller) == {provider.sends_to(other)}, world.network.ladder()
    caller.bye(world.network.now)
    world.assert_nothing_left()


def test_a_search_outlives_the_control_process() -> None:
    world, anna, _, provider, session = begun(MOBILE, base_first=False)
    world.run(2)
    assert rung(provider, MOBILE).state == "early"
    assert world.crash() == 1
    world.run(2)
    assert session.state == "confirmed"
    again = lift(provider, MOBILE)
    assert heard(world, session) == {provider.sends_to(again)}, world.network.ladder()
    session.bye(world.network.now)
    world.assert_nothing_left()


def test_a_caller_without_an_offer_is_answered_and_looked_after() -> None:
    world = World(rows=msgspec.structs.replace(searching(MOBILE, base_first=False)))
    bert, provider = world.phone("bert", "192.0.2.2"), world.provider()
    session = bert.dial("101", offerless=True)
    world.run(2)
    assert session.state == "confirmed"
    assert bert.hears(session) == {provider.sends_to(rung(provider, MOBILE))}
    session.bye(world.network.now)
    world.assert_nothing_left()


def test_a_search_outlives_a_crash_also_after_somebody_who_did_not_confirm_in_time() -> None:
    world, _, carla, provider, session = begun(MOBILE, "103", confirm=True, base_first=False)
    mobile = lift(provider, MOBILE)
    world.run(35)  # the announcement does not end: the time to confirm is over all the same
    assert (mobile.state, rung(carla).state) == ("ended", "early")
    assert world.crash() == 1
    world.run()
    assert session.state == "confirmed"
    assert rung(provider, MOBILE).state == "early"
    session.bye(world.network.now)
    world.assert_nothing_left()
