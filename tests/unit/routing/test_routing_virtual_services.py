"""Virtual users have services like people: they accept, reject and forward calls (ORG-8, V 18.5, V 21.1.5, V 22.2)."""

import pytest
from routing_world import BEN, STRANGER, Town, codes, outcome, to

from kiestoon.company.model import Forward, GroupExtension, GroupMember, HuntGroup, HuntMember, Menu, Number, Rule

VIRTUAL = "300"
KINDS = {Menu: "EnterMenu", GroupExtension: "rings Anna", HuntGroup: "rings Anna"}


def town_with(kind, *rows):
    town = Town(kind(id=1, company_id=1, extension=VIRTUAL, name="Desk"))
    town.add(Number(id=80, company_id=1, e164="+31207654180", extension=VIRTUAL), *rows)
    if kind is GroupExtension:
        town.new(GroupMember, group_id=1, extension="101")
    elif kind is HuntGroup:
        town.new(HuntMember, hunt_group_id=1, extension="101")
    return town


def rule(service, **fields):
    return Rule(id=1, company_id=1, extension=VIRTUAL, service=service, name="r", **fields)


@pytest.mark.parametrize("kind", KINDS)
def test_all_calls_to_a_virtual_user_may_be_forwarded(kind):
    town = town_with(kind)
    assert outcome(town.incoming("+31207654180")) == KINDS[kind]
    decision = town.new(Forward, extension=VIRTUAL, case="always", to=to(BEN)).incoming("+31207654180")
    assert outcome(decision) == "rings Ben"
    assert decision.situation.diversions[0].by == VIRTUAL


@pytest.mark.parametrize("kind", KINDS)
def test_selected_callers_of_a_virtual_user_are_forwarded_or_turned_away(kind):
    selective = Forward(id=1, company_id=1, extension=VIRTUAL, case="selective", to=to(BEN))
    town = town_with(kind, selective, rule("selective_forward", patterns=("+3170*",)))
    assert outcome(town.incoming("+31207654180", STRANGER)) == "rings Ben"
    assert outcome(town.incoming("+31207654180", "+31612345678")) == KINDS[kind]
    rejecting = town_with(kind, rule("selective_reject", patterns=("+3170*",)))
    refused = rejecting.incoming("+31207654180", STRANGER)
    assert (outcome(refused), codes(refused)[-1]) == ("refused 403", "rejected_by_rule")
    accepting = town_with(kind, rule("selective_accept", patterns=("+3170*",)))
    assert outcome(accepting.incoming("+31207654180", STRANGER)) == KINDS[kind]
    assert outcome(accepting.incoming("+31207654180", "+31612345678")) == "refused 403"
