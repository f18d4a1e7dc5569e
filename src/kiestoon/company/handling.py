"""What people may do with calls near them, indexed: rights, pickup and park groups, what becomes of returning calls."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

from kiestoon.company.model import (
    CompanyRows,
    OperatorSettings,
    ParkGroup,
    ParkSettings,
    PrivacyGrant,
    TransferOptions,
)

Right: TypeAlias = Literal["pickup", "parked", "presence", "notify", "listen"]
RING_S: Final = 5
"""One ring of the Dutch network."""


class Handling:
    """One company's. Treat as immutable."""

    __slots__ = (
        "_grants",
        "_operators",
        "_parks",
        "_pickup_group",
        "park_group_of",
        "park_members",
        "restricts_parked",
        "transfers",
    )

    def __init__(self, rows: CompanyRows) -> None:
        self.transfers: dict[int, TransferOptions] = {row.user_id: row for row in rows.transfer_options}
        self._operators: dict[int | None, OperatorSettings] = {row.location_id: row for row in rows.operator_settings}
        self._parks: dict[int | None, ParkSettings] = {row.location_id: row for row in rows.park_settings}
        groups = {row.id: row for row in rows.park_groups}
        self.park_group_of: dict[str, ParkGroup] = {row.extension: groups[row.group_id] for row in rows.park_members}
        self.park_members: dict[int, tuple[str, ...]] = {}
        for member in sorted(rows.park_members, key=lambda row: (row.position, row.id)):
            self.park_members[member.group_id] = (*self.park_members.get(member.group_id, ()), member.extension)
        self._pickup_group: dict[str, int] = {row.extension: row.group_id for row in rows.pickup_members}
        self._grants: dict[tuple[str, str], PrivacyGrant] = _grants(rows)
        self.restricts_parked = any(row.parked for row in rows.privacy_grants)
        """Whether the right to retrieve parked calls is given to some: then others have none (E 5.4)."""

    def transfer_options(self, user_id: int) -> TransferOptions | None:
        """What somebody has set for transfers; None: the defaults."""
        return self.transfers.get(user_id)

    def operator_settings(self, location_id: int | None) -> OperatorSettings | None:
        """Who takes what nobody else does."""
        return self._operators.get(location_id) or self._operators.get(None)

    def park_settings(self, location_id: int | None) -> ParkSettings | None:
        """How parked calls come back."""
        return self._parks.get(location_id) or self._parks.get(None)

    def may(self, extension: str, right: Right, of: str) -> bool:
        """Whether ``extension`` holds a right over ``of`` by a privacy group (E 6.3); over itself it does."""
        if extension == of:
            return True
        grant = self._grants.get((extension, of))
        return grant is not None and bool(getattr(grant, right))

    def may_pick_up(self, extension: str, of: str) -> bool:
        """By a privacy group, or because both are in one pickup group (V 25)."""
        group = self._pickup_group.get(extension)
        return (group is not None and group == self._pickup_group.get(of)) or self.may(extension, "pickup", of)

    def holders_of(self, right: Right, of: str) -> tuple[PrivacyGrant, ...]:
        """The grants by which others hold a right over an extension."""
        return tuple(
            grant for (_, extension), grant in self._grants.items() if extension == of and getattr(grant, right)
        )


def _grants(rows: CompanyRows) -> dict[tuple[str, str], PrivacyGrant]:
    """Rights by (holder, extension); who holds some by several groups holds all of them."""
    members: dict[int, list[str]] = {}
    for row in rows.privacy_members:
        members.setdefault(row.group_id, []).append(row.extension)
    found: dict[tuple[str, str], PrivacyGrant] = {}
    for grant in rows.privacy_grants:
        for holder in members.get(grant.group_id, ()):
            key = (holder, grant.extension)
            found[key] = _both(found[key], grant) if key in found else grant
    return found


def _both(one: PrivacyGrant, other: PrivacyGrant) -> PrivacyGrant:
    return PrivacyGrant(
        id=one.id,
        company_id=one.company_id,
        group_id=one.group_id,
        extension=one.extension,
        pickup=one.pickup or other.pickup,
        parked=one.parked or other.parked,
        presence=one.presence or other.presence,
        notify=one.notify or other.notify,
        notify_delay_s=min(row.notify_delay_s for row in (one, other) if row.notify)
        if one.notify or other.notify
        else 0,
        listen=one.listen or other.listen,
    )
