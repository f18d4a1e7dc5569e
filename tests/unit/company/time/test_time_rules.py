"""The time part of rules, and the tables of a company on the right clocks."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from naive_clock import ZONES, agrees, as_utc, block_minutes, blocks, in_blocks, instants, is_holiday, local, ms, scan

from kiestoon.company.model import (
    Company,
    CompanyRows,
    Department,
    Destination,
    Holiday,
    HolidayDay,
    Location,
    NumberPlan,
    NumberScheme,
    PlanHoliday,
    PlanOverride,
    PlanPeriod,
    Rule,
    Schedule,
    TimeRoute,
    TimeRouting,
    User,
    WeekBlock,
)
from kiestoon.company.time import PlanChoice, TimeIndex

NOON_TO_ONE = tuple(WeekBlock(day, 720, 780) for day in range(7))
PUBLIC = (HolidayDay("Public", public="*"),)
ROWS = CompanyRows(
    company=Company(id=1, name="C", domain="c.example", country="DE", timezone="Europe/Berlin"),
    locations=(
        Location(id=1, company_id=1, name="München", timezone="Europe/Berlin", region="BY"),
        Location(id=2, company_id=1, name="St. John's", timezone="America/St_Johns"),
        Location(id=3, company_id=1, name="Lost", timezone="Nowhere/Gone"),
    ),
    departments=(Department(id=5, company_id=1, name="Sales", location_id=2),),
    users=(User(id=7, company_id=1, extension="207", name="Ann", department_id=5),),
    schedules=(
        Schedule(id=1, company_id=1, name="Company", blocks=NOON_TO_ONE),
        Schedule(id=2, company_id=1, name="Away", location_id=2, blocks=NOON_TO_ONE),
        Schedule(id=3, company_id=1, name="Mine", user_id=7, blocks=NOON_TO_ONE),
        Schedule(id=4, company_id=1, name="Lost", location_id=3, blocks=NOON_TO_ONE),
    ),
    holidays=(
        Holiday(id=1, company_id=1, name="Germany", days=PUBLIC),
        Holiday(id=2, company_id=1, name="Bavaria", location_id=1, days=PUBLIC),
    ),
    number_schemes=(NumberScheme(id=1, company_id=1, name="Main", location_id=2),),
    number_plans=(
        NumberPlan(id=1, company_id=1, scheme_id=1, name="Day"),
        NumberPlan(id=2, company_id=1, scheme_id=1, name="Night", position=2, is_fallback=True),
        NumberPlan(id=3, company_id=1, scheme_id=2, name="Other scheme's", is_fallback=True),
    ),
    plan_periods=(PlanPeriod(id=1, company_id=1, scheme_id=1, plan_id=1, blocks=NOON_TO_ONE),),
    plan_holidays=(PlanHoliday(id=1, company_id=1, scheme_id=1, plan_id=2, name="Feiertage", holiday_id=2),),
    plan_overrides=(PlanOverride(id=1, company_id=1, scheme_id=2, plan_id=3),),
    time_routings=(TimeRouting(id=4, company_id=1, extension="400", name="TBR", location_id=2),),
    time_routes=(
        TimeRoute(id=1, company_id=1, routing_id=4, start_day=0, end_day=6, start=720, end=780, to=Destination("busy")),
        TimeRoute(id=2, company_id=1, routing_id=9, start_day=0, end_day=6, start=0, end=1440, to=Destination("busy")),
    ),
)
NOON_IN_BERLIN = ms("2026-01-06T12:30", "Europe/Berlin")
NOON_IN_ST_JOHNS = ms("2026-01-06T12:30", "America/St_Johns")


def rule(**named: int) -> Rule:
    return Rule(id=1, company_id=1, service="selective_forward", name="R", **named)


def test_rule_without_schedule_and_holiday_always_fits() -> None:
    always = TimeIndex(ROWS).rule(rule())
    assert always.fits(0)
    assert always.next_change(0) is None


def test_rule_fits_while_its_schedule_is_active() -> None:
    lunch = TimeIndex(ROWS).rule(rule(schedule_id=1))
    assert (lunch.fits(NOON_IN_BERLIN), lunch.fits(NOON_IN_ST_JOHNS)) == (True, False)
    assert as_utc(lunch.next_change(NOON_IN_BERLIN)) == "2026-01-06T12:00"


def test_rule_with_schedule_and_holiday_fits_when_both_do() -> None:
    both = TimeIndex(ROWS).rule(rule(schedule_id=1, holiday_id=2))
    assert both.fits(NOON_IN_BERLIN)  # Epiphany
    assert not both.fits(NOON_IN_BERLIN + 86_400_000)
    assert as_utc(both.next_change(NOON_IN_BERLIN + 86_400_000)) == "2026-04-03T10:00"  # Good Friday


@pytest.mark.parametrize("named", [{"schedule_id": 404}, {"holiday_id": 404}, {"schedule_id": 1, "holiday_id": 404}])
def test_rule_whose_schedule_is_gone_never_fits(named: dict[str, int]) -> None:
    lost = TimeIndex(ROWS).rule(rule(**named))
    assert not lost.fits(NOON_IN_BERLIN)
    assert lost.next_change(NOON_IN_BERLIN) is None


def test_schedule_and_holiday_that_never_meet_do_not_search_for_ever() -> None:
    sundays = Schedule(id=1, company_id=1, name="S", blocks=(WeekBlock(6, 0, 1440),))
    mondays = Holiday(id=1, company_id=1, name="H", days=(HolidayDay("x", public="Easter Monday"),))
    index = TimeIndex(CompanyRows(company=ROWS.company, schedules=(sundays,), holidays=(mondays,)))
    assert index.rule(rule(schedule_id=1, holiday_id=1)).next_change(NOON_IN_BERLIN) is None


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_end_of_a_rule_is_that_of_scanning_minute_by_minute(data: st.DataObject) -> None:
    zone, other = data.draw(st.sampled_from(ZONES)), data.draw(st.sampled_from(ZONES))
    week, at_ms = data.draw(blocks), data.draw(instants(zone))
    today = local(at_ms, other).date()
    days = [HolidayDay("d", str(today + timedelta(n)), str(today + timedelta(n))) for n in data.draw(OFFSETS)]
    rows = CompanyRows(
        company=ROWS.company,
        locations=tuple(Location(id=n, company_id=1, name=str(n), timezone=z) for n, z in ((1, zone), (2, other))),
        schedules=(Schedule(id=1, company_id=1, name="S", location_id=1, blocks=week),),
        holidays=(Holiday(id=1, company_id=1, name="H", location_id=2, days=tuple(days)),),
    )
    minutes = block_minutes(week)

    def fits(instant: int) -> bool:
        day = local(instant, other).date()
        return in_blocks(minutes, instant, zone) and any(is_holiday(entry, day) for entry in days)

    found = TimeIndex(rows).rule(rule(schedule_id=1, holiday_id=1))
    assert found.fits(at_ms) is fits(at_ms)
    assert agrees(found.next_change(at_ms), scan(fits, at_ms, 4), at_ms, 4)


OFFSETS = st.lists(st.integers(-1, 3), max_size=3)


@pytest.mark.parametrize(
    ("schedule_id", "noon"),
    [(1, NOON_IN_BERLIN), (2, NOON_IN_ST_JOHNS), (3, NOON_IN_ST_JOHNS), (4, NOON_IN_BERLIN)],
    ids=["company's", "location's", "user's department's location's", "company's for an unknown zone"],
)
def test_schedule_is_read_on_its_own_clock(schedule_id: int, noon: int) -> None:
    schedule = TimeIndex(ROWS).schedule(schedule_id)
    assert schedule is not None
    assert [at for at in (NOON_IN_BERLIN, NOON_IN_ST_JOHNS) if schedule.at(at)] == [noon]


def test_public_holidays_are_those_of_the_locations_region() -> None:
    index = TimeIndex(ROWS)
    germany, bavaria = index.holiday(1), index.holiday(2)
    assert germany is not None
    assert bavaria is not None
    assert germany.at(NOON_IN_BERLIN) is None
    assert bavaria.at(NOON_IN_BERLIN) is not None  # Epiphany


def test_scheme_has_its_own_rows_and_its_locations_clock() -> None:
    plans = TimeIndex(ROWS).plans(1)
    assert plans is not None
    assert plans.choose(NOON_IN_ST_JOHNS + 86_400_000) == PlanChoice(1, "schedule")
    assert plans.choose(NOON_IN_BERLIN + 86_400_000) == PlanChoice(2, "fallback")
    assert plans.choose(NOON_IN_ST_JOHNS) == PlanChoice(2, "holiday", "Feiertage", "Public")


def test_routing_has_its_own_periods_and_its_locations_clock() -> None:
    routing = TimeIndex(ROWS).routing(4)
    assert routing is not None
    assert routing.at(NOON_IN_BERLIN) is None
    assert routing.at(NOON_IN_ST_JOHNS) is ROWS.time_routes[0]


def test_what_is_not_there_is_none() -> None:
    index = TimeIndex(ROWS)
    assert (index.schedule(9), index.holiday(9), index.plans(9), index.routing(9)) == (None, None, None, None)


def test_tables_are_made_once() -> None:
    index = TimeIndex(ROWS)
    assert index.schedule(1) is index.schedule(1)
    assert index.plans(1) is index.plans(1)
    assert index.rule(rule(schedule_id=1)) is index.rule(rule(schedule_id=1))


def test_prepared_index_asks_for_no_public_holidays_during_a_call(monkeypatch: pytest.MonkeyPatch) -> None:
    index = TimeIndex(ROWS)
    index.prepare(NOON_IN_BERLIN)
    monkeypatch.setattr("kiestoon.company.time.holidays.public_holidays", None)
    bavaria = index.holiday(2)
    assert bavaria is not None
    assert bavaria.at(NOON_IN_BERLIN)
    assert bavaria.at(ms("2027-12-25T12:00"))
