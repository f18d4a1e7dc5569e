"""Rules over groups, queues, LBR and reach. Each function yields what is wrong."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from kiestoon.company.model import (
    CallClass,
    Destination,
    ForwardExtension,
    GroupExtension,
    GroupMember,
    Holiday,
    HuntMember,
    LocationRoute,
    LocationRouting,
    Queue,
    QueueMember,
    ReachCell,
    ReachOverride,
    ReachProfile,
    ReachStatus,
    Row,
    Schedule,
    User,
)
from kiestoon.store.problems import Problem, problem
from kiestoon.store.rules.peek import Peek, named
from kiestoon.store.rules.shape import Check

# LocationRouting.by: what its routes may look like, an example
_MATCHES: Final = {
    "postcode": (re.compile(r"[0-9]{1,4}\Z"), "1012"),  # four digits are asked for (E 4.8)
    "area_code": (re.compile(r"(0[0-9]*|\+[1-9][0-9]*)\Z"), "020"),
    "caller": (re.compile(r"\+?[0-9]+\Z"), "+3120"),
    "called": (re.compile(r"\+?[0-9]+\Z"), "+3120"),
}
_PREFIX = re.compile(r"(\+[1-9][0-9]{0,14}|[0-9]{1,15})\Z")
_EXTENSION = re.compile(r"[0-9]{1,15}\Z")


def _member(row: GroupMember | HuntMember | QueueMember, peek: Peek) -> Iterator[Problem]:
    """People and forward extensions (E 4.2, E 4.11): a group is no member of another, nor of itself."""
    owner = peek.extension_owner(row.extension)
    if owner is not None and not isinstance(owner, User | ForwardExtension):
        yield problem("extension", "not_a_member", other=named(owner))


def _group(row: GroupExtension, peek: Peek) -> Iterator[Problem]:
    """More numbers ring beside one, not beside a voicemail or beside nothing."""
    for case in ("always", "busy", "no_answer"):
        to: Destination = getattr(row, f"forward_{case}")
        if getattr(row, f"forward_{case}_also") and to.kind not in {"extension", "number"}:
            yield problem(f"forward_{case}_also", "no_number_beside", other=f"forward_{case}")


def _queue(row: Queue, peek: Peek) -> Iterator[Problem]:
    """What is switched on has somewhere to go; more numbers ring beside one."""
    for field, case in (("forward_also", "forward_to"), ("nobody_also", "nobody_to")):
        to: Destination = getattr(row, case)
        if getattr(row, field) and to.kind not in {"extension", "number"}:
            yield problem(field, "no_number_beside", other=case)
    if row.forced and not row.forced_to:
        yield problem("forced_to", "needed_for", other="forced")
    for case in ("holiday", "night"):
        if getattr(row, case) == "forward" and not getattr(row, f"{case}_to"):
            yield problem(f"{case}_to", "needed_for", other=case)
    if row.holiday != "off" and row.holiday_id is None:
        yield problem("holiday_id", "needed_for", other="holiday")
    if row.night != "off" and row.office_schedule_id is None:
        yield problem("office_schedule_id", "needed_for", other="night")


def _queue_times(row: Queue, peek: Peek) -> Iterator[Problem]:
    """A person's own schedules and holidays are for that person."""
    for field, part in (
        ("office_schedule_id", peek.get(Schedule, row.office_schedule_id)),
        ("holiday_id", peek.get(Holiday, row.holiday_id)),
    ):
        if part is not None and part.user_id is not None:
            yield problem(field, "not_theirs", other=named(part))


def _queue_shares(row: Queue, peek: Peek) -> Iterator[Problem]:
    """A queue that begins to go by shares: what its members have must suit that."""
    old = peek.get(Queue, row.id) if row.id else None
    if old is None or row.strategy != "weighted" or old.strategy == "weighted":
        return
    whole = sum(member.share for member in peek.find(QueueMember, queue_id=row.id))
    if whole > 100:
        yield problem("strategy", "weights", value=whole)


def _queue_member(row: QueueMember, peek: Peek) -> Iterator[Problem]:
    """All shares of a queue that goes by them are at most the whole (V 23.3.11)."""
    queue = peek.get(Queue, row.queue_id)
    if queue is None or queue.strategy != "weighted":
        return
    whole = row.share + sum(
        other.share for other in peek.find(QueueMember, queue_id=row.queue_id) if other.id != row.id
    )
    if whole > 100:
        yield problem("share", "weights", value=whole)


def _route(row: LocationRoute, peek: Peek) -> Iterator[Problem]:
    routing = peek.get(LocationRouting, row.routing_id)
    if routing is not None:
        yield from _match("match", row.match, routing)


def _routing(row: LocationRouting, peek: Peek) -> Iterator[Problem]:
    """Another way of routing must suit the routes there are."""
    for route in peek.find(LocationRoute, routing_id=row.id) if row.id else ():
        yield from _match("by", route.match, row)


def _match(field: str, match: str, routing: LocationRouting) -> Iterator[Problem]:
    form, example = _MATCHES[routing.by]
    if not form.match(match):
        yield problem(field, "bad_match", value=match, example=example)


def _call_class(row: CallClass, peek: Peek) -> Iterator[Problem]:
    old = peek.get(CallClass, row.id)
    known = old.extensions if old is not None else ()  # one may have gone since: that is no reason to refuse the rest
    for prefix in row.prefixes:
        if not _PREFIX.match(prefix):
            yield problem("prefixes", "bad_match", value=prefix, example="+49")
    for extension in row.extensions:
        if not _EXTENSION.match(extension):
            yield problem("extensions", "not_a_number", value=extension)
        elif extension not in known and peek.extension_owner(extension) is None:
            yield problem("extensions", "unknown_extension", value=extension)


def _cell(row: ReachCell, peek: Peek) -> Iterator[Problem]:
    """Profile, status and class of the same person."""
    parts: tuple[tuple[str, Row | None], ...] = (
        ("profile_id", peek.get(ReachProfile, row.profile_id)),
        ("status_id", peek.get(ReachStatus, row.status_id)),
        ("call_class_id", peek.get(CallClass, row.call_class_id)),
    )
    yield from _same_person(row.user_id, parts)


def _override(row: ReachOverride, peek: Peek) -> Iterator[Problem]:
    parts: tuple[tuple[str, Row | None], ...] = (
        ("status_id", peek.get(ReachStatus, row.status_id)),
        ("roaming_status_id", peek.get(ReachStatus, row.roaming_status_id)),
    )
    yield from _same_person(row.user_id, parts)


def _same_person(user_id: int, parts: tuple[tuple[str, Row | None], ...]) -> Iterator[Problem]:
    for field, part in parts:
        if part is not None and part.user_id != user_id:  # type: ignore[attr-defined]  # all of them have one
            yield problem(field, "not_theirs", other=named(part))


def _default_profile(row: ReachProfile, peek: Peek) -> Iterator[Problem]:
    """One default (E 10.2)."""
    for other in peek.find(ReachProfile, user_id=row.user_id, is_default=True):
        if row.is_default and other.id != row.id:
            yield problem("is_default", "taken", other=named(other))


CHECKS: Final[dict[type[Row], tuple[Check, ...]]] = {
    GroupExtension: (_group,),
    GroupMember: (_member,),
    HuntMember: (_member,),
    Queue: (_queue, _queue_times, _queue_shares),
    QueueMember: (_member, _queue_member),
    LocationRoute: (_route,),
    LocationRouting: (_routing,),
    CallClass: (_call_class,),
    ReachCell: (_cell,),
    ReachOverride: (_override,),
    ReachProfile: (_default_profile,),
}
