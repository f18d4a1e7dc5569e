"""Parking: a party waits on a lot, from which anybody who may brings it back (CALL-9)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kiestoon.calls import following, story
from kiestoon.calls.call import Call, Failure
from kiestoon.calls.events import CallParked, CallRetrieved
from kiestoon.calls.leg import Leg
from kiestoon.calls.operations import NOT_IN_CALL, NOTHING_THERE, consult, pickup, transfer
from kiestoon.calls.service_data import Parked, ParkedOn

if TYPE_CHECKING:
    from kiestoon.calls.exchange import Exchange

LINES = range(1, 100)
"""The numbered lines of *6 (E 5.4)."""
LOT_TAKEN = Failure("busy", 486, 17, "The lot is taken")
ALL_TAKEN = Failure("busy", 486, 17, "Every lot is taken")


def lot(digit: str) -> str:
    """The name of one of the ten lots, apart from the numbered lines."""
    return f"lot {digit}"


def line(number: str) -> str:
    """The name of a numbered line, however many zeros it is keyed in with."""
    return str(int(number))


def at(extension: str) -> str:
    """The name of the place at an extension."""
    return f"@{extension}"


def parked_at(x: Exchange, company_id: int, lot: str) -> Call | None:
    """The call that waits on a lot."""
    call = x.calls.get(x.lots.get((company_id, lot), ""))
    return call if call is not None and data_of(call) is not None else None


def data_of(call: Call) -> Parked | None:
    """What is known of a parked call's parking; None when it is not parked."""
    data = call.service.data if call.service is not None else None
    return data if isinstance(data, Parked) else None


def free_line(x: Exchange, company_id: int) -> str:
    """The lowest of the numbered lines nobody waits on; "" when all are taken."""
    return next((str(line) for line in LINES if parked_at(x, company_id, str(line)) is None), "")


def park(x: Exchange, call: Call, by: Leg, lot: str, now: float) -> Failure | None:
    """Park the party ``by`` speaks with on ``lot`` ("" = the next free line), and let him go.

    Fails, changing nothing, when he is in no conversation of two or the lot is taken.
    """
    party = call.other(by)
    if party is None or not by.device_id:
        return NOT_IN_CALL
    if not lot:
        lot = free_line(x, call.company_id)
        if not lot:
            return ALL_TAKEN
    if parked_at(x, call.company_id, lot) is not None:
        return LOT_TAKEN
    if by.session is not None and by.session.referrals:
        transfer.hand_over(x, call, by, party, now)
    else:
        _say_where(x, call, by, party, lot, now)
    enter_lot(x, call, Parked(lot, by.party, x.wall_ms()), now)
    x.touched.append(call)
    return None


def _say_where(x: Exchange, call: Call, by: Leg, party: Leg, lot: str, now: float) -> None:
    """Whoever parks by keys or from the screen hears where, in a call of his own that ends with it."""
    transfer.release(x, call)
    call.caller = party.id
    second = consult.call_of_its_own(x, by, call, lot)
    following.enter(x, second, ParkedOn(lot), now)
    x.journal.changed(second)
    x.touched.append(second)


def enter_lot(x: Exchange, call: Call, data: Parked, now: float) -> None:
    """Let the call's caller wait on a lot."""
    x.lots[call.company_id, data.lot] = call.id
    story.turn(x, call, "parked", data.lot)
    following.enter(x, call, data, now)
    x.emit(CallParked, call, call.caller, lot=data.lot, by=data.by.number)
    x.journal.changed(call)


def left_lot(x: Exchange, call: Call, lot: str, by: str = "") -> None:
    """Nobody waits on the lot any more."""
    if x.lots.get((call.company_id, lot)) == call.id:
        del x.lots[call.company_id, lot]
        x.emit(CallRetrieved, call, call.caller, lot=lot, by=by)


def retrieve(x: Exchange, company_id: int, lot: str, mine: Call, my_leg: Leg, now: float) -> Failure | None:
    """Speak with whoever waits on a lot."""
    call = parked_at(x, company_id, lot)
    if call is None:
        return NOTHING_THERE
    left_lot(x, call, lot, my_leg.party.number)
    return pickup.join_waiting(x, call, mine, my_leg, now)
