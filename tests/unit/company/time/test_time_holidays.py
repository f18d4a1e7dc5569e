"""Holiday lists: fixed and recurring days, and public holidays against lists made by hand."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from holidays import list_supported_countries
from hypothesis import given, settings
from hypothesis import strategies as st
from naive_clock import as_utc, is_holiday, local, ms

from kiestoon.company.model import HolidayDay
from kiestoon.company.time import HolidayTable, PublicHoliday, Timed, first_zone, public_holidays, regions

AMSTERDAM = "Europe/Amsterdam"

# Legal days off in the Netherlands, by hand: New Year, Easter, King's Day (26 April when the 27th is a Sunday),
# Liberation Day (every five years), Ascension, Pentecost, Christmas.
DUTCH = {
    2024: "01-01 03-31 04-01 04-27 05-09 05-19 05-20 12-25 12-26",
    2025: "01-01 04-20 04-21 04-26 05-05 05-29 06-08 06-09 12-25 12-26",
    2026: "01-01 04-05 04-06 04-27 05-14 05-24 05-25 12-25 12-26",
    2027: "01-01 03-28 03-29 04-27 05-06 05-16 05-17 12-25 12-26",
    2028: "01-01 04-16 04-17 04-27 05-25 06-04 06-05 12-25 12-26",
    2029: "01-01 04-01 04-02 04-27 05-10 05-20 05-21 12-25 12-26",
    2030: "01-01 04-21 04-22 04-27 05-05 05-30 06-09 06-10 12-25 12-26",
}
BELGIAN_2025 = "01-01 04-20 04-21 05-01 05-29 06-08 06-09 07-21 08-15 11-01 11-11 12-25"
GERMAN_2026 = "01-01 04-03 04-06 05-01 05-14 05-25 10-03 12-25 12-26"
REGIONAL_2026 = {"BY": "01-06 06-04 11-01", "BE": "03-08", "SN": "10-31 11-18", "NW": "06-04 11-01", "": ""}


def timed(*days: HolidayDay, country: str = "NL", region: str = "") -> Timed[object]:
    return Timed(first_zone(AMSTERDAM), HolidayTable(days, country, region))


def noon(day: date) -> int:
    return ms(f"{day.isoformat()}T12:00", AMSTERDAM)


def days_of(year: int) -> Iterator[date]:
    day = date(year, 1, 1)
    while day.year == year:
        yield day
        day += timedelta(days=1)


def listed(year: int, *days: HolidayDay, country: str = "NL", region: str = "") -> str:
    table = timed(*days, country=country, region=region)
    return " ".join(day.isoformat()[5:] for day in days_of(year) if table.at(noon(day)))


def joined(*days: str) -> str:
    return " ".join(sorted(" ".join(days).split()))


dates = st.dates(date(2019, 1, 1), date(2031, 12, 31))


@st.composite
def entries(draw: st.DrawFn) -> HolidayDay:
    first = draw(st.one_of(dates, st.sampled_from([date(2024, 2, 29), date(2023, 2, 28), date(2024, 12, 31)])))
    last = first + timedelta(days=draw(st.one_of(st.integers(0, 3), st.integers(0, 800))))
    until = draw(st.sampled_from([0, 0, first.year - 1, first.year, first.year + 2]))
    return HolidayDay(draw(st.text("abc", max_size=1)), str(first), str(last), draw(st.booleans()), until)


@settings(max_examples=200, deadline=None)
@given(st.lists(entries(), max_size=4), st.lists(dates, min_size=1, max_size=30))
def test_day_is_a_holiday_when_an_entry_has_it_and_the_first_names_it(
    days: list[HolidayDay], asked: list[date]
) -> None:
    table = timed(*days)
    for day in asked:
        names = [entry.name for entry in days if is_holiday(entry, day)]
        found = table.at(noon(day))
        assert (found.name if found else None) == (names[0] if names else None)  # type: ignore[attr-defined]


@settings(max_examples=60, deadline=None)
@given(st.lists(entries(), min_size=1, max_size=3), dates)
def test_next_change_is_the_first_midnight_with_another_answer(days: list[HolidayDay], start: date) -> None:
    def named(day: date) -> str | None:
        return next((entry.name for entry in days if is_holiday(entry, day)), None)

    later = (start + timedelta(days=number) for number in range(1, 9 * 366))
    expected = next((day for day in later if named(day) != named(start)), None)
    change = timed(*days).next_change(noon(start))
    if expected is None:
        assert change is None or local(change, AMSTERDAM).date() > start + timedelta(days=9 * 365)
    else:
        assert change is not None
        assert local(change, AMSTERDAM).isoformat()[:16] == f"{expected}T00:00"


def test_leap_day_recurs_in_leap_years_only() -> None:
    leap = HolidayDay("Leap day", "2024-02-29", "2024-02-29", recurs=True)
    assert [listed(year, leap) for year in (2023, 2024, 2025, 2028, 2100)] == ["", "02-29", "", "02-29", ""]
    assert as_utc(timed(leap).next_change(ms("2096-03-01T12:00"))) == "2104-02-28T23:00"


def test_range_around_the_leap_day_keeps_its_other_days() -> None:
    around = HolidayDay("Break", "2024-02-28", "2024-03-01", recurs=True)
    assert listed(2024, around) == "02-28 02-29 03-01"
    assert listed(2025, around) == "02-28 03-01"
    assert listed(2026, HolidayDay("To it", "2024-02-27", "2024-02-29", recurs=True)) == "02-27 02-28"
    assert listed(2026, HolidayDay("From it", "2024-02-29", "2024-03-02", recurs=True)) == "03-01 03-02"


def test_recurrence_over_new_year_ends_with_the_one_that_begins_in_its_last_year() -> None:
    closing = HolidayDay("Closing", "2024-12-30", "2025-01-01", recurs=True, until_year=2025)
    assert [listed(year, closing) for year in (2024, 2025, 2026)] == ["12-30 12-31", "01-01 12-30 12-31", "01-01"]
    assert listed(2027, closing) == ""


@pytest.mark.parametrize(
    "entry",
    [
        HolidayDay("x", "2025-02-29", "2025-03-01"),
        HolidayDay("x", "2025-13-01"),
        HolidayDay("x", "2025-06-02", "2025-06-01"),
        HolidayDay("x", "0000-00-00", "9999-99-99", recurs=True),
        HolidayDay("x"),
        HolidayDay("x", public="Nobody's Day"),
    ],
)
def test_entry_that_names_no_day_is_never(entry: HolidayDay) -> None:
    assert listed(2025, entry) == ""
    assert timed(entry).next_change(ms("2025-01-01T00:00")) is None


def test_entry_of_thousands_of_years_is_worked_out_at_once() -> None:
    ages = HolidayDay("Ages", "0001-01-02", "9999-12-31", recurs=True)
    assert len(listed(2025, ages).split()) == 365
    assert timed(ages).next_change(ms("2025-01-01T00:00")) is None


@pytest.mark.parametrize("year", DUTCH)
def test_all_dutch_public_holidays_are_those_of_the_hand_list(year: int) -> None:
    assert listed(year, HolidayDay("Public holidays", public="*")) == DUTCH[year]


def test_belgian_and_german_public_holidays_are_those_of_the_hand_lists() -> None:
    everything = HolidayDay("Public holidays", public="*")
    assert listed(2025, everything, country="BE") == BELGIAN_2025
    for region, extra in REGIONAL_2026.items():
        assert listed(2026, everything, country="DE", region=region) == joined(GERMAN_2026, extra)


def test_holiday_chosen_by_name_moves_with_easter() -> None:
    monday = HolidayDay("Tweede paasdag", public="Easter Monday")
    assert [listed(year, monday) for year in (2024, 2025, 2026)] == ["04-01", "04-21", "04-06"]
    found = timed(monday).at(ms("2026-04-06T12:00"))
    assert (found.name, found.public) == ("Tweede paasdag", "Easter Monday")  # type: ignore[union-attr, attr-defined]


def test_custom_that_is_no_legal_day_off_is_kept_when_chosen_by_name() -> None:
    assert listed(2026, HolidayDay("Goede Vrijdag", public="Good Friday")) == "04-03"
    assert listed(2026, HolidayDay("Bevrijdingsdag", public="Liberation Day")) == "05-05"


def test_day_given_instead_of_one_on_sunday_goes_by_the_same_name() -> None:
    christmas = HolidayDay("Christmas", public="Christmas Day")
    assert listed(2027, christmas, country="GB", region="ENG") == "12-25 12-27"


def test_public_holiday_can_end_with_a_year() -> None:
    easter = HolidayDay("Easter", public="Easter Monday", until_year=2025)
    assert (listed(2025, easter), listed(2026, easter)) == ("04-21", "")


def test_change_is_found_years_ahead() -> None:
    free = timed(HolidayDay("Bevrijdingsdag", public="Liberation Day"))
    assert as_utc(free.next_change(ms("2026-05-06T12:00"))) == "2027-05-04T22:00"
    assert as_utc(timed(HolidayDay("x", "2031-01-01", "2031-01-01")).next_change(noon(date(2025, 1, 1)))) == (
        "2030-12-31T23:00"
    )


def test_unknown_country_has_no_holidays_and_unknown_region_those_of_the_country() -> None:
    for country in ("", "XX", "nl", "../x", "utils"):
        assert public_holidays(country, "", 2026) == ()
        assert regions(country) == ()
    assert public_holidays("NL", "Mars", 2026) == public_holidays("NL", "", 2026) != ()
    assert public_holidays("NL", "", 1) == public_holidays("NL", "", 9999) == ()


def test_public_holidays_are_listed_with_their_names_in_both_languages() -> None:
    dutch = {holiday.date: holiday for holiday in public_holidays("NL", "", 2025)}
    assert dutch[date(2025, 4, 26)] == PublicHoliday(date(2025, 4, 26), "King's Day", "Koningsdag", True)
    assert dutch[date(2025, 4, 18)] == PublicHoliday(date(2025, 4, 18), "Good Friday", "Goede vrijdag", False)
    assert {holiday.local_name for holiday in public_holidays("BE", "", 2025, "fr")} >= {"Noël", "Fête nationale"}
    assert {holiday.local_name for holiday in public_holidays("BE", "", 2025, "zz")} >= {"Kerstmis"}


def test_memorial_day_on_which_people_work_is_no_holiday() -> None:
    offered = {holiday.date for holiday in public_holidays("SK", "", 2025)}
    assert date(2025, 8, 29) in offered
    assert date(2025, 9, 1) not in offered  # Constitution Day: no day off since 2024


def test_every_country_can_be_asked() -> None:
    found = {country: public_holidays(country, "", 2026, "nl") for country in list_supported_countries(False)}
    assert sum(any(day.legal for day in days) for days in found.values()) > 200
    assert all(day.name and day.local_name and day.date.year == 2026 for days in found.values() for day in days)


def test_regions_are_offered() -> None:
    assert {"BY", "BE", "NW"} <= set(regions("DE"))


def test_library_of_public_holidays_is_loaded_only_when_one_is_asked_for() -> None:
    program = (
        "import sys\n"
        "from kiestoon.company.model import HolidayDay\n"
        "from kiestoon.company.time import HolidayTable\n"
        "HolidayTable([HolidayDay('x', '2025-01-01')]).at(1_750_000_000)\n"
        "print('holidays' in sys.modules)\n"
        "HolidayTable([HolidayDay('x', public='*')], 'NL').at(1_750_000_000)\n"
        "print('holidays' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, env=os.environ)
    assert done.stdout.split() == ["False", "True"]
