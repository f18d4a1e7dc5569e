"""What the web application works with: the store, reached from worker threads, and the control process."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias, TypeVar

import anyio
import structlog
from anyio import to_thread
from sqlalchemy import Connection
from starlette.requests import HTTPConnection

from kiestoon.api.principal import Principal
from kiestoon.operator_error import OperatorError
from kiestoon.store.database import Database
from kiestoon.store.keys import Vault
from kiestoon.store.write import Changes, changing

ResultT = TypeVar("ResultT")
Ask: TypeAlias = Callable[..., Awaitable[Any]]
"""``await ask(command, **arguments)``: a command of the control process; raises ``OperatorError`` when it fails."""

_STORE_THREADS = 8  # well below the connections SQLAlchemy keeps, so that nobody waits for one

log = structlog.get_logger(__name__)


class Backend:
    """Database, key and control process behind the routes. One per application."""

    def __init__(self, database: Database, vault: Vault, ask: Ask) -> None:
        self.database = database
        self.vault = vault
        self.ask = ask
        self._threads = anyio.CapacityLimiter(_STORE_THREADS)
        self._one_writer = threading.Lock()  # SQLite's own queue is a lottery: whoever waits polls, and may starve
        self._reloading: asyncio.Task[None] | None = None
        self._reload_again = False

    async def run(self, work: Callable[..., ResultT], *arguments: Any) -> ResultT:
        """A store function in a worker thread."""
        return await to_thread.run_sync(work, *arguments, limiter=self._threads)

    async def read(self, work: Callable[[Connection], ResultT]) -> ResultT:
        """``work`` in a worker thread, over one consistent snapshot."""

        def reading() -> ResultT:
            with self.database.read() as connection:
                return work(connection)

        return await self.run(reading)

    async def write(self, principal: Principal, work: Callable[[Changes], ResultT]) -> ResultT:
        """``work`` in a worker thread, in one audited transaction; the control process is told to take it over."""

        def writing() -> ResultT:
            with (
                self._one_writer,
                changing(
                    self.database, self.vault, acting_user=principal.name, acting_for=principal.acting_as
                ) as changes,
            ):
                return work(changes)

        result = await self.run(writing)
        self.announce()
        return result

    async def store(self, work: Callable[[Connection], ResultT]) -> ResultT:
        """``work`` in a worker thread, in one transaction that is no change of configuration: sessions, keys."""

        def storing() -> ResultT:
            with self._one_writer, self.database.write() as connection:
                return work(connection)

        return await self.run(storing)

    def announce(self) -> None:
        """Have the control process take over what was written. Returns at once; many writes share one reload."""
        if self._reloading is not None and not self._reloading.done():
            self._reload_again = True
            return
        self._reloading = asyncio.create_task(self._reload())

    async def settle(self) -> None:
        """Wait until the control process has been told of everything."""
        if self._reloading is not None:
            await self._reloading
            self._reloading = None

    async def _reload(self) -> None:
        while True:
            self._reload_again = False
            try:
                await self.ask("reload")
            except OperatorError as problem:  # it reads everything when it starts
                log.warning("control process was not told of a change", problem=str(problem))
            if not self._reload_again:
                return


def get_backend(connection: HTTPConnection) -> Backend:
    """For ``Depends``: the application's backend."""
    backend: Backend = connection.app.state.backend
    return backend
