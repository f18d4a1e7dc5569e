"""Doing what routing says next."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

import msgspec

from kiestoon.calls import custody, identity, reminding, seeking, story
from kiestoon.calls.call import PLAIN, Call, Failure, Manner, Seek
from kiestoon.calls.events import CallForwarded
from kiestoon.calls.service import Service
from kiestoon.calls.service_data import Searching, ServiceData, Voicemail
from kiestoon.company.model import LocationRouting
from kiestoon.company.voicemail import box_of
from kiestoon.routing import (
    AskPostcode,
    DialOutside,
    EnterGroupCall,
    EnterMenu,
    EnterQueue,
    EnterRoom,
    EnterVoicemail,
    Refuse,
    RingAll,
    RingUser,
    Search,
    UseCode,
    route_extension,
    routed_by_postcode,
)
from kiestoon.speech import Phrase

if TYPE_CHECKING:
    from kiestoon.calls.exchange import Exchange
    from kiestoon.calls.voicemail_requests import MessageReason
    from kiestoon.routing import Decision

NOT_POSSIBLE = Failure("refused", 403, 29, "Not possible from here")
_MOST_SERVICES = 20
NO_SUCH_CODE = Failure("not_found", 404, 1, "This code has no service here")
NOBODY = Failure("no_answer", 480, 19, "No person can be reached")
_PHONES: Final = (RingUser, RingAll, DialOutside, Refuse)
"""What a call that we make for others can lead to: a person, no menu and no voicemail."""
NO_VOICEMAIL = Failure("no_answer", 480, 19, "There is no voicemail")
_Entered: TypeAlias = EnterMenu | AskPostcode | EnterRoom | EnterGroupCall | EnterQueue


def follow(x: Exchange, call: Call, decision: Decision, now: float, manner: Manner = PLAIN) -> None:
    """Take the step routing decided on."""
    _note(x, call, decision, now)
    if not call.caller and not isinstance(decision.step, _PHONES):
        custody.seek_failed(x, call, NOBODY, now)
        return
    reminding.start(x, call, decision.remind, now)
    step = decision.step
    if isinstance(step, RingUser):
        _aim(call, step.user.extension)
        seeking.start(x, call, decision, now, manner)
    elif isinstance(step, RingAll):
        _aim(call, decision.situation.at if decision.situation is not None else decision.called)
        seeking.start(x, call, decision, now, manner)
    elif isinstance(step, Search):
        _search(x, call, step, decision, now, manner)
    elif isinstance(step, DialOutside):
        _aim(call, step.number)
        seeking.start(x, call, decision, now, manner)
    elif isinstance(step, EnterVoicemail):
        enter_box(x, call, step.extension, reason_for(call, step.extension), now)
    elif isinstance(step, UseCode):
        _use_code(x, call, step, now)
    elif isinstance(step, Refuse):
        _refuse(x, call, step, now)
    else:
        name, argument, extension = _service_of(x, call, step)
        _enter(x, call, name, argument, extension, now)


def _service_of(x: Exchange, call: Call, step: _Entered) -> tuple[str, object, str]:
    """The service a step leads into, what it is to know, and the extension it stands for."""
    if isinstance(step, EnterMenu):
        return "menu", (step.menu, x.company_of(call)), step.menu.extension
    if isinstance(step, AskPostcode):
        return "postcode", step.routing, step.routing.extension
    if isinstance(step, EnterRoom):
        return "conference", step.room, step.room.extension
    if isinstance(step, EnterGroupCall):
        return "group_call", step.group, step.group.extension
    return "queue", step.queue, step.queue.extension


def go_on(x: Exchange, call: Call, now: float) -> None:
    """After every event: what routing said follows a failed attempt, and where a service wants its caller to go."""
    while True:
        manner = PLAIN
        if call.next is not None:
            decision, call.next = call.next, None
        elif call.service is not None and call.service.wants_to_go:
            decision, manner = _wished(x, call, call.service), call.service.manner
            call.service.manner = PLAIN
        elif call.service is not None and call.service.gives_up:
            call.service.gives_up = False
            seeking.give_up(x, call, now)
            continue
        else:
            return
        call.reasons.extend(decision.reasons)
        follow(x, call, decision, now, manner)


def _wished(x: Exchange, call: Call, service: Service) -> Decision:
    if service.decision is not None:
        decision, service.decision = service.decision, None
        return decision
    wish, service.wish = service.wish, ""
    keyed, service.keyed = service.keyed, False
    if keyed and service.postcode_of is not None and call.situation is not None:
        return routed_by_postcode(x.directory, call.situation, service.postcode_of, wish, live=x.present)
    return route_extension(x.directory, call.company_id, wish, live=x.present, situation=call.situation)


def _note(x: Exchange, call: Call, decision: Decision, now: float) -> None:
    """Keep where the call stands; tell the caller of a diversion where that is wanted (V 11.3)."""
    situation = decision.situation
    if situation is None:
        return
    known = len(call.situation.diversions) if call.situation is not None else 0
    call.situation = situation
    call.no_music = call.no_music or situation.no_music
    x.present.enter(call, situation.through)
    fresh = situation.diversions[known:]
    for diversion in fresh:
        call.diversion = (*call.diversion, diversion)
        x.emit(CallForwarded, call, call.caller, target=diversion.to)
    if fresh:
        identity.say_forwarded(x, call, fresh[-1].by, now)


def _search(x: Exchange, call: Call, step: Search, decision: Decision, now: float, manner: Manner) -> None:
    """Ring one after the other. A caller nobody speaks to yet is answered, and told so now and then (V 9.3)."""
    caller = call.anchor
    _aim(call, step.user.extension)
    if call.service is None and caller is not None and caller.state != "answered" and "searching" in x.services:
        service = Service("searching", Searching(step.user.extension))
        again = msgspec.structs.replace(decision, reasons=(), remind=())
        service.start(x, call, x.services["searching"], again, now)
        return
    seeking.start(x, call, decision, now, manner)


def _aim(call: Call, target: str) -> None:
    """Whom the call is for. A service's caller is for the service until somebody answers."""
    if call.service is None:
        call.target = target


def _enter(x: Exchange, call: Call, name: str, argument: object, extension: str, now: float) -> None:
    """Let the caller into a service, out of the one before. Nobody is sent round in circles between services."""
    entered = 1
    if call.service is not None:
        entered = call.service.entered + 1
        if call.target == extension or entered > _MOST_SERVICES:
            custody.refuse(x, call, NOT_POSSIBLE, now)
            return
        call.service.close(x)
    call.target = extension
    service = Service(name)
    service.entered = entered
    if isinstance(argument, LocationRouting):
        service.postcode_of = argument
    service.start(x, call, x.services[name], argument, now)


def enter_box(x: Exchange, call: Call, extension: str, reason: MessageReason, now: float) -> None:
    """The voicemail of an extension answers."""
    index = x.directory.company(call.company_id)
    box = box_of(index, extension) if index is not None else None
    if box is None:
        custody.seek_failed(x, call, NO_VOICEMAIL, now)
        return
    call.target = box.extension
    if call.anchor is not None and call.anchor.state == "answered":
        story.turn(x, call, "service", box.extension, "voicemail_box")
    enter(x, call, Voicemail(box.extension, reason), now)


def reason_for(call: Call, extension: str) -> MessageReason:
    """Why a caller comes to the box: as its owner's own forwarding says; whoever is sent there by others comes
    straight."""
    reason = call.situation.sent_by(extension) if call.situation is not None else None
    return reason or "direct"


def _use_code(x: Exchange, call: Call, step: UseCode, now: float) -> None:
    """A feature code was dialled: the feature's own service converses with whoever dialled it."""
    function = x.services.get(step.feature)
    if function is None:
        custody.refuse(x, call, NO_SUCH_CODE, now)
        return
    custody.close_service(x, call)
    call.target = step.dialled
    Service(step.feature).start(x, call, function, step, now)


def enter(x: Exchange, call: Call, data: ServiceData, now: float, seek: Seek | None = None, language: str = "") -> None:
    """Put the call's caller into a service that is entered again after a crash, out of whatever it was in.

    ``seek``: an attempt under way that it goes on with; its legs are the call's already. ``language``: what the caller
    is spoken to in, "" = as he would choose.
    """
    custody.close_service(x, call)
    service = Service(data.service, data)
    service.language = language
    if seek is not None:
        service.under_way = True
    service.start(x, call, x.services[data.service], data, now)
    if seek is not None and call.service is service:
        seeking.go_on_with(x, call, seek, now)


def _refuse(x: Exchange, call: Call, step: Refuse, now: float) -> None:
    """Say no, aloud where there is something to say and a caller who has not been answered yet."""
    caller = call.anchor
    failure = Failure("not_found" if step.status == 404 else "refused", step.status, step.q850, step.text)
    if step.status == 486:
        failure = Failure("busy", step.status, step.q850, step.text)
    if (
        step.announce
        and call.service is None
        and caller is not None
        and caller.state != "answered"
        and "announcement" in x.services
    ):
        argument = (Phrase(step.announce, dict(step.filled_in)), failure)
        Service("announcement").start(x, call, x.services["announcement"], argument, now)
        return
    custody.refuse(x, call, failure, now)
