"""SIP endpoint, registrar and call control as one engine without I/O, for the network driver and for simulations.

Whatever goes in, ``outputs`` settles it: events of the endpoint and of the media processes are treated until nobody has
anything left to say, then the SIP messages to send are handed out.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence

from kiestoon.calls import closing, custody, left_ringing, lines, messages
from kiestoon.calls.call import Failure
from kiestoon.calls.causes import HUNG_UP, INTERRUPTED
from kiestoon.calls.control import CallControl, settle_others
from kiestoon.calls.events import CallEvent
from kiestoon.calls.exchange import Exchange
from kiestoon.calls.journal import CallState
from kiestoon.calls.keep_alive import KeepAlive
from kiestoon.calls.line_keep_alive import LineKeepAlive
from kiestoon.calls.operations import room
from kiestoon.calls.queues.distributing import close_deleted
from kiestoon.calls.recovery import adopt, reconcile
from kiestoon.calls.voicemail_requests import Message
from kiestoon.media.client import MediaLink
from kiestoon.media.protocol import AuditedContext
from kiestoon.media.protocol import Event as MediaEvent
from kiestoon.registrar import BindingChanged
from kiestoon.sip.events import Event
from kiestoon.sip.flow import Flow, Output, Target
from kiestoon.sip.message import Request, Response


class ExchangeEngine:
    """``on_bindings`` gets changed registrations (for their journal), ``on_events`` what listeners want to know.

    ``before_output`` is called before messages are handed out: what they tell a peer must by then be in the journals
    and with the media process, whatever happens to this process a moment later. ``keep_alive_s``: how often phones
    behind routers, and providers we are logged in at, are asked for a sign of life; 0 = never.
    """

    def __init__(
        self,
        exchange: Exchange,
        *,
        on_bindings: Callable[[list[BindingChanged]], None],
        on_events: Callable[[list[CallEvent]], None] | None = None,
        before_output: Callable[[], None] | None = None,
        keep_alive_s: float = 0.0,
    ) -> None:
        self.exchange = exchange
        self.control = CallControl(exchange)
        self._endpoint = exchange.endpoint
        self._registrar = exchange.registrar
        self._on_bindings = on_bindings
        self._on_events = on_events
        self._before_output = before_output
        self._keep_alive = KeepAlive(exchange, keep_alive_s)
        self._line_keep_alive = LineKeepAlive(exchange, keep_alive_s)
        self._media_events: deque[MediaEvent] = deque()
        self._now = 0.0
        exchange.followed = on_events is not None

    # --- input -----------------------------------------------------------------------------------------------------

    def receive(self, message: Request | Response, flow: Flow, now: float) -> None:
        """A SIP message."""
        self._now = now
        self._endpoint.receive(message, flow, now)

    def resolved(self, token: int, targets: Sequence[Target], now: float) -> None:
        """An answer of the name service."""
        self._now = now
        self._endpoint.resolved(token, targets, now)

    def transport_failed(self, transaction: str, now: float) -> None:
        """A message could not be sent."""
        self._now = now
        self._endpoint.transport_failed(transaction, now)

    def unreachable(self, transaction: str, host: str, port: int, now: float) -> None:
        """The network says that a message did not reach there."""
        self._now = now
        self._endpoint.unreachable(transaction, host, port, now)

    def media_event(self, event: MediaEvent, now: float) -> None:
        """Something happened in a media process."""
        self._now = now
        self._media_events.append(event)

    def speech_ready(self, call_id: str, now: float) -> None:
        """What a call waits to hear lies ready, or cannot be had."""
        self._now = now
        self.control.speech_ready(call_id, now)

    def media_lost(self, link: MediaLink, reason: str, now: float) -> None:
        """A media process is gone for good."""
        self._now = now
        self.control.media_lost(link, reason, now)

    def media_back(self, link: MediaLink, contexts: tuple[AuditedContext, ...], now: float) -> None:
        """The connection to a living media process is mended: what only one of us remembers is ended."""
        self._now = now
        reconcile(self.exchange, link, contexts, now)
        settle_others(self.exchange, now)

    def replied(self, token: int, reply: object, now: float) -> None:
        """The back office has done what a service asked of it."""
        self._now = now
        self.control.replied(token, reply, now)

    def take_over(
        self,
        states: Iterable[CallState],
        audits: dict[str, tuple[AuditedContext, ...]],
        now: float,
        begun: Iterable[Message] = (),
    ) -> int:
        """Go on with the calls of a process before this one (see ``recovery``), and with the messages that were being
        left (``begun``); returns how many calls go on."""
        self._now = now
        messages.take_over(self.exchange, begun)
        adopted = adopt(self.exchange, states, audits, now)
        settle_others(self.exchange, now)
        messages.store_rest(self.exchange, now)
        return adopted

    def register_lines(self, now: float) -> None:
        """Log in at every provider where we have not yet."""
        self._now = now
        lines.start_registrations(self.exchange, now)

    def configuration_changed(self, now: float) -> None:
        """Rows are, or have become, others: know when the next meeting begins, and who is an agent of what; end what
        goes on in queues and rooms that are no more."""
        self._now = now
        self.exchange.agenda.plan(now)
        self.exchange.queues.configuration_changed()
        close_deleted(self.exchange, now)
        room.end_deleted(self.exchange, now)
        settle_others(self.exchange, now)

    def keep_phones_reachable(self, now: float) -> None:
        """Begin asking the phones that were registered before a restart for signs of life."""
        self._now = now
        self._keep_alive.begin_with_all(now)

    def forget_device(self, device_id: int, now: float) -> None:
        """A device was deleted or locked: it is not reachable from now on."""
        self._now = now
        self._registrar.forget_device(device_id, now)
        if self.exchange.watching is not None:
            self.exchange.watching.forget_device(device_id, now)

    def hang_up(self, call_id: str, now: float) -> bool:
        """End one call by hand; False when there is none by this id."""
        self._now = now
        call = self.exchange.calls.get(call_id)
        if call is None:
            return False
        custody.end_with(self.exchange, call, HUNG_UP, now)
        closing.check(self.exchange, call, now)
        settle_others(self.exchange, now)
        return True

    def operate(self, operation: Callable[[Exchange, float], Failure | None], now: float) -> Failure | None:
        """Do something with calls (``calls.operations``) from outside, and go on with what it has changed."""
        self._now = now
        failure = operation(self.exchange, now)
        settle_others(self.exchange, now)
        return failure

    def end_calls(self, now: float) -> None:
        """The exchange stops: hang every call up. Records follow as the media figures come in."""
        self._now = now
        for call in list(self.exchange.calls.values()):
            custody.end_with(self.exchange, call, INTERRUPTED, now)
            closing.check(self.exchange, call, now)
        settle_others(self.exchange, now)

    def close_calls(self) -> None:
        """Wait no longer: write the records of calls that have ended as they are."""
        for call in list(self.exchange.calls.values()):
            closing.close(self.exchange, call)

    def connection_closed(self, flow: Flow, now: float) -> None:
        """A connection is gone: phones registered over it are not reachable by it any more."""
        self._now = now
        self._registrar.connection_closed(flow, now)

    def handle_timers(self, now: float) -> None:
        """Run what is due."""
        self._now = now
        self._endpoint.handle_timers(now)
        self.control.handle_timers(now)
        self._registrar.handle_timers(now)
        self._keep_alive.handle_timers(now)
        self._line_keep_alive.handle_timers(now)
        self.exchange.doorkeeper.guard.handle_timers(now)
        if self.exchange.watching is not None:
            self.exchange.watching.handle_timers(now)

    # --- output ----------------------------------------------------------------------------------------------------

    def outputs(self) -> Iterable[Output]:
        """Settle, then drain what is to be sent; before anything is, ``before_output`` has made it safe."""
        self._settle()
        outputs = self._endpoint.outputs()
        if outputs and self._before_output is not None:
            self._before_output()
        return outputs

    def events(self) -> Iterable[Event]:
        """Nothing: events are treated inside."""
        return ()

    def next_deadline(self) -> float | None:
        """The earliest deadline of all parts."""
        watching = self.exchange.watching
        earliest: float | None = None
        for at in (
            self._endpoint.next_deadline(),
            self.control.next_deadline(),
            self._registrar.next_deadline(),
            self._keep_alive.next_deadline(),
            self._line_keep_alive.next_deadline(),
            self.exchange.doorkeeper.guard.next_deadline(),
            watching.next_deadline(self._now) if watching is not None else None,
        ):
            if at is not None and (earliest is None or at < earliest):
                earliest = at
        return earliest

    def _settle(self) -> None:
        endpoint, control, media_events, now = self._endpoint, self.control, self._media_events, self._now
        while True:
            happened = endpoint.events()
            for event in happened:
                if not self._keep_alive.takes(event, now) and not self._line_keep_alive.takes(event, now):
                    control.sip_event(event, now)
            if not media_events and not happened:
                break
            while media_events:
                control.media_event(media_events.popleft(), now)
        changes = self._registrar.take_changes()
        if changes:
            self._on_bindings(changes)
            if self.exchange.left_ringing:
                left_ringing.registered(self.exchange, changes, now)
            self._keep_alive.bindings_changed(changes, now)
            if self.exchange.queues:
                self.exchange.queues.stir_all()
                settle_others(self.exchange, now)
        self._tell(changes, now)

    def _tell(self, changes: list[BindingChanged], now: float) -> None:
        """What has happened, to those who only listen."""
        if self._on_events is not None and self.exchange.events:
            told = list(self.exchange.events)
            self.exchange.events.clear()
            self._on_events(told)
        watching = self.exchange.watching
        if watching is not None:
            if self.exchange.stirred:
                calls, self.exchange.stirred = self.exchange.stirred, {}
                watching.calls_changed(calls.values(), now)
            if changes:
                watching.bindings_changed(changes, now)
            watching.settle(now)
