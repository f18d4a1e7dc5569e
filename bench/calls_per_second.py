"""Calls a second through the exchange, beside Kamailio as a stateful proxy; delay at half load; twice the limit."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from bench.lib.call_load import CallLoad, Step, steps_table
from bench.lib.results import Result
from bench.lib.search import find_limit
from bench.lib.systems import StatefulProxy, SystemUnderTest, WholeExchange

NAME = "calls_per_second"
CORE = 1  # this process only watches; the system under test has core 0


@dataclass(frozen=True)
class Measured:
    """One system: its limit, the step at half of it, the step at twice it, and every step on the way."""

    limit: Step
    half: Step
    double: Step
    steps: list[Step]


def measure(system: SystemUnderTest, directory: Path, *, start: float) -> Measured:
    """Find the limit, then look at half and at twice of it."""
    with CallLoad(system, directory) as load:
        limit, steps = find_limit(lambda rate: load.step(rate, 5.0), start=start)
        half = load.step(limit.rate / 2, 10.0)
        double = load.step(limit.rate * 2, 8.0)
    return Measured(limit, half, double, steps)


def report(ours: Measured, peer: Measured, peer_name: str) -> None:
    """Print tables and result lines."""
    for title, measured in (("Kiestoon", ours), (peer_name, peer)):
        print(f"\n{title}, growth with the rate (the last rows include half and twice the limit)\n")
        print(steps_table([*measured.steps, measured.half, measured.double]), "\n")
    pairs = [
        ("calls_per_second", ours.limit.rate, "calls/s", peer.limit.rate),
        ("post_dial_delay_p99_half_load", ours.half.delay_p99_ms, "ms", peer.half.delay_p99_ms),
        ("post_dial_delay_max_half_load", ours.half.delay_max_ms, "ms", peer.half.delay_max_ms),
        ("throughput_at_twice_the_limit", _kept(ours), "% of peak", _kept(peer)),
        ("cpu_per_call", _cpu_ms(ours), "ms", _cpu_ms(peer)),
    ]
    for name, value, unit, peer_value in pairs:
        print(Result(name, value, unit, peer_name, peer_value))


def _kept(measured: Measured) -> float:
    return 100 * measured.double.completed_per_s / measured.limit.completed_per_s


def _cpu_ms(measured: Measured) -> float:
    return 1000 * measured.half.server_cores / measured.half.rate


def main() -> None:
    """Measure both on the same core, one after the other."""
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        directory = Path(name)
        with WholeExchange(directory) as exchange:
            ours = measure(exchange, directory, start=200)
        with StatefulProxy(directory) as proxy:
            peer = measure(proxy, directory, start=400)
    report(ours, peer, proxy.name)


if __name__ == "__main__":
    main()
