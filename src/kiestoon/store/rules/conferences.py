"""Rules over conference rooms."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kiestoon.company.model import ConferenceRoom, Row
from kiestoon.store.problems import Problem, problem
from kiestoon.store.rules.peek import Peek
from kiestoon.store.rules.shape import Check


def _room(row: ConferenceRoom, peek: Peek) -> Iterator[Problem]:
    if row.pin and row.pin == row.organiser_pin:
        yield problem("organiser_pin", "same_pin")
    if (row.wait_for_organiser or row.ends_with_organiser) and row.user_id is None and not row.organiser_pin:
        yield problem("organiser_pin", "no_organiser")


CHECKS: Final[dict[type[Row], tuple[Check, ...]]] = {ConferenceRoom: (_room,)}
