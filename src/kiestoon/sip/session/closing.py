"""Ending a session: BYE both ways, failures that end it, and letting everything go (RFC 3261 §12.2.1.2, §15)."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Literal, TypeAlias

from kiestoon.sip.dialog import uac_dialog
from kiestoon.sip.events import Cancelled, Ended, Redirected, Refused
from kiestoon.sip.flow import Flow
from kiestoon.sip.message import Request, Response
from kiestoon.sip.outgoing import DigestIdentity, Headers, Outgoing, add_headers
from kiestoon.sip.session import uac, uas

if TYPE_CHECKING:
    from kiestoon.sip.endpoint import Endpoint
    from kiestoon.sip.session.session import Session
    from kiestoon.sip.transaction import ServerTransaction

Ending: TypeAlias = Literal["", "waiting", "sent"]
"""How far our own BYE is: not wanted, wanted but our 2xx has no ACK yet, sent."""


def bye(session: Session, now: float, reason: str = "") -> None:
    """End the session as its state asks for."""
    if session.over:
        return
    if session.state in ("calling", "early"):
        if session.role == "uac":
            uac.cancel(session, now, reason)
        else:
            uas.reject(session, now, 480, "", [("Reason", reason)] if reason else ())
    elif session.state == "accepted":
        # The called side may not send BYE before the ACK, or the end of its wait for it (§15).
        session.ending, session.reason = "waiting", reason
    else:
        if session.held is not None and session.held.kind == "ACK":
            # A 2xx waits for our answer in the ACK; the transaction is completed before the dialog is ended.
            uac.acknowledge(session, session.held.cseq, session.held.headers, b"", now)
        send_bye(session, now, "local", reason)


def send_bye(session: Session, now: float, by: str, reason: str = "", status: int = 0) -> None:
    """Send BYE and close the session with ``Ended(by)`` once it is answered (``local``) or at once (any other)."""
    dialog = session.dialog
    if dialog is None:
        return
    request = dialog.request("BYE")
    if reason:
        request.add("Reason", reason)
    if by == "local":
        session.ending = "sent"
        session.send(request, partial(_bye_answered, session), now, contact=False)
    else:
        session.send(request, ignore, now, contact=False)
        close(session, Ended(session, by, status), now)


def _bye_answered(session: Session, _outgoing: Outgoing, status: int, _response: object, now: float) -> None:
    """Any final response to BYE ends the dialog, as does none (§15.1.1)."""
    if session.state != "ended":
        close(session, Ended(session, "local", 0 if status < 300 else status), now)


def on_bye(session: Session, transaction: ServerTransaction, request: Request, now: float) -> None:
    """The peer ends the dialog (§15.1.2)."""
    endpoint = session.endpoint
    endpoint.respond(now, transaction, 200)
    if session.state in ("calling", "early"):
        if session.role == "uas":
            # The caller may end an early dialog by BYE; the INVITE is then answered 487 (§15).
            uas.terminate(session, now, request)
        else:
            uac.cancel(session, now)
        return
    by = "local" if session.ending else "remote"
    close(session, Ended(session, by, 0, request), now)


def judge(session: Session, status: int, now: float) -> bool:
    """408 and 481 to a request inside the dialog end the session (§12.2.1.2). True when this one did."""
    if session.state == "ended" or status not in (408, 481):
        return session.state == "ended"
    if session.state not in ("accepted", "confirmed") or session.ending:
        return False
    send_bye(session, now, "gone" if status == 481 else "timeout", status=status)
    return True


# --- letting go -----------------------------------------------------------------------------------------------------


def close(session: Session, event: Ended | Refused | Redirected | Cancelled, now: float) -> None:
    """The session is over: leave nothing of it in the endpoint and say so. The only place where this happens."""
    endpoint = session.endpoint
    session.state = "ended"
    endpoint.forget(session)
    for deadline in session.timers.values():
        endpoint.deadlines.stop(deadline)
    session.timers.clear()
    held, session.held = session.held, None
    if held is not None and held.transaction is not None:
        # Requests we still owe an answer (§15.1.2 for INVITE).
        endpoint.respond(now, held.transaction, 487 if held.kind == "INVITE" else 481)
    offering, session.offering = session.offering, None
    if offering is not None:
        endpoint.requests.stop(offering, now)
    session.invite = None
    session.invite_transaction = None
    session.invite_request = None
    session.early = None
    session.unacknowledged = None
    session.ack = None
    session.reliable = None
    session.wish = None
    endpoint.emit(event)


def ignore(_outgoing: Outgoing, _status: int, _response: Response | None, _now: float) -> None:
    """For requests whose answer changes nothing any more."""


def release(
    endpoint: Endpoint, response: Response, flow: Flow, now: float,
    *, headers: Headers = (), reason: str = "", identity: DigestIdentity | None = None, secure: bool = False,
) -> None:  # fmt: skip
    """ACK and BYE the dialog of a 2xx nobody wants: a fork that lost, an answer that crossed our CANCEL, a late one."""
    dialog = uac_dialog(response, secure)
    ack = dialog.request("ACK", response.cseq.number)
    add_headers(ack, headers)
    bye_request = dialog.request("BYE")
    if reason:
        bye_request.add("Reason", reason)
    for request in (ack, bye_request):
        outgoing = Outgoing(request, ignore, hop=dialog.next_hop(), dialog=dialog, identity=identity)
        outgoing.to = dialog.way(flow)
        endpoint.requests.send(outgoing, now)
