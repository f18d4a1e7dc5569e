"""SIP transactions (RFC 3261 §17, RFC 6026) as state machines without I/O, and the layer that owns them."""

from kiestoon.sip.transaction.client_invite import ClientInvite
from kiestoon.sip.transaction.client_non_invite import ClientNonInvite
from kiestoon.sip.transaction.events import (
    AckForSuccess,
    CancelFor,
    NewRequest,
    Responded,
    StrayResponse,
    TimedOut,
    TransactionEvent,
    TransportFailed,
)
from kiestoon.sip.transaction.layer import ClientTransaction, ServerTransaction, TransactionLayer
from kiestoon.sip.transaction.server_invite import ServerInvite
from kiestoon.sip.transaction.server_non_invite import ServerNonInvite
from kiestoon.sip.transaction.timers import NEVER, TimerValues, TimerWheel

__all__ = [
    "NEVER",
    "AckForSuccess",
    "CancelFor",
    "ClientInvite",
    "ClientNonInvite",
    "ClientTransaction",
    "NewRequest",
    "Responded",
    "ServerInvite",
    "ServerNonInvite",
    "ServerTransaction",
    "StrayResponse",
    "TimedOut",
    "TimerValues",
    "TimerWheel",
    "TransactionEvent",
    "TransactionLayer",
    "TransportFailed",
]
