"""One subscription to the control process and one look at the change feed, for all listeners together."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import aclosing, suppress
from typing import Final, TypeAlias

import msgspec
import structlog
from sqlalchemy import Connection

from kiestoon.api.backend import Backend
from kiestoon.api.events.cursor import Cursor
from kiestoon.api.events.items import ChangeItem, LiveItem, ResyncItem
from kiestoon.api.events.owners import Owners, owners_of
from kiestoon.api.samples import Metric
from kiestoon.notify.live import FULL, Batch, Follow
from kiestoon.notify.ring import Ring
from kiestoon.operator_error import OperatorError
from kiestoon.store.feed import Change, changes_after, last_change

Told: TypeAlias = LiveItem | ChangeItem | ResyncItem

SIZE: Final = 10_000
"""Events kept for listeners that come back, and how far one may fall behind before it is dropped."""
MOST_CHANGES: Final = 2_000
"""Changes told again to a listener that comes back; one that missed more fetches anew."""
LINGER_S: Final = 300.0
"""How long events are followed on when the last listener has gone."""
_POLL_S: Final = 5.0  # for changes the control process was not told of
_START_S: Final = 2.0
_BATCH: Final = 500

log = structlog.get_logger(__name__)


class Replay(msgspec.Struct, frozen=True):
    """What a listener who comes back gets first. ``complete`` False: something is gone, it must fetch anew.

    ``start`` is the cursor before the first item. ``position`` is where it goes on in the ring, ``cursor`` what belongs
    to that.
    """

    items: tuple[Told, ...]
    complete: bool
    position: int
    start: str
    cursor: str


class EventHub:
    """Follows only while there are listeners. ``follow`` None: there are no live events, changes only."""

    def __init__(
        self,
        backend: Backend,
        follow: Follow | None,
        *,
        size: int = SIZE,
        wall_ms: Callable[[], int] = lambda: int(time.time() * 1000),
    ) -> None:
        self.ring: Ring[Told] = Ring(size)
        self.dropped = 0
        self._backend = backend
        self._follow = follow
        self._wall_ms = wall_ms
        self._here = Cursor(0)
        self._tasks: list[asyncio.Task[None]] = []
        self._ready = asyncio.Event()
        self._starting = asyncio.Lock()
        self._look = asyncio.Event()
        self._feed_lock = asyncio.Lock()
        self._late = False  # whoever listens now does so without live events
        self._listeners = 0
        self._linger: asyncio.TimerHandle | None = None

    @property
    def cursor(self) -> Cursor:
        """Where the ring's end is."""
        return self._here

    @property
    def listeners(self) -> int:
        """Who is connected now."""
        return self._listeners

    # --- listeners -------------------------------------------------------------------------------------------------

    async def join(self) -> None:
        """Somebody listens from now on; each ``join`` needs a ``leave``."""
        self._listeners += 1
        if self._linger is not None:
            self._linger.cancel()
            self._linger = None
        try:
            async with self._starting:
                if not self._tasks:
                    await self._start()
        except BaseException:
            self.leave()
            raise

    def leave(self) -> None:
        """Somebody has gone."""
        self._listeners -= 1
        if self._listeners == 0:
            self._linger = asyncio.get_running_loop().call_later(LINGER_S, self._rest)

    async def replay(self, cursor: Cursor | None) -> Replay:
        """What was missed since a cursor; None: nothing, one begins now."""
        position, here = self.ring.last, self._here
        if cursor is None:
            return Replay((), True, position, str(here), str(here))
        live = self._live_after(cursor)
        if cursor.change > here.change or live is None:
            return Replay((), False, position, str(here), str(here))
        missed = await self._changes_between(cursor.change, here.change)
        if missed is None:
            return Replay((), False, position, str(here), str(here))
        return Replay(tuple(_in_order(cursor, missed, live)), True, position, str(cursor), str(here))

    async def close(self) -> None:
        """End following."""
        if self._linger is not None:
            self._linger.cancel()
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # --- following -------------------------------------------------------------------------------------------------

    async def _start(self) -> None:
        change = await self._backend.read(last_change)
        if change != self._here.change and self.ring.last:
            self.ring.skip()  # changes came by while nobody listened; they are told from the feed
        self._here = msgspec.structs.replace(self._here, change=change)
        self._ready.clear()
        self._tasks = [asyncio.create_task(self._follow_changes(), name="change feed")]
        if self._follow is not None:
            self._tasks.append(asyncio.create_task(self._follow_live(self._follow), name="live events"))
            try:
                await asyncio.wait_for(self._ready.wait(), _START_S)
            except TimeoutError:
                self._late = True

    def _rest(self) -> None:
        self._linger = None
        for task in self._tasks:
            task.cancel()
        self._tasks = []

    async def _follow_live(self, follow: Follow) -> None:
        async with aclosing(follow(self._here.epoch, self._here.sequence)) as batches:
            async for batch in batches:
                self._take(batch)
                if len(batch.events) < FULL:  # else there is more to come at once
                    self._ready.set()
                if batch.change > self._here.change:
                    self._look.set()

    def _take(self, batch: Batch) -> None:
        missed = batch.gap or (self._here.epoch not in ("", batch.epoch))
        first = self._here.epoch == ""
        start = batch.last - len(batch.events)
        if first or missed:
            self._here = Cursor(self._here.change, batch.epoch, start)
        if missed or (first and self._late):
            self.ring.append(ResyncItem(self._wall_ms(), str(self._here)))
        for event in batch.events:
            self._here = Cursor(self._here.change, batch.epoch, event.sequence)
            self.ring.append(LiveItem(event, str(self._here)))

    async def _follow_changes(self) -> None:
        while True:
            self._look.clear()
            try:
                while await self.look():
                    pass
            except OperatorError as problem:
                log.warning("change feed cannot be read", problem=str(problem))
            with suppress(TimeoutError):
                await asyncio.wait_for(self._look.wait(), _POLL_S)

    async def look(self) -> bool:
        """Take in what is new in the change feed; whether there was anything."""
        async with self._feed_lock:
            after = self._here.change

            def read(connection: Connection) -> list[tuple[Change, Owners]]:
                found = changes_after(connection, after, _BATCH)
                return [(change, owners_of(connection, change)) for change in found]

            found = await self._backend.read(read)
            for change, owners in found:
                self._here = msgspec.structs.replace(self._here, change=change.id)
                self.ring.append(ChangeItem(change, owners, str(self._here)))
            return bool(found)

    # --- what was missed -------------------------------------------------------------------------------------------

    def _live_after(self, cursor: Cursor) -> list[LiveItem] | None:
        """Live events in the ring after a cursor; None: it is from elsewhere, or some are gone."""
        if cursor.epoch == self._here.epoch == "":
            return []
        if cursor.epoch != self._here.epoch or cursor.sequence > self._here.sequence:
            return None
        epoch = self._here.epoch
        held = [
            item
            for item in self.ring.after(self.ring.floor, self.ring.last) or ()
            if isinstance(item, LiveItem) and item.cursor.split(".")[1] == epoch
        ]
        floor = held[0].event.sequence - 1 if held else self._here.sequence
        if cursor.sequence < floor:
            return None
        return [item for item in held if item.event.sequence > cursor.sequence]

    async def _changes_between(self, after: int, until: int) -> Sequence[tuple[Change, Owners]] | None:
        if after == until:
            return ()

        def read(connection: Connection) -> list[tuple[Change, Owners]] | None:
            found = changes_after(connection, after, MOST_CHANGES + 1, until)
            if len(found) > MOST_CHANGES:
                return None
            return [(change, owners_of(connection, change)) for change in found]

        return await self._backend.read(read)

    def samples(self) -> list[Metric]:
        """Figures as metrics."""
        return [
            Metric("event_clients", "gauge", "Clients connected to /api/v1/events", self._listeners),
            Metric("event_clients_dropped", "counter", "Clients dropped for reading too slowly", self.dropped),
        ]


def _in_order(
    cursor: Cursor, changes: Sequence[tuple[Change, Owners]], live: Sequence[LiveItem]
) -> Iterable[LiveItem | ChangeItem]:
    """Both kinds by time, each kind in its own order whatever the clock did, with cursors that fit their places."""
    here, at, beside = cursor, 0, 0
    while at < len(changes) or beside < len(live):
        if beside == len(live) or (at < len(changes) and changes[at][0].at_ms <= live[beside].at_ms):
            change, owners = changes[at]
            at += 1
            here = Cursor(change.id, here.epoch, here.sequence)
            yield ChangeItem(change, owners, str(here))
        else:
            event = live[beside].event
            beside += 1
            here = Cursor(here.change, here.epoch, event.sequence)
            yield LiveItem(event, str(here))
