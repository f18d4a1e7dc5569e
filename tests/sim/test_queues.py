"""Queues: callers wait until an agent is found, first come first served, and none is lost (E 7)."""

from __future__ import annotations

import msgspec
import pytest
from queue_world import QUEUE, QUEUE_NUMBER, QueueWorld, hang_up, is_ringing, lift, rung
from test_parking_and_pickup import press

from kiestoon.company.model import Destination, Forward, ForwardExtension, Queue, QueueMember
from kiestoon.sip import events


def test_a_caller_hears_music_while_an_agent_is_rung_and_then_the_agent() -> None:
    world = QueueWorld()
    session = world.call()
    assert session.state == "confirmed"
    assert world.ringing() == ["anna"]
    assert world.caller_hears(session) == {"music"}
    anna = world.agents[0]
    other = lift(world, anna)
    assert world.caller_hears(session) == {anna.sends_to(other)}, world.network.ladder()
    assert anna.hears(other) == {world.line.sends_to(session)}
    hang_up(world, session)
    world.assert_nothing_left()
    record = world.records[-1]
    assert record.outcome == "answered"
    assert [(segment.kind, segment.party) for segment in record.segments] == [("service", QUEUE), ("talk", "101")]


def test_agents_see_the_queues_name_before_the_callers_and_ring_as_for_a_queue() -> None:
    world = QueueWorld()
    world.call()
    request = world.agents[0].last(events.InviteReceived).request
    assert request.from_.display == "Support - Mobile"
    assert request.get("Alert-Info") == "<http://127.0.0.1/Bellcore-dr4>;info=alert-queue"


def test_a_queue_may_have_a_ring_pattern_of_its_own() -> None:
    world = QueueWorld(ring_pattern=2)
    world.call()
    request = world.agents[0].last(events.InviteReceived).request
    assert "Bellcore-dr2" in request.get("Alert-Info")


def test_the_first_who_came_is_the_first_who_is_served() -> None:
    world = QueueWorld({"extension": "101"}, phones=1)
    sessions = [world.call() for _ in range(3)]
    anna = world.agents[0]
    for session in sessions:
        other = lift(world, anna)
        assert world.caller_hears(session) == {anna.sends_to(other)}
        waiting = sessions[sessions.index(session) + 1 :]
        assert all(world.caller_hears(each) == {"music"} for each in waiting)
        assert not is_ringing(anna)
        hang_up(world, session)
        world.run(2)
    world.assert_nothing_left()


def test_several_callers_ring_at_several_agents_at_once() -> None:
    world = QueueWorld()
    first, second = world.call(), world.call()
    assert world.ringing() == ["anna", "bert"]
    bert, anna = world.agents[1], world.agents[0]
    other = lift(world, bert)
    assert world.caller_hears(second) == {bert.sends_to(other)}
    third = lift(world, anna)
    assert world.caller_hears(first) == {anna.sends_to(third)}
    hang_up(world, first, second)
    world.assert_nothing_left()


def test_who_is_not_answered_in_time_is_offered_to_the_others_before_the_same_agent_again() -> None:
    world = QueueWorld(ring_s=10, strategy="sequential")
    session = world.call()
    order = []
    for _ in range(5):
        order += world.ringing()
        world.run(10.5)
    assert order == ["anna", "bert", "carla", "anna", "bert"]
    assert world.caller_hears(session) == {"music"}
    hang_up(world, session)
    world.assert_nothing_left()


def test_an_agent_who_declines_is_left_in_peace_for_a_while_and_the_caller_waits_on() -> None:
    world = QueueWorld({"extension": "101"}, phones=1)
    anna = world.agents[0]
    anna.mode = "decline"
    session = world.call()
    world.run(10)
    assert rung(anna) == 1
    anna.mode = "ring"
    world.run(10)
    assert world.ringing() == ["anna"]
    hang_up(world, session)
    world.assert_nothing_left()


def test_an_agent_who_forwards_at_the_phone_does_not_take_the_caller_out_of_the_queue() -> None:
    world = QueueWorld({"extension": "101"}, {"extension": "102"}, strategy="sequential")
    world.agents[0].mode = "redirect"
    session = world.call()
    assert world.ringing() == ["bert"]
    assert not rung(world.agents[2])
    hang_up(world, session)
    world.assert_nothing_left()


@pytest.mark.parametrize("busy_with", ["queue", "colleague"])
def test_an_agent_in_a_call_is_offered_none_unless_wanted(busy_with: str) -> None:
    world = QueueWorld({"extension": "101"})
    anna, carla = world.agents[0], world.agents[2]
    if busy_with == "queue":
        first = world.call()
    else:
        first = carla.dial("101")
        world.run()
    lift(world, anna)
    second = world.call()
    assert rung(anna) == 1
    world.change_queue(busy_agents="private")
    world.run()
    assert rung(anna) == (1 if busy_with == "queue" else 2)
    world.change_queue(busy_agents="all")
    world.run()
    assert rung(anna) == 2
    hang_up(world, first, second)
    world.assert_nothing_left()


def test_a_second_call_is_offered_to_an_agent_and_never_a_third() -> None:
    world = QueueWorld({"extension": "101"}, phones=1, busy_agents="all")
    anna = world.agents[0]
    first = world.call()
    lift(world, anna)
    second = world.call()
    lift(world, anna)
    third = world.call(wait_s=10)
    assert rung(anna) == 2
    assert world.caller_hears(third) == {"music"}
    hang_up(world, first)
    world.run(2)
    assert rung(anna) == 3
    hang_up(world, second, third)
    world.assert_nothing_left()


def test_an_agent_has_time_to_wrap_up_and_may_have_one_of_his_own() -> None:
    world = QueueWorld({"extension": "101", "wrap_up_s": 30}, phones=1, wrap_up_s=5)
    anna = world.agents[0]
    first, second = world.call(), world.call()
    lift(world, anna)
    hang_up(world, first)
    world.run(25)
    assert rung(anna) == 1
    world.run(10)
    assert world.ringing() == ["anna"]
    hang_up(world, second)
    world.assert_nothing_left()


def test_an_agents_own_ring_time_goes_before_the_queues() -> None:
    world = QueueWorld({"extension": "101", "ring_s": 40}, {"extension": "102"}, ring_s=10, strategy="sequential")
    session = world.call()
    world.run(30)
    assert world.ringing() == ["anna"]
    world.run(15)
    assert world.ringing() == ["bert"]
    world.run(12)
    assert world.ringing() == ["anna"]
    hang_up(world, session)
    world.assert_nothing_left()


def test_who_logs_in_is_rung_at_once_and_who_logs_out_is_rung_no_more() -> None:
    world = QueueWorld({"extension": "101", "logged_in": False}, {"extension": "102"}, ring_s=10)
    world.agents[1].mode = "busy"
    session = world.call()
    assert not rung(world.agents[0])
    world.change_member("101", logged_in=True)
    world.run()
    assert world.ringing() == ["anna"]
    world.change_member("101", logged_in=False)
    world.run(60)
    assert rung(world.agents[0]) == 1
    hang_up(world, session)
    world.assert_nothing_left()


def test_who_registers_a_phone_or_becomes_free_is_rung_at_once() -> None:
    world = QueueWorld({"extension": "101"}, phones=0)
    session = world.call()
    anna = world.phone("anna", "192.0.2.1", registered=False)
    anna.mode = "ring"
    anna.register()
    world.run(0.5)
    assert is_ringing(anna)
    hang_up(world, session)
    world.assert_nothing_left()


def test_who_wants_no_calls_is_not_rung() -> None:
    world = QueueWorld({"extension": "101"}, {"extension": "102"}, strategy="sequential")
    anna, *others = world.rows.users
    world.change_rows(users=(msgspec.structs.replace(anna, do_not_disturb=True), *others))
    session = world.call()
    assert world.ringing() == ["bert"]
    hang_up(world, session)
    world.assert_nothing_left()


def test_a_forward_extension_takes_calls_outside_and_does_so_one_at_a_time() -> None:
    """RTE-14, E 4.11, E 7.5.3."""
    outside = ForwardExtension(
        id=1, company_id=1, extension="350", name="Home", to=Destination("number", "00201112222")
    )
    world = QueueWorld({"extension": "350"}, phones=0, rows={"forward_extensions": (outside,)}, confirm=False)
    home = world.provider()
    first, second = world.call(), world.call()
    world.run()
    invites = [event for event in home.all(events.InviteReceived) if event.request.target.user == "+31201112222"]
    assert len(invites) == 1
    other = invites[0].session
    assert home.hears(first) == {home.sends_to(other)}, world.network.ladder()
    assert home.hears(second) == {"music"}
    hang_up(world, first)
    world.run(2)
    invites = [event for event in home.all(events.InviteReceived) if event.request.target.user == "+31201112222"]
    assert len(invites) == 2
    hang_up(world, second)
    world.assert_nothing_left()


def test_all_agents_ring_for_the_first_caller_only_where_the_strategy_says_so() -> None:
    world = QueueWorld(strategy="ring_all")
    first, second = world.call(), world.call()
    assert world.ringing() == ["anna", "bert", "carla"]
    assert all(rung(agent) == 1 for agent in world.agents)
    bert = world.agents[1]
    other = lift(world, bert)
    assert world.caller_hears(first) == {bert.sends_to(other)}
    world.run(2)
    assert world.ringing() == ["anna", "carla"]
    assert world.caller_hears(second) == {"music"}
    hang_up(world, first, second)
    world.assert_nothing_left()


def test_a_full_queue_is_busy_and_a_place_becomes_free_when_somebody_is_helped() -> None:
    world = QueueWorld({"extension": "101"}, phones=1, limit=2)
    first, second, third = world.call(), world.call(), world.call()
    assert third.state == "ended"
    assert world.line.last(events.Refused).status == 486
    lift(world, world.agents[0])
    fourth = world.call()
    assert fourth.state == "confirmed"
    hang_up(world, first, second, fourth)
    world.assert_nothing_left()


def test_callers_who_find_the_queue_full_or_deserted_go_where_is_set() -> None:
    to = Destination("extension", "103")
    world = QueueWorld({"extension": "101"}, limit=1, forward_to=to, nobody_to=Destination("extension", "102"))
    first, second = world.call(), world.call()
    assert world.ringing() == ["anna", "carla"]
    hang_up(world, first)
    second.cancel(world.network.now)
    world.run()
    world.change_member("101", logged_in=False)
    third = world.call()
    assert world.ringing() == ["bert"]
    third.cancel(world.network.now)
    world.assert_nothing_left()


def test_who_has_waited_too_long_is_sent_on_and_rings_there_whatever_that_person_has_set() -> None:
    away = Forward(id=1, company_id=1, extension="103", case="always", to=Destination("extension", "102"))
    world = QueueWorld(
        {"extension": "101"}, forward_to=Destination("extension", "103"), forward_after_s=30, ring_s=10,
        rows={"forwards": (away,)},
    )  # fmt: skip
    session = world.call()
    world.run(25)
    assert not rung(world.agents[2])
    world.run(20)
    assert world.ringing() == ["carla"]
    assert world.caller_hears(session) == {"tone:ringback"}
    carla = world.agents[2]
    other = lift(world, carla)
    assert world.caller_hears(session) == {carla.sends_to(other)}
    hang_up(world, session)
    world.assert_nothing_left()


def test_who_finds_nobody_where_he_was_sent_has_kept_his_place() -> None:
    world = QueueWorld({"extension": "101"}, forward_to=Destination("extension", "103"), forward_after_s=30)
    world.agents[2].mode = "busy"
    first = world.call()
    second = world.call()
    world.run(50)
    assert rung(world.agents[2]) >= 1
    anna = world.agents[0]
    world.run(30)
    while not is_ringing(anna):
        world.run(1)
    other = lift(world, anna)
    assert world.caller_hears(first) == {anna.sends_to(other)}
    hang_up(world, first, second)
    world.assert_nothing_left()


def test_who_is_sent_from_queue_to_queue_and_back_shows_each_name_once_and_few_reasons() -> None:
    back = Queue(
        id=2, company_id=1, extension="301", name="Second", ring_s=5,
        forward_to=Destination("extension", QUEUE), forward_after_s=5,
    )  # fmt: skip
    other = QueueMember(id=90, company_id=1, queue_id=2, extension="102")
    world = QueueWorld(
        {"extension": "101"}, ring_s=5, forward_to=Destination("extension", "301"), forward_after_s=5,
        rows={"queues": (back,), "queue_members": (other,)},
    )  # fmt: skip
    session = world.call()
    world.run(600)
    for agent in world.agents[:2]:
        assert agent.last(events.InviteReceived).request.from_.display == "Support - Second - Mobile"
    (call,) = world.exchange.calls.values()
    assert 20 < len(call.reasons) < 60
    hang_up(world, session)
    world.assert_nothing_left()


def test_why_a_caller_has_left_the_queue_is_told_once_and_for_where() -> None:
    world = QueueWorld({"extension": "101"}, leave_to=Destination("extension", "103"))
    session = world.call()
    press(world, world.line, session, "1", wait_s=1)
    (call,) = world.exchange.calls.values()
    assert [reason.code for reason in call.reasons].count("queue_left") == 1
    request = world.agents[2].last(events.InviteReceived).request
    history = [value.partition("@")[0] for value in request.all("History-Info")]
    assert history == [f"<sip:{QUEUE}", "<sip:103"]
    hang_up(world, session)
    world.assert_nothing_left()


def test_who_presses_1_is_sent_elsewhere_where_that_is_set() -> None:
    world = QueueWorld({"extension": "101"}, leave_to=Destination("extension", "103"))
    session = world.call()
    press(world, world.line, session, "1", wait_s=1)
    assert world.ringing() == ["carla"]
    carla = world.agents[2]
    other = lift(world, carla)
    assert world.caller_hears(session) == {carla.sends_to(other)}
    hang_up(world, session)
    world.assert_nothing_left()


def test_the_key_does_nothing_where_it_leads_nowhere() -> None:
    world = QueueWorld({"extension": "101"})
    session = world.call()
    press(world, world.line, session, "1", wait_s=1)
    assert world.ringing() == ["anna"]
    assert world.caller_hears(session) == {"music"}
    hang_up(world, session)
    world.assert_nothing_left()


def test_a_caller_who_hangs_up_stops_the_ringing_and_is_listed_as_missed() -> None:
    world = QueueWorld()
    session = world.call()
    hang_up(world, session)
    assert world.ringing() == []
    invite = world.agents[0].last(events.InviteReceived).session
    assert invite.state == "ended"
    world.assert_nothing_left()
    assert not world.exchange.queues
    assert not world.exchange.queues.offers


def test_a_colleague_can_call_the_queue_and_is_not_offered_to_himself() -> None:
    world = QueueWorld({"extension": "101"}, {"extension": "102"}, strategy="sequential", busy_agents="all")
    anna, bert = world.agents[:2]
    session = anna.dial(QUEUE)
    world.run()
    assert world.ringing() == ["bert"]
    other = lift(world, bert)
    assert anna.hears(session) == {bert.sends_to(other)}
    hang_up(world, session)
    world.assert_nothing_left()


def test_the_heavier_of_two_queues_is_served_first() -> None:
    heavy = Queue(id=2, company_id=1, extension="301", name="Emergencies", weight=50)
    both = QueueMember(id=90, company_id=1, queue_id=2, extension="101")
    world = QueueWorld({"extension": "101"}, phones=1, weight=10, rows={"queues": (heavy,), "queue_members": (both,)})
    anna = world.agents[0]
    busy = world.call()
    lift(world, anna)
    early = world.call()
    bert = world.phone("bert", "192.0.2.2")
    urgent = bert.dial("301")
    world.run()
    hang_up(world, busy)
    world.run(2)
    assert anna.last(events.InviteReceived).request.from_.display.startswith("Emergencies")
    other = lift(world, anna)
    assert bert.hears(urgent) == {anna.sends_to(other)}
    hang_up(world, urgent)
    world.run(2)
    assert anna.last(events.InviteReceived).request.from_.display.startswith("Support")
    hang_up(world, early)
    world.assert_nothing_left()


def test_callers_keep_their_places_when_the_control_process_is_killed() -> None:
    world = QueueWorld({"extension": "101"}, phones=1)
    first, second = world.call(), world.call()
    assert world.crash() == 2
    world.run(2)
    anna = world.agents[0]
    assert world.ringing() == ["anna"]
    assert world.caller_hears(second) == {"music"}
    other = lift(world, anna)
    assert world.caller_hears(first) == {anna.sends_to(other)}
    hang_up(world, first)
    world.run(2)
    assert world.ringing() == ["anna"]
    hang_up(world, second)
    world.assert_nothing_left()


def test_an_agents_conversation_counts_as_the_queues_after_a_crash_too() -> None:
    world = QueueWorld({"extension": "101"}, phones=1, wrap_up_s=20, busy_agents="private")
    anna = world.agents[0]
    first = world.call()
    lift(world, anna)
    assert world.crash() == 1
    second = world.call(wait_s=3)
    assert not is_ringing(anna)
    hang_up(world, first)
    world.run(15)
    assert not is_ringing(anna)
    world.run(10)
    assert is_ringing(anna)
    hang_up(world, second)
    world.assert_nothing_left()


def test_the_number_of_the_queue_leads_there_from_outside() -> None:
    world = QueueWorld()
    session = world.call(QUEUE_NUMBER)
    assert world.records == []
    assert len(world.exchange.queues.waiting()[1]) == 1
    hang_up(world, session)
    world.assert_nothing_left()
