"""What is to be said, as plain data: a key of the texts, and what is filled in."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import TypeAlias, Union
from zoneinfo import ZoneInfo

import msgspec


class Moment(msgspec.Struct, frozen=True):
    """A minute on somebody's clock, told as seen from ``now`` ("today at", "tomorrow at"). Both on the same clock."""

    at: datetime
    now: datetime


Param: TypeAlias = Union[str, int, time, date, Moment, "Phrase"]


class Phrase(msgspec.Struct, frozen=True):
    """Something the exchange says. ``key`` is one of the texts'; ``params`` are what its placeholders name.

    The kind of a placeholder says what it takes:

    - ``number``, ``count``: a whole number from 0 (``count`` selects the plural form)
    - ``digits``: an extension, a code, said digit by digit
    - ``phone``: a telephone number, E.164 or as dialled
    - ``party``: who calls or is called: a name, a telephone number, or "" for a withheld one
    - ``name``: a name
    - ``clock``: a ``time`` of day; ``date``: a ``date``; ``when``, ``until``: a ``Moment``
    - ``phrase``: another ``Phrase``, without a sentence of its own
    """

    key: str
    params: dict[str, Param] = {}


class BadPhrase(ValueError):
    """No such key, or its placeholders are filled in wrongly: a mistake of whoever wants it said."""


def moment(at_ms: int, now_ms: int, timezone: str) -> Moment:
    """Two times of the wall clock (ms since 1970) as seen in a time zone."""
    zone = ZoneInfo(timezone)
    return Moment(_minute(at_ms, zone), _minute(now_ms, zone))


def _minute(at_ms: int, zone: ZoneInfo) -> datetime:
    return datetime.fromtimestamp(at_ms // 60_000 * 60, zone)
