"""Calls from outside: number plans, personal and alternate numbers (RTE-1, RTE-2, REACH-8, E 8, V 9.4)."""

import pytest
from msgspec.structs import replace
from routing_world import ANNA, BEN, CARA, DORA, HOUR_MS, LINE, MONDAY_NOON_MS, Town, at_noon, codes, outcome, to

from kiestoon.company.directory import Directory
from kiestoon.company.model import (
    AlternateNumber,
    Company,
    CompanyRows,
    Forward,
    HuntGroup,
    HuntMember,
    Number,
    NumberPlan,
    NumberScheme,
    PlanHoliday,
    PlanMapping,
    PlanOverride,
    PlanPeriod,
    Trunk,
    User,
    WeekBlock,
)
from kiestoon.routing import Assumed, DialOutside, FromTrunk, route

MAIN = "+31207654100"
DAY, NIGHT, HOLIDAY, FIRE = 1, 2, 3, 4
EVENING = Assumed(now_ms=MONDAY_NOON_MS + 8 * HOUR_MS)


def plans(*rows, fallback=NIGHT):
    """The main number leads to Anna by day, Ben by night, Cara on holidays, Dora in case of fire."""
    town = Town(NumberScheme(id=1, company_id=1, name="Main", is_main=True))
    for plan, extension in ((DAY, ANNA), (NIGHT, BEN), (HOLIDAY, CARA), (FIRE, DORA)):
        town.add(NumberPlan(id=plan, company_id=1, scheme_id=1, name=f"P{plan}", is_fallback=plan == fallback))
        town.new(PlanMapping, plan_id=plan, number_id=90, extension=extension, prefix=f"P{plan}")
    blocks = tuple(WeekBlock(day, 540, 1020) for day in range(5))
    return town.new(PlanPeriod, scheme_id=1, plan_id=DAY, blocks=blocks).add(*rows)


HOLIDAY_ROW = PlanHoliday(
    id=1, company_id=1, scheme_id=1, plan_id=HOLIDAY, name="Party", start="2026-03-02T10:00", end="2026-03-02T22:00"
)
OVERRIDE = PlanOverride(id=1, company_id=1, scheme_id=1, plan_id=FIRE, until_ms=MONDAY_NOON_MS + 9 * HOUR_MS)


def test_the_weeks_schedule_says_which_plan_is_active_and_the_fallback_fills_the_gaps():
    assert outcome(plans().incoming(MAIN)) == "rings Anna"
    assert outcome(plans().incoming(MAIN, live=EVENING)) == "rings Ben"


def test_a_holiday_wins_over_the_week_and_an_override_over_both():
    assert outcome(plans(HOLIDAY_ROW).incoming(MAIN)) == "rings Cara"
    assert outcome(plans(HOLIDAY_ROW, OVERRIDE).incoming(MAIN)) == "rings Dora"
    over = Assumed(now_ms=MONDAY_NOON_MS + 9 * HOUR_MS)
    assert outcome(plans(HOLIDAY_ROW, OVERRIDE).incoming(MAIN, live=over)) == "rings Cara"


def test_the_plan_of_the_moment_is_told_and_may_prefix_the_caller():
    decision = plans(OVERRIDE).incoming(MAIN)
    assert decision.situation.prefix == f"P{FIRE}"
    town = (
        plans()
        .add(HuntGroup(id=1, company_id=1, extension="300", name="Support"))
        .new(HuntMember, hunt_group_id=1, extension=ANNA)
    )
    town.rows = [replace(row, extension="300") if isinstance(row, PlanMapping) else row for row in town.rows]
    assert town.incoming(MAIN).situation.prefix == f"P{DAY} - Support"  # the number called, then the group
    told = next(reason for reason in decision.reasons if reason.code == "plan_active")
    assert told.params["plan"] == "P4"
    assert told.params["source"]


def test_without_an_active_plan_the_number_is_closed():
    decision = plans(fallback=0).incoming(MAIN, live=EVENING)
    assert (outcome(decision), decision.step.announce, codes(decision)[-1]) == (
        "refused 480",
        "closed",
        "no_plan_active",
    )


def test_a_number_without_a_place_in_the_active_plan_is_closed():
    town = plans()
    town.rows = [row for row in town.rows if not (isinstance(row, PlanMapping) and row.plan_id == NIGHT)]
    assert codes(town.incoming(MAIN, live=EVENING))[-1] == "not_in_active_plan"


def test_a_number_in_no_plan_is_not_found():
    decision = Town().incoming(MAIN)
    assert (outcome(decision), codes(decision)[-1]) == ("refused 404", "in_no_plan")


def test_each_scheme_has_its_own_active_plan():
    town = plans(OVERRIDE, NumberScheme(id=2, company_id=1, name="Branch"))
    town.add(NumberPlan(id=20, company_id=1, scheme_id=2, name="Always", is_fallback=True))
    town.add(Number(id=80, company_id=1, e164="+31207654180"))
    town.new(PlanMapping, plan_id=20, number_id=80, extension=BEN)
    assert outcome(town.incoming("+31207654180")) == "rings Ben"
    assert outcome(town.incoming(MAIN)) == "rings Dora"


def test_a_personal_number_leads_to_its_person_whatever_the_plans_say():
    assert outcome(plans(OVERRIDE).incoming("+31207654102")) == "rings Ben"


def test_a_colleague_who_dials_the_number_gets_what_the_plan_says():
    assert outcome(plans().dial("00207654100")) == "rings Anna"
    assert outcome(plans().dial("+31207654100", live=EVENING)) == "rings Ben"


def test_forwarding_to_a_planned_number_follows_the_plan():
    town = plans().new(Forward, extension=DORA, case="always", to=to(MAIN))
    assert outcome(town.incoming("+31207654104")) == "rings Anna"
    assert outcome(plans(fallback=0).new(Forward, extension=DORA, case="always", to=to(MAIN)).incoming(
        "+31207654104", live=EVENING)) == "refused 480"  # fmt: skip


# --- alternate numbers -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("pattern", [1, 2, 3, 4])
def test_an_alternate_number_rings_its_person_with_its_pattern(pattern):
    town = Town(Number(id=80, company_id=1, e164="+31207654180"))
    town.new(AlternateNumber, user_id=1, number_id=80, ring_pattern=pattern)
    town.new(AlternateNumber, user_id=1, extension="180", ring_pattern=pattern)
    for decision in (town.incoming("+31207654180"), town.dial("180"), town.dial("00207654180")):
        assert (outcome(decision), decision.step.alert) == ("rings Anna", pattern)
        assert "alternate" in codes(decision)
    assert town.incoming("+31207654101").step.alert == 0


def test_a_person_may_have_all_numbers_ring_alike():
    town = Town(Number(id=80, company_id=1, e164="+31207654180")).user(ANNA, distinctive_ringing=False)
    town.new(AlternateNumber, user_id=1, number_id=80, ring_pattern=3)
    town.new(AlternateNumber, user_id=1, extension="180", ring_pattern=3)
    for decision in (town.incoming("+31207654180"), town.dial("180")):
        assert (outcome(decision), decision.step.alert) == ("rings Anna", 0)


def test_the_persons_forwarding_counts_for_alternate_numbers():
    town = (
        Town().new(AlternateNumber, user_id=1, extension="180").new(Forward, extension=ANNA, case="always", to=to(BEN))
    )
    assert outcome(town.dial("180")) == "rings Ben"


def test_the_pattern_of_an_alternate_number_does_not_go_with_a_call_to_somebody_else():
    town = Town().new(AlternateNumber, user_id=1, extension="180", ring_pattern=3)
    town.new(Forward, extension=ANNA, case="no_answer", to=to(BEN))
    decision = town.dial("180")
    assert decision.step.alert == 3
    assert town.then(decision, "no_answer").step.alert == 0


# --- lines shared by companies ---------------------------------------------------------------------------------------


def test_on_a_shared_line_numbers_are_read_as_in_every_companys_country():
    german = CompanyRows(
        company=Company(id=2, name="Other", domain="o.example", country="DE"),
        users=(User(id=50, company_id=2, extension="101", name="Otto"),),
        numbers=(Number(id=70, company_id=2, e164="+4989700798765", extension="101"),),
    )
    shared = Trunk(id=7, name="Shared", kind="peer", host="192.0.2.7", sources=("192.0.2.7",))
    town = Town(other_companies=[german], trunks=(shared,))
    assert outcome(town.incoming("089700798765")) == "rings Otto"
    assert outcome(town.incoming("0207654101")) == "rings Anna"


def test_the_line_and_the_number_called_are_told():
    decision = Town().incoming("0207654101")
    assert (decision.trunk_id, decision.called, decision.company_id) == (LINE.id, "+31207654101", 1)


def test_a_call_from_outside_leaves_only_by_an_explicit_forwarding():
    for dialled in ("+31701234567", "00701234567", "112", "#31#0701234567", ANNA, "*80101"):
        decision = Town().incoming(dialled)
        assert outcome(decision) == "refused 404"
        assert not isinstance(decision.step, DialOutside)
    assert outcome(route(Directory(), FromTrunk((LINE,)), MAIN, live=at_noon())) == "refused 404"
