"""The INVITE server transaction: RFC 3261 §17.2.1 with the Accepted state of RFC 6026 §7.1."""

from __future__ import annotations

from kiestoon.sip.flow import Flow, Send
from kiestoon.sip.message import Message, Request, Response
from kiestoon.sip.transaction.events import AckForSuccess
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


class ServerInvite(Transaction):
    """One INVITE to us.

    proceeding   the user is working on it; a retransmitted INVITE gets the last provisional again
    completed    a 300-699 was sent; timer G retransmits it (unreliable transports), timer H gives up
    confirmed    the ACK came; timer I absorbs more of them (unreliable transports)
    accepted     a 2xx was sent; until timer L retransmitted INVITEs are absorbed and the user may send more 2xx
    terminated   the layer has forgotten it
    """

    merge_key: int = 0
    """What the layer remembers to recognise merged copies of the request; 0 for requests with a To tag."""
    answered_to: str = ""
    """The To value of our 2xx, for the answer to a CANCEL that comes too late."""


def start(transaction: ServerInvite, wiring: Wiring, now: float, trying_after_s: float | None) -> None:
    """Start the clock for the 100 Trying the layer sends by itself, when it was told to (§17.2.1: within 200 ms)."""
    if trying_after_s is not None:
        transaction.resend_at = now + trying_after_s
        schedule(transaction, wiring)


# --- actions --------------------------------------------------------------------------------------------------------


def _send(transaction: ServerInvite, wiring: Wiring, response: Message | None, _flow: object, _now: float) -> None:
    if response is not None:
        transaction.packet = Send(transaction.to, response.encode(), transaction.key)
        wiring.outputs.append(transaction.packet)
        transaction.resend_at = NEVER


def _try(transaction: ServerInvite, wiring: Wiring, _message: object, _flow: object, _now: float) -> None:
    """The user has not answered yet: say 100 for it."""
    transaction.resend_at = NEVER
    if transaction.request is not None and transaction.packet is None:
        trying = Response.answer(transaction.request, 100, "Trying")
        transaction.packet = Send(transaction.to, trying.encode(), transaction.key)
        wiring.outputs.append(transaction.packet)


def _complete(transaction: ServerInvite, wiring: Wiring, _message: object, _flow: object, now: float) -> None:
    """Timers G and H."""
    transaction.request = None
    if not transaction.reliable:
        transaction.interval_s = wiring.values.t1_s
        transaction.resend_at = now + wiring.values.t1_s
    transaction.expires_at = now + wiring.values.lifetime_s


def _double(transaction: ServerInvite, wiring: Wiring, _message: object, _flow: object, now: float) -> None:
    transaction.interval_s = min(transaction.interval_s * 2, wiring.values.t2_s)
    transaction.resend_at = now + transaction.interval_s


def _confirm(transaction: ServerInvite, wiring: Wiring, _message: object, _flow: object, now: float) -> None:
    """Timer I: T4, or zero on reliable transports."""
    transaction.packet = None
    linger(transaction, wiring, now, wiring.values.t4_s)


def _accept(transaction: ServerInvite, wiring: Wiring, response: Message | None, _flow: object, now: float) -> None:
    """Timer L. The 2xx is the user's to retransmit, so no bytes are kept (RFC 6026 §7.1)."""
    if response is not None:
        transaction.answered_to = response.get("To") or ""
    transaction.request = transaction.packet = None
    transaction.expires_at = now + wiring.values.lifetime_s


def _send_again(
    transaction: ServerInvite, wiring: Wiring, response: Message | None, _flow: object, _now: float
) -> None:
    if response is not None:
        wiring.outputs.append(Send(transaction.to, response.encode(), transaction.key))


def _report_ack(_transaction: object, wiring: Wiring, ack: Message | None, flow: Flow | None, _now: float) -> None:
    if isinstance(ack, Request) and flow is not None:
        wiring.events.append(AckForSuccess(ack, flow))


TABLE: Table = {
    ("proceeding", "request"): ("proceeding", (resend,)),
    ("proceeding", "retransmit"): ("proceeding", (_try,)),  # 200 ms without a response from the user
    ("proceeding", "send 1xx"): ("proceeding", (_send,)),
    ("proceeding", "send 2xx"): ("accepted", (_send, _accept)),
    ("proceeding", "send 300-699"): ("completed", (_send, _complete)),
    ("proceeding", "transport error"): (TERMINATED, (fail,)),
    ("completed", "request"): ("completed", (resend,)),
    ("completed", "retransmit"): ("completed", (resend, _double)),  # timer G
    ("completed", "ack"): ("confirmed", (_confirm,)),
    ("completed", "expire"): (TERMINATED, (time_out,)),  # timer H
    ("completed", "transport error"): (TERMINATED, (fail,)),
    ("confirmed", "expire"): (TERMINATED, ()),  # timer I
    ("accepted", "request"): ("accepted", ()),
    ("accepted", "ack"): ("accepted", (_report_ack,)),
    ("accepted", "send 2xx"): ("accepted", (_send_again,)),
    ("accepted", "transport error"): ("accepted", (fail,)),
    ("accepted", "expire"): (TERMINATED, ()),  # timer L
}
