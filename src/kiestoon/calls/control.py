"""Call control's front door: which module an event of the SIP endpoint, the media process or a timer concerns."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import structlog

from kiestoon.calls import bridging, closing, custody, dtmf, holding, inbound, lines, seeking
from kiestoon.calls.call import Call
from kiestoon.calls.causes import MEDIA_LOST, NORMAL, from_status
from kiestoon.calls.exchange import Exchange
from kiestoon.calls.leaving import over
from kiestoon.calls.leg import Leg
from kiestoon.media.protocol import CommandFailed, DigitReceived, RtpLost, SignalEnded, Subtracted
from kiestoon.routing import route_extension
from kiestoon.sip import events as sip

if TYPE_CHECKING:
    from kiestoon.media.client import MediaLink
    from kiestoon.media.protocol import Event as MediaEvent

log = structlog.get_logger("calls")


class CallControl:
    """Feeds one exchange. Never blocks, never awaits; a handler's failure ends that call, not the exchange."""

    def __init__(self, exchange: Exchange) -> None:
        self.exchange = exchange
        self._handlers: dict[type, Callable[[Exchange, Call, Leg, Any, float], None]] = {
            sip.Progressed: seeking.progressed,
            sip.Accepted: seeking.accepted,
            sip.Refused: _refused,
            sip.Redirected: _redirected,
            sip.Cancelled: _cancelled,
            sip.Confirmed: _confirmed,
            sip.OfferReceived: holding.offer_received,
            sip.AnswerReceived: holding.answer_received,
            sip.Ended: _ended,
            sip.InfoReceived: dtmf.info_received,
        }

    # --- SIP -------------------------------------------------------------------------------------------------------

    def sip_event(self, event: sip.Event, now: float) -> None:
        """Treat one event of the endpoint."""
        x = self.exchange
        if isinstance(event, sip.InviteReceived):
            opened = inbound.invite_received(x, event, now)
            if opened is not None:
                _afterwards(x, opened, now)
            return
        elif isinstance(event, sip.RequestReceived):
            _request_received(x, event, now)
            return
        elif isinstance(event, sip.ResponseReceived):
            if isinstance(event.token, lines.Registering):
                lines.registered(x, event.token, event, now)
            return
        elif not isinstance(event, sip.SubscriptionEnded):  # nobody can subscribe to anything yet
            leg = x.find_leg(event.session.context)
            if leg is None:
                _stray(event, now)
                return
            call = x.calls[leg.call]
            self._guarded(call, leg, event, now)
            _afterwards(x, call, now)

    def _guarded(self, call: Call, leg: Leg, event: Any, now: float) -> None:
        handler = self._handlers.get(type(event))
        if handler is None:
            _other(self.exchange, event, now)
            return
        try:
            handler(self.exchange, call, leg, event, now)
        except Exception:  # one call's fault must not take the exchange down; it is logged and that call ends
            log.exception("call failed", call=call.id, event_type=type(event).__name__)
            custody.end_with(self.exchange, call, MEDIA_LOST, now)

    # --- media -----------------------------------------------------------------------------------------------------

    def media_event(self, event: MediaEvent, now: float) -> None:
        """Treat one event of a media process."""
        x = self.exchange
        if isinstance(event, Subtracted):
            closing.figures_received(x, event, now)
            return
        leg = x.terminations.get(getattr(event, "termination", 0))
        if leg is None or leg.state == "ended":
            return
        call = x.calls.get(leg.call)
        if call is None:
            return
        if isinstance(event, DigitReceived):
            dtmf.digit_received(x, call, leg, event, now)
        elif isinstance(event, SignalEnded):
            if call.service is not None:
                call.service.signal_ended(x, call, event, now)
        elif isinstance(event, RtpLost):
            log.info("no audio from party", call=call.id, leg=leg.id, since_ms=event.since_ms)
            x.count("rtp_lost")
        elif isinstance(event, CommandFailed):
            log.error("media command failed", call=call.id, command=event.command, reason=event.reason)
            if event.command == "Add":
                end_call(x, call, now)
        _afterwards(x, call, now)

    def media_lost(self, link: MediaLink, reason: str, now: float) -> None:
        """A media process is gone for good: its calls end, with a cause and a record each."""
        x = self.exchange
        lost = [call for call in x.calls.values() if call.link is link]
        log.error("media process lost", calls=len(lost), reason=reason)
        for call in lost:
            end_call(x, call, now)
            closing.check(x, call, now)

    # --- time ------------------------------------------------------------------------------------------------------

    def handle_timers(self, now: float) -> None:
        """Do what is due."""
        x = self.exchange
        for key, name in x.deadlines.due(now):
            if name == "trunk":
                lines.due(x, int(key), now)
                continue
            call = x.calls.get(key)
            if call is None:
                continue
            if name == "ring":
                seeking.ring_timeout(x, call, now)
            elif name == "service" and call.service is not None:
                call.service.time_out(x, call, now)
            elif name == "close":
                call.closing_timer = None
                closing.close(x, call)
                continue
            _afterwards(x, call, now)

    def next_deadline(self) -> float | None:
        """When ``handle_timers`` next has something to do."""
        return self.exchange.deadlines.next_deadline()


def _afterwards(x: Exchange, call: Call, now: float) -> None:
    """After every event: go where a service wants its caller to go, and close what is over."""
    while call.service is not None and call.service.wish:
        extension, call.service.wish = call.service.wish, ""
        decision = route_extension(x.directory, call.company_id, extension)
        call.reasons.extend(decision.reasons)
        inbound.follow(x, call, decision, now)
    closing.check(x, call, now)


def end_call(x: Exchange, call: Call, now: float) -> None:
    """End a call whose media is gone."""
    call.by = call.by or "media"
    call.bridge = None
    call.seek = None
    seeking.stop_deadline(x, call)
    call.failure = MEDIA_LOST
    custody.end_with(x, call, MEDIA_LOST, now)


def _refused(x: Exchange, call: Call, leg: Leg, event: sip.Refused, now: float) -> None:
    failure = from_status(event.status, event.reason, outside=bool(leg.trunk_id))
    leg.status, leg.outcome, leg.cause = event.status, failure.outcome, failure.q850
    over(x, call, leg)
    if leg.trunk_id and failure.outcome == "failed":
        x.lines.failed(leg.trunk_id, now)
    seeking.leg_failed(x, call, leg, failure, now)


def _redirected(x: Exchange, call: Call, leg: Leg, event: sip.Redirected, now: float) -> None:
    leg.status = event.status
    over(x, call, leg)
    seeking.redirected(x, call, leg, event, now)


def _cancelled(x: Exchange, call: Call, leg: Leg, event: sip.Cancelled, now: float) -> None:
    leg.status = 487
    over(x, call, leg)
    inbound.caller_left(x, call, leg, now)


def _confirmed(x: Exchange, call: Call, leg: Leg, event: sip.Confirmed, now: float) -> None:
    if leg.owes_answer:
        holding.answer_received(x, call, leg, sip.AnswerReceived(event.session, event.body), now)
    else:
        x.journal.confirmed(call, leg)


def _ended(x: Exchange, call: Call, leg: Leg, event: sip.Ended, now: float) -> None:
    leg.status = leg.status or 200
    leg.cause = leg.cause or NORMAL.q850
    over(x, call, leg)
    if call.bridge is not None and leg.id in call.bridge:
        bridging.dissolve(x, call, leg, now)
    elif leg.id == call.caller:
        inbound.caller_left(x, call, leg, now)
    else:
        seeking.leg_failed(x, call, leg, from_status(480, "hung up", outside=bool(leg.trunk_id)), now)


def _request_received(x: Exchange, event: sip.RequestReceived, now: float) -> None:
    method = event.request.method
    if method == "REGISTER":
        response = x.registrar.handle_register(event.request, event.flow, now)
        if response is not None:
            x.endpoint.answer(now, event.transaction, response)
        else:
            x.endpoint.drop(event.transaction)
    elif method == "OPTIONS":
        x.endpoint.respond(
            now, event.transaction, 200, headers=(("Allow", x.endpoint.settings.allow), ("Accept", "application/sdp"))
        )
    else:
        x.endpoint.respond(now, event.transaction, 405, headers=(("Allow", x.endpoint.settings.allow),))


def _stray(event: Any, now: float) -> None:
    """An event of a session whose leg is gone: an answer that crossed our cancel is hung up, the rest is history."""
    if isinstance(event, sip.Accepted):
        event.session.bye(now)
    elif isinstance(event, sip.OfferReceived):
        event.session.refuse(now, 488)


def _other(x: Exchange, event: Any, now: float) -> None:
    if isinstance(event, sip.ReferReceived):
        x.endpoint.respond(now, event.transaction, 603)
    elif isinstance(event, sip.SessionRequestReceived):
        x.endpoint.respond(now, event.transaction, 405, headers=(("Allow", x.endpoint.settings.allow),))
