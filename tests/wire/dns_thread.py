"""The tests' DNS server (tests/unit/net) in a thread of its own, for programs that ask it over the wire."""

from __future__ import annotations

import asyncio
import sys
import threading
from pathlib import Path
from typing import Self

sys.path.insert(0, str(Path(__file__).parents[1] / "unit" / "net"))

from dns_server import DnsServer


class DnsThread:
    """A context manager; ``records`` as ``DnsServer``'s: {(name, type): [record text]}."""

    def __init__(self, records: dict[tuple[str, str], list[str]]) -> None:
        self.server = DnsServer(records)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self.server.start(), self._loop).result(5)
        return self

    def __exit__(self, *exc: object) -> None:
        self._loop.call_soon_threadsafe(self.server.close)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()

    @property
    def address(self) -> str:
        """For ``sip.nameservers``."""
        return f"127.0.0.1:{self.server.port}"
