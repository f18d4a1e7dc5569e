"""Who is shown to whom: the caller to those who are rung, the party reached to the caller (CALL-18, CALL-19)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from kiestoon.calls.call import Call, Seek
from kiestoon.calls.leg_media import reoffer
from kiestoon.calls.party import Party, labelled, shown_address
from kiestoon.company.model import User
from kiestoon.company.numbers import country_code
from kiestoon.routing import RingAll
from kiestoon.routing.outward import name_shown

if TYPE_CHECKING:
    from kiestoon.calls.exchange import Exchange
    from kiestoon.calls.leg import Leg
    from kiestoon.company.directory import CompanyIndex
    from kiestoon.company.model import Company, Row

Headers = list[tuple[str, str]]
_RING_KINDS: Final = {
    "internal": (1, "alert-community-1"),
    "national": (2, "alert-external"),
    "international": (3, "alert-community-2"),
    "group": (4, "alert-group"),
    "queue": (4, "alert-queue"),
}
"""The ring pattern and the info text of each kind of call (E 5.6.1)."""


def caller_for_phones(call: Call) -> Party:
    """The caller as phones show him: "Support - Sam Jones" with a hunt group's or plan's prefix (V 21.1.2, E 8.2.2)."""
    if call.seek is not None and call.seek.manner.shown is not None:
        return call.seek.manner.shown
    caller = call.anchor
    if caller is None:
        return Party("service", call.dialled)
    party = caller.party
    prefix = call.situation.prefix if call.situation is not None else ""
    return labelled(prefix, party, " - ") if prefix else party


def alert_info(call: Call, alert: int, company: Company | None) -> Headers:
    """How the phone is to ring: internal, group, queue, national and international calls differ (E 5.6) where the
    company wants that, and so does each alternate number (CALL-20).

    Which brand a phone is need not be known: Polycom, Cisco, Grandstream and Gigaset look for "Bellcore-drN" anywhere
    in Alert-Info, Aastra-Mitel, Yealink and Snom for the text after ``info=``.
    """
    if alert:
        return [("Alert-Info", f"<http://127.0.0.1/Bellcore-dr{alert}>;info=alert-number{alert}")]
    if company is None or not company.rings_by_kind:
        return []
    pattern, info = _RING_KINDS[_ring_kind(call, company.country)]
    return [("Alert-Info", f"<http://127.0.0.1/Bellcore-dr{pattern}>;info={info}")]


def _ring_kind(call: Call, country: str) -> str:
    situation = call.situation
    if situation is not None and situation.queue:
        return "queue"
    if situation is not None and (situation.hunt is not None or (call.seek is not None and _rings_group(call.seek))):
        return "group"
    if call.anchor is None or call.anchor.party.kind == "device":
        return "internal"
    number = situation.caller.number if situation is not None else ""
    home = f"+{country_code(country)}" if country else ""
    return "international" if number.startswith("+") and home and not number.startswith(home) else "national"


def _rings_group(seek: Seek) -> bool:
    step = seek.decision.step
    return isinstance(step, RingAll) and not step.personal and len(step.people) > 1


def say_forwarded(x: Exchange, call: Call, by: str, now: float) -> None:
    """181 "call is being forwarded", to whom the forwarder (else the company) lets it be sent (V 11.3)."""
    caller = call.anchor
    index = x.directory.company(call.company_id)
    if index is None or caller is None or caller.session is None or caller.state not in ("offered", "early"):
        return
    policy = getattr(_forwarder(index, by), "forwarded_signal", "company")
    if policy == "company":
        policy = index.company.forwarded_signal
    if policy == "all" or (policy == "internal" and caller.party.kind == "device"):
        caller.advance("ring")
        caller.session.progress(now, 181)


def connected(x: Exchange, call: Call, callee: Leg, viewer: Leg) -> Headers:
    """The identity of who is being reached, for the viewer's display (RFC 3325 §9.1).

    Left out where the person hides it from outside callers (V 19.8), where a forwarder's policy hides whom the call was
    redirected to (V 11.3), and for lines that are not trusted.
    """
    index = x.directory.company(call.company_id)
    if index is None or not (callee.party.number or callee.party.withheld):
        return []
    outside = viewer.party.kind == "trunk"
    if outside:
        trunk = x.directory.trunk(viewer.trunk_id)
        if trunk is None or not trunk.trusted:
            return []
    if callee.party.kind == "trunk" and not callee.party.user_id:
        return _asserted(callee.party, index.company.domain)
    user = index.users.get(callee.party.user_id)
    if user is None or (outside and user.hide_connected) or _redirect_hidden(x, call, outside):
        return []
    shown = Party("device", _number(user, outside, call), name_shown(user, index.location_of(user)))
    return _asserted(shown, index.company.domain)


def _asserted(party: Party, domain: str) -> Headers:
    return [("P-Asserted-Identity", str(shown_address(party, domain, trusted=False)))]


def show(x: Exchange, call: Call, viewer: Leg, other: Leg, now: float) -> None:
    """Somebody who is in conversation already has another party from now on: the display is brought up to date (RFC
    4916), by UPDATE where the phone takes it, else by a re-INVITE."""
    session = viewer.session
    if session is None or viewer.state != "answered":
        return
    headers = connected(x, call, other, viewer)
    if not headers:
        return
    session.offer(now, b"" if "UPDATE" in session.remote_allows else reoffer(x, viewer), headers)


def show_text(x: Exchange, call: Call, viewer: Leg, text: Party, now: float) -> None:
    """Something to know on a phone's display, in place of another party; nothing for telephones outside."""
    session, company = viewer.session, x.company_of(call)
    if session is not None and company is not None and viewer.state == "answered" and viewer.device_id:
        body = b"" if "UPDATE" in session.remote_allows else reoffer(x, viewer)
        session.offer(now, body, _asserted(text, company.domain))


def _number(user: User, outside: bool, call: Call) -> str:
    """Extensions mean nothing outside: callers there see the number they called, or the person's own."""
    if not outside:
        return user.extension
    return user.caller_number or (call.situation.own_number if call.situation is not None else "")


def _forwarder(index: CompanyIndex, extension: str) -> Row | None:
    """Whose policies hold for a call sent elsewhere: a person's or a virtual user's (V 11.3, V 21.1.6)."""
    return index.arrangements.extensions.get(extension)


def _redirect_hidden(x: Exchange, call: Call, outside: bool) -> bool:
    index = x.directory.company(call.company_id)
    situation = call.situation
    if index is None or situation is None:
        return False
    for diversion in situation.diversions:
        policy = getattr(_forwarder(index, diversion.by), "connected_privacy", "company")
        if policy == "company":
            policy = index.company.connected_privacy
        if policy == "all" or (policy == "external" and outside):
            return True
    return False
