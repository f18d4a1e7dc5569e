"""The called side: answering an INVITE, its 2xx until the ACK comes, CANCEL (RFC 3261 §9.2, §13.3)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from kiestoon.sip.dialog import uas_dialog
from kiestoon.sip.events import AnswerReceived, Cancelled, Confirmed, Ended
from kiestoon.sip.flow import Flow, Send
from kiestoon.sip.headers.grammar import lenient
from kiestoon.sip.headers.reason import parse_reason
from kiestoon.sip.headers.timers import parse_expires
from kiestoon.sip.message import Request, Response
from kiestoon.sip.outgoing import Headers, add_headers
from kiestoon.sip.session import closing, offer, provisional, timer
from kiestoon.sip.session.body import received_description, session_description
from kiestoon.sip.session.state import SessionMisuse

if TYPE_CHECKING:
    from kiestoon.sip.session.session import Session

ACK_TIMER = "ack"
EXPIRES_TIMER = "expires"


class Unacknowledged:
    """A 2xx of ours whose ACK has not come: what to repeat and until when. ``offered``: it held our offer."""

    __slots__ = ("due_at", "give_up_at", "interval_s", "offered", "packet")

    def __init__(self, packet: Send, offered: bool, interval_s: float, now: float, give_up_at: float) -> None:
        self.packet = packet
        self.offered = offered
        self.interval_s = interval_s
        self.due_at = now + interval_s
        self.give_up_at = give_up_at


def must_be_uas(session: Session) -> None:
    if session.role != "uas":
        raise SessionMisuse("only the called side answers an INVITE")


def begin(session: Session, request: Request, now: float) -> None:
    """Take up an INVITE: the dialog its responses will form, and the time the caller gives us (§13.3.1)."""
    session.dialog = uas_dialog(request, session.local_tag, request.target.scheme == "sips")
    session.remote_tag = session.dialog.remote_tag
    body = session_description(request)
    session.remote_body = body
    session.exchange = "to answer" if body else "none"
    expires_s = lenient(parse_expires, request.get("Expires"))
    if expires_s:
        session.start_timer(EXPIRES_TIMER, now + expires_s)


def on_expires(session: Session, now: float) -> None:
    """The caller's Expires is over and the call not answered: 487 (§13.3.1)."""
    if session.state in ("calling", "early"):
        terminate(session, now, None)


# --- final responses ------------------------------------------------------------------------------------------------


def accept(session: Session, now: float, body: bytes, headers: Headers) -> None:
    """Answer 200, once a reliable provisional with a session description has been acknowledged (RFC 3262 §5)."""
    must_be_uas(session)
    transaction, request = session.invite_transaction, session.invite_request
    if transaction is None or request is None or session.over:
        return
    reliable = session.reliable
    if reliable is not None:
        if reliable.packet is not None and reliable.held_body:
            reliable.accept = (body, tuple(headers))
            return
        session.stop_timer(provisional.RELIABLE_TIMER)
        session.reliable = None
    endpoint = session.endpoint
    response = Response.answer(request, 200, to_tag=session.local_tag)
    endpoint.add_capabilities(response)
    timer.settle_as_server(session, request, response, now)
    add_headers(response, headers)
    offered = False
    if body and not session.answered:
        response.set("Content-Type", session.content_type)
        response.body = body
        session.local_body = body
        offered = session.exchange == "none"
    session.exchange = "offered" if offered else "settled"
    session.state = "accepted"
    _leave_early(session)
    packet = endpoint.send_response(session, transaction, response, now)
    await_ack(session, request.cseq.number, packet, offered, now)


def reject(session: Session, now: float, status: int, reason: str, headers: Headers) -> None:
    """Answer 300-699."""
    must_be_uas(session)
    if session.invite_transaction is not None and not session.over:
        finish(session, now, status, Ended(session, "local", status), reason, headers)


def redirect(session: Session, now: float, contacts: Sequence[str]) -> None:
    """Answer 302; the order becomes q values, as the order of Contacts alone means nothing (§20.10)."""
    values = [f"<{uri}>;q={max(0.001, 1 - 0.05 * place):.3f}" for place, uri in enumerate(contacts)]
    reject(session, now, 302, "", [("Contact", value) for value in values])


def finish(
    session: Session, now: float, status: int, event: Ended | Cancelled, reason: str = "", headers: Headers = ()
) -> None:
    """Answer our INVITE with a failure and close the session."""
    transaction, request = session.invite_transaction, session.invite_request
    if transaction is not None and request is not None:
        response = Response.answer(request, status, reason, to_tag=session.local_tag)
        for name, value in headers:
            response.add(name, value)
        session.endpoint.layer.respond(transaction, response, now)
    closing.close(session, event, now)


def terminate(session: Session, now: float, request: Request | None) -> None:
    """The caller gives up, by CANCEL or BYE, or its Expires is over: 487."""
    elsewhere = request is not None and any(_is_completed_elsewhere(value) for value in request.all("Reason"))
    finish(session, now, 487, Cancelled(session, elsewhere))


def _is_completed_elsewhere(reason: str) -> bool:
    """Reason: SIP;cause=200 (RFC 3326 §2)."""
    read = lenient(parse_reason, reason)
    return read is not None and (read.protocol, read.cause) == ("SIP", 200)


def _leave_early(session: Session) -> None:
    session.endpoint.forget_invite(session)
    session.stop_timer(provisional.KEEP_ALIVE_TIMER)
    session.stop_timer(EXPIRES_TIMER)
    session.invite_transaction = None
    session.invite_request = None


# --- the 2xx and its ACK --------------------------------------------------------------------------------------------


def await_ack(session: Session, cseq: int, packet: Send | None, offered: bool, now: float) -> None:
    """Repeat the 2xx just sent until its ACK comes (§13.3.1.4), over any transport."""
    if packet is None:
        return
    timers = session.endpoint.layer.timers
    if session.unacknowledged is None:
        session.unacknowledged = {}
    session.unacknowledged[cseq] = Unacknowledged(packet, offered, timers.t1_s, now, now + timers.lifetime_s)
    _schedule(session)


def resume(session: Session, packet: Send, offered: bool, now: float) -> None:
    """After a restart: go on repeating a 2xx of before."""
    timers = session.endpoint.layer.timers
    cseq = session.dialog.invite_cseq if session.dialog is not None else 0
    session.unacknowledged = {cseq: Unacknowledged(packet, offered, timers.t1_s, now, now + timers.lifetime_s)}
    session.endpoint.layer.resend(packet)
    _schedule(session)


def _schedule(session: Session) -> None:
    waiting = session.unacknowledged
    if waiting:
        session.start_timer(ACK_TIMER, min(entry.due_at for entry in waiting.values()))
    else:
        session.stop_timer(ACK_TIMER)


def on_ack_timer(session: Session, now: float) -> None:
    """T1, doubling up to T2; after 64*T1 the session is ended by BYE."""
    layer = session.endpoint.layer
    for entry in (session.unacknowledged or {}).values():
        if entry.due_at > now:
            continue
        if now >= entry.give_up_at:
            by = "local" if session.ending == "waiting" else "no-ack"
            session.ending = ""
            closing.send_bye(session, now, by, session.reason)
            if by == "local":
                session.unacknowledged = None
            return
        layer.resend(entry.packet)
        entry.interval_s = min(entry.interval_s * 2, layer.timers.t2_s)
        entry.due_at = min(now + entry.interval_s, entry.give_up_at)
    _schedule(session)


def on_ack(session: Session, request: Request, flow: Flow, now: float) -> None:
    """The ACK for a 2xx of ours. ACKs for others (repeated ones) have nothing to say."""
    number = request.cseq.number
    waiting = session.unacknowledged
    entry = waiting.pop(number, None) if waiting else None
    if entry is None:
        return
    _schedule(session)
    session.learn_flow(flow)
    body = b""
    if entry.offered:
        # Anything but a session description here answers nothing; there is no way left to say so.
        body = received_description(request)
        session.exchange = "settled"
        session.remote_body = body or session.remote_body
    if session.state == "accepted":
        session.state = "confirmed"
        session.endpoint.emit(Confirmed(session, body))
        if session.ending == "waiting":
            session.ending = ""
            closing.send_bye(session, now, "local", session.reason)
            return
    elif entry.offered:
        session.endpoint.emit(AnswerReceived(session, body))
    offer.next_wish(session, now)
