"""What the control process stands on before it speaks SIP: data, journals, spool, admin commands, figures."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

import structlog

from kiestoon.app.admin_socket import AdminServer, Commands
from kiestoon.app.collector import Collector
from kiestoon.app.config import Settings
from kiestoon.app.configuration_loader import ConfigurationLoader, described
from kiestoon.app.loop_watch import LoopWatch
from kiestoon.app.metrics import Metric, Metrics
from kiestoon.app.os_problems import explain_file
from kiestoon.app.presence_clock import PresenceClock
from kiestoon.company.directory import Directory
from kiestoon.store.database import Database
from kiestoon.store.installation import open_vault
from kiestoon.store.journal import Journal
from kiestoon.store.spool import SpoolWriter

log = structlog.get_logger(__name__)

_HOUSEKEEPING_S = 1.0
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


class ControlCore:
    """The parts of the control process that know nothing of SIP.

    ``call_records``, ``binding_records``, ``subscription_records`` and ``hunt_records`` are what the journals held at
    the start, for replay; the users of the journals clear them. ``on_reload`` functions are called with the ids of the
    companies whose rows were replaced.
    """

    def __init__(self, settings: Settings, loop: asyncio.AbstractEventLoop) -> None:
        self.settings = settings
        self.loop = loop
        self.database = Database(settings.database_url)
        self.vault = open_vault(self.database, settings.key_path)
        self.configuration = ConfigurationLoader(self.database, self.vault)
        self.spool = _open_spool(settings.spool_dir, loop)
        self.call_journal, self.call_records = _open_journal(settings.journal_dir / "calls.journal", loop)
        self.binding_journal, self.binding_records = _open_journal(settings.journal_dir / "bindings.journal", loop)
        self.subscription_journal, self.subscription_records = _open_journal(
            settings.journal_dir / "subscriptions.journal", loop
        )
        self.hunt_journal, self.hunt_records = _open_journal(settings.journal_dir / "hunts.journal", loop)
        self.commands = Commands()
        self.metrics = Metrics()
        self.on_reload: list[Callable[[frozenset[int]], None]] = []
        self.started_at = time.time()
        self._watch = LoopWatch(loop)
        self.collector = Collector()
        self.presences = PresenceClock(self.directory, self.database, self.vault, loop, self.reload)
        self.on_reload.append(self.presences.companies_changed)
        self._admin = AdminServer(settings.admin_socket, self.commands)
        self._housekeeping: asyncio.TimerHandle | None = None
        self._syncing: asyncio.Future[None] | None = None
        self._register()
        self.collector.settle()

    async def start(self) -> None:
        """Open the admin socket and begin the housekeeping."""
        try:
            await self._admin.start()
        except OSError as error:
            raise explain_file(error, self.settings.admin_socket, "the admin socket") from None
        self.presences.start()
        self._housekeep()

    async def stop(self) -> None:
        """Close everything; what was appended is on disk afterwards."""
        await self._admin.stop()
        await self.presences.stop()
        if self._housekeeping is not None:
            self._housekeeping.cancel()
        if self._syncing is not None:
            await self._syncing
        await self.configuration.stop()
        self._watch.stop()
        self.collector.close()
        self.spool.close()
        self.call_journal.close()
        self.binding_journal.close()
        self.subscription_journal.close()
        self.hunt_journal.close()
        self.database.close()

    @property
    def device_count(self) -> int:
        """Devices in service."""
        return sum(len(index.devices) for index in self.directory)

    @property
    def _journals(self) -> dict[str, Journal]:
        return {
            "calls": self.call_journal,
            "bindings": self.binding_journal,
            "subscriptions": self.subscription_journal,
            "hunts": self.hunt_journal,
        }

    @property
    def directory(self) -> Directory:
        """Who and what, as of the last reload."""
        return self.configuration.directory

    @property
    def last_change(self) -> int:
        """The id of the last change of configuration that is in force."""
        return self.configuration.last_change

    async def reload(self) -> dict[str, Any]:
        """Take over configuration changes; says which companies' rows were replaced."""
        reloaded = await self.configuration.reload()
        for function in self.on_reload:
            function(reloaded.companies)
        return described(reloaded)

    def _register(self) -> None:
        self.commands.add("ping", lambda: {"pid": os.getpid(), "started_at": self.started_at})
        self.commands.add("reload", self.reload)
        self.commands.add("metrics", self.metrics.collect)
        self.commands.add("commands", self.commands.names)
        self.metrics.add(self._watch.metrics)
        self.metrics.add(self.collector.metrics)
        self.metrics.add(self._own_metrics)

    def _own_metrics(self) -> Iterable[Metric]:
        spool = self.spool
        yield Metric("start_time_seconds", "gauge", "When the control process started", self.started_at)
        yield Metric("resident_memory_bytes", "gauge", "Resident memory of the control process", resident_bytes())
        yield Metric("companies", "gauge", "Companies in service", len(self.directory))
        yield Metric("devices", "gauge", "Devices in service", self.device_count)
        yield Metric("spool_records", "counter", "Call records spooled", spool.statistics.appended)
        yield Metric("spool_waiting_bytes", "gauge", "Call records waiting for the disk", spool.waiting_bytes)
        yield Metric("spool_failed_writes", "counter", "Failed writes to the spool", spool.statistics.failed_writes)
        yield Metric("spool_dropped", "counter", "Call records lost to a full disk", spool.statistics.dropped)
        for name, journal in self._journals.items():
            labels = {"journal": name}
            yield Metric("journal_bytes", "gauge", "Size of the journal", journal.size, labels)
            yield Metric("journal_failed_writes", "counter", "Failed writes", journal.statistics.failed_writes, labels)

    def _housekeep(self) -> None:
        self.spool.tick()
        self.collector.tick()
        self.configuration.tick()
        for journal in self._journals.values():
            journal.flush()
        if self._syncing is None or self._syncing.done():
            self._syncing = self.loop.run_in_executor(None, self._sync)
        self._housekeeping = self.loop.call_later(_HOUSEKEEPING_S, self._housekeep)

    def _sync(self) -> None:
        """In a thread: bound what a power cut can take to about a second."""
        for sync in (self.spool.sync, *(journal.sync for journal in self._journals.values())):
            with suppress(OSError):  # a file swapped meanwhile is synced by the next round; trouble shows at writing
                sync()


def resident_bytes() -> int:
    """This process' resident memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE_BYTES


def _open_spool(folder: Path, loop: asyncio.AbstractEventLoop) -> SpoolWriter:
    try:
        return SpoolWriter(folder, loop.call_soon)
    except OSError as error:
        raise explain_file(error, folder, "the spool folder") from None


def _open_journal(path: Path, loop: asyncio.AbstractEventLoop) -> tuple[Journal, list[bytes]]:
    try:
        return Journal.open(path, loop.call_soon)
    except OSError as error:
        raise explain_file(error, path, "the journal") from None
