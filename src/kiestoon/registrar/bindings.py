"""Where devices can be reached: the bindings of every device (RFC 3261 §10.3, RFC 5626, RFC 3327).

Times are on the engine's clock; ``BindingChanged`` carries wall-clock time, so that a binding outlives the process.
"""

from __future__ import annotations

from collections import deque
from heapq import heapify, heappop, heappush
from sys import intern

import msgspec

from kiestoon.registrar.sources import source_key
from kiestoon.sip.flow import RELIABLE, Destination, Flow, Target
from kiestoon.sip.uri import BadUri, parse_uri


class Binding(msgspec.Struct, frozen=True, gc=False):
    """One contact of a device.

    ``contact`` is the URI as registered. ``flow`` is the path the REGISTER took; None once that is gone (its connection
    closed, or the exchange was restarted and it was one). ``path`` are Path values, topmost first: the route to use.
    ``instance``/``reg_id`` are RFC 5626's; ``q`` is in thousandths. ``expires_at`` is on the engine's clock.
    """

    device_id: int
    contact: str
    expires_at: float
    call_id: str
    cseq: int
    flow: Flow | None
    source: str
    path: tuple[str, ...] = ()
    instance: str = ""
    reg_id: int = 0
    q: int = 1000
    user_agent: str = ""
    received: Target | None = None

    def remaining_s(self, now: float) -> int:
        """Whole seconds until it expires, at least 0."""
        return max(0, round(self.expires_at - now))

    @property
    def destination(self) -> Destination | None:
        """Where to send: back along the flow (NAT, RFC 5626 §5.3), the UDP source after a restart, or None: resolve
        the first Path value or the contact by RFC 3263."""
        return self.flow or self.received


class BindingChanged(msgspec.Struct, frozen=True, gc=False):
    """For the journal: a binding was added, refreshed (``expires_wall_s`` > 0) or removed (0).

    ``contact`` identifies it within the device. ``binding`` is None when removed.
    """

    device_id: int
    contact: str
    expires_wall_s: float
    binding: Binding | None


class Bindings:
    """The table: every device's bindings, expiry, and how many devices are behind each source."""

    def __init__(self, max_per_device: int = 8) -> None:
        self.max_per_device = max_per_device
        self.changes: deque[BindingChanged] = deque()
        self._by_device: dict[int, tuple[Binding, ...]] = {}
        self._by_connection: dict[int, set[int]] = {}
        self._sources: dict[str, int] = {}
        self._heap: list[tuple[float, int]] = []
        self._scheduled: dict[int, float] = {}

    def __len__(self) -> int:
        return sum(map(len, self._by_device.values()))

    def of(self, device_id: int) -> tuple[Binding, ...]:
        """A device's bindings, most preferred (highest q, then most recent) first."""
        return self._by_device.get(device_id, ())

    def all(self) -> list[Binding]:
        """Every binding, for listings."""
        return [binding for bindings in self._by_device.values() for binding in bindings]

    def devices(self) -> list[int]:
        """The devices that have bindings."""
        return list(self._by_device)

    def snapshot(self, now: float, wall_s: float) -> list[BindingChanged]:
        """What says all there is, for compaction of the journal."""
        return [
            BindingChanged(binding.device_id, binding.contact, wall_s + binding.expires_at - now, binding)
            for binding in self.all()
        ]

    def devices_at(self, source: str) -> int:
        """How many bindings came from a source (see ``source_key``)."""
        return self._sources.get(source, 0)

    # --- changes -----------------------------------------------------------------------------------------------------

    def replace(self, device_id: int, bindings: list[Binding], now: float, wall_s: float) -> None:
        """Make ``bindings`` the device's only ones; over the limit, those expiring first go."""
        old = self._by_device.get(device_id, ())
        if len(bindings) > self.max_per_device:
            bindings = sorted(bindings, key=lambda binding: -binding.expires_at)[: self.max_per_device]
        new = tuple(sorted(bindings, key=_preference))
        kept = {binding.contact for binding in new}
        for binding in old:
            if binding.contact not in kept:
                self.changes.append(BindingChanged(device_id, binding.contact, 0.0, None))
        for binding in new:
            if binding not in old:
                wall = wall_s + binding.expires_at - now
                self.changes.append(BindingChanged(device_id, binding.contact, wall, binding))
        self._put(device_id, old, new)

    def restore(self, change: BindingChanged, now: float, wall_s: float) -> None:
        """Take in a journal entry after a restart, oldest first. Connections are gone with the process that had them;
        a phone on UDP is reached at its source address from the same port as before."""
        old = self._by_device.get(change.device_id, ())
        others = [binding for binding in old if binding.contact != change.contact]
        expires_at = now + change.expires_wall_s - wall_s
        if change.binding is not None and expires_at > now:
            flow = change.binding.flow
            received = change.binding.received
            if flow is not None and flow.transport not in RELIABLE:
                received = Target(flow.transport, flow.remote_host, flow.remote_port)
            others.append(msgspec.structs.replace(change.binding, expires_at=expires_at, flow=None, received=received))
        self._put(change.device_id, old, tuple(sorted(others, key=_preference)))

    def connection_closed(self, flow: Flow, now: float, wall_s: float) -> None:
        """A connection is gone: web phones and RFC 5626 flows cannot be reached any more, others by their contact."""
        for device_id in self._by_connection.pop(flow.number, set()):
            kept = []
            for binding in self._by_device.get(device_id, ()):
                if binding.flow is None or binding.flow.number != flow.number or binding.flow.transport not in RELIABLE:
                    kept.append(binding)
                elif flow.transport in {"tcp", "tls"} and not binding.reg_id:
                    kept.append(msgspec.structs.replace(binding, flow=None))
            self.replace(device_id, kept, now, wall_s)

    def forget(self, device_id: int, now: float, wall_s: float) -> None:
        """The device was deleted, locked or got a new secret."""
        self.replace(device_id, [], now, wall_s)

    def _put(self, device_id: int, old: tuple[Binding, ...], new: tuple[Binding, ...]) -> None:
        if new:
            self._by_device[device_id] = new
            self._schedule(device_id, min(binding.expires_at for binding in new))
        else:
            self._by_device.pop(device_id, None)
        for binding in old:
            self._uncount(binding)
        for binding in new:
            self._sources[binding.source] = self._sources.get(binding.source, 0) + 1
            if binding.flow is not None and binding.flow.transport in RELIABLE:
                self._by_connection.setdefault(binding.flow.number, set()).add(device_id)

    def _uncount(self, binding: Binding) -> None:
        left = self._sources.get(binding.source, 0) - 1
        if left > 0:
            self._sources[binding.source] = left
        else:
            self._sources.pop(binding.source, None)
        flow = binding.flow
        if flow is not None and flow.transport in RELIABLE and flow.number in self._by_connection:
            devices = self._by_connection[flow.number]
            devices.discard(binding.device_id)
            if not devices:
                del self._by_connection[flow.number]

    # --- expiry ------------------------------------------------------------------------------------------------------

    def _schedule(self, device_id: int, at: float) -> None:
        """One live heap entry per device, never later than its first expiry; refreshes leave it as it is."""
        scheduled = self._scheduled.get(device_id)
        if scheduled is not None and scheduled <= at:
            return
        self._scheduled[device_id] = at
        heappush(self._heap, (at, device_id))
        if len(self._heap) > 2 * len(self._scheduled) + 64:
            self._heap = [(when, device) for device, when in self._scheduled.items()]
            heapify(self._heap)

    def next_deadline(self) -> float | None:
        """When something may expire; None when nothing is bound."""
        return self._heap[0][0] if self._heap else None

    def handle_timers(self, now: float, wall_s: float) -> None:
        """Drop what has expired."""
        while self._heap and self._heap[0][0] <= now:
            at, device_id = heappop(self._heap)
            if self._scheduled.get(device_id) != at:
                continue
            del self._scheduled[device_id]
            bindings = self._by_device.get(device_id)
            if bindings is None:
                continue
            live = [binding for binding in bindings if binding.expires_at > now]
            if len(live) < len(bindings):
                self.replace(device_id, live, now, wall_s)
            else:
                self._schedule(device_id, min(binding.expires_at for binding in live))


def _preference(binding: Binding) -> tuple[int, float]:
    return -binding.q, -binding.expires_at


def same_binding(one: Binding, other: Binding) -> bool:
    """Whether ``other`` takes ``one``'s place: same instance and reg-id (RFC 5626 §6), else equivalent contacts."""
    if one.instance and one.reg_id and other.instance and other.reg_id:
        return one.instance == other.instance and one.reg_id == other.reg_id
    if one.contact == other.contact:
        return True
    try:
        return parse_uri(one.contact).matches(parse_uri(other.contact))
    except BadUri:  # a journal of another version may hold what today's parser refuses
        return False


def binding_source(flow: Flow) -> str:
    """The flow's source, as one shared string."""
    return intern(source_key(flow.remote_host))
