"""Hunt groups: one number's calls shared out among people (V 21).

The policy orders the members; they are tried one after another (or all at once), each for some rings. Members' own
forwardings do not count, their do-not-disturb does, and the telephone outside that is theirs for now. A forward
extension rings its outside number in its turn, no longer than anybody else.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec

from kiestoon.company.model import ForwardCase, ForwardExtension, HuntGroup, HuntMember, HuntPolicy, User
from kiestoon.routing import person, ringing
from kiestoon.routing.context import Divert, Route, refuse
from kiestoon.routing.decision import Step
from kiestoon.routing.groups import ring_all, ring_one
from kiestoon.routing.members import is_there, terms_of
from kiestoon.routing.situation import Hunt, HuntRecord, Outcome


def enter(route: Route, group: HuntGroup) -> Step | Divert:
    """Begin to hunt, unless the group's calls go elsewhere."""
    route.because("hunt_group", extension=group.extension, name=group.name, policy=group.policy)
    served = person.enter_virtual(route, group)
    if served is not None:
        return served
    if group.prefix_name:
        route.announce(group.caller_name or group.name)
    free, busy = _available(route, group)
    if not free and not busy:
        return _nobody(route, group)
    if not free:
        return _over(route, group, ("busy",)) or refuse(486, 17, "Busy Here")
    if group.policy == "simultaneous":
        ring_s = group.total_s or group.rings * ringing.RING_S
        route.now(hunt=Hunt(group.id, (), route.live.now_ms))
        step = ring_all(route, free, terms_of(group), ring_s)
        return step if step is not None else _nobody(route, group)
    return _try_next(route, group, Hunt(group.id, free, route.live.now_ms))


def after(route: Route, group: HuntGroup, outcome: Outcome) -> Step | Divert | None:
    """A member (or everybody) did not answer: the next one, another round while there is time, else elsewhere."""
    hunt = route.situation.hunt
    if hunt is None:
        return _over(route, group, (outcome,))
    hunt = msgspec.structs.replace(hunt, outcomes=(*hunt.outcomes, outcome))
    elapsed_s = (route.live.now_ms - hunt.began_ms) / 1000
    if group.total_s and elapsed_s >= group.total_s:
        route.because("hunt_time_over", name=group.name, seconds=str(group.total_s))
        return _over(route, group, ("no_answer",))
    if not hunt.rest and group.total_s and group.policy != "simultaneous" and "no_answer" in hunt.outcomes:
        # Outcomes begin anew: a round in which everybody is busy at once must be the last.
        hunt = Hunt(group.id, _available(route, group)[0], hunt.began_ms)
        hunt = msgspec.structs.replace(hunt, outcomes=() if hunt.rest else ("busy",))
    if hunt.rest:
        return _try_next(route, group, hunt)
    if set(hunt.outcomes) == {"unreachable"}:
        return _nobody(route, group)
    return _over(route, group, hunt.outcomes)


def _try_next(route: Route, group: HuntGroup, hunt: Hunt) -> Step | Divert:
    """The first of the rest who can be tried."""
    ring_s = group.rings * ringing.RING_S
    if group.total_s:
        left_s = group.total_s - (route.live.now_ms - hunt.began_ms) // 1000
        ring_s = max(1, min(ring_s, left_s))
    rest = hunt.rest
    while rest:
        extension, *others = rest
        rest = tuple(others)
        step = _ring_member(route, group, extension, ring_s)
        if step is not None:
            route.now(hunt=msgspec.structs.replace(hunt, rest=rest, tried=extension))
            return step
    if "no_answer" in hunt.outcomes or "busy" in hunt.outcomes:
        return _over(route, group, hunt.outcomes) or refuse(480, 19, "No answer")
    return _nobody(route, group)


def _ring_member(route: Route, group: HuntGroup, extension: str, ring_s: int) -> Step | None:
    """What rings for a member whose turn it is; None: nothing can be rung now."""
    step = ring_one(route, extension, terms_of(group), ring_s)
    if step is not None:
        owner = route.owner(extension)
        named = owner if isinstance(owner, ForwardExtension) else route.person(extension)
        route.because("hunt_member", name=str(getattr(named, "name", "") or extension), extension=extension)
    return step


def _available(route: Route, group: HuntGroup) -> tuple[tuple[str, ...], bool]:
    """The members who can be tried, in the order of the policy, and whether others are there but busy.

    A member who is in a call is tried only where the group lets second calls through (V 21.1.2).
    """
    members = route.index.arrangements.hunt_members.get(group.id, ())
    owner_of, live = route.index.arrangements.extensions.get, route.live
    free: list[str] = []
    busy = False
    for extension in order(group.policy, members, live.hunt_record(group.id)):
        owner = owner_of(extension)
        if isinstance(owner, ForwardExtension):
            if owner.to.kind == "number":
                free.append(extension)
            continue
        member = owner if isinstance(owner, User) else route.person(extension)
        if member is None or not _is_there(route, member):
            continue
        if group.call_waiting or not live.is_busy(group.company_id, member.id):
            free.append(extension)
        else:
            busy = True
    return tuple(free), busy


def _is_there(route: Route, member: User) -> bool:
    if member.id == route.situation.caller.user_id or ringing.wants_peace(route, member):
        return False
    return is_there(route, member)


def _nobody(route: Route, group: HuntGroup) -> Step | Divert:
    """Not one member can be reached (V 21.1.2)."""
    route.because("nobody_in_group", name=group.name)
    if group.busy_when_unreachable:
        return _over(route, group, ("busy",)) or refuse(486, 17, "Busy Here")
    if group.unreachable_to:
        route.because("forward_unreachable", extension=group.extension, number=group.unreachable_to.target)
        route.now(hunt=None)
        return Divert(group.unreachable_to, "unavailable")
    diverted = person.forward_for(route, group.extension, "unreachable")
    return diverted if diverted is not None else refuse(480, 20, "Nobody can be reached")


def _over(route: Route, group: HuntGroup, outcomes: tuple[Outcome, ...]) -> Divert | None:
    """Everybody has been tried."""
    case: ForwardCase = "no_answer" if "no_answer" in outcomes else "busy"
    to = group.no_answer_to if case == "no_answer" else group.busy_to
    route.now(hunt=None)
    if to:
        route.because(f"forward_{case}", extension=group.extension, number=to.target)
        return Divert(to, person.REASONS[case])
    return person.forward_for(route, group.extension, case)


# --- who comes first (V 21.3) ----------------------------------------------------------------------------------------


def order(policy: HuntPolicy, members: tuple[HuntMember, ...], record: HuntRecord) -> tuple[str, ...]:
    """The members' extensions in the order they are tried."""
    return _ORDERS[policy](members, record)


def _regular(members: tuple[HuntMember, ...], record: HuntRecord) -> tuple[str, ...]:
    """Always from the top of the list."""
    return tuple(member.extension for member in members)


def _circular(members: tuple[HuntMember, ...], record: HuntRecord) -> tuple[str, ...]:
    """On from whoever answered last."""
    listed = _regular(members, record)
    start = listed.index(record.last) + 1 if record.last in listed else 0
    return listed[start:] + listed[:start]


def _uniform(members: tuple[HuntMember, ...], record: HuntRecord) -> tuple[str, ...]:
    """Whoever has been without a call of the group for longest."""
    return tuple(sorted(_regular(members, record), key=lambda extension: record.order.get(extension, 0)))


def _weighted(members: tuple[HuntMember, ...], record: HuntRecord) -> tuple[str, ...]:
    """Whoever is furthest behind the share of calls that is meant for him; those without a share come last."""

    def behind(member: HuntMember) -> tuple[bool, int]:
        return member.weight == 0, -record.credit.get(member.extension, 0) - member.weight

    return tuple(member.extension for member in sorted(members, key=behind))


_ORDERS: Final[dict[HuntPolicy, Callable[[tuple[HuntMember, ...], HuntRecord], tuple[str, ...]]]] = {
    "regular": _regular,
    "circular": _circular,
    "simultaneous": _regular,
    "uniform": _uniform,
    "weighted": _weighted,
}
