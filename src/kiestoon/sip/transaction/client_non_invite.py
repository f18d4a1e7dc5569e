"""The non-INVITE client transaction: RFC 3261 §17.1.2."""

from __future__ import annotations

from kiestoon.sip.flow import Flow
from kiestoon.sip.message import Message, Response
from kiestoon.sip.transaction.events import Responded
from kiestoon.sip.transaction.wiring import (
    TERMINATED,
    Table,
    Transaction,
    Wiring,
    linger,
    resend,
    schedule,
)
from kiestoon.sip.transaction.wiring import fail as report_failure
from kiestoon.sip.transaction.wiring import time_out as report_timeout


class ClientNonInvite(Transaction):
    """One request of ours other than INVITE and ACK.

    trying       sent, nothing heard; timer E retransmits with doubling interval up to T2, timer F gives up
    proceeding   a provisional came; timer E goes on every T2, timer F too
    completed    the final response came; timer K absorbs its retransmissions (unreliable transports)
    terminated   the layer has forgotten it
    """

    sent_by: tuple[str, int]
    quiet: bool = False
    """A CANCEL of the layer's own: whatever becomes of it, the user sees the INVITE's outcome only."""


def start(transaction: ClientNonInvite, wiring: Wiring, now: float) -> None:
    """Send the request and start timers E (not over reliable transports) and F."""
    values = wiring.values
    if transaction.packet is not None:
        wiring.outputs.append(transaction.packet)
    if not transaction.reliable:
        transaction.interval_s = values.t1_s
        transaction.resend_at = now + values.t1_s
    transaction.expires_at = now + values.lifetime_s
    schedule(transaction, wiring)


# --- actions --------------------------------------------------------------------------------------------------------


def _report(
    transaction: ClientNonInvite, wiring: Wiring, response: Message | None, flow: Flow | None, _now: float
) -> None:
    if isinstance(response, Response) and flow is not None and not transaction.quiet:
        wiring.events.append(Responded(transaction, response, flow, transaction.request))


def _double(transaction: ClientNonInvite, wiring: Wiring, _message: object, _flow: object, now: float) -> None:
    transaction.interval_s = min(transaction.interval_s * 2, wiring.values.t2_s)
    transaction.resend_at = now + transaction.interval_s


def _slow_down(transaction: ClientNonInvite, wiring: Wiring, _message: object, _flow: object, now: float) -> None:
    """In proceeding timer E fires every T2 (§17.1.2.2)."""
    transaction.interval_s = wiring.values.t2_s
    transaction.resend_at = now + transaction.interval_s


def _complete(transaction: ClientNonInvite, wiring: Wiring, _message: object, _flow: object, now: float) -> None:
    """Timer K: T4, or zero on reliable transports."""
    transaction.request = transaction.packet = None
    linger(transaction, wiring, now, wiring.values.t4_s)


def _time_out(transaction: ClientNonInvite, wiring: Wiring, message: Message | None, flow: object, now: float) -> None:
    if not transaction.quiet:
        report_timeout(transaction, wiring, message, flow, now)


def _fail(transaction: ClientNonInvite, wiring: Wiring, message: Message | None, flow: object, now: float) -> None:
    if not transaction.quiet:
        report_failure(transaction, wiring, message, flow, now)


TABLE: Table = {
    ("trying", "retransmit"): ("trying", (resend, _double)),  # timer E
    ("trying", "expire"): (TERMINATED, (_time_out,)),  # timer F
    ("trying", "1xx"): ("proceeding", (_report,)),
    ("trying", "2xx"): ("completed", (_report, _complete)),
    ("trying", "300-699"): ("completed", (_report, _complete)),
    ("trying", "transport error"): (TERMINATED, (_fail,)),
    ("proceeding", "retransmit"): ("proceeding", (resend, _slow_down)),  # timer E
    ("proceeding", "expire"): (TERMINATED, (_time_out,)),  # timer F
    ("proceeding", "1xx"): ("proceeding", (_report,)),
    ("proceeding", "2xx"): ("completed", (_report, _complete)),
    ("proceeding", "300-699"): ("completed", (_report, _complete)),
    ("proceeding", "transport error"): (TERMINATED, (_fail,)),
    ("completed", "expire"): (TERMINATED, ()),  # timer K
}
