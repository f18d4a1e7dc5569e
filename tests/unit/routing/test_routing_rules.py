"""Rules on services and the location's forwarding: who, when, on or off (RTE-5, RTE-7, RTE-8, V 6.4-6.5, V 27)."""

import pytest
from routing_world import (
    ANNA,
    BEN,
    CARA,
    DORA,
    HOUR_MS,
    MONDAY_NOON_MS,
    STRANGER,
    Town,
    at_noon,
    outcome,
    to,
    voicemail,
)

from kiestoon.company.model import (
    AlternateNumber,
    Destination,
    FeatureCode,
    Forward,
    GroupExtension,
    Holiday,
    Location,
    RingNumber,
    Rule,
    Schedule,
    ShortNumber,
    SimultaneousRinging,
    SpeedDial,
    VoicemailBox,
    WeekBlock,
)
from kiestoon.company.model.schedules import HolidayDay
from kiestoon.routing import Assumed

OFFICE = Schedule(
    id=1, company_id=1, name="Office", location_id=1, blocks=tuple(WeekBlock(day, 540, 1020) for day in range(5))
)
CLOSING_DAY = Holiday(
    id=1, company_id=1, name="Closed", location_id=1, days=(HolidayDay("Town day", "2026-03-02", "2026-03-02"),)
)
NOON, EVENING = at_noon(), Assumed(now_ms=MONDAY_NOON_MS + 8 * HOUR_MS)
NEXT_DAY = Assumed(now_ms=MONDAY_NOON_MS + 24 * HOUR_MS)


def rule(town, service, **fields):
    return town.new(Rule, service=service, name="Rule", extension=ANNA, **fields)


# --- the caller ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pattern", "caller", "fits"),
    [
        ("+31701234567", "+31701234567", True),
        ("+31701234567", "+31701234568", False),
        ("+3170123456?", "+31701234567", True),
        ("+31?01234567", "+31701234567", True),
        ("+3170123456?", "+3170123456", False),
        ("+3170*", "+31701234567", True),
        ("+31701234567*", "+31701234567", False),  # one digit or more
        ("+31?0*", "+31701234567", True),
        ("0701234567", "+31701234567", True),  # as it is dialled in the country
        ("070*", "+31701234567", True),
        ("31701234567", "+31701234567", True),
        ("004989*", "+4989700798765", True),
        ("?31701234567", "+31701234567", False),  # the plus sign is no digit
        ("*", "+31701234567", True),
        ("*", "", False),
        ("", "", False),
    ],
)
def test_a_pattern_fits_a_number_however_it_is_written(pattern, caller, fits):
    town = rule(Town(), "selective_reject", patterns=(pattern,))
    assert outcome(town.incoming(caller=caller)) == ("refused 403" if fits else "rings Anna")


def test_colleagues_fit_patterns_of_their_extension_and_their_own_numbers():
    for pattern in ("104", "10?", "1*", "+31207654104"):
        assert outcome(rule(Town(), "selective_reject", patterns=(pattern,)).dial(ANNA, by=DORA)) == "refused 403"
    assert outcome(rule(Town(), "selective_reject", patterns=("103",)).dial(ANNA, by=DORA)) == "rings Anna"


@pytest.mark.parametrize("kind", ["internal", "external", "private", "unavailable"])
def test_a_rule_may_name_kinds_of_callers(kind):
    town = rule(Town(), "selective_reject", kinds=(kind,))
    calls = {
        "internal": town.dial(ANNA),
        "external": town.incoming(),
        "private": town.incoming(withheld=True),
        "unavailable": town.incoming(caller=""),
    }
    refused = {name for name, decision in calls.items() if outcome(decision) == "refused 403"}
    assert refused == {kind}


def test_one_pattern_or_kind_is_enough():
    town = rule(Town(), "selective_reject", patterns=("+3188*", "+3170*"), kinds=("private",))
    assert outcome(town.incoming(caller="+31701234567")) == "refused 403"
    assert outcome(town.incoming(withheld=True)) == "refused 403"
    assert outcome(town.incoming(caller="+31101234567")) == "rings Anna"


# --- on or off -------------------------------------------------------------------------------------------------------


def test_a_rule_that_switches_off_wins_over_those_that_switch_on():
    town = rule(Town(), "selective_reject", kinds=("external",))
    rule(town, "selective_reject", patterns=("+3170*",), applies=False)
    assert outcome(town.incoming(caller="+31701234567")) == "rings Anna"
    assert outcome(town.incoming(caller="+31711234567")) == "refused 403"


def test_an_inactive_rule_counts_for_nothing():
    assert outcome(rule(Town(), "selective_reject", active=False).incoming()) == "rings Anna"
    assert outcome(rule(Town(), "selective_accept", patterns=("+49*",), active=False).incoming()) == "rings Anna"


def test_with_selective_acceptance_only_fitting_callers_get_through():
    town = rule(Town(), "selective_accept", patterns=("+3170*",))
    assert outcome(town.incoming(caller="+31701234567")) == "rings Anna"
    assert outcome(town.incoming(caller="+31711234567")) == "refused 403"
    assert outcome(town.incoming(withheld=True)) == "refused 403"


def test_a_callers_rule_wins_by_rejection_over_acceptance():
    town = rule(Town(), "selective_accept", patterns=("+3170*",))
    rule(town, "selective_reject", patterns=("+31701234567",))
    assert outcome(town.incoming(caller="+31701234567")) == "refused 403"
    assert outcome(town.incoming(caller="+31701234568")) == "rings Anna"


def test_selective_forwarding_goes_where_the_rule_says_else_to_its_own_destination():
    town = Town().new(Forward, extension=ANNA, case="selective", to=to(BEN))
    rule(town, "selective_forward", patterns=("+3170*",))
    rule(town, "selective_forward", patterns=("+3171*",), to=to(CARA))
    assert outcome(town.incoming(caller="+31701234567")) == "rings Ben"
    assert outcome(town.incoming(caller="+31711234567")) == "rings Cara"
    assert outcome(town.incoming(caller="+31101234567")) == "rings Anna"


def test_rules_alone_do_not_switch_selective_forwarding_on():
    assert outcome(rule(Town(), "selective_forward", to=to(CARA)).incoming()) == "rings Anna"


def test_selective_forwarding_without_any_destination_does_nothing():
    town = rule(Town().new(Forward, extension=ANNA, case="selective"), "selective_forward")
    assert outcome(town.incoming()) == "rings Anna"


# --- time ------------------------------------------------------------------------------------------------------------


def test_a_rule_with_a_schedule_applies_within_its_blocks():
    town = rule(Town(OFFICE), "selective_reject", schedule_id=1)
    assert outcome(town.incoming(live=NOON)) == "refused 403"
    assert outcome(town.incoming(live=EVENING)) == "rings Anna"


def test_a_rule_with_a_holiday_applies_on_its_days():
    town = rule(Town(CLOSING_DAY), "selective_reject", holiday_id=1)
    assert outcome(town.incoming(live=NOON)) == "refused 403"
    assert outcome(town.incoming(live=NEXT_DAY)) == "rings Anna"


def test_a_holiday_that_switches_off_wins_over_the_schedule():
    town = rule(Town(OFFICE, CLOSING_DAY), "selective_reject", schedule_id=1)
    rule(town, "selective_reject", holiday_id=1, applies=False)
    assert outcome(town.incoming(live=NOON)) == "rings Anna"
    assert outcome(town.incoming(live=NEXT_DAY)) == "refused 403"


def test_time_and_caller_must_both_fit():
    town = rule(Town(OFFICE), "selective_reject", schedule_id=1, patterns=("+3170*",))
    assert outcome(town.incoming(live=NOON)) == "refused 403"
    assert outcome(town.incoming(live=EVENING)) == "rings Anna"
    assert outcome(town.incoming(caller="+31101234567", live=NOON)) == "rings Anna"


# --- the location ----------------------------------------------------------------------------------------------------


def located(forward, target, *rows):
    return Town(*rows).add(Location(id=1, company_id=1, name="Hall", forward=forward, forward_to=target))


def test_location_forwarding_may_be_on_off_or_without_destination():
    assert outcome(located("on", to(STRANGER)).incoming()) == f"dials {STRANGER}"
    assert outcome(located("off", to(STRANGER)).incoming()) == "rings Anna"
    assert outcome(located("on", Destination()).incoming()) == "rings Anna"


def test_automatic_location_forwarding_is_on_while_a_rule_applies():
    town = located("automatic", to(STRANGER), OFFICE, CLOSING_DAY)
    assert outcome(town.incoming()) == "rings Anna"
    town.new(Rule, service="location_forward", name="Office", location_id=1, schedule_id=1)
    assert outcome(town.incoming(live=NOON)) == f"dials {STRANGER}"
    assert outcome(town.incoming(live=EVENING)) == "rings Anna"
    town.new(Rule, service="location_forward", name="Not then", location_id=1, holiday_id=1, applies=False)
    assert outcome(town.incoming(live=NOON)) == "rings Anna"


def test_a_rule_of_the_location_may_name_another_destination():
    town = located("automatic", to(STRANGER))
    town.new(Rule, service="location_forward", name="Colleagues", location_id=1, kinds=("internal",), to=to(CARA))
    assert outcome(town.dial(ANNA)) == "rings Cara"


def test_a_person_may_be_left_out_of_the_locations_forwarding():
    town = located("on", to(STRANGER)).user(ANNA, follows_location_forward=False)
    town.new(Forward, extension=ANNA, case="always", to=to(BEN))
    town.user(BEN, follows_location_forward=False)
    assert outcome(town.incoming()) == "rings Ben"  # the person's own forwarding counts then


@pytest.mark.parametrize("target", ["103", "0207654103", "+31207654103", "00207654103", "180"])
def test_the_person_the_location_forwards_to_is_reached(target):
    town = located("on", Destination("number", target))
    town.new(AlternateNumber, user_id=3, extension="180")
    assert outcome(town.incoming()) == "rings Cara"
    assert outcome(town.dial(CARA)) == "rings Cara"


def test_a_location_may_forward_to_a_voicemail():
    assert outcome(located("on", voicemail(ANNA)).incoming("+31207654102")) == "voicemail 101"


def test_somebody_without_a_location_has_that_of_the_department_or_none():
    town = located("on", to(STRANGER)).user(ANNA, location_id=None)
    assert outcome(town.incoming()) == "rings Anna"


# --- speed dials, short numbers and codes in place of numbers (V 6.5, V 15) -------------------------------------------


def with_short_ways(*rows):
    table = {"#": "speed_dial", "*55": "voicemail_box", "*67": "caller_id_hide", "*72": "forward_always_on"}
    return Town(
        *(FeatureCode(id=n, company_id=1, feature=name, code=code) for n, (code, name) in enumerate(table.items(), 1)),
        SpeedDial(id=1, company_id=1, user_id=1, code="01", number="00701234567"),
        SpeedDial(id=2, company_id=1, user_id=1, code="02", number=BEN),
        SpeedDial(id=3, company_id=1, user_id=1, code="03", number=f"*55{CARA}"),
        SpeedDial(id=4, company_id=1, user_id=2, code="05", number="0049891234567"),
        ShortNumber(id=1, company_id=1, code="*6123", number="0701234567", name="Notary"),
        ShortNumber(id=2, company_id=1, code="2001", number=STRANGER, name="Notary"),
        VoicemailBox(id=1, company_id=1, extension=CARA),
        *rows,
    )


@pytest.mark.parametrize("written", ["#01", "*6123", "2001", "*6700701234567", "*670701234567"])
def test_a_rules_caller_may_be_a_speed_dial_a_short_number_or_a_number_behind_a_code(written):
    town = rule(with_short_ways(), "selective_reject", patterns=(written,))
    assert outcome(town.incoming(caller=STRANGER)) == "refused 403"
    assert outcome(town.incoming(caller="+31701234568")) == "rings Anna"


def test_a_speed_dial_of_a_rule_may_be_a_colleague_and_is_the_persons_own():
    town = rule(with_short_ways(), "selective_reject", patterns=("#02",))
    assert outcome(town.dial(ANNA, by=BEN)) == "refused 403"
    assert outcome(town.dial(ANNA, by=DORA)) == "rings Anna"
    others = rule(with_short_ways(), "selective_reject", patterns=("#05",))  # Ben's
    assert outcome(others.incoming(caller="+49891234567")) == "rings Anna"


def test_local_numbers_behind_speed_dials_are_completed_with_the_persons_area_code():
    town = with_short_ways(SpeedDial(id=1, company_id=1, user_id=1, code="01", number="01234567")).user(
        ANNA, area_code="070"
    )
    assert outcome(rule(town, "selective_reject", patterns=("#01",)).incoming(caller=STRANGER)) == "refused 403"


@pytest.mark.parametrize(
    ("written", "leads"),
    [
        ("#01", "dials +31701234567"),
        ("#02", "rings Ben"),
        ("#03", f"voicemail {CARA}"),
        ("*6123", "dials +31701234567"),
        ("2001", "dials +31701234567"),
        (f"*55{CARA}", f"voicemail {CARA}"),
        ("#05", "refused 404"),  # nobody's, and so no number
        ("*72", "refused 404"),
    ],
)
def test_calls_may_be_forwarded_to_short_ways_and_to_the_code_of_a_voicemail(written, leads):
    there = Destination("number", written)
    town = with_short_ways(Forward(id=1, company_id=1, extension=ANNA, case="always", to=there))
    assert outcome(town.incoming()) == leads
    town = with_short_ways(Forward(id=1, company_id=1, extension=ANNA, case="selective", to=Destination("voicemail")))
    assert outcome(rule(town, "selective_forward", to=there).incoming()) == leads


def test_groups_have_the_companys_short_numbers_and_people_ring_along_by_their_speed_dials():
    numbers = ("*6123", "#01")
    town = with_short_ways(
        GroupExtension(id=1, company_id=1, extension="350", name="All", forward_always=to(BEN),
                       forward_always_also=numbers),
        SimultaneousRinging(id=1, company_id=1, user_id=1),
        RingNumber(id=1, company_id=1, user_id=1, service="simultaneous", position=1, to=Destination("number", "#01")),
    )  # fmt: skip
    assert outcome(town.dial("350")) == "rings Ben+" + STRANGER
    assert outcome(town.dial(ANNA)) == "rings Anna+" + STRANGER


def test_a_changed_speed_dial_is_followed_with_the_next_snapshot():
    town = rule(with_short_ways(), "selective_reject", patterns=("#01",))
    town.add(SpeedDial(id=1, company_id=1, user_id=1, code="01", number=BEN))
    assert outcome(town.incoming(caller=STRANGER)) == "rings Anna"
    assert outcome(town.dial(ANNA, by=BEN)) == "refused 403"


def test_who_is_forwarded_to_what_was_blocked_later_hears_that_it_cannot_be_done():
    """The destination stays as it was set; it is not the caller's own phone that may not call there."""
    town = Town(blocked=("premium",)).new(
        Forward, extension=ANNA, case="always", to=Destination("number", "009001234567")
    )
    decision = town.incoming()
    assert (outcome(decision), decision.step.announce) == ("refused 403", "forwarding-error")
    assert decision.reasons[-1].code == "blocked"
