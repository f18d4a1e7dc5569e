"""Two-way G.711 calls relayed by one media process on one core, beside rtpengine in user space on the same core.

Last lines: the added delay (p99) at 400 calls, and the most calls relayed with p99 < 20 ms and no loss to speak of.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from bench.lib.media_process import MediaProcess
from bench.lib.relay_load import Relay, RelayStep, RtpengineRelay, relay_step, steps_table
from bench.lib.results import Result
from bench.lib.search import find_limit

NAME = "media_relay"
CORE = 1
HALF = 400


def measure(relay: Relay, *, start: float, seconds: float) -> tuple[RelayStep, list[RelayStep], RelayStep]:
    """The limit, every step, and the step at 400 calls."""
    half = relay_step(relay, HALF, seconds)
    limit, steps = find_limit(lambda calls: relay_step(relay, int(calls), seconds), start=start, growth=1.25)
    return limit, [half, *steps], half


def main() -> None:
    """Measure both, one after the other; ``--calls`` tries one number of ours only."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int)
    parser.add_argument("--seconds", type=float, default=5.0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        if options.calls:
            with MediaProcess(Path(name)) as ours:
                step = relay_step(ours, options.calls, options.seconds)
                print(f"\n{steps_table([step])}\n\nworst turn of the loop {ours.stats().worst_turn_ms} ms")
            return
        with MediaProcess(Path(name)) as ours:
            limit, steps, half = measure(ours, start=700, seconds=options.seconds)
        print(f"\n{ours.name}, growth with the number of calls\n\n{steps_table(steps)}\n")
        with RtpengineRelay(Path(name)) as rtpengine:
            peer, peer_steps, peer_half = measure(rtpengine, start=600, seconds=options.seconds)
        print(f"\n{rtpengine.name}, growth with the number of calls\n\n{steps_table(peer_steps)}\n")
        delay, peer_delay = half.report.delay_p99_ms, peer_half.report.delay_p99_ms
        print(Result(f"{NAME}_p99_at_{HALF}", delay, "ms", rtpengine.name, peer_delay))
        print(Result(NAME, limit.rate, "calls", rtpengine.name, peer.rate))


if __name__ == "__main__":
    main()
