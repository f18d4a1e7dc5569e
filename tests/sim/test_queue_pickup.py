"""Calls of queues that others take, or send on, while they ring (CALL-2, CALL-11, E 7.5.3)."""

from __future__ import annotations

import pytest
from queue_world import QUEUE, QueueWorld, hang_up, lift, rung
from test_call_orders import orders

from kiestoon.calls.operations.deflect import deflect


@pytest.mark.parametrize(
    ("is_open", "member", "taken"), [(True, False, True), (False, False, False), (False, True, True)]
)
def test_calls_of_an_open_queue_are_picked_up_by_anybody_those_of_a_closed_one_by_members(
    is_open: bool, member: bool, taken: bool
) -> None:
    """CALL-11, E 7.5.3: logged in or not."""
    members = [{"extension": "101"}, *([{"extension": "103", "logged_in": False}] if member else [])]
    world = QueueWorld(*members, open=is_open)
    session = world.call()
    carla = world.agents[2]
    other = carla.dial(f"*8{QUEUE}")
    world.run()
    if taken:
        assert world.caller_hears(session) == {carla.sends_to(other)}
        assert world.ringing() == []
    else:
        assert world.exchange.speech.said[-1] == "Er is geen gesprek om over te nemen."
        assert world.ringing() == ["anna"]
    hang_up(world, session, *([] if taken else [other]))
    world.assert_nothing_left()


def test_of_several_ringing_calls_the_one_who_has_waited_longest_is_picked_up() -> None:
    world = QueueWorld({"extension": "101"}, {"extension": "102"}, strategy="sequential", ring_s=10)
    first = world.call()
    world.run(6)
    second = world.call()
    world.run(8)  # the first rings anew by now, after the second
    assert sorted(world.ringing()) == ["anna", "bert"]
    assert rung(world.agents[0]) == 2
    carla = world.agents[2]
    other = carla.dial(f"*8{QUEUE}")
    world.run()
    assert world.caller_hears(first) == {carla.sends_to(other)}, world.network.ladder()
    hang_up(world, first, second)
    world.assert_nothing_left()


def test_an_agent_who_picks_up_a_call_of_the_queue_serves_it_and_has_time_to_wrap_up() -> None:
    world = QueueWorld({"extension": "101"}, {"extension": "102"}, strategy="sequential", wrap_up_s=20)
    session = world.call()
    bert = world.agents[1]
    bert.dial("*8")
    world.run()
    assert world.caller_hears(session) != {"music"}
    hang_up(world, session)
    world.agents[0].mode = "busy"
    second = world.call(wait_s=10)
    assert not rung(bert)
    world.run(12)
    assert world.ringing() == ["bert"]
    hang_up(world, second)
    world.assert_nothing_left()


def test_who_picks_up_just_any_call_gets_none_of_a_queue_that_is_not_his() -> None:
    world = QueueWorld({"extension": "101"})
    session = world.call()
    other = world.agents[2].dial("*8")
    world.run()
    assert world.ringing() == ["anna"]
    hang_up(world, session, other)
    world.assert_nothing_left()


@pytest.mark.parametrize("answers", [True, False])
def test_an_agent_sends_a_caller_on_while_it_rings_and_the_queue_has_him_back_when_nobody_answers(
    answers: bool,
) -> None:
    world = QueueWorld({"extension": "101"}, limit=5)
    session = world.call()
    carla = world.agents[2]
    carla.mode = "ring" if answers else "decline"
    call, leg = next(
        (call, leg) for call in world.exchange.calls.values() for leg in call.live_legs() if leg.party.number == "101"
    )
    failed = world.engine.operate(lambda x, now: deflect(x, call, leg, "103", now), world.network.now)
    assert failed is None
    world.network.drain(world.node)
    world.run()
    assert world.caller_hears(session) == {"music"}
    if answers:
        assert world.ringing() == ["carla"]
        other = lift(world, carla)
        assert world.caller_hears(session) == {carla.sends_to(other)}
    else:
        assert rung(carla) == 1
        world.run(5)
        assert world.ringing() == ["anna"]
    hang_up(world, session)
    world.assert_nothing_left()


def test_screens_show_calls_of_a_queue_to_its_members_only_though_anybody_may_pick_them_up_by_number() -> None:
    world = QueueWorld({"extension": "101"}, {"extension": "102", "logged_in": False})
    session = world.call()
    seen = {user_id: len(orders(world).live(1, user_id)) for user_id in (1, 2, 3)}
    assert seen == {1: 1, 2: 1, 3: 0}
    hang_up(world, session)
    world.assert_nothing_left()
