"""The INVITE client transaction: RFC 3261 §17.1.1 with the Accepted state of RFC 6026 §7.2."""

from __future__ import annotations

from kiestoon.sip.flow import Flow, Send
from kiestoon.sip.message import Message, Request, Response
from kiestoon.sip.transaction.events import Responded, StrayResponse
from kiestoon.sip.transaction.timers import NEVER
from kiestoon.sip.transaction.wiring import (
    TERMINATED,
    Table,
    Transaction,
    Wiring,
    fail,
    linger,
    resend,
    schedule,
    time_out,
)


class ClientInvite(Transaction):
    """One INVITE of ours to one target.

    calling      sent, nothing heard; timer A retransmits (unreliable transports), timer B gives up
    proceeding   a provisional response came; no timer runs, unless a CANCEL was sent (then 64*T1, RFC 3261 §9.1)
    completed    a 300-699 came and was acknowledged; timer D absorbs its retransmissions
    accepted     a 2xx came; until timer M every 2xx goes to the user, who acknowledges (RFC 6026)
    terminated   the layer has forgotten it
    """

    sent_by: tuple[str, int]
    cancel_reason: str | None = None
    """Reason header value ("" for none) of a CANCEL to send once a provisional is here; None: nobody asked, or sent."""
    cancelled: bool = False


def start(transaction: ClientInvite, wiring: Wiring, now: float, patience_s: float) -> None:
    """Send the request and start timers A (not over reliable transports) and B.

    ``patience_s`` is timer B where it is to be shorter than 64*T1: the user has other places to try. 0: 64*T1.
    """
    values = wiring.values
    if transaction.packet is not None:
        wiring.outputs.append(transaction.packet)
    if not transaction.reliable:
        transaction.interval_s = values.t1_s
        transaction.resend_at = now + values.t1_s
    transaction.expires_at = now + (patience_s or values.lifetime_s)
    schedule(transaction, wiring)


def expect_end(transaction: ClientInvite, wiring: Wiring, now: float) -> None:
    """After a CANCEL the INVITE gets 64*T1 to produce its 487 (RFC 3261 §9.1)."""
    transaction.cancelled = True
    transaction.expires_at = now + wiring.values.lifetime_s
    schedule(transaction, wiring)


# --- actions --------------------------------------------------------------------------------------------------------


def _report(
    transaction: ClientInvite, wiring: Wiring, response: Message | None, flow: Flow | None, _now: float
) -> None:
    if isinstance(response, Response) and flow is not None:
        wiring.events.append(Responded(transaction, response, flow, transaction.request))


def _report_stray(
    _transaction: ClientInvite, wiring: Wiring, response: Message | None, flow: Flow | None, _now: float
) -> None:
    if isinstance(response, Response) and flow is not None:
        wiring.events.append(StrayResponse(response, flow))


def _double(transaction: ClientInvite, _wiring: Wiring, _message: object, _flow: object, now: float) -> None:
    """Timer A doubles without a cap (§17.1.1.2)."""
    transaction.interval_s *= 2
    transaction.resend_at = now + transaction.interval_s


def _proceed(transaction: ClientInvite, _wiring: Wiring, _message: object, _flow: object, _now: float) -> None:
    """A provisional stops both timers, but not the limit that a CANCEL has set."""
    transaction.resend_at = NEVER
    if not transaction.cancelled:
        transaction.expires_at = NEVER


def _acknowledge(
    transaction: ClientInvite, wiring: Wiring, response: Message | None, _flow: object, now: float
) -> None:
    """Send the ACK and keep its bytes in place of the request's; then timer D, which is zero on reliable transports."""
    if isinstance(response, Response) and transaction.request is not None:
        ack = acknowledgement(transaction.request, response)
        transaction.packet = Send(transaction.to, ack.encode(), transaction.key)
        wiring.outputs.append(transaction.packet)
    transaction.request = None
    linger(transaction, wiring, now, wiring.values.lifetime_s)


def _accept(transaction: ClientInvite, wiring: Wiring, _message: object, _flow: object, now: float) -> None:
    """Timer M runs on every transport: forked 2xx may follow (RFC 6026 §7.2)."""
    transaction.request = transaction.packet = None
    transaction.resend_at = NEVER
    transaction.expires_at = now + wiring.values.lifetime_s


def acknowledgement(invite: Request, response: Response) -> Request:
    """The ACK for a non-2xx final response (RFC 3261 §17.1.1.3)."""
    return _for_invite("ACK", invite, response.get("To") or "")


def cancellation(invite: Request, reason: str) -> Request:
    """The CANCEL for an INVITE of ours (§9.1): same Request-URI, Via, Call-ID, To, From, CSeq number and route."""
    cancel = _for_invite("CANCEL", invite, invite.get("To") or "")
    if reason:
        cancel.add("Reason", reason)
    return cancel


def _for_invite(method: str, invite: Request, to: str) -> Request:
    """A request that goes where an INVITE went, hop by hop: its topmost Via, its route and its CSeq number."""
    request = Request(method, invite.uri)
    request.add("Via", invite.all("Via")[0])
    request.add("Max-Forwards", "70")
    for route in invite.all("Route"):
        request.add("Route", route)
    request.add("From", invite.get("From") or "")
    request.add("To", to)
    request.add("Call-ID", invite.call_id)
    request.add("CSeq", f"{invite.cseq.number} {method}")
    return request


TABLE: Table = {
    ("calling", "retransmit"): ("calling", (resend, _double)),  # timer A
    ("calling", "expire"): (TERMINATED, (time_out,)),  # timer B
    ("calling", "1xx"): ("proceeding", (_proceed, _report)),
    ("calling", "2xx"): ("accepted", (_report, _accept)),
    ("calling", "300-699"): ("completed", (_report, _acknowledge)),
    ("calling", "transport error"): (TERMINATED, (fail,)),
    ("proceeding", "1xx"): ("proceeding", (_report,)),
    ("proceeding", "2xx"): ("accepted", (_report, _accept)),
    ("proceeding", "300-699"): ("completed", (_report, _acknowledge)),
    ("proceeding", "expire"): (TERMINATED, (time_out,)),  # 64*T1 after CANCEL
    ("proceeding", "transport error"): (TERMINATED, (fail,)),
    ("completed", "300-699"): ("completed", (resend,)),
    ("completed", "2xx"): ("completed", (_report_stray,)),  # another branch of a fork answered after all
    ("completed", "expire"): (TERMINATED, ()),  # timer D
    ("completed", "transport error"): (TERMINATED, (fail,)),
    ("accepted", "2xx"): ("accepted", (_report,)),
    ("accepted", "expire"): (TERMINATED, ()),  # timer M
}
