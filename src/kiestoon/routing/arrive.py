"""A call arrives at an extension: what its type does with it, and where a diversion leads from there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeAlias

from kiestoon.company.codes import read_code
from kiestoon.company.model import (
    AlternateNumber,
    CallLimit,
    ConferenceRoom,
    Destination,
    ForwardCase,
    ForwardExtension,
    GroupCall,
    GroupExtension,
    HuntGroup,
    LocationRouting,
    Menu,
    Queue,
    Row,
    TimeRouting,
    User,
)
from kiestoon.company.numbers import clean_dialled
from kiestoon.company.voicemail import box_of
from kiestoon.routing import branching, groups, hunting, outward, person, queueing
from kiestoon.routing.context import SHOWN, Divert, Route, refuse
from kiestoon.routing.decision import Decision, DialOutside, EnterGroupCall, EnterMenu, EnterRoom, EnterVoicemail, Step
from kiestoon.routing.situation import Diversion, Outcome

Handler: TypeAlias = Callable[[Route, Any], "Step | Divert"]
_SWITCHES: Final = (LocationRouting, TimeRouting, CallLimit, ForwardExtension)
"""What sends every call on by its nature: a caller who wants no diversion (*80) is let pass."""
Aftermath: TypeAlias = Callable[[Route, Any, Outcome], "Step | Divert | None"]


def arrive(route: Route, extension: str) -> Decision:
    """Follow the extensions' arrangements until something can be done. Never runs in a circle."""
    while True:
        owner = route.owner(extension)
        if owner is None:
            route.because("leads_nowhere", extension=extension)
            return route.decide(refuse(404, 1, "Not Found"))
        if extension in route.situation.visited:
            route.because("circle", extension=extension)
            return route.decide(refuse(482, 25, "Call forwarding runs in a circle", "forwarding-error"))
        route.now(at=extension, visited=(*route.situation.visited, extension), hunt=None, tried="")
        result: Step | Divert | str = _enter(route, owner)
        if isinstance(result, Divert):
            result = divert(route, result)
        if not isinstance(result, str):
            return route.decide(result)
        extension = result


def _enter(route: Route, owner: Row) -> Step | Divert:
    if isinstance(owner, AlternateNumber):
        user = route.index.users.get(owner.user_id)
        if user is None:
            return refuse(404, 1, "Not Found")
        route.because("alternate", extension=owner.extension, name=user.name)
        route.ring_as(user, owner)
        route.now(at=user.extension, visited=(*route.situation.visited, user.extension))
        owner = user
    return _HANDLERS[type(owner)](route, owner)


def after(route: Route, outcome: Outcome) -> Decision | None:
    """What follows when trying the present extension came to nothing; None: the caller is told of it."""
    owner = route.owner(route.situation.at)
    aftermath = _AFTERMATHS.get(type(owner))
    if owner is None or aftermath is None:
        return None
    result: Step | Divert | str | None = aftermath(route, owner, outcome)
    if isinstance(result, Divert):
        result = divert(route, result)
    if result is None:
        return None
    return arrive(route, result) if isinstance(result, str) else route.decide(result)


def deflect(route: Route, user: User, number: str) -> Decision:
    """A person's phone sends its call elsewhere (3xx): the same as a forwarding to a number. Of all codes the one of a
    voicemail box alone leads anywhere."""
    cleaned = clean_dialled(number)
    if not cleaned:
        route.because("not_a_number")
        return route.decide(refuse(404, 1, "Not Found"))
    code = read_code(route.index.arrangements.codes, cleaned, route.index.company.extension_digits)
    to = Destination("number", number[:SHOWN])
    if code is not None and code.feature.name == "voicemail_box":
        to = Destination("voicemail", code.argument)
    followed = divert(route, Divert(to, "deflection"))
    return arrive(route, followed) if isinstance(followed, str) else route.decide(followed)


def divert(route: Route, wish: Divert) -> Step | str:
    """Where a diversion leads: an extension to arrive at, or the step to take."""
    here = route.situation
    to = wish.to
    if to.kind == "busy":
        route.because("sent_busy", extension=here.at)
        return refuse(486, 17, "Busy Here")
    if here.inhibited and not isinstance(route.owner(here.at), _SWITCHES):
        route.because("inhibited", extension=here.at)
        return refuse(480, 20, "No diversion for this call")
    passed = len(here.diversions) + here.arrived_diversions
    if passed >= route.index.company.max_diversions:
        route.because("too_many_diversions", limit=str(route.index.company.max_diversions))
        return refuse(480, 25, "Forwarded too often", "forwarding-error")
    # The ring pattern was that of the number called: nobody else's phone knows it (V 9.4.3).
    route.now(diversions=(*here.diversions, Diversion(here.at, to.target or here.at, wish.reason)), alert=0)
    return groups.ring_numbers(route, wish) if groups.rings_numbers(route, wish) else _follow(route, to)


def _follow(route: Route, to: Destination) -> Step | str:
    here = route.situation
    if to.kind == "voicemail":
        whose = to.target or here.at
        box = box_of(route.index, whose)
        if box is None or not route.index.services.has(box.extension, "voicemail"):
            route.because("no_voicemail", extension=whose)
            return refuse(480, 20, "There is no voicemail")
        route.because("to_voicemail", extension=box.extension)
        route.now(at="")
        return EnterVoicemail(box.extension)
    if to.kind == "extension" or to.target in route.index.arrangements.extensions:
        route.because("forwarded", extension=here.at, number=to.target)
        return to.target
    step = outward.forward(route, to.target)
    if isinstance(step, DialOutside):
        route.now(at="")  # whoever sent the call there has no say in what comes of it
    return step


def _menu(route: Route, menu: Menu) -> Step | Divert:
    route.because("menu", extension=menu.extension, name=menu.name)
    served = person.enter_virtual(route, menu)
    return served if served is not None else EnterMenu(menu)


def _room(route: Route, room: ConferenceRoom) -> Step | Divert:
    route.because("conference", extension=room.extension, name=room.name)
    served = person.enter_virtual(route, room)
    return served if served is not None else EnterRoom(room)


def _group_call(route: Route, group: GroupCall) -> Step | Divert:
    route.because("group_call", extension=group.extension, name=group.name)
    served = person.enter_virtual(route, group)
    return served if served is not None else EnterGroupCall(group)


def _after_group_call(route: Route, group: GroupCall, outcome: Outcome) -> Divert | None:
    case: ForwardCase = "no_answer" if outcome == "rejected" else outcome
    return person.forward_for(route, group.extension, case)


_HANDLERS: Final[dict[type[Row], Handler]] = {
    User: person.enter,
    Menu: _menu,
    GroupExtension: groups.enter,
    HuntGroup: hunting.enter,
    LocationRouting: branching.by_place,
    TimeRouting: branching.by_time,
    CallLimit: branching.by_number_of_calls,
    ForwardExtension: branching.forwarded,
    ConferenceRoom: _room,
    GroupCall: _group_call,
    Queue: queueing.enter,
}
_AFTERMATHS: Final[dict[type[Row] | type[None], Aftermath]] = {
    User: person.aftermath,
    GroupExtension: groups.after,
    HuntGroup: hunting.after,
    GroupCall: _after_group_call,
}
