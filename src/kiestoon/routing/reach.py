"""The REACH matrix: who calls × what the person's situation is → how the call is treated (E 10.1-10.5)."""

from __future__ import annotations

from typing import Final

import msgspec

from kiestoon.company.arrangements import Reach
from kiestoon.company.directory import CompanyIndex
from kiestoon.company.model import CallClass, Destination, DeviceKind, ReachProfile, ReachStatus, User
from kiestoon.company.profiles import WITH_MOBILE
from kiestoon.routing.context import Route, meant
from kiestoon.routing.matching import fits_any
from kiestoon.routing.situation import CallerSeen

_EVERY_KIND: Final[tuple[DeviceKind, ...]] = ("fixed", "mobile", "web")


class Profile(msgspec.Struct, frozen=True):
    """A profile with what it inherits filled in."""

    name: str
    caller_number: str
    forward_always: Destination | None
    forward_busy: Destination | None
    forward_no_answer: Destination | None
    no_answer_s: int
    forwarded_caller_id: str
    devices: tuple[DeviceKind, ...] | None
    assistants: bool | None


def profile_for(route: Route, user: User) -> Profile | None:
    """The profile that the matrix gives this caller now; None for a person without profiles."""
    return profile_of(route.index, user, route.situation.caller, route.live.now_ms)


def profile_of(index: CompanyIndex, user: User, other: CallerSeen, now_ms: int) -> Profile | None:
    """The profile for a call from or to ``other`` at this moment (wall clock)."""
    matrix = index.arrangements.reaches.get(user.id)
    if matrix is None:
        return None
    status = status_now(index, user, matrix, now_ms)
    group = class_of(matrix, other)
    status_id = status.id if status is not None else None
    class_id = group.id if group is not None else None
    cells = matrix.cells
    chosen = (
        cells.get((status_id, class_id))
        or cells.get((None, class_id) if class_id is not None else (status_id, None))
        or cells.get((status_id, None))
        or cells.get((None, None))
        or matrix.default
    )
    return None if chosen is None else _whole(user, chosen, matrix.default)


def says_busy(index: CompanyIndex, user: User, now_ms: int) -> bool:
    """Whether the person's situation of the moment is one of being busy (E 10.4): busy forwarding holds then."""
    matrix = index.arrangements.reaches.get(user.id)
    status = status_now(index, user, matrix, now_ms) if matrix is not None else None
    return status is not None and status.availability == "busy"


def status_now(index: CompanyIndex, user: User, matrix: Reach, now_ms: int) -> ReachStatus | None:
    """Set by hand, else abroad, else by the week (E 10.5, E 10.4)."""
    override = matrix.override
    by_id = {status.id: status for status in matrix.statuses}
    if override is not None:
        by_hand = by_id.get(override.status_id) if override.status_id is not None else None
        if by_hand is not None and (not override.status_until_ms or now_ms < override.status_until_ms):
            return by_hand
        if override.roaming and override.roaming_status_id is not None:
            roaming = by_id.get(override.roaming_status_id)
            if roaming is not None:
                return roaming
    location = index.location_of(user)
    place = location.id if location is not None else None
    holds = index.arrangements.status_holds
    return next((row for row in matrix.statuses if row.blocks and holds(row, place, now_ms)), None)


def class_of(matrix: Reach, caller: CallerSeen) -> CallClass | None:
    """The first class the caller belongs to: contacts first, then colleagues, then the longest prefix (E 10.3)."""
    for row in matrix.classes:
        if fits_any(row.numbers, caller) or (caller.kind == "internal" and caller.number in row.extensions):
            return row
    best: tuple[int, CallClass] | None = None
    for row in matrix.classes:
        for prefix in row.prefixes:
            if any(form.startswith(prefix) for form in _dialled_forms(caller)) and (
                best is None or len(prefix) > best[0]
            ):
                best = (len(prefix), row)
    return best[1] if best is not None else None


def _dialled_forms(caller: CallerSeen) -> tuple[str, ...]:
    """Prefixes are written +49, 0049 or 0…"""
    if caller.kind == "external" and caller.number.startswith("+"):
        return (*caller.forms, f"00{caller.number[1:]}")
    return caller.forms


def _whole(user: User, profile: ReachProfile, default: ReachProfile | None) -> Profile:
    def value(name: str) -> object:
        own = getattr(profile, name)
        return getattr(default, name) if own is None and default is not None else own

    def target(name: str) -> Destination | None:
        to = value(name)
        return meant(user, to) if isinstance(to, Destination) else None

    return Profile(
        profile.name,
        str(value("caller_number") or ""),
        target("forward_always"),
        target("forward_busy"),
        target("forward_no_answer"),
        value("no_answer_s") or 0,  # type: ignore[arg-type]  # fields of one row type, by name
        str(value("forwarded_caller_id") or "user"),
        value("devices"),  # type: ignore[arg-type]
        value("assistants"),  # type: ignore[arg-type]
    )


def ringing_kinds(route: Route, user: User, profile: Profile | None) -> tuple[DeviceKind, ...] | None:
    """Which kinds of device ring: what was set by hand, else the profile's, else those the person has (E 10.8.3).

    None = every phone there is: whoever has a mobile by the profile of V 4.2 is rung there too, which is a kind.
    """
    by_hand = devices_by_hand(route.index, user, route.live.now_ms)
    if by_hand is not None:
        return by_hand
    if profile is not None and profile.devices is not None:
        return profile.devices
    return _EVERY_KIND if user.mobile_number and user.profile in WITH_MOBILE else None


def devices_by_hand(index: CompanyIndex, user: User, now_ms: int) -> tuple[DeviceKind, ...] | None:
    """The kinds of device chosen by hand, until their time is over; None = nothing was chosen."""
    matrix = index.arrangements.reaches.get(user.id)
    override = matrix.override if matrix is not None else None
    if override is None or (override.devices_until_ms and now_ms >= override.devices_until_ms):
        return None
    return override.devices


def choose_shown(route: Route, user: User, profile: Profile) -> None:
    """Which number a call forwarded by this profile shows outside (E 10.2)."""
    shown = ""
    if profile.forwarded_caller_id == "caller":
        shown = "caller"
    elif profile.forwarded_caller_id == "called":
        shown = route.situation.own_number
    else:
        shown = profile.caller_number
    route.now(shown=shown)
