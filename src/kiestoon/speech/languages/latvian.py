"""Latvian. Hours, days and months are inflected: stems and endings are kept apart."""

from __future__ import annotations

from datetime import date, datetime, time

from kiestoon.speech.languages.grammar import Language, Plural, days_from, hour_and_minute
from kiestoon.speech.phrase import Moment

_UNITS = ("vien", "div", "trij", "četr", "piec", "seš", "septiņ", "astoņ", "deviņ")
_TEENS = tuple(f"{unit}padsmit" for unit in ("vien", "div", "trīs", "četr", "piec", "seš", "septiņ", "astoņ", "deviņ"))
_HOURS = (*_UNITS, "desmit", *_TEENS, "divdesmit", *(f"divdesmit {unit}" for unit in _UNITS[:3]))
"""1 to 23, for "at two" (divos) and "until two" (diviem)."""
_FIRST = ("pirm", "otr", "treš", "ceturt", "piekt", "sest", "septīt", "astot", "devīt")
_ORDINALS = (
    *_FIRST, "desmit", *_TEENS, "divdesmit", *(f"divdesmit {unit}" for unit in _FIRST), "trīsdesmit",
    "trīsdesmit pirm",
)  # fmt: skip
_STEMS = ("janvār", "februār", "mart", "aprīl", "maij", "jūnij", "jūlij", "august", "septembr", "oktobr", "novembr",
          "decembr")  # fmt: skip
_FIRST_DECLENSION = frozenset({"mart", "maij", "jūnij", "jūlij", "august"})
_ENDINGS = {"nominative": ("ais", "s", "is"), "locative": ("ajā", "ā", "ī"), "dative": ("ajam", "am", "im")}
"""Of a definite ordinal, of months like "marts", of months like "aprīlis"."""


class Latvian(Language):
    """ "pulksten divos 30", "pirmdiena, trešais novembris"."""

    code = "lv"
    digits = ("nulle", "viens", "divi", "trīs", "četri", "pieci", "seši", "septiņi", "astoņi", "deviņi")
    signs = {"+": "plus", "*": "zvaigznīte", "#": "restīte"}  # noqa: RUF012 - constants of the base class
    withheld = "slēpts numurs"
    weekdays = ("pirmdiena", "otrdiena", "trešdiena", "ceturtdiena", "piektdiena", "sestdiena", "svētdiena")
    months = tuple(stem + ("s" if stem in _FIRST_DECLENSION else "is") for stem in _STEMS)

    def plural(self, number: int) -> Plural:
        if number % 10 == 0 or 11 <= number % 100 <= 19:
            return "zero"
        return "one" if number % 10 == 1 else "other"

    def clock(self, at: time) -> str:
        hour, minute = hour_and_minute(at)
        return f"{hour} {_minutes(minute)}" if minute else f"tieši {hour}"

    def day(self, day: date) -> str:
        return f"{self.weekdays[day.weekday()]}, {_day(day, 'nominative')}"

    def when(self, moment: Moment) -> str:
        day = moment.at.date()
        near = {-1: "vakar", 0: "šodien", 1: "rīt"}.get(days_from(moment))
        spoken = near or f"{self.weekdays[day.weekday()].removesuffix('a')}, {_day(day, 'locative')},"
        return f"{spoken} {_time(moment.at, 'os')}"

    def until(self, moment: Moment) -> str:
        day, away = moment.at.date(), days_from(moment)
        at = _time(moment.at, "iem")
        if away == 0:
            return f"līdz {at}"
        spoken = "rītdienai" if away == 1 else f"{self.weekdays[day.weekday()]}i, {_day(day, 'dative')}"
        return f"līdz {spoken}, {at}"


def _time(at: time | datetime, ending: str) -> str:
    hour, minute = hour_and_minute(at)
    if hour == 0:
        return f"pulksten nulle {_minutes(minute)}"
    spoken = f"pulksten {_HOURS[hour - 1]}{ending}"
    return f"{spoken} {_minutes(minute)}" if minute else spoken


def _minutes(minute: int) -> str:
    if minute == 0:
        return "nulle nulle"
    return f"nulle {minute}" if minute < 10 else str(minute)


def _day(day: date, case: str) -> str:
    ordinal, first, second = _ENDINGS[case]
    stem = _STEMS[day.month - 1]
    return f"{_ORDINALS[day.day - 1]}{ordinal} {stem}{first if stem in _FIRST_DECLENSION else second}"
