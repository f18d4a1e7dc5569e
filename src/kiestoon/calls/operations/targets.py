"""Where an operation sends a party: routing on behalf of whoever dials, and whether anybody is there."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

from kiestoon.calls import occupancy
from kiestoon.calls.addresses import origin_of
from kiestoon.calls.call import Call, Failure
from kiestoon.calls.causes import BUSY, UNREACHABLE
from kiestoon.calls.leg import Leg
from kiestoon.routing import (
    CallerSeen,
    Decision,
    DialOutside,
    FromDevice,
    FromUser,
    Refuse,
    RingAll,
    RingUser,
    Search,
    proceed,
    route,
    see_outsider,
)
from kiestoon.routing import Outcome as RouteOutcome

if TYPE_CHECKING:
    from kiestoon.calls.exchange import Exchange
    from kiestoon.calls.party import Party

Way: TypeAlias = "Callable[[Exchange, Call, Leg, Leg, str, float], Failure | None]"
"""Sends the party (second leg) of whoever (first leg) transfers to a feature code there: parking, voicemail."""
_MOST_TRIES = 20


def find_way(x: Exchange, feature: str) -> Way | None:
    """What a blind transfer to a feature code does; None: it cannot be a target."""
    return x.ways.get(feature)


def route_for(x: Exchange, call: Call, by: Leg, party: Leg, target: str, *, inhibited: bool = False) -> Decision:
    """Where ``target`` leads when ``by`` dials it for ``party``: his rights, the party's identity."""
    origin = origin_of(x, call, by)
    return route(x.directory, origin, target, live=x.present, caller=seen(x, call, party.party), inhibited=inhibited)


def route_again(x: Exchange, call: Call, by: Party, party: Leg, target: str, *, inhibited: bool = False) -> Decision:
    """The same for somebody who dialled a while ago, or on a screen: from where does not matter any more."""
    device = x.directory.device_by_id(by.device_id) if by.device_id else None
    origin = FromDevice(device) if device is not None else FromUser(call.company_id, by.user_id)
    return route(x.directory, origin, target, live=x.present, caller=seen(x, call, party.party), inhibited=inhibited)


def seen_as(leg: Leg, person: Party) -> Party | None:
    """How others are shown a person who speaks at ``leg``: as himself, also at a telephone outside that is his now;
    None: as the leg has it."""
    return None if leg.device_id else person


def seen(x: Exchange, call: Call, party: Party) -> CallerSeen:
    """A party as rules see it (RTE-7)."""
    index = x.directory.company(call.company_id)
    person = index.users.get(party.user_id) if index is not None and party.kind == "trunk" else None
    if person is not None:
        return CallerSeen("internal", person.extension, (person.extension,), person.id, "", person.name)
    if call.situation is not None and party.kind == "trunk" and call.situation.caller.kind != "internal":
        return call.situation.caller
    country = index.company.country if index is not None else "NL"
    if party.kind == "trunk":
        return see_outsider(party.number, withheld=party.withheld, country=country)
    return CallerSeen("internal", party.number, (party.number,), party.user_id, "", party.name)


def inhibits_attended(x: Exchange, company_id: int, user_id: int) -> bool:
    """Whether whom this person asks, with somebody on hold, may not send the call elsewhere (V 7.5)."""
    index = x.directory.company(company_id)
    options = index.arrangements.handling.transfer_options(user_id) if index is not None else None
    return options is not None and options.inhibit_attended


def holds_at(x: Exchange, device_id: int) -> bool:
    """Whether this phone has somebody on hold: whom it calls now is asked."""
    places = x.device_calls.get(device_id, ())
    calls = (x.calls.get(place.partition(" ")[0]) for place in places)
    return any(
        call.legs[leg_id].device_id == device_id and call.legs[leg_id].held
        for call in calls
        if call is not None
        for leg_id in call.bridge or ()
    )


def no_prospects(x: Exchange, decision: Decision, party: Leg) -> Failure | None:
    """Why nobody and nothing can be reached by this route now; None: somebody or something can be."""
    following: Decision | None = decision
    outcome: RouteOutcome | None = None
    for _ in range(_MOST_TRIES):
        if following is None or isinstance(following.step, Refuse):
            break
        outcome = _hopeless(x, following, party)
        if outcome is None:
            return None
        if following.situation is None:
            break
        following = proceed(x.directory, following.situation, outcome, live=x.present)
    return BUSY if outcome == "busy" else UNREACHABLE


def _hopeless(x: Exchange, decision: Decision, party: Leg) -> RouteOutcome | None:
    step = decision.step
    if isinstance(step, RingUser):
        return _cannot_ring(x, step)
    if isinstance(step, RingAll):
        outcomes = [_cannot_ring(x, person) for person in step.people]
        if step.outside or any(outcome is None for outcome in outcomes):
            return None
        return "busy" if "busy" in outcomes else "unreachable"
    if isinstance(step, Search):
        tried = [_hopeless(x, Decision(attempt, ()), party) for attempt in step.attempts]
        return None if None in tried else "unreachable"
    if isinstance(step, DialOutside):
        return None if step.trunks else "unreachable"
    return None


def leads_to(user_id: int, decision: Decision) -> bool:
    """Whether it is this person's own number."""
    step = decision.step
    people = step.people if isinstance(step, RingAll) and step.personal else ()
    return any(person.user.id == user_id for person in ((step,) if isinstance(step, RingUser) else people))


def camps_on(x: Exchange, call: Call, by: Leg, decision: Decision) -> bool:
    """Whether a call transferred to a busy colleague waits for him, because the transferor wants so (V 7.5)."""
    index = x.directory.company(call.company_id)
    options = index.arrangements.handling.transfer_options(by.party.user_id) if index is not None else None
    step = decision.step
    return options is not None and options.camp_on and isinstance(step, RingUser) and _cannot_ring(x, step) == "busy"


def _cannot_ring(x: Exchange, step: RingUser) -> RouteOutcome | None:
    """The outcome ``seeking.ring_user`` would meet at once; None: a phone rings."""
    if not step.waiting and any(device.id in x.device_calls for device in step.devices):
        return "busy"
    outcome: RouteOutcome = "unreachable"
    for device in step.devices:
        if occupancy.calls_at(x, device.id) >= device.call_limit:
            outcome = "busy"
        elif x.registrar.bindings_of(device.id):
            return None
    return outcome
