"""Session timers (RFC 4028): what both sides promise each other, refreshing, and ending sessions nobody refreshes."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from kiestoon.sip.headers.grammar import lenient
from kiestoon.sip.headers.reason import parse_retry_after
from kiestoon.sip.headers.timers import parse_min_se, parse_session_expires
from kiestoon.sip.message import Message, Request, Response
from kiestoon.sip.outgoing import Outgoing
from kiestoon.sip.session import closing, offer

if TYPE_CHECKING:
    from kiestoon.sip.session.session import Session
    from kiestoon.sip.transaction import ServerTransaction

REFRESH_TIMER = "refresh"
EXPIRY_TIMER = "expiry"
RETRY_REFRESH_S = 10.0
MAX_SESSION_S = 86_400
"""Nothing longer is agreed to: a figure from the network must not keep dead sessions for years."""
MIN_INTERVAL_S = 90
"""What any peer may count on (§4); one that answers with less would have us refresh without end."""
MAX_RETRIES = 3


# --- headers --------------------------------------------------------------------------------------------------------


def _session_expires(message: Message) -> tuple[int, str]:
    """Session-Expires as (seconds, refresher parameter); (0, "") when absent or unreadable (it may be ignored)."""
    asked = lenient(parse_session_expires, message.get("Session-Expires"))
    return (min(asked.interval_s, MAX_SESSION_S), asked.refresher) if asked is not None else (0, "")


def _min_se_s(message: Message) -> int:
    return lenient(parse_min_se, message.get("Min-SE")) or 0


def retry_after_s(message: Message) -> int:
    """Retry-After in seconds, 0 when absent or unreadable."""
    asked = lenient(parse_retry_after, message.get("Retry-After"))
    return asked.delay_s if asked is not None else 0


def add_to_request(session: Session, request: Request) -> None:
    """Put the session timer into an INVITE or UPDATE of ours (§7.1, §7.4)."""
    if session.dialog is None or session.state == "early":
        interval_s, refresher = session.wanted_s, ""
    else:
        interval_s, refresher = (
            session.interval_s,
            ";refresher=uac" if session.refresher == "local" else ";refresher=uas",
        )
    if interval_s:
        request.set("Session-Expires", f"{max(interval_s, session.min_se_s)}{refresher}")
        request.set("Min-SE", str(session.min_se_s))


# --- agreeing -------------------------------------------------------------------------------------------------------


def refuses(session: Session, transaction: ServerTransaction, request: Request, now: float) -> bool:
    """Answer 422 when the peer wants a session shorter than we allow (§9). True when it was."""
    interval_s, _ = _session_expires(request)
    minimum_s = session.endpoint.settings.min_se_s
    if not 0 < interval_s < minimum_s or "timer" not in request.supported:
        return False
    session.endpoint.respond(now, transaction, 422, headers=[("Min-SE", str(minimum_s))])
    return True


def settle_as_server(session: Session, request: Request, response: Response, now: float) -> None:
    """Choose interval and refresher for our 2xx (§9, table 2) and write them into it."""
    asked_s, refresher = _session_expires(request)
    supported = "timer" in request.supported
    if not asked_s and not (supported and session.wanted_s):
        _stop(session)
        return
    minimum_s = max(_min_se_s(request), session.endpoint.settings.min_se_s)
    wanted_s = session.wanted_s or asked_s
    session.interval_s = min(max(min(asked_s or wanted_s, wanted_s), minimum_s), MAX_SESSION_S)
    if refresher == "uas" or not supported:
        session.refresher = "local"
    elif refresher == "uac" or not session.refresher:
        session.refresher = "remote"
    local = session.refresher == "local"
    response.set("Session-Expires", f"{session.interval_s};refresher={'uas' if local else 'uac'}")
    if supported:
        response.add("Require", "timer")
    _arm(session, now)


def settle_as_client(session: Session, response: Response, now: float) -> None:
    """Take what the peer's 2xx to our INVITE or UPDATE says (§7.2). Without Session-Expires there is no timer."""
    interval_s, refresher = _session_expires(response)
    if not interval_s:
        _stop(session)
        return
    session.interval_s = max(interval_s, MIN_INTERVAL_S)
    session.refresher = "remote" if refresher == "uas" else "local"
    _arm(session, now)


def longer(session: Session, outgoing: Outgoing, response: Response) -> bool:
    """Prepare a request for another try after 422 (§7.3). False when the peer's minimum is absent or absurd."""
    minimum_s = _min_se_s(response)
    if not session.min_se_s < minimum_s <= MAX_SESSION_S or outgoing.retries >= MAX_RETRIES:
        return False
    outgoing.retries += 1
    session.min_se_s = minimum_s
    session.wanted_s = max(session.wanted_s, minimum_s)
    if session.interval_s:
        session.interval_s = max(session.interval_s, minimum_s)
    add_to_request(session, outgoing.request)
    return True


# --- keeping the promise --------------------------------------------------------------------------------------------


def _arm(session: Session, now: float) -> None:
    interval_s = session.interval_s
    if session.refresher == "local":
        session.start_timer(REFRESH_TIMER, now + interval_s / 2)
    else:
        session.stop_timer(REFRESH_TIMER)
    # §10: BYE shortly before the end, so that both sides see the same end.
    session.start_timer(EXPIRY_TIMER, now + interval_s - min(32.0, interval_s / 3))


def _stop(session: Session) -> None:
    session.interval_s = 0
    session.refresher = ""
    session.stop_timer(REFRESH_TIMER)
    session.stop_timer(EXPIRY_TIMER)


def resume(session: Session, now: float) -> None:
    """After a restart nobody knows when the last refresh was: a full interval runs from now, ours is sent soon."""
    if session.interval_s:
        _arm(session, now)


def on_refresh_due(session: Session, now: float) -> None:
    """Refresh by UPDATE where the peer allows it, else by re-INVITE with the description unchanged (§7.4)."""
    dialog = session.dialog
    if dialog is None or session.over:
        return
    refresh_failed(session, now)
    if session.state != "confirmed":
        return
    if "UPDATE" not in session.remote_allows:
        if session.local_body:
            offer.wish(session, now, session.local_body, (), reinvite=True, refresh=True)
        return
    request = dialog.request("UPDATE")
    session.endpoint.add_capabilities(request)
    add_to_request(session, request)
    session.send(request, partial(_refreshed, session), now)


def refresh_failed(session: Session, now: float) -> None:
    """Try again before the session expires."""
    if session.interval_s and session.refresher == "local":
        session.start_timer(REFRESH_TIMER, now + min(RETRY_REFRESH_S, session.interval_s / 4))


def _refreshed(session: Session, outgoing: Outgoing, status: int, response: Response | None, now: float) -> None:
    if session.over or closing.judge(session, status, now):
        return
    if response is not None and status < 300:
        if outgoing.flow is not None:
            session.learn(response, outgoing.flow)
        if session.dialog is not None:
            session.dialog.refresh_target(response)
        settle_as_client(session, response, now)
    elif response is not None and status == 422 and longer(session, outgoing, response):
        session.endpoint.requests.retry(outgoing, now)
    elif status in (405, 501):
        session.remote_allows -= {"UPDATE"}
        on_refresh_due(session, now)


def on_expiry(session: Session, now: float) -> None:
    """Nobody refreshed the session (§10)."""
    if session.state == "confirmed" and not session.ending:
        closing.send_bye(session, now, "timeout", 'SIP;cause=408;text="Session expired"')
