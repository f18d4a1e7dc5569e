"""Call load on a SIP server, one rate at a time."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.lib.results import percentile, table
from bench.lib.systems import LOAD_CORE, Callee, SystemUnderTest
from bench.peers.process import PeerFailed, free_port
from bench.peers.sipp import SCENARIOS, Sipp, SippFigures

PROBE_RATE = 50.0
WANTED_SUCCESS = 0.999
WANTED_DELAY_MS = 100.0
"""Beyond this p99 post-dial delay a step counts as over the limit: queues are growing."""


@dataclass(frozen=True)
class Step:
    """One rate held for some seconds. Shares are 0.0-1.0 (cores: 1.0 is one whole core); delays are post-dial."""

    rate: float
    success: float
    completed_per_s: float
    retransmissions: int
    setup_p99_ms: float
    delay_p50_ms: float
    delay_p99_ms: float
    delay_max_ms: float
    probes_lost: int
    server_cores: float
    load_cores: float

    @property
    def sustained(self) -> bool:
        """Whether the server kept up with this rate."""
        return (
            self.success >= WANTED_SUCCESS
            and self.delay_p99_ms <= WANTED_DELAY_MS
            and self.completed_per_s >= 0.97 * self.rate
        )


HEADINGS = ("calls/s offered", "calls/s completed", "success %", "server core %", "load core %", "setup p99 ms",
            "post-dial p50 ms", "post-dial p99 ms", "post-dial max ms", "retransmissions")  # fmt: skip


def steps_table(steps: list[Step]) -> str:
    """How the figures grow with the rate."""
    rows = [
        (f"{s.rate:.0f}", f"{s.completed_per_s:.0f}", f"{s.success * 100:.2f}", f"{s.server_cores * 100:.0f}",
         f"{s.load_cores * 100:.0f}", s.setup_p99_ms, s.delay_p50_ms, s.delay_p99_ms, s.delay_max_ms, s.retransmissions)
        for s in sorted(steps, key=lambda s: s.rate)
    ]  # fmt: skip
    return table(HEADINGS, rows)


class CallLoad:
    """A called phone that stays, numbers that reach it, and a probe beside the load. A context manager."""

    def __init__(self, system: SystemUnderTest, directory: Path, *, numbers: int = 200) -> None:
        self.system = system
        self.directory = directory
        self.phone = Sipp(SCENARIOS / "uas_call.xml", cwd=directory, core=LOAD_CORE, name=f"uas_{system.name}")
        self.probe_ports = free_port(), free_port()
        self._numbers = numbers
        self._callees: list[Callee] = []
        self._probe_callee: Callee | None = None
        self._runs = 0

    def __enter__(self) -> CallLoad:
        # Registered from the phone's own port, so before it is taken.
        self._callees = self.system.callees(self.phone.address, self._numbers)
        self._probe_callee = self.system.callees(("127.0.0.1", self.probe_ports[1]), 1)[0]
        self.phone.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.phone.stop()

    def step(self, rate: float, seconds: float) -> Step:
        """Offer ``rate`` calls a second for ``seconds`` and wait for the last to end."""
        self._runs += 1
        with self._probe(seconds) as probe, self._caller(rate, seconds) as caller:
            server_s, load_s, started = self.system.cpu_s(), self._load_cpu_s(caller), time.monotonic()
            # Measured while the load lasts: afterwards only stragglers remain.
            with contextlib.suppress(subprocess.TimeoutExpired):
                caller.daemon.process.wait(seconds) if caller.daemon.process else None
            elapsed_s = time.monotonic() - started
            server_cores = (self.system.cpu_s() - server_s) / elapsed_s
            load_cores = (self._load_cpu_s(caller) - load_s) / elapsed_s
            with contextlib.suppress(PeerFailed):
                caller.wait(max(10.0, seconds))
            figures = caller.figures()
            per_s = caller.succeeded_per_s()
            if figures.created == 0:
                raise PeerFailed(f"SIPp made no calls:\n{caller.report()}")
            measured = json.loads(probe.communicate(timeout=seconds + 10)[0])
        step = _step(rate, seconds, figures, per_s, measured, server_cores, load_cores)
        print(f"  {self.system.name}: {_brief(step)}", flush=True)
        return step

    def _caller(self, rate: float, seconds: float) -> Sipp:
        rows = [(callee.user, f"+31209{n:06d}") for n, callee in enumerate(self._callees)]
        return Sipp(
            SCENARIOS / "uac_call.xml",
            cwd=self.directory,
            remote=self.system.address,
            core=LOAD_CORE,
            calls=round(rate * seconds),
            rate=rate,
            keys={"target": self._callees[0].host, "domain": self.system.domain},
            rows=rows,
            measure=True,
            timeout_s=seconds + 20,
            name=f"uac_{self.system.name}_{self._runs}_{rate:.0f}",
        )

    def _load_cpu_s(self, caller: Sipp) -> float:
        return self.phone.daemon.cpu_s() + caller.daemon.cpu_s()

    @contextlib.contextmanager
    def _probe(self, seconds: float) -> Iterator[subprocess.Popen[str]]:
        assert self._probe_callee is not None
        host, port = self.system.address
        process = subprocess.Popen(
            ["taskset", "-c", str(LOAD_CORE), sys.executable, "-m", "bench.lib.delay_probe",
             "--server", f"{host}:{port}", "--callee", f"{self._probe_callee.user}@{self._probe_callee.host}",
             "--domain", self.system.domain, "--caller-port", str(self.probe_ports[0]),
             "--called-port", str(self.probe_ports[1]), "--rate", str(PROBE_RATE), "--seconds", str(seconds)],
            stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        try:
            yield process
        finally:
            process.kill()
            process.wait()


def _step(
    rate: float,
    seconds: float,
    figures: SippFigures,
    per_s: list[int],
    measured: dict[str, object],
    server_cores: float,
    load_cores: float,
) -> Step:
    delays = [float(each) for each in measured["delays_ms"]]  # type: ignore[attr-defined]  # plain JSON
    settled = per_s[1 : int(seconds)] or per_s  # the first second is the ramp
    return Step(
        rate=rate,
        success=figures.success,
        completed_per_s=min(sum(settled) / max(1, len(settled)), rate) if settled else 0.0,
        retransmissions=figures.retransmissions,
        setup_p99_ms=percentile(figures.setup_s, 99) * 1000,
        delay_p50_ms=percentile(delays, 50),
        delay_p99_ms=percentile(delays, 99),
        delay_max_ms=max(delays, default=0.0),
        probes_lost=int(measured["sent"]) - int(measured["arrived"]),  # type: ignore[call-overload]  # plain JSON
        server_cores=server_cores,
        load_cores=load_cores,
    )


def _brief(step: Step) -> str:
    verdict = "holds" if step.sustained else "FAILS"
    return (
        f"{step.rate:.0f} calls/s {verdict}: {step.completed_per_s:.0f} completed, {step.success:.2%}, "
        f"server {step.server_cores:.0%}, load {step.load_cores:.0%}, post-dial p99 {step.delay_p99_ms:.1f} "
        f"max {step.delay_max_ms:.1f} ms, {step.retransmissions} retransmissions"
    )
