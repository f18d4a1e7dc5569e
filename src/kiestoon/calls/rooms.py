"""A conference room while people are in it: who waits, what is heard of comings and goings, when it is over (CALL-13).

The members are the bridge of one call, which is opened by the first of them and lasts until the last one leaves. How it
is to be comes from the room's row as it stands at the moment; how it is, is in ``Call.room``, which the journal keeps.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from kiestoon.calls.call import Call
from kiestoon.calls.leg import Leg
from kiestoon.calls.speaking import language_of
from kiestoon.company.model import ConferenceRoom
from kiestoon.media.protocol import File, Play, SignalSource, Tone
from kiestoon.speech import Phrase

if TYPE_CHECKING:
    from kiestoon.calls.exchange import Exchange

TIMER: Final = "room"
FAREWELL_S: Final = 3.0
"""For the words that say that it is over."""


def live(x: Exchange, company_id: int, room_id: int) -> Call | None:
    """The call that holds the room's members; None: nobody is in it."""
    return x.calls.get(x.rooms.get((company_id, room_id), ""))


def exists(x: Exchange, company_id: int, room_id: int) -> bool:
    """Whether the room is one of the company's still."""
    index = x.directory.company(company_id)
    return index is not None and room_id in index.arrangements.conference_rooms


def row_of(x: Exchange, call: Call) -> ConferenceRoom:
    """How the room is to be; when it has been deleted, and its conference ends, as rooms are by default."""
    index = x.directory.company(call.company_id)
    state = call.room
    room_id = state.room_id if state is not None else 0
    row = index.arrangements.conference_rooms.get(room_id) if index is not None else None
    if row is None:
        row = ConferenceRoom(
            id=room_id, company_id=call.company_id, extension=state.extension if state is not None else "",
            name=state.name if state is not None else "conference",
        )  # fmt: skip
    return row


def waits(x: Exchange, call: Call) -> bool:
    """Whether the members hear music: nobody speaks yet, or there is but one."""
    state = call.room
    alone = len(call.bridge or ()) == 1
    return state is not None and not state.over and (alone or not state.begun) and row_of(x, call).music


def is_organiser(call: Call, leg: Leg) -> bool:
    """Whether a member may steer the room."""
    return call.room is not None and leg.id in call.room.organisers


def joined(x: Exchange, call: Call, leg: Leg, said: tuple[str, str]) -> None:
    """Let the others hear that somebody has come. ``said``: files that say so, now and when he leaves; "" = a tone."""
    leg.language = _language_of(x, call, leg)
    _spoken(x, call, leg.language)  # so that it lies ready when the conference ends
    if said[1]:
        call.farewells[leg.id] = said[1]
    _tell(x, call, leg, "join", said[0])


def left(x: Exchange, call: Call, gone: Leg, now: float) -> None:
    """A member is gone, others are left: they hear of it, or that the conference is over with it."""
    state = call.room
    if state is None or state.over:
        return
    _tell(x, call, gone, "leave", call.farewells.pop(gone.id, ""))
    if gone.id in state.organisers:
        organisers = tuple(leg_id for leg_id in state.organisers if leg_id != gone.id)
        call.room = replace(state, organisers=organisers)
        if not organisers and row_of(x, call).ends_with_organiser:
            finish(x, call, now, gone)


def finish(x: Exchange, call: Call, now: float, gone: Leg | None = None) -> None:
    """The conference is over: all are told so, and hung up a moment later (``TIMER``). ``gone`` is no member now."""
    if call.room is None:
        return
    shut(x, call)
    call.room = replace(call.room, over=True)
    for leg in (call.legs[leg_id] for leg_id in call.bridge or () if gone is None or leg_id != gone.id):
        path = _spoken(x, call, leg.language or _language_of(x, call, leg))
        if path and leg.termination and leg.state != "ended" and call.link is not None:
            call.link.send(Play(leg.termination, x.ids.number(), File(path)))
    x.deadlines.start(now + FAREWELL_S, TIMER, call.id)


def _language_of(x: Exchange, call: Call, leg: Leg) -> str:
    return row_of(x, call).language or language_of(x, call, leg)


def _spoken(x: Exchange, call: Call, language: str) -> str:
    """The file that says so, where it lies ready: nobody is kept for it."""
    for utterance in x.speech.plan(call.company_id, language, (Phrase("conference-ended"),)):
        path = x.speech.ready(utterance)
        if path is None:
            x.speech.request(utterance, call.id)
        return path or ""
    return ""


def replaced(call: Call, old: Leg, new: Leg) -> None:
    """A member goes on with another phone."""
    state = call.room
    if state is not None:
        new.muted, new.language = old.muted, old.language
        organisers = tuple(new.id if leg_id == old.id else leg_id for leg_id in state.organisers)
        call.room = replace(state, organisers=organisers)
        if old.id in call.farewells:
            call.farewells[new.id] = call.farewells.pop(old.id)


def shut(x: Exchange, call: Call) -> None:
    """The conference is over: whoever comes opens another one."""
    state = call.room
    if state is not None and x.rooms.get((call.company_id, state.room_id)) == call.id:
        del x.rooms[call.company_id, state.room_id]


def _tell(x: Exchange, call: Call, about: Leg, tone: str, path: str) -> None:
    state = call.room
    announce = row_of(x, call).announce if state is not None else "nothing"
    if state is None or not state.begun or announce == "nothing":
        return
    company = x.company_of(call)
    source: SignalSource = Tone(tone, company.country if company is not None else "NL")
    if path and announce == "names":
        source = File(path)
    for leg in (call.legs[leg_id] for leg_id in call.bridge or () if leg_id != about.id):
        if leg.termination and leg.state != "ended" and call.link is not None:
            call.link.send(Play(leg.termination, x.ids.number(), source, mix=True))
