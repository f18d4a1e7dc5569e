"""REFER (RFC 3515) inside a session, and the NOTIFYs of the subscription it makes."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from kiestoon.sip.events import ReferReceived
from kiestoon.sip.headers.address import NameAddr
from kiestoon.sip.headers.grammar import BadHeader, lenient
from kiestoon.sip.headers.transfer import embedded_replaces, parse_refer_to
from kiestoon.sip.message import Request, Response
from kiestoon.sip.outgoing import Outgoing
from kiestoon.sip.reasons import REASONS

if TYPE_CHECKING:
    from kiestoon.sip.session.session import Session
    from kiestoon.sip.transaction import ServerTransaction

REFER_SUBSCRIPTION_S = 180
"""How long a referral is promised to be reported on; a transfer that takes longer has been recalled by then."""
MAX_REFERRALS = 8


class Referral:
    """A REFER of the peer. ``event_id``: "" for the first in a dialog, which phones expect without one.
    ``silent``: the peer wants no NOTIFYs (RFC 4488)."""

    __slots__ = ("active", "event_id", "silent")

    def __init__(self, event_id: str, silent: bool) -> None:
        self.event_id = event_id
        self.silent = silent
        self.active = False


def on_refer(session: Session, transaction: ServerTransaction, request: Request, now: float) -> None:
    """REFER: exactly one Refer-To (RFC 3515 §2.4.2), then it is the user's."""
    endpoint = session.endpoint
    values = request.all("Refer-To")
    target = lenient(parse_refer_to, values[0]) if len(values) == 1 else None
    if target is None:
        endpoint.respond(now, transaction, 400, "Refer-To needed, once")
        return
    referrals = session.referrals = session.referrals or {}
    if len(referrals) >= MAX_REFERRALS:
        endpoint.respond(now, transaction, 500)
        return
    number = request.cseq.number
    event_id = str(number) if session.refer_count else ""
    session.refer_count += 1
    referrals[number] = Referral(event_id, (request.get("Refer-Sub") or "").strip().lower().startswith("false"))
    replaces = _named_session(session, target)
    referred_by = request.get("Referred-By") or ""
    endpoint.emit(ReferReceived(session, transaction, str(target.uri), referred_by, replaces))


def _named_session(session: Session, target: NameAddr) -> Session | None:
    try:
        replaces = embedded_replaces(target)
    except BadHeader:
        return None
    return session.endpoint.find_replaced(replaces) if replaces is not None else None


def on_answered(session: Session, number: int, response: Response, now: float) -> None:
    """The user answers a REFER: a 2xx makes the subscription, whose first NOTIFY goes out at once (§2.4.4)."""
    referral = (session.referrals or {}).get(number)
    if referral is None or session.referrals is None:
        return
    if response.status >= 300:
        del session.referrals[number]
    elif referral.silent:
        response.add("Refer-Sub", "false")
        del session.referrals[number]
    else:
        referral.active = True


def after_answer(session: Session, number: int, now: float) -> None:
    """The 202 is out: tell the state at once."""
    referral = (session.referrals or {}).get(number)
    if referral is not None and referral.active:
        _notify(session, number, referral, 100, "Trying", False, now)


def notify(session: Session, now: float, status: int, final: bool, reason: str = "") -> None:
    """Report on the newest referral that is still open. The subscription is a usage of its own and outlives a BYE."""
    for number in reversed(session.referrals or {}):
        referral = (session.referrals or {})[number]
        if referral.active:
            _notify(session, number, referral, status, reason or REASONS.get(status, ""), final, now)
            return


def _notify(
    session: Session, number: int, referral: Referral, status: int, reason: str, final: bool, now: float
) -> None:
    dialog = session.dialog
    if dialog is None:
        return
    request = dialog.request("NOTIFY")
    request.add("Event", f"refer;id={referral.event_id}" if referral.event_id else "refer")
    state = "terminated;reason=noresource" if final else f"active;expires={REFER_SUBSCRIPTION_S}"
    request.add("Subscription-State", state)
    request.set("Content-Type", "message/sipfrag;version=2.0")
    request.body = f"SIP/2.0 {status} {reason}\r\n".encode("utf-8", "replace")
    if final and session.referrals is not None:
        del session.referrals[number]
    session.send(request, partial(_notified, session, number), now)


def _notified(
    session: Session, number: int, _outgoing: Outgoing, status: int, _response: Response | None, _now: float
) -> None:
    """A NOTIFY that fails ends the subscription and nothing else (RFC 5057 §5.1)."""
    if status >= 300 and session.referrals is not None:
        session.referrals.pop(number, None)
