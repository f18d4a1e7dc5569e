"""Rules over voicemail boxes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kiestoon.company.model import Row, VoicemailBox
from kiestoon.company.voicemail import may_have_box
from kiestoon.store.problems import Problem, problem
from kiestoon.store.rules.peek import Peek, named
from kiestoon.store.rules.shape import Check


def _box(row: VoicemailBox, peek: Peek) -> Iterator[Problem]:
    """A person's alternate numbers have none of their own."""
    owner = peek.extension_owner(row.extension)
    if owner is not None and not may_have_box(owner):
        yield problem("extension", "no_voicemail", other=named(owner))


CHECKS: Final[dict[type[Row], tuple[Check, ...]]] = {VoicemailBox: (_box,)}
