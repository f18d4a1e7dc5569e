"""The non-INVITE server transaction: RFC 3261 §17.2.2."""

from __future__ import annotations

from kiestoon.sip.flow import Send
from kiestoon.sip.message import Message
from kiestoon.sip.transaction.wiring import TERMINATED, Table, Transaction, Wiring, fail, linger, resend, schedule


class ServerNonInvite(Transaction):
    """One request to us other than INVITE and ACK.

    trying       the user is working on it; retransmissions are absorbed
    proceeding   a provisional was sent; retransmissions get it again
    completed    the final response was sent; until timer J retransmissions get it again (unreliable transports)
    terminated   the layer has forgotten it

    A user who never answers is not waited for: after 64*T1 the peer has given up (its timer F) and no response may be
    sent any more (RFC 4320 §4.2), so trying and proceeding end silently then.
    """

    merge_key: int = 0
    """What the layer remembers to recognise merged copies of the request; 0 for requests with a To tag."""


def start(transaction: ServerNonInvite, wiring: Wiring, now: float) -> None:
    transaction.expires_at = now + wiring.values.lifetime_s
    schedule(transaction, wiring)


# --- actions --------------------------------------------------------------------------------------------------------


def _send(transaction: ServerNonInvite, wiring: Wiring, response: Message | None, _flow: object, _now: float) -> None:
    if response is not None:
        transaction.packet = Send(transaction.to, response.encode(), transaction.key)
        wiring.outputs.append(transaction.packet)


def _complete(transaction: ServerNonInvite, wiring: Wiring, _message: object, _flow: object, now: float) -> None:
    """Timer J: 64*T1, or zero on reliable transports."""
    transaction.request = None
    linger(transaction, wiring, now, wiring.values.lifetime_s)


TABLE: Table = {
    ("trying", "request"): ("trying", ()),
    ("trying", "send 1xx"): ("proceeding", (_send,)),
    ("trying", "send 2xx"): ("completed", (_send, _complete)),
    ("trying", "send 300-699"): ("completed", (_send, _complete)),
    ("trying", "expire"): (TERMINATED, ()),
    ("trying", "transport error"): (TERMINATED, (fail,)),
    ("proceeding", "request"): ("proceeding", (resend,)),
    ("proceeding", "send 1xx"): ("proceeding", (_send,)),
    ("proceeding", "send 2xx"): ("completed", (_send, _complete)),
    ("proceeding", "send 300-699"): ("completed", (_send, _complete)),
    ("proceeding", "expire"): (TERMINATED, ()),
    ("proceeding", "transport error"): (TERMINATED, (fail,)),
    ("completed", "request"): ("completed", (resend,)),
    ("completed", "expire"): (TERMINATED, ()),  # timer J
    ("completed", "transport error"): (TERMINATED, (fail,)),
}
