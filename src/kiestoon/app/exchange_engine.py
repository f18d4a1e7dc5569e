"""SIP endpoint, registrar and call control as one engine for the network driver."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from kiestoon.calls.control import CallControl
from kiestoon.registrar import BindingChanged, Registrar
from kiestoon.sip.endpoint import Endpoint
from kiestoon.sip.events import Event
from kiestoon.sip.flow import Flow, Output, Target
from kiestoon.sip.message import Request, Response

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(BindingChanged)


class ExchangeEngine:
    """What the driver drives. ``journal_binding`` gets every change of a binding, encoded."""

    def __init__(
        self, endpoint: Endpoint, control: CallControl, registrar: Registrar, journal_binding: Callable[[bytes], None]
    ) -> None:
        self.endpoint = endpoint
        self.control = control
        self.registrar = registrar
        self._journal_binding = journal_binding

    def receive(self, message: Request | Response, flow: Flow, now: float) -> None:
        self.endpoint.receive(message, flow, now)

    def resolved(self, token: int, targets: Sequence[Target], now: float) -> None:
        self.endpoint.resolved(token, targets, now)

    def transport_failed(self, transaction: str, now: float) -> None:
        self.endpoint.transport_failed(transaction, now)

    def handle_timers(self, now: float) -> None:
        self.endpoint.handle_timers(now)
        self.control.handle_timers(now)
        self.registrar.handle_timers(now)
        self._journal_changes()

    def outputs(self) -> Sequence[Output]:
        return self.endpoint.outputs()

    def events(self) -> Sequence[Event]:
        return self.endpoint.events()

    def next_deadline(self) -> float | None:
        due = (self.endpoint.next_deadline(), self.control.next_deadline(), self.registrar.next_deadline())
        return min((at for at in due if at is not None), default=None)

    def handle_event(self, event: Event, now: float) -> None:
        """Treat one event of the endpoint: the driver's ``on_event``."""
        self.control.sip_event(event, now)
        self._journal_changes()

    def _journal_changes(self) -> None:
        if self.registrar.bindings.changes:
            for change in self.registrar.take_changes():
                self._journal_binding(_encoder.encode(change))


def decode_changes(records: Sequence[bytes]) -> list[BindingChanged]:
    """The journal's changes; entries of another version are passed over (those phones register again)."""
    changes = []
    for record in records:
        try:
            changes.append(_decoder.decode(record))
        except msgspec.DecodeError:
            continue
    return changes


def binding_snapshot(registrar: Registrar, now: float, wall_s: float) -> list[bytes]:
    """All bindings as journal entries, for compaction."""
    return [
        _encoder.encode(BindingChanged(binding.device_id, binding.contact, wall_s + binding.expires_at - now, binding))
        for binding in registrar.bindings.all()
    ]
