"""The engine of lamps: subscriptions and what happens to calls, phones and configuration come in, NOTIFYs go out by the
SIP endpoint. No I/O, no clock of its own; a fault in it costs a lamp, never a call."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import structlog

from kiestoon.phones.lamps import listing
from kiestoon.phones.lamps.asking import Asking
from kiestoon.phones.lamps.feature_keys import FeatureKeys
from kiestoon.phones.lamps.journal import Kept, encode_gone, encode_kept, encode_restarted
from kiestoon.phones.lamps.lamp import Lamp, Table, lamp_of
from kiestoon.phones.lamps.live_calls import PERSON, LiveCalls
from kiestoon.phones.lamps.publishing import Publishing
from kiestoon.phones.lamps.reviewing import Reviewer
from kiestoon.phones.lamps.sources import (
    Extensions,
    MailboxCounts,
    Mailboxes,
    OwnFeatures,
    ParkPlaces,
    People,
    Plans,
    QueueSwitches,
    WatchedLines,
)
from kiestoon.phones.lamps.sources.mailboxes import MAILBOX
from kiestoon.phones.lamps.state import LINES, Line, Source
from kiestoon.phones.lamps.telling import Teller
from kiestoon.phones.lamps.unsolicited import Unsolicited
from kiestoon.phones.lamps.watchers import Watchers
from kiestoon.registrar import BindingChanged, DeviceCaller
from kiestoon.sip import events as sip
from kiestoon.sip.subscription import Subscription, feature_events, resource_list

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kiestoon.calls.call import Call
    from kiestoon.calls.exchange import Exchange
    from kiestoon.company.directory import CompanyIndex

log = structlog.get_logger("lamps")


def no_messages(_company_id: int, _extension: str) -> tuple[int, int, int, int]:
    """Where there is no voicemail."""
    return 0, 0, 0, 0


class Lamps:
    """All lamps of one exchange.

    ``keep`` gets journal entries; they must be safe from ``kill -9`` before anything is sent. ``wall_s`` is wall-clock
    time in seconds. ``mailbox_counts`` is asked whenever such a lamp is looked at; whoever changes what it says calls
    ``mailbox_changed``. ``sources`` are further kinds of lamps (queues), see ``Source``.
    """

    def __init__(
        self,
        exchange: Exchange,
        *,
        keep: Callable[[bytes], object],
        wall_s: Callable[[], float],
        mailbox_counts: MailboxCounts = no_messages,
        sources: Iterable[Source] = (),
    ) -> None:
        self._x = exchange
        self._keep = keep
        self._wall_s = wall_s
        self.live = LiveCalls(exchange)
        mailboxes = Mailboxes(mailbox_counts)
        self._publishing = Publishing(exchange, self._identified, self.touch)
        people = People(exchange, self.live, self._publishing.of)
        known: tuple[Source, ...]
        groups = Extensions(self.live)
        known = (people, groups, ParkPlaces(self.live), QueueSwitches(), Plans(), mailboxes, OwnFeatures())
        self._lines = WatchedLines(people, groups)
        known = (*known, self._lines, *sources)
        self.sources: dict[str, Source] = {source.kind: source for source in known}
        self.table = Table()
        self.teller = Teller(self.table, exchange.directory, self.sources, exchange.wall_ms, self._end)
        self._asking = Asking(exchange, self.table, self.teller, self.sources, self._begun)
        self._keys = FeatureKeys(exchange, self.teller, self._asking.identified)
        self._reviewer = Reviewer(self.table, self.teller, exchange.directory, self._asking, self._end)
        self._watchers = Watchers(self.table, self.teller, exchange.registrar, self._write_down)
        self._unsolicited = Unsolicited(exchange, self.table, mailboxes)

    def line(self, index: CompanyIndex, viewer: int, extension: str) -> Line | None:
        """How an extension stands now, and what a person may see of it: for screens, which do not subscribe."""
        return self._lines.line(index, viewer, extension, self._x.wall_ms())

    # --- what phones do ----------------------------------------------------------------------------------------------

    def requested(self, event: sip.RequestReceived, now: float) -> None:
        """A SUBSCRIBE or PUBLISH outside any dialog."""
        if event.request.method == "PUBLISH":
            self._publishing.requested(event, now)
            return
        subscription = self._asking.requested(event, now)
        if subscription is not None and subscription.heeds_bodies and event.request.body:
            self._keys.wished(subscription, event, now)

    def subscription_event(self, event: sip.SubscriptionEvent, now: float) -> None:
        """What happened to a subscription."""
        with _contained(type(event).__name__):
            self._treat(event, now)

    def _treat(self, event: sip.SubscriptionEvent, now: float) -> None:
        subscription = event.subscription
        lamp = lamp_of(subscription)
        if lamp is None or lamp.phone is None:
            return
        phone = lamp.phone
        if isinstance(event, sip.SubscriptionEnded):
            self._forget(subscription, lamp)
            self._watchers.ended(subscription, phone, now)
        elif isinstance(event, sip.SubscriptionRefreshed):
            phone = self.table.rehouse(subscription, lamp)
            self._write_down(subscription, now)
            self._watchers.refreshed(subscription, phone, now)
        elif isinstance(event, sip.RenewalReceived):
            self._keys.renewal(event, lamp, now)
        elif isinstance(event, sip.WatcherSilent):
            self._watchers.silent(subscription, phone, now)
        elif isinstance(event, sip.WatcherBack):
            self._watchers.answered(subscription, phone, now)

    def bindings_changed(self, changes: Iterable[BindingChanged], now: float) -> None:
        """Phones have registered, renewed, or gone."""
        with _contained("bindings"):
            for change in changes:
                self._touch_reach(change.device_id)
                self._watchers.binding_changed(change, now)
                self._unsolicited.binding_changed(change, now)

    def forget_device(self, device_id: int, now: float) -> None:
        """A device was deleted, locked, or has a new password: whoever knew the old one watches nothing any more."""
        self._publishing.forget_device(device_id)
        for subscription in self.table.of_device(device_id):
            self._end(subscription, now, "deactivated")

    # --- what else happens -------------------------------------------------------------------------------------------

    def calls_changed(self, calls: Iterable[Call], now: float) -> None:
        """Something happened to these calls."""
        for call in calls:
            try:  # no context manager: every step of every call comes by here
                self.live.changed(call, self.teller.touch)
            except Exception:
                log.exception("lamps not treated", what="call", call=call.id)

    def configuration_changed(self, companies: Iterable[int], now: float) -> None:
        """These companies' rows were replaced."""
        for company_id in companies:
            with _contained("configuration", company_id=company_id):
                self._publishing.configuration_changed(company_id)
                self._reviewer.changed(company_id, now)
                self._unsolicited.configuration_changed(company_id, now)

    def mailbox_changed(self, company_id: int, extension: str, now: float) -> None:
        """Messages came or went."""
        self.teller.touch(MAILBOX, company_id, extension)
        self._unsolicited.mailbox_changed(company_id, extension, now)

    def touch(self, kind: str, company_id: int, key: str) -> None:
        """Something of a source may look different now."""
        self.teller.touch(kind, company_id, key)

    # --- time --------------------------------------------------------------------------------------------------------

    def settle(self, now: float) -> None:
        """At the end of a turn: send what changed in it."""
        if self._reviewer.busy or self.teller.busy:
            with _contained("settling"):
                self._reviewer.settle(now)
                self.teller.settle(now)

    def handle_timers(self, now: float) -> None:
        """What is due."""
        with _contained("timers"):
            self.teller.handle_timers(now)
            self._watchers.handle_timers(now)
            self._publishing.handle_timers(now)

    def next_deadline(self, now: float) -> float | None:
        """When ``handle_timers`` has something to do next; ``now`` when ``settle`` has."""
        if self._reviewer.busy:
            return now
        all_of_them = (
            self.teller.next_deadline(now),
            self._watchers.next_deadline(),
            self._publishing.next_deadline(),
        )
        return min((at for at in all_of_them if at is not None), default=None)

    # --- life of the process -----------------------------------------------------------------------------------------

    def restore(self, kept: Iterable[tuple[Kept, int]], now: float) -> int:
        """Take up the subscriptions of the process before this one, after its calls; returns how many. Every one is
        told its state: those whose lamp is on first, all of them in time, none of them in a burst."""
        self._keep(encode_restarted())
        self.live.adopt()
        taken: list[Subscription] = []
        for entry, restarts in kept:
            with _contained("restoring"):
                subscription = self._revive(entry, restarts, now)
                if subscription is not None:
                    taken.append(subscription)
        taken.sort(key=lambda each: not self._is_on(each))
        self.teller.tell_in_time(taken, now)
        return len(taken)

    @property
    def silent_phones(self) -> int:
        """Watching phones that do not answer."""
        return sum(phone.silent for phone in self.table.phones())

    def subscriptions(self, now: float) -> list[dict[str, Any]]:
        """Every subscription, for the command line."""
        return listing.rows(self._x, self.table, now)

    # --- inside ------------------------------------------------------------------------------------------------------

    def _identified(self, event: sip.RequestReceived, now: float) -> DeviceCaller | None:
        return self._asking.identified(event, now)

    def _begun(self, subscription: Subscription, lamp: Lamp, now: float) -> None:
        index = self._x.directory.company(lamp.company_id)
        if index is not None:
            self._reviewer.begin(lamp, index)
        subscription.heeds_bodies = lamp.package == feature_events.PACKAGE
        phone = self.table.add(subscription, lamp)
        self._write_down(subscription, now)
        self._watchers.subscribed(subscription, phone, now)

    def _end(self, subscription: Subscription, now: float, reason: str) -> None:
        """End a subscription from our side. Its event follows and finds it forgotten already."""
        lamp = lamp_of(subscription)
        phone = lamp.phone if lamp is not None else None
        if lamp is None or phone is None:
            return
        self._forget(subscription, lamp)
        subscription.terminate(now, reason)
        self._watchers.ended(subscription, phone, now)

    def _forget(self, subscription: Subscription, lamp: Lamp) -> None:
        self.table.remove(subscription, lamp)
        self._keep(encode_gone(subscription.tag))

    def _write_down(self, subscription: Subscription, now: float) -> None:
        lamp = lamp_of(subscription)
        if lamp is not None:
            self._keep(encode_kept(subscription, lamp.device_id, now, self._wall_s()))

    def _touch_reach(self, device_id: int) -> None:
        device = self._x.directory.device_by_id(device_id)
        if device is not None and device.user_id is not None:
            self.teller.touch(PERSON, device.company_id, str(device.user_id))

    def _revive(self, entry: Kept, restarts: int, now: float) -> Subscription | None:
        """None: its device, or what it watched, is gone, or its time is over. The phone finds out when it renews."""
        expires_s = entry.expires_wall_s - self._wall_s()
        device = self._x.directory.device_by_id(entry.device_id)
        index = self._x.directory.company(device.company_id) if device is not None else None
        if device is None or index is None or expires_s <= 0:
            return None
        uri = listing.uri_of(entry.data.resource)
        found = self._asking.find(index, device, entry.data.package, uri.user) if uri is not None else None
        if uri is None or found is None:
            return None
        resource = self.table.watched(found.source.kind, index.company.id, found.key)
        if resource.state is None:
            self.teller.look(resource, index, now)
        entity = f"sip:{uri.user}@{uri.host}"
        lamp = Lamp(index.company.id, device.id, entry.data.package, uri.user, entity, resource, found.view)
        lamp.text = self.teller.text_of(lamp, index)
        restored = self._x.endpoint.subscriptions.restore(
            entry.data, entry.destination, now, expires_s=expires_s, restarts=restarts
        )
        restored.context = lamp
        restored.heeds_bodies = lamp.package == feature_events.PACKAGE
        restored.require = resource_list.OPTION if found.source.kind == LINES else ""
        restored.notify(now, lamp)
        self._reviewer.begin(lamp, index)
        phone = self.table.add(restored, lamp)
        self._watchers.restored(phone, entry.destination is not None, now)
        return restored

    def _is_on(self, subscription: Subscription) -> bool:
        lamp = lamp_of(subscription)
        index = self._x.directory.company(lamp.company_id) if lamp is not None else None
        if lamp is None or index is None or lamp.resource.state is None:
            return False
        return listing.state_word(index, lamp) not in ("", "idle")


@contextmanager
def _contained(what: str, **details: object) -> Iterator[None]:
    """A fault stays here: calls go on."""
    try:
        yield
    except Exception:
        log.exception("lamps not treated", what=what, **details)
