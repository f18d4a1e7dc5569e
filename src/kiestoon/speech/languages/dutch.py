"""Dutch."""

from __future__ import annotations

from datetime import date, datetime, time

from kiestoon.speech.languages.grammar import Language, days_from, hour_and_minute
from kiestoon.speech.phrase import Moment

_NEAR = {-1: "gisteren", 0: "vandaag", 1: "morgen"}


class Dutch(Language):
    """ "14 uur 30", "maandag 3 november"."""

    code = "nl"
    digits = ("nul", "een", "twee", "drie", "vier", "vijf", "zes", "zeven", "acht", "negen")
    signs = {"+": "plus", "*": "sterretje", "#": "hekje"}  # noqa: RUF012 - constants of the base class
    withheld = "een afgeschermd nummer"
    weekdays = ("maandag", "dinsdag", "woensdag", "donderdag", "vrijdag", "zaterdag", "zondag")
    months = (
        "januari", "februari", "maart", "april", "mei", "juni",
        "juli", "augustus", "september", "oktober", "november", "december",
    )  # fmt: skip

    def clock(self, at: time) -> str:
        return _time(at)

    def day(self, day: date) -> str:
        return f"{self.weekdays[day.weekday()]} {day.day} {self.months[day.month - 1]}"

    def when(self, moment: Moment) -> str:
        near = _NEAR.get(days_from(moment)) or self.day(moment.at.date())
        return f"{near} om {_time(moment.at)}"

    def until(self, moment: Moment) -> str:
        away = days_from(moment)
        if away == 0:
            return f"tot {_time(moment.at)}"
        return f"tot {_NEAR.get(away) or self.day(moment.at.date())}, {_time(moment.at)}"


def _time(at: time | datetime) -> str:
    hour, minute = hour_and_minute(at)
    return f"{hour} uur {minute}" if minute else f"{hour} uur"
