"""The garbage collector's manners: small portions under load, everything only when nobody is bothered."""

from __future__ import annotations

import gc

import pytest

from kiestoon.app import collector
from kiestoon.app.collector import Collector

pytestmark = pytest.mark.usefixtures("thaws")


class Clock:
    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = self.used = 0.0
        monkeypatch.setattr(collector.time, "monotonic", lambda: self.now)
        monkeypatch.setattr(collector.time, "process_time", lambda: self.used)

    def pass_time(self, seconds: float, busy: float) -> None:
        self.now += seconds
        self.used += seconds * busy


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


@pytest.fixture
def full(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Every full collection."""
    seen: list[int] = []
    monkeypatch.setattr(collector.gc, "collect", lambda *_: seen.append(1) or 0)
    return seen


def test_old_objects_are_never_walked_by_themselves(clock: Clock):
    own = Collector()
    before = gc.get_threshold()
    own.settle()
    try:
        assert gc.get_threshold()[2] == collector.NEVER
        assert gc.get_freeze_count() > 0
    finally:
        own.close()
        gc.set_threshold(*before)
    assert own._timed not in gc.callbacks


def test_everything_is_collected_now_and_then_while_the_exchange_idles(clock: Clock, full: list[int]):
    own = Collector(lambda: 10)
    clock.pass_time(1, busy=0.01)
    own.tick()
    assert not full
    clock.pass_time(601, busy=0.01)
    own.tick()
    assert len(full) == 1
    clock.pass_time(1, busy=0.01)
    own.tick()
    assert len(full) == 1


def test_a_busy_exchange_or_one_with_many_calls_waits(clock: Clock, full: list[int]):
    calls = 10
    own = Collector(lambda: calls)
    clock.pass_time(700, busy=0.5)
    own.tick()
    calls = 5000
    clock.pass_time(700, busy=0.01)
    own.tick()
    assert not full
    clock.pass_time(90_000, busy=0.01)  # once a day it must be
    own.tick()
    assert len(full) == 1


def test_what_lives_is_spared_by_the_next_look_at_the_young(clock: Clock):
    own = Collector(lambda: 5000)
    clock.pass_time(1, busy=0.9)
    living = [[number] for number in range(100)]
    assert gc.is_tracked(living[0])
    own.tick()
    try:
        assert not any(item is living[0] for item in gc.get_objects())
    finally:
        gc.unfreeze()
