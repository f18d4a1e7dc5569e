"""A call for one person: who may call, what is forwarded, what rings (V 27.3, V 7, E 10).

The order is fixed: selective acceptance, selective rejection (and the person's block list), anonymous rejection, the
location's forwarding, then the person's own: always, selective, do not disturb, presence, the REACH matrix; and when
that let the call through but nobody answered: REACH's and the person's busy, no answer, unreachable. A number wins over
voicemail for the same case (V 7.1). The presence "do not disturb" is handled as busy unless a forwarding is set for it.
"""

from __future__ import annotations

from typing import Final, TypeAlias

from kiestoon.company.model import (
    NOWHERE,
    Destination,
    Device,
    Forward,
    ForwardCase,
    Location,
    PresenceStatus,
    SequentialRinging,
    User,
    Virtual,
)
from kiestoon.company.numbers import clean_dialled
from kiestoon.routing import reach
from kiestoon.routing.assisting import assistants
from kiestoon.routing.at_rest import status_at
from kiestoon.routing.context import Divert, Route, meant, refuse
from kiestoon.routing.decision import DialOutside, RingAll, RingUser, Search, Step
from kiestoon.routing.matching import fits_any
from kiestoon.routing.outward import area_of, area_of_location, mobile_of, own_number_meant, read_dialled
from kiestoon.routing.ringing import RING_S, along, remote_office, search, searches, wants_peace
from kiestoon.routing.selecting import decided
from kiestoon.routing.situation import DivertReason, Outcome

REASONS: Final[dict[ForwardCase, DivertReason]] = {
    "always": "unconditional",
    "selective": "unconditional",
    "busy": "user-busy",
    "no_answer": "no-answer",
    "unreachable": "unavailable",
}
"""What a Diversion header says of each case (RFC 5806 §4)."""
Owner: TypeAlias = User | Virtual
"""Who has services of its own: people, and extensions that act like people (V 18.5)."""


def enter(route: Route, user: User) -> Step | Divert:
    """What happens to a call for this person."""
    route.because("extension", extension=user.extension, name=user.name)
    route.now(shown="")  # what whoever sent the call here chose was for lines of their own (E 4.10, E 10.2)
    for rule in _ORDER:
        result = rule(route, user)
        if result is not None:
            return result
    return ring(route, user)


# --- who may call ----------------------------------------------------------------------------------------------------


def _selective_acceptance(route: Route, owner: Owner) -> Step | None:
    rules = route.index.arrangements.rules_of(owner.extension, "selective_accept")
    if not rules or decided(route, rules) is not None:
        return None
    route.because("not_accepted", name=owner.name)
    return refuse(403, 21, "Call Rejected", "call-rejected")


def _selective_rejection(route: Route, owner: Owner) -> Step | None:
    rules = route.index.arrangements.rules_of(owner.extension, "selective_reject")
    rule = decided(route, rules) if rules else None
    if rule is not None:
        route.because("rejected_by_rule", name=owner.name, rule=rule.name)
    elif isinstance(owner, User) and owner.blocklist and fits_any(owner.blocklist, route.situation.caller):
        route.because("on_blocklist", name=owner.name)
    else:
        return None
    return refuse(403, 21, "Call Rejected", "call-rejected")


def _anonymous_rejection(route: Route, user: User) -> Step | None:
    """Numbers hidden on purpose; not those merely unavailable, and no colleagues (V 7.3)."""
    if not user.reject_anonymous or route.situation.caller.kind != "private":
        return None
    route.because("anonymous_rejected", name=user.name)
    return refuse(433, 21, "Anonymity Disallowed", "anonymous-rejected")  # RFC 5079


# --- forwarding ------------------------------------------------------------------------------------------------------


def _location_forward(route: Route, user: User) -> Divert | None:
    location = route.location_of(user)
    if location is None or location.forward == "off" or not user.follows_location_forward:
        return None
    to = location.forward_to
    if location.forward == "automatic":
        rules = route.index.arrangements.location_rules.get(location.id, ())
        rule = decided(route, tuple(row for row in rules if row.service == "location_forward"))
        if rule is None:
            return None
        to = rule.to or to
    to = _completed(route, to, location)
    if not to or _is_own(route, to, user):
        return None
    route.because("location_forward", name=location.name, number=to.target)
    return Divert(to, "unconditional")


def _completed(route: Route, to: Destination, location: Location) -> Destination:
    """A local number among the location's settings is one of its own area, wherever the person is."""
    if to.kind != "number":
        return to
    read = read_dialled(route.index.company, clean_dialled(to.target), area_of_location(route.index, location))
    return Destination("number", read.number) if read is not None and read.completed else to


def _is_own(route: Route, to: Destination, user: User) -> bool:
    """The location's calls may be sent to one of its own people: that person must still be reached."""
    if to.kind not in ("extension", "number"):
        return False
    target = clean_dialled(to.target)
    if route.person(target) is user:
        return True
    own = own_number_meant(route, target, area_of(route, user)) if to.kind == "number" else None
    return own is not None and own in route.index.numbers_by_extension.get(user.extension, ())


def _always(route: Route, owner: Owner) -> Divert | None:
    return forward_for(route, owner.extension, "always")


def _selective(route: Route, owner: Owner) -> Divert | None:
    """The service's own destination unless the rule names another (V 7.1.5)."""
    row = _forward_row(route, owner.extension, "selective")
    if row is None:
        return None
    rule = decided(route, route.index.arrangements.rules_of(owner.extension, "selective_forward"))
    if rule is None:
        return None
    forwarder = route.person(owner.extension)
    to = meant(forwarder, rule.to) or _target(route, row)
    if not to:
        return None
    route.because("selective_forward", name=owner.name, rule=rule.name, number=to.target)
    if row.ring_reminder and forwarder is not None:
        route.splash(forwarder)
    return Divert(to, "unconditional")


def _do_not_disturb(route: Route, user: User) -> Step | Divert | None:
    """As if busy (V 7.2)."""
    if not wants_peace(route, user):
        return None
    if not user.do_not_disturb and _status_forward(route, user):
        return None
    route.because("do_not_disturb", name=user.name)
    if user.do_not_disturb_reminder:
        route.splash(user)
    diverted = after(route, user, "busy")
    return diverted if diverted is not None else refuse(486, 17, "Do not disturb")


def status_of(route: Route, user: User) -> PresenceStatus:
    """What the person has set, "office" otherwise and when it has run out (U 4.1)."""
    return status_at(route.index, user, route.live.now_ms)


def _status_forward(route: Route, user: User) -> Destination:
    row = route.index.arrangements.status_forwards.get((user.id, status_of(route, user)))
    return meant(user, row.to) if row is not None else NOWHERE


def _presence(route: Route, user: User) -> Divert | None:
    to = _status_forward(route, user)
    if not to:
        return None
    route.because("status_forward", name=user.name, status=status_of(route, user), number=to.target)
    return Divert(to, "unconditional")


def _reach(route: Route, user: User) -> Divert | None:
    """Forwarding everything, or as busy while the situation of the moment says so (E 10.2, E 10.4)."""
    profile = reach.profile_for(route, user)
    if profile is not None and profile.forward_always:
        return _by_reach(route, user, profile, profile.forward_always, "unconditional")
    busy = reach.says_busy(route.index, user, route.live.now_ms)
    return after(route, user, "busy") if busy else None


def _by_reach(route: Route, user: User, profile: reach.Profile, to: Destination, reason: DivertReason) -> Divert:
    route.because("reach_forward", name=user.name, profile=profile.name, number=to.target)
    reach.choose_shown(route, user, profile)
    return Divert(to, reason)


_ORDER: Final = (
    _selective_acceptance,
    _selective_rejection,
    _anonymous_rejection,
    _location_forward,
    _always,
    _selective,
    _do_not_disturb,
    _presence,
    _reach,
)


def enter_virtual(route: Route, owner: Virtual) -> Step | Divert | None:
    """The services a menu, group or hunt group can be given (V 18.5); None: it does what it is there for."""
    for rule in (_selective_acceptance, _selective_rejection, _always, _selective):
        result: Step | Divert | None = rule(route, owner)
        if result is not None:
            return result
    return None


def sends_on(route: Route, user: User) -> Divert | None:
    """The person's own forwarding of calls as they come in, for groups that respect it (E 4.2)."""
    return _always(route, user) or _selective(route, user) or _presence(route, user) or _reach(route, user)


def forward_for(route: Route, extension: str, case: ForwardCase) -> Divert | None:
    """The extension's own forwarding for a case, to the number that was called if it has one of its own."""
    row = _forward_row(route, extension, case)
    to = _target(route, row) if row is not None else NOWHERE
    if row is None or not to:
        return None
    # Who was rung, or is in a call, needs no reminder: only calls that all go elsewhere have one (V 7.1.1, V 7.1.5).
    forwarder = route.person(extension) if row.ring_reminder and case == "always" else None
    if forwarder is not None:
        route.splash(forwarder)
    route.because(f"forward_{case}", extension=extension, number=to.target)
    return Divert(to, REASONS[case])


def _forward_row(route: Route, extension: str, case: ForwardCase) -> Forward | None:
    forwards = route.index.arrangements.forwards.get(extension)
    if forwards is None:
        return None
    rows = [row for row in forwards if row.case == case]
    called = route.situation.own_number
    chosen = next((row for row in rows if row.own_number and row.own_number == called), None)
    return chosen or next((row for row in rows if not row.own_number), None)


def _target(route: Route, row: Forward) -> Destination:
    """A number wins over voicemail (V 7.1)."""
    to = meant(route.person(row.extension), row.to)
    if to:
        return to
    return Destination("voicemail") if row.voicemail else NOWHERE


# --- ringing ---------------------------------------------------------------------------------------------------------


def ring(route: Route, user: User) -> Step:
    """Ring the assistants, else what the person's profile of the moment lets ring; or look elsewhere at once."""
    profile = reach.profile_for(route, user)
    if user.id in route.index.arrangements.ringing.assistants:
        offered = assistants(route, user, profile, ring_seconds(route, user, profile))
        if offered is not None:
            return offered
    sequence = searches(route, user)
    if sequence is not None and not sequence.base_first:
        elsewhere = _search(route, user, sequence, busy=route.live.is_busy(user.company_id, user.id))
        if elsewhere is not None:
            return elsewhere
    ring_s = sequence.base_rings * RING_S if sequence is not None else ring_seconds(route, user, profile)
    office = remote_office(route, user)
    devices: tuple[Device, ...] = ()
    mobile = None
    if office is None:
        devices, mobile = _own(route, user, profile)
    others = along(route, user)
    outside = others.outside
    if office is not None:
        outside = (office, *(other for other in outside if other.number != office.number))
    elif mobile is not None and all(other.number != mobile.number for other in outside):
        outside = (mobile, *outside)  # else as the list has it, with or without confirmation
    own = RingUser(user, devices, ring_s, user.call_waiting, route.situation.alert)
    if others.people or outside:
        return RingAll(((own,) if office is None else ()) + others.people, outside, ring_s, personal=True)
    if not devices:
        route.because("no_devices", name=user.name)
    return own


def _own(route: Route, user: User, profile: reach.Profile | None) -> tuple[tuple[Device, ...], DialOutside | None]:
    """The person's phones, and mobile, that the profile lets ring; never the one the call comes from."""
    devices = route.index.devices_of(user.id)
    if route.device is not None and route.device.user_id == user.id:
        devices = tuple(other for other in devices if other.id != route.device.id)
    kinds = reach.ringing_kinds(route, user, profile)
    if kinds is None:
        return devices, None
    devices = tuple(device for device in devices if device.kind in kinds)
    if "mobile" not in kinds or not user.mobile_number:
        return devices, None
    if profile is not None:
        reach.choose_shown(route, user, profile)
    return devices, mobile_of(route, user)


def ring_seconds(route: Route, user: User, profile: reach.Profile | None) -> int:
    """How long to ring: until the forwarding for no answer, or as long as the person wants."""
    if profile is not None and profile.forward_no_answer and profile.no_answer_s:
        return profile.no_answer_s
    row = _forward_row(route, user.extension, "no_answer")
    if row is not None and _target(route, row):
        return row.rings * RING_S
    return user.ring_s


def aftermath(route: Route, user: User, outcome: Outcome) -> Step | Divert | None:
    """The person's phones did not take the call: look for the person elsewhere, once, then forward (V 9.3).

    Whoever declined is not looked for. After a search it counts that nobody answered, whatever came before.
    """
    tried = route.situation.tried
    sequence = searches(route, user) if not tried and outcome != "rejected" else None
    if sequence is not None:
        elsewhere = _search(route, user, sequence, busy=outcome == "busy")
        if elsewhere is not None:
            return elsewhere
    return after(route, user, "no_answer" if tried == "search" else outcome)


def _search(route: Route, user: User, sequence: SequentialRinging, *, busy: bool) -> Search | None:
    if busy and not sequence.continue_if_busy:
        route.because("search_not_when_busy", name=user.name)
        return None
    return search(route, user, sequence)


def after(route: Route, user: User, outcome: Outcome) -> Divert | None:
    """Busy, no answer, unreachable: REACH first, then the person's own."""
    profile = reach.profile_for(route, user)
    if profile is not None:
        to = profile.forward_no_answer if outcome == "no_answer" else profile.forward_busy
        if to and outcome != "unreachable":
            return _by_reach(route, user, profile, to, "no-answer" if outcome == "no_answer" else "user-busy")
    case: ForwardCase = "busy" if outcome == "rejected" else outcome
    return forward_for(route, user.extension, case)
