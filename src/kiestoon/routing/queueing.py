"""Queues: what a call to one meets, who can be rung for a caller who waits, where callers go who leave (E 7, V 23.3).

The caller waits in a service (``services/queue``), and ``calls/queues`` chooses whom to ring for whom; both ask here.
What holds at the time goes first: holidays, the night, forced forwarding (in this order, as the policies of V 23.3 are
ranked where all of them are on); then what agents there are, and room.
"""

from __future__ import annotations

from collections.abc import Sequence

from kiestoon.company.directory import Directory
from kiestoon.company.model import Destination, ForwardExtension, Queue, QueueMember
from kiestoon.routing import person
from kiestoon.routing.context import Divert, Route, refuse
from kiestoon.routing.decision import Decision, EnterQueue, Step
from kiestoon.routing.groups import ring_all, ring_one
from kiestoon.routing.members import is_there, terms_of
from kiestoon.routing.ringing import wants_peace
from kiestoon.routing.situation import DivertReason, Live, Situation


def enter(route: Route, queue: Queue) -> Step | Divert:
    """Let the caller in, unless calls go elsewhere now, nobody is logged in, or there is no room."""
    route.because("queue", extension=queue.extension, name=queue.name, strategy=queue.strategy)
    served = person.enter_virtual(route, queue) or _out_of_hours(route, queue)
    if served is not None:
        return served
    agents = logged_in(route.index.arrangements.queue_members.get(queue.id, ()))
    if not agents and queue.nobody_to:
        route.because("queue_without_agents", name=queue.name)
        return Divert(queue.nobody_to, "unavailable", queue.nobody_also, firmly=not queue.individual_forwarding)
    if route.live.waiting_in(queue.id) >= queue.limit:
        route.because("queue_full", name=queue.name, limit=str(queue.limit))
        return _busy(route, queue)
    if queue.prefix_name:
        route.announce(queue.caller_name or queue.name)
    route.now(alert=queue.ring_pattern)
    return EnterQueue(queue)


def logged_in(members: Sequence[QueueMember]) -> tuple[QueueMember, ...]:
    """The agents, in the order of their rank."""
    return tuple(member for member in members if member.logged_in)


def _busy(route: Route, queue: Queue) -> Step | Divert:
    if queue.forward_to:
        return onwards(queue, "user-busy")
    return person.forward_for(route, queue.extension, "busy") or refuse(486, 17, "Busy Here")


def onwards(queue: Queue, reason: DivertReason) -> Divert:
    """To where calls go that find no room, or wait too long (E 7.5.20)."""
    return Divert(queue.forward_to, reason, queue.forward_also, firmly=not queue.individual_forwarding)


def _out_of_hours(route: Route, queue: Queue) -> Step | Divert | None:
    now_ms, times = route.live.now_ms, route.index.arrangements.times
    if queue.holiday != "off" and queue.holiday_id is not None:
        days = times.holiday(queue.holiday_id)
        day = days.at(now_ms) if days is not None else None
        if day is not None:
            route.because("queue_holiday", name=queue.name, day=day.name)
            return _closed(route, queue, queue.holiday == "busy", queue.holiday_to)
    if queue.night != "off":
        hours = times.schedule(queue.office_schedule_id) if queue.office_schedule_id is not None else None
        if queue.night_forced or (hours is not None and not hours.at(now_ms)):
            _tell_night(route, queue)
            return _closed(route, queue, queue.night == "busy", queue.night_to)
    if queue.forced and queue.forced_to:
        route.because("queue_forced", name=queue.name, number=queue.forced_to.target)
        return Divert(queue.forced_to, "unconditional")
    return None


def _tell_night(route: Route, queue: Queue) -> None:
    if queue.night_forced:
        route.because("queue_night_by_hand", name=queue.name)
    else:
        route.because("queue_night", name=queue.name)


def _closed(route: Route, queue: Queue, busy: bool, to: Destination) -> Step | Divert:
    """As if the line were busy, or forwarded (V 23.3.3, V 23.3.4)."""
    return _busy(route, queue) if busy or not to else Divert(to, "unconditional")


# --- while somebody waits --------------------------------------------------------------------------------------------


def can_take(directory: Directory, situation: Situation, queue: Queue, extension: str, live: Live) -> bool:
    """Whether an agent could be rung for a caller now, as far as his telephones go (E 7.2)."""
    index = directory.company(situation.company_id)
    if index is None:
        return False
    route = Route(directory, index, live, situation)
    owner = route.owner(extension)
    if isinstance(owner, ForwardExtension):
        return owner.to.kind == "number"
    agent = route.person(extension)
    if agent is None or agent.id == situation.caller.user_id or wants_peace(route, agent):
        return False
    if queue.busy_agents == "none" and live.is_busy(agent.company_id, agent.id):
        return False
    return is_there(route, agent)


def offer(
    directory: Directory, situation: Situation, queue: Queue, extensions: Sequence[str], ring_s: int, live: Live
) -> Decision | None:
    """Ring these agents for a caller who waits; nothing follows when they do not answer. None: none can be rung."""
    route = at_queue(directory, situation, queue, live)
    if route is None:
        return None
    route.now(at="", queue=queue.id, visited=(queue.extension,), alert=queue.ring_pattern)
    route.because("queue_offer", name=queue.name, extension=", ".join(extensions))
    if len(extensions) == 1:
        step = ring_one(route, extensions[0], terms_of(queue), ring_s)
    else:
        step = ring_all(route, tuple(extensions), terms_of(queue), ring_s)
    return route.decide(step) if step is not None else None


def at_queue(directory: Directory, situation: Situation, queue: Queue, live: Live) -> Route | None:
    """The call as it stands in the queue; None: the company is gone."""
    index = directory.company(situation.company_id)
    if index is None:
        return None
    route = Route(directory, index, live, situation)
    route.now(at=queue.extension)
    return route
