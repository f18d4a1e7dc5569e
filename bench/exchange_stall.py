"""The longest the control process stands still: 35 s of 1,250 calls/s in memory, each call lasting four seconds, with
the collector's settings of the control process. Long enough for the first transactions to end (32 s): about 5,000 calls
and 150,000 transactions live at the end.

A turn is what is done between two looks at the sockets: here one message, or the timers that are due.
"""

from __future__ import annotations

import time
from collections import deque

from bench.lib.memory_exchange import Caller, MemoryExchange
from bench.lib.results import Result, percentile, table
from kiestoon.app.collector import Collector
from kiestoon.sip.flow import Flow

RATE = 1250
SECONDS = 35
TALK_S = 4


class Watched(MemoryExchange):
    """Notes how long every turn takes."""

    def __init__(self) -> None:
        super().__init__()
        self.turns_s: list[float] = []

    def take(self, data: bytes, flow: Flow) -> list[bytes]:
        begun = time.perf_counter()
        sent = super().take(data, flow)
        self.turns_s.append(time.perf_counter() - begun)
        return sent

    def pass_time(self, seconds: float) -> None:
        begun = time.perf_counter()
        super().pass_time(seconds)
        self.turns_s.append(time.perf_counter() - begun)


def main() -> None:
    exchange = Watched()
    exchange.run(0, 300)
    exchange.turns_s.clear()
    collector = Collector()
    collector.settle()
    talking: deque[Caller] = deque()
    rows = []
    for second in range(SECONDS):
        for number in range(RATE):
            exchange.pass_time(1 / RATE)
            talking.append(exchange.open(1000 + second * RATE + number))
            if len(talking) > RATE * TALK_S:
                exchange.close(talking.popleft())
        collector.tick()
        if second % 5 == 4:
            turns = exchange.turns_s
            live = len(exchange.exchange.calls), exchange.engine.endpoint.counts()["transactions"]
            rows.append(
                (second + 1, *live, percentile(turns, 99.9) * 1000, max(turns) * 1000, collector.worst_s * 1000)
            )
    print(table(("s", "live calls", "transactions", "turn p99.9 ms", "longest turn ms", "longest collection ms"), rows))
    print(Result("exchange_stall", rows[-1][4], "ms"))


if __name__ == "__main__":
    main()
