"""Calling a party: the outgoing leg, its INVITE and what the party is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kiestoon.calls import identity, occupancy
from kiestoon.calls.call import Call
from kiestoon.calls.causes import NO_PORT
from kiestoon.calls.events import LegDialled
from kiestoon.calls.hops import MAX_BREADTH, breadth_left, hops_left
from kiestoon.calls.leaving import over
from kiestoon.calls.leg import Leg
from kiestoon.calls.leg_media import lease_port, offer_for
from kiestoon.calls.lines import trunk_target, trunk_uri
from kiestoon.calls.party import Party, shown_address
from kiestoon.calls.securing import is_browser
from kiestoon.company.model import resolved_encryption
from kiestoon.company.numbers import format_for_trunk
from kiestoon.routing import RingAll
from kiestoon.routing.outward import own_number
from kiestoon.sip.flow import SECURE, Destination, Flow
from kiestoon.sip.headers import NameAddr
from kiestoon.sip.uri import Uri, parse_uri

if TYPE_CHECKING:
    from kiestoon.calls.exchange import Exchange
    from kiestoon.company.model import Device, Trunk, User
    from kiestoon.registrar import Binding
    from kiestoon.routing import DialOutside
    from kiestoon.sip.digest import Credentials

Headers = list[tuple[str, str]]


def dial_device(
    x: Exchange,
    call: Call,
    user: User,
    device: Device,
    binding: Binding,
    now: float,
    *,
    encrypted: bool = False,
    as_phone: bool = False,
    alert: int = 0,
    confirm: bool = False,
) -> bool:
    """Ring one registered contact of a device over the flow it registered by (NAT, RFC 5626 §5.3).

    ``encrypted``: offer SRTP only, to a phone that has just refused an offer it could have taken in the clear.
    ``as_phone``: no WebRTC, for a phone on WebSocket that is no browser. ``confirm``: who answers is asked to confirm.
    """
    destination = binding.destination
    secure = destination is not None and destination.transport in SECURE
    if device.encryption == "required" and not secure:
        return False
    party = Party("device", user.extension, user.name, user_id=user.id, device_id=device.id)
    leg = _new_leg(x, call, party)
    leg.confirm = confirm
    leg.dtmf = device.dtmf
    leg.encryption = "required" if encrypted else resolved_encryption(device)
    leg.secure = secure
    leg.webrtc = is_browser(binding) and not as_phone
    leg.contact = binding.contact
    domain = _domain(x, call)
    return _invite(
        x,
        call,
        leg,
        now,
        uri=binding.contact,
        to=NameAddr(user.name, _uri(user.extension, domain)),
        from_=shown_address(identity.caller_for_phones(call), domain, trusted=False),
        destination=(destination,) if destination is not None else None,
        headers=[*_diversion_headers(x, call, domain), *_ringing(x, call, alert)],
        route=binding.path,
    )


def _ringing(x: Exchange, call: Call, alert: int) -> Headers:
    """How the phone is to ring, or that it is to answer by itself: every brand looks at one of these (CALL-16)."""
    if call.seek is not None and call.seek.manner.automatic:
        return [
            ("Alert-Info", "<http://127.0.0.1/Bellcore-dr1>;info=alert-autoanswer;delay=0"),
            ("Call-Info", "<sip:127.0.0.1>;answer-after=0"),
            ("Answer-Mode", "Auto"),  # RFC 5373
        ]
    return identity.alert_info(call, alert, x.company_of(call))


def dial_trunk(x: Exchange, call: Call, trunk: Trunk, step: DialOutside, now: float) -> Leg | None:
    """Call a number over an outside line, with the caller ID routing decided (CALL-18, RTE-23)."""
    number = _called_number(trunk, step)
    index = x.directory.company(call.company_id)
    person = index.users.get(step.user_id) if index is not None and step.user_id else None
    name, user_id = (person.name, person.id) if person is not None else ("", 0)
    party = Party("trunk", step.number, name, user_id=user_id, trunk_id=trunk.id)
    leg = _new_leg(x, call, party)
    leg.confirm = step.confirm or (call.seek is not None and call.seek.manner.confirm)
    leg.encryption = trunk.srtp
    leg.secure = trunk.transport == "tls"
    domain = trunk.domain or trunk.host
    shown = Party(
        "device",
        format_for_trunk(step.caller_number, trunk.number_format, step.country),
        step.caller_name,
        withheld=step.hide_caller,
    )
    headers = _diversion_headers(x, call, domain, step.number)
    if trunk.trusted and shown.number:
        headers.append(("P-Asserted-Identity", str(shown_address(shown, domain, trusted=True))))
    if step.hide_caller:
        headers.append(("Privacy", "id"))
    share = max(1, breadth_left(call.anchor) // _outside_branches(call))
    if share < MAX_BREADTH:
        headers.append(("Max-Breadth", str(share)))
    x.lines.entered(trunk.id)
    called = _invite(
        x,
        call,
        leg,
        now,
        uri=str(_uri(number, domain)) if trunk.domain else trunk_uri(trunk, number),
        hop=trunk_uri(trunk),
        to=NameAddr("", _uri(number, domain)),
        from_=shown_address(shown, domain, trusted=False),
        destination=trunk_target(trunk),
        headers=headers,
        credentials=x.lines.credentials(trunk),
        patience_s=x.settings.line_patience_s,
    )
    return leg if called else None


def _called_number(trunk: Trunk, step: DialOutside) -> str:
    """As the line wants it; an emergency number with its area where the provider chooses the centre by that."""
    if step.emergency and step.area and trunk.emergency_area:
        return f"{step.number};phone-context={step.area}"  # RFC 3966 §5.1.5
    return format_for_trunk(step.number, trunk.number_format, step.country)


def _outside_branches(call: Call) -> int:
    """Into how many outside calls at once the present attempt splits."""
    step = call.seek.decision.step if call.seek is not None else None
    return max(1, len(step.outside)) if isinstance(step, RingAll) else 1


def _new_leg(x: Exchange, call: Call, party: Party) -> Leg:
    leg = Leg(x.ids.number(), call.id, party, incoming=False, opened_ms=x.wall_ms())
    call.legs[leg.id] = leg
    return leg


def _invite(
    x: Exchange,
    call: Call,
    leg: Leg,
    now: float,
    *,
    uri: str,
    to: NameAddr,
    from_: NameAddr,
    destination: tuple[Destination, ...] | None,
    headers: Headers,
    route: tuple[str, ...] = (),
    credentials: Credentials | None = None,
    hop: str = "",
    patience_s: float = 0.0,
) -> bool:
    """Send the INVITE; False (with the seek told) when there is no media port for it."""
    occupancy.enter(x, leg)
    seek = call.seek
    if seek is None or not lease_port(x, call, leg, _host(hop or uri, destination)):
        leg.outcome, leg.cause, leg.status = "failed", NO_PORT.q850, NO_PORT.status
        over(x, call, leg)
        if seek is not None:
            seek.failures.append(NO_PORT)
        return False
    caller = call.anchor
    headers = [*headers, ("Max-Forwards", str(hops_left(caller)))]
    body = offer_for(x, leg, caller)
    leg.session = x.endpoint.invite(
        now,
        uri=uri,
        to=to,
        from_=from_,
        destination=destination,
        headers=headers,
        body=body,
        route=route,
        credentials=credentials,
        hop=hop,
        patience_s=patience_s or x.settings.device_patience_s,
        to_server=bool(leg.trunk_id),
        context=leg.owner,
    )
    leg.sip_call_id = leg.session.call_id
    x.legs[leg.id] = leg
    seek.legs.add(leg.id)
    x.journal.ringing(call, leg)
    x.emit(LegDialled, call, leg.id)
    return True


def _diversion_headers(x: Exchange, call: Call, domain: str, number: str = "") -> Headers:
    """Tell the target who forwarded the call here: Diversion (RFC 5806), last first, and History-Info (RFC 7044).

    ``number``: the one dialled outside, where a colleague is known by his outside number.
    """
    headers: Headers = []
    steps = [(_forwarder(x, call, diversion.by, bool(number)), diversion.reason) for diversion in call.diversion]
    for by, reason in reversed(steps):
        headers.append(("Diversion", f"<sip:{by}@{domain}>;reason={reason}"))
    if steps:
        target = call.target
        if call.service is not None:  # it is the service's until somebody answers
            target = number or call.diversion[-1].to
        for index, passed in enumerate((*(by for by, _ in steps), target)):
            place = ".".join(["1"] * (index + 1))
            headers.append(("History-Info", f"<sip:{passed}@{domain}>;index={place}"))
    return headers


def _forwarder(x: Exchange, call: Call, extension: str, outside: bool) -> str:
    index = x.directory.company(call.company_id) if outside else None
    if index is None:
        return extension
    user = index.users_by_extension.get(extension)
    if user is not None:
        return own_number(index, user, index.location_of(user)) or extension
    if extension in index.arrangements.extensions and call.situation is not None:
        return call.situation.own_number or extension
    return extension


def _domain(x: Exchange, call: Call) -> str:
    index = x.directory.company(call.company_id)
    return index.company.domain if index is not None else "localhost"


def _uri(user: str, host: str) -> Uri:
    return Uri("sip", user, host=host)


def _host(uri: str, destination: tuple[Destination, ...] | None) -> str:
    """The address the party is at, as far as it is known yet."""
    if not destination:
        host = parse_uri(uri).host
        return host if host[:1].isdigit() or ":" in host else ""
    first = destination[0]
    return first.remote_host if isinstance(first, Flow) else first.host
