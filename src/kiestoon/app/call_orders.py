"""Admin commands by which people telephone from a screen (CALL-24): what runs, a call for somebody, every operation.

``user_id`` says whose legs may be operated; None: everybody's of the company (its administrators). A refusal is an
answer with ``failed``, not an error: it tells the person why.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeAlias

import structlog

from kiestoon.app.admin_socket import CommandError
from kiestoon.calls.call import Call, Failure
from kiestoon.calls.engine import ExchangeEngine
from kiestoon.calls.exchange import Exchange
from kiestoon.calls.leg import Leg
from kiestoon.calls.operations import (
    NOT_ALLOWED,
    NOT_IN_CALL,
    NOTHING_THERE,
    conference,
    deflect,
    hold,
    listening,
    park,
    pickup,
    remote,
    room,
    targets,
    transfer,
    voicemail,
)
from kiestoon.calls.originate import originate
from kiestoon.calls.party import Party
from kiestoon.calls.service_data import Dialling, Fetching, FetchMode
from kiestoon.routing import ring_own

log = structlog.get_logger(__name__)

NO_MOBILE: Final = Failure("unreachable", 480, 20, "The mobile cannot be called")


class Order:
    """One operation as asked for: on ``leg`` of ``call``, with what else it needs."""

    def __init__(self, call: Call, leg: Leg, by: Party, arguments: dict[str, Any]) -> None:
        self.call = call
        self.leg = leg
        self.by = by
        self.to: str = arguments.get("to") or ""
        self.second: str = arguments.get("second") or ""
        self.device_id: int = arguments.get("device_id") or 0
        self.automatic = bool(arguments.get("automatic", True))
        self.user_id: int | None = arguments.get("user_id")


Operation: TypeAlias = Callable[[Exchange, Order, float], "Failure | None"]


class CallOrders:
    """``clock`` is the engine's; ``touch`` has the driver send what an order led to."""

    def __init__(self, engine: ExchangeEngine, clock: Callable[[], float], touch: Callable[[], None]) -> None:
        self._engine = engine
        self._clock = clock
        self._touch = touch

    def live(self, company_id: int, user_id: int | None = None) -> list[dict[str, Any]]:
        """The running calls of a company; of one person: those he is in, and those he may take over or retrieve."""
        x = self._engine.exchange
        return [
            _shown(x, call, hidden=_hides_caller(x, call, user_id))
            for call in x.calls.values()
            if call.company_id == company_id and call.live_legs() and _sees(x, call, user_id)
        ]

    def dial(
        self, company_id: int, user_id: int, number: str, device_id: int = 0, automatic: bool = True,
        repeat: bool = False, mobile: bool = False,
    ) -> dict[str, Any]:  # fmt: skip
        """Ring somebody's own phone, or mobile, then call the number for him; ``repeat``: until it is not busy any
        more. Raises CommandError."""
        x = self._engine.exchange
        by = _person(x, company_id, user_id)
        if mobile and ring_own(x.directory, company_id, user_id, 0, live=x.present, mobile=True) is None:
            return _failed(NO_MOBILE)
        made: list[Call] = []

        def operation(x: Exchange, now: float) -> None:
            data = Dialling(by, number, device_id, automatic, repeat, mobile=mobile)
            made.append(originate(x, company_id, by, number, data, now))

        self._engine.operate(operation, self._clock())
        self._touch()
        return {"call": made[0].id}

    def operate(
        self, company_id: int, call: str, operation: str, leg: int | None = None, user_id: int | None = None,
        acting_user: int | None = None, **arguments: Any,
    ) -> dict[str, Any]:  # fmt: skip
        """Do something with a call. Raises CommandError for an operation there is not."""
        x = self._engine.exchange
        function = _OPERATIONS.get(operation)
        if function is None:
            raise CommandError(f"there is no operation {operation}")
        found = x.calls.get(call)
        if found is None or found.company_id != company_id:
            return _failed(NOTHING_THERE)
        acting = acting_user if user_id is None else user_id
        party = _leg_meant(x, found, leg, acting, operation, own_only=user_id is not None)
        if isinstance(party, Failure):
            return _failed(party)
        by = _person(x, company_id, acting) if acting is not None else party.party
        order = Order(found, party, by, {**arguments, "user_id": user_id})
        failure = self._engine.operate(lambda exchange, now: function(exchange, order, now), self._clock())
        self._touch()
        log.info("call operated", call=call, operation=operation, by=by.number, failed=failure.text if failure else "")
        return {} if failure is None else _failed(failure)


def _leg_meant(
    x: Exchange, call: Call, leg_id: int | None, user_id: int | None, operation: str, *, own_only: bool
) -> Leg | Failure:
    """The leg an operation is about: the one named, else the person's own. Others' may be taken over with the right."""
    if leg_id is not None:
        leg = call.legs.get(leg_id)
        if leg is None or leg.state == "ended":
            return NOTHING_THERE
        if own_only and leg.party.user_id != user_id and operation not in _ON_OTHERS:
            member = (
                operation in _ON_MEMBERS
                and call.room is None
                and any(call.legs[own].party.user_id == user_id for own in call.bridge or ())
            )
            return leg if member else NOT_ALLOWED
        return leg
    own = [leg for leg in call.live_legs() if user_id is not None and leg.party.user_id == user_id]
    if own:
        return own[0]
    if operation in _ON_OTHERS:
        waiting = [leg for leg in call.live_legs() if leg.id != call.caller] or call.live_legs()
        return waiting[0] if waiting else NOTHING_THERE
    return NOT_IN_CALL


def _person(x: Exchange, company_id: int, user_id: int | None) -> Party:
    index = x.directory.company(company_id)
    user = index.users.get(user_id) if index is not None and user_id is not None else None
    if user is None:
        raise CommandError("there is no such person")
    return Party("device", user.extension, user.name, user_id=user.id)


def _failed(failure: Failure) -> dict[str, Any]:
    return {"failed": {"status": failure.status, "text": failure.text}}


# --- operations ------------------------------------------------------------------------------------------------------


def _second(x: Exchange, order: Order) -> tuple[Call, Leg] | None:
    """The other call of the same person."""
    call = x.calls.get(order.second)
    if call is None or call.company_id != order.call.company_id:
        return None
    mine = [leg for leg in call.live_legs() if transfer.same_person(leg, order.leg)]
    return (call, mine[0]) if mine else None


def _transfer_attended(x: Exchange, order: Order, now: float) -> Failure | None:
    second = _second(x, order)
    return transfer.attended(x, order.call, order.leg, *second, now) if second else NOTHING_THERE


def _merge(x: Exchange, order: Order, now: float) -> Failure | None:
    second = _second(x, order)
    return conference.merge(x, order.call, order.leg, *second, now) if second else NOTHING_THERE


def _park(x: Exchange, order: Order, now: float) -> Failure | None:
    """Where it is told to, else as the code for the next free line does."""
    way, party = targets.find_way(x, "park"), order.call.other(order.leg)
    if order.to or way is None or party is None:
        return park.park(x, order.call, order.leg, order.to, now)
    return way(x, order.call, order.leg, party, "", now)


def _fetch(mode: FetchMode) -> Operation:
    def operation(x: Exchange, order: Order, now: float) -> Failure | None:
        if not _may_fetch(x, order, mode):
            return NOT_ALLOWED
        by = order.by
        data = Fetching(by, order.call.id, order.leg.id, order.device_id, order.automatic, mode)
        originate(x, order.call.company_id, by, order.call.dialled, data, now)
        return None

    return operation


def _may_fetch(x: Exchange, order: Order, mode: FetchMode) -> bool:
    index = x.directory.company(order.call.company_id)
    if index is None or not order.by.user_id:
        return False
    mine, other = order.by, order.leg.party
    rights = index.rights
    if mode != "take":
        extension = listening.extension_of(x, order.leg, order.call.company_id)
        return mine.user_id != other.user_id and rights.holds(mine.user_id, "listen", extension)
    if mine.user_id == other.user_id:
        return True
    parked = park.data_of(order.call)
    if parked is not None:
        return rights.may_retrieve(mine.user_id, parked.by.number)
    return order.call.seek is not None and pickup.may_take(index, mine.user_id, order.call, order.leg)


def _mute(*, muted: bool) -> Operation:
    """In a conference room everybody may do so with the own leg; others are for its organisers (``room_orders``)."""

    def operation(x: Exchange, order: Order, now: float) -> Failure | None:
        if order.call.room is not None:
            return room.mute(x, order.call, order.leg, muted=muted)
        return conference.mute(x, order.call, order.leg, now, muted=muted)

    return operation


def _end(x: Exchange, order: Order, now: float) -> Failure | None:
    remote.hang_up(x, order.call, order.leg, now)
    return None


_OPERATIONS: Final[dict[str, Operation]] = {
    "answer": lambda x, order, now: remote.talk(x, order.call, order.leg, now),
    "reject": lambda x, order, now: deflect.reject(x, order.call, order.leg, now),
    "deflect": lambda x, order, now: deflect.deflect(x, order.call, order.leg, order.to, now),
    "hold": lambda x, order, now: hold.hold(x, order.call, order.leg, now),
    "retrieve": lambda x, order, now: hold.retrieve(x, order.call, order.leg, now),
    "transfer": lambda x, order, now: transfer.blind(x, order.call, order.leg, order.to, now),
    "transfer_attended": _transfer_attended,
    "voicemail": lambda x, order, now: voicemail.drop(x, order.call, order.leg, order.to, now),
    "park": _park,
    "take": _fetch("take"),
    "listen": _fetch("listen"),
    "barge": _fetch("barge"),
    "merge": _merge,
    "add": lambda x, order, now: conference.add(x, order.call, order.leg, order.to, now),
    "remove": lambda x, order, now: conference.remove(x, order.call, order.leg, now),
    "end_conference": lambda x, order, now: conference.end(x, order.call, order.leg, now),
    "mute": _mute(muted=True),
    "unmute": _mute(muted=False),
    "end": _end,
}
OPERATION_NAMES: Final = tuple(_OPERATIONS)
_ON_OTHERS: Final = frozenset({"take", "listen", "barge"})
_ON_MEMBERS: Final = frozenset({"remove", "mute", "unmute"})


# --- looking ---------------------------------------------------------------------------------------------------------


def _sees(x: Exchange, call: Call, user_id: int | None) -> bool:
    if user_id is None:
        return True
    index = x.directory.company(call.company_id)
    if index is None or user_id not in index.users:
        return False
    rights = index.rights
    parked = park.data_of(call)
    if parked is not None:
        return parked.by.user_id == user_id or rights.may_retrieve(user_id, parked.by.number)
    if call.seek is not None and call.seek.offered_to == user_id:
        return True
    for leg in call.live_legs():
        ringing = leg.state in ("dialling", "early") and not leg.incoming
        if leg.party.user_id == user_id or (ringing and pickup.may_take(index, user_id, call, leg, meant=False)):
            return True
    return False


def _hides_caller(x: Exchange, call: Call, user_id: int | None) -> bool:
    """Whether somebody who may take a ringing call learns only then who calls (U 4.3.2.11): as lamps show it."""
    index = x.directory.company(call.company_id)
    if user_id is None or call.seek is None or index is None or index.company.lamp_names != "nobody":
        return False
    return all(leg.party.user_id != user_id for leg in call.live_legs()) and park.data_of(call) is None


def _shown(x: Exchange, call: Call, *, hidden: bool) -> dict[str, Any]:
    parked = park.data_of(call)
    return {
        "id": call.id,
        "direction": call.direction,
        "dialled": call.dialled,
        "state": "parked" if parked is not None else call.holder,
        "lot": parked.lot if parked is not None else "",
        "room": call.room.extension if call.room is not None else "",
        "seconds": max(0, x.wall_ms() - (call.answered_ms or call.opened_ms)) // 1000,
        "legs": [_leg_shown(x, call, leg, hidden=hidden and leg.id == call.caller) for leg in call.live_legs()],
    }


def _leg_shown(x: Exchange, call: Call, leg: Leg, *, hidden: bool) -> dict[str, Any]:
    party = leg.party
    unknown = party.withheld or hidden
    return {
        "id": str(leg.id),  # more digits than a browser's numbers have
        "is_caller": leg.id == call.caller,
        "number": "" if unknown else party.number,
        "name": "" if unknown else party.name,
        "withheld": party.withheld,
        "user_id": party.user_id or None,
        "device_id": leg.device_id or None,
        "state": "ringing" if leg.state in ("offered", "dialling", "early") else leg.state,
        "held": leg.held or leg.holding,
        "muted": leg.muted,
        "onlooker": call.onlookers[leg.id].mode if leg.id in call.onlookers else "",
        "holds": x.held.get(leg.id, ""),
    }
