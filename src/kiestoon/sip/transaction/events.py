"""What the transaction layer tells its user. Drained by the user after every call into the layer."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import msgspec

from kiestoon.sip.flow import Flow
from kiestoon.sip.message import Request, Response

if TYPE_CHECKING:
    from kiestoon.sip.transaction.client_invite import ClientInvite
    from kiestoon.sip.transaction.client_non_invite import ClientNonInvite
    from kiestoon.sip.transaction.server_invite import ServerInvite
    from kiestoon.sip.transaction.server_non_invite import ServerNonInvite


class NewRequest(msgspec.Struct, gc=False):
    """A request no transaction knew, CANCEL and ACK excepted. Answer with ``TransactionLayer.respond``."""

    transaction: ServerInvite | ServerNonInvite
    request: Request
    flow: Flow


class AckForSuccess(msgspec.Struct, gc=False):
    """An ACK that belongs to no failed INVITE transaction: one for a 2xx, to be matched to a dialog, or stray."""

    request: Request
    flow: Flow


class CancelFor(msgspec.Struct, gc=False):
    """The peer cancels an INVITE that has no final response yet. The CANCEL has been answered 200; the user still has
    to answer the INVITE with 487 (RFC 3261 §9.2)."""

    transaction: ServerInvite
    request: Request


class Responded(msgspec.Struct, gc=False):
    """A response to a request of ours: every provisional, then the final one. For INVITE every 2xx comes here,
    retransmitted and forked ones too, for 64*T1 after the first (RFC 6026 §7.2): the user acknowledges each.

    ``request`` is what was sent (its Via included); None for a 2xx after the first, when it has been let go.
    """

    transaction: ClientInvite | ClientNonInvite
    response: Response
    flow: Flow
    request: Request | None


class StrayResponse(msgspec.Struct, gc=False):
    """A 2xx to an INVITE whose transaction is over or not ours: acknowledge and end the dialog it makes, or ignore.
    Any other stray response is dropped by the layer."""

    response: Response
    flow: Flow


class TimedOut(msgspec.Struct, gc=False):
    """Client: no final response in time (timers B, F, or 64*T1 after a CANCEL). Server: the peer never sent the ACK
    for our non-2xx final response (timer H). The transaction is over."""

    transaction: ClientInvite | ClientNonInvite | ServerInvite | ServerNonInvite


class TransportFailed(msgspec.Struct, gc=False):
    """The transport could not deliver what the transaction sent. The transaction is over, except a server INVITE that
    has been accepted (RFC 6026 §7.1)."""

    transaction: ClientInvite | ClientNonInvite | ServerInvite | ServerNonInvite


TransactionEvent: TypeAlias = (
    NewRequest | AckForSuccess | CancelFor | Responded | StrayResponse | TimedOut | TransportFailed
)
