"""Telling the watchers: what changed, once for each subscription and turn, never more at once than calls can bear."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from kiestoon.company.directory import CompanyIndex, Directory
from kiestoon.phones.lamps.bodies import shown_text
from kiestoon.phones.lamps.lamp import Lamp, Resource, Table, lamp_of
from kiestoon.phones.lamps.state import Source
from kiestoon.sip.deadlines import DeadlineQueue
from kiestoon.sip.flow import Destination
from kiestoon.sip.subscription import Subscription

AT_ONCE: Final = 64
"""NOTIFYs in one turn of the loop: some 3 ms. What is left comes in the next, after the calls that waited."""
BURST: Final = 256
PER_S: Final = 2000
"""NOTIFYs at once and in the long run: a tenth of a core, and no more than a network of phones can answer."""
PORTION: Final = 32
"""When all are used up: wait until so many may go."""
PACE: Final = (100, 0.1)
"""Whole states that only confirm what phones should know go out so many at a time, so often (s)."""


class Teller:
    """``touch`` what may have changed; ``settle`` looks and sends. ``end`` is called for watchers of what is gone,
    ``stands`` before anybody is shown anything: whether that may still be, by rights that may just have changed.

    Calls come first: a change of configuration that concerns thousands of lamps waits behind them.
    """

    def __init__(
        self,
        table: Table,
        directory: Directory,
        sources: Mapping[str, Source],
        wall_ms: Callable[[], int],
        end: Callable[[Subscription, float, str], None],
    ) -> None:
        self._table = table
        self._directory = directory
        self._sources = sources
        self._wall_ms = wall_ms
        self._end = end
        self.stands: Callable[[Subscription, Lamp, float], bool] = _always
        self._touched: dict[Resource, None] = {}
        self._urgent: deque[Subscription] = deque()
        self._calm: deque[Subscription] = deque()
        self._allowed = float(BURST)
        self._allowed_at = 0.0
        self._slow: deque[tuple[Subscription, Destination | None]] = deque()
        self._slow_at = 0.0
        self._changes: DeadlineQueue[Resource] = DeadlineQueue()

    @property
    def busy(self) -> bool:
        """Whether something is to be looked at or sent."""
        return bool(self._touched or self._urgent or self._calm)

    # --- input -------------------------------------------------------------------------------------------------------

    def touch(self, kind: str, company_id: int, key: str) -> None:
        """It may look different now."""
        for resource in self._table.concerned(kind, company_id, key):
            self._touched[resource] = None

    def tell_in_time(self, subscriptions: Iterable[Subscription], now: float, to: Destination | None = None) -> None:
        """Send the whole state again, at ``to`` if given, when there is time for it."""
        if not self._slow:
            self._slow_at = max(now, self._slow_at)
        for subscription in subscriptions:
            lamp = lamp_of(subscription)
            if lamp is not None and not lamp.waiting:
                lamp.waiting = True
                self._slow.append((subscription, to))

    def look(self, resource: Resource, index: CompanyIndex, now: float, *, urgent: bool = False) -> None:
        """See how it stands; who is shown something else now gets a NOTIFY, before all others if it is urgent."""
        now_ms = self._wall_ms()
        state = self._sources[resource.kind].state(index, resource.key, now_ms)
        if state is None:
            for subscription in list(resource.subscriptions):
                self._end(subscription, now, "noresource")
            return
        if state == resource.state:
            return
        if resource.deadline is not None:
            self._changes.stop(resource.deadline)
            resource.deadline = None
        if state.until_ms > now_ms:
            resource.deadline = self._changes.start(now + (state.until_ms - now_ms) / 1000, "until", resource)
        resource.state = state
        resource.texts.clear()
        if state.lines or resource.parts:
            self._table.list_parts(resource)
        for subscription in list(resource.subscriptions):
            self.show(subscription, index, now, urgent=urgent)

    def show(self, subscription: Subscription, index: CompanyIndex, now: float, *, urgent: bool = False) -> None:
        """Put what its watcher may see before it; a NOTIFY follows if that is something else than before."""
        lamp = lamp_of(subscription)
        if lamp is None:
            return
        if not self.stands(subscription, lamp, now):
            return
        text = self.text_of(lamp, index)
        if text != lamp.text:
            lamp.text = text
            wanted = "urgent" if urgent else "calm"
            if lamp.queued not in ("urgent", wanted):
                lamp.queued = wanted
                (self._urgent if urgent else self._calm).append(subscription)

    def confirm(self, subscription: Subscription, now: float) -> None:
        """Tell one watcher how it stands now, even if that is as before, unless it has heard it since it asked."""
        lamp = lamp_of(subscription)
        index = self._directory.company(lamp.company_id) if lamp is not None else None
        if lamp is None or index is None or lamp.phone is None or not lamp.owed:
            return
        self.look(lamp.resource, index, now)
        if self.stands(subscription, lamp, now):
            lamp.text = self.text_of(lamp, index)
            lamp.queued = ""
            self._send(subscription, lamp, now)

    def text_of(self, lamp: Lamp, index: CompanyIndex) -> str:
        """What the lamp's watcher may see of its resource, which must have been looked at."""
        resource = lamp.resource
        key = (lamp.form, lamp.view)
        text = resource.texts.get(key)
        if text is None and resource.state is not None:
            text = resource.texts[key] = shown_text(lamp.form, index, resource.state, lamp.view)
        return text or ""

    # --- time --------------------------------------------------------------------------------------------------------

    def handle_timers(self, now: float) -> None:
        """What changes with time; what is sent in time."""
        for resource, _ in self._changes.due(now):
            resource.deadline = None
            if resource.subscriptions:
                resource.state = None  # it may have nothing new to show but its next change
                self._touched[resource] = None
        number, interval_s = PACE
        if self._slow and self._slow_at <= now:
            self._slow_at = now + interval_s
            for _ in range(min(number, len(self._slow))):
                self._resend(*self._slow.popleft(), now)

    def next_deadline(self, now: float) -> float | None:
        """``now`` while there is more to send than fitted into one turn."""
        if self._touched:
            return now
        waiting = len(self._urgent) + len(self._calm)
        if waiting:
            missing = min(PORTION, waiting) - self._allowed
            return now if missing <= 0 else max(now, self._allowed_at + missing / PER_S)
        changes = self._changes.next_deadline()
        slow = self._slow_at if self._slow else None
        return min((at for at in (changes, slow) if at is not None), default=None)

    def settle(self, now: float) -> None:
        """Look at what was touched, and send."""
        if self._touched:
            touched, self._touched = self._touched, {}
            for resource in touched:
                index = self._directory.company(resource.company_id)
                if index is not None and resource.subscriptions:
                    self.look(resource, index, now, urgent=True)
        if self._urgent or self._calm:
            self._send_some(now)

    # --- inside ------------------------------------------------------------------------------------------------------

    def _send_some(self, now: float) -> None:
        self._allowed = min(float(BURST), self._allowed + (now - self._allowed_at) * PER_S)
        self._allowed_at = now
        number = min(AT_ONCE, int(self._allowed))
        while number > 0 and (self._urgent or self._calm):
            subscription = (self._urgent or self._calm).popleft()
            lamp = lamp_of(subscription)
            if lamp is not None and lamp.queued:  # else it was in both queues, and is told already
                lamp.queued = ""
                self._send(subscription, lamp, now)
                number -= 1
                self._allowed -= 1

    @staticmethod
    def _send(subscription: Subscription, lamp: Lamp, now: float) -> None:
        if lamp.phone is not None and lamp.phone.silent and not subscription.silent:
            subscription.silence()
        lamp.owed = False
        subscription.notify(now, lamp)
        if subscription.silent and not subscription.under_way and lamp.phone is not None and not lamp.phone.silent:
            subscription.resend(now)  # of before a restart, and not told anything since

    @staticmethod
    def _resend(subscription: Subscription, to: Destination | None, now: float) -> None:
        lamp = lamp_of(subscription)
        if lamp is not None:
            lamp.waiting = False
            if lamp.phone is not None and not lamp.phone.silent:
                subscription.resend(now, to)


def _always(_subscription: Subscription, _lamp: Lamp, _now: float) -> bool:
    """Before a reviewer is there."""
    return True
