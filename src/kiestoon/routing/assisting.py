"""A manager's calls at the assistants (E 6.2): each is rung where she works now, as for a group's call."""

from __future__ import annotations

from typing import Final

from kiestoon.company.model import User
from kiestoon.routing import reach
from kiestoon.routing.context import Route
from kiestoon.routing.decision import DialOutside, RingAll, RingUser
from kiestoon.routing.members import Terms, is_there, rung_for
from kiestoon.routing.ringing import wants_peace

TERMS: Final = Terms(waiting=None)
"""Calls that come while she speaks are as she has it; whether who answers outside confirms is, too (V 9.5)."""


def assistants(route: Route, user: User, profile: reach.Profile | None, ring_s: int) -> RingAll | None:
    """Offer the call to the person's assistants; None: there are none for this call, or none is there.

    Calls that an assistant makes or transfers reach the person: they must not come back to the assistants.
    """
    ringing = route.index.arrangements.ringing
    row = ringing.assistants.get(user.id)
    chosen = profile.assistants if profile is not None else None
    if row is None or not (row.active if chosen is None else chosen):
        return None
    group = [found for member in ringing.members(row.group_id) if (found := route.person(member)) is not None]
    if any(found.id in (route.situation.by, route.situation.caller.user_id) for found in group):
        route.because("by_an_assistant", name=user.name)
        return None
    people: list[RingUser] = []
    outside: dict[str, DialOutside] = {}
    names: list[str] = []
    for found in group:
        rung = rung_for(route, found, TERMS) if found is not user and _can_take(route, found) else None
        if rung is not None and (rung.outside or any(person.devices for person in rung.people)):
            names.append(found.name)
            people += (person for person in rung.people if person.devices)
            outside |= {dial.number: dial for dial in rung.outside if dial.number not in outside}
    if not names:
        route.because("no_assistant", name=user.name)
        return None
    route.because("assistants", name=user.name, names=", ".join(names))
    route.now(tried="assistants")
    route.announce(user.name)
    return RingAll(tuple(people), tuple(outside.values()), ring_s, told=user.id)


def _can_take(route: Route, user: User) -> bool:
    return not wants_peace(route, user) and is_there(route, user)
