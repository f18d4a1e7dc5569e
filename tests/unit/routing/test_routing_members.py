"""What rings for a member of a group who is reached elsewhere: remote office, numbers that ring along (E 4.2, V 21)."""

import pytest
from routing_world import ANNA, BEN, CARA, DORA, MONDAY_NOON_MS, STRANGER, Town, at_noon, codes, outcome, to

from kiestoon.company.model import (
    Device,
    Forward,
    ForwardExtension,
    GroupExtension,
    GroupMember,
    HuntGroup,
    HuntMember,
    Number,
    RemoteOffice,
    RingNumber,
    Rule,
    SequentialRinging,
    SimultaneousRinging,
)
from kiestoon.routing import FromUser
from kiestoon.routing.explain import Assumptions, explain

SALES, HOTEL, MOBILE = "300", "+31201112222", "+31612345678"


def group(*members, **fields):
    town = Town(GroupExtension(id=1, company_id=1, extension=SALES, name="Sales", **fields))
    for member in members or (ANNA, BEN):
        town.new(GroupMember, group_id=1, extension=member)
    return town


def hunt(*members, **fields):
    town = Town(HuntGroup(id=1, company_id=1, extension=SALES, name="Sales", **fields))
    for position, member in enumerate(members or (ANNA, BEN)):
        town.new(HuntMember, hunt_group_id=1, extension=member, position=position)
    return town


def at_hotel(town):
    """Anna works at another telephone."""
    return town.new(RemoteOffice, user_id=1, number=HOTEL)


def along(town, *targets, **fields):
    """These ring along with Anna's phone."""
    town.new(SimultaneousRinging, user_id=1)
    for position, target in enumerate(targets, 1):
        town.new(RingNumber, user_id=1, service="simultaneous", position=position, to=to(target), **fields)
    return town


def confirms(decision):
    """Which of the numbers outside ask for a key."""
    return [dial.number for dial in decision.step.outside if dial.confirm]


# --- remote office ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [group, lambda **fields: hunt(policy="simultaneous", **fields)])
def test_a_member_is_rung_where_the_member_works_now_and_confirms_there(kind):
    decision = at_hotel(kind()).dial(SALES, by=CARA)
    assert outcome(decision) == f"rings Ben+{HOTEL}"
    assert (confirms(decision), decision.step.outside[0].user_id) == ([HOTEL], 1)
    assert {"remote_office", "confirms"} <= set(codes(decision))
    assert confirms(at_hotel(kind(confirm=False)).dial(SALES, by=CARA)) == []


def test_in_its_turn_a_member_is_rung_there_also_when_the_phone_at_the_desk_is_off():
    town = at_hotel(hunt(rings=3))
    away = at_noon(unreachable=frozenset({1}))
    first = town.dial(SALES, by=CARA, live=away)
    assert (outcome(first), first.step.ring_s, confirms(first)) == (f"rings {HOTEL}", 15, [HOTEL])
    assert outcome(town.then(first, "no_answer", live=away)) == "rings Ben"


def test_a_member_in_a_call_there_gets_no_second_one_where_the_group_does_not_want_it():
    busy = at_noon(busy=frozenset({1}))
    assert outcome(at_hotel(hunt()).dial(SALES, by=CARA, live=busy)) == "rings Ben"
    assert outcome(at_hotel(hunt(call_waiting=True)).dial(SALES, by=CARA, live=busy)) == f"rings {HOTEL}"
    assert outcome(at_hotel(group(call_waiting=False)).dial(SALES, by=CARA, live=busy)) == "rings Ben"
    alone = at_hotel(group(ANNA, call_waiting=False, forward_busy=to(DORA)))
    assert outcome(alone.dial(SALES, by=CARA, live=busy)) == "rings Dora"
    alone = at_hotel(group(ANNA, call_waiting=False))
    assert outcome(alone.dial(SALES, by=CARA, live=busy)) == "refused 486"


def test_a_call_from_that_very_telephone_and_one_it_may_not_get_ring_at_the_desk():
    town = at_hotel(group()).add(Number(id=80, company_id=1, e164="+31207654180", extension=SALES))
    assert outcome(town.incoming("+31207654180", caller=HOTEL)) == "rings Anna+Ben"
    assert outcome(town.incoming("+31207654180")) == f"rings Ben+{HOTEL}"
    assert outcome(at_hotel(hunt()).user(ANNA, blocked=("national",)).dial(SALES, by=CARA)) == "rings Anna"


def test_do_not_disturb_keeps_that_telephone_quiet_too():
    assert outcome(at_hotel(group()).user(ANNA, do_not_disturb=True).dial(SALES, by=CARA)) == "rings Ben"


def test_who_is_there_counts_as_reachable_and_is_replaced_without_an_answer():
    town = at_hotel(group(individual_forwarding=True))
    town.new(Forward, extension=ANNA, case="unreachable", to=to(DORA))
    town.new(Forward, extension=ANNA, case="no_answer", to=to(DORA), rings=2)
    decision = town.dial(SALES, by=CARA, live=at_noon(unreachable=frozenset({1})))
    assert outcome(decision) == f"rings Ben+{HOTEL}"
    assert [(each.after_s, each.in_place_of) for each in decision.step.later] == [(10, 1)]


def test_an_explanation_replaces_who_does_not_answer_there():
    town = at_hotel(group(ANNA, individual_forwarding=True))
    town.new(Forward, extension=ANNA, case="no_answer", to=to(DORA), rings=2)
    assumed = Assumptions(at_ms=MONDAY_NOON_MS, states={HOTEL: "no_answer"})
    (stage,) = explain(town.directory, FromUser(1, 3), SALES, assumed).stages
    assert (stage.ending, stage.seconds) == ("answered", 10)


def test_both_phones_of_a_twin_ring():
    for kind in (group, hunt):
        town = kind(ANNA).add(Device(id=30, company_id=1, username="second", secret="s", user_id=1))
        town.user(ANNA, twinning=True)
        step = town.dial(SALES, by=CARA).step
        person = step.people[0] if kind is group else step
        assert len(person.devices) == 2


# --- numbers that ring along -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [group, hunt])
def test_numbers_that_ring_along_do_not_unless_the_group_wants_it(kind):
    assert MOBILE not in outcome(along(kind(ANNA), MOBILE).dial(SALES, by=CARA))
    decision = along(kind(ANNA, individual_ringing=True), MOBILE, DORA).dial(SALES, by=CARA)
    assert outcome(decision) == f"rings Anna+Dora+{MOBILE}"
    assert confirms(decision) == [MOBILE]
    decision = along(kind(ANNA, individual_ringing=True), MOBILE).dial(
        SALES, by=CARA, live=at_noon(busy=frozenset({1}))
    )
    assert (MOBILE in outcome(decision)) == (kind is group)  # where a second call is wanted


def test_whoever_calls_or_is_a_member_as_well_does_not_ring_along():
    decision = along(group(ANNA, BEN, individual_ringing=True), BEN, CARA, confirm=True).dial(SALES, by=CARA)
    assert outcome(decision) == "rings Anna+Ben"
    assert not any(person.confirm for person in decision.step.people)


def test_in_a_group_nobody_is_looked_for_at_one_number_after_the_other():
    for kind in (group, hunt):
        town = kind(ANNA, individual_ringing=True).new(SequentialRinging, user_id=1, base_first=False)
        town.new(RingNumber, user_id=1, service="sequential", position=1, to=to(MOBILE))
        town.new(Rule, extension=ANNA, service="sequential_ringing", name="All")
        assert outcome(town.dial(SALES, by=CARA)) == "rings Anna"


def test_numbers_the_group_itself_has_need_no_confirmation():
    """They may be another exchange, which presses nothing."""
    town = group(ANNA, "201").new(ForwardExtension, extension="201", name="Porter", to=to(STRANGER))
    assert confirms(town.dial(SALES, by=CARA)) == []
    assert confirms(group(forward_always=to(STRANGER), forward_always_also=(MOBILE,)).dial(SALES, by=CARA)) == []


def test_numbers_a_member_forwards_to_ask_for_it():
    town = group(individual_forwarding=True).new(Forward, extension=ANNA, case="always", to=to(STRANGER))
    assert confirms(town.dial(SALES, by=CARA)) == [STRANGER]
    assert confirms(at_hotel(group()).user(BEN, profile="combi", mobile_number=MOBILE).dial(SALES, by=CARA)) == [
        HOTEL, MOBILE,
    ]  # fmt: skip
