"""Ringing agents for callers who wait: first come, first served, each queue by its strategy (E 7.1, E 7.2, E 7.5.7)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final, NamedTuple

import structlog

from kiestoon.calls import custody, failing, following, seeking
from kiestoon.calls.call import Call, Manner
from kiestoon.calls.queues.state import AFTER_REFUSAL_MS, LOOK_S, TIMER, Waiter
from kiestoon.calls.service_data import Queued
from kiestoon.company.model import Queue, QueueMember
from kiestoon.routing.queue_order import order
from kiestoon.routing.queueing import can_take, logged_in, offer
from kiestoon.routing.situation import CallerSeen, Situation

if TYPE_CHECKING:
    from kiestoon.calls.exchange import Exchange

log = structlog.get_logger("queues")

BESIDE: Final = Manner(beside=True)
MOST_REASONS: Final = 40
"""Of one call: who waits for an hour is offered to somebody, or sent elsewhere in vain, a hundred times."""


class _Open(NamedTuple):
    """A queue with callers to be offered."""

    queue: Queue
    agents: tuple[QueueMember, ...]
    callers: list[Waiter]


def distribute(x: Exchange, now: float) -> None:
    """Where somebody may be free, offer callers to agents as long as there are both; look again when somebody has
    rested."""
    now_ms = x.wall_ms()
    while x.queues.due:
        company_id = x.queues.due.pop()
        while (found := _next(x, company_id, now_ms)) is not None:
            _, waiter, _ = found
            try:
                _offer(x, *found, now_ms, now)
            except Exception:
                failing.end_broken(x, x.calls[waiter.call], now, "queue's offer")
        x.queues.due.discard(company_id)
    _look_again(x, now_ms, now)


def withdraw(x: Exchange, call: Call, now: float) -> None:
    """Ring nobody for the caller any more."""
    waiter = x.queues.waiter(call.id)
    if waiter is not None and waiter.rung_for:
        seeking.stop(x, call, now)
        custody.take(x, call, "service")
        x.queues.came_to_nothing(waiter, x.wall_ms())


def close_deleted(x: Exchange, now: float) -> None:
    """Rows have changed: where a queue is no more, nobody is rung for its callers, who are told so at once."""
    for queue_id, callers in list(x.queues.waiting().items()):
        if _row(x, callers[0].company_id, queue_id) is not None:
            continue
        for waiter in tuple(callers):
            call = x.calls.get(waiter.call)
            if call is not None and call.service is not None:
                withdraw(x, call, now)
                language = call.service.language
                following.enter(x, call, Queued(queue_id, waiter.since_ms), now, language=language)
                x.touched.append(call)


def _row(x: Exchange, company_id: int, queue_id: int) -> Queue | None:
    index = x.directory.company(company_id)
    return index.arrangements.queues.get(queue_id) if index is not None else None


def agent_is_free(x: Exchange, call: Call, queue: Queue) -> bool:
    """Whether a caller who comes now would be offered to somebody at once."""
    index = x.directory.company(call.company_id)
    if index is None or call.situation is None or x.queues.length(queue.id) > 1:
        return False
    agents = logged_in(index.arrangements.queue_members.get(queue.id, ()))
    return any(True for _ in _free(x, _Open(queue, agents, []), call.situation, x.wall_ms()))


def _look_again(x: Exchange, now_ms: int, now: float) -> None:
    queues = x.queues
    if queues.timer is not None:
        x.deadlines.stop(queues.timer)
        queues.timer = None
    if not queues:
        return
    rested_ms = queues.rested_at(now_ms)
    in_s = LOOK_S if rested_ms is None else min(LOOK_S, max(0.0, (rested_ms - now_ms) / 1000))
    queues.timer = x.deadlines.start(now + in_s, TIMER, "")


def _next(x: Exchange, company_id: int, now_ms: int) -> tuple[Queue, Waiter, tuple[str, ...]] | None:
    """Whom to ring for whom."""
    opened = _opened(x, company_id, now_ms)
    for one in opened:
        found = _pair(x, one, _heavier(opened, one), now_ms)
        if found is not None:
            return one.queue, *found
    return None


def _opened(x: Exchange, company_id: int, now_ms: int) -> list[_Open]:
    """The company's queues in which somebody is to be offered, by how long the first has waited."""
    opened: list[_Open] = []
    index = x.directory.company(company_id)
    if index is None:
        return opened
    for queue_id in x.queues.queues_of(company_id):
        callers = x.queues.callers(queue_id)
        ready = [caller for caller in callers if _is_ready(caller, now_ms)]
        queue = index.arrangements.queues.get(queue_id)
        if queue is None or not ready:
            continue
        agents = logged_in(index.arrangements.queue_members.get(queue_id, ()))
        if queue.strategy == "ring_all" and any(caller.offered for caller in callers):
            continue  # one call at a time rings at everybody
        if agents:
            opened.append(_Open(queue, agents, ready))
    opened.sort(key=lambda one: one.callers[0].since_ms)
    return opened


def _is_ready(caller: Waiter, now_ms: int) -> bool:
    late = caller.until_ms and now_ms >= caller.until_ms
    return caller.ready and not caller.rung_for and not late


def _heavier(opened: list[_Open], here: _Open) -> frozenset[str]:
    """Agents of this queue who are wanted more in another one of theirs (E 7.5.12)."""
    own = {member.extension: _weight(here.queue, member) for member in here.agents}
    return frozenset(
        member.extension
        for other in opened
        if other is not here
        for member in other.agents
        if member.extension in own and _weight(other.queue, member) > own[member.extension]
    )


def _weight(queue: Queue, member: QueueMember) -> int:
    return queue.weight if member.weight is None else member.weight


def _pair(x: Exchange, one: _Open, elsewhere: frozenset[str], now_ms: int) -> tuple[Waiter, tuple[str, ...]] | None:
    """The first caller somebody can be rung for, and who."""
    nobody_calls = Situation(one.queue.company_id, _NOBODY, "")
    free = [extension for extension in _free(x, one, nobody_calls, now_ms) if extension not in elsewhere]
    if not free:
        return None
    for caller in one.callers:
        call = x.calls.get(caller.call)
        situation = call.situation if call is not None else None
        if situation is None:
            continue
        fit = [agent for agent in free if can_take(x.directory, situation, one.queue, agent, x.present)]
        fresh = [agent for agent in fit if agent not in caller.tried]
        if fit and not fresh:  # everybody has had a turn
            caller.tried.clear()
            fresh = fit
        if fresh:
            return caller, tuple(fit if one.queue.strategy == "ring_all" else fresh[:1])
    return None


_NOBODY: Final = CallerSeen()


def _free(x: Exchange, one: _Open, situation: Situation, now_ms: int) -> Iterator[str]:
    """The agents who can be rung, best first."""
    company_id = one.queue.company_id
    agents = [
        member
        for member in one.agents
        if x.queues.is_free((company_id, member.extension), one.queue, now_ms)
        and can_take(x.directory, situation, one.queue, member.extension, x.present)
    ]
    yield from (
        order(one.queue.strategy, agents, x.queues.shares.record(one.queue.id), x.queues.random) if agents else ()
    )


def _offer(x: Exchange, queue: Queue, waiter: Waiter, agents: tuple[str, ...], now_ms: int, now: float) -> None:
    call = x.calls[waiter.call]
    situation, service = call.situation, call.service
    decision = None
    if situation is not None and service is not None:
        ring_s = _ring_s(x, queue, agents)
        decision = offer(x.directory, situation, queue, agents, ring_s, x.present)
    x.queues.offered(waiter, agents, now_ms)
    if decision is None or service is None:
        x.queues.came_to_nothing(waiter, now_ms + AFTER_REFUSAL_MS)
        return
    if len(call.reasons) < MOST_REASONS:
        call.reasons.extend(decision.reasons)
    service.failed = None
    following.follow(x, call, decision, now, BESIDE)
    x.touched.append(call)


def _ring_s(x: Exchange, queue: Queue, agents: tuple[str, ...]) -> int:
    """The queue's time, or the agent's own (E 7.5.5)."""
    index = x.directory.company(queue.company_id)
    if len(agents) > 1 or index is None:
        return queue.ring_s
    members = index.arrangements.queue_members.get(queue.id, ())
    own = next((member.ring_s for member in members if member.extension == agents[0]), None)
    return queue.ring_s if own is None else own
