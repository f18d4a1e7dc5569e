"""What is in force for a person at a moment, for the person to see: routing's own reading, without a call."""

from __future__ import annotations

import msgspec

from kiestoon.company.directory import CompanyIndex
from kiestoon.company.model import NOWHERE, Destination, DeviceKind, PresenceStatus, Rule, User
from kiestoon.routing import reach
from kiestoon.routing.at_rest import status_at


class PersonNow(msgspec.Struct, frozen=True):
    """The person's situation.

    ``location_forward``: where the location sends the person's calls, "none" when it does not (V 7.7);
    ``some_callers``: only those its rules name. ``reach_status``: the situation of the matrix, "" for none.
    ``devices``: the kinds chosen by hand to ring, None = not chosen.
    """

    status: PresenceStatus
    do_not_disturb: bool
    location_forward: Destination
    some_callers: bool
    reach_status: str
    devices: tuple[DeviceKind, ...] | None


def person_now(index: CompanyIndex, user: User, now_ms: int) -> PersonNow:
    """``now_ms`` is wall clock."""
    matrix = index.arrangements.reaches.get(user.id)
    status = reach.status_now(index, user, matrix, now_ms) if matrix is not None else None
    to, some = _location_forward(index, user, now_ms)
    return PersonNow(
        status=status_at(index, user, now_ms),
        do_not_disturb=user.do_not_disturb,
        location_forward=to,
        some_callers=some,
        reach_status=status.name if status is not None else "",
        devices=reach.devices_by_hand(index, user, now_ms),
    )


def _location_forward(index: CompanyIndex, user: User, now_ms: int) -> tuple[Destination, bool]:
    location = index.location_of(user)
    if location is None or location.forward == "off" or not user.follows_location_forward:
        return NOWHERE, False
    if location.forward == "on":
        return location.forward_to, False
    rules = [
        rule
        for rule in index.arrangements.location_rules.get(location.id, ())
        if rule.service == "location_forward" and index.arrangements.times.rule(rule).fits(now_ms)
    ]
    if any(not rule.applies and _for_everybody(rule) for rule in rules):
        return NOWHERE, False
    on = sorted((rule for rule in rules if rule.applies), key=_for_everybody, reverse=True)
    if not on:
        return NOWHERE, False
    some = not _for_everybody(on[0]) or any(not rule.applies for rule in rules)
    return on[0].to or location.forward_to, some


def _for_everybody(rule: Rule) -> bool:
    return not rule.patterns and not rule.kinds
