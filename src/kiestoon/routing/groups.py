"""Group extensions: all members ring at once (E 4.2)."""

from __future__ import annotations

from kiestoon.company.model import Destination, ForwardCase, ForwardExtension, GroupExtension, User
from kiestoon.routing import person
from kiestoon.routing.context import Divert, Route, refuse
from kiestoon.routing.decision import DialOutside, RingAll, RingUser, Step
from kiestoon.routing.outward import dial_for
from kiestoon.routing.situation import Outcome


def enter(route: Route, group: GroupExtension) -> Step | Divert:
    """Straight on when that is set, else everybody rings."""
    route.because("group", extension=group.extension, name=group.name)
    if group.forward_always:
        route.because("forward_always", extension=group.extension, number=group.forward_always.target)
        return Divert(group.forward_always, "unconditional")
    diverted = person.forward_for(route, group.extension, "always")
    if diverted is not None:
        return diverted
    if group.show == "called":
        route.now(prefix=route.situation.own_number or group.extension)
    step = ring_all(
        route,
        route.index.arrangements.group_members.get(group.id, ()),
        ring_s=group.no_answer_s,
        waiting=group.call_waiting,
        own_forwards=group.individual_forwarding,
    )
    if step is None:
        route.because("nobody_in_group", name=group.name)
        diverted = after(route, group, "unreachable")
        return diverted if diverted is not None else refuse(480, 20, "Nobody can be reached")
    return step


def after(route: Route, group: GroupExtension, outcome: Outcome) -> Divert | None:
    """Nobody took the call."""
    to: Destination = group.forward_no_answer if outcome in ("no_answer", "unreachable") else group.forward_busy
    if to:
        route.because("forward_no_answer" if outcome == "no_answer" else "forward_busy", extension=group.extension,
                      number=to.target)  # fmt: skip
        return Divert(to, "no-answer" if outcome == "no_answer" else "user-busy")
    case: ForwardCase = "busy" if outcome == "rejected" else outcome
    return person.forward_for(route, group.extension, case)


def ring_all(
    route: Route, members: tuple[str, ...], *, ring_s: int, waiting: bool | None, own_forwards: bool
) -> RingAll | None:
    """Everybody who is there, at once; None when nobody is. ``waiting`` None: as each member has it."""
    people: list[RingUser] = []
    outside: list[DialOutside] = []
    for extension in members:
        member = route.owner(extension)
        if isinstance(member, User):
            _add_person(route, member, waiting, people, outside, own_forwards=own_forwards)
        elif isinstance(member, ForwardExtension) and member.to.kind == "number":
            dial = dial_for(route, member.to.target, None)
            if isinstance(dial, DialOutside):
                outside.append(dial)
    if not people and not outside:
        return None
    return RingAll(tuple(people), tuple(outside), ring_s)


def _add_person(
    route: Route,
    user: User,
    waiting: bool | None,
    people: list[RingUser],
    outside: list[DialOutside],
    *,
    own_forwards: bool,
) -> None:
    """A member; with ``own_forwards`` the member's own "always" counts (one step far), else the phones ring."""
    if user.id == route.situation.caller.user_id or user.do_not_disturb:
        return
    if own_forwards:
        diverted = person.forward_for(route, user.extension, "always")
        if diverted is not None:
            target = route.owner(diverted.to.target)
            if isinstance(target, User):
                user = target
            elif diverted.to.kind == "number":
                dial = dial_for(route, diverted.to.target, user)
                if isinstance(dial, DialOutside):
                    outside.append(dial)
                return
            else:
                return
    devices = route.index.devices_of(user.id)
    if devices:
        allowed = user.call_waiting if waiting is None else waiting
        people.append(RingUser(user, devices, 0, allowed, route.situation.alert))
