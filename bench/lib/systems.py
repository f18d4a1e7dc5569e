"""What a benchmark asks of a system under test, and Kamailio in that role."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from bench.peers.kamailio import Kamailio

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
