"""What a call to a queue meets before it waits there, and where it goes from there (E 7.5, V 23.3)."""

from __future__ import annotations

import pytest
from routing_world import ANNA, BEN, CARA, DORA, MONDAY_NOON_MS, Town, outcome, to

from kiestoon.company.model import (
    Forward,
    ForwardExtension,
    GroupExtension,
    GroupMember,
    Holiday,
    HolidayDay,
    Queue,
    QueueMember,
    Schedule,
    WeekBlock,
)
from kiestoon.routing import Assumed, EnterQueue, RingAll, RingUser
from kiestoon.routing.groups import UNTIL_ANSWERED_S
from kiestoon.routing.queue_leaving import leave_by_key, leave_deserted, leave_late
from kiestoon.routing.queueing import can_take, offer

SUPPORT = "400"
NIGHT_MS = MONDAY_NOON_MS + 12 * 3600 * 1000
OFFICE = Schedule(id=1, company_id=1, name="Office", blocks=tuple(WeekBlock(day, 540, 1020) for day in range(5)))


def queue(*members: str | QueueMember, rows=(), **fields) -> Town:
    fields.setdefault("name", "Support")
    town = Town(Queue(id=1, company_id=1, extension=SUPPORT, **fields), *rows)
    for position, member in enumerate(members or (ANNA, BEN)):
        town.add(member if isinstance(member, QueueMember) else logged_in(member, position))
    return town


def logged_in(extension: str, position: int) -> QueueMember:
    return QueueMember(id=900 + position, company_id=1, queue_id=1, extension=extension, position=position)


def met(town: Town, live: Assumed | None = None, by: str = DORA) -> str:
    decision = town.dial(SUPPORT, by=by, live=live or at())
    return "waits" if isinstance(decision.step, EnterQueue) else outcome(decision)


def at(ms: int = MONDAY_NOON_MS, **live) -> Assumed:
    return Assumed(now_ms=ms, **live)


def logged_out(extension: str) -> QueueMember:
    return QueueMember(id=990, company_id=1, queue_id=1, extension=extension, logged_in=False)


# --- coming in -------------------------------------------------------------------------------------------------------


def test_a_caller_waits_even_when_no_agent_can_be_rung() -> None:
    assert met(queue(), at(unreachable=frozenset({1, 2}), busy=frozenset({1}))) == "waits"


def test_the_queues_name_goes_before_the_callers_unless_unwanted() -> None:
    assert queue().dial(SUPPORT).situation.prefix == "Support"
    assert queue(caller_name="Help").dial(SUPPORT).situation.prefix == "Help"
    assert queue(prefix_name=False).dial(SUPPORT).situation.prefix == ""


def test_without_an_agent_logged_in_callers_wait_or_go_where_is_set() -> None:
    assert met(queue(logged_out(ANNA))) == "waits"
    assert met(queue(logged_out(ANNA), nobody_to=to(CARA))) == "rings Cara"
    assert met(queue(ANNA, logged_out(BEN), nobody_to=to(CARA))) == "waits"


def test_a_full_queue_is_busy_or_forwards() -> None:
    full = at(waiting={1: 2})
    assert met(queue(limit=2), full) == "refused 486"
    assert met(queue(limit=3), full) == "waits"
    assert met(queue(limit=2, forward_to=to(CARA)), full) == "rings Cara"
    own = Forward(id=1, company_id=1, extension=SUPPORT, case="busy", to=to(CARA))
    assert met(queue(limit=2, rows=(own,)), full) == "rings Cara"


def test_all_destinations_ring_at_once() -> None:
    """E 7.5.20: several numbers, separated by semicolons in the manual."""
    town = queue(limit=1, forward_to=to(CARA), forward_also=(BEN, "0612345678"))
    assert met(town, at(waiting={1: 1})) == "rings Cara+Ben++31612345678"


@pytest.mark.parametrize("allowed", [False, True])
def test_what_the_person_forwarded_to_has_set_counts_only_where_it_may(allowed: bool) -> None:
    away = Forward(id=1, company_id=1, extension=CARA, case="always", to=to(BEN))
    town = queue(limit=1, forward_to=to(CARA), individual_forwarding=allowed, rows=(away,))
    decision = town.dial(SUPPORT, live=at(waiting={1: 1}))
    assert outcome(decision) == ("rings Ben" if allowed else "rings Cara")
    if not allowed:
        assert isinstance(decision.step, RingAll)
        assert decision.step.ring_s == UNTIL_ANSWERED_S
        assert town.then(decision, "no_answer") is None


def test_a_destination_that_is_nobody_is_followed_as_it_is() -> None:
    desk = GroupExtension(id=5, company_id=1, extension="450", name="Desk")
    member = GroupMember(id=6, company_id=1, group_id=5, extension=CARA)
    assert met(queue(limit=1, forward_to=to("450"), rows=(desk, member)), at(waiting={1: 1})) == "rings Cara"


# --- out of hours ----------------------------------------------------------------------------------------------------

CLOSED = HolidayDay(name="Moving", first="2020-01-01", last="2035-12-31")


@pytest.mark.parametrize(("ms", "expected"), [(MONDAY_NOON_MS, "waits"), (NIGHT_MS, "rings Cara")])
def test_outside_office_hours_the_night_service_holds(ms: int, expected: str) -> None:
    assert met(queue(night="forward", night_to=to(CARA), office_schedule_id=1, rows=(OFFICE,)), at(ms)) == expected


def test_the_night_service_can_be_forced_and_can_mean_busy() -> None:
    night = {"office_schedule_id": 1, "rows": (OFFICE,)}
    assert met(queue(night="forward", night_to=to(CARA), night_forced=True, **night)) == "rings Cara"
    assert met(queue(night="busy", night_forced=True, **night)) == "refused 486"
    assert met(queue(night="busy", night_forced=True, forward_to=to(BEN), **night)) == "rings Ben"
    assert met(queue(night="off", night_forced=True, **night)) == "waits"


def test_forced_forwarding_takes_all_calls() -> None:
    assert met(queue(forced=True, forced_to=to(CARA))) == "rings Cara"
    assert met(queue(forced=False, forced_to=to(CARA))) == "waits"


def test_holidays_go_before_the_night_and_the_night_before_forced_forwarding() -> None:
    days = Holiday(
        id=2, company_id=1, name="Closed", days=(HolidayDay(name="All", first="2020-01-01", last="2035-12-31"),)
    )
    rows = (OFFICE, days)
    forced = {"forced": True, "forced_to": to(ANNA)}
    night = {"night": "forward", "night_to": to(BEN), "office_schedule_id": 1}
    holiday = {"holiday": "forward", "holiday_to": to(CARA), "holiday_id": 2}
    assert met(queue(rows=rows, **forced, **night, **holiday), at(NIGHT_MS)) == "rings Cara"
    assert met(queue(rows=rows, **forced, **night), at(NIGHT_MS)) == "rings Ben"
    assert met(queue(rows=rows, **forced, **night)) == "rings Anna"


# --- while somebody waits --------------------------------------------------------------------------------------------


def waiting(town: Town):
    decision = town.dial(SUPPORT)
    assert isinstance(decision.step, EnterQueue)
    return decision.situation, decision.step.queue


@pytest.mark.parametrize(
    ("policy", "busy", "expected"),
    [("none", False, True), ("none", True, False), ("private", True, True), ("all", True, True)],
)
def test_an_agent_in_a_call_can_be_rung_where_the_queue_wants_that(policy: str, busy: bool, expected: bool) -> None:
    town = queue(busy_agents=policy)
    live = at(busy=frozenset({1} if busy else ()))
    assert can_take(town.directory, *waiting(town), ANNA, live) is expected


def test_nobody_is_rung_for_himself_without_a_phone_or_who_wants_no_calls() -> None:
    town = queue(ANNA, DORA)
    situation, row = waiting(town)
    assert not can_take(town.directory, situation, row, DORA, at())
    assert not can_take(town.directory, situation, row, ANNA, at(unreachable=frozenset({1})))
    assert not can_take(town.directory, situation, row, "499", at())


def test_an_offer_rings_the_agent_and_nothing_follows_it() -> None:
    town = queue(rows=(Forward(id=1, company_id=1, extension=ANNA, case="no_answer", to=to(CARA)),))
    decision = offer(town.directory, *waiting(town), (ANNA,), 12, at())
    assert decision is not None
    assert isinstance(decision.step, RingUser)
    assert (decision.step.user.extension, decision.step.ring_s) == (ANNA, 12)
    assert decision.situation is not None
    assert decision.situation.queue == 1
    assert town.then(decision, "no_answer") is None


def test_an_offer_to_a_forward_extension_calls_its_number_and_asks_for_confirmation() -> None:
    home = ForwardExtension(id=7, company_id=1, extension="460", name="Home", to=to("0612345678"))
    town = queue("460", rows=(home,))
    decision = offer(town.directory, *waiting(town), ("460",), 15, at())
    assert decision is not None
    assert outcome(decision) == "rings +31612345678"
    assert isinstance(decision.step, RingAll)
    assert decision.step.ring_s == 15


def test_callers_leave_for_where_is_set_and_wait_on_where_nothing_is() -> None:
    town = queue()
    for leave in (leave_by_key, leave_late, leave_deserted):
        assert leave(town.directory, *waiting(town), at()) is None
    town = queue(leave_to=to(ANNA), forward_to=to(BEN), nobody_to=to(CARA))
    found = [leave(town.directory, *waiting(town), at()) for leave in (leave_by_key, leave_late, leave_deserted)]
    assert [outcome(each) for each in found] == ["rings Anna", "rings Ben", "rings Cara"]
    assert all(each is not None and each.situation is not None and each.situation.queue == 0 for each in found)


def test_who_leaves_a_queue_for_the_same_queue_is_told_that_it_runs_in_a_circle() -> None:
    town = queue(leave_to=to(SUPPORT))
    assert outcome(leave_by_key(town.directory, *waiting(town), at())) == "refused 482"
