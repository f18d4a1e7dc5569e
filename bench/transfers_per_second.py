"""Blind transfers a second: outside callers whom one phone sends on to another by REFER, with records.

At half the limit some calls with tones are among them, and it is measured who hears whom after the transfer.
"""

from __future__ import annotations

import contextlib
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from bench.lib.results import Result, percentile, table
from bench.lib.search import find_limit
from bench.lib.systems import LOAD_CORE, Callee, WholeExchange
from bench.lib.transfer_ears import TransferEars
from bench.peers.process import PeerFailed
from bench.peers.sipp import SCENARIOS, Sipp

NAME = "transfers_per_second"
CORE = 1  # this process only watches; the system under test has core 0

NUMBERS = 200
WANTED_SUCCESS = 0.999
CALL_S = 0.3
SAMPLE = 40


@dataclass(frozen=True)
class Step:
    """One rate held for some seconds. Shares are 0.0-1.0; ``setup_p99_ms``: INVITE to the first answer.

    ``late_s``: how long after the last call had begun the last one ended; each lasts ``CALL_S`` by itself.
    """

    rate: float
    success: float
    late_s: float
    setup_p99_ms: float
    retransmissions: int
    server_cores: float

    @property
    def sustained(self) -> bool:
        """Whether the exchange kept up."""
        return self.success >= WANTED_SUCCESS and self.late_s <= CALL_S + 0.5


class TransferLoad:
    """Phones that transfer, phones that are transferred to. A context manager."""

    def __init__(self, exchange: WholeExchange, directory: Path) -> None:
        self.exchange = exchange
        self.directory = directory
        self.targets = self._phone("uas_transferred")
        self.transferring: Sipp | None = None
        self._callees: list[Callee] = []
        self._runs = 0

    def _phone(self, scenario: str, **options: object) -> Sipp:
        path = SCENARIOS / f"{scenario}.xml"
        return Sipp(path, cwd=self.directory, core=LOAD_CORE, name=scenario, **options)  # type: ignore[arg-type]  # passed on

    def __enter__(self) -> TransferLoad:
        targets = self.exchange.callees(self.targets.address, NUMBERS)
        rows = [(callee.user.removeprefix("+3120").removesuffix("55"),) for callee in targets]
        self.transferring = self._phone("uas_transferring", keys={"domain": self.exchange.domain}, rows=rows)
        self._callees = self.exchange.callees(self.transferring.address, NUMBERS)
        self.targets.start()
        self.transferring.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.targets.stop()
        if self.transferring is not None:
            self.transferring.stop()

    def step(self, rate: float, seconds: float = 5.0) -> Step:
        """Offer ``rate`` calls a second for ``seconds``, each transferred once, and wait for the last to end."""
        self._runs += 1
        with self._caller(rate, seconds) as caller:
            server_s, started = self.exchange.cpu_s(), time.monotonic()
            with contextlib.suppress(subprocess.TimeoutExpired):
                caller.daemon.process.wait(seconds) if caller.daemon.process else None
            cores = (self.exchange.cpu_s() - server_s) / (time.monotonic() - started)
            with contextlib.suppress(PeerFailed):
                caller.wait(max(10.0, seconds))
            late_s = time.monotonic() - started - seconds
            figures = caller.figures()
            if figures.succeeded == 0:
                raise PeerFailed(f"nobody was transferred:\n{caller.report()}")
        step = Step(
            rate=rate, success=figures.success, late_s=late_s, setup_p99_ms=percentile(figures.setup_s, 99) * 1000,
            retransmissions=figures.retransmissions, server_cores=cores,
        )  # fmt: skip
        print(f"  {step.rate:.0f}/s: {step.success:.2%}, last {late_s:.1f} s late, server {cores:.0%}", flush=True)
        return step

    def _caller(self, rate: float, seconds: float) -> Sipp:
        rows = [(callee.user, f"+31209{n:06d}") for n, callee in enumerate(self._callees)]
        return Sipp(
            SCENARIOS / "uac_transferred.xml", cwd=self.directory, remote=self.exchange.address, core=LOAD_CORE,
            calls=round(rate * seconds), rate=rate, rows=rows, measure=True, timeout_s=seconds + 20,
            keys={"target": self._callees[0].host, "domain": self.exchange.domain},
            name=f"uac_transferred_{self._runs}_{rate:.0f}",
        )  # fmt: skip


def main() -> None:
    """Find the highest rate, then look at half of it."""
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        directory = Path(name)
        with WholeExchange(directory) as exchange, TransferLoad(exchange, directory) as load:
            limit, steps = find_limit(load.step, start=50)
            with TransferEars(exchange, SAMPLE) as ears:
                half = load.step(limit.rate / 2, seconds=10.0)  # as long as the sample takes
    rows = [
        (f"{s.rate:.0f}", f"{s.success * 100:.2f}", s.late_s, f"{s.server_cores * 100:.0f}", s.setup_p99_ms,
         s.retransmissions)
        for s in sorted([*steps, half], key=lambda s: s.rate)
    ]  # fmt: skip
    print("\nblind transfers, growth with the rate\n")
    headings = ("offered/s", "success %", "last one late s", "server core %", "answered p99 ms", "retransmissions")
    print(table(headings, rows), "\n")
    print(Result("transfers_per_second", limit.rate, "transferred calls/s"))
    for fault in ears.faults:
        print(f"a transferred call with tones: {fault}")
    print(Result("transferred_calls_heard_wrongly", len(ears.faults), f"of {ears.count}"))
    print(Result("cpu_per_transferred_call", 1000 * half.server_cores / half.rate, "ms"))


if __name__ == "__main__":
    main()
