"""Rules over days and times: schedules, holidays, regions (V 6.5-6.6, V 29.2). Each function yields what is wrong."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, datetime
from typing import Final

from kiestoon.company.model import (
    Holiday,
    HolidayDay,
    Location,
    PlanHoliday,
    PlanPeriod,
    ReachStatus,
    Row,
    Rule,
    Schedule,
    User,
    WeekBlock,
)
from kiestoon.company.time.holidays import ALL_LEGAL
from kiestoon.company.time.public import public_names, regions
from kiestoon.store.problems import Problem, problem
from kiestoon.store.rules.peek import Peek, named
from kiestoon.store.rules.shape import Check

_WEEK = 7 * 1440


def _blocks(row: Schedule | ReachStatus | PlanPeriod, _peek: Peek) -> Iterator[Problem]:
    yield from check_blocks(row.blocks)


def check_blocks(blocks: Iterable[WeekBlock]) -> Iterator[Problem]:
    """A block ends after it begins, within a week."""
    for block in blocks:
        if block.end <= block.start:
            yield problem("blocks", "ends_before_start")
        elif block.end - block.start > _WEEK:
            yield problem("blocks", "block_too_long")


def _one_owner(row: Schedule | Holiday, _peek: Peek) -> Iterator[Problem]:
    """A location's, a person's, or the company's."""
    if row.location_id is not None and row.user_id is not None:
        yield problem("user_id", "one_of", fields="location_id, user_id")


def _location(row: Location, peek: Peek) -> Iterator[Problem]:
    company = peek.company()
    if not row.region or company is None:
        return
    known = regions(company.country)
    if row.region not in known:
        yield problem("region", "unknown_region", value=row.region, choices=", ".join(known) or "–")


def _holiday(row: Holiday, peek: Peek) -> Iterator[Problem]:
    for day in row.days:
        if day.public and (day.first or day.last):
            yield problem("days", "day_and_public", value=day.name)
        elif day.public:
            yield from _public_day(day, row, peek)
        elif not day.first:
            yield problem("days", "day_missing", value=day.name)
        else:
            yield from _fixed_day(day)


def _fixed_day(day: HolidayDay) -> Iterator[Problem]:
    dates: list[date] = []
    for text in filter(None, (day.first, day.last)):
        try:
            dates.append(date.fromisoformat(text))
        except ValueError:
            yield problem("days", "not_a_date", value=text)
            return
    if dates[-1] < dates[0] or (day.until_year and day.until_year < dates[0].year):
        yield problem("days", "ends_before_start")


def _public_day(day: HolidayDay, row: Holiday, peek: Peek) -> Iterator[Problem]:
    company = peek.company()
    if company is None or day.public == ALL_LEGAL:
        return
    location = peek.get(Location, _place_of(row, peek))
    names = public_names(company.country, location.region if location is not None else "")
    if day.public not in names:
        example = min(names, default=ALL_LEGAL)
        yield problem("days", "unknown_public_holiday", value=day.public, example=example)


def _place_of(row: Holiday, peek: Peek) -> int | None:
    if row.location_id is not None or row.user_id is None:
        return row.location_id
    user = peek.get(User, row.user_id)
    return user.location_id if user is not None else None


def _plan_holiday(row: PlanHoliday, _peek: Peek) -> Iterator[Problem]:
    for field, minute in (("start", row.start), ("end", row.end)):
        if minute is None:
            continue
        try:
            datetime.fromisoformat(minute)
        except ValueError:
            yield problem(field, "not_a_minute", value=minute)


def _rule(row: Rule, peek: Peek) -> Iterator[Problem]:
    """A person's schedules and holidays are for that person's rules only."""
    owner = peek.extension_owner(row.extension) if row.extension else None
    user_id = owner.id if isinstance(owner, User) else None
    for field, part in (
        ("schedule_id", peek.get(Schedule, row.schedule_id)),
        ("holiday_id", peek.get(Holiday, row.holiday_id)),
    ):
        if part is not None and part.user_id is not None and part.user_id != user_id:
            yield problem(field, "not_theirs", other=named(part))


CHECKS: Final[dict[type[Row], tuple[Check, ...]]] = {
    Schedule: (_blocks, _one_owner),
    Holiday: (_holiday, _one_owner),
    ReachStatus: (_blocks,),
    PlanPeriod: (_blocks,),
    PlanHoliday: (_plan_holiday,),
    Location: (_location,),
    Rule: (_rule,),
}
