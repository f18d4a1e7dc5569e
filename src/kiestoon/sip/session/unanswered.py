"""INVITEs without a final response, written down: so that a process that takes over can stop the phones ringing that
the one before it left ringing, and tell the callers it left waiting.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from kiestoon.sip.flow import Destination, Flow, Target
from kiestoon.sip.message import Request, Response
from kiestoon.sip.transaction import ClientInvite

if TYPE_CHECKING:
    from kiestoon.sip.endpoint import Endpoint
    from kiestoon.sip.session.session import Session


class UnansweredInvite(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What a CANCEL (RFC 3261 §9.1) or a response (§8.2.6) repeats of an INVITE, and where it goes.

    ``vias`` is our own one for an INVITE of ours, all of them for a peer's. ``tag`` is ours in the To of a response.
    """

    uri: str
    vias: tuple[str, ...]
    from_: str
    to: str
    call_id: str
    cseq: str
    place: Target
    routes: tuple[str, ...] = ()
    tag: str = ""

    def request(self) -> Request:
        """The INVITE, as far as it is known."""
        fields = {
            "Via": self.vias, "Max-Forwards": ("70",), "From": (self.from_,), "To": (self.to,),
            "Call-ID": (self.call_id,), "CSeq": (self.cseq,),
        }  # fmt: skip
        return Request.of("INVITE", self.uri, {**fields, "Route": self.routes} if self.routes else fields)


def invite_sent(session: Session) -> UnansweredInvite | None:
    """The INVITE of a calling session as it is on its way; None while none is."""
    outgoing = session.invite
    transaction = outgoing.transaction if outgoing is not None else None
    request = transaction.request if transaction is not None else None
    if transaction is None or request is None:
        return None
    return UnansweredInvite(
        request.uri, (request.get("Via") or "",), request.get("From") or "", request.get("To") or "", session.call_id,
        request.get("CSeq") or "", _place(transaction.to), tuple(request.all("Route")),
    )  # fmt: skip


def invite_received(session: Session) -> UnansweredInvite | None:
    """The INVITE a called session is to answer; None for one that came by a connection, which dies with us."""
    transaction, request = session.invite_transaction, session.invite_request
    if transaction is None or request is None or transaction.to.transport != "udp":
        return None
    return UnansweredInvite(
        request.uri, tuple(request.all("Via")), request.get("From") or "", request.get("To") or "", session.call_id,
        request.get("CSeq") or "", _place(transaction.to), tag=session.local_tag,
    )  # fmt: skip


def call_off(endpoint: Endpoint, invite: UnansweredInvite, now: float, to: Destination | None = None) -> None:
    """Cancel an INVITE that a process before this one sent; ``to``: where the peer is now, if not where it was.

    Whether a provisional response came is not known; by now one has had time to (§9.1). An answer that crosses the
    CANCEL is released with ACK and BYE like any other nobody wants.
    """
    endpoint.layer.call_off(invite.request(), to or invite.place, now)


def turn_away(
    endpoint: Endpoint, invite: UnansweredInvite, now: float, status: int, headers: Sequence[tuple[str, str]] = ()
) -> None:
    """Refuse an INVITE that a process before this one received."""
    request = invite.request()
    response = Response.answer(request, status, to_tag=invite.tag)
    for name, value in headers:
        response.add(name, value)
    endpoint.layer.turn_away(request, response, invite.place, now)


def is_same(invite: UnansweredInvite, session: Session) -> bool:
    """Whether this is still the transaction under way: each attempt (login, next place) has a branch of its own."""
    outgoing = session.invite
    transaction = outgoing.transaction if outgoing is not None else None
    request = transaction.request if isinstance(transaction, ClientInvite) else None
    return request is not None and request.get("Via") == invite.vias[0]


def _place(to: Destination) -> Target:
    return Target(to.transport, to.remote_host, to.remote_port) if isinstance(to, Flow) else to
