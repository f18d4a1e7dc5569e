"""Who else is rung for a person's calls, indexed (V 9.1-9.3)."""

from __future__ import annotations

from kiestoon.company.model import (
    AssistantGroup,
    CompanyRows,
    RemoteOffice,
    RingNumber,
    RingService,
    SequentialRinging,
    SimultaneousRinging,
)


class Ringing:
    """One company's. Treat as immutable; what rings nobody is left out."""

    __slots__ = ("_members", "_numbers", "assistants", "remote", "sequential", "simultaneous")

    def __init__(self, rows: CompanyRows) -> None:
        self._numbers: dict[tuple[int, RingService], tuple[RingNumber, ...]] = {}
        for row in sorted(rows.ring_numbers, key=lambda row: (row.position, row.id)):
            if row.to:
                key = (row.user_id, row.service)
                self._numbers[key] = (*self._numbers.get(key, ()), row)
        self.simultaneous: dict[int, SimultaneousRinging] = {
            row.user_id: row
            for row in rows.simultaneous_ringing
            if row.active and (row.user_id, "simultaneous") in self._numbers
        }

        self.sequential: dict[int, SequentialRinging] = {
            row.user_id: row
            for row in rows.sequential_ringing
            if row.active and (row.user_id, "sequential") in self._numbers
        }

        self.remote: dict[int, RemoteOffice] = {
            row.user_id: row for row in rows.remote_offices if row.active and row.number
        }

        self.assistants: dict[int, AssistantGroup] = {row.user_id: row for row in rows.assistant_groups}
        self._members: dict[int, tuple[str, ...]] = {}
        wanted = {row.group_id for row in rows.assistant_groups}
        for member in rows.privacy_members:
            if member.group_id in wanted:
                self._members[member.group_id] = (*self._members.get(member.group_id, ()), member.extension)

    def members(self, group_id: int) -> tuple[str, ...]:
        """The extensions in a privacy group that are somebody's assistants."""
        return self._members.get(group_id, ())

    def numbers(self, user_id: int, service: RingService) -> tuple[RingNumber, ...]:
        """The numbers of a person for one of the services, in their order."""
        return self._numbers.get((user_id, service), ())
