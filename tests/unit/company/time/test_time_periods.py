"""Routing by day and time: which period fits."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from naive_clock import ZONES, agrees, as_utc, fits_route, instants, ms, scan

from kiestoon.company.model import Destination, TimeRoute
from kiestoon.company.time import Timed, first_zone, route_table

AMSTERDAM = "Europe/Amsterdam"
MON, TUE, WED, THU, FRI, SAT, SUN = range(7)


def route(row_id: int, days: tuple[int, int], start: int, end: int) -> TimeRoute:
    return TimeRoute(
        id=row_id, company_id=1, routing_id=1, start_day=days[0], end_day=days[1], start=start, end=end,
        to=Destination("extension", str(row_id)),
    )  # fmt: skip


def routing(*routes: TimeRoute, zone: str = AMSTERDAM) -> Timed[TimeRoute | None]:
    return Timed(first_zone(zone), route_table(routes))


def found(timed: Timed[TimeRoute | None], when: str) -> int | None:
    fitting = timed.at(ms(when, AMSTERDAM))
    return fitting.id if fitting else None


routes = st.lists(
    st.builds(
        lambda first, last, start, end: ((first, last), start, end),
        st.integers(0, 6), st.integers(0, 6), st.integers(0, 1440), st.integers(0, 1440),
    ),
    max_size=4,
).map(lambda drawn: [route(number, *each) for number, each in enumerate(drawn)])  # fmt: skip


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_first_period_that_fits_and_its_end_are_those_of_scanning(data: st.DataObject) -> None:
    zone = data.draw(st.sampled_from(ZONES))
    rows = data.draw(routes)
    at_ms = data.draw(instants(zone))
    timed = routing(*reversed(rows), zone=zone)

    def fitting(instant: int) -> int | None:
        return next((row.id for row in rows if fits_route(row, instant, zone)), None)

    chosen = timed.at(at_ms)
    assert (chosen.id if chosen else None) == fitting(at_ms)
    assert agrees(timed.next_change(at_ms), scan(fitting, at_ms, 3), at_ms, 3)


def test_period_counts_each_day_from_the_first_to_the_last() -> None:
    office = routing(route(1, (MON, FRI), 540, 1020))
    assert [found(office, f"2026-01-{day:02}T10:00") for day in range(5, 12)] == [1, 1, 1, 1, 1, None, None]
    assert found(office, "2026-01-06T20:00") is None


def test_days_may_run_over_the_weekend() -> None:
    weekend = routing(route(1, (FRI, MON), 0, 1440))
    assert [found(weekend, f"2026-01-{day:02}T10:00") for day in range(5, 12)] == [1, None, None, None, 1, 1, 1]


def test_end_at_or_before_the_start_is_on_the_next_day() -> None:
    night = routing(route(1, (SUN, SUN), 1320, 360))
    assert found(night, "2026-01-05T05:59") == 1
    assert found(night, "2026-01-05T06:00") is None
    assert found(night, "2026-01-04T05:00") is None
    whole = routing(route(1, (TUE, TUE), 540, 540))
    assert as_utc(whole.next_change(ms("2026-01-06T12:00"))) == "2026-01-07T08:00"


def test_lowest_id_wins_where_periods_overlap() -> None:
    both = routing(route(2, (MON, SUN), 0, 1440), route(1, (WED, WED), 720, 780))
    assert [found(both, f"2026-01-07T{hour}:30") for hour in (11, 12, 13)] == [2, 1, 2]


def test_outside_every_period_none_fits() -> None:
    assert found(routing(), "2026-01-07T12:00") is None
    assert routing().next_change(0) is None
