"""Whose presence has changed when rows were replaced: what is told to screens that show it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from kiestoon.company.directory import CompanyIndex, Directory
from kiestoon.company.model import User
from kiestoon.routing.at_rest import PresenceShown, presence_at

_NOTHING = PresenceShown()


class PresenceWatch:
    """Remembers what was last told of everybody who has set something; nothing while nobody listens."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory
        self._known: dict[int, dict[int, PresenceShown]] = {}

    def begin(self, now_ms: int) -> None:
        """Changes count from here."""
        self._known = {index.company.id: _shown(index, now_ms) for index in self._directory}

    def forget(self) -> None:
        """Nobody listens any more."""
        self._known.clear()

    def changes(self, companies: Iterable[int], now_ms: int) -> Iterator[tuple[CompanyIndex, User, PresenceShown]]:
        """Of these companies; wall clock."""
        for company_id in companies:
            index = self._directory.company(company_id)
            before = self._known.pop(company_id, {})
            if index is None:
                continue
            after = self._known[company_id] = _shown(index, now_ms)
            for user_id in before.keys() | after.keys():
                user, shown = index.users.get(user_id), after.get(user_id, _NOTHING)
                if user is not None and shown != before.get(user_id, _NOTHING):
                    yield index, user, shown


def _shown(index: CompanyIndex, now_ms: int) -> dict[int, PresenceShown]:
    arrangements = index.arrangements
    people = (index.users.get(user_id) for user_id in arrangements.presences.keys() | arrangements.reaches.keys())
    return {user.id: presence_at(index, user, now_ms) for user in people if user is not None}
