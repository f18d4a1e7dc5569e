"""What rings for a person: the phones, the numbers that ring along with them, and those after them (V 9.1-9.3).

Numbers that ring along are one step far: a colleague's phones ring, whatever that colleague has arranged, unless he
does not want to be disturbed. The call stays with the person it is for, whose forwardings decide what follows.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import msgspec

from kiestoon.company.model import Device, RingNumber, SequentialRinging, SimultaneousRinging, User
from kiestoon.company.numbers import clean_dialled
from kiestoon.routing import reach
from kiestoon.routing.at_rest import wants_no_calls
from kiestoon.routing.context import SHOWN, Route, meant
from kiestoon.routing.decision import DialOutside, RingAll, RingUser, Search
from kiestoon.routing.outward import area_of, branch_out, own_number_meant
from kiestoon.routing.selecting import decided

RING_S: Final = 5
"""One ring: a second of tone and four of silence, the cadence of the Dutch network."""


class Others(NamedTuple):
    """Who rings besides a person's own phones."""

    people: tuple[RingUser, ...] = ()
    outside: tuple[DialOutside, ...] = ()


NOBODY = Others()


def wants_peace(route: Route, user: User) -> bool:
    """Do not disturb, as a service or as the status of the moment."""
    return wants_no_calls(route.index, user, route.live.now_ms)


def phones(route: Route, user: User) -> tuple[Device, ...]:
    """The phones that ring for calls to others' numbers: what the person has chosen by hand counts, the matrix does
    not."""
    devices = route.index.devices_of(user.id)
    kinds = reach.ringing_kinds(route, user, None)
    return devices if kinds is None else tuple(device for device in devices if device.kind in kinds)


def remote_office(route: Route, user: User) -> DialOutside | None:
    """The telephone outside that is the person's now (V 9.5); None: there is none, or it cannot be called."""
    row = route.index.arrangements.ringing.remote.get(user.id)
    step = branch_out(route, row.number, user) if row is not None else None
    if row is None or not isinstance(step, DialOutside) or step.number == route.situation.caller.number:
        return None
    route.because("remote_office", name=user.name, number=row.number)
    if row.confirm:
        route.because("confirms", number=row.number)
    return msgspec.structs.replace(step, confirm=row.confirm, user_id=user.id)


def own_phones(route: Route, user: User, ring_s: int, alert: int = 0) -> RingUser | RingAll:
    """Ring the person himself, whatever is arranged for calls to him: at his phones, or the one that is his now."""
    office = remote_office(route, user)
    if office is not None:
        return RingAll((), (office,), ring_s, personal=True)
    return RingUser(user, route.index.devices_of(user.id), ring_s, alert=alert)


def own_mobile(route: Route, user: User, ring_s: int) -> RingAll | None:
    """Ring the person's mobile in place of the phones (U 5.4.9); None: there is none, or it cannot be called.

    It presses 1 before the other party is called: somebody's voicemail is no caller.
    """
    step = branch_out(route, user.mobile_number, user) if user.mobile_number else None
    if not isinstance(step, DialOutside):
        return None
    route.because("mobile", name=user.name, number=user.mobile_number)
    return RingAll((), (msgspec.structs.replace(step, user_id=user.id, confirm=True),), ring_s, personal=True)


def along(route: Route, user: User) -> Others:
    """The numbers that ring along with the person's phones, if they do so for this call now."""
    row = route.index.arrangements.ringing.simultaneous.get(user.id)
    if row is None or not _is_on(route, user, row):
        return NOBODY
    people: dict[int, RingUser] = {}
    outside: dict[str, DialOutside] = {}
    for number in route.index.arrangements.ringing.numbers(user.id, "simultaneous"):
        step = reached_at(route, user, number)
        if step is None:
            continue
        route.because("rings_along", name=user.name, number=number_shown(user, number))
        tell_confirmation(route, user, number)
        if isinstance(step, RingUser):
            people.setdefault(step.user.id, step)
        else:
            outside.setdefault(step.number, step)
    return Others(tuple(people.values()), tuple(outside.values()))


def _is_on(route: Route, user: User, row: SimultaneousRinging) -> bool:
    """By the rules, where there are any, and by whether the person is in a call (V 9.2.2)."""
    rules = route.index.arrangements.rules_of(user.extension, "simultaneous_ringing")
    if rules and decided(route, rules) is None:
        return False
    if row.ring_when == "always":
        return True
    return route.live.is_busy(user.company_id, user.id) == (row.ring_when == "busy")


def searches(route: Route, user: User) -> SequentialRinging | None:
    """How a person is looked for when nobody answers, if at all for this call: only where a rule says so (V 9.3)."""
    row = route.index.arrangements.ringing.sequential.get(user.id)
    if row is None or route.situation.inhibited:
        return None
    rules = route.index.arrangements.rules_of(user.extension, "sequential_ringing")
    return row if decided(route, rules) is not None else None


def search(route: Route, user: User, row: SequentialRinging) -> Search | None:
    """Ring the person's numbers one after the other; None: there is none that can be rung."""
    attempts: list[RingAll] = []
    for number in route.index.arrangements.ringing.numbers(user.id, "sequential"):
        step = reached_at(route, user, number)
        if step is None:
            continue
        route.because("rings_after", name=user.name, number=number_shown(user, number))
        tell_confirmation(route, user, number)
        people = (step,) if isinstance(step, RingUser) else ()
        outside = (step,) if isinstance(step, DialOutside) else ()
        attempts.append(RingAll(people, outside, number.rings * RING_S, personal=True))
    if not attempts:
        return None
    route.now(tried="search")
    return Search(user, tuple(attempts), row.caller_may_stop)


def number_shown(user: User, number: RingNumber) -> str:
    """The number as reasons tell it."""
    return meant(user, number.to).target[:SHOWN]


def tell_confirmation(route: Route, user: User, number: RingNumber) -> None:
    """Keep that whoever answers has to confirm."""
    if number.confirm:
        route.because("confirms", number=number_shown(user, number))


def reached_at(route: Route, user: User, number: RingNumber) -> RingUser | DialOutside | None:
    """What rings at one of a person's numbers; None: nothing can, or should."""
    to = meant(user, number.to)
    if to.kind not in ("extension", "number"):
        return None
    target = _colleague(route, user, to.target)
    if target is None and to.kind == "extension":
        return None  # a group, a menu: it would take the call by itself
    if target is user or (target is not None and target.id == route.situation.caller.user_id):
        return None
    if target is not None:
        devices = phones(route, target)
        if not devices or wants_peace(route, target):
            return None
        return RingUser(target, devices, 0, target.call_waiting, confirm=number.confirm)
    dialled = branch_out(route, to.target, user)
    if not isinstance(dialled, DialOutside) or dialled.number == route.situation.caller.number:
        return None
    own = user.id if number.to.kind in ("mobile", "external") else 0
    return msgspec.structs.replace(dialled, confirm=number.confirm, user_id=own)


def _colleague(route: Route, user: User, target: str) -> User | None:
    """The colleague whose extension or own outside number is meant."""
    cleaned = clean_dialled(target)
    found = route.person(cleaned)
    if found is None and cleaned not in route.index.arrangements.extensions:
        own = own_number_meant(route, cleaned, area_of(route, user))
        found = route.person(own.extension) if own is not None and own.extension else None
    return found
