"""Writing what the sample company has arranged: opening hours, groups, forwards."""

from __future__ import annotations

from kiestoon.app.demo.sample import Sample, SampleGroup, SampleHuntGroup, SamplePlan, SampleQueue, SampleRoom
from kiestoon.company.model import (
    Company,
    ConferenceRoom,
    Destination,
    Forward,
    GroupExtension,
    GroupMember,
    Holiday,
    HolidayDay,
    HuntGroup,
    HuntMember,
    Number,
    NumberPlan,
    NumberScheme,
    PlanHoliday,
    PlanMapping,
    PlanPeriod,
    Queue,
    QueueMember,
    User,
    WeekBlock,
)
from kiestoon.store.rules import Peek
from kiestoon.store.write import Changes

SCHEME = "Openingstijden"
HOLIDAYS = "Feestdagen"


def write_arrangements(sample: Sample, company: Company, changes: Changes) -> None:
    """Everything that leads calls elsewhere; people and menus must exist."""
    for hunt in sample.hunt_groups:
        _write_hunt(hunt, company, changes)
    for queue in sample.queues:
        _write_queue(queue, company, changes)
    for group in sample.groups:
        _write_group(group, company, changes)
    for room in sample.rooms:
        _write_room(room, company, changes)
    for row in sample.forwards:
        to = Destination("extension", row.to)
        changes.add(Forward(id=0, company_id=company.id, extension=row.extension, case=row.case, to=to))
    number = changes.add(Number(id=0, company_id=company.id, e164=sample.main_number))
    scheme = changes.add(NumberScheme(id=0, company_id=company.id, name=SCHEME, is_main=True))
    for position, plan in enumerate(sample.plans, 1):
        _write_plan(plan, position, scheme, number, changes)


def _write_hunt(hunt: SampleHuntGroup, company: Company, changes: Changes) -> None:
    row = changes.add(
        HuntGroup(
            id=0,
            company_id=company.id,
            extension=hunt.extension,
            name=hunt.name,
            policy=hunt.policy,
            no_answer_to=Destination("extension", hunt.no_answer_to),
        )
    )
    for position, member in enumerate(hunt.members, 1):
        changes.add(HuntMember(id=0, company_id=company.id, hunt_group_id=row.id, extension=member, position=position))


def _write_queue(queue: SampleQueue, company: Company, changes: Changes) -> None:
    row = changes.add(
        Queue(
            id=0,
            company_id=company.id,
            extension=queue.extension,
            name=queue.name,
            strategy=queue.strategy,
            wrap_up_s=queue.wrap_up_s,
            introduction=True,
            skip_introduction=True,
            announce_position=True,
            announce_wait=True,
            announce_s=queue.announce_s,
            leave_to=Destination("extension", queue.leave_to),
        )
    )
    for position, member in enumerate(queue.members, 1):
        changes.add(QueueMember(id=0, company_id=company.id, queue_id=row.id, extension=member, position=position))


def _write_group(group: SampleGroup, company: Company, changes: Changes) -> None:
    row = changes.add(
        GroupExtension(
            id=0,
            company_id=company.id,
            extension=group.extension,
            name=group.name,
            forward_no_answer=Destination("extension", group.no_answer_to),
        )
    )
    for member in group.members:
        changes.add(GroupMember(id=0, company_id=company.id, group_id=row.id, extension=member))


def _write_room(room: SampleRoom, company: Company, changes: Changes) -> None:
    owner = next(iter(Peek(changes.connection, company.id).find(User, extension=room.owner)))
    changes.add(
        ConferenceRoom(
            id=0,
            company_id=company.id,
            extension=room.extension,
            name=room.name,
            user_id=owner.id,
            pin=room.pin,
            pin_inside=False,
        )
    )


def _write_plan(plan: SamplePlan, position: int, scheme: NumberScheme, number: Number, changes: Changes) -> None:
    company_id = scheme.company_id
    fallback = not plan.hours and not plan.public_holidays
    row = changes.add(
        NumberPlan(
            id=0,
            company_id=company_id,
            scheme_id=scheme.id,
            name=plan.name,
            position=position,
            is_fallback=fallback,
        )
    )
    changes.add(
        PlanMapping(
            id=0,
            company_id=company_id,
            plan_id=row.id,
            number_id=number.id,
            extension=plan.extension,
            prefix=plan.prefix,
        )
    )
    if plan.hours:
        blocks = tuple(WeekBlock(day, _minute(start), _minute(end)) for day, start, end in plan.hours)
        changes.add(PlanPeriod(id=0, company_id=company_id, scheme_id=scheme.id, plan_id=row.id, blocks=blocks))
    if plan.public_holidays:
        days = tuple(HolidayDay(name, public=english) for name, english in plan.public_holidays.items())
        listed = changes.add(Holiday(id=0, company_id=company_id, name=HOLIDAYS, days=days))
        changes.add(
            PlanHoliday(
                id=0,
                company_id=company_id,
                scheme_id=scheme.id,
                plan_id=row.id,
                name=HOLIDAYS,
                holiday_id=listed.id,
            )
        )


def _minute(clock: str) -> int:
    """ "08:30" as minutes from midnight."""
    hours, _, minutes = clock.partition(":")
    return int(hours) * 60 + int(minutes)
