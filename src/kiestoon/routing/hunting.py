"""Hunt groups: one number's calls shared out among people (V 21).

The policy orders the members; they are tried one after another (or all at once), each for some rings. Members' own
forwardings do not count, their do-not-disturb does.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec

from kiestoon.company.model import ForwardCase, ForwardExtension, HuntGroup, HuntMember, HuntPolicy, User
from kiestoon.routing import person
from kiestoon.routing.context import Divert, Route, refuse
from kiestoon.routing.decision import DialOutside, RingUser, Step
from kiestoon.routing.groups import ring_all
from kiestoon.routing.outward import dial_for
from kiestoon.routing.situation import Hunt, HuntRecord, Outcome


def enter(route: Route, group: HuntGroup) -> Step | Divert:
    """Begin to hunt, unless the group's calls go elsewhere."""
    route.because("hunt_group", extension=group.extension, name=group.name, policy=group.policy)
    diverted = person.forward_for(route, group.extension, "always")
    if diverted is not None:
        return diverted
    if group.prefix_name:
        route.now(prefix=group.caller_name or group.name)
    members = order(
        group.policy, route.index.arrangements.hunt_members.get(group.id, ()), route.live.hunt_record(group.id)
    )
    there = tuple(extension for extension in members if _is_there(route, extension))
    if not there:
        return _nobody(route, group)
    if group.policy == "simultaneous":
        ring_s = group.total_s or group.rings * person.RING_S
        route.now(hunt=Hunt(group.id, (), route.live.now_ms))
        step = ring_all(route, there, ring_s=ring_s, waiting=group.call_waiting, own_forwards=False)
        return step if step is not None else _nobody(route, group)
    return _try_next(route, group, Hunt(group.id, there, route.live.now_ms))


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
        members = route.index.arrangements.hunt_members.get(group.id, ())
        there = tuple(member.extension for member in members if _is_there(route, member.extension))
        hunt = Hunt(group.id, there, hunt.began_ms)
    if hunt.rest:
        return _try_next(route, group, hunt)
    return _over(route, group, hunt.outcomes)


def _try_next(route: Route, group: HuntGroup, hunt: Hunt) -> Step:
    extension, *rest = hunt.rest
    route.now(hunt=msgspec.structs.replace(hunt, rest=tuple(rest), tried=extension))
    member = route.owner(extension)
    ring_s = group.rings * person.RING_S
    if group.total_s:
        left_s = group.total_s - (route.live.now_ms - hunt.began_ms) // 1000
        ring_s = max(1, min(ring_s, left_s))
    if isinstance(member, User):
        route.because("hunt_member", name=member.name, extension=extension)
        return RingUser(member, route.index.devices_of(member.id), ring_s, group.call_waiting, route.situation.alert)
    target = member.to.target if isinstance(member, ForwardExtension) else ""
    step = dial_for(route, target, None)
    if isinstance(step, DialOutside):
        route.because("hunt_member", name=getattr(member, "name", ""), extension=extension)
    return step


def _is_there(route: Route, extension: str) -> bool:
    member = route.owner(extension)
    if isinstance(member, ForwardExtension):
        return member.to.kind == "number"
    if not isinstance(member, User) or member.id == route.situation.caller.user_id:
        return False
    return not member.do_not_disturb and route.live.is_reachable(member.company_id, member.id)


def _nobody(route: Route, group: HuntGroup) -> Step | Divert:
    """Not one member can be reached (V 21.1.2)."""
    route.because("nobody_in_group", name=group.name)
    if group.busy_when_unreachable:
        result = _over(route, group, ("busy",))
        return result if result is not None else refuse(486, 17, "Busy Here")
    if group.unreachable_to:
        route.because("forward_unreachable", extension=group.extension, number=group.unreachable_to.target)
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
        return Divert(to, "no-answer" if case == "no_answer" else "user-busy")
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

    def behind(member: HuntMember) -> tuple[bool, float]:
        share = member.weight / 100 * (record.total + 1)
        return member.weight == 0, record.answered.get(member.extension, 0) - share

    return tuple(member.extension for member in sorted(members, key=behind))


_ORDERS: Final[dict[HuntPolicy, Callable[[tuple[HuntMember, ...], HuntRecord], tuple[str, ...]]]] = {
    "regular": _regular,
    "circular": _circular,
    "simultaneous": _regular,
    "uniform": _uniform,
    "weighted": _weighted,
}
