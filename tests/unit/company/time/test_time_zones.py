"""Reading the clock of a zone."""

from __future__ import annotations

from datetime import UTC
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from naive_clock import ZONES, instants, local, ms

from kiestoon.company.time import Zone, first_zone, zone

EVERYWHERE = sorted(available_timezones())


def reading(at_ms: int, name: str) -> int:
    return int(local(at_ms, name).replace(tzinfo=UTC).timestamp())


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_reading_is_that_of_zoneinfo_in_every_zone_of_the_world(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(EVERYWHERE))
    found = zone(name)
    assert found is not None
    for at_s in data.draw(st.lists(st.integers(0, 4_000_000_000), min_size=1, max_size=5)):
        assert found.local_s(at_s) == reading(at_s * 1000, name)


@given(st.data())
def test_reading_is_right_around_changes_of_the_clock(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(ZONES))
    found = Zone(ZoneInfo(name))  # a new one, so that it meets the change first
    at_ms = data.draw(instants(name))
    assert found.local_s(at_ms // 1000) == reading(at_ms, name)


def test_segment_ends_to_the_second_where_the_clock_changes() -> None:
    found = first_zone("Europe/Amsterdam")
    spring = ms("2025-03-30T01:00") // 1000
    assert found.segment(spring - 1)[1:] == (spring, 3600)
    assert found.segment(spring)[0::2] == (spring, 7200)


@pytest.mark.parametrize("year", [1969, 9999, 40_000])
def test_instants_out_of_range_get_a_reading_too(year: int) -> None:
    at_s = int((year - 1970) * 31_556_952)
    assert abs(first_zone("Europe/Amsterdam").local_s(at_s) - at_s) <= 7200


@pytest.mark.parametrize("name", ["", "Europe/Atlantis", "../../etc/passwd", "/etc/localtime", "Europe", "a\0b"])
def test_unknown_zone_is_passed_over(name: str) -> None:
    assert first_zone(name, "America/St_Johns").name == "America/St_Johns"
    assert first_zone(name).name == "UTC"
