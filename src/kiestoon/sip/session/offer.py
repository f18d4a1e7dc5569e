"""Offer/answer inside a session: re-INVITE (RFC 3261 §14), UPDATE (RFC 3311), and who gives way when both offer.

The exchange of a session is in one of these states (RFC 3264, RFC 6337):

none        no exchange has been completed and none is under way
offered     our offer is out
to answer   the peer's offer waits for our answer
settled     at least one exchange has been completed and none is under way
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Literal, TypeAlias

from kiestoon.sip.dialog import Dialog
from kiestoon.sip.events import AnswerReceived, OfferReceived, OfferRefused, Updated
from kiestoon.sip.flow import Flow
from kiestoon.sip.message import Request, Response
from kiestoon.sip.outgoing import Headers, Outgoing, add_headers
from kiestoon.sip.session import closing, provisional, timer, uac, uas
from kiestoon.sip.session.body import UnsupportedBody, received_description, session_description

if TYPE_CHECKING:
    from kiestoon.sip.session.session import Session
    from kiestoon.sip.transaction import ServerInvite, ServerTransaction

Exchange: TypeAlias = Literal["none", "offered", "to answer", "settled"]
HeldKind: TypeAlias = Literal["INVITE", "UPDATE", "PRACK", "ACK", "send PRACK"]

GLARE_TIMER = "glare"
OFFER_TIMER = "offer"
MAX_RETRIES = 8
"""Retries of one offer after 491 or 500. Eight glares in a row mean a peer that says 491 to everything."""


class HeldOffer:
    """An offer of the peer waiting for the user's answer.

    ``kind`` says what will carry it: the response to their INVITE, UPDATE or PRACK (``transaction``, ``request``),
    the ACK for the 2xx to our offerless INVITE (``cseq``, ``headers``), or a PRACK of ours (``dialog``, ``rack``).
    """

    __slots__ = ("cseq", "dialog", "headers", "kind", "rack", "request", "transaction")

    def __init__(
        self, kind: HeldKind, transaction: ServerTransaction | None, request: Request | None, cseq: int = 0,
        headers: list[tuple[str, str]] | None = None, dialog: Dialog | None = None, rack: str = "",
    ) -> None:  # fmt: skip
        self.kind: HeldKind = kind
        self.transaction = transaction
        self.request = request
        self.cseq = cseq
        self.headers = headers or []
        self.dialog = dialog
        self.rack = rack


class Wish:
    """An offer the user wants made. ``refresh``: ours, to keep the session alive; the user hears of it only when the
    peer's description changes by it."""

    __slots__ = ("body", "headers", "refresh", "reinvite", "retries")

    def __init__(self, body: bytes, headers: Headers, reinvite: bool, refresh: bool = False) -> None:
        self.body = body
        self.headers = tuple(headers)
        self.reinvite = reinvite
        self.refresh = refresh
        self.retries = 0


# --- our offers -----------------------------------------------------------------------------------------------------


def wish(
    session: Session, now: float, body: bytes, headers: Headers, reinvite: bool = False, refresh: bool = False
) -> None:
    """Make an offer as soon as the session allows it."""
    if session.over or (refresh and (session.wish is not None or session.offering is not None)):
        return
    session.wish = Wish(body, headers, reinvite, refresh)
    next_wish(session, now)


def next_wish(session: Session, now: float) -> None:
    """Send the waiting offer if nothing stands in its way; called whenever something may have got out of it."""
    waiting = session.wish
    if (
        waiting is None
        or session.over
        or session.exchange != "settled"
        or session.offering is not None
        or session.held is not None
        or GLARE_TIMER in session.timers
    ):
        return
    dialog = session.dialog
    update = "UPDATE" in session.remote_allows and not waiting.reinvite
    if dialog is None or not (session.state == "confirmed" or (session.state == "early" and update)):
        return
    session.wish = None
    _send(session, dialog, waiting, "UPDATE" if update else "INVITE", now)


def _send(session: Session, dialog: Dialog, waiting: Wish, method: str, now: float) -> None:
    request = dialog.request(method)
    session.endpoint.add_capabilities(request)
    add_headers(request, waiting.headers)
    timer.add_to_request(session, request)
    if waiting.body:
        request.set("Content-Type", session.content_type)
        request.body = waiting.body
        session.exchange = "offered"
    session.offering = session.send(
        request,
        partial(_on_final, session, waiting),
        now,
        provisional=partial(_on_provisional, session) if method == "INVITE" else None,
    )
    if method == "INVITE":
        session.start_timer(OFFER_TIMER, now + session.endpoint.settings.progress_timeout_s)


def _on_provisional(session: Session, _outgoing: Outgoing, response: Response, _flow: Flow, now: float) -> None:
    """A peer may answer a re-INVITE by reliable provisionals too."""
    dialog = session.dialog
    if dialog is not None and session.state != "ended":
        provisional.acknowledge(session, dialog, response, now)


def on_offer_timeout(session: Session, now: float) -> None:
    """Our re-INVITE got provisional responses only: give it up; its end then comes as 487, or as 408 by the layer."""
    if session.offering is not None:
        session.endpoint.requests.stop(session.offering, now)


def _on_final(
    session: Session, sent: Wish, outgoing: Outgoing, status: int, response: Response | None, now: float
) -> None:
    if session.state == "ended":
        if response is not None and status < 300 and outgoing.request.method == "INVITE":
            _acknowledge_late(session, outgoing, response, now)
        return
    session.offering = None
    session.stop_timer(OFFER_TIMER)
    if response is not None and status < 300:
        _accepted(session, sent, outgoing, response, now)
        return
    if session.exchange == "offered":
        session.exchange = "settled"
    if session.over:
        return
    if _retried(session, sent, outgoing, status, response, now):
        return
    if closing.judge(session, status, now):
        return
    if not sent.refresh:
        reason = response.reason if response is not None else "Request Timeout"
        session.endpoint.emit(OfferRefused(session, status, reason))
    else:
        timer.refresh_failed(session, now)
    next_wish(session, now)


def _accepted(session: Session, sent: Wish, outgoing: Outgoing, response: Response, now: float) -> None:
    dialog = session.dialog
    if dialog is None:
        return
    if outgoing.flow is not None:
        session.learn(response, outgoing.flow)
    dialog.refresh_target(response)
    timer.settle_as_client(session, response, now)
    body = received_description(response)
    if sent.body:
        session.local_body = sent.body
    if outgoing.request.method == "INVITE":
        cseq, headers = outgoing.request.cseq.number, uac.auth_headers(outgoing.request)
        if not sent.body and body and session.exchange == "settled":
            session.remote_body = body
            session.exchange = "to answer"
            session.held = HeldOffer("ACK", None, outgoing.request, cseq, headers)
            session.endpoint.emit(OfferReceived(session, body, outgoing.request))
            return
        uac.acknowledge(session, cseq, headers, b"", now)
    session.exchange = "settled"
    changed = bool(body) and body != session.remote_body
    if body:
        session.remote_body = body
    if not sent.refresh or changed:
        session.endpoint.emit(AnswerReceived(session, body))
    next_wish(session, now)


def _acknowledge_late(session: Session, outgoing: Outgoing, response: Response, now: float) -> None:
    """The session ended while our re-INVITE was under way: the 2xx still gets its ACK."""
    ack = outgoing.dialog.request("ACK", response.cseq.number) if outgoing.dialog is not None else None
    if ack is not None and outgoing.to is not None:
        add_headers(ack, uac.auth_headers(outgoing.request))
        session.endpoint.layer.send_stateless(ack, outgoing.to)


def _retried(
    session: Session, sent: Wish, outgoing: Outgoing, status: int, response: Response | None, now: float
) -> bool:
    """Whether the offer is going to be made again (later, or in another way)."""
    if response is None or sent.retries >= MAX_RETRIES:
        return False
    if status == 422:
        if not timer.longer(session, outgoing, response):
            return False
        wait_s = 0.0
    elif status == 491:
        # RFC 3261 §14.1: who owns the Call-ID waits longer, so that the two do not meet again.
        low, high = (210, 400) if session.owns_call_id else (0, 200)
        wait_s = session.endpoint.random.randint(low, high) / 100
    elif status == 500 and response.get("Retry-After") is not None:
        wait_s = float(min(10, timer.retry_after_s(response)))
    elif status in (405, 501) and outgoing.request.method == "UPDATE":
        # It says it cannot do UPDATE after all.
        session.remote_allows -= {"UPDATE"}
        wait_s = 0.0
    else:
        return False
    sent.retries += 1
    if session.wish is None:
        session.wish = sent
    if wait_s:
        session.start_timer(GLARE_TIMER, now + wait_s)
    next_wish(session, now)
    return True


# --- their offers ---------------------------------------------------------------------------------------------------


def on_reinvite(session: Session, transaction: ServerTransaction, request: Request, now: float) -> None:
    """INVITE inside the dialog (§14.2)."""
    endpoint = session.endpoint
    if session.state in ("calling", "early"):
        if session.role == "uas":
            endpoint.respond(now, transaction, 500, headers=[("Retry-After", str(endpoint.random.randint(0, 10)))])
        else:
            endpoint.respond(now, transaction, 491)
        return
    if session.ending:
        endpoint.respond(now, transaction, 481)
        return
    if session.offering is not None and session.offering.request.method == "INVITE":
        endpoint.respond(now, transaction, 491)
        return
    _take(session, "INVITE", transaction, request, now)


def on_update(session: Session, transaction: ServerTransaction, request: Request, now: float) -> None:
    """UPDATE (RFC 3311 §5.2)."""
    endpoint = session.endpoint
    if not request.body:
        if timer.refuses(session, transaction, request, now):
            return
        if session.dialog is not None:
            session.dialog.refresh_target(request)
            session.dialog.refresh_identity(request)
        response = Response.answer(request, 200)
        endpoint.add_capabilities(response)
        timer.settle_as_server(session, request, response, now)
        endpoint.send_response(session, transaction, response, now)
        endpoint.emit(Updated(session, request))
        return
    _take(session, "UPDATE", transaction, request, now)


def _take(
    session: Session, kind: Literal["INVITE", "UPDATE"], transaction: ServerTransaction, request: Request, now: float
) -> None:
    """Hold the peer's offer (or its request for one) for the user, unless another exchange is under way."""
    endpoint = session.endpoint
    try:
        body = session_description(request)
    except UnsupportedBody:
        endpoint.respond(now, transaction, 415, headers=[("Accept", "application/sdp")])
        return
    if timer.refuses(session, transaction, request, now):
        return
    if session.exchange == "offered":
        endpoint.respond(now, transaction, 491)
        return
    if session.held is not None or session.exchange != "settled":
        endpoint.respond(now, transaction, 500, headers=[("Retry-After", str(endpoint.random.randint(0, 10)))])
        return
    session.held = HeldOffer(kind, transaction, request, request.cseq.number)
    if body:
        session.remote_body = body
        session.exchange = "to answer"
    if session.dialog is not None:
        session.dialog.refresh_identity(request)
    endpoint.emit(OfferReceived(session, body, request))


def answer(session: Session, now: float, body: bytes) -> None:
    """Answer the held offer, each kind its own way."""
    held = session.held
    if held is None or session.state == "ended":
        return
    session.held = None
    session.local_body = body or session.local_body
    answered = session.exchange == "to answer"
    session.exchange = "settled" if answered else "offered"
    if held.kind == "ACK":
        uac.acknowledge(session, held.cseq, held.headers, body, now)
    elif held.kind == "send PRACK":
        provisional.send_prack(session, held, body, now)
    else:
        _respond(session, held, body, not answered, now)
    next_wish(session, now)


def _respond(session: Session, held: HeldOffer, body: bytes, offered: bool, now: float) -> None:
    endpoint = session.endpoint
    transaction, request = held.transaction, held.request
    if transaction is None or request is None:
        return
    response = Response.answer(request, 200)
    endpoint.add_capabilities(response)
    if body:
        response.set("Content-Type", session.content_type)
        response.body = body
    if held.kind != "PRACK":
        if session.dialog is not None:
            session.dialog.refresh_target(request)
        timer.settle_as_server(session, request, response, now)
    packet = endpoint.send_response(session, transaction, response, now)
    if held.kind == "INVITE":
        uas.await_ack(session, request.cseq.number, packet, offered, now)


def refuse(session: Session, now: float, status: int) -> None:
    """Refuse the held offer: the session stays as it was."""
    held = session.held
    if held is None or session.state == "ended":
        return
    if held.kind in ("ACK", "send PRACK"):
        # These cannot be refused, only answered (RFC 6337 §3.3): say again what we said before.
        answer(session, now, session.local_body)
        return
    session.held = None
    session.exchange = "settled"
    if held.transaction is not None:
        session.endpoint.respond(now, held.transaction, status)
    next_wish(session, now)


def on_cancel(session: Session, transaction: ServerInvite, now: float) -> None:
    """The peer cancels its re-INVITE before we answered it: 487, and the session stays as it was (§9.2)."""
    held = session.held
    if held is not None and held.transaction is transaction:
        refuse(session, now, 487)
