"""Public holidays of countries and their regions, moving ones included (RTE-6).

The ``holidays`` package knows the rules of each country, so nothing needs to be kept up by hand. It takes a tenth of a
second to load, therefore it is loaded when the first public holiday is asked for, and each year is remembered.
"""

from __future__ import annotations

import re
from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from holidays import HolidayBase

_KEY_LANGUAGE = "en_US"
_NOT_OFFERED = frozenset({"school", "workday"})  # free days of schools, and memorial days on which people work
_CUSTOMS = {"NL": frozenset({"Good Friday"})}  # the package has it among the days off; Dutch offices are open
_FIRST_YEAR, _LAST_YEAR = 1970, 2199
_NAMED_FROM, _NAMED_YEARS = 2020, 20
_COUNTRY = re.compile(r"[A-Z]{2}\Z")
_MARKS = re.compile(r" \((observed|estimated|observed, estimated|substitute day|in lieu)\)\Z")


class PublicHoliday(msgspec.Struct, frozen=True, gc=False):
    """One day. ``name`` is English and names the holiday in ``HolidayDay.public``; ``local_name`` is for people.

    ``legal``: everybody's day off by law. Others are customs (Good Friday in the Netherlands), banks' days, and days of
    a confession or profession.
    """

    date: date
    name: str
    local_name: str
    legal: bool

    @property
    def key(self) -> str:
        """The name without remarks like "(observed)" for a day given in place of one on a Sunday."""
        return _MARKS.sub("", self.name)


@lru_cache(maxsize=4096)
def public_holidays(country: str, region: str, year: int, language: str = "") -> tuple[PublicHoliday, ...]:
    """A year's public holidays, by date. Empty for a country nobody knows; an unknown region is left out of account.

    ``country`` is ISO 3166-1 alpha-2, ``region`` the ISO 3166-2 subdivision without the country ("" = nationwide only).
    ``language`` ("nl") is that of ``local_name``, if the country's names exist in it; else the country's own is taken.
    """
    if not _FIRST_YEAR <= year <= _LAST_YEAR:
        return ()
    kind = _country(country)
    if kind is None:
        return ()
    others = tuple(sorted(set(kind.supported_categories) - _NOT_OFFERED - {"public"}))
    spoken = language if language in kind.supported_languages else kind.default_language
    found: dict[tuple[date, str], PublicHoliday] = {}
    for categories, legal in ((("public",), True), (others, False)):
        if not categories:
            continue
        local = _names(country, region, year, spoken, categories)
        for day, names in _names(country, region, year, _KEY_LANGUAGE, categories).items():
            shown = local.get(day, names)
            for name in names:
                # the package sorts names that share a day, so they cannot be paired across languages
                local_name = shown[0] if len(shown) == len(names) == 1 else "; ".join(shown)
                custom = name in _CUSTOMS.get(country, ())
                entry = PublicHoliday(day, name, local_name, legal and not custom)
                found.setdefault((day, entry.key), entry)
    return tuple(sorted(found.values(), key=lambda each: (each.date, each.name)))


@lru_cache(maxsize=256)
def public_names(country: str, region: str) -> frozenset[str]:
    """Every name that ``HolidayDay.public`` may have there: of the years around now, so that rare ones are found."""
    years = range(_NAMED_FROM, _NAMED_FROM + _NAMED_YEARS)
    found = (holiday for year in years for holiday in public_holidays(country, region, year))
    return frozenset(name for holiday in found for name in (holiday.name, holiday.key))


@lru_cache(maxsize=256)
def regions(country: str) -> tuple[str, ...]:
    """The regions of a country that have public holidays of their own, as ``Location.region`` names them."""
    kind = _country(country)
    return () if kind is None else tuple(kind.subdivisions)


@lru_cache(maxsize=256)
def _country(country: str) -> HolidayBase | None:
    from holidays import country_holidays  # noqa: PLC0415 - takes 0.1 s: only for those who use it

    if not _COUNTRY.match(country):
        return None
    try:
        return country_holidays(country)
    except NotImplementedError:
        return None


def _names(
    country: str, region: str, year: int, language: str | None, categories: tuple[str, ...]
) -> dict[date, tuple[str, ...]]:
    """The names of each day, those of one day in alphabetical order."""
    from holidays import country_holidays  # noqa: PLC0415 - as above

    try:
        days = country_holidays(country, region or None, years=year, language=language, categories=categories)
    except NotImplementedError:  # the region
        return _names(country, "", year, language, categories) if region else {}
    return {day: tuple(names.split("; ")) for day, names in days.items() if day.year == year}
