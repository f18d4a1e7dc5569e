"""Rules of single types of row. Each function yields what is wrong."""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import ip_network
from typing import Final

from kiestoon.company.model import (
    Account,
    AlternateNumber,
    Company,
    Department,
    Device,
    FeatureCode,
    HuntGroup,
    HuntMember,
    IdentityProvider,
    Number,
    NumberPlan,
    NumberScheme,
    PlanHoliday,
    PlanMapping,
    PlanPeriod,
    Row,
    Rule,
    Trunk,
    WatchedLine,
    WeekBlock,
)
from kiestoon.store.problems import Problem, problem
from kiestoon.store.rules.codes import check_code
from kiestoon.store.rules.logins import check_account, check_provider
from kiestoon.store.rules.peek import Peek, named
from kiestoon.store.rules.shape import Check

_DOMAIN = re.compile(r"(?=.{1,253}\Z)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*\Z")
_MIN_SECRET = 16  # digest with MD5 over UDP stands or falls with the password's randomness
_MAX_PLANS = 99  # E 8.2
_MAX_ALTERNATES = 10  # V 9.4
_MAX_WATCHED = 40
"""Lines in one list of lamps: every change is told with the whole list, in one datagram."""
_WEEK = 7 * 1440


def _company(row: Company, peek: Peek) -> Iterator[Problem]:
    if not _DOMAIN.match(row.domain):
        yield problem("domain", "not_a_domain", value=row.domain)
    taken = peek.extensions() if row.id else []
    old = peek.get(Company, row.id) if row.id else None
    if old is not None and taken and old.extension_digits != row.extension_digits:
        yield problem("extension_digits", "digits_fixed", value=taken[0])
    if old is not None and not row.emergency_number and (old.emergency_number or peek.find(Number)):
        yield problem("emergency_number", "emergency_missing")  # E 6.10.1: nothing is saved without one


def _department(row: Department, peek: Peek) -> Iterator[Problem]:
    seen = {row.id}
    parent_id = row.parent_id
    while parent_id is not None and row.id:
        if parent_id in seen:
            yield problem("parent_id", "circle")
            return
        seen.add(parent_id)
        parent = peek.get(Department, parent_id)
        parent_id = parent.parent_id if parent is not None else None


def _device(row: Device, peek: Peek) -> Iterator[Problem]:
    if len(row.secret) < _MIN_SECRET:
        yield problem("secret", "secret_too_short")


def _trunk(row: Trunk, peek: Peek) -> Iterator[Problem]:
    if not row.host:
        yield problem("host", "host_missing")
    if row.kind == "register" and not (row.username and row.secret):
        yield problem("username", "login_missing")
    if row.srtp != "off" and row.transport != "tls":
        yield problem("srtp", "srtp_without_tls")  # the keys travel in the signalling (RFC 4568 §8)
    if row.kind == "peer" and not row.sources:
        yield problem("sources", "source_missing")
    for source in row.sources:
        try:
            ip_network(source, strict=False)
        except ValueError:
            yield problem("sources", "not_an_address", value=source)


def _number(row: Number, peek: Peek) -> Iterator[Problem]:
    if not row.extension or not row.id:
        return
    for mapping in peek.find(PlanMapping, number_id=row.id):
        plan = peek.get(NumberPlan, mapping.plan_id)
        yield problem("extension", "in_use", users=named(plan) if plan else ("a number plan", "een nummerplan"))
        return


def _alternate(row: AlternateNumber, peek: Peek) -> Iterator[Problem]:
    if (row.number_id is None) == (not row.extension):
        yield problem("number_id", "one_of", fields="number_id, extension")
    others = [other for other in peek.find(AlternateNumber, user_id=row.user_id) if other.id != row.id]
    if len(others) >= _MAX_ALTERNATES:
        yield problem("user_id", "too_many", limit=_MAX_ALTERNATES)


def _watched_line(row: WatchedLine, peek: Peek) -> Iterator[Problem]:
    others = [other for other in peek.find(WatchedLine, user_id=row.user_id) if other.id != row.id]
    if len(others) >= _MAX_WATCHED:
        yield problem("user_id", "too_many", limit=_MAX_WATCHED)


def _rule(row: Rule, peek: Peek) -> Iterator[Problem]:
    if (row.extension is None) == (row.location_id is None):
        yield problem("extension", "one_of", fields="extension, location_id")


def _plan(row: NumberPlan, peek: Peek) -> Iterator[Problem]:
    others = [other for other in peek.find(NumberPlan, scheme_id=row.scheme_id) if other.id != row.id]
    if len(others) >= _MAX_PLANS:
        yield problem("scheme_id", "too_many", limit=_MAX_PLANS)
    if row.is_fallback:
        for other in others:
            if other.is_fallback:
                yield problem("is_fallback", "taken", other=named(other))


def _scheme(row: NumberScheme, peek: Peek) -> Iterator[Problem]:
    for other in peek.find(NumberScheme, is_main=True):
        if row.is_main and other.id != row.id:
            yield problem("is_main", "taken", other=named(other))
        if not row.is_main and other.id == row.id:
            yield problem("is_main", "main_scheme")


def _mapping(row: PlanMapping, peek: Peek) -> Iterator[Problem]:
    number = peek.get(Number, row.number_id)
    plan = peek.get(NumberPlan, row.plan_id)
    if number is None or plan is None:
        return
    if not row.extension:
        yield problem("extension", "plan_without_target", value=number.e164)
    if number.extension:
        yield problem("number_id", "personal_number", value=number.e164, other=number.extension)
    for other in peek.find(PlanMapping, number_id=row.number_id):
        other_plan = peek.get(NumberPlan, other.plan_id)
        if other.id != row.id and other_plan is not None and other_plan.scheme_id != plan.scheme_id:
            scheme = peek.name_of("number_schemes", other_plan.scheme_id)
            yield problem("number_id", "other_scheme", value=number.e164, other=scheme)
            return


def _period(row: PlanPeriod, peek: Peek) -> Iterator[Problem]:
    yield from _of_scheme(row, peek)
    own = [*_minutes(row.blocks)]
    for index, first in enumerate(own):
        if any(_overlap(first, second) for second in own[index + 1 :]):
            yield problem("blocks", "overlap", other=("another of its blocks", "een ander blok"))
            return
    for other in peek.find(PlanPeriod, scheme_id=row.scheme_id):
        if other.id == row.id:
            continue
        if any(_overlap(mine, theirs) for mine in own for theirs in _minutes(other.blocks)):
            yield problem("blocks", "overlap", other=peek.name_of("number_plans", other.plan_id))
            return


def _minutes(blocks: tuple[WeekBlock, ...]) -> Iterator[tuple[int, int]]:
    """Each block as minutes of the week, cut where the week begins anew."""
    for block in blocks:
        start = block.day * 1440 + block.start
        end = block.day * 1440 + block.end
        yield start, min(end, _WEEK)
        if end > _WEEK:
            yield 0, min(end - _WEEK, _WEEK)


def _overlap(first: tuple[int, int], second: tuple[int, int]) -> bool:
    return first[0] < second[1] and second[0] < first[1]


def _plan_holiday(row: PlanHoliday, peek: Peek) -> Iterator[Problem]:
    yield from _of_scheme(row, peek)
    by_time = row.start is not None and row.end is not None
    if by_time == (row.holiday_id is not None):
        yield problem("start", "one_of", fields="start and end, holiday_id")
        return
    if row.start is None or row.end is None:
        return
    if row.end <= row.start:
        yield problem("end", "ends_before_start")
        return
    for other in peek.find(PlanHoliday, scheme_id=row.scheme_id):
        if other.id != row.id and other.start and other.end and row.start < other.end and other.start < row.end:
            yield problem("start", "overlap", other=named(other))


def _of_scheme(row: PlanPeriod | PlanHoliday, peek: Peek) -> Iterator[Problem]:
    plan = peek.get(NumberPlan, row.plan_id)
    if plan is not None and plan.scheme_id != row.scheme_id:
        yield problem("plan_id", "unknown_reference", value=row.plan_id)


def _hunt_member(row: HuntMember, peek: Peek) -> Iterator[Problem]:
    group = peek.get(HuntGroup, row.hunt_group_id)
    if group is None or group.policy != "weighted":
        return
    others = sum(other.weight for other in peek.find(HuntMember, hunt_group_id=row.hunt_group_id) if other.id != row.id)
    if others + row.weight > 100:
        yield problem("weight", "weights", value=others + row.weight)


CHECKS: Final[dict[type[Row], Check]] = {
    Company: _company,
    Department: _department,
    Device: _device,
    Trunk: _trunk,
    FeatureCode: check_code,
    Number: _number,
    AlternateNumber: _alternate,
    WatchedLine: _watched_line,
    Rule: _rule,
    NumberScheme: _scheme,
    NumberPlan: _plan,
    PlanMapping: _mapping,
    PlanPeriod: _period,
    PlanHoliday: _plan_holiday,
    HuntMember: _hunt_member,
    Account: check_account,
    IdentityProvider: check_provider,
}
