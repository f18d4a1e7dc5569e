"""Which number plan of a scheme is active, and why (RTE-2, E 8.2.4-8.2.7)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from typing import Literal, TypeAlias

import msgspec

from kiestoon.company.model import NumberPlan, PlanHoliday, PlanOverride, PlanPeriod
from kiestoon.company.time.changes import next_change
from kiestoon.company.time.holidays import HolidayTable
from kiestoon.company.time.steps import Steps
from kiestoon.company.time.week import WeekTable, block_spans
from kiestoon.company.time.zones import Zone

PlanSource: TypeAlias = Literal["override", "holiday", "schedule", "fallback", "none"]
_FIRST_S, _END_S = -(1 << 62), 1 << 62


class PlanChoice(msgspec.Struct, frozen=True, gc=False):
    """The active plan (None: no plan at all) and what made it so.

    ``name`` is the holiday period's, ``day`` the entry of its list that fits ("" otherwise).
    """

    plan_id: int | None
    source: PlanSource
    name: str = ""
    day: str = ""


class ActivePlan(PlanChoice, frozen=True, gc=False):
    """A choice and when it ends: ms since 1970 in UTC; None: not within ``changes.HORIZON_YEARS``."""

    until_ms: int | None = None


class Stretch(PlanChoice, frozen=True, gc=False, kw_only=True):
    """A choice for a while: from ``start_ms`` until ``end_ms``."""

    start_ms: int
    end_ms: int


class PlanTable:
    """The plans of one scheme in time, on the clock of its zone. Times are ms since 1970 in UTC.

    An override wins over holiday periods, these over the week's schedule, this over the fallback plan. Among holiday
    periods one given by its times wins over one given by a list; otherwise the lowest id.
    """

    __slots__ = ("_by_plan", "_override", "_shown", "_timeline", "_zone")

    def __init__(
        self,
        zone: Zone,
        plans: Iterable[NumberPlan],
        override: PlanOverride | None,
        periods: Iterable[PlanPeriod],
        holidays: Iterable[PlanHoliday],
        table: Callable[[int], HolidayTable | None],
    ) -> None:
        """All rows are the scheme's own; ``table`` gives the holidays of a list's id."""
        rows = _Rows(tuple(plans), tuple(periods), tuple(holidays), table)
        self._zone = zone
        self._override = override
        self._timeline = _Timeline(rows, _as_shown)
        self._by_plan = _Timeline(rows, _plan_only)

    def choose(self, at_ms: int) -> PlanChoice:
        """The choice at an instant, for the call path."""
        override = self._override
        if override is not None and (override.until_ms == 0 or at_ms < override.until_ms):
            return PlanChoice(override.plan_id, "override")
        return self._timeline.at(self._zone.local_s(at_ms // 1000))

    def active(self, at_ms: int) -> ActivePlan:
        """The choice at an instant with its end, for people."""
        choice = self.choose(at_ms)
        if choice.source == "override" and self._override is not None:
            until_ms = self._override.until_ms or None
        else:
            until_ms = self._ms(next_change(self._zone, self._timeline, at_ms // 1000))
        return ActivePlan(choice.plan_id, choice.source, choice.name, choice.day, until_ms)

    def stretches(self, from_ms: int, to_ms: int) -> Iterator[Stretch]:
        """What is active from one instant until another, stretch after stretch without gaps."""
        at_ms = from_ms
        while at_ms < to_ms:
            active = self.active(at_ms)
            end_ms = to_ms if active.until_ms is None else min(active.until_ms, to_ms)
            yield Stretch(active.plan_id, active.source, active.name, active.day, start_ms=at_ms, end_ms=end_ms)
            at_ms = end_ms

    def next_scheduled_change(self, at_ms: int) -> int | None:
        """When holidays, schedule and fallback lead to another plan than they do now, whatever the override says.

        That is how long a temporary change by telephone lasts (E 8.2.7). None: until it is switched back.
        """
        return self._ms(next_change(self._zone, self._by_plan, at_ms // 1000))

    @staticmethod
    def _ms(at_s: int | None) -> int | None:
        return None if at_s is None else at_s * 1000


class _Rows(msgspec.Struct, frozen=True):
    plans: tuple[NumberPlan, ...]
    periods: tuple[PlanPeriod, ...]
    holidays: tuple[PlanHoliday, ...]
    table: Callable[[int], HolidayTable | None]


_Say = Callable[[int | None, PlanSource, str, str], PlanChoice]


def _as_shown(plan_id: int | None, source: PlanSource, name: str = "", day: str = "") -> PlanChoice:
    return PlanChoice(plan_id, source, name, day)


def _plan_only(plan_id: int | None, source: PlanSource, name: str = "", day: str = "") -> PlanChoice:
    return PlanChoice(plan_id, "none")  # two reasons for one plan are no change of plan


class _Timeline:
    """Holidays, schedule and fallback as a ``changes.Timeline``."""

    __slots__ = ("_lists", "_periods", "_say", "_week")

    def __init__(self, rows: _Rows, say: _Say) -> None:
        self._say = say
        timed: list[tuple[int, int, PlanChoice | None]] = []
        self._lists: list[tuple[HolidayTable, PlanHoliday]] = []
        for row in sorted(rows.holidays, key=lambda row: row.id):
            start, end = _local_s(row.start), _local_s(row.end)
            if start is not None and end is not None:
                timed.append((start, end, say(row.plan_id, "holiday", row.name, "")))
            elif row.holiday_id is not None and (table := rows.table(row.holiday_id)) is not None:
                self._lists.append((table, row))
        self._periods = Steps(timed, None, _FIRST_S, _END_S) if timed else None
        self._week = WeekTable(
            (
                span
                for row in sorted(rows.periods, key=lambda row: row.id)
                for span in block_spans(row.blocks, say(row.plan_id, "schedule", "", ""))
            ),
            _fallback(rows.plans, say),
        )

    def at(self, local_s: int) -> PlanChoice:
        if self._periods is not None and (choice := self._periods.at(local_s)) is not None:
            return choice
        for table, row in self._lists:
            if (day := table.at(local_s)) is not None:
                return self._say(row.plan_id, "holiday", row.name, day.name)
        return self._week.at(local_s)

    def after(self, local_s: int) -> int | None:
        changes: list[int | None] = []
        if self._periods is not None:
            changes.append(self._periods.after(local_s))
            if self._periods.at(local_s) is not None:
                return changes[0]  # whatever else changes meanwhile is not in force
        for table, _ in self._lists:
            changes.append(table.after(local_s))
            if table.at(local_s) is not None:
                break
        else:
            changes.append(self._week.after(local_s))
        return min((change for change in changes if change is not None), default=None)


def _fallback(plans: Iterable[NumberPlan], say: _Say) -> PlanChoice:
    found = min((plan for plan in plans if plan.is_fallback), key=lambda plan: plan.id, default=None)
    return say(None, "none", "", "") if found is None else say(found.id, "fallback", "", "")


def _local_s(minute: str | None) -> int | None:
    """A ``LocalMinute`` as a local reading; None for what is no time, as if the row were not there."""
    if not minute:
        return None
    try:
        return int(datetime.fromisoformat(minute).replace(tzinfo=UTC).timestamp())
    except ValueError:
        return None
