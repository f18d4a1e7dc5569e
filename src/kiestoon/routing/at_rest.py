"""How a person stands to calls in general, without a call: presence, and whether all calls go elsewhere.

What a single call meets also depends on who calls (``person``); this is what colleagues are shown.
"""

from __future__ import annotations

import msgspec

from kiestoon.company.directory import CompanyIndex
from kiestoon.company.model import ForwardCase, PresenceStatus, ReachStatus, User
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


def wants_no_calls(index: CompanyIndex, user: User, now_ms: int) -> bool:
    """Do not disturb, as a service (V 7.2) or as the status of the moment (U 4.1)."""
    return user.do_not_disturb or status_at(index, user, now_ms) == "do_not_disturb"


class PresenceShown(msgspec.Struct, frozen=True, gc=False):
    """What others are told of somebody's presence (U 4.1); wall clock, 0 = not known.

    ``until_ms``: the status ends then; ``return_ms``: when the person means to be back, left out once it has passed.
    ``own_status`` is the person's own name for the situation of the moment (E 10.4), with its message.
    """

    status: PresenceStatus = "office"
    until_ms: int = 0
    return_ms: int = 0
    note: str = ""
    own_status: str = ""
    own_message: str = ""

    @property
    def back_ms(self) -> int:
        """When the person is expected back."""
        return self.return_ms or self.until_ms


def presence_at(index: CompanyIndex, user: User, now_ms: int) -> PresenceShown:
    """As it stands at a moment of the wall clock."""
    own = own_status_at(index, user, now_ms)
    name, message = (own.name, own.message) if own is not None else ("", "")
    row = index.arrangements.presences.get(user.id)
    if row is None or (row.until_ms and now_ms >= row.until_ms):
        return PresenceShown(own_status=name, own_message=message)
    back_ms = row.return_ms if row.return_ms > now_ms else 0
    return PresenceShown(row.status, row.until_ms, back_ms, row.note, name, message)


def presence_told(index: CompanyIndex, user: User, now_ms: int, *, inside: bool) -> PresenceShown | None:
    """What a caller who is not answered is told of it; None: nothing. ``inside``: a colleague calls.

    The person says who is told; once the planned return has passed nobody is (U 4.1.3).
    """
    visible = user.presence_visibility == "all" or (inside and user.presence_visibility == "internal")
    shown = presence_at(index, user, now_ms)
    row = index.arrangements.presences.get(user.id)
    if not visible or row is None or shown.status == "office" or 0 < row.return_ms <= now_ms:
        return None
    return shown


def own_status_at(index: CompanyIndex, user: User, now_ms: int) -> ReachStatus | None:
    """The person's own situation of the moment: set by hand, or by the week."""
    matrix = index.arrangements.reaches.get(user.id)
    return reach.status_now(index, user, matrix, now_ms) if matrix is not None else None


def own_forward(index: CompanyIndex, extension: str, case: ForwardCase = "always") -> bool:
    """Whether an extension forwards every call, whatever number was called; or in another case."""
    rows = index.arrangements.forwards.get(extension, ())
    owner = index.users_by_extension.get(extension)
    return any(
        row.case == case and not row.own_number and (bool(meant(owner, row.to)) or row.voicemail) for row in rows
    )


def forwards_all(index: CompanyIndex, user: User, now_ms: int) -> bool:
    """Whether every ordinary call for the person goes elsewhere: by the person's or location's forwarding, or by the
    REACH profile for callers of no class. Forwarding by presence is told with the presence."""
    location = index.location_of(user)
    by_location = location is not None and location.forward == "on" and bool(location.forward_to)
    if (by_location and user.follows_location_forward) or own_forward(index, user.extension):
        return True
    profile = reach.profile_of(index, user, _ANYBODY, now_ms)
    if profile is not None and profile.forward_always:
        return True
    by_reach = profile is not None and bool(profile.forward_busy)
    return (by_reach or own_forward(index, user.extension, "busy")) and reach.says_busy(index, user, now_ms)


def next_change_ms(index: CompanyIndex, user: User, now_ms: int) -> int | None:
    """When the answers above may change by themselves; None: not foreseeable."""
    changes: list[int | None] = []
    presence = index.arrangements.presences.get(user.id)
    if presence is not None:
        changes += (presence.until_ms, presence.return_ms)
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
