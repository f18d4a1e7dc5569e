"""Time schedules and holidays, personal and of a location (V 6.5-6.6, V 29.2)."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from kiestoon.company.model.row import CompanyId, Name, OwnerId, Row, Value, WeekBlock, refers


class HolidayDay(Value, frozen=True):
    """Named whole days, ``first`` to ``last`` (ISO dates, both included).

    ``recurs``: on the same dates every year, until the year ``until_year`` (0 = for ever). ``public``: instead of fixed
    dates, a public holiday of the location's country by its English name, wherever it falls ("Easter Monday"), or "*"
    for all of them; ``first`` and ``last`` are "" then.
    """

    name: Annotated[str, Meta(max_length=80)]
    first: Annotated[str, Meta(pattern=r"^([0-9]{4}-[0-9]{2}-[0-9]{2})?$")] = ""
    last: Annotated[str, Meta(pattern=r"^([0-9]{4}-[0-9]{2}-[0-9]{2})?$")] = ""
    recurs: bool = False
    until_year: Annotated[int, Meta(ge=0, le=9999)] = 0
    public: Annotated[str, Meta(max_length=80)] = ""


class Schedule(Row, frozen=True):
    """A time schedule: blocks of the week, to the minute. Belongs to a location, or to one user (personal)."""

    company_id: CompanyId
    name: Name
    location_id: Annotated[int, refers("locations", "cascade")] | None = None
    user_id: OwnerId | None = None
    blocks: tuple[WeekBlock, ...] = ()


class Holiday(Row, frozen=True):
    """A list of holidays under one name ("Summer closing", "Public holidays")."""

    company_id: CompanyId
    name: Name
    location_id: Annotated[int, refers("locations", "cascade")] | None = None
    user_id: OwnerId | None = None
    days: tuple[HolidayDay, ...] = ()


Weekday = Literal[0, 1, 2, 3, 4, 5, 6]
