"""Rules over music on hold."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kiestoon.company.model import MusicOnHold, Row
from kiestoon.store.problems import Problem, problem
from kiestoon.store.rules.peek import Peek
from kiestoon.store.rules.shape import Check


def _music(row: MusicOnHold, peek: Peek) -> Iterator[Problem]:
    """A department is somewhere already."""
    if row.location_id is not None and row.department_id is not None:
        yield problem("location_id", "one_of", fields="location_id, department_id")


CHECKS: Final[dict[type[Row], tuple[Check, ...]]] = {MusicOnHold: (_music,)}
