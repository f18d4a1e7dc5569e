"""Processor time of one call through the whole exchange in memory: parser, transactions, sessions, registrar, routing,
call control, offer/answer, journal, record, media commands. Sockets and the message trace come on top.

Grows with nothing but the call itself: the table says how it changes with live calls and with registered devices.
"""

from __future__ import annotations

import argparse
import gc
import statistics

from bench.lib.memory_exchange import MemoryExchange, freeze
from bench.lib.results import Result, table

WARM_UP = 300
BATCH = 200


def measure(calls: int, *, held: int = 0, devices: int = 100) -> tuple[float, float]:
    """(best, median) of batches, µs per call, beside ``held`` live calls."""
    exchange = MemoryExchange(devices)
    exchange.run(0, WARM_UP)
    for number in range(WARM_UP, WARM_UP + held):
        exchange.pass_time(1 / 1250)
        exchange.open(number)
    first = WARM_UP + held
    freeze()
    gc.disable()
    batches = [exchange.run(start, BATCH) * 1e6 for start in range(first, first + calls, BATCH)]
    gc.enable()
    gc.unfreeze()
    return min(batches), statistics.median(batches)


def profile(sort: str) -> None:
    """Where the time goes."""
    import cProfile
    import pstats

    exchange = MemoryExchange()
    exchange.run(0, WARM_UP)
    freeze()
    gc.disable()
    profiler = cProfile.Profile()
    profiler.enable()
    exchange.run(WARM_UP, 2000)
    profiler.disable()
    pstats.Stats(profiler).sort_stats(sort).print_stats(90)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=4000)
    parser.add_argument("--quick", action="store_true", help="no growth table")
    parser.add_argument("--profile", default="", help="tottime or cumtime")
    options = parser.parse_args()
    if options.profile:
        profile(options.profile)
        return
    best, median = measure(options.calls)
    rows = [("0", "100", best, median)]
    if not options.quick:
        for held, devices in ((1000, 100), (5000, 100), (0, 10_000), (5000, 10_000)):
            rows.append((f"{held}", f"{devices}", *measure(2000, held=held, devices=devices)))
        print(table(("live calls", "devices", "best batch µs", "median µs"), rows))
    print(f"best batch {best:.0f} us")
    print(Result("exchange_cpu", median, "us"))


if __name__ == "__main__":
    main()
