"""English, as spoken in Britain."""

from __future__ import annotations

from datetime import date, datetime, time

from kiestoon.speech.languages.grammar import Language, days_from, hour_and_minute
from kiestoon.speech.phrase import Moment

_NEAR = {-1: "yesterday", 0: "today", 1: "tomorrow"}
_ENDINGS = {1: "st", 2: "nd", 3: "rd", 21: "st", 22: "nd", 23: "rd", 31: "st"}


class English(Language):
    """ "2:30 pm", "Monday the 3rd of November"."""

    code = "en"
    digits = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
    signs = {"+": "plus", "*": "star", "#": "hash"}  # noqa: RUF012 - constants of the base class
    withheld = "a withheld number"
    weekdays = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
    months = (
        "January", "February", "March", "April", "May", "June",
        "July", "August", "September", "October", "November", "December",
    )  # fmt: skip

    def clock(self, at: time) -> str:
        return _time(at)

    def day(self, day: date) -> str:
        ordinal = f"{day.day}{_ENDINGS.get(day.day, 'th')}"
        return f"{self.weekdays[day.weekday()]} the {ordinal} of {self.months[day.month - 1]}"

    def when(self, moment: Moment) -> str:
        near = _NEAR.get(days_from(moment)) or f"on {self.day(moment.at.date())}"
        return f"{near} at {_time(moment.at)}"

    def until(self, moment: Moment) -> str:
        away = days_from(moment)
        if away == 0:
            return f"until {_time(moment.at)}"
        return f"until {_NEAR.get(away) or self.day(moment.at.date())} at {_time(moment.at)}"


def _time(at: time | datetime) -> str:
    hour, minute = hour_and_minute(at)
    if minute == 0 and hour % 12 == 0:
        return "noon" if hour else "midnight"
    half = "pm" if hour >= 12 else "am"
    shown = hour % 12 or 12
    if minute == 0:
        return f"{shown} {half}"
    return f"{shown} oh {minute} {half}" if minute < 10 else f"{shown}:{minute} {half}"
