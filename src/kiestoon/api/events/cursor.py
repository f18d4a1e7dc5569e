"""Where a listener is: up to which change of the configuration and which live event it has heard everything."""

from __future__ import annotations

import re
from typing import Final

import msgspec

_FORM: Final = re.compile(r"([0-9]{1,18})\.([0-9a-z]{0,32})\.([0-9]{1,18})")
PATTERN: Final = r"^[0-9]{1,18}\.[0-9a-z]{0,32}\.[0-9]{1,18}$"


class Cursor(msgspec.Struct, frozen=True):
    """``change``: a number of the change feed; ``sequence``: of a live event in this ``epoch`` ("" = none known)."""

    change: int
    epoch: str = ""
    sequence: int = 0

    def __str__(self) -> str:
        return f"{self.change}.{self.epoch}.{self.sequence}"


def parse_cursor(text: str) -> Cursor | None:
    """A cursor as we gave it out; None for anything else."""
    found = _FORM.fullmatch(text)
    return None if found is None else Cursor(int(found[1]), found[2], int(found[3]))
