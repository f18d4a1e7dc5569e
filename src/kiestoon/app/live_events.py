"""The control process' events for whoever subscribes on the admin socket; without subscribers they cost nothing."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncGenerator, Iterable
from itertools import chain
from typing import Any, Final

import msgspec
import structlog

from kiestoon.api.samples import Metric
from kiestoon.app.call_notices import CallNotices
from kiestoon.app.event_view import Draft, EventView
from kiestoon.calls.events import CallEvent
from kiestoon.calls.exchange import Exchange
from kiestoon.calls.mailboxes import MailboxChanged
from kiestoon.notify.live import FULL, Batch, LiveEvent
from kiestoon.notify.ring import Ring
from kiestoon.registrar import BindingChanged

SIZE: Final = 20_000
"""Events kept for subscribers that come back: about a minute of the heaviest load, hours of an office."""
LINGER_S: Final = 300.0
"""How long events are kept on when the last subscriber has gone."""

log = structlog.get_logger(__name__)


class LiveEvents:
    """One exchange's events. ``epoch`` is another one in every process: its numbers begin anew."""

    def __init__(self, exchange: Exchange, loop: asyncio.AbstractEventLoop, *, size: int = SIZE) -> None:
        self.epoch = secrets.token_hex(6)
        self.change = 0
        self._x = exchange
        self._loop = loop
        self._ring: Ring[LiveEvent] = Ring(size)
        self._view = EventView(exchange)
        self._notices = CallNotices(exchange)
        self._alarm: asyncio.TimerHandle | None = None
        self._subscribers = 0
        self._linger: asyncio.TimerHandle | None = None
        exchange.followed = False

    # --- input -----------------------------------------------------------------------------------------------------

    def happened(self, happened: Iterable[CallEvent]) -> None:
        """Call control's events, in order."""
        if not self._x.followed:
            return
        for event in happened:
            try:
                for draft in chain(self._view.call_event(event), self._notices.call_event(event)):
                    self._add(draft)
            except Exception:  # an event nobody gets is better than a call that ends for it
                log.exception("event cannot be told", kind=type(event).__name__)
        self._set_alarm()

    def bindings_changed(self, changes: Iterable[BindingChanged]) -> None:
        """Registrations."""
        if not self._x.followed:
            return
        for change in changes:
            draft = self._view.binding_changed(change, self._x.wall_ms())
            if draft is not None:
                self._add(draft)

    def mailbox_changed(self, change: MailboxChanged) -> None:
        """Messages have come to a voicemail box, or something was done to its messages."""
        if self._x.listening:
            for draft in self._view.mailbox_changed(change, self._x.wall_ms()):
                self._add(draft)

    def changed(self, change: int, companies: Iterable[int] = ()) -> None:
        """The configuration was taken over up to this change: rows of these companies were replaced."""
        if self._x.followed:
            for draft in self._view.presences_changed(companies, self._x.wall_ms()):
                self._add(draft)
        self.change = change
        self._ring.wake()

    # --- output ----------------------------------------------------------------------------------------------------

    async def stream(self, epoch: str = "", after: int = 0) -> AsyncGenerator[Any, None]:
        """The admin command ``events``: batches for as long as the subscriber stays.

        ``epoch`` "": from the oldest event there is. A gap is told in the first batch after it.
        """
        self._join()
        try:
            gap = epoch not in ("", self.epoch)
            position = after if epoch == self.epoch else self._ring.floor
            first = True
            change = self.change
            while True:
                found = self._ring.after(position, FULL)
                if found is None:
                    gap, position = True, self._ring.floor
                    continue
                if found or first or gap or change != self.change:
                    position += len(found)
                    change = self.change
                    yield msgspec.to_builtins(Batch(self.epoch, position, change, gap, tuple(found)))
                    first = gap = False
                    continue
                await self._ring.wait()
        finally:
            self._leave()

    def metrics(self) -> Iterable[Metric]:
        yield Metric("event_subscribers", "gauge", "Processes that follow live events", self._subscribers)
        yield Metric("live_events", "counter", "Live events told to subscribers", self._ring.last)

    # --- notices that wait -----------------------------------------------------------------------------------------

    def _set_alarm(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        due_ms = self._notices.next_ms
        if due_ms is not None:
            delay_s = max(0, due_ms - self._x.wall_ms()) / 1000
            self._alarm = self._loop.call_later(delay_s, self._notices_due)

    def _notices_due(self) -> None:
        for draft in self._notices.due(self._x.wall_ms()):
            self._add(draft)
        self._set_alarm()

    # --- parts -----------------------------------------------------------------------------------------------------

    def _add(self, draft: Draft) -> None:
        self._ring.append(draft.numbered(self._ring.last + 1))

    def _join(self) -> None:
        self._subscribers += 1
        if self._linger is not None:
            self._linger.cancel()
            self._linger = None
        if not self._x.followed:
            self._view.begin()
        self._x.followed = True

    def _leave(self) -> None:
        self._subscribers -= 1
        if self._subscribers == 0:
            self._linger = self._loop.call_later(LINGER_S, self._rest)

    def _rest(self) -> None:
        """Nobody has listened for long: stop, and let positions of before count as missed."""
        self._linger = None
        self._x.followed = False
        self._x.events.clear()
        self._view.forget()
        self._notices.forget()
        self._set_alarm()
        self._ring.skip()
