"""Who may see and do what with whose line: privacy groups (E 6.3), hidden lines (V 10.1), visible presence (U 4.1).

The one place where these are decided: lamps, live events and pick-up ask here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, TypeAlias

from kiestoon.company.model import Company, CompanyRows, User
from kiestoon.company.services import Services

Right: TypeAlias = Literal["pickup", "parked", "presence", "notify", "listen"]
"""What a privacy group's members may do with an extension: the fields of ``PrivacyGrant``."""
RIGHTS: Final[tuple[Right, ...]] = ("pickup", "parked", "presence", "notify", "listen")
_NOBODY: Final[frozenset[int]] = frozenset()


class Rights:
    """One company's rights over lines, by viewer. Treat as immutable.

    A viewer is the id of the person logged in on a phone; None where nobody is: such a phone has nobody's rights. Equal
    when everybody has the same rights. Whoever does not have the service call pickup picks nothing up.
    """

    __slots__ = ("_company", "_granted", "_group_of", "_holders", "_notified", "_permitted", "_pickup_group")

    def __init__(self, rows: CompanyRows, services: Services | None = None) -> None:
        self._company: Company = rows.company
        unable = services.without("call_pickup") if services is not None else frozenset()
        people = {row.extension: row.id for row in rows.users}
        lost = frozenset(people[extension] for extension in unable if extension in people)
        members: dict[int, frozenset[int]] = {}
        for member in rows.privacy_members:
            if member.extension in people:
                members[member.group_id] = members.get(member.group_id, _NOBODY) | {people[member.extension]}
        self._granted: dict[tuple[Right, str], frozenset[int]] = {}
        for grant in rows.privacy_grants:
            everybody = members.get(grant.group_id, _NOBODY)
            for right in RIGHTS:
                if getattr(grant, right):
                    holders = everybody - lost if right == "pickup" else everybody
                    key = (right, grant.extension)
                    self._granted[key] = self._granted[key] | holders if key in self._granted else holders
        self._notified: dict[str, dict[int, int]] = {}
        for grant in rows.privacy_grants:
            for user_id in members.get(grant.group_id, _NOBODY) if grant.notify else ():
                delays = self._notified.setdefault(grant.extension, {})
                delays[user_id] = min(grant.notify_delay_s, delays.get(user_id, grant.notify_delay_s))
        self._holders: dict[Right, frozenset[int]] = {}
        for (right, _), holders in self._granted.items():
            self._holders[right] = self._holders.get(right, _NOBODY) | holders
        self._group_of: dict[str, int] = {row.extension: row.group_id for row in rows.pickup_members}
        self._pickup_group: dict[int, int] = {
            people[extension]: group
            for extension, group in self._group_of.items()
            if extension in people and extension not in unable
        }
        self._permitted: dict[int, frozenset[int]] = {}
        for row in rows.line_permissions:
            self._permitted[row.user_id] = self._permitted.get(row.user_id, _NOBODY) | {row.viewer_id}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Rights) and self._all() == other._all()

    __hash__ = None  # type: ignore[assignment]  # compared, never looked up

    def _all(self) -> tuple[object, ...]:
        company = self._company
        pickup = self._group_of, self._pickup_group
        return company.lamp_rights, company.lamp_names, self._granted, self._permitted, *pickup

    def holds(self, viewer: int | None, right: Right, extension: str) -> bool:
        """Whether a privacy group gives the viewer this right over the extension."""
        return viewer in self._granted.get((right, extension), _NOBODY)

    def holds_any(self, viewer: int | None, right: Right) -> bool:
        """Whether a privacy group gives the viewer this right over anybody."""
        return viewer in self._holders.get(right, _NOBODY)

    def notified(self, extension: str) -> Mapping[int, int]:
        """Who is told of calls that ring there (E 6.3): by person after how many seconds, the shortest of several."""
        return self._notified.get(extension, {})

    # --- lines -------------------------------------------------------------------------------------------------------

    def line_is_public(self, user: User) -> bool:
        """Whether every colleague sees the person's line."""
        return self._company.lamp_rights == "everybody" and not user.hide_line

    def line_viewers(self, user: User) -> frozenset[int]:
        """Who sees the person's line whether it is public or not: by the person's leave or a privacy group's."""
        return self._permitted.get(user.id, _NOBODY) | self._granted.get(("presence", user.extension), _NOBODY)

    def sees_line(self, viewer: int | None, user: User) -> bool:
        """Whether the person's phone is free, rings or is in a call."""
        return viewer == user.id or self.line_is_public(user) or viewer in self.line_viewers(user)

    def sees_status(self, viewer: int | None, user: User) -> bool:
        """What the person has set about being there (U 4.1.3). A hidden line hides calls only."""
        return viewer == user.id or self.status_is_public(user) or viewer in self.status_viewers(user)

    def status_is_public(self, user: User) -> bool:
        """Whether every colleague sees the person's presence."""
        return user.presence_visibility != "none" and self._company.lamp_rights == "everybody"

    def status_viewers(self, user: User) -> frozenset[int]:
        """Who else sees the person's presence whether it is public or not."""
        return _NOBODY if user.presence_visibility == "none" else self.line_viewers(user)

    def sees_extension(self, viewer: int | None, extension: str, members: frozenset[int]) -> bool:
        """Whether calls are at an extension that is no person: a group's (with its ``members``), a menu's."""
        return (
            self._company.lamp_rights == "everybody" or viewer in members or self.holds(viewer, "presence", extension)
        )

    def sees_names(self, viewer: int | None, extension: str) -> bool:
        """Who calls whom at an extension whose line the viewer sees. (One's own calls are no secret to oneself.)"""
        shown = self._company.lamp_names
        if shown == "granted":
            return self.holds(viewer, "notify", extension) or self.may_pick_up(viewer, extension)
        return shown == "everybody"

    def sees_parked(self, viewer: int | None) -> bool:
        """Whether calls are parked (E 5.4): who may retrieve any of them does."""
        everybody = self._company.lamp_rights == "everybody" or "parked" not in self._holders
        return everybody or self.holds_any(viewer, "parked")

    def may_pick_up(self, viewer: int | None, extension: str) -> bool:
        """Whether the viewer may take calls that ring there: by a privacy group (E 5.3) or a pickup group (V 25)."""
        group = self._pickup_group.get(viewer) if viewer is not None else None
        return (group is not None and group == self._group_of.get(extension)) or self.holds(viewer, "pickup", extension)

    def may_retrieve(self, viewer: int | None, parker: str) -> bool:
        """Whether the viewer may retrieve what ``parker`` has parked; where nobody has been given that right, everybody
        may (E 5.4)."""
        return "parked" not in self._holders or self.holds(viewer, "parked", parker)
