"""Configuration from SQL into the directory, without standing in a call's way.

Reading a company's rows and making its index takes tens of milliseconds, so a thread does it; the loop only puts the
finished index in place, which is one turn: whoever looks sees the company before or after, never between.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Iterable
from typing import Any

import msgspec
import structlog

from kiestoon.company.directory import CompanyIndex, Directory
from kiestoon.company.model import Trunk
from kiestoon.store.database import Database
from kiestoon.store.keys import Vault
from kiestoon.store.load import changed_companies, load_all, load_company, load_shared_trunks

log = structlog.get_logger(__name__)

_DAY_S = 86_400
_SWITCH_S = 0.001
"""How long a thread may keep the interpreter while the loop wants it; Python's own 5 ms are a quarter of a packet."""


class Reloaded(msgspec.Struct, frozen=True):
    """What a reload replaced: ids of companies, whether the lines of all companies, and the last change contained."""

    companies: frozenset[int]
    shared_trunks: bool
    last_change: int


class _Loaded(msgspec.Struct, frozen=True):
    """``companies``: None for one that is gone. ``shared_trunks``: None when nobody touched them."""

    companies: dict[int, CompanyIndex | None]
    shared_trunks: tuple[Trunk, ...] | None
    last_change: int


class ConfigurationLoader:
    """Fills ``directory`` at once when made, and keeps it up to date. Raises ``StoreError``."""

    def __init__(self, database: Database, vault: Vault) -> None:
        sys.setswitchinterval(_SWITCH_S)
        self._database = database
        self._vault = vault
        self._one_at_a_time = asyncio.Lock()
        self._preparing: asyncio.Task[None] | None = None
        configuration = load_all(database, vault)
        self.directory = Directory(configuration.companies, configuration.shared_trunks)
        self.last_change = configuration.last_change
        self._prepared_day = _prepare(self.directory)

    async def reload(self) -> Reloaded:
        """Take over what was written since. Several at once wait for one another."""
        async with self._one_at_a_time:
            loaded = await asyncio.to_thread(self._load)
            if loaded.shared_trunks is not None:
                self.directory.replace_shared_trunks(loaded.shared_trunks)
            for company_id, index in loaded.companies.items():
                if index is None:
                    self.directory.remove(company_id)
                else:
                    self.directory.put(index)
            self.last_change = loaded.last_change
        return Reloaded(frozenset(loaded.companies), loaded.shared_trunks is not None, loaded.last_change)

    def tick(self) -> None:
        """Once a second: on a new day, look up public holidays that calls of the day to come may ask for."""
        if self._prepared_day != _today() and (self._preparing is None or self._preparing.done()):
            self._preparing = asyncio.create_task(self._prepare())

    async def stop(self) -> None:
        """Wait for what is under way in threads."""
        async with self._one_at_a_time:
            if self._preparing is not None:
                await self._preparing

    async def _prepare(self) -> None:
        self._prepared_day = await asyncio.to_thread(_prepare, list(self.directory))

    def _load(self) -> _Loaded:
        """In a thread."""
        last, touched = changed_companies(self._database, self.last_change)
        companies: dict[int, CompanyIndex | None] = {}
        for company_id in touched:
            if company_id is None:
                continue
            rows = load_company(self._database, self._vault, company_id)
            companies[company_id] = None if rows is None else CompanyIndex(rows)
        _prepare(index for index in companies.values() if index is not None)
        trunks = load_shared_trunks(self._database, self._vault) if None in touched else None
        return _Loaded(companies, trunks, last)


def _prepare(indexes: Iterable[CompanyIndex]) -> int:
    """Have public holidays worked out before a call asks for them; the day since 1970 for which that was done."""
    day = _today()
    for index in indexes:
        index.arrangements.times.prepare(int(time.time() * 1000))
    return day


def _today() -> int:
    return int(time.time() // _DAY_S)


def described(reloaded: Reloaded) -> dict[str, Any]:
    """For the answer to the admin command, and the log."""
    companies = sorted(reloaded.companies)
    log.info("configuration reloaded", companies=companies, change=reloaded.last_change)
    return {
        "companies": companies,
        "shared_trunks": reloaded.shared_trunks,
        "last_change": reloaded.last_change,
    }
