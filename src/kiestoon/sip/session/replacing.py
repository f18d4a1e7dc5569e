"""An INVITE that wants the place of another dialog (RFC 3891 §3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kiestoon.sip.headers.grammar import lenient
from kiestoon.sip.headers.transfer import parse_replaces
from kiestoon.sip.message import Request

if TYPE_CHECKING:
    from kiestoon.sip.endpoint import Endpoint
    from kiestoon.sip.session.session import Session


def named_in(endpoint: Endpoint, request: Request) -> tuple[Session | None, int]:
    """The session whose place is wanted, or the status that refuses it; (None, 0): no such wish."""
    values = request.all("Replaces")
    if not values:
        return None, 0
    replaces = lenient(parse_replaces, values[0]) if len(values) == 1 else None
    if replaces is None:
        return None, 400
    session = endpoint.find_replaced(replaces)
    if session is None:
        return None, 481
    if session.ending or session.cancelled:
        return None, 603
    if session.state in ("calling", "early"):
        return (session, 0) if session.role == "uac" else (None, 481)
    return (None, 486) if replaces.early_only else (session, 0)
