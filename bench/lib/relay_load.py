"""Two-way G.711 calls through a media relay, one number of calls at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from bench.lib.results import table
from bench.lib.systems import LOAD_CORE, SERVER_CORE
from bench.peers.process import free_port
from bench.peers.rtpengine import Rtpengine
from bench.rtp_load import Address, RtpReport, measure_relay

LATE_MS = 15.0
"""A generator later than this against its own schedule was disturbed by the machine: measured again."""


class Relay(Protocol):
    """A media relay as the benchmark sees it."""

    name: str

    def open(self, calls: int, remote: Address) -> list[Address]:
        """Set up so many two-way calls with every party at ``remote``; where the parties send to, two per call."""
        ...

    def close(self) -> None:
        """End all of them."""
        ...

    def cpu_s(self) -> float:
        """Processor time so far, seconds."""
        ...


class RtpengineRelay(Rtpengine):
    """rtpengine in user space on the server core."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory, core=SERVER_CORE)
        self._calls: list[str] = []

    def open(self, calls: int, remote: Address) -> list[Address]:
        """Offer and answer each call."""
        self._calls = [f"bench-{number}" for number in range(calls)]
        return [address for call in self._calls for address in self.relay(call, remote)]

    def close(self) -> None:
        """Delete each call."""
        for call in self._calls:
            self.delete(call)

    def cpu_s(self) -> float:
        """Processor time so far, seconds."""
        return self.daemon.cpu_s()


@dataclass(frozen=True)
class RelayStep:
    """So many calls for some seconds."""

    rate: float  # calls; named as the search wants it
    report: RtpReport

    @property
    def sustained(self) -> bool:
        """No loss to speak of and p99 added delay under 20 ms."""
        return self.report.loss <= 0.0005 and self.report.delay_p99_ms < 20


def relay_step(relay: Relay, calls: int, seconds: float = 5.0) -> RelayStep:
    """Relay ``calls`` two-way calls for ``seconds``."""
    remote = ("127.0.0.1", free_port())
    destinations = relay.open(calls, remote)
    try:
        for _ in range(3):
            report = measure_relay(remote, destinations, seconds, core=LOAD_CORE, relay_cpu_s=relay.cpu_s)
            if report.late_ms < LATE_MS:
                break
    finally:
        relay.close()
    step = RelayStep(calls, report)
    print(
        f"  {relay.name}: {calls} calls {'hold' if step.sustained else 'FAIL'}: loss {report.loss:.3%}, "
        f"p99 {report.delay_p99_ms:.2f} ms, relay {report.relay_cores:.0%}, load {report.load_cores:.0%}",
        flush=True,
    )
    return step


HEADINGS = ("two-way calls", "loss %", "added delay p50 ms", "p99 ms", "max ms", "relay core %", "load core %",
            "generator late ms")  # fmt: skip


def steps_table(steps: Sequence[RelayStep]) -> str:
    """How the figures grow with the number of calls."""
    return table(HEADINGS, [
        (f"{s.rate:.0f}", f"{s.report.loss * 100:.3f}", s.report.delay_p50_ms, s.report.delay_p99_ms,
         s.report.delay_max_ms, f"{s.report.relay_cores * 100:.0f}", f"{s.report.load_cores * 100:.0f}",
         s.report.late_ms)
        for s in sorted(steps, key=lambda s: s.rate)
    ])  # fmt: skip
