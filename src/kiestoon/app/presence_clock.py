"""Ends statuses that were set until a time, so that lamps, events and screens hear of it as of any other change.

Calls do not wait for it: routing looks at the time itself.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Final

import structlog

from kiestoon.company.directory import Directory
from kiestoon.store.database import Database
from kiestoon.store.errors import StoreError
from kiestoon.store.keys import Vault
from kiestoon.store.presence import MOST, end_statuses

log = structlog.get_logger(__name__)

AGAIN_S: Final = 30.0
"""When the database could not be written."""
_SHORTEST_S: Final = 0.2
"""Many end in the same minute."""
_LONGEST_S: Final = 3600.0
"""The wall clock may be set meanwhile."""


class PresenceClock:
    """``companies_changed`` after every reload; ``reload`` puts what is written in force."""

    def __init__(
        self,
        directory: Directory,
        database: Database,
        vault: Vault,
        loop: asyncio.AbstractEventLoop,
        reload: Callable[[], Awaitable[Any]],
    ) -> None:
        self._directory = directory
        self._database = database
        self._vault = vault
        self._loop = loop
        self._reload = reload
        self._due: dict[int, int] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._ending: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Look at every company. What has run out while nobody looked is ended at once."""
        self.companies_changed(index.company.id for index in self._directory)

    async def stop(self) -> None:
        """Let a write under way come to its end."""
        if self._timer is not None:
            self._timer.cancel()
        if self._ending is not None:
            await asyncio.wait([self._ending])

    def companies_changed(self, companies: Iterable[int]) -> None:
        """Rows of these companies were replaced."""
        for company_id in companies:
            index = self._directory.company(company_id)
            rows = index.arrangements.presences.values() if index is not None else ()
            due = min((row.until_ms for row in rows if row.until_ms), default=0)
            if due:
                self._due[company_id] = due
            else:
                self._due.pop(company_id, None)
        self._wait()

    def _wait(self, at_least_s: float = _SHORTEST_S) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._due:
            seconds = min(self._due.values()) / 1000 - time.time()
            self._timer = self._loop.call_later(max(at_least_s, min(seconds, _LONGEST_S)), self._ring)

    def _ring(self) -> None:
        self._timer = None
        if min(self._due.values(), default=0) > time.time() * 1000:
            self._wait()
        elif self._ending is None or self._ending.done():
            self._ending = self._loop.create_task(self._end())

    async def _end(self) -> None:
        try:
            while await asyncio.to_thread(end_statuses, self._database, self._vault, int(time.time() * 1000)) == MOST:
                pass
            await self._reload()
        except StoreError as error:
            log.warning("statuses not ended", problem=str(error), again_s=AGAIN_S)
            self._wait(AGAIN_S)
