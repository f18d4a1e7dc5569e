"""A party changes its media: hold, resume, new codec, new address (RFC 3264 §8, RFC 3311)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kiestoon.calls import bridging, inbound, missing_audio, signals, topology
from kiestoon.calls.call import Call
from kiestoon.calls.causes import MEDIA_LOST
from kiestoon.calls.events import LegHeld, LegResumed
from kiestoon.calls.leaving import leave
from kiestoon.calls.leg import Leg
from kiestoon.calls.leg_media import UnusableAnswer, answer_reoffer, reoffer, take_answer

if TYPE_CHECKING:
    from kiestoon.calls.exchange import Exchange
    from kiestoon.sip.events import AnswerReceived, OfferReceived, OfferRefused


def offer_received(x: Exchange, call: Call, leg: Leg, event: OfferReceived, now: float) -> None:
    """Answer a re-INVITE or UPDATE by ourselves: the other party keeps its own agreement with us.

    What cannot be agreed is refused with 488 and the call stays as it was (RFC 3261 §14.2).
    """
    session = event.session
    if not event.body:
        leg.owes_answer = True
        session.answer(now, reoffer(x, leg))
        return
    other = call.other(leg)
    try:
        body = answer_reoffer(x, call, leg, event.body, prefer=other.send_codec if other is not None else None)
    except UnusableAnswer:
        session.refuse(now, 488)
        return
    session.answer(now, body)
    changed(x, call, leg)


def answer_received(x: Exchange, call: Call, leg: Leg, event: AnswerReceived, now: float) -> None:
    """The party answered an offer of ours: in a re-INVITE, or in the ACK to a 2xx that held our offer."""
    leg.owes_answer = False
    if not event.body and leg.stream is not None:
        return  # nothing new: the agreement of before stands
    try:
        take_answer(x, call, leg, event.body)
    except UnusableAnswer:
        leave(x, call, leg, now, failure=bridging.NOT_ACCEPTABLE)
        inbound.party_left(x, call, leg, now, bridging.NOT_ACCEPTABLE, "exchange")
        return
    if call.bridge is not None:
        topology.arrange(call)
    changed(x, call, leg)
    if leg.side is not None:
        leg.side.media_ready(x, call, now)
    elif call.service is not None and leg.id == call.caller:
        call.service.media_ready(x, call, now)


def offer_refused(x: Exchange, call: Call, leg: Leg, event: OfferRefused, now: float) -> None:
    """All stays as it was, but for a party whose speech has nowhere to go any more (see ``recovery``)."""
    if leg.state == "answered" and not leg.termination and not leg.owes_answer:
        leave(x, call, leg, now, failure=MEDIA_LOST)
        inbound.party_left(x, call, leg, now, MEDIA_LOST, "media")


def changed(x: Exchange, call: Call, leg: Leg) -> None:
    """A leg's agreement changed: note hold and resume, give music to whoever waits, keep the journal true."""
    held = leg.agreed is not None and leg.agreed.held
    if held != leg.held:
        leg.held = held
        x.emit(LegHeld if held else LegResumed, call, leg.id)
        missing_audio.expect_anew(x, call)
        if call.bridge is not None and call.other(leg) is None:
            topology.arrange(call)
    signals.update_music(x, call)
    x.journal.changed(call)
