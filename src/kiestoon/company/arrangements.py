"""What has been arranged for calls in one company, indexed for routing: forwardings, rules, groups, plans, reach.

Built once for each snapshot; only what exists takes memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

import msgspec

from kiestoon.company.codes import KEYS_IN_CALLS, SPEED_DIAL
from kiestoon.company.handling import Handling
from kiestoon.company.model import (
    AlternateNumber,
    CallClass,
    CompanyRows,
    ConferenceRoom,
    FeatureCode,
    Forward,
    GroupCallMember,
    Holiday,
    HuntMember,
    LocationRoute,
    Meeting,
    NumberPlan,
    NumberScheme,
    PlanHoliday,
    PlanMapping,
    PlanOverride,
    PlanPeriod,
    Presence,
    Queue,
    QueueMember,
    ReachOverride,
    ReachProfile,
    ReachStatus,
    Row,
    Rule,
    Schedule,
    ShortNumber,
    SpeedDial,
    StatusForward,
    TimeRoute,
    VoicemailBox,
    WatchedLine,
    WeekBlock,
)
from kiestoon.company.ringing import Ringing
from kiestoon.company.time.changes import Timed
from kiestoon.company.time.index import TimeIndex
from kiestoon.company.time.week import schedule_table

RowT = TypeVar("RowT")
KeyT = TypeVar("KeyT")

_OWNERS = (
    "users",
    "menus",
    "alternate_numbers",
    "group_extensions",
    "hunt_groups",
    "location_routings",
    "time_routings",
    "call_limits",
    "forward_extensions",
    "conference_rooms",
    "group_calls",
    "queues",
)


class Reach(msgspec.Struct, frozen=True):
    """One person's matrix (E 10.1): profiles by (status, class), None standing for every other one.

    There may be no profile yet; what was chosen by hand holds all the same.
    """

    classes: tuple[CallClass, ...]
    statuses: tuple[ReachStatus, ...]
    cells: Mapping[tuple[int | None, int | None], ReachProfile]
    default: ReachProfile | None
    override: ReachOverride | None


class Scheme(msgspec.Struct, frozen=True):
    """A number-plan scheme with everything that decides which of its plans is active."""

    row: NumberScheme
    plans: Mapping[int, NumberPlan]
    override: PlanOverride | None
    holidays: tuple[PlanHoliday, ...]
    periods: tuple[PlanPeriod, ...]


class Arrangements:
    """A company's arrangements. Treat as immutable."""

    __slots__ = (
        "_hours",
        "_status_times",
        "alternates",
        "alternates_by_number",
        "codes",
        "conference_rooms",
        "extensions",
        "forwards",
        "group_call_members",
        "group_members",
        "handling",
        "holidays",
        "hunt_members",
        "keys_in_calls",
        "location_routes",
        "location_rules",
        "mappings",
        "meetings",
        "presences",
        "queue_members",
        "queues",
        "reaches",
        "ringing",
        "rules",
        "schedules",
        "schemes",
        "short_numbers",
        "speed_dial_codes",
        "speed_dials",
        "status_forwards",
        "time_routes",
        "times",
        "voicemail_boxes",
        "watched_lines",
    )

    def __init__(self, rows: CompanyRows) -> None:
        self.extensions: dict[str, Row] = {
            row.extension: row for table in _OWNERS for row in getattr(rows, table) if row.extension
        }
        """Every internal number with what it belongs to."""
        self.handling = Handling(rows)
        self.ringing = Ringing(rows)
        self.voicemail_boxes: dict[str, VoicemailBox] = {row.extension: row for row in rows.voicemail_boxes}
        self.times = TimeIndex(rows)
        self._status_times: dict[tuple[int, int | None], Timed[bool]] = {}
        self._hours: dict[tuple[tuple[WeekBlock, ...], int | None], Timed[bool]] = {}
        self._index_people(rows)
        self._index_groups(rows)
        self._index_numbers(rows)

    def _index_people(self, rows: CompanyRows) -> None:
        """What is arranged for somebody's calls."""
        self.forwards: dict[str, tuple[Forward, ...]] = _group(
            (row for row in rows.forwards if row.active), lambda row: row.extension
        )
        active = [row for row in rows.rules if row.active]
        self.rules: dict[str, tuple[Rule, ...]] = _group(
            (row for row in active if row.extension), lambda row: row.extension or ""
        )
        self.location_rules: dict[int, tuple[Rule, ...]] = _group(
            (row for row in active if row.location_id is not None), lambda row: row.location_id or 0
        )
        self.schedules: dict[int, Schedule] = {row.id: row for row in rows.schedules}
        self.holidays: dict[int, Holiday] = {row.id: row for row in rows.holidays}
        self.presences: dict[int, Presence] = {row.user_id: row for row in rows.presences}
        self.status_forwards: dict[tuple[int, str], StatusForward] = {
            (row.user_id, row.status): row for row in rows.status_forwards
        }
        self.alternates: dict[int, tuple[AlternateNumber, ...]] = _group(
            rows.alternate_numbers, lambda row: row.user_id
        )
        self.alternates_by_number: dict[int, AlternateNumber] = {
            row.number_id: row for row in rows.alternate_numbers if row.number_id is not None
        }
        self.reaches: dict[int, Reach] = _reaches(rows)

    def _index_groups(self, rows: CompanyRows) -> None:
        """Where several are rung, talk, or one of several places is chosen."""
        self.group_members: dict[int, tuple[str, ...]] = {
            group: tuple(member.extension for member in members)
            for group, members in _group(rows.group_members, lambda row: row.group_id).items()
        }
        self.hunt_members: dict[int, tuple[HuntMember, ...]] = {
            group: tuple(sorted(members, key=lambda member: (member.position, member.id)))
            for group, members in _group(rows.hunt_members, lambda row: row.hunt_group_id).items()
        }
        self.location_routes: dict[int, dict[str, LocationRoute]] = {
            routing: {route.match: route for route in routes}
            for routing, routes in _group(rows.location_routes, lambda row: row.routing_id).items()
        }
        self.time_routes: dict[int, tuple[TimeRoute, ...]] = _group(rows.time_routes, lambda row: row.routing_id)
        self.conference_rooms: dict[int, ConferenceRoom] = {row.id: row for row in rows.conference_rooms}
        self.meetings: tuple[Meeting, ...] = rows.meetings
        self.group_call_members: dict[int, tuple[GroupCallMember, ...]] = _group(
            rows.group_call_members, lambda row: row.group_call_id
        )
        self.queues: dict[int, Queue] = {row.id: row for row in rows.queues}
        self.queue_members: dict[int, tuple[QueueMember, ...]] = {
            queue: tuple(sorted(members, key=lambda member: (member.position, member.id)))
            for queue, members in _group(rows.queue_members, lambda row: row.queue_id).items()
        }

    def _index_numbers(self, rows: CompanyRows) -> None:
        """Plans, and what is dialled in short."""
        self.schemes: dict[int, Scheme] = _schemes(rows)
        self.mappings: dict[int, tuple[PlanMapping, ...]] = _group(rows.plan_mappings, lambda row: row.number_id)
        self.codes: dict[str, FeatureCode] = {row.code: row for row in rows.feature_codes}
        self.speed_dial_codes: tuple[str, ...] = tuple(
            row.code for row in rows.feature_codes if row.feature == SPEED_DIAL
        )
        self.speed_dials: dict[tuple[int, str], SpeedDial] = {(row.user_id, row.code): row for row in rows.speed_dials}
        self.watched_lines: dict[int, tuple[WatchedLine, ...]] = _group(
            sorted(rows.watched_lines, key=lambda row: (row.position, row.id)), lambda row: row.user_id
        )
        self.short_numbers: dict[str, ShortNumber] = {row.code: row for row in rows.short_numbers}
        self.keys_in_calls: dict[str, str] = {
            row.code: row.feature for row in rows.feature_codes if row.feature in KEYS_IN_CALLS
        }
        """Codes keyed in during a conversation, and their features (CALL-8)."""

    def code_of(self, feature: str) -> str:
        """What is dialled for a feature: the first of its codes, "" where there is none."""
        return next((code for code, row in self.codes.items() if row.feature == feature), "")

    def rules_of(self, extension: str, service: str) -> tuple[Rule, ...]:
        """The active rules of one service of an extension."""
        rules = self.rules.get(extension)
        return () if rules is None else tuple(rule for rule in rules if rule.service == service)

    def status_holds(self, status: ReachStatus, location_id: int | None, at_ms: int) -> bool:
        """Whether the week has this status now, on the location's clock."""
        return self._status_table(status, location_id).at(at_ms)

    def status_changes(self, status: ReachStatus, location_id: int | None, at_ms: int) -> int | None:
        """When ``status_holds`` gives another answer next (ms); None: never."""
        return self._status_table(status, location_id).next_change(at_ms)

    def _status_table(self, status: ReachStatus, location_id: int | None) -> Timed[bool]:
        key = (status.id, location_id)
        times = self._status_times.get(key)
        if times is None:
            # Most people keep the same hours: one table for all of them, so that few calls wait for one to be made.
            hours = (status.blocks, location_id)
            times = self._hours.get(hours)
            if times is None:
                times = self._hours[hours] = Timed(self.times.zone(location_id), schedule_table(status.blocks))
            self._status_times[key] = times
        return times

    def scheme_of(self, plan_id: int) -> Scheme | None:
        """The scheme a plan belongs to."""
        return next((scheme for scheme in self.schemes.values() if plan_id in scheme.plans), None)


def _group(rows: Iterable[RowT], key: Callable[[RowT], KeyT]) -> dict[KeyT, tuple[RowT, ...]]:
    grouped: dict[KeyT, list[RowT]] = {}
    for row in rows:
        grouped.setdefault(key(row), []).append(row)
    return {name: tuple(members) for name, members in grouped.items()}


def _schemes(rows: CompanyRows) -> dict[int, Scheme]:
    overrides = {row.scheme_id: row for row in rows.plan_overrides}
    plans = _group(rows.number_plans, lambda row: row.scheme_id)
    holidays = _group(rows.plan_holidays, lambda row: row.scheme_id)
    periods = _group(rows.plan_periods, lambda row: row.scheme_id)
    return {
        row.id: Scheme(
            row,
            {plan.id: plan for plan in plans.get(row.id, ())},
            overrides.get(row.id),
            holidays.get(row.id, ()),
            periods.get(row.id, ()),
        )
        for row in rows.number_schemes
    }


def _reaches(rows: CompanyRows) -> dict[int, Reach]:
    profiles: dict[int, Any] = _group(rows.reach_profiles, lambda row: row.user_id)
    classes = _group(rows.call_classes, lambda row: row.user_id)
    statuses = _group(rows.reach_statuses, lambda row: row.user_id)
    cells = _group(rows.reach_cells, lambda row: row.user_id)
    overrides = {row.user_id: row for row in rows.reach_overrides}
    reaches = {}
    # What is chosen by hand, and the number shown to a class, holds without any profile (E 10.8.3, E 10.3).
    for user_id in dict.fromkeys((*profiles, *classes, *statuses, *overrides)):
        owned = profiles.get(user_id, ())
        by_id = {profile.id: profile for profile in owned}
        reaches[user_id] = Reach(
            classes.get(user_id, ()),
            statuses.get(user_id, ()),
            {(cell.status_id, cell.call_class_id): by_id[cell.profile_id] for cell in cells.get(user_id, ())},
            next((profile for profile in owned if profile.is_default), None),
            overrides.get(user_id),
        )
    return reaches
