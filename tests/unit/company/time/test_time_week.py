"""Time schedules: when a block of the week is active, and when that changes."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from naive_clock import MINUTE_MS, ZONES, agrees, as_utc, block_minutes, blocks, in_blocks, instants, ms, scan

from kiestoon.company.model import WeekBlock
from kiestoon.company.time import Timed, first_zone, schedule_table

AMSTERDAM = "Europe/Amsterdam"
MON, TUE, WED, THU, FRI, SAT, SUN = range(7)


def schedule(*week: WeekBlock, zone: str = AMSTERDAM) -> Timed[bool]:
    return Timed(first_zone(zone), schedule_table(week))


def at(minutes: int) -> int:
    """Minutes of a day as hh*100+mm, for reading."""
    return minutes // 100 * 60 + minutes % 100


def block(day: int, start: int, end: int) -> WeekBlock:
    return WeekBlock(day, at(start), at(end))


def changes(timed: Timed[bool], start_ms: int, count: int) -> list[str | None]:
    found: list[str | None] = []
    here: int | None = start_ms
    for _ in range(count):
        assert here is not None
        here = timed.next_change(here)
        found.append(as_utc(here))
        if here is None:
            break
    return found


@settings(deadline=None)
@given(st.data())
def test_active_exactly_while_the_clock_reads_a_minute_of_a_block(data: st.DataObject) -> None:
    zone = data.draw(st.sampled_from(ZONES))
    week = data.draw(blocks)
    timed, minutes = schedule(*week, zone=zone), block_minutes(week)
    for at_ms in data.draw(st.lists(instants(zone), min_size=1, max_size=20)):
        assert timed.at(at_ms) is in_blocks(minutes, at_ms, zone)


@settings(max_examples=120, deadline=None)
@given(st.data())
def test_next_change_is_the_first_minute_with_another_answer(data: st.DataObject) -> None:
    zone = data.draw(st.sampled_from(ZONES))
    week = data.draw(blocks)
    at_ms = data.draw(instants(zone))
    minutes = block_minutes(week)
    scanned = scan(lambda each: in_blocks(minutes, each, zone), at_ms, 9)
    assert agrees(schedule(*week, zone=zone).next_change(at_ms), scanned, at_ms, 9)


def test_block_is_active_from_its_first_minute_until_its_end() -> None:
    office = schedule(block(MON, 900, 1730))
    assert not office.at(ms("2026-01-05T08:59:59", AMSTERDAM))
    assert office.at(ms("2026-01-05T09:00", AMSTERDAM))
    assert office.at(ms("2026-01-05T17:29:59", AMSTERDAM) + 999)
    assert not office.at(ms("2026-01-05T17:30", AMSTERDAM))
    assert not office.at(ms("2026-01-06T09:00", AMSTERDAM))


def test_block_past_midnight_goes_on_the_next_day_also_from_sunday_to_monday() -> None:
    night = schedule(WeekBlock(SUN, at(2200), 1440 + at(600)))
    assert night.at(ms("2026-01-05T05:59", AMSTERDAM))
    assert not night.at(ms("2026-01-05T06:00", AMSTERDAM))
    assert changes(night, ms("2026-01-04T12:00"), 2) == ["2026-01-04T21:00", "2026-01-05T05:00"]


def test_adjoining_and_overlapping_blocks_are_one() -> None:
    week = schedule(block(MON, 900, 1200), block(MON, 1200, 1300), block(MON, 1230, 1700), block(MON, 1000, 1100))
    assert changes(week, ms("2026-01-05T00:00"), 2) == ["2026-01-05T08:00", "2026-01-05T16:00"]


def test_blocks_that_meet_at_the_weeks_end_are_one() -> None:
    week = schedule(block(SUN, 1200, 2400), block(MON, 0, 800))
    assert changes(week, ms("2026-01-04T12:00"), 1) == ["2026-01-05T07:00"]


@pytest.mark.parametrize(
    "week",
    [
        (),
        (WeekBlock(WED, 300, 300 + 7 * 1440),),
        (WeekBlock(SUN, 1439, 1440 * 8),),
        tuple(WeekBlock(day, 0, 1440) for day in range(7)),
        (WeekBlock(MON, 600, 600),),
        (WeekBlock(MON, 600, 1),),
    ],
    ids=["nothing", "a week", "more than a week", "every day", "empty", "backwards"],
)
def test_schedule_without_changes_says_so(week: tuple[WeekBlock, ...]) -> None:
    timed = schedule(*week)
    assert timed.next_change(ms("2026-03-28T12:00")) is None
    assert timed.at(ms("2026-03-28T12:00")) is (sum(each.end - each.start for each in week) >= 7 * 1440)


def test_time_that_is_skipped_in_spring_has_passed() -> None:
    skipped = schedule(block(SUN, 200, 300))
    assert changes(skipped, ms("2026-03-28T12:00"), 1) == ["2026-04-05T00:00"]  # not on the 29th at all
    half = schedule(block(SUN, 230, 400))
    assert changes(half, ms("2026-03-28T12:00"), 2) == ["2026-03-29T01:00", "2026-03-29T02:00"]


def test_hour_that_is_repeated_in_autumn_counts_twice() -> None:
    whole = schedule(block(SUN, 200, 300))
    assert changes(whole, ms("2026-10-24T12:00"), 2) == ["2026-10-25T00:00", "2026-10-25T02:00"]
    half = schedule(block(SUN, 230, 300))
    assert changes(half, ms("2026-10-24T12:00"), 4) == [
        "2026-10-25T00:30", "2026-10-25T01:00", "2026-10-25T01:30", "2026-10-25T02:00",
    ]  # fmt: skip


def test_half_hour_of_lord_howe_counts_too() -> None:
    early = schedule(block(SUN, 200, 215), zone="Australia/Lord_Howe")
    assert not early.at(ms("2026-10-03T15:30"))  # 02:00 became 02:30
    assert changes(early, ms("2026-10-03T00:00"), 1) == ["2026-10-10T15:00"]


def test_day_that_apia_left_out_has_passed() -> None:
    friday = schedule(WeekBlock(FRI, 0, 1440), zone="Pacific/Apia")
    assert changes(friday, ms("2011-12-28T00:00"), 1) == ["2012-01-05T10:00"]  # 30 December 2011 was not


def test_leap_day_and_turn_of_the_year_have_their_weekdays() -> None:
    assert schedule(WeekBlock(THU, 0, 1440)).at(ms("2024-02-29T12:00"))
    assert schedule(WeekBlock(WED, 1380, 1500)).at(ms("2025-01-01T00:30", AMSTERDAM)) is False
    assert schedule(WeekBlock(TUE, 1380, 1500)).at(ms("2025-01-01T00:30", AMSTERDAM)) is True


def test_next_change_lies_after_the_instant_asked_about() -> None:
    timed = schedule(block(MON, 900, 1700))
    start = ms("2026-01-05T09:00", AMSTERDAM)
    assert timed.next_change(start - 1) == start
    assert as_utc(timed.next_change(start)) == "2026-01-05T16:00"
    assert as_utc(timed.next_change(start + MINUTE_MS // 2)) == "2026-01-05T16:00"


def test_midnight_between_sunday_and_monday_is_no_change_inside_a_block() -> None:
    table = schedule_table([WeekBlock(SUN, 720, 1440), WeekBlock(MON, 0, 480)])
    sunday = ms("2026-01-04T13:00") // 1000
    assert table.after(sunday) == ms("2026-01-05T08:00") // 1000


def test_huge_schedule_is_built_in_little_time() -> None:
    many = [WeekBlock(day, start, start + 2000) for day in range(7) for start in range(1440)]
    assert schedule(*many).next_change(ms("2026-01-05T09:00")) is None
