"""Being there or away by code (*30, *31), with the time of return where somebody keys one (REACH-10, C 4, U 4.1)."""

from __future__ import annotations

from typing import Final

from kiestoon.calls.conversation import Conversation
from kiestoon.calls.requests import SetStatus
from kiestoon.company.directory import CompanyIndex
from kiestoon.company.model import PresenceStatus, User
from kiestoon.company.time import Zone
from kiestoon.company.time.clock import next_time
from kiestoon.routing import UseCode
from kiestoon.services.switching.writing import write
from kiestoon.speech import Phrase, moment

AVAILABLE: Final[PresenceStatus] = "office"
AWAY: Final[PresenceStatus] = "out_of_office"
_TOLD: Final[dict[PresenceStatus, str]] = {AVAILABLE: "status-available", AWAY: "status-away"}
_TIME: Final = 4
_TRIES: Final = 3


async def set_status(caller: Conversation, code: UseCode) -> None:
    """Set and tell it. Whoever is away is asked until when, and may hang up instead: the status holds already."""
    await caller.answer()
    user = caller.user
    if user is None:
        return
    if code.query or (code.feature == "status_available" and await _set(caller, user, AVAILABLE)):
        await _tell(caller, user)
    elif code.feature == "status_away":
        await _leave(caller, user, code.argument)


async def _leave(caller: Conversation, user: User, keyed: str) -> None:
    until_ms = _until(caller, user, keyed)
    if not await _set(caller, user, AWAY, until_ms or 0):
        return
    await _tell(caller, user)
    if until_ms is not None:
        return
    if keyed:
        await caller.say("status-wrong-time")
    until_ms = await _ask_return(caller, user)
    if until_ms is not None and await _set(caller, user, AWAY, until_ms):
        await _tell(caller, user)


async def _ask_return(caller: Conversation, user: User) -> int | None:
    """When the person will be back; None when that stays open."""
    for _ in range(_TRIES):
        keyed = await caller.ask_for("status-ask-return", most=_TIME)
        until_ms = _until(caller, user, keyed)
        if until_ms is not None or not keyed:
            return until_ms
        await caller.say("status-wrong-time")
    return None


async def _set(caller: Conversation, user: User, status: PresenceStatus, until_ms: int = 0) -> bool:
    return await write(caller, SetStatus(caller.call.company_id, user.id, status, until_ms))


async def _tell(caller: Conversation, user: User) -> None:
    """The status in force, and its end."""
    index, now_ms = caller.index, caller.exchange.wall_ms()
    if index is None:
        return
    row = index.arrangements.presences.get(user.id)
    over = row is None or (row.until_ms and now_ms >= row.until_ms)
    status = AVAILABLE if row is None or over else row.status
    phrase = Phrase(_TOLD.get(status, f"status-{status.replace('_', '-')}"))
    if row is None or over or not row.until_ms:
        await caller.say("status-is", status=phrase)
    else:
        await caller.say("status-is-until", status=phrase, until=moment(row.until_ms, now_ms, _zone(index, user).name))


def _until(caller: Conversation, user: User, keyed: str) -> int | None:
    """The next time of day that reads so on the person's clock (wall time, ms); None for what is no time."""
    index = caller.index
    if index is None or len(keyed) != _TIME or not keyed.isdecimal():
        return None
    hour, minute = int(keyed[:2]), int(keyed[2:])
    if hour > 23 or minute > 59:
        return None
    return next_time(_zone(index, user), hour * 60 + minute, caller.exchange.wall_ms())


def _zone(index: CompanyIndex, user: User) -> Zone:
    location = index.location_of(user)
    return index.arrangements.times.zone(location.id if location is not None else None)
