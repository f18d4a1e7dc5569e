"""Who else is rung for a person's calls, indexed (V 9.1-9.3)."""

from __future__ import annotations

from kiestoon.company.model import (
    CompanyRows,
    RemoteOffice,
    RingNumber,
    RingService,
    SequentialRinging,
    SimultaneousRinging,
)


class Ringing:
    """One company's. Treat as immutable; what rings nobody is left out."""

    __slots__ = ("_numbers", "remote", "sequential", "simultaneous")

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
            row.user_id: row for row in rows.remote_offices if row.active and row.to
        }

    def numbers(self, user_id: int, service: RingService) -> tuple[RingNumber, ...]:
        """The numbers of a person for one of the services, in their order."""
        return self._numbers.get((user_id, service), ())
