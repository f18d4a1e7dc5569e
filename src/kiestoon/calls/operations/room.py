"""Conference rooms: going in, and what an organiser does with those who are in it (CALL-13).

Who may do it is for whoever calls these to know: the PIN, the organiser's phone or the rights on the screen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from kiestoon.calls import aside, bridging, custody, moving, rooms, signals, topology
from kiestoon.calls.call import Call, Failure, RoomState
from kiestoon.calls.causes import NORMAL
from kiestoon.calls.events import CallOpened
from kiestoon.calls.leg import Leg
from kiestoon.calls.operations import NOT_IN_CALL, NOT_POSSIBLE, NOTHING_THERE
from kiestoon.calls.operations.conference import FULL, REMOVED
from kiestoon.calls.originate import originate
from kiestoon.calls.party import Party
from kiestoon.calls.service import Service
from kiestoon.calls.service_data import Invited

if TYPE_CHECKING:
    from kiestoon.calls.exchange import Exchange
    from kiestoon.company.model import ConferenceRoom

LOCKED = Failure("refused", 403, 21, "The conference is locked")
GONE = Failure("not_found", 404, 1, "There is no such conference room")
NOTHING_SAID = ("", "")


def obstacle(x: Exchange, row: ConferenceRoom, *, organiser: bool) -> Failure | None:
    """Why nobody else can go into the room now: it is no more, full, or locked (for all but organisers)."""
    if not rooms.exists(x, row.company_id, row.id):
        return GONE
    call = rooms.live(x, row.company_id, row.id)
    if call is None or call.room is None:
        return None
    if call.room.locked and not organiser:
        return LOCKED
    return FULL if len(call.bridge or ()) >= row.most_members else None


def enter(
    x: Exchange,
    row: ConferenceRoom,
    mine: Call,
    leg: Leg,
    now: float,
    *,
    organiser: bool = False,
    said: tuple[str, str] = NOTHING_SAID,
) -> Failure | None:
    """Let an answered party of its own call ``mine`` into the room. ``said``: see ``rooms.joined``."""
    failure = obstacle(x, row, organiser=organiser)
    if failure is not None:
        return failure
    call = rooms.live(x, row.company_id, row.id)
    if leg.state != "answered" or call is mine or (call is not None and not moving.can_move(mine, call)):
        return NOT_POSSIBLE
    if call is None:
        call = _open(x, row)
    _admit(x, call, row, mine, leg, now, organiser=organiser)
    rooms.joined(x, call, leg, said)
    return None


def _open(x: Exchange, row: ConferenceRoom) -> Call:
    """The call that holds the room's members; the first of them goes in at once."""
    wall_ms = x.wall_ms()
    call = Call(x.ids.call(wall_ms), row.company_id, dialled=row.extension, direction="internal", opened_ms=wall_ms)
    call.room = RoomState(row.id, row.extension, row.name, begun=not row.wait_for_organiser, silent=row.quiet)
    call.target = row.extension
    call.outcome, call.answered_ms = "answered", wall_ms
    x.calls[call.id] = call
    x.company_calls[call.company_id] = x.company_calls.get(call.company_id, 0) + 1
    x.rooms[row.company_id, row.id] = call.id
    x.count("calls_opened")
    x.emit(CallOpened, call)
    return call


def _admit(x: Exchange, call: Call, row: ConferenceRoom, mine: Call, leg: Leg, now: float, *, organiser: bool) -> None:
    state = call.room
    if state is None:
        return
    custody.let_go(x, mine)
    mine.continued_in = call.id
    moving.move(x, leg, mine, call)
    if not call.caller:
        call.caller = call.first = leg.id
    leg.muted = state.silent and not organiser
    if organiser:
        call.room = replace(state, organisers=(*state.organisers, leg.id), begun=True)
    bridging.bridge(x, call, (*(call.bridge or ()), leg.id), now)
    x.touched += [call, mine]


# --- what an organiser does ------------------------------------------------------------------------------------------


def _member(call: Call, member: Leg) -> bool:
    return call.room is not None and call.bridge is not None and member.id in call.bridge


def mute(x: Exchange, call: Call, member: Leg, *, muted: bool) -> Failure | None:
    """Nobody hears a member any more, or again."""
    if not _member(call, member):
        return NOT_IN_CALL
    member.muted = muted
    _settle(x, call)
    return None


def mute_all(x: Exchange, call: Call, *, muted: bool) -> Failure | None:
    """Mute everybody who is no organiser, and whoever comes; or let all be heard again."""
    if call.room is None:
        return NOTHING_THERE
    call.room = replace(call.room, silent=muted)
    for leg_id in call.bridge or ():
        if leg_id not in call.room.organisers:
            call.legs[leg_id].muted = muted
    _settle(x, call)
    return None


def lock(x: Exchange, call: Call, *, locked: bool) -> Failure | None:
    """Let nobody else in, or let them in again."""
    if call.room is None:
        return NOTHING_THERE
    call.room = replace(call.room, locked=locked)
    x.journal.changed(call)
    return None


def remove(x: Exchange, call: Call, member: Leg, now: float) -> Failure | None:
    """A member has to go, and is told so; with the only one the conference is over."""
    if not _member(call, member):
        return NOT_IN_CALL
    if call.bridge == (member.id,):
        _remove_only(x, call, now)
    else:
        bridging.dissolve(x, call, member, now)
        aside.dismiss(x, call, member, REMOVED, now)
    x.touched.append(call)
    return None


def _remove_only(x: Exchange, call: Call, now: float) -> None:
    """Nobody is left in the bridge: the service that says so has custody."""
    function = x.services.get(REMOVED)
    if function is None or call.room is None:
        custody.end_with(x, call, NORMAL, now)
        return
    rooms.shut(x, call)
    call.room = replace(call.room, over=True)
    custody.leave_bridge(x, call)
    Service(REMOVED).start(x, call, function, None, now)


def end(x: Exchange, call: Call, now: float) -> Failure | None:
    """The conference is over for everybody."""
    if call.room is None or call.room.over:
        return NOTHING_THERE
    rooms.finish(x, call, now)
    _settle(x, call)
    return None


def end_deleted(x: Exchange, now: float) -> None:
    """Rows have changed: where a room is no more, or its company, the conference in it is over."""
    for (company_id, room_id), call_id in list(x.rooms.items()):
        call = x.calls.get(call_id)
        if call is not None and not rooms.exists(x, company_id, room_id):
            end(x, call, now)


def call_out(x: Exchange, row: ConferenceRoom, by: Party, number: str, now: float) -> Failure | None:
    """Call somebody, by the rights of ``by``; who answers is asked whether he wants to take part."""
    failure = obstacle(x, row, organiser=True)
    if failure is None:
        made = originate(x, row.company_id, by, number, Invited(row.id, number, by), now)
        call = rooms.live(x, row.company_id, row.id)
        if call is not None:
            call.asked = (*call.asked, made.id)
    return failure


def _settle(x: Exchange, call: Call) -> None:
    topology.arrange(call)
    signals.update_music(x, call)
    x.journal.changed(call)
