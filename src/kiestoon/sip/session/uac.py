"""The calling side: INVITE, its forks and their answers, ACK, CANCEL and its races (RFC 3261 §9, §13.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kiestoon.sip.dialog import Dialog, uac_dialog
from kiestoon.sip.events import Accepted, Progressed, Redirected, Refused
from kiestoon.sip.flow import Flow
from kiestoon.sip.message import Request, Response
from kiestoon.sip.outgoing import Outgoing
from kiestoon.sip.session import closing, offer, provisional, timer
from kiestoon.sip.session.body import received_description

if TYPE_CHECKING:
    from kiestoon.sip.session.session import Session

PROGRESS_TIMER = "progress"
MAX_EARLY_DIALOGS = 32
"""Forks beyond this many are heard (``Progressed``), but kept in no early dialog: nobody rings so many phones."""


def begin(session: Session, outgoing: Outgoing, now: float) -> None:
    """Send the INVITE."""
    session.invite = outgoing
    session.exchange = "offered" if outgoing.request.body else "none"
    session.local_body = outgoing.request.body
    session.endpoint.requests.send(outgoing, now)


# --- responses ------------------------------------------------------------------------------------------------------


def on_provisional(session: Session, outgoing: Outgoing, response: Response, flow: Flow, now: float) -> None:
    """A 100-199 to our INVITE."""
    if session.state == "ended":
        return
    session.start_timer(PROGRESS_TIMER, now + session.endpoint.settings.progress_timeout_s)
    if response.status == 100:
        return
    tag = response.to.tag
    if response.has("RSeq"):
        # Only after a reliable provisional may an early dialog be updated (RFC 3311 §5.1): what it allows matters.
        session.learn(response, flow)
    else:
        session.learn_flow(flow)
    dialog = early_dialog(session, response) if tag else None
    if session.cancelled:
        # Whatever it says, nobody wants it: but a reliable one is acknowledged, or it would be repeated for 32 s.
        if dialog is not None:
            provisional.acknowledge(session, dialog, response, now, wanted=False)
        return
    if dialog is not None:
        if not provisional.acknowledge(session, dialog, response, now):
            return
        session.dialog = dialog
        session.remote_tag = dialog.remote_tag
    session.state = "early"
    session.endpoint.emit(Progressed(session, response.status, tag, received_description(response), response))


def on_final(session: Session, outgoing: Outgoing, status: int, response: Response | None, now: float) -> None:
    """The final response to our INVITE, after authentication and failover; None: made up."""
    session.invite = None
    if session.state == "ended":
        if response is not None and status < 300:
            _release(session, response, outgoing.flow, auth_headers(outgoing.request), now)
        return
    if response is None:
        _refuse_locally(session, status, now)
    elif status < 300:
        _accepted(session, outgoing, response, now)
    elif status == 422 and not session.cancelled and timer.longer(session, outgoing, response):
        session.invite = outgoing
        session.endpoint.requests.retry(outgoing, now)
    elif status < 400 and not session.cancelled:
        event = Redirected(session, status, contacts_by_preference(response), response)
        closing.close(session, event, now)
    elif session.timed_out:
        _refuse_locally(session, 408, now)
    elif session.cancelled:
        closing.close(session, Refused(session, 487, response.reason, status != 487, response), now)
    else:
        closing.close(session, Refused(session, status, response.reason, False, response), now)


def _refuse_locally(session: Session, status: int, now: float) -> None:
    """Nobody answered, or nobody could be reached; after our own CANCEL that is what we wanted."""
    if session.timed_out:
        status = 408
    elif session.cancelled:
        status = 487
    reason = {408: "Request Timeout", 487: "Request Terminated"}.get(status, "Service Unavailable")
    closing.close(session, Refused(session, status, reason, True, None), now)


def _accepted(session: Session, outgoing: Outgoing, response: Response, now: float) -> None:
    """The first 2xx."""
    endpoint = session.endpoint
    if session.cancelled:
        # It crossed our CANCEL: a dialog stands, and has to be taken down again (§9.1).
        _release(session, response, outgoing.flow, auth_headers(outgoing.request), now)
        status = 408 if session.timed_out else 487
        closing.close(session, Refused(session, status, "Request Terminated", True, response), now)
        return
    session.stop_timer(PROGRESS_TIMER)
    if outgoing.flow is not None:
        session.learn(response, outgoing.flow)
    dialog = early_dialog(session, response)
    dialog.refresh_target(response)
    # The 2xx's Record-Route is the one that counts (§13.2.2.4).
    dialog.take_routes(response)
    session.dialog = dialog
    session.hop = None
    session.early = None
    session.remote_tag = dialog.remote_tag
    session.state = "confirmed"
    timer.settle_as_client(session, response, now)
    body = received_description(response)
    cseq = outgoing.request.cseq.number
    if session.exchange == "none" and body:
        # The 2xx holds an offer: the ACK has to wait for the user's answer.
        session.exchange = "to answer"
        session.held = offer.HeldOffer("ACK", None, None, cseq, auth_headers(outgoing.request))
    else:
        if session.exchange != "to answer":
            session.exchange = "settled"
        acknowledge(session, cseq, auth_headers(outgoing.request), b"", now)
    if body:
        session.remote_body = body
    endpoint.emit(Accepted(session, dialog.remote_tag, body, response))
    offer.next_wish(session, now)


def on_further_success(session: Session, response: Response, flow: Flow, now: float) -> None:
    """A 2xx beyond the first: its own repetition (our ACK was lost), or another fork's answer (§13.2.2.4)."""
    if not on_stray_success(session, response, now):
        _release(session, response, flow, [], now)


def on_stray_success(session: Session, response: Response, now: float) -> bool:
    """Acknowledge a repeated 2xx of the session's own dialog. False when it is another fork's."""
    cseq = response.cseq.number
    dialog = session.dialog
    if dialog is not None and response.to.tag == dialog.remote_tag:
        if session.ack is not None and session.ack[0] == cseq:
            session.endpoint.layer.resend(session.ack[1])
        elif session.ack is None and session.held is None:
            # We were restored from the journal; what the ACK said is gone, but it was said.
            acknowledge(session, cseq, [], b"", now)
        return True
    return False


def _release(
    session: Session, response: Response, flow: Flow | None, headers: list[tuple[str, str]], now: float
) -> None:
    """Take down a dialog of this INVITE that nobody wants."""
    if flow is not None:
        closing.release(
            session.endpoint, response, flow, now,
            headers=headers, reason=session.reason, identity=session.identity, secure=session.secure,
        )  # fmt: skip


# --- ACK ------------------------------------------------------------------------------------------------------------


def acknowledge(session: Session, cseq: int, headers: list[tuple[str, str]], body: bytes, now: float) -> None:
    """ACK a 2xx (§13.2.2.4); the bytes are kept for as long as the session, to answer its repetitions."""
    dialog = session.dialog
    if dialog is None:
        return
    ack = dialog.request("ACK", cseq)
    for name, value in headers:
        ack.add(name, value)
    if body:
        ack.set("Content-Type", session.content_type)
        ack.body = body
    to = session.endpoint.way_to(session, dialog)
    if to is None:
        # The next hop has to be resolved first; repetitions of the 2xx meanwhile resolve it again.
        outgoing = Outgoing(ack, closing.ignore, hop=dialog.next_hop(), session=session)
        session.endpoint.requests.send(outgoing, now)
        return
    session.ack = (cseq, session.endpoint.layer.send_stateless(ack, to))


def auth_headers(request: Request) -> list[tuple[str, str]]:
    """The credentials of the INVITE, which its ACK repeats (§22.1)."""
    names = ("Authorization", "Proxy-Authorization")
    return [(name, value) for name in names for value in request.all(name)]


# --- CANCEL ---------------------------------------------------------------------------------------------------------


def cancel(session: Session, now: float, reason: str = "") -> None:
    """Give the INVITE up. The layer holds the CANCEL back until a provisional response came (§9.1)."""
    if session.role != "uac" or session.cancelled or session.state not in ("calling", "early"):
        return
    session.cancelled = True
    session.reason = session.reason or reason
    outgoing = session.invite
    if outgoing is None or not session.endpoint.requests.stop(outgoing, now, reason):
        _refuse_locally(session, 487, now)


def on_progress_timeout(session: Session, now: float) -> None:
    """Nothing heard for three minutes: what timer C does in a proxy (§16.8)."""
    if session.state in ("calling", "early") and not session.cancelled:
        session.timed_out = True
        cancel(session, now)


# --- helpers --------------------------------------------------------------------------------------------------------


def early_dialog(session: Session, response: Response) -> Dialog:
    """The dialog of a response's To tag, made if it is new."""
    if session.early is None:
        session.early = {}
    tag = response.to.tag
    dialog = session.early.get(tag)
    if dialog is None:
        dialog = uac_dialog(response, session.secure)
        if len(session.early) < MAX_EARLY_DIALOGS:
            session.early[tag] = dialog
    return dialog


def contacts_by_preference(response: Response) -> tuple[str, ...]:
    """The URIs of a 3xx, highest q first, otherwise as listed (§20.10: no q means 1)."""

    def preference(q: str | None) -> float:
        try:
            return min(1.0, max(0.0, float(q))) if q else 1.0
        except ValueError:
            return 0.0

    ranked = sorted(response.contacts, key=lambda contact: -preference(contact.params.get("q")))
    return tuple(str(contact.uri) for contact in ranked if not contact.star)
