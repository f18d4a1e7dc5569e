"""Seeks: getting somebody to answer. A user's devices race; outside lines are tried one after another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from kiestoon.calls import bridging, confirming, custody, dialling, hops, occupancy, signals
from kiestoon.calls.addresses import host_of, is_known
from kiestoon.calls.call import PLAIN, Call, Failure, Manner, Seek
from kiestoon.calls.causes import (
    BUSY,
    DECLINED_ELSEWHERE,
    DIVERTED_FROM_UNKNOWN,
    ELSEWHERE,
    FORWARDED,
    NO_ANSWER,
    NO_LINE,
    REDIRECTED_TOO_OFTEN,
    TOO_BROAD,
    UNREACHABLE,
    last_word,
    worst_first,
)
from kiestoon.calls.events import AssistantsRung, LegAnswered
from kiestoon.calls.leaving import leave
from kiestoon.calls.leg import Leg
from kiestoon.calls.leg_media import UnusableAnswer, take_answer
from kiestoon.calls.securing import srtp_policy
from kiestoon.routing import (
    Decision,
    DialOutside,
    Later,
    RingAll,
    RingUser,
    Search,
    Step,
    UseCode,
    proceed,
    route_diverted,
)
from kiestoon.routing import Outcome as RouteOutcome

if TYPE_CHECKING:
    from kiestoon.calls.exchange import Exchange
    from kiestoon.sip.events import Accepted, Redirected

ANSWERED_ELSEWHERE = 'SIP;cause=200;text="Call completed elsewhere"'
_OUTCOMES: Final[dict[str, RouteOutcome]] = {
    "busy": "busy",
    "no_answer": "no_answer",
    "unreachable": "unreachable",
    "rejected": "rejected",
    "failed": "unreachable",
    "not_found": "unreachable",
    "refused": "unreachable",
}
DECLINED_REASON = 'SIP;cause=603;text="Declined"'


def start(x: Exchange, call: Call, decision: Decision, now: float, manner: Manner = PLAIN) -> None:
    """Begin seeking the target of ``decision`` and take custody of the caller."""
    seek = Seek(decision, manner)
    call.seek = seek
    custody.take(x, call, "seek")
    step = decision.step
    if seek.offered_to:
        call.told = seek.offered_to
        x.emit(AssistantsRung, call, 0, of=call.target)
    if manner.within_s and manner.within_s < _patience_s(x, step):
        seek.ends_at = now + manner.within_s
    if call.service is not None and not isinstance(step, Search) and not manner.beside:
        call.service.stop_entertaining(x, call, now)
    if isinstance(step, Search):
        seek.rest = step.attempts
        _next_attempt(x, call, seek, now)
    else:
        _attempt(x, call, seek, step, now)
    if call.seek is seek and not seek.legs:
        finish(x, call, now)


def _patience_s(x: Exchange, step: Step) -> float:
    """How long it is tried to reach somebody."""
    if isinstance(step, RingUser | RingAll):
        return float(step.ring_s or x.settings.ring_s)
    if isinstance(step, Search):
        return float(sum(attempt.ring_s for attempt in step.attempts))
    return x.settings.ring_outside_s


def _attempt(x: Exchange, call: Call, seek: Seek, step: Step, now: float) -> None:
    """Ring everybody of a step, for as long as it says."""
    until = now + _patience_s(x, step)
    seek.until = min(until, seek.ends_at) if seek.ends_at else until
    seek.later = [(now + later.after_s, later) for later in step.later] if isinstance(step, RingAll) else []
    _wait(x, call, seek)
    if isinstance(step, RingUser):
        ring_user(x, call, step, now)
    elif isinstance(step, RingAll):
        _ring_all(x, call, seek, step, now)
    elif isinstance(step, DialOutside):
        try_next_line(x, call, step, x.lines.order(step.trunks, now), now)


def _wait(x: Exchange, call: Call, seek: Seek) -> None:
    """Until somebody is to be replaced, or all have had their time."""
    asked = {leg.party.user_id for leg in confirming.asked(call, seek)}
    turns = [at for at, later in seek.later if later.in_place_of not in asked]
    over = max(seek.until, seek.asked_until) if asked else seek.until
    custody.start_deadline(x, call, min((over, *turns)))


def _ring_all(x: Exchange, call: Call, seek: Seek, step: RingAll | Later, now: float) -> None:
    for person in step.people:
        ring_user(x, call, person, now)
    allowed = hops.breadth_left(call.anchor)
    seek.failures.extend([TOO_BROAD] * len(step.outside[allowed:]))
    for number in step.outside[:allowed]:
        try_next_line(x, call, number, x.lines.order(number.trunks, now), now)


def _replace(x: Exchange, call: Call, seek: Seek, now: float) -> None:
    """Whoever has not answered by now is given up, and who is to ring in that place does; the others ring on.

    Who is being asked to confirm keeps the turn until it is known that a machine answered; where that was the person's
    last phone, nothing is to be waited for.
    """
    for turn in list(seek.later):
        at, later = turn
        own = [leg_id for leg_id in seek.legs if call.legs[leg_id].party.user_id == later.in_place_of]
        if any(call.legs[leg_id].state == "answered" for leg_id in own):
            continue
        given_up = not own and later.in_place_of in seek.unconfirmed
        if not given_up and now < at:
            continue
        seek.later.remove(turn)
        if own:
            _stop(x, call, seek, own, now, NO_ANSWER)
            seek.failures.append(NO_ANSWER)
        if own or given_up:
            _ring_all(x, call, seek, _without_those_who_ring(call, seek, later), now)
    if seek.legs:
        _wait(x, call, seek)
    else:
        finish(x, call, now)


def _without_those_who_ring(call: Call, seek: Seek, later: Later) -> Later:
    """Two members may have named the same colleague."""
    rung = {leg.party.user_id for leg_id in seek.legs if (leg := call.legs[leg_id]).device_id}
    numbers = {step.number for leg_id, (step, _) in seek.lines.items() if leg_id in seek.legs}
    return msgspec.structs.replace(
        later,
        people=tuple(person for person in later.people if person.user.id not in rung),
        outside=tuple(step for step in later.outside if step.number not in numbers),
    )


def _next_attempt(x: Exchange, call: Call, seek: Seek, now: float) -> bool:
    """The next of those who are rung one after the other and can be; False: there is none left."""
    while seek.rest and not seek.legs:
        step, *rest = seek.rest
        seek.rest = tuple(rest)
        seek.ringing = False
        _attempt(x, call, seek, step, now)
    return bool(seek.legs)


def ring_user(x: Exchange, call: Call, step: RingUser, now: float) -> None:
    """Ring the devices of a user; says busy or unreachable when there is nothing to ring."""
    seek = call.seek
    if seek is None:
        return
    if not step.waiting and any(device.id in x.device_calls for device in step.devices):
        seek.failures.append(BUSY)
        return
    for device in step.devices:
        if occupancy.calls_at(x, device.id) >= device.call_limit:
            seek.failures.append(BUSY)
            continue
        bindings = x.registrar.bindings_of(device.id)
        if not bindings:
            seek.failures.append(UNREACHABLE)
        for binding in bindings:
            dialling.dial_device(x, call, step.user, device, binding, now, alert=step.alert, confirm=step.confirm)


def try_other_offer(x: Exchange, call: Call, leg: Leg, now: float) -> bool:
    """Make another offer to a phone that refused ours with 488: SRTP alone where it was a mere option, a phone's offer
    where it was taken for a browser. False: there is no other."""
    seek = call.seek
    if seek is None or leg.id not in seek.legs or (not leg.webrtc and srtp_policy(leg) != "optional"):
        return False
    if _dial_again(x, call, leg, now, encrypted=not leg.webrtc, as_phone=True):
        seek.legs.discard(leg.id)
        return True
    return False


def _dial_again(x: Exchange, call: Call, leg: Leg, now: float, *, encrypted: bool, as_phone: bool) -> bool:
    """Call the same contact of the same phone in another INVITE. False: it is not registered there any more."""
    device = x.directory.device_by_id(leg.device_id) if leg.device_id else None
    index = x.directory.company(call.company_id)
    user = index.user_of(device) if index is not None and device is not None else None
    if device is None or user is None:
        return False
    binding = next((item for item in x.registrar.bindings_of(device.id) if item.contact == leg.contact), None)
    return binding is not None and dialling.dial_device(
        x, call, user, device, binding, now, encrypted=encrypted, as_phone=as_phone, confirm=leg.confirm
    )


def ring_again(x: Exchange, call: Call, leg: Leg, now: float) -> None:
    """What we have offered to somebody who rings does not hold any more: he is called anew."""
    seek = call.seek
    if seek is None or leg.id not in seek.legs:
        return
    step, lines = seek.lines.pop(leg.id, (None, []))
    leave(x, call, leg, now, failure=ELSEWHERE, reason=ANSWERED_ELSEWHERE)
    seek.legs.discard(leg.id)
    if step is not None:
        try_next_line(x, call, step, [leg.trunk_id, *lines], now)
    elif not _dial_again(x, call, leg, now, encrypted=False, as_phone=False):
        seek.failures.append(UNREACHABLE)
    if not seek.legs:
        finish(x, call, now)


def try_next_line(x: Exchange, call: Call, step: DialOutside, lines: list[int], now: float) -> None:
    """Call out over the next line that may take the call; emergency calls pass every limit (RTE-23)."""
    seek = call.seek
    if seek is None:
        return
    while lines:
        trunk = x.directory.trunk(lines.pop(0))
        if trunk is None or not x.lines.may_take(trunk, emergency=step.emergency, now=now):
            seek.failures.append(NO_LINE)
            continue
        leg = dialling.dial_trunk(x, call, trunk, step, now)
        if leg is not None:
            seek.lines[leg.id] = (step, lines)
            return


def accepted(x: Exchange, call: Call, leg: Leg, event: Accepted, now: float) -> None:
    """A dialled party answered: the first one wins, the others stop with "answered elsewhere" (CALL-1)."""
    seek = call.seek
    if leg.state in ("dialling", "early"):
        leg.advance("answer")
        leg.answered_ms = x.wall_ms()
    if seek is None or leg.id not in seek.legs:
        leave(x, call, leg, now)
        return
    seek.legs.discard(leg.id)
    try:
        take_answer(x, call, leg, event.body)
    except UnusableAnswer as bad:
        failure = Failure("failed", 488, 88, str(bad))
        seek.failures.append(failure)
        leave(x, call, leg, now, failure=failure)
        if not seek.legs:
            finish(x, call, now)
        return
    if leg.trunk_id:
        x.lines.succeeded(leg.trunk_id)
    if leg.confirm:
        seek.legs.add(leg.id)
        _ask(x, call, seek, leg, now)
        _wait(x, call, seek)
        return
    _win(x, call, seek, leg, now)


def _ask(x: Exchange, call: Call, seek: Seek, leg: Leg, now: float) -> None:
    seek.asked_until = now + confirming.PATIENCE_S
    confirming.ask(x, call, leg, now)


def confirmed(x: Exchange, call: Call, leg: Leg, now: float) -> None:
    """Whoever answered has pressed the key and takes the call; nothing, where it is too late (see ``confirming``)."""
    seek = call.seek
    if seek is not None and leg.id in seek.legs:
        seek.legs.discard(leg.id)
        leg.confirm, leg.confirmed = False, True
        _win(x, call, seek, leg, now)


def not_confirmed(x: Exchange, call: Call, leg: Leg, now: float) -> None:
    """Nobody has pressed the key: a machine answered. It counts as no answer."""
    leave(x, call, leg, now, failure=NO_ANSWER)
    leg_failed(x, call, leg, NO_ANSWER, now)
    x.journal.changed(call)


def _win(x: Exchange, call: Call, seek: Seek, leg: Leg, now: float) -> None:
    _stop_others(x, call, seek, now, ELSEWHERE, ANSWERED_ELSEWHERE)
    call.seek = None
    custody.stop_deadline(x, call)
    _found(x, call, leg, now)


def _found(x: Exchange, call: Call, leg: Leg, now: float) -> None:
    """Whoever answered speaks with the caller; when it was we who called, this is the caller from now on."""
    caller = call.anchor
    if caller is not None:
        bridging.join(x, call, caller, leg, now)
        return
    call.caller = leg.id
    call.first = call.first or leg.id
    call.outcome, call.answered_ms = "answered", leg.answered_ms
    x.emit(LegAnswered, call, leg.id)
    if call.service is not None:
        custody.take(x, call, "service")
        x.journal.changed(call)
        call.service.found(x, call, leg, now)


def go_on_with(x: Exchange, call: Call, seek: Seek, now: float) -> None:
    """Hold the caller with an attempt that was begun for somebody else."""
    call.seek = seek
    custody.take(x, call, "seek")
    caller = call.anchor
    seek.ringing = False
    if caller is not None and any(call.legs[leg_id].ringing_ms for leg_id in seek.legs):
        seek.ringing = True
        signals.ringback(x, call, caller)
    for leg in confirming.asked(call, seek):
        _ask(x, call, seek, leg, now)
    _wait(x, call, seek)
    for leg_id in seek.legs:
        x.journal.ringing(call, call.legs[leg_id])


def give_up_at(seek: Seek, at: float) -> None:
    """Let the attempt end then at the latest; nobody's forwarding for no answer applies."""
    seek.ends_at = min(seek.ends_at or at, at)
    seek.until = min(seek.until, at)


def stop(x: Exchange, call: Call, now: float) -> None:
    """Give a seek up: those who ring are told that the call was completed elsewhere."""
    seek = call.seek
    if seek is not None:
        _stop_others(x, call, seek, now, ELSEWHERE, ANSWERED_ELSEWHERE)
        call.seek = None
        custody.stop_deadline(x, call)


def _stop_others(x: Exchange, call: Call, seek: Seek, now: float, failure: Failure, reason: str = "") -> None:
    _stop(x, call, seek, list(seek.legs), now, failure, reason)


def _stop(x: Exchange, call: Call, seek: Seek, legs: list[int], now: float, failure: Failure, reason: str = "") -> None:
    """Cancel what still rings. Phones list a call as missed unless ``reason`` tells them that it was dealt with."""
    asked = confirming.asked(call, seek)
    for leg_id in legs:
        other = call.legs.get(leg_id)
        seek.legs.discard(leg_id)
        if other in asked and failure is ELSEWHERE:
            confirming.too_late(x, call, other, now)
        elif other is not None:
            leave(x, call, other, now, failure=failure, reason=reason)
    if asked:
        x.journal.changed(call)


def leg_failed(x: Exchange, call: Call, leg: Leg, failure: Failure, now: float) -> None:
    """One of the dialled legs ended without an answer."""
    seek = call.seek
    if seek is None or leg.id not in seek.legs:
        return
    seek.legs.discard(leg.id)
    asked = leg.confirm and leg.answered_ms != 0
    if asked:  # and hung up before it was confirmed
        failure = NO_ANSWER
        seek.unconfirmed.add(leg.party.user_id)
    seek.failures.append(failure)
    step, lines = seek.lines.pop(leg.id, (None, []))
    if step is not None and failure.outcome == "failed":  # the line's failure, not the number's
        try_next_line(x, call, step, lines, now)
    if failure.status >= 600 and leg.device_id:
        # RFC 3261 §21.6: the person declined, not just this device
        legs = [call.legs[other] for other in seek.legs]
        own = [other.id for other in legs if other.device_id and other.party.user_id == leg.party.user_id]
        _stop(x, call, seek, own, now, DECLINED_ELSEWHERE, DECLINED_REASON)
    if asked and now < seek.until:
        _replace(x, call, seek, now)
    elif not seek.legs:
        finish(x, call, now)
    elif asked:
        _wait(x, call, seek)


def redirected(x: Exchange, call: Call, leg: Leg, event: Redirected, now: float) -> Decision | None:
    """A phone forwards by itself (3xx): stop ringing and return where its user's diversion leads.

    None: the redirection leads nowhere (or too often, ``max_diversions``) and counts as that phone's failure.
    """
    seek = call.seek
    if seek is None or leg.id not in seek.legs:
        return None
    if seek.manner.beside:  # whose turn it is next is the queue's to say
        leg_failed(x, call, leg, Failure("rejected", 480, 21, "Diverted a queue's call"), now)
        return None
    if not leg.device_id or not event.contacts:
        leg_failed(x, call, leg, Failure("failed", 503, 27, "Diverted to nowhere"), now)
        return None
    if len(call.diversion) >= x.settings.max_diversions:
        leg_failed(x, call, leg, REDIRECTED_TOO_OFTEN, now)
        return None
    decision = route_diverted(
        x.directory, call.company_id, leg.party.user_id, event.contacts[0], live=x.present, situation=call.situation
    )
    device = x.directory.device_by_id(leg.device_id)
    if isinstance(decision.step, DialOutside) and (device is None or not is_known(x, device, host_of(leg))):
        leg_failed(x, call, leg, DIVERTED_FROM_UNKNOWN, now)
        return None
    call.reasons.extend(decision.reasons)
    seek.legs.discard(leg.id)
    _stop_others(x, call, seek, now, FORWARDED)
    call.seek = None
    custody.stop_deadline(x, call)
    return decision


def ring_timeout(x: Exchange, call: Call, now: float) -> None:
    """Nobody answered in time."""
    seek = call.seek
    call.deadline = None
    if seek is None:
        return
    if now < seek.until:
        _replace(x, call, seek, now)
        return
    _stop_others(x, call, seek, now, NO_ANSWER)
    seek.failures.append(NO_ANSWER)
    if seek.ends_at and now >= seek.ends_at:
        call.seek = None
        custody.seek_failed(x, call, NO_ANSWER, now)
        return
    finish(x, call, now)


def give_up(x: Exchange, call: Call, now: float) -> None:
    """The caller does not want to wait for any other: what follows an attempt nobody answered follows now (V 9.3)."""
    seek = call.seek
    if seek is None:
        return
    _stop_others(x, call, seek, now, NO_ANSWER)
    seek.rest = ()
    finish(x, call, now)


def finish(x: Exchange, call: Call, now: float) -> None:
    """The seek ends without an answer; what follows is routing's to say, else the caller's holder's."""
    seek = call.seek
    if seek is None:
        return
    if _next_attempt(x, call, seek, now):
        return
    failure = _verdict(seek)
    call.seek = None
    custody.stop_deadline(x, call)
    outcome = _OUTCOMES.get(failure.outcome)
    if outcome is not None and call.situation is not None and not call.emergency:
        call.next = proceed(x.directory, call.situation, outcome, live=x.present)
        if call.next is not None:
            return
    if failure.outcome == "busy" and _offers_callback(x, call):
        offer = UseCode("callback_offer", call.target, dialled=call.target)
        call.next = Decision(offer, (), call.company_id, situation=call.situation)
        return
    custody.seek_failed(x, call, failure, now)


def _verdict(seek: Seek) -> Failure:
    """Why nobody answered. Who was looked for in several places was not found, whatever was the case at each; nor has a
    group answered where somebody was rung, though others were busy or declined (E 4.2.1).
    """
    step = seek.decision.step
    if isinstance(step, Search):
        return NO_ANSWER
    if isinstance(step, RingAll) and not step.personal and any(each.outcome == "no_answer" for each in seek.failures):
        return NO_ANSWER
    outside = isinstance(step, DialOutside)
    return last_word(seek.failures) if outside else worst_first(seek.failures)


def _offers_callback(x: Exchange, call: Call) -> bool:
    """Whether a colleague who has called a busy one is to be offered that he is called back (CALL-12)."""
    caller = call.anchor
    index = x.directory.company(call.company_id)
    if caller is None or index is None or call.service is not None or caller.state == "answered":
        return False
    options = index.arrangements.handling.transfer_options(caller.party.user_id)
    wanted = options is not None and options.callback
    return wanted and call.target in index.users_by_extension and "callback_offer" in x.services
