"""The way into a conference room: a PIN, who is there already, and in (CALL-13).

Colleagues on their own phones are known: the room's owner needs no PIN, others only where the room wants one. Three
wrong PINs end the call; how many may be tried altogether the back office counts.
"""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

from kiestoon.calls import rooms
from kiestoon.calls.causes import NORMAL
from kiestoon.calls.conversation import Conversation
from kiestoon.calls.operations import room as operation
from kiestoon.calls.operations.conference import FULL
from kiestoon.calls.party import Party
from kiestoon.calls.requests import CheckRoomPin, RoomPinChecked
from kiestoon.calls.service_data import Invited
from kiestoon.company.model import ConferenceRoom
from kiestoon.routing import DialOutside, FromUser, route
from kiestoon.speech import Phrase

TRIES: Final = 3
_LONGEST_PIN: Final = 12
_REFUSALS: Final = {
    FULL: "conference-full",
    operation.LOCKED: "conference-locked",
    operation.GONE: "conference-ended",
}
_As: TypeAlias = Literal["member", "organiser"]


async def conference(caller: Conversation, room: ConferenceRoom) -> None:
    """Let somebody who has called in."""
    caller.speak(room.language)
    caller.come_near(rooms.live(caller.exchange, room.company_id, room.id))
    await caller.answer()
    admitted = await _admitted(caller, room)
    if admitted is not None:
        await go_in(caller, room, organiser=admitted == "organiser")


async def invited(caller: Conversation, data: Invited) -> None:
    """Call somebody, and let him in when he says so: what answers may be a voicemail."""
    x, index = caller.exchange, caller.index
    room = index.arrangements.conference_rooms.get(data.room_id) if index is not None else None
    if room is None:
        return
    caller.speak(room.language)
    if not caller.call.caller:
        decision = route(x.directory, FromUser(room.company_id, data.by.user_id), data.number, live=x.present)
        if isinstance(decision.step, DialOutside) and decision.step.emergency:
            return  # an emergency centre is not asked to press 1
        if await caller.reach(decision, Party("service", room.extension, room.name)) is not NORMAL:
            return
    if await caller.ask_for("conference-invited", most=1, end="", name=room.name) == "1":
        await go_in(caller, room, organiser=_is_owner(caller, room))


async def go_in(caller: Conversation, room: ConferenceRoom, *, organiser: bool) -> None:
    """Tell who is there already, and join them."""
    x = caller.exchange
    said = await _announcements(caller, room)
    refused = operation.obstacle(x, room, organiser=organiser)
    if refused is None:
        await _tell(caller, room, organiser=organiser)
        refused = operation.enter(x, room, caller.call, caller.leg, caller.now, organiser=organiser, said=said)
    if refused is not None:
        await caller.say(_REFUSALS.get(refused, "not-possible-now"))


async def removed(member: Conversation, _: object) -> None:
    """Say that somebody has been removed, and hang up."""
    state = member.call.room
    if state is not None:
        member.speak(rooms.row_of(member.exchange, member.call).language)
    await member.say("conference-removed")
    await member.refuse(NORMAL)


# --- who may come in -------------------------------------------------------------------------------------------------


def _is_owner(caller: Conversation, room: ConferenceRoom) -> bool:
    return bool(caller.device) and room.user_id is not None and caller.leg.party.user_id == room.user_id


async def _admitted(caller: Conversation, room: ConferenceRoom) -> _As | None:
    """As what somebody may come in; None: not at all."""
    if _is_owner(caller, room):
        return "organiser"
    if not (room.pin or room.organiser_pin) or (caller.device is not None and not room.pin_inside):
        return "member"
    question = "conference-ask-pin" if room.pin else "conference-ask-pin-optional"
    for _ in range(TRIES):
        keyed = await caller.ask_for(question, most=_LONGEST_PIN)
        if not rooms.exists(caller.exchange, room.company_id, room.id):
            return "member"  # whom ``go_in`` tells that there is no room
        if not keyed and not room.pin:
            return "member"
        checked = await _check(caller, room, keyed) if keyed else RoomPinChecked("wrong")
        if checked is None or checked.verdict == "wait":
            await caller.say("desk-locked" if checked is not None else "not-possible-now")
            return None
        if checked.verdict in ("member", "organiser"):
            return "organiser" if checked.verdict == "organiser" else "member"
        await caller.say("conference-wrong-pin")
    await caller.say("goodbye")
    return None


async def _check(caller: Conversation, room: ConferenceRoom, keyed: str) -> RoomPinChecked | None:
    source = caller.leg.party.number if caller.device is not None else ""
    reply = await caller.ask(CheckRoomPin(room.company_id, room.id, keyed, source))
    return reply if isinstance(reply, RoomPinChecked) else None


# --- what is said ----------------------------------------------------------------------------------------------------


async def _announcements(caller: Conversation, room: ConferenceRoom) -> tuple[str, str]:
    """The files the others hear when he comes and leaves, spoken beforehand; "" = a tone."""
    if room.announce != "names":
        return operation.NOTHING_SAID
    party, index = caller.leg.party, caller.index
    name = "" if party.withheld else party.name
    language = room.language or (index.company.language if index is not None else "")
    joined, left = ("joined", "left") if name else ("somebody-joined", "somebody-left")
    params = {"name": name} if name else {}
    return (
        await caller.prepare(Phrase(f"conference-{joined}", {**params}), language),
        await caller.prepare(Phrase(f"conference-{left}", {**params}), language),
    )


async def _tell(caller: Conversation, room: ConferenceRoom, *, organiser: bool) -> None:
    call = rooms.live(caller.exchange, room.company_id, room.id)
    state = call.room if call is not None else None
    others = len(call.bridge or ()) if call is not None else 0
    begun = state.begun if state is not None else not room.wait_for_organiser
    if others:
        await caller.say("conference-others", participants=others)
    elif begun or organiser:
        await caller.say("conference-first")
    if not begun and not organiser:
        await caller.say("conference-wait-organiser")
    if not organiser and (state.silent if state is not None else room.quiet):
        await caller.say("conference-muted")
