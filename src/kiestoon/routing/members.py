"""What rings for somebody as a member of a group: the phones, or the telephone that is the person's now (E 4.2, V 21).

A remote office counts, since that is where the person works (V 9.5); both phones of a twin ring. Numbers that ring
along (V 9.2) do so only where the group wants them; nobody is looked for at one number after the other (V 9.3) in a
group, which is looking for somebody itself.
"""

from __future__ import annotations

from typing import NamedTuple

from msgspec.structs import replace

from kiestoon.company.model import GroupExtension, HuntGroup, Queue, User
from kiestoon.routing import reach, ringing
from kiestoon.routing.context import Route
from kiestoon.routing.decision import DialOutside, RingUser
from kiestoon.routing.outward import mobile_of
from kiestoon.routing.ringing import Others


class Terms(NamedTuple):
    """How a group rings its members.

    ``waiting``: also those in a call, None = as each has it. ``forwards``: their own forwarding counts. ``along``: so
    do the numbers that ring along with their phones. ``confirm``: who answers for one outside presses a key first.
    """

    waiting: bool | None
    forwards: bool = False
    along: bool = False
    confirm: bool = False

    def takes_second(self, member: User) -> bool:
        """Whether the member is rung while in a call."""
        return member.call_waiting if self.waiting is None else self.waiting


def terms_of(group: GroupExtension | HuntGroup | Queue) -> Terms:
    """As the group's row says; in a hunt group or queue nobody's own forwarding counts."""
    if isinstance(group, Queue):
        return Terms(group.busy_agents != "none", confirm=group.confirm)
    forwards = isinstance(group, GroupExtension) and group.individual_forwarding
    return Terms(group.call_waiting, forwards, group.individual_ringing, group.confirm)


def rung_for(route: Route, member: User, terms: Terms) -> Others:
    """Who and what rings for a member: the person first, unless only something outside does."""
    second = terms.takes_second(member)
    busy = not second and route.live.is_busy(member.company_id, member.id)
    office = ringing.remote_office(route, member)
    people: list[RingUser] = []
    outside: list[DialOutside] = []
    if office is None:
        people.append(RingUser(member, ringing.phones(route, member), 0, second, route.situation.alert))
        mobile = mobile_of(route, member) if not busy and has_mobile(route, member) else None
        outside += [mobile] if mobile is not None else []
    elif not busy:
        outside.append(office)
    if terms.along and not busy:
        others = ringing.along(route, member)
        known = {dial.number for dial in outside}
        people += others.people
        outside += [dial for dial in others.outside if dial.number not in known]
    return Others(tuple(people), confirmed(route, tuple(outside), terms))


def confirmed(route: Route, outside: tuple[DialOutside, ...], terms: Terms) -> tuple[DialOutside, ...]:
    """The numbers, where the group wants it with confirmation: a mobile's voicemail must not take the group's call."""
    if not terms.confirm:
        return outside
    for dial in outside:
        if not dial.confirm:
            route.because("confirms", number=dial.number)
    return tuple(replace(dial, confirm=True) for dial in outside)


def is_there(route: Route, member: User) -> bool:
    """Whether anything of the member's can be rung."""
    reachable = route.live.is_reachable(member.company_id, member.id)
    return reachable or has_mobile(route, member) or has_office(route, member)


def has_mobile(route: Route, user: User) -> bool:
    """Whether the person's mobile is one of the phones that ring for calls to a group."""
    kinds = reach.ringing_kinds(route, user, None)
    return bool(user.mobile_number) and kinds is not None and "mobile" in kinds


def has_office(route: Route, user: User) -> bool:
    """Whether another telephone is the person's for now."""
    return user.id in route.index.arrangements.ringing.remote
