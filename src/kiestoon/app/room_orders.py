"""Admin commands about conference rooms: who is in them, and what an organiser does from the screen (CALL-13).

``user_id`` says for whom: the room's owner, or somebody who is in it as organiser, may do everything; None is an
administrator of the company. A refusal is an answer with ``failed``, as for other calls (``call_orders``).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeAlias

import structlog

from kiestoon.app.admin_socket import CommandError
from kiestoon.calls import rooms
from kiestoon.calls.call import Call, Failure
from kiestoon.calls.engine import ExchangeEngine
from kiestoon.calls.exchange import Exchange
from kiestoon.calls.leg import Leg
from kiestoon.calls.operations import NOT_ALLOWED, NOT_IN_CALL, NOTHING_THERE, room
from kiestoon.calls.party import Party
from kiestoon.company.model import ConferenceRoom

log = structlog.get_logger(__name__)

RoomOperation: TypeAlias = Callable[[Exchange, Call, float], "Failure | None"]
MemberOperation: TypeAlias = Callable[[Exchange, Call, Leg, float], "Failure | None"]

_ON_ROOM: Final[dict[str, RoomOperation]] = {
    "mute_all": lambda x, call, now: room.mute_all(x, call, muted=True),
    "unmute_all": lambda x, call, now: room.mute_all(x, call, muted=False),
    "lock": lambda x, call, now: room.lock(x, call, locked=True),
    "unlock": lambda x, call, now: room.lock(x, call, locked=False),
    "end": room.end,
}
_ON_MEMBER: Final[dict[str, MemberOperation]] = {
    "mute": lambda x, call, member, now: room.mute(x, call, member, muted=True),
    "unmute": lambda x, call, member, now: room.mute(x, call, member, muted=False),
    "remove": room.remove,
}
OPERATION_NAMES: Final = (*_ON_MEMBER, *_ON_ROOM, "call")


class RoomOrders:
    """``clock`` is the engine's; ``touch`` has the driver send what an order led to."""

    def __init__(self, engine: ExchangeEngine, clock: Callable[[], float], touch: Callable[[], None]) -> None:
        self._engine = engine
        self._clock = clock
        self._touch = touch

    def live(self, company_id: int, user_id: int | None = None) -> list[dict[str, Any]]:
        """The rooms people are in; of one person: those he may steer or is in."""
        x = self._engine.exchange
        found = [
            call for (owner, _), call_id in x.rooms.items() if owner == company_id and (call := x.calls.get(call_id))
        ]
        return [
            _shown(x, call) for call in found if user_id is None or _steers(x, call, user_id) or _is_in(call, user_id)
        ]

    def operate(
        self,
        company_id: int,
        extension: str,
        operation: str,
        member: str = "",
        to: str = "",
        user_id: int | None = None,
        acting_user: int | None = None,
    ) -> dict[str, Any]:
        """Do something with a room. Raises CommandError for an operation there is not."""
        if operation not in OPERATION_NAMES:
            raise CommandError(f"there is no operation {operation}")
        x = self._engine.exchange
        index = x.directory.company(company_id)
        row = index.arrangements.extensions.get(extension) if index is not None else None
        if not isinstance(row, ConferenceRoom):
            return _failed(NOTHING_THERE)
        if user_id is not None and not _may_steer(x, row, user_id):
            return _failed(NOT_ALLOWED)
        failure = self._engine.operate(
            lambda exchange, now: _do(exchange, row, operation, member, to, acting_user or user_id, now), self._clock()
        )
        self._touch()
        log.info("conference steered", room=extension, operation=operation, failed=failure.text if failure else "")
        return {} if failure is None else _failed(failure)


def _do(
    x: Exchange, row: ConferenceRoom, operation: str, member: str, to: str, acting: int | None, now: float
) -> Failure | None:
    if operation == "call":
        return room.call_out(x, row, _on_behalf(x, row, acting), to, now)
    call = rooms.live(x, row.company_id, row.id)
    if call is None:
        return NOTHING_THERE
    if operation in _ON_ROOM:
        return _ON_ROOM[operation](x, call, now)
    leg = next((each for each in call.live_legs() if str(each.id) == member), None)
    return _ON_MEMBER[operation](x, call, leg, now) if leg is not None else NOT_IN_CALL


def _on_behalf(x: Exchange, row: ConferenceRoom, user_id: int | None) -> Party:
    """By whose rights somebody is called: whoever asks for it, else the room's owner."""
    index = x.directory.company(row.company_id)
    user = index.users.get(user_id or row.user_id or 0) if index is not None else None
    if user is None:
        return Party("service", row.extension, row.name)
    return Party("device", user.extension, user.name, user_id=user.id)


def _may_steer(x: Exchange, row: ConferenceRoom, user_id: int) -> bool:
    call = rooms.live(x, row.company_id, row.id)
    return row.user_id == user_id or (call is not None and _steers(x, call, user_id))


def _steers(x: Exchange, call: Call, user_id: int) -> bool:
    organisers = call.room.organisers if call.room is not None else ()
    return rooms.row_of(x, call).user_id == user_id or any(
        call.legs[leg_id].party.user_id == user_id for leg_id in organisers
    )


def _is_in(call: Call, user_id: int) -> bool:
    return any(call.legs[leg_id].party.user_id == user_id for leg_id in call.bridge or ())


def _failed(failure: Failure) -> dict[str, Any]:
    return {"failed": {"status": failure.status, "text": failure.text}}


def _shown(x: Exchange, call: Call) -> dict[str, Any]:
    state = call.room
    if state is None:
        return {}
    row = rooms.row_of(x, call)
    return {
        "extension": row.extension,
        "name": row.name,
        "call": call.id,
        "begun": state.begun,
        "locked": state.locked,
        "quiet": state.silent,
        "most_members": row.most_members,
        "seconds": max(0, x.wall_ms() - call.opened_ms) // 1000,
        "members": [_member_shown(x, call, call.legs[leg_id]) for leg_id in call.bridge or ()],
    }


def _member_shown(x: Exchange, call: Call, leg: Leg) -> dict[str, Any]:
    party = leg.party
    return {
        "id": str(leg.id),  # more digits than a browser's numbers have
        "number": "" if party.withheld else party.number,
        "name": "" if party.withheld else party.name,
        "withheld": party.withheld,
        "user_id": party.user_id or None,
        "organiser": rooms.is_organiser(call, leg),
        "muted": leg.muted,
        "held": leg.held or leg.holding,
        "seconds": max(0, x.wall_ms() - leg.answered_ms) // 1000,
    }
