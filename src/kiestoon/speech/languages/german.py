"""German."""

from __future__ import annotations

from datetime import date, datetime, time

from kiestoon.speech.languages.grammar import Language, days_from, hour_and_minute
from kiestoon.speech.phrase import Moment

_NEAR = {-1: "gestern", 0: "heute", 1: "morgen"}
_HOURS = {0: "null", 1: "ein"}
_ORDINALS = (
    "erste", "zweite", "dritte", "vierte", "fünfte", "sechste", "siebte", "achte", "neunte", "zehnte", "elfte",
    "zwölfte", "dreizehnte", "vierzehnte", "fünfzehnte", "sechzehnte", "siebzehnte", "achtzehnte", "neunzehnte",
    "zwanzigste", "einundzwanzigste", "zweiundzwanzigste", "dreiundzwanzigste", "vierundzwanzigste",
    "fünfundzwanzigste", "sechsundzwanzigste", "siebenundzwanzigste", "achtundzwanzigste", "neunundzwanzigste",
    "dreißigste", "einunddreißigste",
)  # fmt: skip


class German(Language):
    """ "14 Uhr 30", "Montag, der dritte November". Ordinals are words: a synthesiser cannot know their case."""

    code = "de"
    digits = ("null", "eins", "zwei", "drei", "vier", "fünf", "sechs", "sieben", "acht", "neun")
    signs = {"+": "plus", "*": "Stern", "#": "Raute"}  # noqa: RUF012 - constants of the base class
    withheld = "einer unterdrückten Nummer"
    weekdays = ("Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag", "Sonntag")
    months = (
        "Januar", "Februar", "März", "April", "Mai", "Juni",
        "Juli", "August", "September", "Oktober", "November", "Dezember",
    )  # fmt: skip

    def clock(self, at: time) -> str:
        return _time(at)

    def day(self, day: date) -> str:
        return self._day(day, "der", "")

    def when(self, moment: Moment) -> str:
        near = _NEAR.get(days_from(moment))
        day = near or f"am {self._day(moment.at.date(), 'dem', 'n')},"
        return f"{day} um {_time(moment.at)}"

    def until(self, moment: Moment) -> str:
        away = days_from(moment)
        if away == 0:
            return f"bis {_time(moment.at)}"
        day = _NEAR.get(away) or f"{self._day(moment.at.date(), 'den', 'n')},"
        return f"bis {day} um {_time(moment.at)}"

    def _day(self, day: date, article: str, ending: str) -> str:
        ordinal = _ORDINALS[day.day - 1] + ending
        return f"{self.weekdays[day.weekday()]}, {article} {ordinal} {self.months[day.month - 1]}"


def _time(at: time | datetime) -> str:
    hour, minute = hour_and_minute(at)
    spoken = f"{_HOURS.get(hour, hour)} Uhr"
    return f"{spoken} {minute}" if minute else spoken
