"""When a meeting that repeats takes place (CALL-13)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiestoon.company.directory import CompanyIndex
from kiestoon.company.meetings import begins_after, is_over, nth_weekday, planned_times, times
from kiestoon.company.model import Company, CompanyRows, Location, Meeting, User
from kiestoon.company.model.conferences import MOST_TIMES
from kiestoon.company.time.clock import instant_of

COMPANY = Company(id=1, name="C", domain="c.example", timezone="Europe/Amsterdam")


def meeting(**values: Any) -> Meeting:
    given = {"name": "Budget", "start": "2026-12-05T14:00", "end": "2026-12-05T15:30"}
    return Meeting(id=3, company_id=1, user_id=1, room_id=5, **{**given, **values})


def index(timezone: str = "Europe/Amsterdam") -> CompanyIndex:
    """The organiser's location is there."""
    place = Location(id=2, company_id=1, name="Office", timezone=timezone)
    anna = User(id=1, company_id=1, extension="101", name="Anna", location_id=2)
    return CompanyIndex(CompanyRows(company=COMPANY, locations=(place,), users=(anna,)))


def starts(**values: Any) -> list[str]:
    return [time.start for time in times(meeting(**values))]


def test_a_meeting_takes_place_once_unless_it_repeats() -> None:
    assert [*times(meeting())] == [("2026-12-05T14:00", "2026-12-05T15:30")]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"repeats": "daily", "every": 3, "until": "2026-12-12"}, ["12-05", "12-08", "12-11"]),
        ({"repeats": "weekly", "until": "2026-12-20"}, ["12-05", "12-12", "12-19"]),
        ({"repeats": "weekly", "weekdays": (5, 0), "until": "2026-12-14"}, ["12-05", "12-07", "12-12", "12-14"]),
        ({"repeats": "weekly", "weekdays": (0, 5), "every": 2, "until": "2026-12-31"},
         ["12-05", "12-14", "12-19", "12-28"]),
        ({"repeats": "monthly", "until": "2027-02-05"}, ["12-05", "01-05", "02-05"]),
        ({"repeats": "monthly_by_weekday", "until": "2027-02-28"}, ["12-05", "01-02", "02-06"]),
        ({"repeats": "weekly", "until": "2026-12-20", "cancelled": ("2026-12-12T14:00",)}, ["12-05", "12-19"]),
    ],
)  # fmt: skip
def test_it_repeats_as_it_says_until_its_last_day(values: dict[str, Any], expected: list[str]) -> None:
    assert [start[5:10] for start in starts(**values)] == expected


def test_months_without_that_day_are_left_out_and_a_fifth_weekday_is_the_last() -> None:
    found = starts(start="2026-01-31T10:00", end="2026-01-31T11:00", repeats="monthly", until="2026-06-30")
    assert [start[5:10] for start in found] == ["01-31", "03-31", "05-31"]
    found = starts(start="2026-01-30T10:00", end="2026-01-30T11:00", repeats="monthly_by_weekday", until="2026-04-30")
    assert [start[5:10] for start in found] == ["01-30", "02-27", "03-27", "04-24"]


def test_one_more_is_counted_than_may_be_whatever_the_last_day_is() -> None:
    assert len(planned_times(meeting(repeats="daily", until="9999-12-31"))) == MOST_TIMES + 1


@pytest.mark.parametrize("values", [{"start": "2026-02-30T10:00"}, {"repeats": "daily", "until": "2026-13-01"},
                                    {"start": "9999-12-31T23:00", "end": "9999-12-31T23:59", "repeats": "daily",
                                     "until": "9999-12-31", "every": 99}])  # fmt: skip
def test_what_is_no_time_of_the_calendar_breaks_nothing(values: dict[str, Any]) -> None:
    assert len(planned_times(meeting(**values))) <= 1


# --- by the day, another way -----------------------------------------------------------------------------------------


def is_on(day: date, first: date, repeats: str, every: int, weekdays: tuple[int, ...]) -> bool:
    """Whether a meeting takes place on a day, counted without the calendar library."""
    months = (day.year - first.year) * 12 + day.month - first.month
    if repeats == "daily":
        return (day - first).days % every == 0
    if repeats == "weekly":
        monday, first_monday = (each - timedelta(days=each.weekday()) for each in (day, first))
        return day.weekday() in (weekdays or (first.weekday(),)) and (monday - first_monday).days // 7 % every == 0
    if repeats == "monthly":
        return day.day == first.day and months % every == 0
    nth, last = (first.day - 1) // 7, (day + timedelta(days=7)).month != day.month
    here = last if nth == 4 else (day.day - 1) // 7 == nth  # a fifth one is the last
    return day.weekday() == first.weekday() and here and months % every == 0


@given(
    st.dates(date(2020, 1, 1), date(2030, 12, 31)),
    st.sampled_from(["daily", "weekly", "monthly", "monthly_by_weekday"]),
    st.integers(1, 7),
    st.sets(st.integers(0, 6)),
    st.integers(0, 330),
)
def test_it_takes_place_on_exactly_the_days_its_rule_names(
    first: date, repeats: str, every: int, weekdays: set[int], length: int
) -> None:
    days = tuple(sorted(weekdays | {first.weekday()})) if repeats == "weekly" and weekdays else ()
    until = first + timedelta(days=length)
    found = starts(
        start=f"{first}T09:30", end=f"{first}T10:00", repeats=repeats, every=every, weekdays=days, until=str(until)
    )
    each_day = (first + timedelta(days=n) for n in range(length + 1))
    assert found == [f"{day}T09:30" for day in each_day if is_on(day, first, repeats, every, days)]


@given(st.dates(date(2026, 1, 1), date(2027, 12, 31)), st.integers(0, 1439), st.integers(1, 5), st.integers(-90, 600))
def test_it_begins_at_the_same_minute_of_the_organisers_clock_in_summer_and_winter(
    day: date, minute: int, every: int, ahead_days: int
) -> None:
    """But for a minute that the clock leaves out."""
    first = datetime(day.year, day.month, day.day, minute // 60, minute % 60, tzinfo=UTC)
    row = meeting(
        start=f"{first:%Y-%m-%dT%H:%M}", end=f"{first + timedelta(minutes=20):%Y-%m-%dT%H:%M}", repeats="daily",
        every=every, until=str((first + timedelta(days=390)).date()),
    )  # fmt: skip
    here = index("America/New_York")
    after_ms = int((first + timedelta(days=ahead_days)).timestamp() * 1000)
    zone = here.arrangements.times.zone(2)
    begun = list(begins_after(here, row, after_ms))
    assert [each.start for each in begun] == sorted(each.start for each in begun)
    for each in begun:
        assert each.at_ms > after_ms
        shown = datetime.fromtimestamp(zone.local_s(each.at_ms // 1000), UTC)
        skipped = zone.local_s(each.at_ms // 1000 - 3600) != zone.local_s(each.at_ms // 1000) - 3600
        assert f"{shown:%Y-%m-%dT%H:%M}" == each.start or skipped
    known = {each.start for each in begun}
    assert all(time.start in known for time in times(row) if (instant_of(zone, time.start) or 0) > after_ms)


def test_it_begins_an_hour_earlier_by_the_sun_in_summer() -> None:
    row = meeting(start="2026-03-23T14:00", end="2026-03-23T15:00", repeats="weekly", until="2026-03-30")
    winter, summer = (each.at_ms for each in begins_after(index(), row, 0))
    assert [datetime.fromtimestamp(ms / 1000, UTC).hour for ms in (winter, summer)] == [13, 12]


def test_a_series_is_over_after_its_last_time_and_each_time_after_its_own_end() -> None:
    row = meeting(repeats="weekly", until="2026-12-20", cancelled=("2026-12-19T14:00",))
    at_ms = int(datetime(2026, 12, 12, 14, 31, tzinfo=UTC).timestamp() * 1000)  # 15:31 in Amsterdam
    assert is_over(index(), row, at_ms)
    assert not is_over(index(), row, at_ms - 120_000)
    first, second = times(row)
    assert is_over(index(), row, at_ms - 120_000, first)
    assert not is_over(index(), row, at_ms - 120_000, second)


def test_weekdays_of_a_month_are_counted_and_the_fifth_is_the_last() -> None:
    assert [nth_weekday(date(2026, 1, day)) for day in (1, 7, 8, 28, 29, 31)] == [1, 1, 2, 4, -1, -1]
