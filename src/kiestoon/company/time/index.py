"""All time tables of a company, built from its rows when they are first asked for."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from kiestoon.company.model import CompanyRows, Holiday, Row, Rule, Schedule, TimeRoute, TimeRouting, User
from kiestoon.company.time.changes import Timed
from kiestoon.company.time.holidays import DayOff, HolidayTable
from kiestoon.company.time.periods import route_table
from kiestoon.company.time.plans import PlanTable
from kiestoon.company.time.rules import RuleTime
from kiestoon.company.time.week import WeekTable, schedule_table
from kiestoon.company.time.zones import DAY_S, Zone, first_zone

R = TypeVar("R", bound=Row)


class TimeIndex:
    """One company's schedules, holidays, number plans and time routings. Treat as immutable.

    Each is read on the clock of its location (a personal one: of the user's), else of the company. Tables are made when
    first asked for and kept: build one index for each snapshot of a company's rows.
    """

    def __init__(self, rows: CompanyRows) -> None:
        self._rows = rows
        self._locations = {row.id: row for row in rows.locations}
        self._schedules: dict[int, Timed[bool] | None] = {}
        self._holidays: dict[int, Timed[DayOff | None] | None] = {}
        self._tables: dict[int, HolidayTable | None] = {}
        self._plans: dict[int, PlanTable | None] = {}
        self._rules: dict[int, RuleTime] = {}
        self._routings: dict[int, Timed[TimeRoute | None] | None] = {}

    def prepare(self, at_ms: int) -> None:
        """Look up the public holidays of this year and the next, so that no call waits for them (0.1 s at first)."""
        for row in self._rows.holidays:
            table = self._table(row.id)
            if table is not None and table.has_public:
                for later_s in (0, 366 * DAY_S):
                    table.at(at_ms // 1000 + later_s)
                table.at(at_ms // 1000)

    def zone(self, location_id: int | None) -> Zone:
        """The zone of a location, or of the company."""
        location = None if location_id is None else self._locations.get(location_id)
        return first_zone(location.timezone if location else "", self._rows.company.timezone)

    def schedule(self, schedule_id: int) -> Timed[bool] | None:
        """Whether a time schedule is active; None when there is no such schedule."""
        if schedule_id not in self._schedules:
            row = _find(self._rows.schedules, schedule_id)
            made = None if row is None else Timed(self._zone_of(row), schedule_table(row.blocks))
            self._schedules[schedule_id] = made
        return self._schedules[schedule_id]

    def holiday(self, holiday_id: int) -> Timed[DayOff | None] | None:
        """Whether (and which) day of a holiday list it is; None when there is no such list."""
        if holiday_id not in self._holidays:
            row, table = _find(self._rows.holidays, holiday_id), self._table(holiday_id)
            made = None if row is None or table is None else Timed(self._zone_of(row), table)
            self._holidays[holiday_id] = made
        return self._holidays[holiday_id]

    def rule(self, rule: Rule) -> RuleTime:
        """The time part of a rule. One that names a schedule or holiday that is not there never applies."""
        known = self._rules.get(rule.id)
        if known is None:
            known = self._rules[rule.id] = self._make_rule(rule)
        return known

    def plans(self, scheme_id: int) -> PlanTable | None:
        """The number plans of a scheme; None when there is no such scheme."""
        if scheme_id not in self._plans:
            self._plans[scheme_id] = self._make_plans(scheme_id)
        return self._plans[scheme_id]

    def routing(self, routing_id: int) -> Timed[TimeRoute | None] | None:
        """The period of a time routing that fits (None: fail-over); None when there is no such routing."""
        if routing_id not in self._routings:
            row = _find(self._rows.time_routings, routing_id)
            routes = (route for route in self._rows.time_routes if route.routing_id == routing_id)
            made = None if row is None else Timed(self.zone(self._location_id(row)), route_table(routes))
            self._routings[routing_id] = made
        return self._routings[routing_id]

    def _make_rule(self, rule: Rule) -> RuleTime:
        parts: list[Timed[bool] | Timed[DayOff | None]] = []
        if rule.schedule_id is not None:
            parts.append(self.schedule(rule.schedule_id) or _NEVER)
        if rule.holiday_id is not None:
            parts.append(self.holiday(rule.holiday_id) or _NEVER)
        return RuleTime(parts)

    def _make_plans(self, scheme_id: int) -> PlanTable | None:
        rows, scheme = self._rows, _find(self._rows.number_schemes, scheme_id)
        if scheme is None:
            return None
        return PlanTable(
            self.zone(scheme.location_id),
            [row for row in rows.number_plans if row.scheme_id == scheme_id],
            next((row for row in rows.plan_overrides if row.scheme_id == scheme_id), None),
            [row for row in rows.plan_periods if row.scheme_id == scheme_id],
            [row for row in rows.plan_holidays if row.scheme_id == scheme_id],
            self._table,
        )

    def _table(self, holiday_id: int) -> HolidayTable | None:
        if holiday_id not in self._tables:
            row = _find(self._rows.holidays, holiday_id)
            self._tables[holiday_id] = None if row is None else self._make_table(row)
        return self._tables[holiday_id]

    def _make_table(self, row: Holiday) -> HolidayTable:
        location_id = self._user_location(row.user_id) if row.location_id is None else row.location_id
        location = None if location_id is None else self._locations.get(location_id)
        return HolidayTable(row.days, self._rows.company.country, location.region if location else "")

    def _zone_of(self, row: Schedule | Holiday) -> Zone:
        return self.zone(self._user_location(row.user_id) if row.location_id is None else row.location_id)

    def _user_location(self, user_id: int | None) -> int | None:
        user = None if user_id is None else _find(self._rows.users, user_id)
        return None if user is None else self._location_id(user)

    def _location_id(self, row: User | TimeRouting) -> int | None:
        """Its own location, else its department's."""
        if row.location_id is not None or row.department_id is None:
            return row.location_id
        department = _find(self._rows.departments, row.department_id)
        return None if department is None else department.location_id


def _find(rows: Iterable[R], row_id: int) -> R | None:
    """Only while tables are made, so no index is kept for it."""
    return next((row for row in rows if row.id == row_id), None)


_NEVER = Timed(first_zone(), WeekTable((), False))
