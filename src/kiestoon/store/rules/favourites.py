"""Favourites: somebody who can be called, and no more of them than a screen can show (UC-4)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kiestoon.company.model import Favourite, FavouriteGroup, Row
from kiestoon.store.problems import Problem, problem
from kiestoon.store.rules.peek import Peek
from kiestoon.store.rules.shape import Check

MOST: Final = 200
"""Favourites in a group."""
MOST_GROUPS: Final = 30


def _favourite(row: Favourite, peek: Peek) -> Iterator[Problem]:
    if (row.extension is None) == (not row.number):
        yield problem("extension", "one_of", fields="extension, number")
    others = [other for other in peek.find(Favourite, group_id=row.group_id) if other.id != row.id]
    if len(others) >= MOST:
        yield problem("group_id", "too_many", limit=MOST)


def _group(row: FavouriteGroup, peek: Peek) -> Iterator[Problem]:
    others = [other for other in peek.find(FavouriteGroup, user_id=row.user_id) if other.id != row.id]
    if len(others) >= MOST_GROUPS:
        yield problem("user_id", "too_many", limit=MOST_GROUPS)


CHECKS: Final[dict[type[Row], tuple[Check, ...]]] = {Favourite: (_favourite,), FavouriteGroup: (_group,)}
