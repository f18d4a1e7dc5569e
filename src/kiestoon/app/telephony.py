"""Telephony inside the control process: media links, registrar, SIP endpoint, transports and call control, joined."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

import structlog

from kiestoon.app.control_core import ControlCore
from kiestoon.app.metrics import Metric
from kiestoon.media.client import MediaClient

log = structlog.get_logger(__name__)


class Telephony:
    """Built on the core; ``start`` opens everything to the world, ``stop`` ends calls and closes it again."""

    def __init__(self, core: ControlCore) -> None:
        self.core = core
        self.media = [MediaClient(str(path)) for path in core.settings.media_sockets]
        core.metrics.add(self._metrics)

    async def start(self) -> None:
        """Connect to the media processes (which start beside us) and begin service."""
        await asyncio.gather(*(self._connect(client) for client in self.media))

    async def stop(self) -> None:
        """End service."""
        await asyncio.gather(*(client.stop() for client in self.media))

    async def _connect(self, client: MediaClient) -> None:
        try:
            await client.start(keep=True)
        except TimeoutError:
            # The client goes on trying; until then calls are refused for want of media, registrations work.
            log.error("media process does not answer yet")

    def _metrics(self) -> Iterable[Metric]:
        for number, client in enumerate(self.media):
            labels = {"media": str(number)}
            yield Metric("media_connected", "gauge", "Media process connected", float(client.connected), labels)
            yield Metric("media_ports_in_stock", "gauge", "Leased ports not in use", client.in_stock, labels)
