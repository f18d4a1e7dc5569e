"""Hunt groups: calls shared out by five policies (ACD-2, V 21)."""

from collections import Counter

import pytest
from routing_world import ANNA, BEN, CARA, DORA, MONDAY_NOON_MS, STRANGER, Town, codes, outcome, to

from kiestoon.company.model import Destination, Forward, ForwardExtension, HuntGroup, HuntMember, Presence
from kiestoon.routing import Assumed, HuntRecord
from kiestoon.routing.hunting import order

SUPPORT = "400"


def hunt(*members, weights=(), **fields):
    fields.setdefault("name", "Support")
    town = Town(HuntGroup(id=1, company_id=1, extension=SUPPORT, **fields))
    members = members or (ANNA, BEN, CARA)
    for position, member in enumerate(members):
        weight = weights[position] if weights else 0
        # The list's order is that of the positions, not of the rows.
        town.add(
            HuntMember(
                id=900 - position, company_id=1, hunt_group_id=1, extension=member, position=position, weight=weight
            )
        )
    return town


def at(seconds=0, **live):
    return Assumed(now_ms=MONDAY_NOON_MS + seconds * 1000, **live)


def story(town, *outcomes, live=None, step_s=0):
    """What is tried one after another, each ending as said."""
    decision = town.dial(SUPPORT, live=live or at())
    told = [outcome(decision)]
    for number, ending in enumerate(outcomes, 1):
        decision = town.then(decision, ending, at(number * step_s, **(_parts(live) if live else {})))
        told.append(outcome(decision))
    return told


def _parts(live):
    return {"hunts": live.hunts, "busy": live.busy, "unreachable": live.unreachable}


# --- who is tried ----------------------------------------------------------------------------------------------------


def test_regular_goes_down_the_list_once():
    assert story(hunt(), "no_answer", "busy", "no_answer") == ["rings Anna", "rings Ben", "rings Cara", "nothing"]


def test_circular_goes_on_after_who_answered_last():
    live = at(hunts={1: HuntRecord(last=BEN)})
    told = story(hunt(policy="circular"), "no_answer", "no_answer", "no_answer", live=live)
    assert told == ["rings Cara", "rings Anna", "rings Ben", "nothing"]
    gone = at(hunts={1: HuntRecord(last="199")})
    assert story(hunt(policy="circular"), live=gone) == ["rings Anna"]


def test_simultaneous_rings_everybody_who_is_free():
    town = hunt(policy="simultaneous")
    assert story(town, "no_answer") == ["rings Anna+Ben+Cara", "nothing"]
    assert story(town, live=at(busy=frozenset({2}))) == ["rings Anna+Cara"]
    assert story(hunt(policy="simultaneous", call_waiting=True), live=at(busy=frozenset({2}))) == [
        "rings Anna+Ben+Cara"
    ]
    assert town.dial(SUPPORT).step.ring_s == 20
    assert hunt(policy="simultaneous", total_s=45).dial(SUPPORT).step.ring_s == 45


def test_uniform_takes_who_has_waited_longest():
    record = HuntRecord()
    for answered in (ANNA, CARA, BEN, ANNA):
        record.note(answered)
    told = story(hunt(policy="uniform"), "no_answer", "no_answer", live=at(hunts={1: record}))
    assert told == ["rings Cara", "rings Ben", "rings Anna"]


def test_who_has_not_yet_answered_goes_first_under_uniform():
    record = HuntRecord()
    record.note(ANNA)
    assert story(hunt(policy="uniform"), "no_answer", live=at(hunts={1: record})) == ["rings Ben", "rings Cara"]


def answered_by_first(policy, members, calls):
    """Every first member answers: who has how many of ``calls``, and the longest run without one."""
    record, shares, last, gaps = HuntRecord(), Counter(), {}, Counter()
    for number in range(calls):
        first = order(policy, members, record)[0]
        gaps[first] = max(gaps[first], number - last.get(first, number))
        last[first] = number
        shares[first] += 1
        record.note(first, members)
    return shares, gaps


def members_with(*weights):
    return tuple(
        HuntMember(id=n, company_id=1, hunt_group_id=1, extension=str(100 + n), weight=weight)
        for n, weight in enumerate(weights)
    )


@pytest.mark.parametrize("weights", [(50, 30, 20), (97, 1, 2), (34, 33, 33), (100,), (60, 20, 20, 0), (10, 20, 30)])
def test_weighted_gives_everybody_the_share_meant_for_him(weights):
    calls = 10_000
    shares, _ = answered_by_first("weighted", members_with(*weights), calls)
    for number, weight in enumerate(weights):
        share = shares[str(100 + number)] / calls
        assert share == pytest.approx(weight / sum(weights), abs=0.005)


def test_weighted_keeps_to_the_shares_all_along():
    members = members_with(50, 30, 20)
    for calls in range(10, 200, 10):
        shares, _ = answered_by_first("weighted", members, calls)
        assert all(abs(shares[m.extension] - m.weight / 100 * calls) <= 1.5 for m in members)


def test_members_without_a_weight_are_tried_last():
    members = members_with(0, 60, 40)
    record = HuntRecord()
    record.note("101", members)
    assert order("weighted", members, record) == ("102", "101", "100")


def calls_until_even(policy_members, record, newcomer, calls=100):
    """How many of the next calls the newcomer gets, each first member answering."""
    got = 0
    for _ in range(calls):
        first = order("weighted", policy_members, record)[0]
        got += first == newcomer
        record.note(first, policy_members)
    return got


def test_who_joins_or_comes_back_is_not_flooded_with_the_calls_that_were_missed():
    two, three = members_with(50, 50), members_with(40, 40, 20)
    record = HuntRecord()
    for _ in range(1000):
        record.note(order("weighted", two, record)[0], two)
    assert 20 <= calls_until_even(three, record, "102") <= 22
    for _ in range(1000):  # the first is away: the others take his calls
        present = [extension for extension in order("weighted", three, record) if extension != "100"]
        record.note(present[0], three)
    assert 40 <= calls_until_even(three, record, "100") <= 45


def test_who_leaves_the_group_is_forgotten():
    record = HuntRecord()
    for extension in ("100", "101", "102"):
        record.note(extension, members_with(40, 40, 20))
    record.note("100", members_with(50, 50))
    assert (set(record.order), set(record.credit)) == ({"100", "101"}, {"100", "101"})


def test_uniform_shares_out_evenly_and_nobody_waits_longer_than_a_round():
    shares, gaps = answered_by_first("uniform", members_with(0, 0, 0, 0, 0), 5000)
    assert set(shares.values()) == {1000}
    assert max(gaps.values()) == 5


# --- time and rounds -------------------------------------------------------------------------------------------------


def test_each_member_rings_so_often():
    assert hunt(rings=3).dial(SUPPORT).step.ring_s == 15


def test_with_a_total_time_the_members_are_gone_round_until_it_is_over():
    town = hunt(ANNA, BEN, rings=2, total_s=45, no_answer_to=to(DORA))
    decision, told = town.dial(SUPPORT, by=CARA, live=at()), []
    for seconds in (10, 20, 30, 40, 45):
        told.append((outcome(decision), decision.step.ring_s))
        decision = town.then(decision, "no_answer", at(seconds))
    assert told == [("rings Anna", 10), ("rings Ben", 10), ("rings Anna", 10), ("rings Ben", 10), ("rings Anna", 5)]
    assert outcome(decision) == "rings Dora"
    assert decision.situation.diversions[0].reason == "no-answer"
    assert decision.situation.hunt is None


def test_a_second_round_keeps_to_the_policy():
    live = at(hunts={1: HuntRecord(last=BEN)})
    told = story(hunt(policy="circular", total_s=600), *["no_answer"] * 4, live=live)
    assert told == ["rings Cara", "rings Anna", "rings Ben", "rings Cara", "rings Anna"]


def test_a_round_in_which_all_are_busy_is_the_last():
    town = hunt(ANNA, BEN, total_s=600)
    assert story(town, "busy", "busy") == ["rings Anna", "rings Ben", "nothing"]
    decision = town.then(town.dial(SUPPORT), "no_answer")
    everybody = at(10, busy=frozenset({1, 2}))
    assert town.then(decision, "no_answer", everybody) is None


# --- busy, unreachable -----------------------------------------------------------------------------------------------


def test_busy_members_are_passed_over_unless_they_may_have_a_second_call():
    live = at(busy=frozenset({1}))
    assert story(hunt(), live=live) == ["rings Ben"]
    waiting = hunt(call_waiting=True).user(ANNA, call_waiting=False).dial(SUPPORT, live=live)
    assert (outcome(waiting), waiting.step.waiting) == ("rings Anna", True)
    assert not hunt().dial(SUPPORT).step.waiting


def test_with_everybody_busy_the_group_is_busy():
    live = at(busy=frozenset({1, 2, 3}))
    assert outcome(hunt().dial(SUPPORT, live=live)) == "refused 486"
    assert outcome(hunt(busy_to=to(DORA)).dial(SUPPORT, by=ANNA, live=live)) == "rings Dora"
    town = hunt().new(Forward, extension=SUPPORT, case="busy", to=to(DORA))
    assert outcome(town.dial(SUPPORT, by=ANNA, live=live)) == "rings Dora"


def test_who_cannot_be_reached_or_wants_peace_is_passed_over():
    town = hunt().user(BEN, do_not_disturb=True)
    assert story(town, live=at(unreachable=frozenset({1}))) == ["rings Cara"]
    assert story(hunt().new(Presence, user_id=1, status="do_not_disturb")) == ["rings Ben"]
    assert outcome(hunt().dial(SUPPORT, by=ANNA)) == "rings Ben"  # the caller himself


def test_with_nobody_reachable_the_call_goes_elsewhere_or_is_busy():
    live = at(unreachable=frozenset({1, 2, 3}))
    assert outcome(hunt().dial(SUPPORT, live=live)) == "refused 480"
    assert outcome(hunt(unreachable_to=to(DORA)).dial(SUPPORT, by=ANNA, live=live)) == "rings Dora"
    assert outcome(hunt(busy_when_unreachable=True).dial(SUPPORT, live=live)) == "refused 486"
    busy = hunt(busy_when_unreachable=True, busy_to=to(DORA), unreachable_to=to(STRANGER))
    assert outcome(busy.dial(SUPPORT, by=ANNA, live=live)) == "rings Dora"


def test_members_who_turn_out_to_be_unreachable_count_as_such():
    town = hunt(ANNA, BEN, unreachable_to=to(DORA))
    assert story(town, "unreachable", "unreachable") == ["rings Anna", "rings Ben", "rings Dora"]


def test_an_empty_group_is_unreachable():
    town = Town(HuntGroup(id=1, company_id=1, extension=SUPPORT, name="Empty"))
    assert (outcome(town.dial(SUPPORT)), codes(town.dial(SUPPORT))[-1]) == ("refused 480", "nobody_in_group")


# --- forwarding, names, other members --------------------------------------------------------------------------------


def test_members_forwarding_does_not_count_the_groups_does():
    town = hunt().new(Forward, extension=ANNA, case="always", to=to(DORA))
    assert outcome(town.dial(SUPPORT, by=BEN)) == "rings Anna"
    assert outcome(town.new(Forward, extension=SUPPORT, case="always", to=to(DORA)).dial(SUPPORT)) == "rings Dora"


def test_nobody_answering_follows_the_groups_forwarding():
    town = hunt(ANNA, no_answer_to=to(DORA), busy_to=to(CARA))
    assert story(town, "no_answer") == ["rings Anna", "rings Dora"]
    assert story(town, "busy") == ["rings Anna", "rings Cara"]


def test_a_member_with_nothing_but_a_mobile_takes_the_turn_there():
    town = hunt(ANNA, BEN).user(ANNA, profile="mobile", mobile_number="+31612345678")
    away = Assumed(now_ms=MONDAY_NOON_MS, unreachable=frozenset({1}))
    first = town.dial(SUPPORT, live=away)
    assert outcome(first) == "rings Anna++31612345678"
    assert first.step.ring_s == 20
    assert outcome(town.then(first, "no_answer", live=away)) == "rings Ben"
    assert (
        outcome(
            town.dial(SUPPORT, live=Assumed(now_ms=MONDAY_NOON_MS, unreachable=frozenset({1}), busy=frozenset({1})))
        )
        == "rings Ben"
    )


def test_the_callers_name_says_which_group_is_meant():
    assert hunt().dial(SUPPORT).situation.prefix == "Support"
    assert hunt(caller_name="Helpdesk").dial(SUPPORT).situation.prefix == "Helpdesk"
    assert hunt(prefix_name=False).dial(SUPPORT).situation.prefix == ""


def test_a_forward_extension_takes_its_turn():
    town = hunt("201", ANNA, rings=3)
    town.new(ForwardExtension, extension="201", name="Porter", to=to(STRANGER), caller_id="called")
    decision = town.dial(SUPPORT, by=CARA)
    assert outcome(decision) == f"rings {STRANGER}"
    assert decision.step.ring_s == 15
    assert outcome(town.then(decision, "no_answer")) == "rings Anna"


def test_a_forward_extension_that_cannot_be_dialled_is_passed_over():
    town = hunt("201", ANNA).new(ForwardExtension, extension="201", name="P", to=Destination("number", "112"))
    assert outcome(town.dial(SUPPORT, by=CARA)) == "rings Anna"
    town = hunt("201").new(ForwardExtension, extension="201", name="P", to=to("+31112"))
    assert outcome(town.dial(SUPPORT)) == "refused 480"
