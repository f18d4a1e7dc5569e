"""The control process' links to its media processes: connecting, losing, auditing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Any

import msgspec
import structlog

from kiestoon.app.metrics import Metric
from kiestoon.media.client import MediaClient
from kiestoon.media.protocol import Audit, Audited, AuditedContext, Event, Stats, StatsReported, Welcome

log = structlog.get_logger(__name__)

_GONE_S = 1.0  # a media process that has not come back by then has died, and its calls with it
_AUDIT_S = 2.0


class MediaLinks:
    """All media processes. ``on_event`` gets their events; ``on_gone`` a client whose contexts no longer exist;
    ``on_back`` one that was only out of reach for a moment, with the contexts it still has."""

    def __init__(
        self,
        paths: Iterable[str],
        on_event: Callable[[Event], None],
        on_gone: Callable[[MediaClient, str], None],
        on_back: Callable[[MediaClient, tuple[AuditedContext, ...]], None],
    ) -> None:
        self.clients = [MediaClient(path) for path in paths]
        self._on_event = on_event
        self._on_gone = on_gone
        self._on_back = on_back
        self._audits: dict[MediaClient, asyncio.Future[tuple[AuditedContext, ...]]] = {}
        self._stats: dict[MediaClient, StatsReported] = {}
        self._worst_turn_ms: dict[MediaClient, float] = {}
        """Since somebody looked: the media process forgets at each report."""
        self._waiting: dict[MediaClient, asyncio.Future[None]] = {}
        self._in_service = False
        for client in self.clients:
            self._listen(client)

    async def start(self) -> dict[str, tuple[AuditedContext, ...]]:
        """Connect, and ask what is alive from before: contexts by incarnation, for taking calls over."""
        await asyncio.gather(*(self._connect(client) for client in self.clients))
        connected = [client for client in self.clients if client.connected]
        contexts = await asyncio.gather(*(self._audit(client) for client in connected))
        self._in_service = True
        return {client.incarnation: found for client, found in zip(connected, contexts, strict=True)}

    async def stop(self) -> None:
        self._in_service = False
        await asyncio.gather(*(client.stop() for client in self.clients))

    async def report(self) -> list[dict[str, Any]]:
        """Admin command: the figures of every media process as of now; one that does not answer is shown without."""
        rows = []
        for number, client in enumerate(self.clients):
            row: dict[str, Any] = {"media": number, "connected": client.connected}
            if client.connected and await self._ask(client):
                row |= msgspec.structs.asdict(self._stats[client])
            rows.append(row)
        return rows

    def ask(self) -> None:
        """Renew the figures that ``metrics`` gives; once a second."""
        for client in self.clients:
            if client.connected:
                client.send(Stats())

    def metrics(self) -> Iterable[Metric]:
        """Figures of every media process, at most a second old."""
        for number, client in enumerate(self.clients):
            labels = {"media": str(number)}
            yield Metric("media_connected", "gauge", "Media process connected", float(client.connected), labels)
            yield Metric("media_ports_in_stock", "gauge", "Leased ports not in use", client.in_stock, labels)
            stats = self._stats.get(client)
            if stats is None or not client.connected:
                continue
            yield Metric("media_contexts", "gauge", "Contexts", stats.contexts, labels)
            yield Metric("media_terminations", "gauge", "Terminations", stats.terminations, labels)
            yield Metric("media_ports_free", "gauge", "Free port pairs", stats.ports_free, labels)
            yield Metric("media_packets_received", "counter", "Packets received", stats.packets_received, labels)
            yield Metric("media_packets_sent", "counter", "Packets sent", stats.packets_sent, labels)
            for reason, count in sorted(stats.drops.items()):
                yield Metric("media_packets_dropped", "counter", "Packets dropped", count, labels | {"reason": reason})
            for result, count in (("completed", stats.dtls_completed), ("failed", stats.dtls_failed)):
                yield Metric("media_dtls", "counter", "Handshakes with browsers", count, labels | {"result": result})
            yield Metric("media_late_ticks", "counter", "Audio ticks over 20 ms late", stats.late_ticks, labels)
            worst_s = self._worst_turn_ms.pop(client, stats.worst_turn_ms) / 1000
            yield Metric("media_worst_turn_seconds", "gauge", "Longest turn since the last scrape", worst_s, labels)

    async def _ask(self, client: MediaClient) -> bool:
        waiting = self._waiting.setdefault(client, asyncio.get_running_loop().create_future())
        client.send(Stats())
        done, _ = await asyncio.wait([waiting], timeout=_AUDIT_S)
        return bool(done)

    async def _connect(self, client: MediaClient) -> None:
        try:
            await client.start(keep=True)
        except TimeoutError:
            # The client goes on trying; until then calls are refused for want of media, registrations work.
            log.error("media process does not answer yet")

    async def _audit(self, client: MediaClient) -> tuple[AuditedContext, ...]:
        future = self._audits[client] = asyncio.get_running_loop().create_future()
        client.send(Audit())
        try:
            return await asyncio.wait_for(future, _AUDIT_S)
        except TimeoutError:
            log.error("media process did not say what is alive; its calls of before are lost")
            return ()
        finally:
            del self._audits[client]

    def _listen(self, client: MediaClient) -> None:
        def event(happened: Event) -> None:
            audit = self._audits.get(client)
            if isinstance(happened, StatsReported):
                self._stats[client] = happened
                self._worst_turn_ms[client] = max(self._worst_turn_ms.get(client, 0.0), happened.worst_turn_ms)
                waiting = self._waiting.pop(client, None)
                if waiting is not None:
                    waiting.set_result(None)
            elif not isinstance(happened, Audited):
                self._on_event(happened)
            elif audit is None:
                self._on_back(client, happened.contexts)
            elif not audit.done():
                audit.set_result(happened.contexts)

        def welcome(_: Welcome, kept: bool) -> None:
            if not self._in_service:
                return
            if kept:  # what was commanded meanwhile did not arrive: compare
                client.send(Audit())
            else:
                self._on_gone(client, "restarted")

        def lost(reason: str) -> None:
            asyncio.get_running_loop().call_later(_GONE_S, check, reason)

        def check(reason: str) -> None:
            if self._in_service and not client.connected:
                self._on_gone(client, reason)

        client.on_event, client.on_welcome, client.on_lost = event, welcome, lost
