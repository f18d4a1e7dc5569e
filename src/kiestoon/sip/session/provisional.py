"""Provisional responses: sending them, plain or reliable, and acknowledging reliable ones (RFC 3262)."""

from __future__ import annotations

from collections import deque
from functools import partial
from typing import TYPE_CHECKING

from kiestoon.sip.dialog import Dialog
from kiestoon.sip.events import AnswerReceived, Ended, OfferReceived
from kiestoon.sip.flow import Send
from kiestoon.sip.headers.grammar import lenient
from kiestoon.sip.headers.sequence import parse_rack, parse_rseq
from kiestoon.sip.message import Request, Response
from kiestoon.sip.outgoing import Headers, Outgoing, add_headers
from kiestoon.sip.session import offer, uas
from kiestoon.sip.session.body import UnsupportedBody, received_description, session_description

if TYPE_CHECKING:
    from kiestoon.sip.session.session import Session
    from kiestoon.sip.transaction import ServerTransaction

RELIABLE_TIMER = "reliable"
KEEP_ALIVE_TIMER = "keep alive"
KEEP_ALIVE_S = 60.0
"""A caller's proxies drop an INVITE that hears nothing for three minutes: say something every minute (§13.3.1.1)."""


class Reliable:
    """Reliable provisional responses of one INVITE to us: the one not acknowledged yet and those behind it."""

    __slots__ = ("accept", "give_up_at", "held_body", "interval_s", "packet", "queue", "rseq")

    def __init__(self, rseq: int) -> None:
        self.rseq = rseq
        self.packet: Send | None = None
        self.held_body = False
        self.interval_s = 0.0
        self.give_up_at = 0.0
        self.queue: deque[tuple[int, str, Headers, bytes]] = deque()
        self.accept: tuple[bytes, Headers] | None = None


# --- the called side ------------------------------------------------------------------------------------------------


def progress(
    session: Session, now: float, status: int, reason: str, headers: Headers, body: bytes, reliable: bool | None
) -> None:
    """Send a provisional response."""
    uas.must_be_uas(session)
    transaction, request = session.invite_transaction, session.invite_request
    if transaction is None or request is None or session.over:
        return
    if status == 100:
        session.endpoint.layer.respond(transaction, Response.answer(request, 100), now)
        return
    supported = "100rel" in request.supported or "100rel" in request.required
    wanted = "100rel" in request.required or (body != b"" and session.exchange == "none") or bool(reliable)
    session.state = "early"
    session.progress_status, session.progress_headers = status, tuple(headers)
    session.start_timer(KEEP_ALIVE_TIMER, now + KEEP_ALIVE_S)
    if not (supported and wanted):
        if session.exchange == "none":
            body = b""  # an offer may travel in a reliable response only (RFC 3262 §5)
        _send(session, status, reason, session.progress_headers, body, 0, now)
        return
    state = session.reliable
    if state is None:
        session.reliable = state = Reliable(session.endpoint.random.randint(1, 2**31 - 2**16))
    if state.packet is not None:
        state.queue.append((status, reason, session.progress_headers, body))
    else:
        _send_reliable(session, state, status, reason, session.progress_headers, body, now)


def _send(
    session: Session, status: int, reason: str, headers: Headers, body: bytes, rseq: int, now: float
) -> Send | None:
    transaction, request = session.invite_transaction, session.invite_request
    if transaction is None or request is None:
        return None
    response = Response.answer(request, status, reason, to_tag=session.local_tag)
    session.endpoint.add_capabilities(response)
    if rseq:
        response.add("Require", "100rel")
        response.add("RSeq", str(rseq))
    add_headers(response, headers)
    if body:
        response.set("Content-Type", session.content_type)
        response.body = body
        session.local_body = body
    return session.endpoint.send_response(session, transaction, response, now)


def _send_reliable(
    session: Session, state: Reliable, status: int, reason: str, headers: Headers, body: bytes, now: float
) -> None:
    timers = session.endpoint.layer.timers
    state.rseq += 1
    state.packet = _send(session, status, reason, headers, body, state.rseq, now)
    state.held_body = False
    if body and session.exchange in ("none", "to answer"):
        state.held_body = True
        if session.exchange == "to answer":
            session.exchange, session.answered = "settled", True
        else:
            session.exchange = "offered"
    state.interval_s = timers.t1_s
    state.give_up_at = now + timers.lifetime_s
    session.start_timer(RELIABLE_TIMER, now + state.interval_s)


def on_reliable_timer(session: Session, now: float) -> None:
    """No PRACK yet: repeat, and after 64*T1 give the call up (RFC 3262 §3)."""
    state = session.reliable
    if state is None or state.packet is None or session.state not in ("calling", "early"):
        return
    if now >= state.give_up_at:
        uas.finish(session, now, 504, Ended(session, "no-ack", 504))
        return
    session.endpoint.layer.resend(state.packet)
    state.interval_s *= 2
    session.start_timer(RELIABLE_TIMER, min(now + state.interval_s, state.give_up_at))


def on_keep_alive(session: Session, now: float) -> None:
    """Say again what was said last; a reliable one is under way already, or says the same under a new number."""
    if session.state == "early" and session.progress_status:
        state = session.reliable
        if state is None or state.packet is None:
            progress(session, now, session.progress_status, "", session.progress_headers, b"", None)
        else:
            session.start_timer(KEEP_ALIVE_TIMER, now + KEEP_ALIVE_S)


def on_prack(session: Session, transaction: ServerTransaction, request: Request, now: float) -> None:
    """PRACK (RFC 3262 §3): 200 when it acknowledges what we sent last, else 481."""
    endpoint = session.endpoint
    state = session.reliable
    rack = lenient(parse_rack, request.get("RAck"))
    dialog = session.dialog
    if rack is None:
        endpoint.respond(now, transaction, 400, "Missing RAck")
        return
    if (
        state is None
        or dialog is None
        or state.packet is None
        or (rack.rseq, rack.cseq, rack.method) != (state.rseq, dialog.invite_cseq, "INVITE")
    ):
        endpoint.respond(now, transaction, 481)
        return
    try:
        body = session_description(request)
    except UnsupportedBody:
        endpoint.respond(now, transaction, 415, headers=[("Accept", "application/sdp")])
        return
    session.stop_timer(RELIABLE_TIMER)
    state.packet = None
    if session.exchange == "settled" and body:
        session.exchange = "to answer"
        session.remote_body = body
        session.held = offer.HeldOffer("PRACK", transaction, request)
        endpoint.emit(OfferReceived(session, body, request))
    else:
        endpoint.respond(now, transaction, 200)
        if session.exchange == "offered" and state.held_body:
            session.exchange = "settled"
            session.remote_body = body or session.remote_body
            endpoint.emit(AnswerReceived(session, body))
    _go_on(session, state, now)


def _go_on(session: Session, state: Reliable, now: float) -> None:
    """What waited for the PRACK: a held back 2xx, else the next reliable provisional."""
    if state.accept is not None:
        body, headers = state.accept
        state.accept = None
        uas.accept(session, now, body, headers)
    elif state.queue:
        _send_reliable(session, state, *state.queue.popleft(), now)
    else:
        offer.next_wish(session, now)


# --- the calling side -----------------------------------------------------------------------------------------------


def acknowledge(session: Session, dialog: Dialog, response: Response, now: float, wanted: bool = True) -> bool:
    """PRACK a reliable provisional (RFC 3262 §4). False when the response is to be ignored: a repetition, or one that
    came out of order and will be repeated."""
    rseq = lenient(parse_rseq, response.get("RSeq"))
    if rseq is None or "100rel" not in response.required:
        return True
    if dialog.last_rseq >= 0 and rseq != dialog.last_rseq + 1:
        return False
    dialog.last_rseq = rseq
    rack = f"{rseq} {response.cseq}"
    body = received_description(response)
    if body and wanted:
        session.remote_body = body
        if session.exchange == "none":
            session.exchange = "to answer"
            session.held = offer.HeldOffer("send PRACK", None, None, dialog=dialog, rack=rack)
            return True
        if session.exchange == "offered":
            session.exchange = "settled"
    _send_prack(session, dialog, rack, b"", now)
    return True


def send_prack(session: Session, held: offer.HeldOffer, body: bytes, now: float) -> None:
    """PRACK with our answer to the offer the provisional held."""
    if held.dialog is not None:
        _send_prack(session, held.dialog, held.rack, body, now)


def _send_prack(session: Session, dialog: Dialog, rack: str, body: bytes, now: float) -> None:
    prack = dialog.request("PRACK")
    prack.add("RAck", rack)
    if body:
        prack.set("Content-Type", session.content_type)
        prack.body = body
    session.send(prack, partial(_pracked, session), now, contact=False, dialog=dialog)


def _pracked(session: Session, _outgoing: Outgoing, _status: int, _response: object, now: float) -> None:
    """Offers of ours may follow now. A PRACK that failed shows in what becomes of the INVITE."""
    offer.next_wish(session, now)
