"""The expected waiting time (E 7.5.9)."""

from __future__ import annotations

from kiestoon.calls.queues.waits import FEWEST, WINDOW_MS, Waits


def test_too_few_calls_in_the_last_half_hour_tell_nothing() -> None:
    waits = Waits()
    for number in range(FEWEST - 1):
        waits.note(1, number, 60, 1)
    assert waits.expected_s(1, 10, 1) is None
    waits.note(1, 10, 60, 1)
    assert waits.expected_s(1, 10, 1) == 60
    assert waits.expected_s(2, 10, 1) is None
    assert waits.expected_s(1, 10 + WINDOW_MS, 1) is None


def test_who_stands_further_back_waits_longer() -> None:
    waits = Waits()
    for place in (1, 2, 3):
        waits.note(1, 0, 90 * place, place)
    assert waits.expected_s(1, 0, 1) == 90
    assert waits.expected_s(1, 0, 4) == 360
