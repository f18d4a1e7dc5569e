"""What a benchmark asks of a system under test, and Kamailio in that role."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from bench.lib.exchange import Exchange, Site
from bench.peers.kamailio import Kamailio
from bench.peers.phone import register

SERVER_CORE = 0
LOAD_CORE = 1 if (os.cpu_count() or 1) > 1 else 0


@dataclass(frozen=True)
class Callee:
    """A number to call: ``user`` and ``host`` (with port where needed) of the request URI."""

    user: str
    host: str


class SystemUnderTest(Protocol):
    """A running SIP server as the benchmarks see it."""

    name: str
    domain: str

    @property
    def address(self) -> tuple[str, int]:
        """Where to send requests (UDP)."""
        ...

    def callees(self, phone: tuple[str, int], count: int) -> list[Callee]:
        """``count`` numbers that reach the phone at this address."""
        ...

    def cpu_s(self) -> float:
        """Processor time used so far, seconds."""
        ...

    def rss_bytes(self) -> int:
        """Resident memory now."""
        ...

    def stop(self) -> None:
        """End it."""
        ...


class StatefulProxy(Kamailio):
    """Kamailio relaying statefully with Record-Route; the request URI says where to."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory, core=SERVER_CORE)

    def callees(self, phone: tuple[str, int], count: int) -> list[Callee]:
        """Any user at the phone's own address."""
        host, port = phone
        return [Callee(f"{1000 + number}", f"{host}:{port}") for number in range(count)]


class WholeExchange(Exchange):
    """Kiestoon as it is run: control process on the server core; media process, clerk and supervisor elsewhere.

    Calls come in over a trunk known by its address and go to registered phones, so every call is routed, gets its media
    ports and is recorded.
    """

    def __init__(self, directory: Path, *, phones: int = 600) -> None:
        extensions = tuple(f"{10_000 + number}" for number in range(phones))
        site = Site(
            name="Bench",
            domain="bench.example",
            extensions=extensions,
            numbers={f"+3120{extension}55": extension for extension in extensions},
            company={"emergency_number": f"+3120{extensions[0]}55"},
            trunks=({"name": "load", "kind": "peer", "host": "127.0.0.1", "sources": ("127.0.0.1",)},),
        )
        folder = directory / "kiestoon"
        super().__init__(
            folder, [site], control_core=SERVER_CORE, media_core=LOAD_CORE, media_ports=range(33_000, 60_000)
        )
        self._free = list(extensions)
        self._pid = 0

    def callees(self, phone: tuple[str, int], count: int) -> list[Callee]:
        """Registers that many extensions at the phone's address; their outside numbers."""
        taken, site = self.take(count), self.sites[0]
        register(self.address, phone, site.domain, [(each, site.password(each)) for each in taken])
        return [Callee(f"+3120{extension}55", self.host) for extension in taken]

    def take(self, count: int) -> list[str]:
        """Extensions nobody else uses."""
        taken, self._free = self._free[:count], self._free[count:]
        return taken

    @property
    def control_pid(self) -> int:
        """Asked once: asking costs what is being measured."""
        self._pid = self._pid or super().control_pid
        return self._pid
