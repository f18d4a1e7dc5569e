"""Keeping phones behind routers and firewalls reachable: an OPTIONS to each before its UDP path is forgotten.

A router forgets a UDP mapping after half a minute of silence or more; from then on no call gets through until the phone
speaks again. A packet of ours alone may not count there (RFC 4787 REQ-6 asks that the phone's own do), but the phone's
answer does. Connections are kept open by the kernel's keep-alives.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import msgspec

from kiestoon.registrar.sources import LOOPBACK, PRIVATE
from kiestoon.sip.deadlines import DeadlineQueue
from kiestoon.sip.events import ResponseReceived
from kiestoon.sip.flow import Destination, Flow
from kiestoon.sip.headers import NameAddr
from kiestoon.sip.locate import DEFAULT_PORT
from kiestoon.sip.uri import BadUri, Uri, parse_uri

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kiestoon.calls.exchange import Exchange
    from kiestoon.registrar import Binding, BindingChanged
    from kiestoon.sip.events import Event

SHORTEST = 0.8
"""Of the interval; it is chosen at random up to the whole, so that phones don't fall into step (RFC 5626 §4.4)."""


class Kept(msgspec.Struct, frozen=True, gc=False):
    """A contact of a device that is kept reachable; also the token of our OPTIONS to it."""

    device_id: int
    contact: str


class KeepAlive:
    """Engine: asks every phone that needs it once in ``interval_s`` (0: none), for as long as it is registered."""

    def __init__(self, exchange: Exchange, interval_s: float, source: random.Random | None = None) -> None:
        self._x = exchange
        self._interval_s = interval_s
        self._random = source or random.SystemRandom()
        self._kept: set[Kept] = set()
        self._deadlines: DeadlineQueue[Kept] = DeadlineQueue()

    def __len__(self) -> int:
        return len(self._kept)

    def bindings_changed(self, changes: Iterable[BindingChanged], now: float) -> None:
        """Begin with phones that have registered; harmless for those begun with."""
        for change in changes:
            if change.binding is not None:
                self._begin(change.binding, now)

    def begin_with_all(self, now: float) -> None:
        """Begin with every phone registered before a restart."""
        for binding in self._x.registrar.bindings.all():
            self._begin(binding, now)

    def takes(self, event: Event, now: float) -> bool:
        """Whether the event was an answer to one of our questions. Whatever the phone says, the path is open; if it
        says nothing, it may be there again the next time."""
        if not isinstance(event, ResponseReceived) or not isinstance(event.token, Kept):
            return False
        if event.token in self._kept:
            self._again(event.token, now)
        return True

    def next_deadline(self) -> float | None:
        """When the next question is due."""
        return self._deadlines.next_deadline()

    def handle_timers(self, now: float) -> None:
        """Ask whom it is time to ask."""
        for kept, _ in self._deadlines.due(now):
            binding = self._binding(kept)
            if binding is None or not needs_keeping(binding) or not self._ask(kept, binding, now):
                self._kept.discard(kept)

    def _begin(self, binding: Binding, now: float) -> None:
        if not self._interval_s:
            return
        kept = Kept(binding.device_id, binding.contact)
        if kept not in self._kept and needs_keeping(binding):
            self._kept.add(kept)
            self._again(kept, now)

    def _again(self, kept: Kept, now: float) -> None:
        self._deadlines.start(now + self._interval_s * self._random.uniform(SHORTEST, 1.0), "ask", kept)

    def _binding(self, kept: Kept) -> Binding | None:
        bindings = self._x.registrar.bindings_of(kept.device_id)
        return next((binding for binding in bindings if binding.contact == kept.contact), None)

    def _ask(self, kept: Kept, binding: Binding, now: float) -> bool:
        directory = self._x.directory
        device = directory.device_by_id(kept.device_id)
        index = directory.company(device.company_id) if device is not None else None
        destination = binding.destination
        if device is None or index is None or destination is None:
            return False
        domain = index.company.domain
        self._x.endpoint.request(
            now,
            method="OPTIONS",
            uri=binding.contact,
            from_=NameAddr("", Uri("sip", "", host=domain)),
            to=NameAddr("", Uri("sip", device.username, host=domain)),
            destination=(destination,),
            route=binding.path,
            contact=True,
            token=kept,
        )
        return True


def needs_keeping(binding: Binding) -> bool:
    """Whether something on the way may forget the phone. Not so with connections, nor with phones that stand in a
    private network of ours at the very address they give."""
    destination = binding.destination
    if destination is None or destination.transport != "udp":
        return False
    host, port = _place(destination)
    try:
        contact = parse_uri(binding.contact)
    except BadUri:  # a journal of another version may hold what today's parser refuses
        return True
    translated = contact.host != host or (contact.port or DEFAULT_PORT["udp"]) != port
    return translated or (host not in PRIVATE and host not in LOOPBACK)


def _place(destination: Destination) -> tuple[str, int]:
    if isinstance(destination, Flow):
        return destination.remote_host, destination.remote_port
    return destination.host, destination.port
