"""How a meeting repeats: as calendars are told (RFC 5545 §3.3.10), and as people read it."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from kiestoon.company.meetings import nth_weekday, planned_times
from kiestoon.company.model import Meeting
from kiestoon.notify.dates import day_in_words

_DAYS: Final = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_WEEKDAYS: Final = {
    "nl": ["maandag", "dinsdag", "woensdag", "donderdag", "vrijdag", "zaterdag", "zondag"],
    "en": ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"],
}
_NTH: Final = {
    "nl": {1: "eerste", 2: "tweede", 3: "derde", 4: "vierde", -1: "laatste"},
    "en": {1: "first", 2: "second", 3: "third", 4: "fourth", -1: "last"},
}
_EACH: Final = {
    "nl": {"D": ("elke dag", "om de {n} dagen"), "W": ("elke week", "om de {n} weken"),
           "M": ("elke maand", "om de {n} maanden")},
    "en": {"D": ("every day", "every {n} days"), "W": ("every week", "every {n} weeks"),
           "M": ("every month", "every {n} months")},
}  # fmt: skip
_MOST_EXCEPTIONS: Final = 10


def rule_of(meeting: Meeting, zone: ZoneInfo) -> dict[str, Any] | None:
    """The parts of the RRULE; None for what takes place once. It ends with the last time, which is told in UTC."""
    planned = planned_times(meeting)
    if meeting.repeats == "never" or not planned:
        return None
    first = datetime.fromisoformat(meeting.start)
    last = datetime.fromisoformat(planned[-1].start).replace(tzinfo=zone)
    rule: dict[str, Any] = {"FREQ": meeting.repeats.partition("_")[0].upper(), "UNTIL": last.astimezone(UTC)}
    if meeting.every > 1:
        rule["INTERVAL"] = meeting.every
    if meeting.repeats == "weekly":
        rule["BYDAY"] = [_DAYS[day] for day in _weekdays(meeting, first)]
    elif meeting.repeats == "monthly":
        rule["BYMONTHDAY"] = first.day
    elif meeting.repeats == "monthly_by_weekday":
        rule["BYDAY"] = f"{nth_weekday(first)}{_DAYS[first.weekday()]}"
    return rule


def in_words(meeting: Meeting, language: str, now: str) -> str:
    """ "every 2 weeks on Monday and Wednesday, until 30 June 2027, not on 21 December 2026"; "" for what takes place
    once. ``now``: on the meeting's clock, times cancelled before are left out."""
    if meeting.repeats == "never":
        return ""
    dutch = language.startswith("nl")
    spoken, first = "nl" if dutch else "en", datetime.fromisoformat(meeting.start)
    each, several = _EACH[spoken][meeting.repeats[0].upper()]
    words = each if meeting.every == 1 else several.format(n=meeting.every)
    on = _on_which(meeting, first, spoken)
    words += f" {'op' if dutch else 'on'} {on}" if on else ""
    words += f", {'tot en met' if dutch else 'until'} {day_in_words(date.fromisoformat(meeting.until), language)}"
    coming = [start for start in sorted(meeting.cancelled) if start >= now]
    days = [day_in_words(datetime.fromisoformat(start).date(), language) for start in coming[:_MOST_EXCEPTIONS]]
    return words + (f", {'niet op' if dutch else 'not on'} {_listed(days, spoken)}" if days else "")


def _on_which(meeting: Meeting, first: datetime, spoken: str) -> str:
    names = _WEEKDAYS[spoken]
    if meeting.repeats == "weekly":
        return _listed([names[day] for day in _weekdays(meeting, first)], spoken)
    if meeting.repeats == "monthly":
        return f"{'dag' if spoken == 'nl' else 'day'} {first.day}"
    if meeting.repeats == "monthly_by_weekday":
        return f"{'de' if spoken == 'nl' else 'the'} {_NTH[spoken][nth_weekday(first)]} {names[first.weekday()]}"
    return ""


def _weekdays(meeting: Meeting, first: datetime) -> tuple[int, ...]:
    return tuple(sorted(meeting.weekdays)) or (first.weekday(),)


def _listed(parts: list[str], spoken: str) -> str:
    *most, last = parts
    return f"{', '.join(most)} {'en' if spoken == 'nl' else 'and'} {last}" if most else last
