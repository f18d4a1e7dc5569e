"""How a person stands to calls in general, without a call: presence, and whether all calls go elsewhere.

What a single call meets also depends on who calls (``person``); this is what colleagues are shown.
"""

from __future__ import annotations

from kiestoon.company.directory import CompanyIndex
from kiestoon.company.model import PresenceStatus, User
from kiestoon.routing import reach
from kiestoon.routing.context import meant
from kiestoon.routing.situation import CallerSeen

_ANYBODY = CallerSeen()


def status_at(index: CompanyIndex, user: User, now_ms: int) -> PresenceStatus:
    """What the person has set, "office" otherwise and when it has run out (U 4.1). Wall clock."""
    presence = index.arrangements.presences.get(user.id)
    if presence is None or (presence.until_ms and now_ms >= presence.until_ms):
        return "office"
    return presence.status


def own_forward(index: CompanyIndex, extension: str) -> bool:
    """Whether an extension forwards every call, whatever number was called."""
    rows = index.arrangements.forwards.get(extension, ())
    owner = index.users_by_extension.get(extension)
    return any(
        row.case == "always" and not row.own_number and (bool(meant(owner, row.to)) or row.voicemail) for row in rows
    )


def forwards_all(index: CompanyIndex, user: User, now_ms: int) -> bool:
    """Whether every ordinary call for the person goes elsewhere: by the person's or location's forwarding, or by the
    REACH profile for callers of no class. Forwarding by presence is told with the presence."""
    location = index.location_of(user)
    by_location = location is not None and location.forward == "on" and bool(location.forward_to)
    if (by_location and user.follows_location_forward) or own_forward(index, user.extension):
        return True
    profile = reach.profile_of(index, user, _ANYBODY, now_ms)
    if profile is None:
        return False
    return bool(profile.forward_always) or (bool(profile.forward_busy) and reach.says_busy(index, user, now_ms))


def next_change_ms(index: CompanyIndex, user: User, now_ms: int) -> int | None:
    """When the answers above may change by themselves; None: not foreseeable."""
    changes: list[int | None] = []
    presence = index.arrangements.presences.get(user.id)
    if presence is not None:
        changes.append(presence.until_ms)
    matrix = index.arrangements.reaches.get(user.id)
    if matrix is not None:
        if matrix.override is not None:
            changes.append(matrix.override.status_until_ms)
        location = index.location_of(user)
        place = location.id if location is not None else None
        for status in matrix.statuses:
            if status.blocks:
                changes.append(index.arrangements.status_changes(status, place, now_ms))
    return min((change for change in changes if change is not None and change > now_ms), default=None)
