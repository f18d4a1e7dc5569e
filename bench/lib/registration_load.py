"""Registrations with digest on a SIP server, one rate at a time."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.lib.results import percentile, table
from bench.lib.systems import LOAD_CORE, SystemUnderTest
from bench.peers.process import PeerFailed
from bench.peers.sipp import SCENARIOS, Sipp


@dataclass(frozen=True)
class RegistrationStep:
    """One rate held for some seconds; a registration is REGISTER, 401, REGISTER, 200. Times are ms, cores 1.0 = one."""

    rate: float
    success: float
    completed_per_s: float
    p50_ms: float
    p99_ms: float
    retransmissions: int
    server_cores: float
    load_cores: float

    @property
    def sustained(self) -> bool:
        """Whether the server kept up."""
        return self.success >= 0.999 and self.completed_per_s >= 0.97 * self.rate and self.p99_ms < 500


HEADINGS = ("registrations/s offered", "completed", "success %", "server core %", "load core %", "p50 ms", "p99 ms",
            "retransmissions")  # fmt: skip


def steps_table(steps: Sequence[RegistrationStep]) -> str:
    """How the figures grow with the rate."""
    return table(HEADINGS, [
        (f"{s.rate:.0f}", f"{s.completed_per_s:.0f}", f"{s.success * 100:.2f}", f"{s.server_cores * 100:.0f}",
         f"{s.load_cores * 100:.0f}", s.p50_ms, s.p99_ms, s.retransmissions)
        for s in sorted(steps, key=lambda s: s.rate)
    ])  # fmt: skip


class RegistrationLoad:
    """Registers ``users`` (name, password) over and over, each time with a fresh challenge."""

    def __init__(self, system: SystemUnderTest, directory: Path, users: Sequence[tuple[str, str]]) -> None:
        self.system = system
        self.directory = directory
        self.users = users
        self._runs = 0

    def step(self, rate: float, seconds: float) -> RegistrationStep:
        """Offer ``rate`` registrations a second for ``seconds``."""
        self._runs += 1
        with self._caller(rate, round(rate * seconds)) as caller:
            server_s, load_s, started = self.system.cpu_s(), caller.daemon.cpu_s(), time.monotonic()
            while caller.daemon.alive and time.monotonic() - started < seconds - 0.5:
                time.sleep(0.05)
            elapsed_s = time.monotonic() - started
            server_cores = (self.system.cpu_s() - server_s) / elapsed_s
            load_cores = (caller.daemon.cpu_s() - load_s) / elapsed_s
            with contextlib.suppress(PeerFailed):
                caller.wait(seconds + 15)
            figures, per_s = caller.figures(), caller.succeeded_per_s()
            if figures.created == 0:
                raise PeerFailed(f"SIPp made no registrations:\n{caller.report()}")
        settled = per_s[1 : int(seconds)] or per_s
        step = RegistrationStep(
            rate=rate,
            success=figures.success,
            completed_per_s=min(sum(settled) / max(1, len(settled)), rate),
            p50_ms=percentile(figures.setup_s, 50) * 1000,
            p99_ms=percentile(figures.setup_s, 99) * 1000,
            retransmissions=figures.retransmissions,
            server_cores=server_cores,
            load_cores=load_cores,
        )
        print(
            f"  {self.system.name}: {rate:.0f} registrations/s {'hold' if step.sustained else 'FAIL'}: "
            f"{step.success:.2%}, {step.completed_per_s:.0f} completed, server {server_cores:.0%}, "
            f"load {load_cores:.0%}, p99 {step.p99_ms:.0f} ms, {step.retransmissions} retransmissions",
            flush=True,
        )
        return step

    def register_all(self, expires_s: int = 3600, rate: float = 1000.0) -> None:
        """Register every user once. Raises ``PeerFailed`` when one of them is not accepted."""
        self._runs += 1
        with self._caller(rate, len(self.users), expires_s, trace=True) as caller:
            caller.expect_success(20 + len(self.users) / rate)

    def _caller(self, rate: float, calls: int, expires_s: int = 3600, *, trace: bool = False) -> Sipp:
        return Sipp(
            SCENARIOS / "uac_register.xml",
            cwd=self.directory,
            remote=self.system.address,
            core=LOAD_CORE,
            calls=calls,
            rate=rate,
            keys={"domain": self.system.domain, "contact_host": "127.0.0.1:19999", "expires": str(expires_s)},
            rows=[(user, f"[authentication username={user} password={password}]") for user, password in self.users],
            measure=not trace,
            trace=trace,
            timeout_s=60,
            options=("-auth_uri", self.system.domain),
            name=f"register_{self.system.name}_{self._runs}_{rate:.0f}",
        )
