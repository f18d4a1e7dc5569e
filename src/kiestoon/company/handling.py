"""What becomes of calls that are handed over, indexed: transfer options, park groups, operators."""

from __future__ import annotations

from typing import Final

from kiestoon.company.model import (
    CompanyRows,
    OperatorSettings,
    ParkGroup,
    ParkSettings,
    TransferOptions,
)

RING_S: Final = 5
"""One ring of the Dutch network."""


class Handling:
    """One company's. Treat as immutable."""

    __slots__ = ("_operators", "_parks", "park_group_of", "park_members", "transfers")

    def __init__(self, rows: CompanyRows) -> None:
        self.transfers: dict[int, TransferOptions] = {row.user_id: row for row in rows.transfer_options}
        self._operators: dict[int | None, OperatorSettings] = {row.location_id: row for row in rows.operator_settings}
        self._parks: dict[int | None, ParkSettings] = {row.location_id: row for row in rows.park_settings}
        groups = {row.id: row for row in rows.park_groups}
        self.park_group_of: dict[str, ParkGroup] = {row.extension: groups[row.group_id] for row in rows.park_members}
        self.park_members: dict[int, tuple[str, ...]] = {}
        for member in sorted(rows.park_members, key=lambda row: (row.position, row.id)):
            self.park_members[member.group_id] = (*self.park_members.get(member.group_id, ()), member.extension)

    def transfer_options(self, user_id: int) -> TransferOptions | None:
        """What somebody has set for transfers; None: the defaults."""
        return self.transfers.get(user_id)

    def operator_settings(self, location_id: int | None) -> OperatorSettings | None:
        """Who takes what nobody else does."""
        return self._operators.get(location_id) or self._operators.get(None)

    def park_settings(self, location_id: int | None) -> ParkSettings | None:
        """How parked calls come back."""
        return self._parks.get(location_id) or self._parks.get(None)
