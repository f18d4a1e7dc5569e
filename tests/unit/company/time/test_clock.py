"""Times of day said by people, as instants (REACH-10)."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from kiestoon.company.time.clock import instant_of, next_time, reading
from kiestoon.company.time.zones import zone

AMSTERDAM = ZoneInfo("Europe/Amsterdam")


def ms(text: str, fold: int = 0) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=AMSTERDAM, fold=fold).timestamp() * 1000)


@pytest.mark.parametrize(
    ("now", "hour", "minute", "expected"),
    [
        ("2026-03-02T12:00", 14, 30, "2026-03-02T14:30"),
        ("2026-03-02T12:00", 9, 0, "2026-03-03T09:00"),
        ("2026-03-02T12:00", 12, 0, "2026-03-03T12:00"),
        ("2026-03-02T12:00", 0, 0, "2026-03-03T00:00"),
        ("2026-03-28T23:00", 8, 0, "2026-03-29T08:00"),  # over the change to summer time
        ("2026-03-29T00:30", 2, 30, "2026-03-29T03:00"),  # there is no 2:30 that night
        ("2026-10-24T23:00", 8, 0, "2026-10-25T08:00"),  # over the change back
        ("2026-10-25T01:00", 2, 30, "2026-10-25T02:30"),
    ],
)
def test_a_time_of_day_is_the_next_such_time_on_the_wall(now: str, hour: int, minute: int, expected: str) -> None:
    found = zone("Europe/Amsterdam")
    assert found is not None
    assert next_time(found, hour * 60 + minute, ms(now)) == ms(expected)


def test_the_clock_is_read_in_its_place() -> None:
    found = zone("Europe/Riga")
    assert found is not None
    shown = reading(found, ms("2026-12-24T17:05"))
    assert (shown.isoformat()[:16], shown.strftime("%A")) == ("2026-12-24T18:05", "Thursday")


@pytest.mark.parametrize(
    ("minute", "expected"),
    [
        ("2026-07-01T10:00", ms("2026-07-01T10:00")),
        ("2026-12-01T10:00", ms("2026-12-01T10:00")),
        ("2026-10-25T02:30", ms("2026-10-25T02:30")),  # the clock shows it twice: the first time
        ("2026-03-29T02:30", ms("2026-03-29T03:30")),  # the clock never shows it
        ("2026-10-25T12:00", ms("2026-10-25T12:00")),
        ("2026-03-29T12:00", ms("2026-03-29T12:00")),
    ],
)
def test_a_minute_on_the_wall_is_an_instant(minute: str, expected: int) -> None:
    found = zone("Europe/Amsterdam")
    assert found is not None
    assert instant_of(found, minute) == expected


def test_what_is_no_minute_is_no_instant() -> None:
    found = zone("Europe/Amsterdam")
    assert found is not None
    assert instant_of(found, "2026-02-30T10:00") is None
