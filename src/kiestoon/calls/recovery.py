"""Taking calls over after a crash of the control process.

Speech has gone on meanwhile: the media process keeps its contexts for a minute. What journal and media process agree on
is adopted; a call only one of them knows is ended, and every call gets its record.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

import structlog

from kiestoon.calls import (
    closing,
    custody,
    failing,
    following,
    left_ringing,
    messages,
    missing_audio,
    occupancy,
    seeking,
    signals,
    topology,
)
from kiestoon.calls.addresses import host_of
from kiestoon.calls.call import Call
from kiestoon.calls.causes import INTERRUPTED, MEDIA_LOST, NORMAL, reason_header
from kiestoon.calls.journal import CallState, LegData
from kiestoon.calls.leaving import leave
from kiestoon.calls.leg import Leg
from kiestoon.calls.leg_media import lease_port, reoffer
from kiestoon.media.protocol import AuditedContext, Modify, Move, Stream, Subtract
from kiestoon.routing import AskPostcode, EnterGroupCall, EnterMenu, EnterRoom, route_extension
from kiestoon.sip.session.unanswered import turn_away

if TYPE_CHECKING:
    from kiestoon.calls.exchange import Exchange
    from kiestoon.media.client import MediaLink

log = structlog.get_logger("recovery")


def adopt(x: Exchange, states: Iterable[CallState], audits: dict[str, tuple[AuditedContext, ...]], now: float) -> int:
    """Re-create the journal's calls; returns how many go on. ``audits``: contexts by media incarnation."""
    adopted = 0
    known: set[int] = set()
    states = list(states)
    for state in states:  # before anything new gets a number
        _pass_numbers(x, state)
    for state in states:
        call = _recreate(x, state)
        for ringing in state.ringing:
            left_ringing.stop(x, ringing, now)
        link = x.media.find(state.incarnation) if state.established else None
        alive = _held(audits.get(state.incarnation, ()))
        answered = [leg for leg in state.legs if leg.state == "answered"]
        wanted = {leg.termination for leg in answered}
        whole = bool(answered) and wanted <= alive.keys() and all(leg.session is not None for leg in answered)
        if link is not None and whole:
            _take_over(x, call, state, link, now)
            _say_again(x, call, link, alive)
            known |= wanted
            adopted += 1
        else:
            _end(x, call, state, now)
    x.bereft += [leg_id for leg_id in x.held if leg_id not in x.legs]
    for incarnation, contexts in audits.items():
        _clear_strays(x, incarnation, contexts, known)
    return adopted


class Held(NamedTuple):
    """What a media process knows of a termination: where it is, and what was agreed for it."""

    context: int
    stream: Stream | None


def _held(contexts: Iterable[AuditedContext]) -> dict[int, Held]:
    """The terminations the media process has."""
    return {item.termination: Held(entry.context, item.stream) for entry in contexts for item in entry.terminations}


def _pass_numbers(x: Exchange, state: CallState) -> None:
    """Numbers that are taken are given to nobody else."""
    x.ids.go_past(state.context)
    for data in state.legs:
        x.ids.go_past(max(data.id, data.termination, data.music))
        if data.session is not None:
            x.endpoint.go_past(data.session.id)


def _recreate(x: Exchange, state: CallState) -> Call:
    call = Call(state.id, state.company_id, dialled=state.dialled, direction=state.direction, opened_ms=state.opened_ms)
    call.answered_ms = state.answered_ms
    call.caller, call.first = state.caller, state.first or state.caller
    call.segments = list(state.segments)
    call.continued_in, call.no_music = state.continued_in, state.no_music
    call.origin = state.origin
    call.target = state.target
    call.emergency = state.emergency
    call.reasons = list(state.reasons)
    call.context = state.context
    for data in state.legs:
        call.legs[data.id] = _leg(x, state.id, data)
    call.situation = state.situation
    x.present.enter(call, state.through)
    x.calls[call.id] = call
    x.company_calls[call.company_id] = x.company_calls.get(call.company_id, 0) + 1
    return call


def _leg(x: Exchange, call_id: str, data: LegData) -> Leg:
    leg = Leg(data.id, call_id, data.party, incoming=data.incoming, opened_ms=data.opened_ms)
    for name in (
        "state", "ringing_ms", "answered_ms", "ended_ms", "sip_call_id", "status", "cause", "outcome", "dtmf",
        "encryption", "secure", "held", "holding", "muted", "music", "termination", "port", "stream", "agreed", "offer",
        "owes_answer", "confirm",
    ):  # fmt: skip
        setattr(leg, name, getattr(data, name))
    return leg


def _restore_session(x: Exchange, leg: Leg, data: LegData, now: float) -> None:
    if data.session is None:
        return
    trunk = x.directory.trunk(leg.trunk_id) if leg.trunk_id else None
    leg.session = x.endpoint.restore(data.session, now, x.lines.credentials(trunk) if trunk is not None else None)
    leg.session.context = leg.owner
    x.legs[leg.id] = leg
    occupancy.enter(x, leg)
    if leg.trunk_id:
        x.lines.entered(leg.trunk_id)


def _take_over(x: Exchange, call: Call, state: CallState, link: MediaLink, now: float) -> None:
    call.link = link
    call.bridge = state.bridge
    call.onlookers = dict(state.onlookers)
    call.room = state.room
    if state.room is not None and not state.room.over:
        x.rooms[call.company_id, state.room.room_id] = call.id
    call.outcome = "answered"
    for data in state.legs:
        leg = call.legs[data.id]
        if data.state == "answered":
            _restore_session(x, leg, data, now)
            x.terminations[leg.termination] = leg
        elif data.state != "ended":
            leg.advance("end")
            leg.ended_ms = x.wall_ms()
    for leg_id in call.bridge or ():
        if leg_id != call.caller:
            x.queues.serves_again(call, call.legs[leg_id])
    custody.take(x, call, state.holder)
    _let_go_of_asked(x, call, now)
    log.info("call adopted", call=call.id)
    if state.room is not None and state.room.over:
        custody.end_with(x, call, NORMAL, now)
        closing.check(x, call, now)
    elif state.holder == "service":
        _re_enter(x, call, state, now)
    if call.id in x.calls:  # not before: a caller whose service has not begun again yet would count as nobody's
        x.journal.changed(call)


def _let_go_of_asked(x: Exchange, call: Call, now: float) -> None:
    """Whoever had answered, but neither had the call nor lost it, is hung up: nobody waits for the key any more."""
    kept = {call.caller, *(call.bridge or ()), *call.onlookers}
    for leg in call.live_legs():
        if leg.id not in kept:
            leave(x, call, leg, now, failure=INTERRUPTED)


def _re_enter(x: Exchange, call: Call, state: CallState, now: float) -> None:
    """A service begins again: what the caller had keyed in so far is lost, the caller is not."""
    if state.service is not None and state.service.service in x.services:
        following.enter(x, call, state.service, now)
        following.go_on(x, call, now)
        return
    decision = route_extension(x.directory, call.company_id, call.target, live=x.present, situation=call.situation)
    if not isinstance(decision.step, EnterMenu | AskPostcode | EnterRoom | EnterGroupCall):
        custody.end_with(x, call, INTERRUPTED, now)
        closing.check(x, call, now)
        return
    following.follow(x, call, decision, now)


def _end(x: Exchange, call: Call, state: CallState, now: float) -> None:
    """Nothing to go on with: hang up what can be hung up, write the record."""
    for data in state.legs:
        leg = call.legs[data.id]
        if data.state == "answered" and data.session is not None:
            _restore_session(x, leg, data, now)
            leg.termination = 0
        elif data.state != "ended":
            leg.advance("end")
            leg.ended_ms = x.wall_ms()
            leg.port = None
    if state.waiting is not None:
        headers = (("Retry-After", str(x.settings.retry_after_s)), ("Reason", reason_header(INTERRUPTED)))
        turn_away(x.endpoint, state.waiting, now, INTERRUPTED.status, headers)
        call.legs[call.caller].status = INTERRUPTED.status
    call.by = "exchange"
    call.outcome = "answered" if call.answered_ms else None
    call.failure = INTERRUPTED
    custody.end_with(x, call, INTERRUPTED, now)
    log.warning("call ended by interruption", call=call.id)
    closing.check(x, call, now)


def _clear_strays(x: Exchange, incarnation: str, contexts: tuple[AuditedContext, ...], known: set[int]) -> None:
    link = x.media.find(incarnation)
    if link is None:
        return
    for context in contexts:
        for item in context.terminations:
            if item.termination not in known:
                link.send(Subtract(item.termination))


def reconcile(x: Exchange, link: MediaLink, contexts: tuple[AuditedContext, ...], now: float) -> None:
    """After a broken control connection: end calls the media process has lost, and contexts no call belongs to.

    Commands of that time did not arrive: where each leg is, agreements and who hears whom are said again. Ports leased
    but not used yet were taken back: whoever rings there is called anew, and who has answered since is offered another.
    """
    held = _held(contexts)
    strays = held.keys() - {leg.termination for leg in x.legs.values()}
    for call in [call for call in x.calls.values() if call.link is link]:
        try:
            if call.id in x.calls:
                _mend(x, call, link, held, now)
        except Exception:
            failing.end_broken(x, call, now, "media back")
    for termination in strays:
        link.send(Subtract(termination))
    messages.media_back(x, link, held, now)


def _mend(x: Exchange, call: Call, link: MediaLink, held: dict[int, Held], now: float) -> None:
    lost = [leg for leg in call.live_legs() if leg.termination not in held]
    if _get_other_ports(x, call, lost):
        _say_again(x, call, link, held)
        for leg in lost:
            if leg.state == "answered":
                _offer_anew(x, leg, now)
            else:
                seeking.ring_again(x, call, leg, now)
        _speak_again(x, call, now)
        following.go_on(x, call, now)
    else:
        _forget_media(x, lost)
        call.by = call.by or "media"
        custody.end_with(x, call, MEDIA_LOST, now)
    closing.check(x, call, now)


def _get_other_ports(x: Exchange, call: Call, lost: list[Leg]) -> bool:
    """Give up ports that are not ours any more; who does not ring gets another one. False: somebody sends to such a
    port and cannot be told of another."""
    talking = {*(call.bridge or ()), *call.onlookers}
    for leg in lost:
        if leg.state == "answered":
            if leg.id not in talking or leg.owes_answer or leg.webrtc:
                return False
        elif leg.termination or (leg.incoming and leg.offer is not None):
            return False
    _forget_media(x, lost)
    return all(lease_port(x, call, leg, host_of(leg)) for leg in lost if leg.incoming or leg.state == "answered")


def _offer_anew(x: Exchange, leg: Leg, now: float) -> None:
    """A party of a conversation sends to a port that was taken back: tell it of the other one."""
    body = reoffer(x, leg)
    leg.stream, leg.music = None, 0
    if leg.session is not None:
        leg.session.offer(now, body)


def _speak_again(x: Exchange, call: Call, now: float) -> None:
    """Nobody is left in a service that waits for the end of what was never played."""
    for leg in call.live_legs():
        signals.music_again(x, call, leg)
        if leg.side is not None:
            leg.side.media_back(x, call, now)
    service = call.service
    if service is not None and not service.media_back(x, call, now) and service.data is not None:
        following.enter(x, call, service.data, now)


def _say_again(x: Exchange, call: Call, link: MediaLink, held: dict[int, Held]) -> None:
    for leg in call.live_legs():
        missing_audio.watch_again(x, call, leg)  # what was told of it meanwhile was told to nobody
        there = held.get(leg.termination)
        if there is None:  # it has no media yet
            continue
        signals.stop_again(call, leg)
        if there.context != call.context:  # moved meanwhile; until it is said again, it hears those it was with before
            link.send(Move(leg.termination, call.context))
        if leg.stream is not None and leg.stream != there.stream:
            link.send(Modify(leg.termination, leg.stream))
    topology.arrange(call)


def _forget_media(x: Exchange, lost: list[Leg]) -> None:
    """What the media process does not have need not be given back to it."""
    for leg in lost:
        x.terminations.pop(leg.termination, None)
        leg.termination, leg.port = 0, None
