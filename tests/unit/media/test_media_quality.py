"""The E-model's figures against those of the recommendation."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiestoon.media.quality import estimate_mos, mos, one_way_delay_ms, rating


def test_defaults_give_the_recommendations_r_and_mos() -> None:
    assert rating("PCMA", 0.0, 0.0) == pytest.approx(93.2, abs=0.05)  # G.107 (06/2015) §7.7
    assert mos(93.2) == pytest.approx(4.41, abs=0.01)


@pytest.mark.parametrize(("r", "expected"), [(90, 4.34), (80, 4.03), (70, 3.60), (60, 3.10), (50, 2.58)])
def test_mos_of_a_rating(r: float, expected: float) -> None:
    assert mos(r) == pytest.approx(expected, abs=0.01)  # G.107 Annex B, Table B.1


def test_g729_has_its_equipment_impairment() -> None:
    assert rating("PCMA", 0.0, 0.0) - rating("G729", 0.0, 0.0) == pytest.approx(11.0)


@pytest.mark.parametrize(("delay_ms", "low", "high"), [(100, 90, 93), (150, 88, 92), (250, 78, 84), (400, 60, 66)])
def test_delay_costs_what_figure_1_of_g114_shows(delay_ms: float, low: float, high: float) -> None:
    assert low < rating("PCMA", 0.0, delay_ms) < high


def test_one_way_delay_is_packet_network_and_jitter_buffer() -> None:
    assert one_way_delay_ms("PCMA", jitter_ms=5.0, round_trip_ms=80.0) == 20.0 + 40.0 + 10.0
    assert one_way_delay_ms("OPUS", jitter_ms=0.0, round_trip_ms=0.0) == 26.5  # 20 ms frame, 6.5 ms look-ahead


@given(st.floats(0, 1), st.floats(0, 500), st.floats(0, 3000))
def test_more_of_anything_bad_is_never_better(loss: float, jitter_ms: float, round_trip_ms: float) -> None:
    score = estimate_mos("PCMA", loss, jitter_ms, round_trip_ms)
    assert 1.0 <= score <= 4.5
    # Annex B's cubic dips below 1 near R = 6 and is cut there, so "not better" is all that can be said.
    assert estimate_mos("PCMA", min(1.0, loss + 0.1), jitter_ms, round_trip_ms) <= score + 1e-9
    assert estimate_mos("PCMA", loss, jitter_ms, round_trip_ms + 50) <= score + 1e-9
