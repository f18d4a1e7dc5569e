"""Consultation on one line, by keys in the call (CALL-4, CALL-8, E 5.1.3): hold, ask somebody, toggle, join, transfer.

The party on hold stays in its call, in the service "held". The leg of whoever holds it moves to a call of its own,
where it speaks with the exchange (the service "consulting") or with whoever is asked; ``x.held`` names the call of the
party it holds. So two calls of two parties each stand for the three of them, and whoever hangs up leaves the other two
in the care of someone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kiestoon.calls import bridging, custody, following, identity, moving, seeking, story
from kiestoon.calls.call import Call, Failure
from kiestoon.calls.causes import NORMAL
from kiestoon.calls.events import CallOpened, CallTransferred
from kiestoon.calls.leaving import leave
from kiestoon.calls.leg import Leg
from kiestoon.calls.operations import NOT_IN_CALL, NOTHING_THERE
from kiestoon.calls.operations.recall import recall_after_s
from kiestoon.calls.operations.transfer import release
from kiestoon.calls.service_data import Consulting, Held, Returned, Transferred

if TYPE_CHECKING:
    from kiestoon.calls.exchange import Exchange


def held_by(x: Exchange, leg: Leg) -> Call | None:
    """The call of the party this leg has on hold by keys."""
    call = x.calls.get(x.held.get(leg.id, ""))
    return call if call is not None and call.anchor is not None and call.anchor.state == "answered" else None


def call_of_its_own(x: Exchange, leg: Leg, source: Call, dialled: str) -> Call:
    """A new call that consists of one leg of another. Whoever asks for it says who holds the leg."""
    wall_ms = x.wall_ms()
    call = Call(x.ids.call(wall_ms), source.company_id, dialled=dialled, direction="internal", opened_ms=wall_ms)
    call.link, call.context = source.link, x.ids.number()
    call.caller = call.first = leg.id
    call.outcome, call.answered_ms = "answered", wall_ms
    x.calls[call.id] = call
    x.company_calls[call.company_id] = x.company_calls.get(call.company_id, 0) + 1
    x.count("calls_opened")
    moving.move(x, leg, source, call)
    x.emit(CallOpened, call)
    return call


def start(x: Exchange, call: Call, by: Leg, number: str, now: float) -> Failure | None:
    """Put the other party on hold; ask ``number``, or whom ``by`` keys in next ("")."""
    party = call.other(by)
    if party is None:
        return NOT_IN_CALL
    if held_by(x, by) is not None:
        return toggle(x, call, by, now) if not number else NOT_IN_CALL
    release(x, call)
    call.caller = party.id
    second = call_of_its_own(x, by, call, number)
    _hold(x, call, by, now)
    following.enter(x, second, Consulting(number), now)
    x.journal.changed(second)
    x.touched += [call, second]
    return None


def _hold(x: Exchange, call: Call, by: Leg, now: float) -> None:
    """The call's caller waits for ``by``."""
    x.held[by.id] = call.id
    story.turn(x, call, "held", by.party.number, by.party.name)
    following.enter(x, call, Held(by.id, by.party), now)
    x.journal.changed(call)


def retrieve(x: Exchange, call: Call, by: Leg, now: float) -> Failure | None:
    """Back to the party on hold; whoever is asked meanwhile is let go."""
    held = held_by(x, by)
    party = held.anchor if held is not None else None
    if held is None or party is None:
        return NOTHING_THERE
    seeking.stop(x, call, now)
    custody.close_service(x, call)
    asked = call.other(by)
    release(x, call)
    if asked is not None:
        leave(x, call, asked, now, failure=NORMAL)
    custody.let_go(x, call)
    call.continued_in = held.id
    _back(x, call, by, held, party, now)
    return None


def _back(x: Exchange, source: Call, by: Leg, held: Call, party: Leg, now: float) -> None:
    x.held.pop(by.id, None)
    custody.close_service(x, held)
    moving.move(x, by, source, held)
    bridging.bridge(x, held, (party.id, by.id), now)
    identity.show(x, held, by, party, now)
    x.touched += [source, held]


def end(x: Exchange, call: Call, by: Leg, now: float) -> Failure | None:
    """Let the one who is asked go; the other stays on hold."""
    if held_by(x, by) is None:
        return NOTHING_THERE
    asked = call.other(by)
    seeking.stop(x, call, now)
    release(x, call)
    if asked is not None:
        leave(x, call, asked, now, failure=NORMAL)
    call.caller = by.id
    following.enter(x, call, Consulting(""), now)
    x.journal.changed(call)
    x.touched.append(call)
    return None


def toggle(x: Exchange, call: Call, by: Leg, now: float) -> Failure | None:
    """Speak with the party on hold while the other one waits."""
    held, asked = held_by(x, by), call.other(by)
    party = held.anchor if held is not None else None
    if held is None or party is None:
        return NOTHING_THERE
    if asked is None:
        return NOT_IN_CALL
    release(x, call)
    call.caller = asked.id
    custody.close_service(x, held)
    moving.move(x, by, call, held)
    _hold(x, call, by, now)
    bridging.bridge(x, held, (party.id, by.id), now)
    identity.show(x, held, by, party, now)
    x.touched += [call, held]
    return None


def conference(x: Exchange, call: Call, by: Leg, now: float) -> Failure | None:
    """All three speak with each other, in the older of the two calls."""
    held, asked = held_by(x, by), call.other(by)
    party = held.anchor if held is not None else None
    if held is None or party is None:
        return NOTHING_THERE
    if asked is None:
        return NOT_IN_CALL
    x.held.pop(by.id, None)
    release(x, call)
    custody.let_go(x, call)
    custody.close_service(x, held)
    call.continued_in = held.id
    for leg in (by, asked):
        moving.move(x, leg, call, held)
    bridging.bridge(x, held, (party.id, by.id, asked.id), now)
    x.touched += [call, held]
    return None


def hung_up(x: Exchange, call: Call, by: Leg, now: float) -> bool:
    """Whoever holds somebody has hung up: who was asked gets the party, or it waits for who rings; with nobody asked it
    comes back to ``by``. False: he holds nobody."""
    held = held_by(x, by)
    x.held.pop(by.id, None)
    party = held.anchor if held is not None else None
    if held is None or party is None:
        return False
    asked = call.other(by)
    if asked is not None:
        _give(x, call, by, held, party, asked, now)
    elif call.seek is not None:
        _wait(x, call, by, held, now)
    else:
        following.enter(x, held, Returned(by.party), now)
        _nothing_left(x, call, now)
    x.journal.changed(held)
    x.touched += [call, held]
    return True


def party_gone(x: Exchange, held: Call, now: float) -> None:
    """Whoever waits in this call has hung up: who holds him is told, unless he has somebody else on the line."""
    data = held.service.data if held.service is not None else None
    leg = x.legs.get(data.leg) if isinstance(data, Held) else None
    call = x.calls.get(leg.call) if leg is not None else None
    if leg is None or call is None or x.held.get(leg.id) != held.id:
        return
    del x.held[leg.id]
    if call.bridge is None and call.seek is None:
        following.enter(x, call, Consulting("", gone=True), now)
        x.journal.changed(call)


def care_for(x: Exchange, leg_id: int, now: float) -> None:
    """A leg that held somebody is over and nobody asked what becomes of whom it held: it comes back to its person."""
    held = x.calls.get(x.held.pop(leg_id, ""))
    data = held.service.data if held is not None and held.service is not None else None
    if held is not None and isinstance(data, Held) and held.anchor is not None and held.anchor.state == "answered":
        following.enter(x, held, Returned(data.by), now)
        x.journal.changed(held)
        x.touched.append(held)


def _give(x: Exchange, call: Call, by: Leg, held: Call, party: Leg, asked: Leg, now: float) -> None:
    release(x, call)
    custody.let_go(x, call)
    custody.close_service(x, held)
    call.continued_in = held.id
    moving.move(x, asked, call, held)
    held.target = asked.party.number
    bridging.bridge(x, held, (party.id, asked.id), now)
    identity.show(x, held, party, asked, now)
    identity.show(x, held, asked, party, now)
    x.emit(CallTransferred, held, party.id, by=by.party.number, target=asked.party.number)


def _wait(x: Exchange, call: Call, by: Leg, held: Call, now: float) -> None:
    seek, target = call.seek, call.target
    if seek is None:
        return
    recall_s = recall_after_s(x, held.company_id, by.party, seek.decision.step)
    if recall_s:
        seeking.give_up_at(seek, now + recall_s)
    ringing = [call.legs[leg_id] for leg_id in seek.legs]
    call.seek = None
    custody.stop_deadline(x, call)
    for leg in ringing:
        moving.move(x, leg, call, held)
    held.situation, held.target = call.situation, target
    call.continued_in = held.id
    _nothing_left(x, call, now)
    following.enter(x, held, Transferred(target, by.party), now, seek=seek)
    x.emit(CallTransferred, held, held.caller, by=by.party.number, target=target)


def _nothing_left(x: Exchange, call: Call, now: float) -> None:
    custody.let_go(x, call)
    for leg in call.live_legs():
        leave(x, call, leg, now)
