"""Speech quality of live calls: asked for in portions, waited for no longer than set, put into figures for people."""

from __future__ import annotations

import asyncio
import time

from kiestoon.app.live_quality import AT_ONCE, LiveQuality
from kiestoon.app.record_view import loss_percent, quality_as_dict, worst
from kiestoon.media.protocol import Command, Measure, Port, Quality, QualityMeasured


class Link:
    """A media process that answers what it is told to."""

    def __init__(self, *, answers: bool = True, connected: bool = True) -> None:
        self.answers = answers
        self.connected = connected
        self.incarnation, self.hosts = "m", ("192.0.2.1",)
        self.on_event = self.on_lost = lambda _: None
        self.pending: list[int] = []
        self.most_pending = 0
        self.quality: LiveQuality | None = None

    def lease(self, host: str = "") -> Port | None:
        return None

    def release(self, port: Port) -> None: ...

    def send(self, command: Command) -> None:
        assert isinstance(command, Measure)
        self.pending.append(command.termination)
        self.most_pending = max(self.most_pending, len(self.pending))
        if self.answers:
            asyncio.get_running_loop().call_soon(self._answer, command.termination)

    def _answer(self, number: int) -> None:
        self.pending.remove(number)
        assert self.quality is not None
        self.quality.measured(QualityMeasured(number, Quality(packets_received=number)))


def measure(link: Link, count: int, wait_s: float = 5.0) -> dict[int, Quality]:
    live = link.quality = LiveQuality(wait_s)
    return asyncio.run(live.measure(dict.fromkeys(range(1, count + 1), link)))


def test_every_termination_is_measured_a_portion_at_a_time() -> None:
    link = Link()
    found = measure(link, 3 * AT_ONCE + 1)
    assert {number: quality.packets_received for number, quality in found.items()} == {
        number: number for number in range(1, 3 * AT_ONCE + 2)
    }
    assert link.most_pending == AT_ONCE


def test_who_does_not_answer_is_not_waited_for_long() -> None:
    began = time.monotonic()
    assert measure(Link(answers=False), 3, wait_s=0.05) == {}
    assert time.monotonic() - began < 2


def test_nobody_waits_for_a_process_that_is_away_or_for_no_calls() -> None:
    assert measure(Link(connected=False), 3) == {}
    assert measure(Link(), 0) == {}


def test_two_who_ask_at_once_both_get_their_figures() -> None:
    async def both() -> list[dict[int, Quality]]:
        link = Link()
        live = link.quality = LiveQuality(5.0)
        return await asyncio.gather(live.measure({1: link, 2: link}), live.measure({2: link}))

    first, second = asyncio.run(both())
    assert (set(first), set(second)) == ({1, 2}, {2})


def test_answers_nobody_asked_for_are_ignored() -> None:
    LiveQuality().measured(QualityMeasured(1, Quality()))


def test_loss_is_what_never_came_or_came_too_late() -> None:
    assert loss_percent(Quality(packets_received=95, packets_lost=5, packets_late=5)) == 10.0
    assert loss_percent(Quality()) == 0.0
    assert loss_percent(Quality(packets_received=10, packets_lost=-3)) == 0.0  # duplicates (RFC 3550 A.3)
    assert quality_as_dict(Quality(packets_received=3, packets_lost=1))["loss_percent"] == 25.0


def test_the_worst_leg_is_shown_and_legs_nothing_came_from_do_not_count() -> None:
    good = Quality(packets_received=100, mos=4.41, jitter_ms=9.96, delay_ms=55.4)
    bad = Quality(packets_received=90, packets_lost=10, mos=3.26, jitter_ms=1.0)
    assert worst([good, bad, Quality(), None]) == {"mos": 3.3, "loss_percent": 10.0, "jitter_ms": 10.0, "delay_ms": 55}
    assert worst([None, Quality()]) == {"mos": None, "loss_percent": None, "jitter_ms": None, "delay_ms": None}
