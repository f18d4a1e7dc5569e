"""A manager's calls are offered to the assistants (REACH-16, E 6.2)."""

import pytest
from routing_world import ANNA, BEN, CARA, DORA, Town, at_noon, codes, outcome, to, voicemail

from kiestoon.company.model import (
    AssistantGroup,
    Forward,
    PrivacyGroup,
    PrivacyMember,
    ReachProfile,
    RemoteOffice,
    RingNumber,
    Rule,
    SequentialRinging,
    SimultaneousRinging,
)
from kiestoon.routing import FromUser, route, see_outsider


def managed(*members, **settings):
    """Anna's calls are offered to these."""
    town = Town(PrivacyGroup(id=1, company_id=1, name="Secretaries"))
    town.new(AssistantGroup, user_id=1, group_id=1, **settings)
    for member in members or (BEN, CARA):
        town.new(PrivacyMember, group_id=1, extension=member)
    return town


def test_the_assistants_ring_and_the_managers_phone_does_not():
    decision = managed().incoming()
    assert outcome(decision) == "rings Ben+Cara"
    assert decision.step.told == 1
    assert decision.situation.prefix == "Anna"
    assert "assistants" in codes(decision)
    assert outcome(managed(active=False).incoming()) == "rings Anna"


@pytest.mark.parametrize(("group", "profile", "rings"), [
    (True, False, "Anna"), (False, True, "Ben+Cara"), (True, None, "Ben+Cara"), (False, None, "Anna"),
])  # fmt: skip
def test_the_profile_of_the_moment_may_say_otherwise(group, profile, rings):
    town = managed(active=group).new(ReachProfile, user_id=1, name="Usual", is_default=True, assistants=profile)
    assert outcome(town.incoming()) == f"rings {rings}"


def test_an_assistant_reaches_the_manager_and_so_does_whom_an_assistant_transfers():
    assert outcome(managed().dial(ANNA, by=BEN)) == "rings Anna"
    town = managed()
    stranger = see_outsider("+31701234567", withheld=False, country="NL")
    transferred = route(town.directory, FromUser(1, 2), ANNA, live=at_noon(), caller=stranger)
    assert (outcome(transferred), codes(transferred)[-1]) == ("rings Anna", "by_an_assistant")
    assert outcome(town.dial(ANNA, by=DORA)) == "rings Ben+Cara"


def test_assistants_who_are_not_there_or_want_peace_do_not_ring_and_without_any_the_manager_does():
    town = managed().user(BEN, do_not_disturb=True)
    assert outcome(town.incoming()) == "rings Cara"
    away = at_noon(unreachable=frozenset({3}))
    decision = town.incoming(live=away)
    assert (outcome(decision), "no_assistant" in codes(decision)) == ("rings Anna", True)


def test_the_managers_own_forwardings_come_before_and_after():
    town = managed().new(Forward, extension=ANNA, case="no_answer", to=voicemail(), rings=3)
    decision = town.incoming()
    assert decision.step.ring_s == 15
    assert outcome(town.then(decision, "no_answer")) == "voicemail 101"
    assert outcome(town.then(decision, "busy")) == "nothing"
    assert outcome(managed().new(Forward, extension=ANNA, case="always", to=to(DORA)).incoming()) == "rings Dora"


def test_no_other_numbers_ring_while_the_assistants_do():
    town = managed().new(SimultaneousRinging, user_id=1).new(SequentialRinging, user_id=1)
    for service in ("simultaneous", "sequential"):
        town.new(RingNumber, user_id=1, service=service, position=1, to=to(DORA))
        town.new(Rule, service=f"{service}_ringing", name="All", extension=ANNA)
    decision = town.incoming()
    assert outcome(decision) == "rings Ben+Cara"
    assert town.then(decision, "no_answer") is None


def test_a_manager_among_the_assistants_is_not_rung_by_them():
    assert outcome(managed(ANNA, BEN).incoming()) == "rings Ben"


# --- assistants who work elsewhere -----------------------------------------------------------------------------------

HOTEL = "+31201112222"


def elsewhere(*members, confirm=False):
    """Ben's calls go to another telephone for now."""
    return managed(*members).new(RemoteOffice, user_id=2, number=HOTEL, confirm=confirm)


@pytest.mark.parametrize("confirm", [True, False])
def test_an_assistant_is_rung_where_she_works_now_and_confirms_as_it_is_set(confirm):
    decision = elsewhere(confirm=confirm).incoming()
    assert outcome(decision) == f"rings Cara+{HOTEL}"
    (dial,) = decision.step.outside
    assert (dial.user_id, dial.confirm, decision.step.told) == (2, confirm, 1)
    assert ("confirms" in codes(decision), "remote_office" in codes(decision)) == (confirm, True)


def test_an_assistant_elsewhere_is_there_though_no_phone_of_hers_is():
    away = at_noon(unreachable=frozenset({2}))
    assert outcome(elsewhere(BEN).incoming(live=away)) == f"rings {HOTEL}"
    assert outcome(elsewhere(BEN).user(BEN, do_not_disturb=True).incoming(live=away)) == "rings Anna"


def test_an_assistant_who_speaks_elsewhere_is_called_there_only_where_she_takes_second_calls():
    busy = at_noon(busy=frozenset({2}))
    assert outcome(elsewhere().user(BEN, call_waiting=False).incoming(live=busy)) == "rings Cara"
    assert outcome(elsewhere().user(BEN, call_waiting=True).incoming(live=busy)) == f"rings Cara+{HOTEL}"
    assert outcome(elsewhere(BEN).user(BEN, call_waiting=False).incoming(live=busy)) == "rings Anna"


def test_the_telephone_of_two_assistants_is_called_once_and_never_for_a_call_from_it():
    town = elsewhere().new(RemoteOffice, user_id=3, number=HOTEL)
    assert outcome(town.incoming()) == f"rings {HOTEL}"
    assert outcome(elsewhere(BEN).incoming(caller=HOTEL)) == "rings Ben"
