"""Requests inside a session that need no more than an answer: INFO (RFC 6086), OPTIONS, and what the user answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kiestoon.sip.events import InfoReceived, SessionRequestReceived
from kiestoon.sip.message import Request

if TYPE_CHECKING:
    from kiestoon.sip.session.session import Session
    from kiestoon.sip.transaction import ServerTransaction


def on_info(session: Session, transaction: ServerTransaction, request: Request, now: float) -> None:
    """INFO of the old kind (digits and the like) is accepted whatever it holds; packages we know none of."""
    endpoint = session.endpoint
    if request.get("Info-Package") is not None:
        endpoint.respond(now, transaction, 469, headers=[("Recv-Info", "")])
        return
    endpoint.respond(now, transaction, 200)
    endpoint.emit(InfoReceived(session, request.content_type, request.body))


def on_options(session: Session, transaction: ServerTransaction, _request: Request, now: float) -> None:
    """OPTIONS as a sign of life (§11.2)."""
    endpoint = session.endpoint
    settings = endpoint.settings
    headers = [("Allow", settings.allow), ("Supported", settings.supported), ("Accept", "application/sdp")]
    endpoint.respond(now, transaction, 200, headers=headers)


def on_other(session: Session, transaction: ServerTransaction, request: Request, _now: float) -> None:
    """Anything else is the user's to answer."""
    session.endpoint.emit(SessionRequestReceived(session, transaction, request))
