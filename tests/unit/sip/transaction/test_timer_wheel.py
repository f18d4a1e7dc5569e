"""The timer wheel all transactions of a layer share."""

from __future__ import annotations

from kiestoon.sip.transaction.timers import TimerWheel


def test_an_entry_taken_out_early_is_not_due_and_the_others_of_its_tick_are() -> None:
    wheel: TimerWheel[str] = TimerWheel()
    tick = wheel.add(1.0, "stays")
    assert wheel.add(1.0, "goes") == tick
    wheel.discard(tick, "goes")
    assert len(wheel) == 1
    assert list(wheel.due(1.0, 10)) == [(tick, "stays")]
    assert wheel.next_deadline() is None


def test_taking_out_what_is_not_there_changes_nothing() -> None:
    wheel: TimerWheel[str] = TimerWheel()
    tick = wheel.add(1.0, "stays")
    wheel.discard(tick, "stranger")
    wheel.discard(tick + 1, "stays")
    assert len(wheel) == 1


def test_a_tick_whose_only_entry_was_taken_out_passes_quietly() -> None:
    wheel: TimerWheel[str] = TimerWheel()
    wheel.discard(wheel.add(1.0, "goes"), "goes")
    wheel.add(2.0, "later")
    assert list(wheel.due(1.5, 10)) == []
    assert wheel.next_deadline() == 2.0
