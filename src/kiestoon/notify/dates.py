"""Times as people read them in mails and on paper, in Dutch and English."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_MONTHS: Final = {
    "nl": "januari februari maart april mei juni juli augustus september oktober november december",
    "en": "January February March April May June July August September October November December",
}


def day_in_words(day: date, language: str) -> str:
    """ "5 december 2026" """
    months = _MONTHS["nl" if language.startswith("nl") else "en"].split()
    return f"{day.day} {months[day.month - 1]} {day.year}"


def time_in_words(at_ms: int, zone: str, language: str) -> str:
    """ "5 december 2026, 20:23" by the clock of a place; in UTC, and said so, where the place's is not known."""
    try:
        local = datetime.fromtimestamp(at_ms / 1000, ZoneInfo(zone or "UTC"))
        known = bool(zone)
    except (ZoneInfoNotFoundError, ValueError):
        local, known = datetime.fromtimestamp(at_ms / 1000, UTC), False
    return f"{day_in_words(local.date(), language)}, {local:%H:%M}{'' if known else ' UTC'}"
