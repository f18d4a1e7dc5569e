"""Transfers: to somebody who has been asked (attended), or to a number at once (blind) (CALL-4, CALL-5).

Attended    two calls of the transferor become one: the parties he leaves speak with each other. While the second one
            still rings, the first waits for it in the transferor's place. Where a menu or a voicemail answered, the
            first is sent there; in a conference it takes the transferor's place.
Blind       the party waits in the service "transferred" for the target; when it comes to nothing the call comes back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kiestoon.calls import bridging, custody, following, identity, moving, rooms, seeking, signals, story
from kiestoon.calls.call import Call, Failure
from kiestoon.calls.causes import NORMAL
from kiestoon.calls.events import CallTransferred
from kiestoon.calls.leaving import leave
from kiestoon.calls.leg import Leg, is_colleague
from kiestoon.calls.operations import NOT_ALLOWED, NOT_IN_CALL, NOT_POSSIBLE
from kiestoon.calls.operations.recall import recall_after_s
from kiestoon.calls.operations.targets import camps_on, find_way, leads_to, no_prospects, route_for
from kiestoon.calls.service_data import Returned, Transferred, Voicemail
from kiestoon.routing import Refuse, UseCode

if TYPE_CHECKING:
    from kiestoon.calls.exchange import Exchange

TO_HIMSELF = Failure(
    "refused", 403, 21, "Your own number, and no other phone of yours rings", spoken="transfer-own-number"
)
FAILED_S = 3.0
"""How long after a refused transfer a hang-up counts as the phone's own."""


def attended(x: Exchange, first: Call, kept: Leg, second: Call, asked: Leg, now: float) -> Failure | None:
    """Join the party on ``kept`` (in ``first``) with the party on ``asked`` (in ``second``); both legs are the
    transferor's and end. What is older goes on under its id; the other's record names it.

    Fails, changing nothing, when either leg is in no conversation, or the parties cannot be joined.
    """
    if first is second:
        return NOT_POSSIBLE
    party = first.other(kept)
    if party is None or not same_person(kept, asked):
        return NOT_IN_CALL if party is None else NOT_ALLOWED
    if not moving.can_move(first, second):
        return NOT_POSSIBLE
    target = second.other(asked)
    if target is not None:
        _join(x, first, kept, party, second, asked, target, now)
        return None
    only_sought = second.service is None or second.service.entertains
    if second.seek is not None and second.caller == asked.id and only_sought:
        _wait_instead(x, first, kept, party, second, asked, now)
        return None
    if _hears_a_service(second, asked):
        return _to_service(x, first, kept, second, asked, now)
    if second.bridge is not None and asked.id in second.bridge:
        return _into_conference(x, first, kept, party, second, asked, now)
    return NOT_IN_CALL


def _into_conference(
    x: Exchange, first: Call, kept: Leg, party: Leg, second: Call, asked: Leg, now: float
) -> Failure | None:
    """The transferor has asked several: who is transferred takes his place among them, but steers no room for it."""
    if second.room is not None and second.room.locked and not rooms.is_organiser(second, asked):
        return NOT_ALLOWED
    release(x, first)
    let_transferor_go(x, first, kept, now)
    moving.move(x, party, first, second)
    first.continued_in = second.id
    custody.let_go(x, first)
    bridging.bridge(x, second, (*(second.bridge or ()), party.id), now)
    rooms.joined(x, second, party, ("", ""))
    let_transferor_go(x, second, asked, now)
    bridging.dissolve(x, second, asked, now)
    x.emit(CallTransferred, second, party.id, by=kept.party.number, target=second.target)
    x.touched += [first, second]
    return None


def _hears_a_service(call: Call, leg: Leg) -> bool:
    """Whether somebody has dialled a menu or the like, or come to a voicemail, and nobody is sought there for him."""
    service = call.service
    plain = service is not None and (service.data is None or isinstance(service.data, Voicemail))
    here = leg.incoming and leg.id == call.caller and leg.state == "answered"
    return plain and here and call.seek is None


def _to_service(x: Exchange, first: Call, kept: Leg, second: Call, asked: Leg, now: float) -> Failure | None:
    """No person answered the transferor: who is transferred goes there himself, and meets it from its beginning."""
    failure = blind(x, first, kept, second.dialled, now)
    if failure is None:
        second.continued_in = first.id
        let_transferor_go(x, second, asked, now)
        custody.let_go(x, second)
        x.touched.append(second)
    return failure


def same_person(one: Leg, other: Leg) -> bool:
    """Whether two legs are of one device, or of devices of one person."""
    if not one.device_id or not other.device_id:
        return False
    return one.device_id == other.device_id or (one.party.user_id != 0 and one.party.user_id == other.party.user_id)


def _join(x: Exchange, first: Call, kept: Leg, party: Leg, second: Call, asked: Leg, target: Leg, now: float) -> None:
    older, newer = (first, second) if first.opened_ms <= second.opened_ms else (second, first)
    stays, comes = (party, target) if older is first else (target, party)
    release(x, older)
    release(x, newer)
    moving.move(x, comes, newer, older)
    newer.continued_in = older.id
    older.caller = party.id
    older.target = target.party.number
    for call, leg in ((first, kept), (second, asked)):
        let_transferor_go(x, call, leg, now)
    custody.let_go(x, newer)
    bridging.bridge(x, older, (stays.id, comes.id) if older is first else (comes.id, stays.id), now)
    identity.show(x, older, party, target, now)
    identity.show(x, older, target, party, now)
    x.emit(CallTransferred, older, party.id, by=kept.party.number, target=target.party.number)
    x.touched += [older, newer]


def _wait_instead(x: Exchange, first: Call, kept: Leg, party: Leg, second: Call, asked: Leg, now: float) -> None:
    """The second party still rings: who is transferred waits for it, and the transferor is free. From here it is like a
    transfer that was not announced."""
    seek = second.seek
    if seek is None:
        return
    recall_s = recall_after_s(x, first.company_id, kept.party, seek.decision.step)
    if recall_s:
        seeking.give_up_at(seek, now + recall_s)
    release(x, first)
    ringing = [second.legs[leg_id] for leg_id in seek.legs]
    second.seek = None
    custody.stop_deadline(x, second)
    for leg in ringing:
        moving.move(x, leg, second, first)
    first.caller = party.id
    first.situation, first.target = second.situation, second.target
    second.continued_in = first.id
    let_transferor_go(x, first, kept, now)
    by = kept.party
    following.enter(x, first, Transferred(second.dialled, by), now, seek=seek)
    let_transferor_go(x, second, asked, now)
    custody.let_go(x, second)
    x.emit(CallTransferred, first, party.id, by=by.number, target=second.dialled)
    x.journal.changed(first)
    x.touched += [first, second]


def blind(x: Exchange, call: Call, by: Leg, target: str, now: float, *, inhibited: bool = False) -> Failure | None:
    """Send the party ``by`` speaks with to ``target`` (as dialled by him), and let him go.

    Fails, changing nothing, when he is in no conversation of two, may not call there, or nobody can be reached
    there (such as at his own number, where he has no other phone).
    ``inhibited``: the target may not divert the call or take it to voicemail (CALL-7). A target that does not answer
    gives the call back, see the service "transferred".
    """
    party = call.other(by)
    if party is None:
        return NOT_IN_CALL
    if not is_colleague(by):
        return NOT_ALLOWED
    decision = route_for(x, call, by, party, target, inhibited=inhibited)
    step = decision.step
    if isinstance(step, UseCode):
        way = find_way(x, step.feature)
        return way(x, call, by, party, step.argument, now) if way is not None else NOT_POSSIBLE
    if isinstance(step, Refuse):
        return Failure("refused" if step.status != 404 else "not_found", step.status, step.q850, step.text)
    failure = no_prospects(x, decision, party)
    if failure is not None and not camps_on(x, call, by, decision):
        return TO_HIMSELF if leads_to(by.party.user_id, decision) else failure
    hand_over(x, call, by, party, now)
    x.emit(CallTransferred, call, party.id, by=by.party.number, target=target)
    following.enter(x, call, Transferred(target, by.party, inhibited), now)
    x.journal.changed(call)
    x.touched.append(call)
    return None


def came_to_nothing(x: Exchange, call: Call, gone: Leg, now: float) -> bool:
    """A phone hung up because its transfer was refused, as some do by themselves: the caller is not lost with it, but
    comes back to the transferor. False: it hung up for another reason."""
    party = call.other(gone)
    if party is None or not gone.transfer_failed_at or now - gone.transfer_failed_at > FAILED_S:
        return False
    release(x, call)
    call.caller = party.id
    following.enter(x, call, Returned(gone.party), now)
    x.journal.changed(call)
    return True


def hand_over(x: Exchange, call: Call, by: Leg, party: Leg, now: float) -> None:
    """The call is about ``party`` from here, and ``by`` is free. Whoever asks for it says in the same breath who holds
    the party then."""
    release(x, call)
    call.caller = party.id
    let_transferor_go(x, call, by, now)


def release(x: Exchange, call: Call) -> None:
    """Take the bridge of a call apart; its legs go on."""
    custody.leave_bridge(x, call)
    for leg in call.live_legs():
        signals.stop_all(call, leg)
    story.interrupt(x, call)


def let_transferor_go(x: Exchange, call: Call, leg: Leg, now: float) -> None:
    """The one who transferred is told that it worked, and his leg ends."""
    session = leg.session
    if session is not None:
        session.notify_refer(now, 200, final=True)
    leave(x, call, leg, now, failure=NORMAL)
