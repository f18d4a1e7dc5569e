"""Group extensions: all members ring at once (E 4.2)."""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from kiestoon.company.model import Destination, ForwardCase, ForwardExtension, GroupExtension, User
from kiestoon.company.numbers import clean_dialled
from kiestoon.routing import person, reach, ringing
from kiestoon.routing.branching import choose_shown
from kiestoon.routing.context import Divert, Route, refuse
from kiestoon.routing.decision import DialOutside, Later, RingAll, RingUser, Step
from kiestoon.routing.members import Terms, confirmed, has_office, rung_for, terms_of
from kiestoon.routing.outward import branch_out
from kiestoon.routing.situation import Outcome

FORWARDED_S: Final = 60
"""As long as a person's phones ring unless set otherwise."""
UNTIL_ANSWERED_S: Final = 7200
"""For who is to ring until somebody answers."""
_AS_EACH_HAS_IT: Final = Terms(None)


def enter(route: Route, group: GroupExtension) -> Step | Divert:
    """Straight on when that is set, else everybody rings."""
    route.because("group", extension=group.extension, name=group.name)
    served = person.enter_virtual(route, group)
    if served is not None:
        return served
    if group.forward_always:
        return _forward(route, group, "always", group.forward_always, group.forward_always_also)
    if group.show == "called":
        route.announce(route.situation.own_number or group.extension)
    members_of = route.index.arrangements.group_members.get(group.id, ())
    step = ring_all(route, members_of, terms_of(group), group.no_answer_s)
    if step is None:
        route.because("nobody_in_group", name=group.name)
        return _nobody(route, group)
    return step


def _nobody(route: Route, group: GroupExtension) -> Step | Divert:
    """As if busy where somebody only does not want to be disturbed (V 7.2), or is in a call at a telephone outside;
    else as if nobody could be reached."""
    people = map(route.person, route.index.arrangements.group_members.get(group.id, ()))
    terms = terms_of(group)
    if not any(member is not None and _is_busy(route, member, terms) for member in people):
        return after(route, group, "unreachable") or refuse(480, 20, "Nobody can be reached")
    diverted = after(route, group, "busy") or after(route, group, "unreachable")
    return diverted or refuse(486, 17, "Do not disturb")


def _is_busy(route: Route, member: User, terms: Terms) -> bool:
    if ringing.wants_peace(route, member):
        return True
    if member.id == route.situation.caller.user_id or terms.takes_second(member):
        return False
    return has_office(route, member) and route.live.is_busy(member.company_id, member.id)


def after(route: Route, group: GroupExtension, outcome: Outcome) -> Divert | None:
    """Nobody took the call."""
    case: ForwardCase = "busy" if outcome == "rejected" else outcome
    to, also = group.forward_no_answer, group.forward_no_answer_also
    if case == "busy":
        to, also = group.forward_busy, group.forward_busy_also
    return _forward(route, group, case, to, also) if to else person.forward_for(route, group.extension, case)


def _forward(
    route: Route, group: GroupExtension, case: ForwardCase, to: Destination, also: tuple[str, ...] = ()
) -> Divert:
    """Elsewhere, where the group's choice of number is shown as well."""
    route.because(f"forward_{case}", extension=group.extension, number=to.target)
    choose_shown(route, group.show, "")
    return Divert(to, person.REASONS[case], also)


def rings_numbers(route: Route, wish: Divert) -> bool:
    """Whether a diversion is for ``ring_numbers``."""
    target = clean_dialled(wish.to.target)
    if wish.also or not wish.firmly:
        return bool(wish.also)
    return route.person(target) is not None or (wish.to.kind == "number" and route.owner(target) is None)


def ring_numbers(route: Route, wish: Divert) -> Step:
    """Several numbers at once to which a group sends its call; the group has no say in what comes of it (E 4.2.1).

    A colleague's number rings that colleague and nobody else: own forwarding would take the call from the others.
    """
    people: dict[int, RingUser] = {}
    outside: list[DialOutside] = []
    numbers = (wish.to.target, *wish.also)
    for number in numbers:
        found = _target_of(route, Destination("number", number), None, outside)
        if found is not None:
            _ring(route, found, people, outside, _AS_EACH_HAS_IT)
    shown = ", ".join(numbers)
    if not people and not outside:
        route.because("none_of_them", number=shown)
        return refuse(480, 20, "Nobody can be reached")
    route.because("all_of_them", number=shown)
    route.now(at="")
    return RingAll(tuple(people.values()), tuple(outside), UNTIL_ANSWERED_S if wish.firmly else FORWARDED_S)


def ring_all(route: Route, members: tuple[str, ...], terms: Terms, ring_s: int) -> RingAll | None:
    """Everybody who is there, at once; None when nobody is."""
    people: dict[int, RingUser] = {}
    outside: list[DialOutside] = []
    patient: list[User] = []
    if route.situation.inhibited:
        terms = terms._replace(forwards=False)
    for extension in members:
        shown = route.situation.shown
        member = route.person(extension) or route.owner(extension)
        found = None
        if isinstance(member, User) and member.id != route.situation.caller.user_id:
            found = _person_of(route, member, outside, terms)
        elif isinstance(member, ForwardExtension):
            choose_shown(route, member.caller_id, member.caller_number)
            found = _target_of(route, member.to, None, outside)
        route.now(shown=shown)
        if found is not None:
            _ring(route, found, people, outside, terms if found is member else terms._replace(along=False))
            if terms.forwards and found is member:
                patient.append(found)
    if not people and not outside:
        return None
    at_offices = {dial.user_id for dial in outside}
    rung = [member for member in patient if member.id in people or member.id in at_offices]
    later = [_later(route, member, people, ring_s, terms) for member in rung]
    in_time = sorted((each for each in later if each is not None), key=lambda each: each.after_s)
    return RingAll(tuple(people.values()), tuple(outside), ring_s, later=tuple(in_time))


def ring_one(route: Route, extension: str, terms: Terms, ring_s: int) -> Step | None:
    """What rings for one member, or the number of a forward extension; None: nothing can be rung now."""
    owner = route.owner(extension)
    if isinstance(owner, ForwardExtension):
        shown = route.situation.shown
        choose_shown(route, owner.caller_id, owner.caller_number)
        step: Step = branch_out(route, owner.to.target, None)
        route.now(shown=shown)
        return RingAll((), (step,), ring_s) if isinstance(step, DialOutside) else None
    member = route.person(extension)
    if member is None:
        return None
    people, outside = rung_for(route, member, terms)
    if not people and not outside:  # in a call since at a telephone outside
        return None
    alone = len(people) == 1 and not outside
    return replace(people[0], ring_s=ring_s) if alone else RingAll(people, outside, ring_s)


def _later(route: Route, member: User, people: dict[int, RingUser], ring_s: int, terms: Terms) -> Later | None:
    """Whom a member's own forwarding rings when the member does not answer, while the group still rings; None: nobody.

    What the forwarding says of itself is not so yet: the reasons say what is going to be.
    """
    after_s = person.ring_seconds(route, member, reach.profile_for(route, member))
    if not 0 < after_s < ring_s:
        return None
    reasons, situation = list(route.reasons), route.situation
    found: dict[int, RingUser] = {}
    outside: list[DialOutside] = []
    diverted = person.after(route, member, "no_answer")
    target = _target_of(route, diverted.to, member, outside, terms) if diverted is not None else None
    if target is not None and target.id not in people and target.id != route.situation.caller.user_id:
        _ring(route, target, found, outside, terms._replace(along=False))
    route.reasons[:] = reasons
    route.situation = situation
    if diverted is None or not (found or outside):
        return None
    route.because("member_forwards", name=member.name, number=diverted.to.target, seconds=str(after_s))
    return Later(after_s, member.id, tuple(found.values()), tuple(outside))


def _ring(route: Route, found: User, people: dict[int, RingUser], outside: list[DialOutside], terms: Terms) -> None:
    """What rings for one of those who do, each once."""
    rung = rung_for(route, found, terms)
    for one in rung.people:
        known = people.get(one.user.id)
        fits = bool(one.devices) and one.user.id != route.situation.caller.user_id
        if fits and (known is None or known.confirm):  # who is a member as well need not confirm for another one
            people[one.user.id] = one
    for dial in rung.outside:
        if all(other.number != dial.number for other in outside):
            outside.append(dial)


def _person_of(route: Route, member: User, outside: list[DialOutside], terms: Terms) -> User | None:
    """Who rings for a member: the member, or where that counts whoever the member's own forwarding says.

    Somebody whose calls go anywhere else (a voicemail, a menu) does not ring: that would take the call from the others.
    What it says for when the member does not answer is for ``_later``.
    """
    if ringing.wants_peace(route, member):
        return None
    diverted = (person.sends_on(route, member) or _absent(route, member, terms)) if terms.forwards else None
    return member if diverted is None else _target_of(route, diverted.to, member, outside, terms)


def _absent(route: Route, member: User, terms: Terms) -> Divert | None:
    """Where the calls of a member go who cannot take them: without a phone, or in a call and not to get another."""
    company_id = member.company_id
    if not route.live.is_reachable(company_id, member.id) and not has_office(route, member):
        return person.after(route, member, "unreachable")
    busy = not terms.takes_second(member) and route.live.is_busy(company_id, member.id)
    return person.after(route, member, "busy") if busy else None


def _target_of(
    route: Route, to: Destination, payer: User | None, outside: list[DialOutside], terms: Terms = _AS_EACH_HAS_IT
) -> User | None:
    """One step far: the colleague meant, who may not want it; a number is added to those ``outside``."""
    if to.kind not in ("extension", "number"):
        return None
    target = route.person(clean_dialled(to.target))
    if target is not None:
        return None if ringing.wants_peace(route, target) else target
    dial = branch_out(route, to.target, payer) if to.kind == "number" else None
    if isinstance(dial, DialOutside):
        outside += confirmed(route, (dial,), terms)
    return None
