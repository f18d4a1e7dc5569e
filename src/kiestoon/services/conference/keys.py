"""What members of a conference key in behind a star: for themselves, and the organiser for all (CALL-13).

What they are told of it can be cut short: another star begins anew.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final, TypeAlias

from kiestoon.calls import rooms
from kiestoon.calls.conversation import Conversation
from kiestoon.calls.operations import room as operation
from kiestoon.speech import Phrase

WAIT_S: Final = 3.0
_LONGEST_NUMBER: Final = 32
Key: TypeAlias = Callable[[Conversation], Awaitable[Phrase | None]]


async def conference_keys(party: Conversation, _: object) -> None:
    """A star was pressed: the next key says what is wanted; none, or 0, has the keys told."""
    again = True
    while again and party.call.room is not None:
        said = await _do(party)
        again = said is not None and await party.collect(most=1, timeout_s=0.0, prompt=said, end="") == "*"


async def _do(party: Conversation) -> Phrase | None:
    """Do what the next key wants; what is to be said then."""
    key = await party.collect(most=1, timeout_s=WAIT_S, end="")
    if key not in _EVERYBODY and key not in _ORGANISERS:
        key = await _told_keys(party)
    wanted = _EVERYBODY.get(key)
    if wanted is None and rooms.is_organiser(party.call, party.leg):
        wanted = _ORGANISERS.get(key)
    if wanted is not None and party.call.room is not None:
        return await wanted(party)
    return Phrase("not-permitted" if key in _ORGANISERS else "invalid-choice") if key else None


async def _told_keys(party: Conversation) -> str:
    key = await party.ask_for("conference-keys", most=1, timeout_s=0.0, end="")
    if not key and rooms.is_organiser(party.call, party.leg):
        key = await party.ask_for("conference-keys-organiser", most=1, end="")
    return key


async def _mute_oneself(party: Conversation) -> Phrase:
    muted = not party.leg.muted
    operation.mute(party.exchange, party.call, party.leg, muted=muted)
    return Phrase("conference-muted" if muted else "conference-unmuted")


async def _count(party: Conversation) -> Phrase:
    others = len(party.call.bridge or ()) - 1
    return Phrase("conference-others", {"participants": others}) if others > 0 else Phrase("conference-first")


async def _mute_all(party: Conversation) -> Phrase:
    state = party.call.room
    muted = state is not None and not state.silent
    operation.mute_all(party.exchange, party.call, muted=muted)
    return Phrase("conference-all-muted" if muted else "conference-all-unmuted")


async def _lock(party: Conversation) -> Phrase:
    state = party.call.room
    locked = state is not None and not state.locked
    operation.lock(party.exchange, party.call, locked=locked)
    return Phrase("conference-lock-on" if locked else "conference-lock-off")


async def _remove_last(party: Conversation) -> Phrase:
    """Whoever came last and is no organiser."""
    call = party.call
    members = [call.legs[leg_id] for leg_id in call.bridge or () if not rooms.is_organiser(call, call.legs[leg_id])]
    removed = bool(members) and operation.remove(party.exchange, call, members[-1], party.now) is None
    return Phrase("conference-last-removed" if removed else "not-possible-now")


async def _call_out(party: Conversation) -> Phrase | None:
    number = await party.ask_for("consult-ask", most=_LONGEST_NUMBER)
    call = party.call
    if not number or call.room is None:
        return None
    refused = operation.call_out(party.exchange, rooms.row_of(party.exchange, call), party.leg.party, number, party.now)
    return Phrase("one-moment" if refused is None else "conference-full")


async def _end(party: Conversation) -> None:
    operation.end(party.exchange, party.call, party.now)


_EVERYBODY: Final[dict[str, Key]] = {"6": _mute_oneself, "3": _count}
_ORGANISERS: Final[dict[str, Key]] = {
    "4": _remove_last,
    "5": _mute_all,
    "7": _lock,
    "8": _end,
    "9": _call_out,
}
