"""A party calls us: who it is, what it may, where routing sends it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import structlog

from kiestoon.calls import bridging, custody, following, occupancy, replacing, seeking, topology
from kiestoon.calls.addresses import origin_of
from kiestoon.calls.call import Call, Failure
from kiestoon.calls.causes import CALLER_GONE, NO_PORT, NORMAL, from_status
from kiestoon.calls.events import CallOpened, LegOffered
from kiestoon.calls.leaving import leave
from kiestoon.calls.leg import Leg
from kiestoon.calls.leg_media import lease_port, offer_of
from kiestoon.calls.operations import consult, targets, transfer
from kiestoon.calls.party import Party
from kiestoon.calls.record import CallDirection, EndedBy
from kiestoon.calls.securing import srtp_policy
from kiestoon.company.model import resolved_encryption
from kiestoon.registrar import Challenge, DeviceCaller, Drop, RefuseCaller, TrunkCaller
from kiestoon.routing import DialOutside, Diversion, FromTrunk, route, see_outsider
from kiestoon.sdp.negotiate import BadSdp
from kiestoon.sip.flow import SECURE, WEB
from kiestoon.sip.headers import BadHeader, NameAddr, parse_name_addrs

if TYPE_CHECKING:
    from kiestoon.calls.exchange import Exchange
    from kiestoon.routing import Decision
    from kiestoon.sip.events import InviteReceived
    from kiestoon.sip.message import Request
    from kiestoon.sip.session import Session

log = structlog.get_logger("calls")

# Not 503: a phone told so may keep away from the exchange for a while (RFC 3261 §21.5.4), even from emergency calls.
TOO_MANY_CALLS = Failure("refused", 480, 17, "This phone has too many calls")
EXCHANGE_FULL = Failure("refused", 503, 42, "The exchange's limit of calls is reached")
COMPANY_FULL = Failure("refused", 503, 42, "The company's limit of calls is reached")
BAD_OFFER = Failure("failed", 400, 111, "Broken session description")
NO_FORMAT = Failure("failed", 488, 88, "No audio format in common")
NO_SUCH_COMPANY = Failure("refused", 404, 1, "Unallocated number")


def invite_received(x: Exchange, event: InviteReceived, now: float) -> Call | None:
    """Open a call for an authenticated caller; everyone else gets the doorkeeper's answer and leaves no trace."""
    verdict = x.doorkeeper.identify(event.request, event.flow, now)
    if isinstance(verdict, DeviceCaller):
        return _device_calls(x, event, verdict, now)
    if isinstance(verdict, TrunkCaller):
        return _trunk_calls(x, event, verdict, now)
    if isinstance(verdict, Challenge | RefuseCaller):
        event.session.reject(now, verdict.status, verdict.reason, headers=verdict.headers)
    elif isinstance(verdict, Drop):
        event.session.drop()
    return None


def _device_calls(x: Exchange, event: InviteReceived, caller: DeviceCaller, now: float) -> Call | None:
    device = caller.device
    index = x.directory.company(device.company_id)
    if index is None:
        event.session.reject(now, 403)
        return None
    user = index.user_of(device)
    dialled = _dialled(event)
    party = Party(
        "device",
        user.extension if user is not None else "",
        user.name if user is not None else device.name,
        user_id=user.id if user is not None else 0,
        device_id=device.id,
    )
    call, leg = _open(x, event, device.company_id, party, dialled, "internal", now)
    leg.dtmf = device.dtmf
    leg.encryption = resolved_encryption(device)
    if event.replaces is not None:
        _replace(x, call, leg, event.replaces, now)
        return call
    inhibited = targets.holds_at(x, device.id) and targets.inhibits_attended(x, device.company_id, party.user_id)
    decision = route(x.directory, origin_of(x, call, leg), dialled, live=x.present, inhibited=inhibited)
    if isinstance(decision.step, DialOutside):
        call.direction = "out"
        call.emergency = decision.step.emergency
    _proceed(x, call, leg, decision, now)
    return call


def _replace(x: Exchange, call: Call, leg: Leg, named: Session, now: float) -> None:
    """The caller wants the place of somebody in a dialog (RFC 3891)."""
    failure = _obstacle(x, call, leg) or replacing.replace(x, call, leg, named, now)
    if failure is not None:
        custody.end_with(x, call, failure, now)


def _trunk_calls(x: Exchange, event: InviteReceived, caller: TrunkCaller, now: float) -> Call:
    dialled = caller.called
    diverted = tuple(
        Diversion(address.uri.user, "", "unconditional") for address in _addresses(event.request, "Diversion")
    )
    trusted = all(line.trusted for line in caller.trunks)
    party = _outside_party(event, caller.trunks[0].id, trusted=trusted)
    seen = see_outsider(party.number, withheld=party.withheld, country=_country(x, caller))
    decision = route(
        x.directory, FromTrunk(caller.trunks), dialled, live=x.present, caller=seen, diverted=len(diverted)
    )
    trunk = next((line for line in caller.trunks if line.id == decision.trunk_id), caller.trunks[0])
    party = msgspec.structs.replace(party, trunk_id=trunk.id)
    call, leg = _open(x, event, decision.company_id, party, dialled, "in", now)
    leg.encryption = trunk.srtp
    call.diversion = diverted
    x.lines.entered(trunk.id)
    _proceed(x, call, leg, decision, now)
    return call


def _open(
    x: Exchange,
    event: InviteReceived,
    company_id: int,
    party: Party,
    dialled: str,
    direction: CallDirection,
    now: float,
) -> tuple[Call, Leg]:
    wall_ms = x.wall_ms()
    call = Call(x.ids.call(wall_ms), company_id, dialled=dialled, direction=direction, opened_ms=wall_ms)
    leg = Leg(x.ids.number(), call.id, party, incoming=True, opened_ms=wall_ms)
    leg.session = event.session
    leg.sip_call_id = event.session.call_id
    leg.secure = event.flow.transport in SECURE
    leg.webrtc = event.flow.transport in WEB
    leg.offered_body = event.session.remote_body
    event.session.context = leg.owner
    event.session.trying(now)
    call.caller = call.first = leg.id
    call.legs[leg.id] = leg
    x.calls[call.id] = call
    x.company_calls[company_id] = x.company_calls.get(company_id, 0) + 1
    x.legs[leg.id] = leg
    occupancy.enter(x, leg)
    x.journal.opened(call)
    x.count("calls_opened")
    x.emit(CallOpened, call)
    x.emit(LegOffered, call, leg.id)
    return call, leg


def _proceed(x: Exchange, call: Call, leg: Leg, decision: Decision, now: float) -> None:
    """Limits, media, then the step routing decided on."""
    call.reasons.extend(decision.reasons)
    failure = _obstacle(x, call, leg)
    if failure is not None:
        custody.end_with(x, call, failure, now)
        return
    following.follow(x, call, decision, now)


def _obstacle(x: Exchange, call: Call, leg: Leg) -> Failure | None:
    """What stands in the way of any call, emergency calls excepted where it is a mere limit (RTE-23)."""
    index = x.directory.company(call.company_id)
    if index is None:
        return NO_SUCH_COMPANY
    if not call.emergency:
        device = x.directory.device_by_id(leg.device_id) if leg.device_id else None
        if device is not None and occupancy.calls_at(x, device.id) > device.call_limit:
            return TOO_MANY_CALLS
        if x.settings.max_calls and len(x.calls) > x.settings.max_calls:
            return EXCHANGE_FULL
        limit = index.company.max_calls
        if limit and x.company_calls.get(call.company_id, 0) > limit:
            return COMPANY_FULL
    if leg.offered_body:
        try:
            if not offer_of(leg).fits(srtp_policy(leg)):
                return NO_FORMAT
        except BadSdp:
            return BAD_OFFER
    if not lease_port(x, call, leg, leg.session.flow.remote_host if leg.session and leg.session.flow else ""):
        return NO_PORT
    return None


def caller_left(x: Exchange, call: Call, leg: Leg, now: float) -> None:
    """The caller is gone and was in no bridge: stop ringing everywhere, leave the service."""
    call.by = call.by or "caller"
    if call.outcome is None:
        call.outcome = "cancelled"
        call.failure = call.failure or CALLER_GONE
    consult.party_gone(x, call, now)
    custody.let_go(x, call)
    for other in call.live_legs():
        leave(x, call, other, now)


def party_left(x: Exchange, call: Call, leg: Leg, now: float, failure: Failure = NORMAL, by: EndedBy = "") -> None:
    """An answered leg is over, by its party's doing or because it was lost: the others learn of it."""
    call.by = call.by or by
    if leg.id in x.held and consult.hung_up(x, call, leg, now):
        return
    if leg.id in call.onlookers:
        del call.onlookers[leg.id]
        topology.arrange(call)
    elif call.bridge is not None and leg.id in call.bridge:
        if transfer.came_to_nothing(x, call, leg, now):
            return
        bridging.dissolve(x, call, leg, now, failure)
    elif leg.id == call.caller:
        caller_left(x, call, leg, now)
    else:
        seeking.leg_failed(x, call, leg, from_status(480, "The called party hung up", outside=bool(leg.trunk_id)), now)
        x.journal.changed(call)  # it has the answered leg


def _dialled(event: InviteReceived) -> str:
    target = event.request.target
    return str(target) if target.scheme == "urn" else target.user


def _country(x: Exchange, caller: TrunkCaller) -> str:
    """Whose numbering plan the caller's number is in: the line's company's; shared lines send international numbers."""
    company_id = caller.trunks[0].company_id
    index = x.directory.company(company_id) if company_id is not None else None
    return index.company.country if index is not None else next((other.company.country for other in x.directory), "NL")


def _outside_party(event: InviteReceived, trunk_id: int, *, trusted: bool) -> Party:
    """The caller as the line presents it: asserted identity from trusted peers, else From (RFC 3325 §5)."""
    request = event.request
    address = request.from_
    if trusted:
        asserted = _addresses(request, "P-Asserted-Identity")
        if asserted:
            address = asserted[0]
    # Whoever asks for privacy gets it, believed or not (RFC 3323 §4.2, RFC 3325 §9.3).
    wishes = {wish.strip().lower() for value in request.all("Privacy") for wish in value.split(";")}
    withheld = bool(wishes & {"id", "user", "header"})
    number = address.uri.user
    if address.uri.host == "anonymous.invalid" or number.lower() == "anonymous":
        return Party("trunk", "", "", withheld=True, trunk_id=trunk_id)
    return Party("trunk", number, address.display, withheld=withheld, trunk_id=trunk_id)


def _addresses(request: Request, header: str) -> list[NameAddr]:
    """The addresses in a header; a broken one counts as absent."""
    try:
        return [address for value in request.all(header) for address in parse_name_addrs(value)]
    except BadHeader:
        return []
