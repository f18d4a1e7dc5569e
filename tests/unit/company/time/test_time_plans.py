"""Which number plan is active: override, holiday, schedule, fallback, none."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from naive_clock import (
    ZONES,
    agrees,
    as_utc,
    block_minutes,
    blocks,
    in_blocks,
    instants,
    is_holiday,
    local,
    ms,
    scan,
)

from kiestoon.company.model import HolidayDay, NumberPlan, PlanHoliday, PlanOverride, PlanPeriod, WeekBlock
from kiestoon.company.time import ActivePlan, HolidayTable, PlanChoice, PlanTable, first_zone

AMSTERDAM = "Europe/Amsterdam"
DAY, NIGHT, CLOSED, MOVED = 1, 2, 3, 4
PLANS = [
    NumberPlan(id=number, company_id=1, scheme_id=1, name=name, position=number, is_fallback=number == NIGHT)
    for number, name in ((DAY, "Day"), (NIGHT, "Night"), (CLOSED, "Closed"), (MOVED, "Moved"))
]
OFFICE = tuple(WeekBlock(day, 540, 1020) for day in range(5))
EASTER = {7: HolidayTable([HolidayDay("Paasmaandag", public="Easter Monday")], "NL")}


def period(plan_id: int, week: tuple[WeekBlock, ...], row_id: int = 1) -> PlanPeriod:
    return PlanPeriod(id=row_id, company_id=1, scheme_id=1, plan_id=plan_id, blocks=week)


def closing(row_id: int, plan_id: int, start: str | None = None, end: str | None = None, **more: object) -> PlanHoliday:
    return PlanHoliday(
        id=row_id, company_id=1, scheme_id=1, plan_id=plan_id, name=f"H{row_id}", start=start, end=end, **more
    )  # type: ignore[arg-type]


def override(plan_id: int, until_ms: int = 0) -> PlanOverride:
    return PlanOverride(id=1, company_id=1, scheme_id=1, plan_id=plan_id, until_ms=until_ms)


def scheme(
    *periods: PlanPeriod,
    holidays: tuple[PlanHoliday, ...] = (),
    by_hand: PlanOverride | None = None,
    plans: list[NumberPlan] = PLANS,
    lists: dict[int, HolidayTable] = EASTER,
    zone: str = AMSTERDAM,
) -> PlanTable:
    return PlanTable(first_zone(zone), plans, by_hand, periods, holidays, lists.get)


WEEK = period(DAY, OFFICE)
CHRISTMAS = closing(1, CLOSED, "2026-12-24T17:00", "2026-12-28T09:00")


def test_schedule_fills_the_week_and_the_fallback_its_gaps() -> None:
    table = scheme(WEEK)
    monday = ms("2026-01-05T10:00", AMSTERDAM)
    assert table.active(monday) == ActivePlan(DAY, "schedule", until_ms=ms("2026-01-05T17:00", AMSTERDAM))
    friday = ms("2026-01-09T18:00", AMSTERDAM)
    assert table.active(friday) == ActivePlan(NIGHT, "fallback", until_ms=ms("2026-01-12T09:00", AMSTERDAM))


def test_holiday_period_wins_over_the_schedule_to_the_minute() -> None:
    table = scheme(WEEK, holidays=(CHRISTMAS,))
    start, end = ms("2026-12-24T17:00", AMSTERDAM), ms("2026-12-28T09:00", AMSTERDAM)
    assert table.choose(start - 1) == PlanChoice(DAY, "schedule")
    assert table.active(start) == ActivePlan(CLOSED, "holiday", "H1", "", end)
    assert table.choose(end) == PlanChoice(DAY, "schedule")


def test_override_wins_over_everything_until_it_is_switched_back() -> None:
    table = scheme(WEEK, holidays=(CHRISTMAS,), by_hand=override(MOVED))
    assert table.active(ms("2026-12-25T12:00")) == ActivePlan(MOVED, "override", until_ms=None)


def test_temporary_override_ends_at_its_millisecond() -> None:
    until_ms = ms("2026-01-05T12:00", AMSTERDAM) + 5
    table = scheme(WEEK, by_hand=override(MOVED, until_ms))
    assert table.active(until_ms - 1) == ActivePlan(MOVED, "override", until_ms=until_ms)
    assert table.choose(until_ms) == PlanChoice(DAY, "schedule")
    assert table.active(until_ms).until_ms == ms("2026-01-05T17:00", AMSTERDAM)


def test_holiday_list_makes_the_plan_active_on_its_days_and_names_them() -> None:
    table = scheme(WEEK, holidays=(closing(1, CLOSED, holiday_id=7),))
    active = table.active(ms("2026-04-06T12:00", AMSTERDAM))
    assert active == ActivePlan(CLOSED, "holiday", "H1", "Paasmaandag", ms("2026-04-07T00:00", AMSTERDAM))


def test_period_by_times_wins_over_a_list_and_the_lowest_id_among_equals() -> None:
    noon = ms("2026-04-06T12:00", AMSTERDAM)
    by_list, again = closing(1, CLOSED, holiday_id=7), closing(2, DAY, holiday_id=7)
    assert scheme(holidays=(again, by_list)).choose(noon).plan_id == CLOSED
    by_time = closing(9, MOVED, "2026-04-06T08:00", "2026-04-06T13:00")
    assert scheme(holidays=(by_list, by_time)).choose(noon).plan_id == MOVED
    older = closing(8, NIGHT, "2026-04-06T11:00", "2026-04-06T12:30")
    assert scheme(holidays=(by_time, older)).choose(noon).plan_id == NIGHT
    assert scheme(period(MOVED, OFFICE, 6), period(DAY, OFFICE, 5)).choose(noon).plan_id == DAY


def test_without_schedule_and_fallback_no_plan_is_active() -> None:
    assert scheme(plans=PLANS[:1]).active(0) == ActivePlan(None, "none")
    assert scheme(WEEK, plans=PLANS[:1]).choose(ms("2026-01-04T12:00")) == PlanChoice(None, "none")


@pytest.mark.parametrize(
    "row",
    [
        closing(1, CLOSED, "2026-02-30T00:00", "2026-12-31T00:00"),
        closing(1, CLOSED, "2026-01-01T00:00", "2026-01-01T24:99"),
        closing(1, CLOSED, "2026-12-31T00:00", "2026-01-01T00:00"),
        closing(1, CLOSED, holiday_id=404),
        closing(1, CLOSED),
    ],
)
def test_holiday_period_that_names_no_time_changes_nothing(row: PlanHoliday) -> None:
    at_ms = ms("2026-06-01T12:00")
    assert scheme(WEEK, holidays=(row,)).active(at_ms) == scheme(WEEK).active(at_ms)


def test_period_that_ended_in_the_repeated_hour_comes_back_when_the_clock_does() -> None:
    table = scheme(holidays=(closing(1, CLOSED, "2026-10-25T01:00", "2026-10-25T02:30"),))
    ends = []
    at_ms: int | None = ms("2026-10-25T00:15", AMSTERDAM)
    while at_ms is not None and (at_ms := table.active(at_ms).until_ms) is not None:
        ends.append(as_utc(at_ms))
    assert ends == ["2026-10-24T23:00", "2026-10-25T00:30", "2026-10-25T01:00", "2026-10-25T01:30"]


def test_next_scheduled_change_ignores_the_override() -> None:
    table = scheme(WEEK, by_hand=override(MOVED))
    assert as_utc(table.next_scheduled_change(ms("2026-01-05T10:00", AMSTERDAM))) == "2026-01-05T16:00"


def test_two_reasons_for_one_plan_are_no_scheduled_change() -> None:
    table = scheme(period(NIGHT, OFFICE), holidays=(closing(1, NIGHT, holiday_id=7), CHRISTMAS))
    assert table.active(ms("2026-01-05T10:00")).until_ms == ms("2026-01-05T17:00", AMSTERDAM)
    assert as_utc(table.next_scheduled_change(ms("2026-01-05T10:00"))) == "2026-12-24T16:00"


def test_schedule_that_never_changes_has_no_scheduled_change() -> None:
    assert scheme().next_scheduled_change(ms("2026-01-05T10:00")) is None


def minutes_from(start: datetime, minutes: int) -> str:
    return (start + timedelta(minutes=minutes)).isoformat(timespec="minutes")


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_choice_and_its_end_are_those_of_scanning_minute_by_minute(data: st.DataObject) -> None:
    zone = data.draw(st.sampled_from(ZONES))
    at_ms = data.draw(instants(zone))
    around = local(at_ms, zone).replace(tzinfo=None, second=0)
    spans = data.draw(st.lists(st.tuples(st.integers(-2000, 3000), st.integers(1, 2000)), max_size=2))
    timed = [
        (minutes_from(around, start), minutes_from(around, start + length), CLOSED + number)
        for number, (start, length) in enumerate(spans)
    ]
    off_days = data.draw(st.lists(st.integers(-1, 3), max_size=2))
    entries = [
        HolidayDay(f"d{n}", str(around.date() + timedelta(n)), str(around.date() + timedelta(n))) for n in off_days
    ]
    week = data.draw(blocks)
    in_week = block_minutes(week)
    until_ms = data.draw(st.sampled_from([None, 0, at_ms, at_ms + 1, at_ms + 3_600_000]))
    by_hand = None if until_ms is None else override(MOVED, until_ms)
    rows = [closing(number, plan, start, end) for number, (start, end, plan) in enumerate(timed)]
    table = scheme(
        period(DAY, week),
        holidays=(*rows, closing(99, NIGHT, holiday_id=5)),
        by_hand=by_hand,
        lists={5: HolidayTable(entries)},
        zone=zone,
    )

    def scheduled(instant: int) -> tuple[int, str, str, str]:
        reading = local(instant, zone).replace(tzinfo=None).isoformat(timespec="minutes")
        for number, (start, end, plan) in enumerate(timed):
            if start <= reading < end:
                return plan, "holiday", f"H{number}", ""
        today = date.fromisoformat(reading[:10])
        for entry in entries:
            if is_holiday(entry, today):
                return NIGHT, "holiday", "H99", entry.name
        return (DAY, "schedule", "", "") if in_blocks(in_week, instant, zone) else (NIGHT, "fallback", "", "")

    active = table.active(at_ms)
    if until_ms is not None and (until_ms == 0 or at_ms < until_ms):
        assert active == ActivePlan(MOVED, "override", until_ms=until_ms or None)
    else:
        assert (active.plan_id, active.source, active.name, active.day) == scheduled(at_ms)
        assert agrees(active.until_ms, scan(scheduled, at_ms, 5), at_ms, 5)
    change = table.next_scheduled_change(at_ms)
    assert agrees(change, scan(lambda instant: scheduled(instant)[0], at_ms, 5), at_ms, 5)


def test_stretches_follow_one_another_without_gaps_and_agree_with_every_moment() -> None:
    table = scheme(WEEK, holidays=(CHRISTMAS, closing(2, MOVED, None, None, holiday_id=7)))
    start, end = ms("2026-03-23T00:00", AMSTERDAM), ms("2027-01-04T12:00", AMSTERDAM)  # two changes of the clock
    found = list(table.stretches(start, end))
    assert (found[0].start_ms, found[-1].end_ms) == (start, end)
    assert all(one.end_ms == other.start_ms for one, other in pairwise(found))
    assert all(one != other for one, other in pairwise(map(told, found)))
    assert {stretch.plan_id for stretch in found} == {DAY, NIGHT, CLOSED, MOVED}
    for stretch in found:
        for at_ms in (stretch.start_ms, stretch.end_ms - 1):
            assert told(stretch) == told(table.choose(at_ms))
    assert list(table.stretches(end, start)) == []


def told(choice: PlanChoice) -> tuple[int | None, str, str, str]:
    return choice.plan_id, choice.source, choice.name, choice.day
