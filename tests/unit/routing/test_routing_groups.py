"""Group extensions: everybody rings (ACD-1, E 4.2)."""

import pytest
from routing_world import ANNA, BEN, CARA, DORA, STRANGER, Town, at_noon, codes, outcome, to, voicemail

from kiestoon.company.model import (
    AlternateNumber,
    Device,
    Forward,
    ForwardExtension,
    GroupExtension,
    GroupMember,
    Number,
    Presence,
    ReachOverride,
    ReachProfile,
)
from kiestoon.routing import FromUser, route

SALES = "300"


def group(*members, **fields):
    town = Town(GroupExtension(id=1, company_id=1, extension=SALES, name="Sales", **fields))
    town.add(Number(id=80, company_id=1, e164="+31207654180", extension=SALES))
    for member in members or (ANNA, BEN, CARA):
        town.new(GroupMember, group_id=1, extension=member)
    return town


def test_the_mobile_of_a_member_who_has_one_by_profile_rings_too():
    town = group(ANNA, BEN, no_answer_s=25).user(ANNA, profile="combi", mobile_number="+31612345678")
    assert outcome(town.dial(SALES)) == "rings Anna+Ben++31612345678"
    assert outcome(town.incoming("+31207654180", caller="+31612345678")) == "rings Anna+Ben"
    busy = at_noon(busy=frozenset({1}))
    assert outcome(town.dial(SALES, live=busy)) == "rings Anna+Ben++31612345678"  # a second call is allowed
    town.add(GroupExtension(id=1, company_id=1, extension=SALES, name="Sales", call_waiting=False))
    assert outcome(town.dial(SALES, live=busy)) == "rings Anna+Ben"
    town.rows = [row for row in town.rows if not isinstance(row, Device)]
    assert outcome(town.dial(SALES)) == "rings +31612345678"


def test_all_members_ring_at_once_for_as_long_as_the_group_says():
    decision = group(no_answer_s=25).incoming("+31207654180")
    assert outcome(decision) == "rings Anna+Ben+Cara"
    assert decision.step.ring_s == 25


def test_the_caller_is_not_rung_as_a_member():
    assert outcome(group().dial(SALES, by=BEN)) == "rings Anna+Cara"


@pytest.mark.parametrize("peace", ["service", "status"])
def test_members_who_do_not_want_to_be_disturbed_are_left_out(peace):
    town = group()
    if peace == "service":
        town.user(BEN, do_not_disturb=True)
    else:
        town.new(Presence, user_id=2, status="do_not_disturb")
    assert outcome(town.dial(SALES)) == "rings Anna+Cara"


def test_the_group_may_be_forwarded_always_when_busy_and_when_nobody_answers():
    assert outcome(group(forward_always=to(DORA)).dial(SALES, by=ANNA)) == "rings Dora"
    town = group(forward_busy=to(DORA), forward_no_answer=voicemail())
    ringing = town.incoming("+31207654180")
    assert outcome(town.then(ringing, "busy")) == "rings Dora"
    assert outcome(town.then(ringing, "rejected")) == "rings Dora"
    assert outcome(town.then(ringing, "no_answer")) == "voicemail 300"
    assert outcome(town.then(ringing, "unreachable")) == "voicemail 300"
    assert "forward_unreachable" in codes(town.then(ringing, "unreachable"))
    assert group().then(group().incoming("+31207654180"), "busy") is None


def test_the_group_may_be_forwarded_to_several_numbers_which_ring_at_once_and_then_the_call_is_theirs():
    town = group(forward_always=to(DORA), forward_always_also=("0612345678", "999"), forward_busy=to(BEN))
    decision = town.incoming("+31207654180")
    assert outcome(decision) == "rings Dora++31612345678"
    assert {"forward_always", "all_of_them"} <= set(codes(decision))
    assert town.then(decision, "busy") is None


def test_a_group_whose_numbers_are_all_nobodys_refuses_the_call():
    town = group(forward_no_answer=to("998"), forward_no_answer_also=("999",))
    decision = town.then(town.incoming("+31207654180"), "no_answer")
    assert outcome(decision) == "refused 480"
    assert "none_of_them" in codes(decision)


def test_a_group_has_forwardings_of_its_own_like_anybody():
    town = group().new(Forward, extension=SALES, case="no_answer", to=to(DORA))
    assert outcome(town.then(town.incoming("+31207654180"), "no_answer")) == "rings Dora"
    assert outcome(group().new(Forward, extension=SALES, case="always", to=to(DORA)).dial(SALES)) == "rings Dora"


def test_a_group_in_which_nobody_wants_calls_is_busy():
    """Do not disturb is as if busy (V 7.2)."""
    assert outcome(group(ANNA).user(ANNA, do_not_disturb=True).dial(SALES)) == "refused 486"
    town = group(ANNA, BEN, forward_busy=to(CARA), forward_no_answer=to(DORA))
    for member in (ANNA, BEN):
        town.user(member, do_not_disturb=True)
    assert outcome(town.incoming("+31207654180")) == "rings Cara"
    town.add(GroupExtension(id=1, company_id=1, extension=SALES, name="Sales", forward_no_answer=to(DORA)))
    assert outcome(town.incoming("+31207654180")) == "rings Dora"


def test_nobody_there_counts_as_unreachable():
    town = group(ANNA)
    town.rows = [row for row in town.rows if not isinstance(row, Device)]
    assert (outcome(town.dial(SALES)), codes(town.dial(SALES))[-1]) == ("refused 480", "nobody_in_group")
    town = group(ANNA, forward_no_answer=to(DORA)).user(ANNA, do_not_disturb=True)
    assert outcome(town.dial(SALES, by=BEN)) == "rings Dora"


def test_members_see_the_number_that_was_called_where_the_group_says_so():
    assert group(show="called").incoming("+31207654180").situation.prefix == "+31207654180"
    assert group(show="called").dial(SALES).situation.prefix == SALES
    assert group().incoming("+31207654180").situation.prefix == ""


def test_call_waiting_is_as_the_group_says():
    assert all(person.waiting for person in group().user(ANNA, call_waiting=False).dial(SALES).step.people)
    assert not any(person.waiting for person in group(call_waiting=False).dial(SALES).step.people)


# --- members' own forwarding -----------------------------------------------------------------------------------------


def test_members_forwarding_does_not_count_unless_the_group_allows_it():
    town = group(ANNA, BEN).new(Forward, extension=ANNA, case="always", to=to(DORA))
    assert outcome(town.dial(SALES, by=CARA)) == "rings Anna+Ben"
    town = group(ANNA, BEN, individual_forwarding=True).new(Forward, extension=ANNA, case="always", to=to(DORA))
    assert outcome(town.dial(SALES, by=CARA)) == "rings Dora+Ben"


@pytest.mark.parametrize(
    ("target", "result"),
    [
        (to(STRANGER), f"rings Ben+{STRANGER}"),
        (voicemail(), "rings Ben"),
        (to("00701234567"), f"rings Ben+{STRANGER}"),
        (to("301"), "rings Ben"),
        (to("180"), "rings Ben+Dora"),
        (to(BEN), "rings Ben"),
        (to("+31112"), "rings Ben"),
    ],
)
def test_a_members_forwarding_is_followed_one_step_to_colleagues_and_numbers(target, result):
    town = group(BEN, ANNA, individual_forwarding=True).new(Forward, extension=ANNA, case="always", to=target)
    town.add(GroupExtension(id=2, company_id=1, extension="301", name="Others"))
    town.new(AlternateNumber, user_id=4, extension="180")
    assert outcome(town.dial(SALES, by=CARA)) == result


def test_the_matrix_counts_as_a_members_own_forwarding():
    for allowed, result in ((True, "rings Dora"), (False, "rings Anna")):
        town = group(ANNA, individual_forwarding=allowed)
        town.new(ReachProfile, user_id=1, name="S", is_default=True, forward_always=to(DORA))
        assert outcome(town.dial(SALES, by=CARA)) == result


def test_devices_chosen_by_hand_count_in_groups_too():
    town = group(ANNA).add(Device(id=30, company_id=1, username="soft", secret="s", user_id=1, kind="web"))
    town.new(ReachProfile, user_id=1, name="S", is_default=True).new(ReachOverride, user_id=1, devices=("web",))
    assert [device.username for device in town.dial(SALES).step.people[0].devices] == ["soft"]


def test_a_forward_extension_rings_its_number_and_shows_what_it_says():
    town = group(ANNA, "201")
    town.new(ForwardExtension, extension="201", name="Night porter", to=to(STRANGER), caller_id="caller")
    decision = town.incoming("+31207654180", caller="+31101111111")
    assert outcome(decision) == f"rings Anna+{STRANGER}"
    assert decision.step.outside[0].caller_number == "+31101111111"
    assert decision.situation.shown == ""


# --- what the group shows outside, and members who cannot take a call (E 4.2) ----------------------------------------


@pytest.mark.parametrize(("show", "shown"), [("caller", STRANGER), ("called", "+31207654180")])
@pytest.mark.parametrize("case", ["always", "busy", "no_answer"])
def test_a_group_that_forwards_outside_shows_the_number_it_shows_its_members(show, shown, case):
    town = group(show=show, **{f"forward_{case}": to("00701234000")})
    decision = town.incoming("+31207654180")
    if case != "always":
        decision = town.then(decision, case)
    assert (outcome(decision), decision.step.caller_number) == ("dials +31701234000", shown)


def test_the_number_a_group_shows_is_its_own_affair_not_its_members():
    town = group(individual_forwarding=True).new(Forward, extension=ANNA, case="always", to=to("00701234000"))
    (dial,) = town.incoming("+31207654180").step.outside
    assert dial.caller_number == "+31207654101"


@pytest.mark.parametrize("case", ["busy", "unreachable"])
def test_a_member_who_cannot_take_the_call_forwards_where_the_group_allows_it(case):
    town = group(ANNA, BEN, call_waiting=False).new(Forward, extension=ANNA, case=case, to=to(CARA))
    there = at_noon(**({"busy": frozenset({1})} if case == "busy" else {"unreachable": frozenset({1})}))
    assert outcome(town.dial(SALES, live=there)) == "rings Anna+Ben"
    town = group(ANNA, BEN, call_waiting=False, individual_forwarding=True)
    town.new(Forward, extension=ANNA, case=case, to=to(CARA))
    assert outcome(town.dial(SALES, live=there)) == "rings Cara+Ben"
    assert outcome(town.dial(SALES)) == "rings Anna+Ben"


def test_a_member_who_may_get_a_second_call_is_rung_not_forwarded():
    town = group(ANNA, BEN, call_waiting=True, individual_forwarding=True)
    town.new(Forward, extension=ANNA, case="busy", to=to(CARA))
    assert outcome(town.dial(SALES, live=at_noon(busy=frozenset({1})))) == "rings Anna+Ben"


# --- members who do not answer ---------------------------------------------------------------------------------------


def later(decision):
    """Who rings in place of whom, and when."""
    return [
        (
            each.after_s,
            each.in_place_of,
            [one.user.name for one in each.people] + [dial.number for dial in each.outside],
        )
        for each in decision.step.later
    ]


def test_a_member_who_does_not_answer_is_replaced_as_the_members_own_forwarding_says():
    town = group(ANNA, BEN, individual_forwarding=True)
    town.new(Forward, extension=ANNA, case="no_answer", to=to(DORA), rings=2)
    town.new(Forward, extension=BEN, case="no_answer", to=to(STRANGER), rings=4)
    decision = town.dial(SALES, by=CARA)
    assert outcome(decision) == "rings Anna+Ben"
    assert later(decision) == [(10, 1, ["Dora"]), (20, 2, [STRANGER])]
    assert codes(decision).count("member_forwards") == 2
    assert "forward_no_answer" not in codes(decision), "that is not so yet"


@pytest.mark.parametrize(
    ("forward", "fields"),
    [
        ({"to": to(DORA), "rings": 2}, {"individual_forwarding": False}),
        ({"to": to(DORA), "rings": 6}, {"individual_forwarding": True}),
        ({"to": voicemail(), "rings": 2}, {"individual_forwarding": True}),
        ({"to": to(BEN), "rings": 2}, {"individual_forwarding": True}),
        ({"to": to(CARA), "rings": 2}, {"individual_forwarding": True}),
    ],
    ids=["not allowed", "later than the group", "to a voicemail", "to who rings anyway", "to the caller"],
)
def test_nobody_rings_in_a_members_place_where(forward, fields):
    town = group(ANNA, BEN, no_answer_s=30, **fields).new(Forward, extension=ANNA, case="no_answer", **forward)
    assert later(town.dial(SALES, by=CARA)) == []


def test_a_call_that_may_not_be_diverted_is_not_forwarded_by_members_either():
    town = group(ANNA, BEN, individual_forwarding=True)
    town.new(Forward, extension=ANNA, case="no_answer", to=to(DORA), rings=2)
    decision = route(town.directory, FromUser(1, 3), SALES, live=at_noon(), inhibited=True)
    assert (outcome(decision), later(decision)) == ("rings Anna+Ben", [])
