"""Numbers that ring along with a person's phones (REACH-6, V 9.1-9.2)."""

import pytest
from routing_world import ANNA, BEN, CARA, DORA, STRANGER, Town, at_noon, codes, outcome, to, voicemail

from kiestoon.company.model import (
    Destination,
    Device,
    Forward,
    GroupExtension,
    GroupMember,
    Presence,
    RingNumber,
    Rule,
    SimultaneousRinging,
)

MOBILE = "0612345678"


def ringing(*targets, confirm=False, **settings):
    """Anna's calls ring at these as well."""
    town = Town().new(SimultaneousRinging, user_id=1, **settings)
    for position, target in enumerate(targets, 1):
        where = target if isinstance(target, Destination) else to(target)
        town.new(RingNumber, user_id=1, service="simultaneous", position=position, to=where, confirm=confirm)
    return town


def test_extensions_and_numbers_ring_at_once_with_the_persons_own_phones():
    decision = ringing(BEN, MOBILE).incoming()
    assert outcome(decision) == "rings Anna+Ben++31612345678"
    assert decision.step.personal
    assert codes(decision).count("rings_along") == 2


def test_what_is_switched_off_or_has_no_numbers_rings_nobody_else():
    assert outcome(ringing(BEN, active=False).incoming()) == "rings Anna"
    assert outcome(ringing().incoming()) == "rings Anna"


@pytest.mark.parametrize(
    ("when", "busy", "rings"),
    [("always", False, "Anna+Ben"), ("always", True, "Anna+Ben"), ("busy", False, "Anna"), ("busy", True, "Anna+Ben"),
     ("free", False, "Anna+Ben"), ("free", True, "Anna")],
)  # fmt: skip
def test_the_others_ring_always_or_only_while_the_person_is_in_a_call_or_only_while_not(when, busy, rings):
    live = at_noon(busy=frozenset({1} if busy else ()))
    assert outcome(ringing(BEN, ring_when=when).incoming(live=live)) == f"rings {rings}"


def test_rules_choose_for_which_calls_and_one_against_wins():
    town = ringing(BEN).new(Rule, service="simultaneous_ringing", name="Outside", extension=ANNA, kinds=("external",))
    assert outcome(town.incoming()) == "rings Anna+Ben"
    assert outcome(town.dial(ANNA)) == "rings Anna"
    town.new(Rule, service="simultaneous_ringing", name="Not", extension=ANNA, patterns=(STRANGER,), applies=False)
    assert outcome(town.incoming()) == "rings Anna"


def test_confirmation_is_asked_where_the_number_says_so():
    decision = ringing(BEN, MOBILE, confirm=True).incoming()
    own, ben = decision.step.people
    assert (own.confirm, ben.confirm, decision.step.outside[0].confirm) == (False, True, True)
    assert codes(decision).count("confirms") == 2


def test_the_call_stays_the_persons_when_nobody_answers():
    town = ringing(BEN).new(Forward, extension=ANNA, case="no_answer", to=voicemail(), rings=4)
    decision = town.incoming()
    assert decision.step.ring_s == 20
    assert outcome(town.then(decision, "no_answer")) == "voicemail 101"


@pytest.mark.parametrize("case", ["always", "do_not_disturb"])
def test_forwarding_and_do_not_disturb_come_first(case):
    town = ringing(BEN)
    if case == "always":
        town.new(Forward, extension=ANNA, case="always", to=to(CARA))
        assert outcome(town.incoming()) == "rings Cara"
    else:
        assert outcome(town.user(ANNA, do_not_disturb=True).incoming()) == "refused 486"


def test_a_colleague_rings_whatever_he_has_arranged_but_not_against_his_will():
    town = ringing(BEN).new(Forward, extension=BEN, case="always", to=to(CARA))
    assert outcome(town.incoming()) == "rings Anna+Ben"
    assert outcome(town.user(BEN, do_not_disturb=True).incoming()) == "rings Anna"
    town = ringing(BEN).new(Presence, user_id=2, status="do_not_disturb")
    assert outcome(town.incoming()) == "rings Anna"


def test_nobody_is_rung_twice_nor_the_caller_nor_by_way_of_an_own_number():
    town = ringing(BEN, "0207654102", ANNA, "0207654101")
    assert outcome(town.incoming()) == "rings Anna+Ben"
    assert outcome(town.dial(ANNA, by=BEN)) == "rings Anna"
    assert outcome(ringing(MOBILE).incoming(caller="+31612345678")) == "rings Anna"
    assert outcome(ringing(MOBILE, "+31612345678").incoming()) == "rings Anna++31612345678"


def test_what_answers_by_itself_is_not_rung():
    town = ringing(to("300")).new(GroupExtension, extension="300", name="Sales")
    assert outcome(town.incoming()) == "rings Anna"


def test_a_person_without_phones_is_reached_at_the_numbers():
    town = ringing(MOBILE).add(Device(id=11, company_id=1, username="d1", secret="s", user_id=1, active=False))
    decision = town.incoming()
    assert outcome(decision) == "rings Anna++31612345678"
    assert "no_devices" not in codes(decision)


def test_the_own_mobile_is_whatever_it_is_now():
    town = ringing(to("", "mobile")).user(ANNA, mobile_number="+31687654321")
    assert outcome(town.incoming()) == "rings Anna++31687654321"
    assert outcome(ringing(to("", "mobile")).incoming()) == "rings Anna"


def test_a_mobile_that_rings_anyway_is_rung_once_and_confirms_where_the_list_says_so():
    town = ringing(MOBILE, confirm=True).user(ANNA, mobile_number="+31612345678", profile="combi")
    step = town.incoming().step
    assert [(dial.number, dial.confirm) for dial in step.outside] == [("+31612345678", True)]


def test_blocked_kinds_of_number_and_emergency_numbers_do_not_ring():
    assert outcome(ringing(MOBILE, "112").user(ANNA, blocked=("mobile",)).incoming()) == "rings Anna"


def test_calls_to_groups_ring_the_phones_of_members_alone():
    town = ringing(MOBILE).new(GroupExtension, extension="300", name="Sales")
    group = town.rows[-1]
    town.new(GroupMember, group_id=group.id, extension=ANNA).new(GroupMember, group_id=group.id, extension=BEN)
    assert outcome(town.dial("300", by=DORA)) == "rings Anna+Ben"
