"""The back office: does in threads what services ask for and calls cannot wait for (``calls.requests``).

A handler is a function ``(office, request) -> reply`` registered for a type of request. It runs in a worker thread and
may use the database. ``Changed(reply)`` says that configuration was written: it is in force before the reply is given,
so that whoever hears "your calls are forwarded" can rely on it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import structlog

from kiestoon.calls.record import CallRecord
from kiestoon.calls.requests import Changed, Failed, Request
from kiestoon.store.database import Database
from kiestoon.store.keys import Vault

log = structlog.get_logger(__name__)

_THREADS = 4
_MOST_WAITING = 1000


Handler = Callable[["BackOffice", Any], Any]


class BackOffice:
    """``deliver(token, reply)`` hands a reply to call control, in the loop; ``reload`` puts written rows in force.

    ``ended``: the latest calls' records, which may not have come into the database yet.
    """

    def __init__(
        self,
        database: Database,
        vault: Vault,
        loop: asyncio.AbstractEventLoop,
        reload: Callable[[], Awaitable[Any]],
        deliver: Callable[[int, object], None],
    ) -> None:
        self.database = database
        self.vault = vault
        self.loop = loop
        self.ended: Collection[CallRecord] = ()
        self._reload = reload
        self._deliver = deliver
        self._handlers: dict[type, Handler] = {}
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="office")
        self._tasks: set[asyncio.Task[None]] = set()

    def register(self, kind: type[Request], handler: Handler) -> None:
        """Say who does it."""
        self._handlers[kind] = handler

    def ask(self, token: int, request: object) -> None:
        """Have it done; the reply comes later, also when it fails."""
        task = self.loop.create_task(self._serve(token, request))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Let what is under way come to its end."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=5.0)
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _serve(self, token: int, request: object) -> None:
        reply: Any
        try:
            reply = await self._do(request)
        except Exception as error:
            log.exception("back office cannot do", request=type(request).__name__)
            reply = Failed(str(error) or type(error).__name__)
        self._deliver(token, reply)

    async def _do(self, request: object) -> Any:
        handler = self._handlers.get(type(request))
        if handler is None:
            return Failed(f"nobody does {type(request).__name__}")
        if len(self._tasks) > _MOST_WAITING:
            return Failed("The exchange is too busy", "busy")
        reply = await self.loop.run_in_executor(self._threads, handler, self, request)
        if isinstance(reply, Changed):
            await self._reload()
            reply = reply.reply
        return reply
