"""Services that are not assigned do not act; virtual users have some of their own (ORG-5, ORG-8, V 18.5)."""

import pytest
from routing_world import ANNA, BEN, CARA, STRANGER, Town, codes, outcome, to, voicemail

from kiestoon.company.model import (
    Forward,
    GroupExtension,
    GroupMember,
    HuntGroup,
    HuntMember,
    Location,
    Menu,
    Number,
    PackAssignment,
    Rule,
    ServiceAssignment,
    ServicePack,
)

HOUSE = "300"


def withheld(town, service, extension=ANNA):
    return town.new(ServiceAssignment, extension=extension, service=service, assigned=False)


def test_a_forwarding_of_somebody_who_has_lost_the_service_does_not_apply():
    town = Town().new(Forward, extension=ANNA, case="always", to=to(BEN))
    assert outcome(town.dial(ANNA)) == "rings Ben"
    assert outcome(withheld(town, "forwarding").dial(ANNA)) == "rings Anna"


def test_a_pack_that_is_taken_back_takes_the_service_along():
    town = Town().new(Forward, extension=ANNA, case="always", to=to(BEN))
    town.add(ServicePack(id=1, company_id=1, name="Plus", services=("forwarding",)))
    assert outcome(town.dial(ANNA)) == "rings Anna"
    town.add(PackAssignment(id=1, company_id=1, pack_id=1, extension=ANNA))
    assert outcome(town.dial(ANNA)) == "rings Ben"


def test_do_not_disturb_and_rejection_do_not_act_without_their_services():
    town = Town().user(ANNA, do_not_disturb=True, reject_anonymous=True)
    town.new(Rule, service="selective_reject", name="No", extension=ANNA)
    for service in ("do_not_disturb", "anonymous_rejection"):
        withheld(town, service)
    assert outcome(town.incoming(withheld=True)) == "refused 403"
    assert outcome(withheld(town, "selective_rejection").incoming(withheld=True)) == "rings Anna"


def test_without_call_waiting_no_second_call_is_offered():
    assert Town().dial(ANNA).step.waiting is True
    assert withheld(Town(), "call_waiting").dial(ANNA).step.waiting is False


def test_a_location_that_sends_calls_to_voicemail_finds_none_where_it_is_not_assigned():
    town = Town().add(Location(id=1, company_id=1, name="Hall", area_code="020", forward="on", forward_to=voicemail()))
    assert outcome(town.dial(ANNA)) == f"voicemail {ANNA}"
    decision = withheld(town, "voicemail").dial(ANNA)
    assert outcome(decision) == "refused 480"
    assert "no_voicemail" in codes(decision)


def house(kind):
    if kind == "menu":
        return Town(Menu(id=1, company_id=1, extension=HOUSE, name="House"))
    if kind == "group":
        town = Town(GroupExtension(id=1, company_id=1, extension=HOUSE, name="House"))
        return town.new(GroupMember, group_id=1, extension=ANNA)
    town = Town(HuntGroup(id=1, company_id=1, extension=HOUSE, name="House"))
    return town.new(HuntMember, hunt_group_id=1, extension=ANNA)


def called(town, caller=STRANGER):
    """From outside, at a number of the house's own."""
    if not any(getattr(row, "e164", "") == "+31207654180" for row in town.rows):
        town.add(Number(id=80, company_id=1, e164="+31207654180", extension=HOUSE))
    return town.incoming("+31207654180", caller)


USUAL = {"menu": "EnterMenu", "group": "rings Anna", "hunt group": "rings Anna"}


@pytest.mark.parametrize("kind", USUAL)
def test_a_virtual_user_can_be_forwarded(kind):
    town = house(kind)
    assert outcome(town.dial(HOUSE)) == USUAL[kind]
    town.new(Forward, extension=HOUSE, case="always", to=to(CARA))
    assert outcome(town.dial(HOUSE)) == "rings Cara"
    assert outcome(withheld(town, "forwarding", HOUSE).dial(HOUSE)) == USUAL[kind]


@pytest.mark.parametrize("kind", USUAL)
def test_a_virtual_user_can_have_its_calls_taken_by_its_voicemail(kind):
    town = house(kind).new(Forward, extension=HOUSE, case="always", voicemail=True)
    assert outcome(town.dial(HOUSE)) == f"voicemail {HOUSE}"


@pytest.mark.parametrize("kind", USUAL)
def test_a_virtual_user_rejects_accepts_and_forwards_by_rules(kind):
    town = house(kind).new(Rule, service="selective_reject", name="No", extension=HOUSE, patterns=("+3170*",))
    assert outcome(called(town)) == "refused 403"
    assert outcome(called(town, "+31201234567")) == USUAL[kind]
    town = house(kind).new(Rule, service="selective_accept", name="Only", extension=HOUSE, patterns=("+3170*",))
    assert outcome(called(town, "+31201234567")) == "refused 403"
    assert outcome(called(town)) == USUAL[kind]
    town = house(kind).new(Forward, extension=HOUSE, case="selective", to=to(CARA))
    town.new(Rule, service="selective_forward", name="Far", extension=HOUSE, patterns=("+3170*",))
    assert outcome(called(town)) == "rings Cara"
    assert outcome(called(town, "+31201234567")) == USUAL[kind]
