"""Which music those hear who wait for somebody: the department's, the location's, the company's (V 26.4, VM-9)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias

from kiestoon.company.model import CompanyRows, Department, Location, MusicOnHold, User

WaitState: TypeAlias = Literal["held", "parked", "camped", "queued"]
"""What somebody who hears music waits for (V 26.1)."""


class HoldMusic:
    """One company's. Treat as immutable."""

    __slots__ = ("_playlists", "_settings")

    def __init__(self, rows: CompanyRows) -> None:
        self._settings: dict[tuple[int | None, int | None], MusicOnHold] = {
            (row.location_id, row.department_id): row for row in rows.music_on_hold
        }
        self._playlists: dict[str, tuple[str, ...]] = {}
        for row in sorted(rows.music_files, key=lambda row: (row.position, row.id)):
            self._playlists[row.playlist] = (*self._playlists.get(row.playlist, ()), row.file)

    def files_for(
        self,
        user: User | None,
        location: Location | None,
        departments: Mapping[int, Department],
        state: WaitState,
        *,
        internal: bool,
    ) -> tuple[str, ...] | None:
        """What is played in turn to somebody whom ``user`` (None: nobody of the company) lets wait.

        (): the exchange's own music; None: nothing. ``internal``: a colleague waits. Files are names in the company's
        folder of recordings.
        """
        if user is not None and not user.music_on_hold:
            return None
        row = self._settings_of(user, location, departments)
        if row is None:
            return ()
        if state == "queued":  # a queue says itself whether there is any
            return self.playlist(row.playlist)
        if not getattr(row, state):
            return None
        return self._playlists.get(_playlist(row, state, internal=internal), ())

    def playlist(self, name: str) -> tuple[str, ...]:
        """The files of a playlist; () where there is none of that name."""
        return self._playlists.get(name, ())

    def _settings_of(
        self, user: User | None, location: Location | None, departments: Mapping[int, Department]
    ) -> MusicOnHold | None:
        """The nearest there are: the user's department, those around it, the location, the company."""
        department_id = user.department_id if user is not None else None
        seen: set[int] = set()
        while department_id is not None and department_id not in seen:
            row = self._settings.get((None, department_id))
            if row is not None:
                return row
            seen.add(department_id)
            department = departments.get(department_id)
            department_id = department.parent_id if department is not None else None
        row = self._settings.get((location.id, None)) if location is not None else None
        return row or self._settings.get((None, None))


def _playlist(row: MusicOnHold, state: WaitState, *, internal: bool) -> str:
    other: str | None = row.internal_playlist if internal else None
    if other is None and state != "held":
        other = row.parked_playlist if state == "parked" else row.camped_playlist
    return row.playlist if other is None else other
