"""Taking up a session where a process that is no more left it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kiestoon.sip.dialog import Dialog
from kiestoon.sip.dialog_state import JUMP
from kiestoon.sip.flow import Destination, Flow, Send, Target
from kiestoon.sip.outgoing import DigestIdentity
from kiestoon.sip.session import timer, uas
from kiestoon.sip.session.session import Session
from kiestoon.sip.session.state import SessionState

if TYPE_CHECKING:
    from kiestoon.sip.endpoint import Endpoint


def revive(endpoint: Endpoint, state: SessionState, identity: DigestIdentity | None) -> Session:
    """The session as it was; nothing runs yet. Its old flow is remembered but not trusted: connections do not survive
    a restart, and listeners may be numbered anew. Its numbers jump ahead: requests of after it was written down have
    used some, and the peer takes no lower one (RFC 3261 §12.2.2)."""
    dialog = Dialog(state.dialog)
    dialog.local_cseq += JUMP
    session = Session(endpoint, state.id, state.role, dialog.call_id, dialog.local_tag)
    session.owns_call_id = state.owns_call_id
    session.dialog, session.remote_tag, session.secure = dialog, dialog.remote_tag, dialog.secure
    session.state = state.phase
    session.identity = identity
    session.content_type = state.local_content_type
    session.local_body, session.remote_body = state.local_body, state.remote_body
    session.remote_allows, session.remote_supported = frozenset(state.remote_allows), frozenset(state.remote_supported)
    session.interval_s, session.min_se_s = state.timer.interval_s, state.timer.min_se_s
    session.refresher = state.timer.refresher
    session.wanted_s = state.timer.interval_s or endpoint.settings.session_expires_s
    session.exchange = "offered" if state.unacknowledged and state.offered_in_accept else "settled"
    session.flow, session.flow_lost = state.flow, True
    session.hop = _same_place(state.flow)
    return session


def resume(session: Session, state: SessionState, now: float) -> None:
    """Go on: repeat a 2xx whose ACK is missing, and run the session timer."""
    if state.unacknowledged and session.hop is not None:
        uas.resume(session, Send(session.hop, state.unacknowledged), state.offered_in_accept, now)
    else:
        session.state = "confirmed"
    timer.resume(session, now)


def _same_place(flow: Flow | None) -> Destination | None:
    """Where a UDP flow led; a connection leads nowhere any more."""
    if flow is None or flow.transport != "udp":
        return None
    return Target("udp", flow.remote_host, flow.remote_port)
