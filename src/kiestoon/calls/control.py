"""Call control's front door: which module an event of the SIP endpoint, the media process or a timer concerns."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import structlog

from kiestoon.calls import (
    agenda,
    closing,
    custody,
    dtmf,
    failing,
    following,
    holding,
    inbound,
    keys,
    left_ringing,
    lines,
    mailboxes,
    messages,
    missing_audio,
    progressing,
    referring,
    reminding,
    rooms,
    seeking,
)
from kiestoon.calls.call import Call
from kiestoon.calls.causes import CALLER_GONE, LINE_LOST, MEDIA_LOST, NORMAL, NOT_THERE, SPEECH_LOST, from_status
from kiestoon.calls.exchange import Exchange
from kiestoon.calls.leaving import leave, over
from kiestoon.calls.leg import Leg
from kiestoon.calls.operations import consult
from kiestoon.calls.queues import TIMER as QUEUES
from kiestoon.calls.queues.distributing import distribute
from kiestoon.calls.reaching import way_to_party
from kiestoon.media.protocol import (
    CommandFailed,
    DigitReceived,
    MediaFailed,
    RtpLost,
    RtpResumed,
    SignalEnded,
    SilenceHeard,
    Subtracted,
)
from kiestoon.sip import events as sip

if TYPE_CHECKING:
    from kiestoon.media.client import MediaLink
    from kiestoon.media.protocol import Event as MediaEvent

log = structlog.get_logger("calls")
_WATCHING = frozenset({"SUBSCRIBE", "PUBLISH"})


class CallControl:
    """Feeds one exchange. Never blocks, never awaits. A fault in treating anything ends the call it concerns, with a
    record, never the exchange."""

    def __init__(self, exchange: Exchange) -> None:
        self.exchange = exchange
        exchange.endpoint.flow_for = partial(way_to_party, exchange)
        self._handlers: dict[type, Callable[[Exchange, Call, Leg, Any, float], None]] = {
            sip.Progressed: progressing.progressed,
            sip.Accepted: seeking.accepted,
            sip.Refused: _refused,
            sip.Redirected: _redirected,
            sip.Cancelled: _cancelled,
            sip.Confirmed: _confirmed,
            sip.OfferReceived: holding.offer_received,
            sip.AnswerReceived: holding.answer_received,
            sip.OfferRefused: holding.offer_refused,
            sip.Ended: _ended,
            sip.InfoReceived: dtmf.info_received,
            sip.ReferReceived: referring.refer_received,
        }

    # --- SIP -------------------------------------------------------------------------------------------------------

    def sip_event(self, event: sip.Event, now: float) -> None:
        """Treat one event of the endpoint."""
        x = self.exchange
        if isinstance(event, sip.InviteReceived):
            self._invited(event, now)
        elif isinstance(event, sip.RequestReceived):
            try:
                _request_received(x, event, now)
            except Exception:
                log.exception("request not treated", method=event.request.method)
                x.endpoint.respond(now, event.transaction, 500)
        elif isinstance(event, sip.ResponseReceived):
            if isinstance(event.token, lines.Registering):
                _line_answered(x, event.token, event, now)
        elif isinstance(event, sip.SubscriptionEvent):
            if x.watching is not None:
                x.watching.subscription_event(event, now)
        else:
            leg = x.find_leg(event.session.context)
            if leg is None:
                _stray(x, event, now)
                return
            call = x.calls[leg.call]
            try:
                self._handlers.get(type(event), _other)(x, call, leg, event, now)
                _afterwards(x, call, now)
            except Exception:
                failing.end_broken(x, call, now, type(event).__name__)

    def _invited(self, event: sip.InviteReceived, now: float) -> None:
        x = self.exchange
        try:
            call = inbound.invite_received(x, event, now)
            if call is not None:
                _afterwards(x, call, now)
        except Exception:
            leg = x.find_leg(event.session.context)
            if leg is not None:
                failing.end_broken(x, x.calls[leg.call], now, "InviteReceived")
                return
            log.exception("INVITE not treated", sip_call_id=event.session.call_id)
            event.session.reject(now, 500)

    # --- media -----------------------------------------------------------------------------------------------------

    def media_event(self, event: MediaEvent, now: float) -> None:
        """Treat one event of a media process."""
        x = self.exchange
        if x.messages and isinstance(event, SignalEnded):
            messages.ended(x, event)  # its caller may be gone
        leg = x.terminations.get(getattr(event, "termination", 0))
        call = x.calls.get(leg.call) if leg is not None else None
        if leg is None or call is None:
            return
        try:
            if isinstance(event, Subtracted):
                closing.figures_received(x, call, leg, event, now)
            elif leg.state != "ended":
                _media_event(x, call, leg, event, now)
                _afterwards(x, call, now)
        except Exception:
            failing.end_broken(x, call, now, type(event).__name__)

    def speech_ready(self, call_id: str, now: float) -> None:
        """Let services go on that wait for something to say."""
        x = self.exchange
        call = x.calls.get(call_id)
        if call is None:
            return
        try:
            if call.service is not None:
                call.service.speech_ready(x, call, now)
            for leg in call.live_legs():
                if leg.side is not None:
                    leg.side.speech_ready(x, call, now)
            _afterwards(x, call, now)
        except Exception:
            failing.end_broken(x, call, now, "speech ready")

    def media_lost(self, link: MediaLink, reason: str, now: float) -> None:
        """A media process is gone for good: its calls end, with a cause and a record each."""
        x = self.exchange
        lost = [call for call in x.calls.values() if call.link is link]
        log.error("media process lost", calls=len(lost), reason=reason)
        for call in lost:
            call.link = None  # its successor knows neither our terminations nor our ports
            end_call(x, call, now)
        messages.media_lost(x, link)
        settle_others(x, now)

    def replied(self, token: int, reply: object, now: float) -> None:
        """The back office is done with what a service asked of it; a party who has left meanwhile needs it no more."""
        x = self.exchange
        errand = x.errands.pop(token, None)
        if errand is not None:
            try:
                errand(reply, now)
            except Exception:
                log.exception("reply not treated", reply=type(reply).__name__)
        call_id, service = x.replies.pop(token, ("", None))
        call = x.calls.get(call_id)
        if call is None or service is None:
            return
        try:
            service.replied(x, call, reply, now)
            _afterwards(x, call, now)
        except Exception:
            failing.end_broken(x, call, now, "reply")

    # --- time ------------------------------------------------------------------------------------------------------

    def handle_timers(self, now: float) -> None:
        """Do what is due."""
        x = self.exchange
        for key, name in x.deadlines.due(now):
            if name == "trunk":
                _line_due(x, int(key), now)
                continue
            if name == left_ringing.TIMER:
                left_ringing.forget(x)
                continue
            if name == messages.TIMER:
                messages.due(x, int(key))
                continue
            if name == mailboxes.TIMER:
                x.mailboxes.due(key)
                continue
            if name == agenda.TIMER:
                x.agenda.due(now)
                settle_others(x, now)
                continue
            if name == QUEUES:
                x.queues.look()
                distribute(x, now)
                settle_others(x, now)
                continue
            if name == reminding.TIMER:
                reminding.over(x, int(key), now)
                continue
            call = x.calls.get(key)
            if call is None:
                continue
            try:
                _due(x, call, name, now)
            except Exception:
                failing.end_broken(x, call, now, f"{name} timer")

    def next_deadline(self) -> float | None:
        """When ``handle_timers`` next has something to do."""
        return self.exchange.deadlines.next_deadline()


def _afterwards(x: Exchange, call: Call, now: float) -> None:
    """After every event: go on where the route leads, and close what is over."""
    following.go_on(x, call, now)
    closing.check(x, call, now)
    if x.touched or x.bereft or x.unheld or x.pointless or x.queues.due:
        settle_others(x, now)


def settle_others(x: Exchange, now: float) -> None:
    """Go on with the other calls that an event has changed."""
    while x.touched or x.bereft or x.unheld or x.pointless or x.queues.due:
        while x.pointless:
            _give_up(x, x.pointless.pop(), now)
        while x.unheld:
            _hang_up(x, x.unheld.pop(), now)
        while x.bereft:
            consult.care_for(x, x.bereft.pop(), now)
        if x.touched:
            other = x.touched.pop()
            if other.id in x.calls:
                following.go_on(x, other, now)
                closing.check(x, other, now)
        elif x.queues.due:
            distribute(x, now)


def _hang_up(x: Exchange, leg_id: int, now: float) -> None:
    leg = x.legs.get(leg_id)
    call = x.calls.get(leg.call) if leg is not None else None
    if leg is not None and call is not None:
        leave(x, call, leg, now)
        x.touched.append(call)


def _give_up(x: Exchange, call_id: str, now: float) -> None:
    """Ring nobody any more for a conversation that is over; whoever has answered already is told so."""
    call = x.calls.get(call_id)
    if call is not None and not call.caller and call.service is not None:
        custody.end_with(x, call, CALLER_GONE, now)
        x.touched.append(call)


def end_call(x: Exchange, call: Call, now: float) -> None:
    """End a call whose media is gone."""
    try:
        call.by = call.by or "media"
        custody.end_with(x, call, MEDIA_LOST, now)
        closing.check(x, call, now)
    except Exception:
        failing.end_broken(x, call, now, "media lost")


def _media_event(x: Exchange, call: Call, leg: Leg, event: MediaEvent, now: float) -> None:
    if isinstance(event, DigitReceived):
        dtmf.digit_received(x, call, leg, event, now)
    elif isinstance(event, SignalEnded):
        if leg.signal == event.signal:
            leg.signal = 0
        service = leg.side or (call.service if leg.id == call.caller else None)
        if service is not None:
            service.signal_ended(x, call, event, now)
    elif isinstance(event, RtpLost):
        missing_audio.lost(x, call, leg, event)
        _says_nothing(x, call, leg, now)
    elif isinstance(event, SilenceHeard):
        _says_nothing(x, call, leg, now)
    elif isinstance(event, RtpResumed):
        missing_audio.resumed(call, leg)
    elif isinstance(event, MediaFailed):
        log.warning("no speech with a browser", call=call.id, leg=leg.id, reason=event.reason)
        leave(x, call, leg, now, failure=SPEECH_LOST)
        inbound.party_left(x, call, leg, now, SPEECH_LOST, "network")
    elif isinstance(event, CommandFailed):
        log.error("media command failed", call=call.id, command=event.command, reason=event.reason)
        if event.command == "Add":
            end_call(x, call, now)
        elif event.command == "Record":
            messages.not_recorded(x, event.termination)


def _says_nothing(x: Exchange, call: Call, leg: Leg, now: float) -> None:
    """Whoever is leaving a message has come to its end."""
    service = leg.side or (call.service if leg.id == call.caller else None)
    if service is not None and service.message:
        messages.finish(x, service.message, now)


def _due(x: Exchange, call: Call, name: str, now: float) -> None:
    if name == "close":
        call.closing_timer = None
        closing.close(x, call)
        return
    if name == "ring":
        seeking.ring_timeout(x, call, now)
    elif name == "service" and call.service is not None:
        call.service.time_out(x, call, now)
    elif name == rooms.TIMER and call.room is not None:
        custody.end_with(x, call, NORMAL, now)
    elif name.startswith("keys "):
        leg = call.legs.get(int(name.removeprefix("keys ")))
        if leg is not None:
            keys.time_out(x, call, leg, now)
    elif name.startswith("aside "):
        leg = call.legs.get(int(name.removeprefix("aside ")))
        if leg is not None and leg.side is not None:
            leg.side.time_out(x, call, now)
    _afterwards(x, call, now)


def _line_due(x: Exchange, trunk_id: int, now: float) -> None:
    try:
        lines.due(x, trunk_id, now)
    except Exception:
        log.exception("line cannot register", trunk_id=trunk_id)
        lines.again(x, trunk_id, now + lines.RETRY_MOST_S)


def _line_answered(x: Exchange, token: lines.Registering, event: sip.ResponseReceived, now: float) -> None:
    try:
        lines.registered(x, token, event, now)
    except Exception:
        log.exception("answer to a line's registration not treated", trunk_id=token.trunk_id)
        lines.again(x, token.trunk_id, now + lines.RETRY_MOST_S)


def _refused(x: Exchange, call: Call, leg: Leg, event: sip.Refused, now: float) -> None:
    if event.local and event.status == 503 and leg.device_id:
        failure = NOT_THERE  # the way to it is gone; nobody refused anything
    else:
        failure = from_status(event.status, event.reason, outside=bool(leg.trunk_id))
    leg.status, leg.outcome, leg.cause = event.status, failure.outcome, failure.q850
    over(x, call, leg)
    if leg.trunk_id and failure.outcome == "failed":
        x.lines.failed(leg.trunk_id, now, "no answer" if event.local else f"{event.status} {event.reason}")
    if event.status != 488 or not seeking.try_other_offer(x, call, leg, now):
        seeking.leg_failed(x, call, leg, failure, now)


def _redirected(x: Exchange, call: Call, leg: Leg, event: sip.Redirected, now: float) -> None:
    leg.status = event.status
    leg.outcome, leg.cause = "cancelled", NORMAL.q850
    over(x, call, leg)
    decision = seeking.redirected(x, call, leg, event, now)
    if decision is not None:
        following.follow(x, call, decision, now)


def _cancelled(x: Exchange, call: Call, leg: Leg, event: sip.Cancelled, now: float) -> None:
    leg.status, leg.cause = 487, CALLER_GONE.q850
    over(x, call, leg)
    inbound.party_left(x, call, leg, now)


def _confirmed(x: Exchange, call: Call, leg: Leg, event: sip.Confirmed, now: float) -> None:
    if leg.owes_answer:
        holding.answer_received(x, call, leg, sip.AnswerReceived(event.session, event.body), now)
    else:
        x.journal.confirmed(call, leg)


def _ended(x: Exchange, call: Call, leg: Leg, event: sip.Ended, now: float) -> None:
    leg.status = leg.status or event.status or 200
    lost = event.by not in ("remote", "local")
    failure = LINE_LOST if lost else NORMAL
    leg.cause = leg.cause or failure.q850
    over(x, call, leg)
    inbound.party_left(x, call, leg, now, failure, "network" if lost else "")


def _request_received(x: Exchange, event: sip.RequestReceived, now: float) -> None:
    method = event.request.method
    if method == "REGISTER":
        response = x.registrar.handle_register(event.request, event.flow, now)
        if response is not None:
            x.endpoint.answer(now, event.transaction, response)
        else:
            x.endpoint.drop(event.transaction)
    elif method in _WATCHING and x.watching is not None:
        x.watching.requested(event, now)
    elif not x.doorkeeper.knows(event.flow.remote_host, now):
        x.endpoint.drop(event.transaction)
    elif method == "OPTIONS":
        settings = x.endpoint.settings
        headers = (
            ("Allow", settings.allow), ("Supported", settings.supported), ("Accept", "application/sdp"),
            ("Allow-Events", ", ".join(settings.packages)),
        )  # fmt: skip
        x.endpoint.respond(now, event.transaction, 200, headers=headers)
    else:
        x.endpoint.respond(now, event.transaction, 405, headers=(("Allow", x.endpoint.settings.allow),))


def _stray(x: Exchange, event: Any, now: float) -> None:
    """An event of a session whose leg is gone: an answer that crossed our cancel is hung up, requests are answered,
    the rest is history."""
    if isinstance(event, sip.Accepted):
        event.session.bye(now)
    elif isinstance(event, sip.OfferReceived):
        event.session.refuse(now, 488)
    elif isinstance(event, sip.ReferReceived | sip.SessionRequestReceived):
        x.endpoint.respond(now, event.transaction, 481)


def _other(x: Exchange, call: Call, leg: Leg, event: Any, now: float) -> None:
    """What call control has no use for gets a defined answer all the same; the call goes on."""
    if isinstance(event, sip.SessionRequestReceived):
        x.endpoint.respond(now, event.transaction, 405, headers=(("Allow", x.endpoint.settings.allow),))
